package service

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/ids"
)

func TestHoldTakesTheNearestSingleLocationAndShips(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 5)
		r.stock(t, "S-02", "LJ", 5)
		r.stock(t, "S-02", "TG", 5)
		got, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 2), line("2", "TG", 1)))
		require.NoError(t, err)
		require.Len(t, got.Reservations, 2)
		for _, res := range got.Reservations {
			require.Equal(t, "S-02", res.Location, "S-01 is nearer but has no TG")
			require.Equal(t, "HQ", res.Owner)
			require.Zero(t, res.SettlementPriceMinor)
			require.Equal(t, inventoryv1.ReservationState_HELD, res.State)
			require.Positive(t, res.DistanceM)
		}
		require.Equal(t, int64(2), r.rows(t, "S-02", "LJ").Reserved)
		require.Equal(t, int64(3), r.rows(t, "S-02", "LJ").Online)

		why, err := r.GetAllocation(hq(t.Context()), &inventoryv1.GetAllocationRequest{Document: "ord_1"})
		require.NoError(t, err)
		require.Contains(t, why.Text, "nearest single")
		require.Contains(t, why.Text, "TG 0 to promise")

		_, err = r.branch.ConfirmHold(called(t.Context()), &inventoryv1.ConfirmHoldCall{Document: "ord_1"})
		require.NoError(t, err)
		ship := &inventoryv1.ShipCall{Document: "ord_1", Location: "S-02", Fulfilment: "ful_1", Actor: "staff:ann", Reason: "SHIP"}
		for _, res := range got.Reservations {
			ship.Lines = append(ship.Lines, &inventoryv1.ShipLine{ReservationId: res.Id, Quantity: res.Quantity})
		}
		for range 2 { // again under another gid: the fulfilment itself is booked once
			_, err = r.branch.Ship(called(t.Context()), ship)
			require.NoError(t, err)
		}
		require.Equal(t, int64(3), r.rows(t, "S-02", "LJ").OnHand)
		require.Zero(t, r.rows(t, "S-02", "LJ").Reserved)
		moves, err := r.ListMovements(hq(t.Context()), &inventoryv1.ListMovementsRequest{Document: "ful_1"})
		require.NoError(t, err)
		require.Len(t, moves.Movements, 2)
		require.Equal(t, "staff:ann", moves.Movements[0].Actor)

		back := &inventoryv1.TakeBackCall{Document: "ret_1", Lines: []*inventoryv1.TakeBackLine{{LineId: "1", Sku: "LJ", Location: "F-01", Owner: "HQ", Quantity: 1}}}
		for range 2 {
			_, err = r.branch.TakeBack(called(t.Context()), back)
			require.NoError(t, err)
		}
		require.Equal(t, int64(1), r.rows(t, "F-01", "LJ").OnHand, "a row is opened where there was none")
		r.audit(t)
	})
}

func TestSettlementIsFrozenWhereTheOwnerDoesNotSell(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "F-01", "LJ", 5)
		got, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 2)))
		require.NoError(t, err)
		require.Equal(t, "FR1", got.Reservations[0].Owner)
		require.Equal(t, int64(6044), got.Reservations[0].SettlementPriceMinor, "60.5 % of 99.90 is 60.4395, half up")
		require.Equal(t, int64(300), got.Reservations[0].FulfilmentFeeMinor)

		closed := location("F-01", "FR1", inventoryv1.LocationKind_FRANCHISE_STORE, 31.2306, 121.4738)
		closed.Shared, closed.Version = false, 2
		r.put(t, closed)
		_, err = r.Hold(order(t.Context()), parcel("ord_2", line("1", "LJ", 1)))
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err), "without a contract the franchisee's stock is not headquarters' to sell")
		old := location("F-01", "FR1", inventoryv1.LocationKind_FRANCHISE_STORE, 31.2306, 121.4738)
		r.put(t, old)
		_, err = r.Hold(order(t.Context()), parcel("ord_3", line("1", "LJ", 1)))
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err), "an older version does not overwrite a newer one")

		own := parcel("ord_4", line("1", "LJ", 1))
		own.SellerOrg = "FR1"
		mine, err := r.Hold(order(t.Context()), own)
		require.NoError(t, err, "its own shop sells it")
		require.Zero(t, mine.Reservations[0].SettlementPriceMinor)
		r.audit(t)
	})
}

func TestSplitUsesTheFewestParcelsAndSaysWhatIsShort(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "F-01", "A", 1)
		r.stock(t, "S-01", "B", 1)
		r.stock(t, "S-02", "A", 1)
		r.stock(t, "S-02", "C", 1)
		got, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "A", 1), line("2", "B", 1), line("3", "C", 1)))
		require.NoError(t, err)
		at := map[string]string{}
		for _, res := range got.Reservations {
			at[res.Sku] = res.Location
		}
		require.Equal(t, map[string]string{"A": "S-02", "B": "S-01", "C": "S-02"}, at, "two parcels, not three")

		one := parcel("ord_2", line("1", "A", 1), line("2", "A", 1))
		_, err = r.Hold(order(t.Context()), one)
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err), "two lines of one SKU see each other")
		require.Equal(t, map[string]string{"sku": "A", "wanted": "2", "left": "1"}, metadataOf(err))
		_, again := r.Hold(order(t.Context()), one)
		require.Equal(t, reasonOf(err), reasonOf(again))
		require.Equal(t, metadataOf(err), metadataOf(again), "the refusal is recorded")
		r.stock(t, "S-01", "A", 5)
		_, again = r.Hold(order(t.Context()), one)
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(again), "also when stock has come since")
		r.audit(t)
	})
}

