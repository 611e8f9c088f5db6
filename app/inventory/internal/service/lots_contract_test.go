package service

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

const dayUS = int64(24 * time.Hour / time.Microsecond)

// today is the day of the rig's clock where the shops are.
func (r *rig) today(t testing.TB) int64 {
	t.Helper()
	now, err := r.clock.NowUS(t.Context())
	require.NoError(t, err)
	return (now + 8*dayUS/24) / dayUS
}

// lot receives a lot that expires on a day.
func (r *rig) lot(t testing.TB, at, sku, code string, qty, expires int64) {
	t.Helper()
	_, err := r.ReceiveStock(hq(t.Context(), "operator"), &inventoryv1.ReceiveStockRequest{RequestId: requestID(), Document: "opening",
		Lines: []*inventoryv1.StockLine{{Location: at, Sku: sku, Quantity: qty, Batch: code, ProducedDay: min(expires, 10), ExpiresDay: expires}}})
	require.NoError(t, err)
}

// lots are what is on hand, reserved and blocked of each lot.
func (r *rig) lots(t testing.TB, at, sku string) map[string][3]int64 {
	t.Helper()
	got, err := r.ListLots(hq(t.Context()), &inventoryv1.ListLotsRequest{Location: at, Sku: sku, EmptyToo: true})
	require.NoError(t, err)
	all := map[string][3]int64{}
	for _, l := range got.Lots {
		blocked := int64(0)
		if l.Blocked {
			blocked = 1
		}
		all[l.Code] = [3]int64{l.OnHand, l.Reserved, blocked}
	}
	return all
}

func TestWhatExpiresFirstIsSoldFirst(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		day := r.today(t)
		r.stock(t, "S-01", "LJ", 4) // in no lot
		r.lot(t, "S-01", "LJ", "LATE", 3, day+90)
		r.lot(t, "S-01", "LJ", "SOON", 2, day+5)
		r.lot(t, "S-01", "LJ", "NEVER", 1, 0)
		held, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 8)))
		require.NoError(t, err)
		var taken []any
		for _, res := range held.Reservations {
			taken = append(taken, res.Batch, res.Quantity)
		}
		require.Equal(t, []any{"SOON", int64(2), "LATE", int64(3), "NEVER", int64(1), "", int64(2)}, taken, "what is in no lot last")
		require.Equal(t, map[string][3]int64{"SOON": {2, 2, 0}, "LATE": {3, 3, 0}, "NEVER": {1, 1, 0}}, r.lots(t, "S-01", "LJ"))
		row := r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{10, 8, 6, 2}, []int64{row.OnHand, row.Reserved, row.InLots, row.Online})
		r.audit(t)

		ship := &inventoryv1.ShipCall{Document: "ord_1", Fulfilment: "ful_1", Reason: "SHIP"}
		for _, res := range held.Reservations[:2] {
			ship.Lines = append(ship.Lines, &inventoryv1.ShipLine{ReservationId: res.Id, Quantity: res.Quantity})
		}
		for range 2 {
			_, err = r.branch.Ship(called(t.Context()), ship)
			require.NoError(t, err)
		}
		_, err = r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: "ord_1"})
		require.NoError(t, err)
		require.Equal(t, map[string][3]int64{"SOON": {}, "LATE": {}, "NEVER": {1, 0, 0}}, r.lots(t, "S-01", "LJ"))
		moves, err := r.ListMovements(hq(t.Context()), &inventoryv1.ListMovementsRequest{Reason: "SHIP"})
		require.NoError(t, err)
		require.Len(t, moves.Movements, 2)
		for _, m := range moves.Movements {
			require.Contains(t, []string{"SOON", "LATE"}, m.Batch)
		}
		differs := &inventoryv1.ReceiveStockRequest{RequestId: requestID(), Document: "note", Lines: []*inventoryv1.StockLine{{Location: "S-01", Sku: "LJ", Quantity: 1, Batch: "SOON", ExpiresDay: day + 6}}}
		_, err = r.ReceiveStock(hq(t.Context(), "operator"), differs)
		require.Equal(t, "LOT_DIFFERS", reasonOf(err))
		differs.RequestId, differs.Lines[0].Batch = requestID(), ""
		_, err = r.ReceiveStock(hq(t.Context(), "operator"), differs)
		require.Equal(t, "VALIDATOR", reasonOf(err), "dates are a lot's")
		r.audit(t)
	})
}

