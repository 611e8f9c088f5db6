package database_test

import (
	"context"
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/testkit"
)

// What stands in a statement's text and what is a parameter of it is stored alike, however many rows there are.
func TestInsertRowsStoresWhatItIsGiven(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(nil)
		for _, n := range []int{0, 1, 15, 16, 17, 100, 300} {
			for name, of := range map[string]func(row int) (owner string, until any){
				"all nothing":  func(int) (string, any) { return "", int64(0) },
				"small":        func(int) (string, any) { return "", 9 },
				"one differs":  func(row int) (string, any) { return []string{"", "x"}[min(1, row/15)], int64(row / 15) },
				"negative":     func(int) (string, any) { return "'", int64(-1) },
				"two digits":   func(int) (string, any) { return "0", int8(10) },
				"text of zero": func(int) (string, any) { return "0", "0" },
			} {
				prefix := fmt.Sprintf("%s %d ", name, n)
				rows := make([][]any, n)
				for i := range rows {
					owner, until := of(i)
					rows[i] = []any{fmt.Sprint(prefix, i), owner, until}
				}
				require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error { return db.InsertRows(ctx, "leases (name, owner, until_us)", rows) }))
				stored, err := db.Conn(t.Context()).QueryContext(t.Context(), "SELECT name, owner, until_us FROM leases WHERE name LIKE ?", prefix+"%")
				require.NoError(t, err)
				found := 0
				for ; stored.Next(); found++ {
					var key, owner, until string
					require.NoError(t, stored.Scan(&key, &owner, &until))
					var i int
					_, err := fmt.Sscan(key[len(prefix):], &i)
					require.NoError(t, err)
					wantOwner, wantUntil := of(i)
					require.Equal(t, wantOwner, owner, key)
					require.Equal(t, fmt.Sprint(wantUntil), until, key)
				}
				require.NoError(t, stored.Close())
				require.Equal(t, n, found, prefix)
			}
		}
	})
}

// A server that has no room for another prepared statement runs it as text.
func TestRepeatedStatementsNeedNoRoomOnTheServer(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(nil)
		if db.Engine() == database.SQLite {
			return // its statements are this process's own
		}
		room := func(n int) {
			require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
				_, err := db.Conn(ctx).ExecContext(ctx, fmt.Sprintf("SET GLOBAL max_prepared_stmt_count = %d", n))
				return err
			}))
		}
		room(0)
		defer room(16382)
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			return db.InsertRows(ctx, "leases (name, owner, until_us)", [][]any{{"text", "a", 7}})
		}))
		var n int64
		require.NoError(t, db.Conn(t.Context()).QueryRowContext(database.Repeated(t.Context()), "SELECT until_us FROM leases WHERE name = ?", "text").Scan(&n))
		require.EqualValues(t, 7, n)
	})
}
