package service

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

func importRows(rows ...*inventoryv1.ImportStockRow) *inventoryv1.ImportStockRequest {
	for i, r := range rows {
		r.Line = int64(i + 2)
	}
	return &inventoryv1.ImportStockRequest{RequestId: requestID(), Document: "file-1", Rows: rows}
}

func counted(at, sku string, onHand, safety int64) *inventoryv1.ImportStockRow {
	return &inventoryv1.ImportStockRow{LocationCode: at, Sku: sku, OnHand: onHand, SafetyStock: safety}
}

func TestImportBooksARowOncePerDocumentAlsoAfterSales(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		ctx := hq(t.Context(), "operator")
		first := importRows(counted("S-01", "LJ", 10, 2), counted("S-99", "LJ", 1, 0), counted("S-01", "T G", 1, 0), counted("S-02", "LJ", -1, 0), counted("S-02", "LJ", 0, 0), counted("S-01", "LJ", 11, 2))
		got, err := r.ImportStock(ctx, first)
		require.NoError(t, err)
		require.Equal(t, int64(2), got.Created)
		reasons := map[int64]string{}
		for _, e := range got.Errors {
			reasons[e.Line] = e.Reason
		}
		require.Equal(t, map[int64]string{3: "LOCATION_UNKNOWN", 4: "VALIDATOR", 5: "VALIDATOR", 7: "DUPLICATE"}, reasons)
		require.Equal(t, int64(8), r.rows(t, "S-01", "LJ").Online)

		held, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 3)))
		require.NoError(t, err)
		_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "ord_1", Fulfilment: "ful_1", Reason: "SHIP",
			Lines: []*inventoryv1.ShipLine{{ReservationId: held.Reservations[0].Id, Quantity: 3}}})
		require.NoError(t, err)
		again, err := r.ImportStock(ctx, importRows(counted("S-01", "LJ", 10, 2), counted("S-02", "LJ", 0, 0)))
		require.NoError(t, err)
		require.Equal(t, int64(2), again.Unchanged, "the same file changes nothing")
		require.Equal(t, int64(7), r.rows(t, "S-01", "LJ").OnHand)

		next := importRows(counted("S-01", "LJ", 5, 1), counted("S-02", "LJ", 0, 0))
		next.Document = "file-2"
		updated, err := r.ImportStock(ctx, next)
		require.NoError(t, err)
		require.Equal(t, []int64{1, 1}, []int64{updated.Updated, updated.Unchanged}, "another file is another count")
		require.Equal(t, int64(5), r.rows(t, "S-01", "LJ").OnHand)
		_, err = r.Hold(order(t.Context()), parcel("ord_2", line("1", "LJ", 4)))
		require.NoError(t, err)
		low := importRows(counted("S-01", "LJ", 3, 0))
		low.Document = "file-3"
		refused, err := r.ImportStock(ctx, low)
		require.NoError(t, err)
		require.Equal(t, "STATE_CONFLICT", refused.Errors[0].Reason, "customers hold 4")
		r.audit(t)
	})
}

func TestAdjustNeverGoesBelowWhatIsReserved(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 5)
		_, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 4)))
		require.NoError(t, err)
		adjust := func(delta int64) error {
			_, err := r.AdjustStock(hq(t.Context(), "operator"), &inventoryv1.AdjustStockRequest{RequestId: requestID(), Document: "count", Reason: "broken", Location: "S-01", Sku: "LJ", Delta: delta})
			return err
		}
		require.NoError(t, adjust(-1))
		require.Equal(t, "STATE_CONFLICT", reasonOf(adjust(-1)))
		require.Contains(t, messageOf(adjust(-1)), "release or move the reservations")
		require.Equal(t, int64(4), r.rows(t, "S-01", "LJ").OnHand)
		r.stock(t, "W-01", "LJ", 5)
		_, err = r.AdjustStock(hq(t.Context(), "operator"), &inventoryv1.AdjustStockRequest{RequestId: requestID(), Document: "count", Reason: "broken", Location: "W-01", Sku: "LJ", Delta: -6})
		require.Contains(t, messageOf(err), "fewer pieces on hand", "nothing is reserved there")
		moves, err := r.ListMovements(hq(t.Context()), &inventoryv1.ListMovementsRequest{Location: "S-01", Sku: "LJ"})
		require.NoError(t, err)
		require.Equal(t, "ADJUST", moves.Movements[0].Reason)
		require.Equal(t, "broken", moves.Movements[0].Note)
		require.Equal(t, []int64{-1, 5, 4}, []int64{moves.Movements[0].Quantity, moves.Movements[0].Before, moves.Movements[0].After})
		r.audit(t)
	})
}