// An expired lot is not sold from the moment on at which it expires, whether the worker has run or not, online or at the till.
func TestAnExpiredLotIsNeverSold(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		day := r.today(t)
		r.lot(t, "S-01", "LJ", "OLD", 5, day)
		r.lot(t, "S-01", "LJ", "NEW", 2, day+30)
		held, err := r.Hold(order(t.Context()), parcel("ord_0", line("1", "LJ", 1)))
		require.NoError(t, err)
		require.Equal(t, "OLD", held.Reservations[0].Batch, "it is good until its day ends")
		now, err := r.clock.NowUS(t.Context())
		require.NoError(t, err)
		r.clock.Advance(time.Duration((day+1)*dayUS-8*dayUS/24-now) * time.Microsecond)

		till := parcel("till_1", line("1", "LJ", 3))
		till.Way, till.Location, till.Destination = inventoryv1.DeliveryWay_CARRY_OUT, "S-01", nil
		_, err = r.Hold(order(t.Context()), till)
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err), "under the lock it is blocked at once")
		require.Equal(t, "2", metadataOf(err)["left"])
		_, err = r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 3)))
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err))

		require.NoError(t, r.BlockExpired(tenancy.WithService(t.Context(), "test")))
		require.Equal(t, map[string][3]int64{"OLD": {5, 1, 1}, "NEW": {2, 0, 0}}, r.lots(t, "S-01", "LJ"))
		row := r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{4, 2, 2}, []int64{row.Blocked, row.Online, row.AtTheTill})
		r.audit(t)
		_, err = r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: "ord_0"})
		require.NoError(t, err)
		row = r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{5, 2}, []int64{row.Blocked, row.Online}, "what is given back is expired all the same")

		ctx := hq(t.Context(), "operator")
		soon, err := r.ListLots(ctx, &inventoryv1.ListLotsRequest{ExpiresBeforeUs: (day + 10) * dayUS})
		require.NoError(t, err)
		require.Len(t, soon.Lots, 1)
		named := r.planned(t, "S-01", "S-02", wish("LJ", 3))
		_, err = r.SendTransfer(ctx, &inventoryv1.SendTransferRequest{RequestId: requestID(), Id: named.Id, Lines: []*inventoryv1.TransferSending{{Line: 1, Quantity: 1, Batch: "OLD"}}})
		require.Equal(t, "LOT_EXPIRED", reasonOf(err))
		_, err = r.SendTransfer(ctx, &inventoryv1.SendTransferRequest{RequestId: requestID(), Id: named.Id})
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err))
		off := damaged("S-01", "LJ", 6)
		off.Batch = "OLD"
		_, err = r.WriteOffLot(ctx, off)
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))
		off = damaged("S-01", "LJ", 5)
		off.Batch = "NONE"
		_, err = r.WriteOffLot(ctx, off)
		require.Equal(t, "NOT_FOUND", reasonOf(err))
		off = damaged("S-01", "LJ", 5)
		off.Batch = "OLD"
		gone, err := r.WriteOffLot(ctx, off)
		require.NoError(t, err)
		require.Equal(t, []int64{2, 0, 2}, []int64{gone.Stock.OnHand, gone.Stock.Blocked, gone.Stock.Online})
		r.audit(t)
	})
}

