package data

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/persons"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/member/internal/biz"
	"github.com/onepool/onepool/app/member/internal/data/migrations"
)

var key = []byte("0123456789abcdef0123456789abcdef")

func TestTheLedgerIsAppendOnly(t *testing.T) {
	for _, db := range []*database.DB{testkit.SQLite(t, migrations.Files), testkit.MariaDB(t, migrations.Files)} {
		phones, err := NewPhones(key, key)
		require.NoError(t, err)
		members := NewMembers(db, phones)
		ctx := tenancy.WithService(t.Context(), "test")
		require.NoError(t, db.InTx(ctx, func(ctx context.Context) error {
			if err := members.Add(ctx, "13812345678", &biz.Member{ID: "mbr_1"}); err != nil {
				return err
			}
			account, err := NewPoints(db, members).Account(ctx, "mbr_1")
			if err != nil {
				return err
			}
			if err := account.Import("doc", 5, 9, 1); err != nil {
				return err
			}
			return NewPoints(db, members).SaveAccount(ctx, account)
		}))
		for name, change := range map[string]func(context.Context) error{
			"update": func(ctx context.Context) error { return members.ent.PointsEntry.Update().Exec(ctx) },
			"delete": func(ctx context.Context) error {
				_, err := members.ent.PointsEntry.Delete().Exec(ctx)
				return err
			},
		} {
			require.ErrorContains(t, db.InTx(ctx, change), "append-only", name)
		}
	}
}

func TestAPhoneIsShownMaskedAndOnlyFromItsOwnRow(t *testing.T) {
	phones, err := NewPhones(key, key)
	require.NoError(t, err)
	sealed := phones.Seal([]byte("13812345678"), "mbr_1")
	masked, err := phones.masked(sealed, "mbr_1")
	require.NoError(t, err)
	require.Equal(t, "138****5678", masked)
	_, err = phones.masked(sealed, "mbr_2")
	require.ErrorIs(t, err, persons.ErrCipher)
	_, err = NewPhones(key, key[:8])
	require.Error(t, err)
}
