package data

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

func TestAPolicyComesBackFromItsRow(t *testing.T) {
	contract(t, func(ctx context.Context, t *testing.T, db *database.DB, s *Store) {
		row := filled[biz.SharingRow](t)
		row.Place, row.Mode = "FRANCHISE_STORE", biz.ShareAll
		row.Value, row.EndedUS = 0, 0
		row.UntilUS = row.FromUS + 1<<60
		p, err := biz.RestoreSharingPolicy(row)
		require.NoError(t, err)
		require.NoError(t, db.InTx(ctx, func(ctx context.Context) error {
			if _, _, err := s.LockSharing(ctx); err != nil {
				return err
			}
			return s.AddSharing(ctx, p)
		}))
		got, err := s.SharingPolicy(ctx, row.ID)
		require.NoError(t, err)
		require.Equal(t, row, got.Row())
		set, err := s.Sharing(ctx)
		require.NoError(t, err)
		require.Equal(t, row, set.Policies()[0].Row())
		none, err := s.SharingPolicy(ctx, "none")
		require.NoError(t, err)
		require.Nil(t, none)

		quota := row
		quota.ID, quota.Mode, quota.Value = "q", biz.ShareQuota, 7
		quota.Place = "WAREHOUSE"
		p, err = biz.RestoreSharingPolicy(quota)
		require.NoError(t, err)
		require.NoError(t, db.InTx(ctx, func(ctx context.Context) error { return s.AddSharing(ctx, p) }))
		require.NoError(t, p.End(row.FromUS+1))
		require.NoError(t, db.InTx(ctx, func(ctx context.Context) error { return s.EndSharing(ctx, p) }))
		got, err = s.SharingPolicy(ctx, "q")
		require.NoError(t, err)
		require.Equal(t, p.Row(), got.Row())
		require.ErrorIs(t, db.InTx(ctx, func(ctx context.Context) error { return s.EndSharing(ctx, p) }), errGuard, "it ends once")
	})
}

func TestWalkingSeesEachRowOnce(t *testing.T) {
	contract(t, func(ctx context.Context, t *testing.T, db *database.DB, s *Store) {
		var keys []biz.StockKey
		org := map[string]string{}
		for _, at := range []string{"1", "2", "3"} {
			org[at] = "HQ"
			for _, sku := range []string{"A", "B", "C"} {
				for _, owner := range []string{"HQ", "X"} {
					keys = append(keys, biz.StockKey{SKU: sku, Location: at, Owner: owner})
				}
			}
		}
		require.NoError(t, db.InTx(ctx, func(ctx context.Context) error {
			book, err := s.Open(ctx, "test")
			if err != nil {
				return err
			}
			return s.LockStock(ctx, book, keys, org)
		}))
		walk := func(skus, locations []string, limit int) (seen []biz.StockKey) {
			var after biz.Shelf
			for {
				rows, more, err := s.Walk(ctx, skus, locations, after, limit)
				require.NoError(t, err)
				for _, r := range rows {
					seen = append(seen, r.Key())
				}
				if !more {
					return seen
				}
				require.Zero(t, len(rows)%2, "the owners of a place come together")
				last := seen[len(seen)-1]
				after = biz.Shelf{SKU: last.SKU, Location: last.Location}
			}
		}
		for limit := 2; limit < 20; limit++ {
			require.ElementsMatch(t, keys, walk(nil, nil, limit), "limit %d", limit)
			require.Len(t, walk([]string{"A", "C"}, nil, limit), 12)
			require.Len(t, walk(nil, []string{"2"}, limit), 6)
			require.Len(t, walk([]string{"B"}, []string{"1", "3", "9"}, limit), 4)
		}
		_, _, err := s.Walk(ctx, nil, nil, biz.Shelf{}, 1)
		require.ErrorContains(t, err, "owners")
	})
}