func TestLotsTravelWithTheirDates(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		day := r.today(t)
		r.lot(t, "S-01", "LJ", "SOON", 2, day+5)
		r.lot(t, "S-01", "LJ", "LATE", 4, day+90)
		r.stock(t, "S-01", "LJ", 3)
		moved := r.sent(t, r.planned(t, "S-01", "S-02", wish("LJ", 8)).Id)
		require.Len(t, moved.Lines[0].Lots, 3)
		require.Equal(t, "SOON", moved.Lines[0].Lots[0].Batch)
		r.audit(t)
		moved, err := r.ReceiveTransfer(hq(t.Context(), "operator"), arrived(moved.Id, &inventoryv1.TransferArrival{Line: 1, Received: 3, Damaged: 1, Missing: 1}))
		require.NoError(t, err)
		require.Equal(t, map[string][3]int64{"SOON": {2, 0, 0}, "LATE": {1, 0, 0}}, r.lots(t, "S-02", "LJ"))
		r.audit(t)
		_, err = r.CancelTransfer(hq(t.Context(), "operator"), &inventoryv1.CancelTransferRequest{RequestId: requestID(), Id: moved.Id})
		require.NoError(t, err)
		require.Equal(t, map[string][3]int64{"SOON": {}, "LATE": {1, 0, 0}}, r.lots(t, "S-01", "LJ"))
		back := r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{4, 1}, []int64{back.OnHand, back.InLots})
		there, err := r.ListLots(hq(t.Context()), &inventoryv1.ListLotsRequest{Location: "S-02"})
		require.NoError(t, err)
		require.Equal(t, day+5, there.Lots[0].ExpiresDay)
		r.audit(t)
	})
}

func TestLotsAreCountedDamagedAndCorrected(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		day := r.today(t)
		r.lot(t, "S-01", "LJ", "SOON", 3, day+5)
		r.lot(t, "S-01", "LJ", "LATE", 4, day+90)
		r.stock(t, "S-01", "LJ", 2)
		ctx := hq(t.Context(), "operator")
		_, err := r.MarkDamaged(ctx, damaged("S-01", "LJ", 4))
		require.NoError(t, err)
		require.Equal(t, map[string][3]int64{"SOON": {}, "LATE": {3, 0, 0}}, r.lots(t, "S-01", "LJ"), "what no lot is named for expires first")
		back := damaged("S-01", "LJ", 2)
		back.Batch = "SOON"
		_, err = r.RestoreDamaged(ctx, back)
		require.NoError(t, err)
		_, err = r.AdjustStock(ctx, &inventoryv1.AdjustStockRequest{RequestId: requestID(), Document: "count", Reason: "gone", Location: "S-01", Sku: "LJ", Delta: -1})
		require.NoError(t, err)
		require.Equal(t, map[string][3]int64{"SOON": {1, 0, 0}, "LATE": {3, 0, 0}}, r.lots(t, "S-01", "LJ"))
		_, err = r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 3)))
		require.NoError(t, err)
		r.audit(t)

		take := r.opened(t, &inventoryv1.OpenStocktakeRequest{Location: "S-01"})
		require.Equal(t, int64(3), take.Lines, "each lot, and what is in none")
		r.count(t, "bob", take.Id, &inventoryv1.StocktakeCount{Sku: "LJ", Batch: "LATE", Counted: 1}, &inventoryv1.StocktakeCount{Sku: "LJ", Batch: "SOON", Counted: 1}, found("LJ", 4))
		r.submit(t, "bob", take.Id)
		_, err = r.ApproveStocktake(person(t.Context(), "eve"), deciding(take.Id))
		require.NoError(t, err)
		require.Equal(t, map[string][3]int64{"SOON": {1, 1, 0}, "LATE": {1, 1, 0}}, r.lots(t, "S-01", "LJ"), "customers hold more of it than was found")
		row := r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{6, 3, 2}, []int64{row.OnHand, row.Reserved, row.InLots})
		r.audit(t)
		held, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{"ord_1"}})
		require.NoError(t, err)
		ship := &inventoryv1.ShipCall{Document: "ord_1", Fulfilment: "ful_1", Reason: "SHIP"}
		for _, res := range held.Reservations {
			ship.Lines = append(ship.Lines, &inventoryv1.ShipLine{ReservationId: res.Id, Quantity: res.Quantity})
		}
		_, err = r.branch.Ship(called(t.Context()), ship)
		require.NoError(t, err)
		row = r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{3, 0, 0}, []int64{row.OnHand, row.Reserved, row.InLots})
		r.audit(t)
	})
}