func TestWhoMayBookStock(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		receive := func(at, owner string) *inventoryv1.ReceiveStockRequest {
			return &inventoryv1.ReceiveStockRequest{RequestId: requestID(), Document: "note", Lines: []*inventoryv1.StockLine{{Location: at, Sku: "LJ", Owner: owner, Quantity: 1}}}
		}
		for name, c := range map[string]struct {
			ctx  func() error
			want string
		}{
			"hq operator": {func() error { _, err := r.ReceiveStock(hq(t.Context(), "operator"), receive("F-01", "")); return err }, ""},
			"hq finance":  {func() error { _, err := r.ReceiveStock(hq(t.Context(), "finance"), receive("F-01", "")); return err }, "FORBIDDEN"},
			"own clerk": {func() error {
				_, err := r.ReceiveStock(franchisee(t.Context(), "FR1", "clerk"), receive("F-01", ""))
				return err
			}, ""},
			"own guide": {func() error {
				_, err := r.ReceiveStock(franchisee(t.Context(), "FR1", "guide"), receive("F-01", ""))
				return err
			}, "FORBIDDEN"},
			"another's clerk": {func() error {
				_, err := r.ReceiveStock(franchisee(t.Context(), "FR2", "clerk"), receive("F-01", ""))
				return err
			}, "LOCATION_UNKNOWN"},
			"member":           {func() error { _, err := r.ReceiveStock(member(t.Context()), receive("F-01", "")); return err }, "LOCATION_UNKNOWN"},
			"service":          {func() error { _, err := r.ReceiveStock(order(t.Context()), receive("F-01", "")); return err }, "LOCATION_UNKNOWN"},
			"unknown location": {func() error { _, err := r.ReceiveStock(hq(t.Context(), "operator"), receive("S-99", "")); return err }, "LOCATION_UNKNOWN"},
			"clerk, others' goods": {func() error {
				_, err := r.ReceiveStock(franchisee(t.Context(), "FR1", "clerk"), receive("F-01", "HQ"))
				return err
			}, "FORBIDDEN"},
			"hq, consigned goods": {func() error { _, err := r.ReceiveStock(hq(t.Context(), "operator"), receive("F-01", "HQ")); return err }, ""},
			"nobody":              {func() error { _, err := r.ReceiveStock(t.Context(), receive("F-01", "")); return err }, "UNAUTHENTICATED"},
			"import by a franchise": {func() error {
				got, err := r.ImportStock(franchisee(t.Context(), "FR1", "manager"), importRows(counted("F-01", "TG", 2, 0), counted("S-01", "TG", 2, 0)))
				require.NoError(t, err)
				require.Equal(t, int64(1), got.Created)
				require.Equal(t, "LOCATION_UNKNOWN", got.Errors[0].Reason)
				return nil
			}, ""},
		} {
			err := c.ctx()
			if c.want == "" {
				require.NoError(t, err, name)
				continue
			}
			require.Error(t, err, name)
			require.Equal(t, c.want, reasonOf(err), name)
		}
		r.audit(t)
	})
}

func TestListsAreScopedAndPaged(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		for i := range 7 {
			r.stock(t, "F-01", fmt.Sprintf("SKU-%d", i), 1)
			r.stock(t, "S-01", fmt.Sprintf("SKU-%d", i), 1)
		}
		seen := func(ctx func() (*inventoryv1.ListStockResponse, error)) int {
			got, err := ctx()
			require.NoError(t, err)
			return len(got.Stock)
		}
		require.Equal(t, 14, seen(func() (*inventoryv1.ListStockResponse, error) {
			return r.ListStock(hq(t.Context()), &inventoryv1.ListStockRequest{})
		}))
		require.Equal(t, 7, seen(func() (*inventoryv1.ListStockResponse, error) {
			return r.ListStock(franchisee(t.Context(), "FR1"), &inventoryv1.ListStockRequest{})
		}))
		require.Zero(t, seen(func() (*inventoryv1.ListStockResponse, error) {
			return r.ListStock(franchisee(t.Context(), "FR2"), &inventoryv1.ListStockRequest{Location: "F-01"})
		}))
		_, refusal := r.ListStock(member(t.Context()), &inventoryv1.ListStockRequest{})
		require.Equal(t, "FORBIDDEN", reasonOf(refusal), "members and marketplaces see no shelves")

		var rows, moves []string
		token := ""
		for pages := 1; ; pages++ {
			got, err := r.ListStock(hq(t.Context()), &inventoryv1.ListStockRequest{PageSize: 4, PageToken: token})
			require.NoError(t, err)
			for _, s := range got.Stock {
				rows = append(rows, s.Location+s.Sku)
			}
			if token = got.NextPageToken; token == "" {
				require.Equal(t, 4, pages)
				break
			}
		}
		require.Len(t, rows, 14)
		require.IsIncreasing(t, rows)
		for {
			got, err := r.ListMovements(hq(t.Context()), &inventoryv1.ListMovementsRequest{PageSize: 5, PageToken: token, Location: "F-01"})
			require.NoError(t, err)
			for _, m := range got.Movements {
				moves = append(moves, m.Id)
			}
			if token = got.NextPageToken; token == "" {
				break
			}
			_, err = r.ListMovements(franchisee(t.Context(), "FR1"), &inventoryv1.ListMovementsRequest{PageSize: 5, PageToken: token, Location: "F-01"})
			require.Equal(t, "PAGE_TOKEN_INVALID", reasonOf(err), "a token is its owner's")
		}
		require.Len(t, moves, 7)

		places, err := r.ListLocations(member(t.Context()), &inventoryv1.ListLocationsRequest{Kind: inventoryv1.LocationKind_DIRECT_STORE})
		require.NoError(t, err)
		require.Len(t, places.Locations, 2)
		require.Equal(t, "S-01", places.Locations[0].Code)
		_, err = r.CheckInvariants(franchisee(t.Context(), "FR1", "manager"), &commonv1.CheckInvariantsRequest{})
		require.Equal(t, "FORBIDDEN", reasonOf(err))
	})
}