func TestPickupAndTillTakeTheNamedLocationOnly(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 3)
		r.stock(t, "S-02", "LJ", 9)
		safety := int64(2)
		_, err := r.AdjustStock(hq(t.Context(), "operator"), &inventoryv1.AdjustStockRequest{RequestId: requestID(), Document: "count-1", Reason: "found one", Location: "S-01", Sku: "LJ", Delta: 1, SafetyStock: &safety})
		require.NoError(t, err)
		pickup := parcel("ord_1", line("1", "LJ", 3))
		pickup.Way, pickup.Location = inventoryv1.DeliveryWay_PICKUP, "S-01"
		_, err = r.Hold(order(t.Context()), pickup)
		require.Equal(t, map[string]string{"sku": "LJ", "wanted": "3", "left": "2"}, metadataOf(err), "safety stock counts, and pickup is never moved")
		till := parcel("ord_2", line("1", "LJ", 4))
		till.Way, till.Location = inventoryv1.DeliveryWay_CARRY_OUT, "S-01"
		sold, err := r.Hold(order(t.Context()), till)
		require.NoError(t, err, "safety stock never stops a customer in the shop")
		_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "ord_2", Fulfilment: "ful_2", Reason: "SALE",
			Lines: []*inventoryv1.ShipLine{{ReservationId: sold.Reservations[0].Id, Quantity: 4}}})
		require.NoError(t, err)
		require.Zero(t, r.rows(t, "S-01", "LJ").OnHand)
		unknown := parcel("ord_3", line("1", "LJ", 1))
		unknown.Way, unknown.Location = inventoryv1.DeliveryWay_PICKUP, "S-99"
		_, err = r.Hold(order(t.Context()), unknown)
		require.Equal(t, "LOCATION_UNKNOWN", reasonOf(err))
		warehouse := parcel("ord_4", line("1", "LJ", 1))
		warehouse.Way, warehouse.Location = inventoryv1.DeliveryWay_CARRY_OUT, "W-01"
		_, err = r.Hold(order(t.Context()), warehouse)
		require.Equal(t, "NO_LOCATION", reasonOf(err), "a warehouse has no till")
		r.audit(t)
	})
}

func TestWithoutADestinationWarehousesComeFirst(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		for _, at := range []string{"F-01", "S-01", "W-01"} {
			r.stock(t, at, "LJ", 2)
		}
		blind := func(document string, qty int64) string {
			in := parcel(document, line("1", "LJ", qty))
			in.Destination = nil
			got, err := r.Hold(order(t.Context()), in)
			require.NoError(t, err)
			return got.Reservations[0].Location
		}
		require.Equal(t, "W-01", blind("ord_1", 2))
		require.Equal(t, "F-01", blind("ord_2", 2), "then stores by code")
		r.audit(t)
	})
}

func TestAReleaseThatCameFirstMakesTheHoldTooLate(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 3)
		gid := ids.GID("po", ids.New("ord"), 1)
		_, err := r.ReleaseHold(order(t.Context()), &inventoryv1.ReleaseHoldRequest{RequestId: requestID(), Document: "ord_1", Gid: gid})
		require.NoError(t, err, "an empty cancel succeeds")
		late := parcel("ord_1", line("1", "LJ", 1))
		late.Gid = gid
		_, err = r.Hold(order(t.Context()), late)
		require.Equal(t, "LATE_TRY", reasonOf(err))
		require.Zero(t, r.rows(t, "S-01", "LJ").Reserved)

		second := parcel("ord_1", line("1", "LJ", 1))
		second.Gid = ids.GID("po", ids.New("ord"), 2)
		held, err := r.Hold(order(t.Context()), second)
		require.NoError(t, err, "the next attempt is another transaction")
		repeat := parcel("ord_1", line("1", "LJ", 1))
		repeat.Gid = second.Gid
		same, err := r.Hold(order(t.Context()), repeat)
		require.NoError(t, err)
		require.Equal(t, held.Reservations[0].Id, same.Reservations[0].Id, "one transaction holds once, under whatever request id")
		third := parcel("ord_1", line("1", "LJ", 1))
		_, err = r.Hold(order(t.Context()), third)
		require.Equal(t, "STATE_CONFLICT", reasonOf(err), "one live hold a document")

		undone, err := r.ReleaseHold(order(t.Context()), &inventoryv1.ReleaseHoldRequest{RequestId: requestID(), Document: "ord_1", Gid: second.Gid})
		require.NoError(t, err)
		require.Equal(t, int64(1), undone.Released)
		require.Zero(t, r.rows(t, "S-01", "LJ").Reserved)
		r.audit(t)
	})
}