// Goods that left although the books did not have them take their lots along, and nothing is below zero.
func TestWhatLeavesWithoutAReservationTakesLotsAlong(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		day := r.today(t)
		r.lot(t, "S-01", "LJ", "SOON", 3, day+5)
		r.lot(t, "S-01", "LJ", "LATE", 2, day+90)
		held, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 2)))
		require.NoError(t, err)
		ship := func(fulfilment string, qty int64) {
			_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "ord_1", Fulfilment: fulfilment, Reason: "SHIP",
				Lines: []*inventoryv1.ShipLine{{ReservationId: held.Reservations[0].Id, Quantity: qty}}})
			require.NoError(t, err)
		}
		ship("ful_1", 4)
		require.Equal(t, map[string][3]int64{"SOON": {}, "LATE": {1, 0, 0}}, r.lots(t, "S-01", "LJ"))
		r.audit(t)
		ship("ful_2", 3)
		require.Equal(t, int64(-2), r.rows(t, "S-01", "LJ").OnHand)
		require.Equal(t, map[string][3]int64{"SOON": {}, "LATE": {}}, r.lots(t, "S-01", "LJ"))
		r.audit(t)
	})
}

// A hold that expires gives its lot back; paid for after all, it holds the same lot while that has enough.
func TestAnExpiredHoldGivesItsLotBack(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		day := r.today(t)
		r.lot(t, "S-01", "LJ", "SOON", 2, day+5)
		in := parcel("ord_1", line("1", "LJ", 2))
		now, err := r.clock.NowUS(t.Context())
		require.NoError(t, err)
		in.ExpiresAtUs = now + 1_000_000
		_, err = r.Hold(order(t.Context()), in)
		require.NoError(t, err)
		r.clock.Advance(2 * time.Second)
		require.Equal(t, 1, r.expire(t))
		require.Equal(t, [3]int64{2, 0, 0}, r.lots(t, "S-01", "LJ")["SOON"])
		confirm := func(document string) {
			_, err := r.branch.ConfirmHold(called(t.Context()), &inventoryv1.ConfirmHoldCall{Document: document})
			require.NoError(t, err)
		}
		confirm("ord_1")
		require.Equal(t, [3]int64{2, 2, 0}, r.lots(t, "S-01", "LJ")["SOON"])
		r.audit(t)
	})
}

func TestLotsAreShownToThoseWhoseTheyAre(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.lot(t, "F-01", "LJ", "A", 2, 40_000)
		r.lot(t, "S-01", "LJ", "B", 2, 0)
		count := func(ctx context.Context) int {
			got, err := r.ListLots(ctx, &inventoryv1.ListLotsRequest{})
			require.NoError(t, err)
			return len(got.Lots)
		}
		require.Equal(t, []int{2, 1, 0}, []int{count(hq(t.Context())), count(franchisee(t.Context(), "FR1", "clerk")), count(franchisee(t.Context(), "FR2", "clerk"))})
		_, err := r.ListLots(member(t.Context()), &inventoryv1.ListLotsRequest{})
		require.Equal(t, "FORBIDDEN", reasonOf(err))
		first, err := r.ListLots(hq(t.Context()), &inventoryv1.ListLotsRequest{PageSize: 1})
		require.NoError(t, err)
		second, err := r.ListLots(hq(t.Context()), &inventoryv1.ListLotsRequest{PageSize: 1, PageToken: first.NextPageToken})
		require.NoError(t, err)
		require.Equal(t, []string{"B", "A"}, []string{first.Lots[0].Code, second.Lots[0].Code})
		require.Empty(t, second.NextPageToken)
	})
}

