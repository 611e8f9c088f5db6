package database_test

import (
	"context"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/testkit"
)

// What an attempt did is undone before the next one, and a key that stays taken is an error in the end.
func TestContendTriesAgainWhenAKeyIsTaken(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(nil)
		insert := func(ctx context.Context, name string) error {
			_, err := db.Conn(ctx).ExecContext(ctx, "INSERT INTO leases (name, owner, until_us) VALUES (?, '', 0)", name)
			return err
		}
		count := func(ctx context.Context, name string) (n int) {
			require.NoError(t, db.Conn(ctx).QueryRowContext(ctx, "SELECT COUNT(*) FROM leases WHERE name = ?", name).Scan(&n))
			return n
		}
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error { return insert(ctx, "taken") }))
		attempts := 0
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			return db.Contend(ctx, func(ctx context.Context) error {
				require.Zero(t, count(ctx, "half"), "the attempt before is undone")
				if err := insert(ctx, "half"); err != nil {
					return err
				}
				if attempts++; attempts == 1 {
					return insert(ctx, "taken")
				}
				return insert(ctx, "free")
			})
		}))
		require.Equal(t, 2, attempts)
		require.Equal(t, 1, count(t.Context(), "half"))

		attempts = 0
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			return db.Contend(ctx, func(ctx context.Context) error {
				attempts++
				return insert(ctx, "taken")
			})
		})
		require.True(t, database.IsUniqueViolation(err))
		require.Equal(t, 1+database.MaxRetries, attempts)
	})
}
