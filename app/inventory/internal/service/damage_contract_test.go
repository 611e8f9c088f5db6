package service

import (
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

func damaged(at, sku string, qty int64) *inventoryv1.DamageRequest {
	return &inventoryv1.DamageRequest{RequestId: requestID(), Document: "slip-1", Reason: "torn", Location: at, Sku: sku, Quantity: qty}
}

func TestDamagedGoodsAreNotForSaleAndNothingHeldIsTaken(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 10)
		_, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 4)))
		require.NoError(t, err)
		ctx := hq(t.Context(), "operator")

		first := damaged("S-01", "LJ", 5)
		for range 2 { // a repeat is the same command
			got, err := r.MarkDamaged(ctx, first)
			require.NoError(t, err)
			require.Equal(t, []int64{5, 5, 1}, []int64{got.Stock.OnHand, got.Stock.Damaged, got.Stock.Online})
		}
		_, err = r.MarkDamaged(ctx, damaged("S-01", "LJ", 2))
		require.Equal(t, "STATE_CONFLICT", reasonOf(err), "customers hold 4 of 5")
		_, err = r.Hold(order(t.Context()), parcel("ord_2", line("1", "LJ", 2)))
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err))

		back, err := r.RestoreDamaged(ctx, damaged("S-01", "LJ", 2))
		require.NoError(t, err)
		require.Equal(t, []int64{7, 3}, []int64{back.Stock.OnHand, back.Stock.Damaged})
		gone, err := r.WriteOffDamaged(ctx, damaged("S-01", "LJ", 1))
		require.NoError(t, err)
		require.Equal(t, []int64{7, 2}, []int64{gone.Stock.OnHand, gone.Stock.Damaged})
		_, err = r.WriteOffDamaged(ctx, damaged("S-01", "LJ", 3))
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))
		require.Equal(t, "2", metadataOf(err)["left"])
		_, err = r.RestoreDamaged(ctx, damaged("S-01", "LJ", 3))
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))
		_, err = r.MarkDamaged(ctx, damaged("S-01", "NONE", 1))
		require.Equal(t, "NOT_FOUND", reasonOf(err))

		got, err := r.ListMovements(ctx, &inventoryv1.ListMovementsRequest{Location: "S-01", Sku: "LJ", Reason: "DAMAGE"})
		require.NoError(t, err)
		require.Len(t, got.Movements, 2, "one of each bucket, booked once")
		for _, m := range got.Movements {
			require.Equal(t, []string{first.RequestId, "slip-1", "torn", "hq:boss"}, []string{m.RequestId, m.Document, m.Note, m.Actor})
			switch m.Bucket {
			case "ON_HAND":
				require.Equal(t, []int64{-5, 10, 5}, []int64{m.Quantity, m.Before, m.After})
			case "DAMAGED":
				require.Equal(t, []int64{5, 0, 5}, []int64{m.Quantity, m.Before, m.After})
			default:
				t.Fatal(m.Bucket)
			}
		}
		r.audit(t)
	})
}

func TestMovementsAreFoundByBucketReasonAndTime(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 10)
		begin, err := r.clock.NowUS(t.Context())
		require.NoError(t, err)
		r.clock.Advance(1_000_000_000)
		ctx := hq(t.Context(), "operator")
		_, err = r.MarkDamaged(ctx, damaged("S-01", "LJ", 5))
		require.NoError(t, err)
		count := func(in *inventoryv1.ListMovementsRequest) int {
			got, err := r.ListMovements(ctx, in)
			require.NoError(t, err)
			return len(got.Movements)
		}
		require.Equal(t, 3, count(&inventoryv1.ListMovementsRequest{}))
		require.Equal(t, 2, count(&inventoryv1.ListMovementsRequest{Bucket: "ON_HAND"}))
		require.Equal(t, 1, count(&inventoryv1.ListMovementsRequest{Bucket: "DAMAGED"}))
		require.Zero(t, count(&inventoryv1.ListMovementsRequest{Bucket: "IN_TRANSIT"}))
		require.Equal(t, 1, count(&inventoryv1.ListMovementsRequest{Reason: "RECEIVE"}))
		require.Equal(t, 2, count(&inventoryv1.ListMovementsRequest{FromUs: begin + 1}))
		require.Equal(t, 1, count(&inventoryv1.ListMovementsRequest{UntilUs: begin + 1}))
		page, err := r.ListMovements(ctx, &inventoryv1.ListMovementsRequest{PageSize: 1, Bucket: "ON_HAND"})
		require.NoError(t, err)
		_, err = r.ListMovements(ctx, &inventoryv1.ListMovementsRequest{PageSize: 1, PageToken: page.NextPageToken})
		require.Equal(t, "PAGE_TOKEN_INVALID", reasonOf(err), "a token is its filter's")
	})
}