// Lots expire under a history: whatever is held then, no expired piece is promised or sold again, and the books agree.
func TestExpiringLotsNeverBreakTheBooks(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		for round := range int64(4) {
			sku := fmt.Sprintf("X%d", round)
			r.lot(t, "S-01", sku, "A", 3+round, r.today(t)+round)
			r.lot(t, "S-01", sku, "B", 3, r.today(t)+round+1)
			r.stock(t, "S-01", sku, 2)
			_, err := r.Hold(order(t.Context()), parcel("ord_"+sku, line("1", sku, 2+round)))
			require.NoError(t, err)
			for range 3 {
				r.clock.Advance(20 * time.Hour)
				require.NoError(t, r.BlockExpired(tenancy.WithService(t.Context(), "test")))
				r.audit(t)
				left := r.rows(t, "S-01", sku).AtTheTill
				till := parcel(fmt.Sprintf("till_%s_%d", sku, requests.Load()), line("1", sku, left+1))
				till.Way, till.Location, till.Destination = inventoryv1.DeliveryWay_CARRY_OUT, "S-01", nil
				_, err := r.Hold(order(t.Context()), till)
				require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err))
			}
			_, err = r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: "ord_" + sku})
			require.NoError(t, err)
			r.audit(t)
		}
	})
}

// A lot is corrected by its code: what is found of a new one has its dates, and what is missing is missing of that one.
func TestAnAdjustmentNamesItsLot(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		day := r.today(t)
		r.lot(t, "S-01", "LJ", "SOON", 3, day+5)
		adjust := func(delta int64, code string, expires int64) error {
			in := &inventoryv1.AdjustStockRequest{RequestId: requestID(), Document: "count", Reason: "found", Location: "S-01", Sku: "LJ", Delta: delta, Batch: code, ExpiresDay: expires}
			_, err := r.AdjustStock(hq(t.Context(), "operator"), in)
			return err
		}
		require.NoError(t, adjust(4, "LATE", day+90))
		require.NoError(t, adjust(2, "LATE", 0), "its dates are known")
		require.NoError(t, adjust(1, "", 0))
		require.NoError(t, adjust(-5, "LATE", 0))
		require.Equal(t, map[string][3]int64{"SOON": {3, 0, 0}, "LATE": {1, 0, 0}}, r.lots(t, "S-01", "LJ"), "not of what expires first")
		require.Equal(t, int64(5), r.rows(t, "S-01", "LJ").OnHand)
		require.Equal(t, "LOT_DIFFERS", reasonOf(adjust(1, "LATE", day+91)))
		require.Equal(t, "NOT_FOUND", reasonOf(adjust(-1, "NONE", 0)))
		require.Equal(t, "VALIDATOR", reasonOf(adjust(1, "", day+9)), "dates of no lot")
		_, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 4)))
		require.NoError(t, err)
		err = adjust(-1, "LATE", 0)
		require.Equal(t, "STATE_CONFLICT", reasonOf(err), "it is held")
		require.Equal(t, "LATE", metadataOf(err)["batch"])
		require.NoError(t, adjust(2, "OLD", 10))
		require.Equal(t, [3]int64{2, 0, 1}, r.lots(t, "S-01", "LJ")["OLD"], "expired at once")
		moves, err := r.ListMovements(hq(t.Context()), &inventoryv1.ListMovementsRequest{Document: "count"})
		require.NoError(t, err)
		require.Equal(t, "OLD", moves.Movements[0].Batch)
		r.audit(t)
	})
}