func TestAvailabilityShowsFiguresOnlyToThoseWhoMaySeeThem(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "F-01", "LJ", 3)
		r.stock(t, "S-01", "LJ", 40)
		r.stock(t, "W-01", "LJ", 7)
		lat, lng := square.Lat, square.Lng
		near := &inventoryv1.GetAvailabilityRequest{Skus: []string{"LJ", "NONE"}, Lat: &lat, Lng: &lng}

		got, err := r.GetAvailability(member(t.Context()), near)
		require.NoError(t, err)
		require.Equal(t, int64(50), got.Items[0].Online)
		require.Zero(t, got.Items[1].Online)
		require.Empty(t, got.Items[1].Near)
		var levels []string
		for _, n := range got.Items[0].Near {
			levels = append(levels, n.Location+" "+n.Level)
			require.Nil(t, n.Online)
			require.Nil(t, n.AtTheTill)
		}
		require.Equal(t, []string{"F-01 few", "S-01 yes", "W-01 yes"}, levels, "nearest first")

		own, err := r.GetAvailability(franchisee(t.Context(), "FR1", "clerk"), near)
		require.NoError(t, err)
		require.Equal(t, int64(3), *own.Items[0].Near[0].Online)
		require.Nil(t, own.Items[0].Near[1].Online)
		all, err := r.GetAvailability(hq(t.Context()), near)
		require.NoError(t, err)
		require.Equal(t, int64(40), *all.Items[0].Near[1].AtTheTill)

		one := &inventoryv1.GetAvailabilityRequest{Skus: []string{"LJ"}, Location: "S-01"}
		coarse, err := r.GetAvailability(franchisee(t.Context(), "FR1", "clerk"), one)
		require.NoError(t, err)
		require.Equal(t, int64(5), coarse.Items[0].Online, "a sum over one location must not tell more than its level")
		near.RadiusM = 1000
		close, err := r.GetAvailability(hq(t.Context()), near)
		require.NoError(t, err)
		require.Equal(t, int64(43), close.Items[0].Online)
		require.Len(t, close.Items[0].Near, 2)

		_, err = r.GetAvailability(member(t.Context()), &inventoryv1.GetAvailabilityRequest{Skus: []string{"LJ"}, Location: "S-99"})
		require.Equal(t, "LOCATION_UNKNOWN", reasonOf(err))
		off := 99.0
		_, err = r.GetAvailability(member(t.Context()), &inventoryv1.GetAvailabilityRequest{Skus: []string{"LJ"}, Lat: &off, Lng: &lng})
		require.Equal(t, "GEO_INVALID", reasonOf(err))
		for _, half := range []*inventoryv1.GetAvailabilityRequest{{Skus: []string{"LJ"}, Lat: &lat}, {Skus: []string{"LJ"}, Lng: &lng}} {
			_, err = r.GetAvailability(member(t.Context()), half)
			require.Equal(t, "VALIDATOR", reasonOf(err), "half a point is no point")
		}

		_, err = r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 40)))
		require.NoError(t, err)
		now, err := r.GetAvailability(member(t.Context()), one)
		require.NoError(t, err)
		require.Equal(t, "no", now.Items[0].Near[0].Level, "visible at once")
	})
}

func TestARepeatedCommandGetsItsFirstAnswer(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		in := &inventoryv1.ReceiveStockRequest{RequestId: requestID(), Document: "note", Lines: []*inventoryv1.StockLine{{Location: "S-01", Sku: "LJ", Quantity: 5}}}
		for range 3 {
			got, err := r.ReceiveStock(hq(t.Context(), "operator"), in)
			require.NoError(t, err)
			require.Equal(t, int64(5), got.Stock[0].OnHand)
		}
		hold := parcel("ord_1", line("1", "LJ", 1))
		first, err := r.Hold(order(t.Context()), hold)
		require.NoError(t, err)
		again, err := r.Hold(order(t.Context()), hold)
		require.NoError(t, err)
		require.Equal(t, first.String(), again.String())
		hold.Lines[0].Quantity = 2
		_, err = r.Hold(order(t.Context()), hold)
		require.Equal(t, "REQUEST_ID_REUSED", reasonOf(err))
		r.audit(t)
	})
}

func TestOneBadLocationDoesNotKeepOthersWaiting(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		bad := location("S-02", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 99, 0)
		r.put(t, location("S-01", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31, 121), bad)
		got, err := r.ListLocations(member(t.Context()), &inventoryv1.ListLocationsRequest{})
		require.NoError(t, err)
		require.Len(t, got.Locations, 1)
	})
}