func TestReturnedGoodsComeBackWithTheirCondition(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		back := &inventoryv1.TakeBackCall{Document: "ret_1", Lines: []*inventoryv1.TakeBackLine{
			{LineId: "1", Sku: "LJ", Location: "S-01", Owner: "HQ", Quantity: 3, Damaged: 2},
			{LineId: "2", Sku: "TG", Location: "S-01", Owner: "HQ", Quantity: 1, Damaged: 5},
		}}
		for range 2 {
			_, err := r.branch.TakeBack(called(t.Context()), back)
			require.NoError(t, err)
		}
		tea := r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{1, 2}, []int64{tea.OnHand, tea.Damaged})
		all := r.rows(t, "S-01", "TG")
		require.Equal(t, []int64{0, 1}, []int64{all.OnHand, all.Damaged}, "no more than came back")
		moves, err := r.ListMovements(hq(t.Context()), &inventoryv1.ListMovementsRequest{Sku: "TG"})
		require.NoError(t, err)
		require.Len(t, moves.Movements, 1)
		require.NotEmpty(t, moves.Movements[0].RequestId)
		r.audit(t)
	})
}

func TestWhoDecidesWhatBecomesOfDamagedGoods(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "F-01", "LJ", 9)
		clerk, manager := franchisee(t.Context(), "FR1", "clerk"), franchisee(t.Context(), "FR1", "manager")
		_, err := r.MarkDamaged(clerk, damaged("F-01", "LJ", 3))
		require.NoError(t, err)
		_, err = r.WriteOffDamaged(clerk, damaged("F-01", "LJ", 1))
		require.Equal(t, "FORBIDDEN", reasonOf(err), "a clerk puts aside, a manager gives up")
		_, err = r.WriteOffDamaged(manager, damaged("F-01", "LJ", 1))
		require.NoError(t, err)
		for _, ctx := range []func() error{
			func() error {
				_, err := r.MarkDamaged(franchisee(t.Context(), "FR2", "manager"), damaged("F-01", "LJ", 1))
				return err
			},
			func() error { _, err := r.MarkDamaged(member(t.Context()), damaged("F-01", "LJ", 1)); return err },
		} {
			require.Equal(t, "LOCATION_UNKNOWN", reasonOf(ctx()))
		}
		others := damaged("F-01", "LJ", 1)
		others.Owner = "HQ"
		_, err = r.MarkDamaged(manager, others)
		require.Equal(t, "FORBIDDEN", reasonOf(err), "goods of another owner are headquarters' to book")
		r.audit(t)
	})
}

func TestDiscrepanciesAreListedForThoseWhoseTheyAre(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "F-01", "LJ", 2)
		held, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 2)))
		require.NoError(t, err)
		_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "ord_1", Fulfilment: "ful_1", Reason: "SHIP", Lines: []*inventoryv1.ShipLine{
			{ReservationId: held.Reservations[0].Id, Quantity: 5}, {ReservationId: "res_nobody", Quantity: 1}}})
		require.NoError(t, err)
		list := func(in *inventoryv1.ListDiscrepanciesRequest, org string) []*inventoryv1.Discrepancy {
			ctx := hq(t.Context(), "operator")
			if org != "" {
				ctx = franchisee(t.Context(), org, "manager")
			}
			got, err := r.ListDiscrepancies(ctx, in)
			require.NoError(t, err)
			return got.Discrepancies
		}
		require.Len(t, list(&inventoryv1.ListDiscrepanciesRequest{}, ""), 2)
		require.Empty(t, list(&inventoryv1.ListDiscrepanciesRequest{}, "FR2"))
		own := list(&inventoryv1.ListDiscrepanciesRequest{Location: "F-01"}, "FR1")
		require.Len(t, own, 1)
		require.Equal(t, []any{"SHORTFALL", int64(3), int64(3)}, []any{own[0].Kind, own[0].Size, own[0].Open})

		closing := func(id string) *inventoryv1.CloseDiscrepancyRequest {
			return &inventoryv1.CloseDiscrepancyRequest{RequestId: requestID(), Id: id}
		}
		_, err = r.CloseDiscrepancy(franchisee(t.Context(), "FR1", "manager"), closing(own[0].Id))
		require.Equal(t, "STATE_CONFLICT", reasonOf(err), "it closes when stock comes in")
		unknown := list(&inventoryv1.ListDiscrepanciesRequest{Kind: "UNKNOWN_SHIPMENT"}, "")[0]
		_, err = r.CloseDiscrepancy(franchisee(t.Context(), "FR1", "manager"), closing(unknown.Id))
		require.Equal(t, "NOT_FOUND", reasonOf(err))
		closed, err := r.CloseDiscrepancy(hq(t.Context(), "operator"), closing(unknown.Id))
		require.NoError(t, err)
		require.Zero(t, closed.Open)
		require.Positive(t, closed.ClosedUs)
		r.stock(t, "F-01", "LJ", 3)
		require.Empty(t, list(&inventoryv1.ListDiscrepanciesRequest{}, ""))
		require.Len(t, list(&inventoryv1.ListDiscrepanciesRequest{ClosedToo: true}, ""), 2)
		r.audit(t)
	})
}