func TestOnlyServicesHold(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		_, err := r.Hold(hq(t.Context(), "admin"), parcel("ord_1", line("1", "LJ", 1)))
		require.Equal(t, "FORBIDDEN", reasonOf(err))
		_, err = r.ReleaseHold(member(t.Context()), &inventoryv1.ReleaseHoldRequest{RequestId: requestID(), Document: "ord_1"})
		require.Equal(t, "FORBIDDEN", reasonOf(err))
	})
}

func TestExpiryFreesOnceAndAPaidOneIsHeldAgain(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 3)
		now, err := r.clock.NowUS(t.Context())
		require.NoError(t, err)
		deadline := now + time.Minute.Microseconds()
		for i := range 3 {
			in := parcel(fmt.Sprintf("ord_%d", i), line("1", "LJ", 1))
			in.ExpiresAtUs = deadline
			_, err := r.Hold(order(t.Context()), in)
			require.NoError(t, err)
		}
		_, err = r.branch.ConfirmHold(called(t.Context()), &inventoryv1.ConfirmHoldCall{Document: "ord_0"})
		require.NoError(t, err)
		r.clock.Advance(time.Minute - time.Microsecond)
		require.Zero(t, r.expire(t), "not a microsecond early")
		r.clock.Advance(time.Microsecond)
		var wg sync.WaitGroup
		var mu sync.Mutex
		freed := 0
		for range 4 { // replicas
			wg.Go(func() {
				n := r.expire(t)
				mu.Lock()
				defer mu.Unlock()
				freed += n
			})
		}
		wg.Wait()
		require.Equal(t, 2, freed, "the confirmed one stays, the others are freed once")
		require.Equal(t, int64(1), r.rows(t, "S-01", "LJ").Reserved)

		// ord_1 was paid after all; two others take the rest first.
		_, err = r.Hold(order(t.Context()), parcel("ord_9", line("1", "LJ", 2)))
		require.NoError(t, err)
		for range 2 {
			_, err = r.branch.ConfirmHold(called(t.Context()), &inventoryv1.ConfirmHoldCall{Document: "ord_1"})
			require.NoError(t, err)
		}
		row := r.rows(t, "S-01", "LJ")
		require.Equal(t, int64(4), row.Reserved, "what is paid is held, also if it is not there")
		require.Zero(t, row.Online)
		r.audit(t)

		list, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{"ord_1"}})
		require.NoError(t, err)
		require.Len(t, list.Reservations, 2)
		// The order knows the first reservation only; its goods leave under that name.
		_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "ord_1", Fulfilment: "ful_1", Reason: "SHIP",
			Lines: []*inventoryv1.ShipLine{{ReservationId: list.Reservations[0].Id, Quantity: 1}}})
		require.NoError(t, err)
		require.Equal(t, int64(3), r.rows(t, "S-01", "LJ").Reserved)
		r.audit(t)
		r.stock(t, "S-01", "LJ", 5)
		r.audit(t)
		var open int64
		require.NoError(t, r.db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT COALESCE(SUM(open), 0) FROM discrepancies").Scan(&open))
		require.Zero(t, open, "what came in closes the gap")
	})
}

func TestAShipmentIsNeverLost(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 2)
		got, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 2)))
		require.NoError(t, err)
		_, err = r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: "ord_1"})
		require.NoError(t, err)
		_, err = r.Hold(order(t.Context()), parcel("ord_2", line("1", "LJ", 2)))
		require.NoError(t, err)
		_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "ord_1", Fulfilment: "ful_1", Reason: "SHIP", Lines: []*inventoryv1.ShipLine{
			{ReservationId: got.Reservations[0].Id, Quantity: 2}, {ReservationId: "res_nobody", Quantity: 1}}})
		require.NoError(t, err)
		row := r.rows(t, "S-01", "LJ")
		require.Zero(t, row.OnHand, "the goods are gone, whoever held them")
		require.Equal(t, int64(2), row.Reserved)
		r.audit(t) // the gap of 2 is listed
		var kinds int
		require.NoError(t, r.db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM discrepancies WHERE open > 0").Scan(&kinds))
		require.Equal(t, 2, kinds, "the shortfall, and the reservation that nobody knows")
	})
}

func TestOneOfSixtyFourGetsTheLastUnit(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		for round := range 3 {
			sku := fmt.Sprintf("SKU-%d", round)
			r.stock(t, "S-01", sku, 1)
			var wg sync.WaitGroup
			results := make(chan error, 64)
			for i := range 64 {
				wg.Go(func() {
					_, err := r.Hold(order(t.Context()), parcel(fmt.Sprintf("ord_%d_%d", round, i), line("1", sku, 1)))
					results <- err
				})
			}
			wg.Wait()
			close(results)
			won := 0
			for err := range results {
				if err == nil {
					won++
					continue
				}
				require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err), "%v", err)
			}
			require.Equal(t, 1, won)
			require.Equal(t, int64(1), r.rows(t, "S-01", sku).Reserved)
		}
		r.audit(t)
	})
}
