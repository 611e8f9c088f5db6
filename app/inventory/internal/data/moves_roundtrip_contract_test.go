package data

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// Each field of what moves comes back from its row, also after a step.
func TestEveryFieldOfWhatMovesComesBack(t *testing.T) {
	contract(t, func(ctx context.Context, t *testing.T, db *database.DB, s *Store) {
		inTx := func(fn func(ctx context.Context) error) { require.NoError(t, db.InTx(ctx, fn)) }
		lot := filled[biz.LotRow](t)
		lot.ID, lot.Version = 0, 0
		inTx(func(ctx context.Context) error { return s.Write(ctx, biz.Changes{NowUS: 1, Lots: []biz.LotRow{lot}}) })
		lots, err := s.scanLots(ctx, "")
		require.NoError(t, err)
		lot.ID = lots[0].ID
		require.Equal(t, []biz.LotRow{lot}, lots)
		lot.OnHand, lot.Reserved, lot.Blocked = 77, 7, false
		inTx(func(ctx context.Context) error { return s.Write(ctx, biz.Changes{NowUS: 2, Lots: []biz.LotRow{lot}}) })
		lots, err = s.scanLots(ctx, "")
		require.NoError(t, err)
		stale := lot
		lot.Version++
		require.Equal(t, []biz.LotRow{lot}, lots)
		require.ErrorIs(t, db.InTx(ctx, func(ctx context.Context) error { return s.Write(ctx, biz.Changes{NowUS: 3, Lots: []biz.LotRow{stale}}) }), errGuard)

		line := biz.TransferLine{SKU: "s", Owner: "o", Wanted: 9, Sent: 9, Received: 1, Damaged: 2, Missing: 1, Returned: 1, Lots: []biz.LotPart{{Code: "c", Quantity: 4}}}
		moved := biz.TransferRow{ID: "trf_1", Number: "n", From: "f", To: "t", FromOrg: "o", ToOrg: "p", State: biz.TransferReceiving, Lines: []biz.TransferLine{line},
			History: []biz.TransferStep{{State: biz.TransferDraft, Actor: "a", AtUS: 5}}, Version: 3, Note: "note", CreatedBy: "b", CreatedUS: 1, SentUS: 2, ReceivedUS: 3, ExpectedUS: 4, UpdatedUS: 5}
		inTx(func(ctx context.Context) error { return s.AddTransfer(ctx, moved) })
		got, err := s.Transfer(ctx, "trf_1")
		require.NoError(t, err)
		require.Equal(t, moved, got)
		next := moved
		next.Version, next.State, next.SentUS, next.ReceivedUS, next.ExpectedUS, next.UpdatedUS = 4, biz.TransferReceiving, 12, 13, 14, 15
		inTx(func(ctx context.Context) error { return s.SaveTransfer(ctx, next) })
		got, err = s.Transfer(ctx, "trf_1")
		require.NoError(t, err)
		require.Equal(t, next, got)
		require.ErrorIs(t, db.InTx(ctx, func(ctx context.Context) error { return s.SaveTransfer(ctx, next) }), errGuard)

		take := biz.StocktakeRow{ID: "stk_1", Org: "o", Location: "l", Blind: true, Frozen: true, State: biz.StocktakeCounting, Version: 1, Note: "n", CreatedBy: "c", SubmittedBy: "s", DecidedBy: "d", CreatedUS: 1, UpdatedUS: 2}
		inTx(func(ctx context.Context) error {
			return s.AddStocktake(ctx, take, []biz.StocktakeLine{{SKU: "s", Owner: "o", Batch: "b", Book: 5, Seq: 6}, {SKU: "t", Owner: "o"}})
		})
		row, progress, err := s.Stocktake(ctx, "stk_1")
		require.NoError(t, err)
		require.Equal(t, take, row)
		require.Equal(t, biz.Counted{Lines: 2}, progress)
		counted := int64(4)
		line2 := biz.StocktakeLine{SKU: "s", Owner: "o", Batch: "b", Counted: &counted, Book: 7, Seq: 8, CountedBy: "bob", CountedUS: 9, Difference: -3}
		inTx(func(ctx context.Context) error {
			if err := s.AddCounts(ctx, "stk_1", "request", []biz.StocktakeLine{line2}); err != nil {
				return err
			}
			return s.SaveDifferences(ctx, "stk_1", []biz.StocktakeLine{line2})
		})
		lines, err := s.LinesOf(ctx, "stk_1")
		require.NoError(t, err)
		require.Equal(t, []biz.StocktakeLine{line2, {SKU: "t", Owner: "o"}}, lines)
		who, err := s.Counters(ctx, "stk_1")
		require.NoError(t, err)
		require.Equal(t, []string{"bob"}, who)
	})
}
