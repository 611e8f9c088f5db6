package data

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/sequence"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

func TestEveryCommitThatChangesStockIsInTheLog(t *testing.T) {
	contract(t, func(ctx context.Context, t *testing.T, db *database.DB, s *Store) {
		key := biz.StockKey{SKU: "LJ", Location: "S-01", Owner: "HQ"}
		receive := func(ref string, fail error) error {
			return db.InTx(ctx, func(ctx context.Context) error {
				book, err := s.Open(ctx, "test")
				if err != nil {
					return err
				}
				if err := s.LockStock(ctx, book, []biz.StockKey{key}, map[string]string{"S-01": "HQ"}); err != nil {
					return err
				}
				if err := book.Receive(key, 4, biz.Movement{Reason: biz.ReasonReceive, Document: "d", Ref: ref}); err != nil {
					return err
				}
				if err := s.Write(ctx, book.Changes()); err != nil {
					return err
				}
				return fail
			})
		}
		require.NoError(t, receive("1", nil))
		require.ErrorIs(t, receive("2", context.Canceled), context.Canceled)
		require.NoError(t, receive("3", nil))
		changes, err := s.ChangesAfter(ctx, 0, 10)
		require.NoError(t, err)
		require.Empty(t, changes, "nothing is visible before it has its position")
		_, err = sequence.Assign(ctx, db, ChangeFeed())
		require.NoError(t, err)
		changes, err = s.ChangesAfter(ctx, 0, 10)
		require.NoError(t, err)
		require.Len(t, changes, 2, "what was undone is not logged")
		require.Equal(t, []int64{1, 4, 2, 8}, []int64{changes[0].Position, changes[0].Rows[0].OnHand, changes[1].Position, changes[1].Rows[0].OnHand})
		stored, err := s.AtLocations(ctx, []string{"LJ"}, []string{"S-01"})
		require.NoError(t, err)
		require.Equal(t, stored[0].Row().Version, changes[1].Rows[0].Version, "the log tells the version that the row has")
		first, last, err := s.ChangeEnds(ctx)
		require.NoError(t, err)
		require.Equal(t, []int64{1, 2}, []int64{first, last})
	})
}

func TestALogRowComesBackWhole(t *testing.T) {
	row := filled[biz.StockRow](t)
	row.Chain, row.Seq = nil, 0
	got, none, err := decodeChange(encodeChange([]biz.StockRow{row, {}}, nil))
	require.Empty(t, none)
	require.NoError(t, err)
	row.Version++
	require.Equal(t, []biz.StockRow{row, {Version: 1}}, got)
	quota := filled[biz.QuotaRow](t)
	whole := encodeChange([]biz.StockRow{row}, []biz.QuotaRow{quota, {}})
	_, quotas, err := decodeChange(whole)
	require.NoError(t, err)
	quota.Version++
	require.Equal(t, []biz.QuotaRow{quota, {Version: 1}}, quotas)
	for n := range whole {
		_, _, err := decodeChange(whole[:n])
		require.ErrorIs(t, err, errChange, "cut at %d", n)
	}
	_, _, err = decodeChange(append(whole, 0))
	require.ErrorIs(t, err, errChange)
}