// A file counts each lot, and what is in none, in any order and in parts; a lot that it does not know would be counted twice.
func TestAFileCountsLots(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		day := r.today(t)
		ctx := hq(t.Context(), "operator")
		of := func(code string, onHand, expires int64) *inventoryv1.ImportStockRow {
			row := counted("S-01", "LJ", onHand, 0)
			row.Batch, row.ExpiresDay = code, expires
			return row
		}
		first := []*inventoryv1.ImportStockRow{of("A", 12, day+90), counted("S-01", "LJ", 4, 2), of("B", 6, day+5)}
		got, err := r.ImportStock(ctx, importRows(first...))
		require.NoError(t, err)
		require.Empty(t, got.Errors)
		figures := func() []int64 {
			row := r.rows(t, "S-01", "LJ")
			return []int64{row.OnHand, row.InLots, row.SafetyStock}
		}
		require.Equal(t, []int64{22, 18, 2}, figures())
		require.Equal(t, map[string][3]int64{"A": {12, 0, 0}, "B": {6, 0, 0}}, r.lots(t, "S-01", "LJ"))
		_, err = r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 7)))
		require.NoError(t, err)
		again, err := r.ImportStock(ctx, importRows(first...))
		require.NoError(t, err)
		require.Equal(t, []int64{0, 0, 3}, []int64{again.Created, again.Updated, again.Unchanged}, "sent again it changes nothing")
		other, err := r.ImportStock(ctx, importRows(of("A", 11, day+90), of("B", 6, day+90), of("C", 1, 0)))
		require.NoError(t, err)
		require.Len(t, other.Errors, 1)
		require.Equal(t, "DUPLICATE", other.Errors[0].Reason, "the file has counted A as 12")
		require.Equal(t, int64(1), other.Created, "the next part of the same file")

		next := importRows(counted("S-01", "LJ", 30, 0))
		next.Document = "file-2"
		refused, err := r.ImportStock(ctx, next)
		require.NoError(t, err)
		require.Len(t, refused.Errors, 1)
		require.Equal(t, []string{"LOT_UNCOUNTED", "batch"}, []string{refused.Errors[0].Reason, refused.Errors[0].Field}, "30 in all, or beside the lots?")
		next = importRows(of("A", 9, 0), counted("S-01", "LJ", 3, 1), of("B", 7, day+5), of("C", 0, 0), of("D", 2, day-1))
		next.Document = "file-2"
		got, err = r.ImportStock(ctx, next)
		require.NoError(t, err)
		require.Empty(t, got.Errors)
		require.Equal(t, []int64{1, 4}, []int64{got.Created, got.Updated})
		require.Equal(t, map[string][3]int64{"A": {9, 1, 0}, "B": {7, 6, 0}, "C": {}, "D": {2, 0, 1}}, r.lots(t, "S-01", "LJ"))
		require.Equal(t, []int64{21, 18, 1}, figures())
		low := importRows(of("B", 5, 0), of("A", 9, day+91), of("", 1, 5), counted("S-02", "LJ", 1, 0))
		low.Document = "file-3"
		got, err = r.ImportStock(ctx, low)
		require.NoError(t, err)
		var reasons []string
		for _, e := range got.Errors {
			reasons = append(reasons, e.Reason)
		}
		require.ElementsMatch(t, []string{"STATE_CONFLICT", "LOT_DIFFERS", "VALIDATOR"}, reasons, "held, other dates, dates of no lot")
		require.Equal(t, int64(1), got.Created, "a wrong row stops no other")
		_, err = r.Hold(order(t.Context()), parcel("ord_2", line("1", "LJ", 11))) // also two pieces of no lot
		require.NoError(t, err)
		held := importRows(of("A", 9, 0), of("B", 7, 0), of("D", 2, 0), counted("S-01", "LJ", 1, 1))
		held.Document = "file-4"
		got, err = r.ImportStock(ctx, held)
		require.NoError(t, err)
		require.Len(t, got.Errors, 1)
		require.Equal(t, []string{"STATE_CONFLICT", "2 are reserved"}, []string{got.Errors[0].Reason, got.Errors[0].Message}, "expired pieces do not stand in for those of no lot")
		r.audit(t)
	})
}
