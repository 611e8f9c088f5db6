package service

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// inStore is staff of headquarters' own store.
func inStore(ctx context.Context, store, role string) context.Context {
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: tenancy.Franchisee, ID: role, Org: "HQ", Store: store, Direct: true, Roles: []string{role}}.WithScope())
}

// Who counts blind reads the figure of the books nowhere: not in a list, not in the ledger, not in what may be promised, not
// in an answer or a refusal. The manager does, and a till sells on.
func TestWhoCountsBlindReadsTheFiguresNowhere(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.lot(t, "S-01", "LJ", "B-1", 12, 40_000)
		r.stock(t, "S-01", "TG", 7)
		r.stock(t, "S-02", "LJ", 8)
		clerk, manager := inStore(t.Context(), "S-01", "clerk"), inStore(t.Context(), "S-01", "manager")
		till := tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Device, ID: "till", Org: "HQ", Store: "S-01"}.WithScope())
		feed := newFeedRig(r)
		begun := feed.now(t, clerk)
		// figures are all that a caller reads of LJ at S-01.
		figures := func(ctx context.Context) (read []int64) {
			t.Helper()
			stock, err := r.ListStock(ctx, &inventoryv1.ListStockRequest{Location: "S-01", Sku: "LJ"})
			require.NoError(t, err)
			require.Len(t, stock.Stock, 1)
			row := stock.Stock[0]
			read = append(read, row.OnHand, row.Online, row.AtTheTill, row.InLots)
			require.Equal(t, row.OnHand == 0, row.CountedBlind)
			lots, err := r.ListLots(ctx, &inventoryv1.ListLotsRequest{Location: "S-01", Sku: "LJ"})
			require.NoError(t, err)
			read = append(read, lots.Lots[0].OnHand)
			moves, err := r.ListMovements(ctx, &inventoryv1.ListMovementsRequest{Location: "S-01", Sku: "LJ"})
			require.NoError(t, err)
			read = append(read, moves.Movements[0].Quantity, moves.Movements[0].After)
			at, err := r.GetAvailability(ctx, &inventoryv1.GetAvailabilityRequest{Skus: []string{"LJ"}, Channel: "pos", Location: "S-01"})
			require.NoError(t, err)
			near := at.Items[0].Near[0]
			require.Equal(t, "yes", near.Level)
			read = append(read, near.GetOnline(), near.GetAtTheTill())
			feed.number(t)
			changes, err := feed.ListStockChanges(ctx, &inventoryv1.ListStockChangesRequest{Begin: inventoryv1.FeedBegin_BEGIN_OLDEST, Skus: []string{"LJ"}, Locations: []string{"S-01"}})
			require.NoError(t, err)
			return append(read, changes.Changes[0].Online, changes.Changes[0].GetAtTheTill())
		}
		all, none := []int64{12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12}, make([]int64, 11)
		require.Equal(t, all, figures(clerk))
		take := r.opened(t, &inventoryv1.OpenStocktakeRequest{Location: "S-01", Skus: []string{"LJ"}, Blind: true})
		require.Equal(t, none, figures(clerk))
		require.Equal(t, all, figures(manager))
		require.Equal(t, all, figures(hq(t.Context(), "operator")))
		sold, err := r.GetAvailability(till, &inventoryv1.GetAvailabilityRequest{Skus: []string{"LJ"}, Channel: "pos", Location: "S-01"})
		require.NoError(t, err)
		require.Equal(t, int64(12), sold.Items[0].Near[0].GetAtTheTill())

		near, err := r.GetAvailability(clerk, &inventoryv1.GetAvailabilityRequest{Skus: []string{"LJ", "TG"}, Lat: &square.Lat, Lng: &square.Lng, RadiusM: 5000})
		require.NoError(t, err)
		require.Equal(t, []int64{5 + 8, 7}, []int64{near.Items[0].Online, near.Items[1].Online}, "its level as a number, and what another store has")
		_, err = r.shares.ExplainSharing(clerk, &inventoryv1.ExplainSharingRequest{Channel: "tmall", Location: "S-01", Sku: "LJ"})
		require.Equal(t, "FORBIDDEN", reasonOf(err))

		damage := damaged("S-01", "LJ", 13)
		damage.Batch = "B-1"
		_, err = r.MarkDamaged(clerk, damage)
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))
		require.NotContains(t, metadataOf(err), "on_hand")
		damage = damaged("S-01", "LJ", 1)
		damage.Batch = "B-1"
		got, err := r.MarkDamaged(clerk, damage)
		require.NoError(t, err)
		require.True(t, got.Stock.CountedBlind)
		require.Zero(t, got.Stock.OnHand)
		come, err := r.ReceiveStock(clerk, &inventoryv1.ReceiveStockRequest{RequestId: requestID(), Document: "DN-1", Lines: []*inventoryv1.StockLine{
			{Location: "S-01", Sku: "LJ", Quantity: 1}, {Location: "S-01", Sku: "TG", Quantity: 1}}})
		require.NoError(t, err)
		require.Equal(t, []int64{0, 8}, []int64{come.Stock[0].OnHand, come.Stock[1].OnHand}, "only what is counted is hidden")

		_, err = r.CountStocktake(clerk, &inventoryv1.CountStocktakeRequest{RequestId: requestID(), Id: take.Id, Counts: []*inventoryv1.StocktakeCount{{Sku: "LJ", Batch: "B-1", Counted: 11}}})
		require.NoError(t, err)
		_, err = r.SubmitStocktake(clerk, &inventoryv1.SubmitStocktakeRequest{RequestId: requestID(), Id: take.Id, LeaveOutMissed: true})
		require.NoError(t, err)
		require.Equal(t, int64(12), figures(clerk)[0], "11 of the lot, and one of none")
		_, err = feed.ListStockChanges(clerk, &inventoryv1.ListStockChangesRequest{Cursor: begun})
		require.NoError(t, err)
		r.audit(t)
	})
}
