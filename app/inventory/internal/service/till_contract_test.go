package service

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

func tillSale(document, at string, lines ...*inventoryv1.TillSaleLine) *inventoryv1.BookTillSaleRequest {
	return &inventoryv1.BookTillSaleRequest{RequestId: requestID(), Document: document, Location: at, Lines: lines}
}

func soldAt(id, sku string, qty int64) *inventoryv1.TillSaleLine {
	return &inventoryv1.TillSaleLine{LineId: id, Sku: sku, Quantity: qty, SoldAtUs: 1_700_000_000_000_000}
}

// missing are the discrepancies of a row: size and what is open of each.
func (r *rig) missing(t testing.TB, at, sku string) (list []string) {
	t.Helper()
	rows, err := r.db.Conn(t.Context()).QueryContext(t.Context(), "SELECT document, size, open FROM discrepancies WHERE location = ? AND sku = ? ORDER BY opened_us, id", at, sku)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var document string
		var size, open int64
		require.NoError(t, rows.Scan(&document, &size, &open))
		list = append(list, fmt.Sprint(document, " ", size, " ", open))
	}
	require.NoError(t, rows.Err())
	return list
}

// held is what a document holds, and where.
func (r *rig) held(t testing.TB, document string) (list []string) {
	t.Helper()
	got, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{document}})
	require.NoError(t, err)
	for _, res := range got.Reservations {
		if res.Open > 0 {
			list = append(list, fmt.Sprint(res.Location, " ", res.Open, " ", res.State))
		}
	}
	slices.Sort(list)
	return list
}

// The example of the domain, from the first figure to the last.
func TestTheWorkedExample(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 10)
		r.safety(t, "S-01", "LJ", 2)
		r.policy(t, quota("douyin", "S-01", "LJ", 3))
		require.Equal(t, []int64{5, 3, 10}, r.figures(t, "S-01", "LJ"))

		_, err := r.Hold(order(t.Context()), by("miniprogram", parcel("ord_1", line("1", "LJ", 5))))
		require.NoError(t, err)
		_, err = r.branch.ConfirmHold(called(t.Context()), &inventoryv1.ConfirmHoldCall{Document: "ord_1"})
		require.NoError(t, err)
		require.Equal(t, []int64{0, 3, 5}, r.figures(t, "S-01", "LJ"))

		r.stock(t, "S-02", "LJ", 2) // another location has them
		sale := tillSale("till_1", "S-01", soldAt("1", "LJ", 7))
		got, err := r.till.BookTillSale(order(t.Context()), sale)
		require.NoError(t, err)
		l := got.Lines[0]
		require.Equal(t, []int64{3, 2, 0}, []int64{l.OnHand, l.Shortfall, l.Left})
		require.Len(t, l.Moved, 1)
		require.Equal(t, []any{"ord_1", "1", "S-02", int64(2)}, []any{l.Moved[0].Document, l.Moved[0].LineId, l.Moved[0].Location, l.Moved[0].Quantity})

		row := r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{3, 3}, []int64{row.OnHand, row.Reserved})
		require.Equal(t, []string{"till_1 2 0"}, r.missing(t, "S-01", "LJ"), "listed, and closed by the move")
		require.Equal(t, []string{"S-01 3 CONFIRMED", "S-02 2 CONFIRMED"}, r.held(t, "ord_1"))
		require.Equal(t, []int64{0, 0, 0}, r.figures(t, "S-01", "LJ"), "nothing is left to promise")
		require.Equal(t, []int64{0, 0, 0}, r.figures(t, "S-02", "LJ"), "anywhere")
		r.audit(t)

		again, err := r.till.BookTillSale(order(t.Context()), sale)
		require.NoError(t, err)
		require.Equal(t, got.String(), again.String())
		sale.RequestId = requestID()
		again, err = r.till.BookTillSale(order(t.Context()), sale)
		require.NoError(t, err)
		require.True(t, again.Lines[0].Before, "under another request id it is the same sale")
		require.Equal(t, int64(3), r.rows(t, "S-01", "LJ").OnHand)

		moves, err := r.ListMovements(hq(t.Context()), &inventoryv1.ListMovementsRequest{Document: "till_1"})
		require.NoError(t, err)
		require.Len(t, moves.Movements, 1)
		require.Equal(t, []any{"SALE", int64(-7), "sold offline at 2023-11-14T22:13:20Z"}, []any{moves.Movements[0].Reason, moves.Movements[0].Quantity, moves.Movements[0].Note})
		r.audit(t)
	})
}

func TestTheYoungestMoveAndPickupStays(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 6)
		for i, in := range []*inventoryv1.HoldRequest{
			parcel("old", line("1", "LJ", 2)), parcel("young", line("1", "LJ", 2)), pickup("collected", "S-01", line("1", "LJ", 2)),
		} {
			_, err := r.Hold(order(t.Context()), in)
			require.NoError(t, err, i)
			r.clock.Advance(time.Second)
		}
		r.stock(t, "W-01", "LJ", 1)
		r.stock(t, "S-02", "LJ", 1)
		got, err := r.till.BookTillSale(order(t.Context()), tillSale("till_1", "S-01", soldAt("1", "LJ", 2)))
		require.NoError(t, err)
		require.Equal(t, []int64{4, 2, 0}, []int64{got.Lines[0].OnHand, got.Lines[0].Shortfall, got.Lines[0].Left})
		require.Equal(t, []string{"S-02 1 HELD", "W-01 1 HELD"}, r.held(t, "young"), "in parts, the nearest first, when nobody has all")
		require.Equal(t, []string{"S-01 2 HELD"}, r.held(t, "old"))
		r.audit(t)

		got, err = r.till.BookTillSale(order(t.Context()), tillSale("till_2", "S-01", soldAt("1", "LJ", 4)))
		require.NoError(t, err)
		require.Equal(t, []int64{0, 4, 4}, []int64{got.Lines[0].OnHand, got.Lines[0].Shortfall, got.Lines[0].Left}, "nobody else has any")
		require.Equal(t, []string{"till_1 2 0", "till_2 4 4"}, r.missing(t, "S-01", "LJ"))
		require.Equal(t, []string{"S-01 2 HELD"}, r.held(t, "old"), "what cannot move stays reserved")
		require.Equal(t, []string{"S-01 2 HELD"}, r.held(t, "collected"))
		r.audit(t)

		r.stock(t, "F-01", "LJ", 9)
		_, err = r.till.BookTillSale(order(t.Context()), tillSale("till_3", "S-01", soldAt("1", "LJ", 1)))
		require.NoError(t, err)
		require.Equal(t, []string{"S-01 2 HELD"}, r.held(t, "collected"), "pickup is never moved silently")
		require.Equal(t, int64(-1), r.rows(t, "S-01", "LJ").OnHand)
		r.audit(t)
	})
}

// Where the owner changes with the move, its settlement price is the rate of the new location, of the list price of today.
func TestAMoveKeepsTheRulesOfSettlement(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 2)
		in := parcel("ord_1", line("1", "LJ", 2))
		in.ExpiresAtUs = r.nowUS(t) + time.Hour.Microseconds()
		_, err := r.Hold(order(t.Context()), in)
		require.NoError(t, err)
		r.stock(t, "F-01", "LJ", 2)
		r.shop.down.Store(true)
		got, err := r.till.BookTillSale(order(t.Context()), tillSale("till_1", "S-01", soldAt("1", "LJ", 1)))
		require.NoError(t, err)
		require.Equal(t, int64(1), got.Lines[0].Left, "without a price nothing moves to another owner's goods, and the sale is booked all the same")
		r.shop.down.Store(false)
		_, err = r.till.BookTillSale(order(t.Context()), tillSale("till_2", "S-01", soldAt("1", "LJ", 1)))
		require.NoError(t, err)
		listed, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{"ord_1"}})
		require.NoError(t, err)
		moved := listed.Reservations[slices.IndexFunc(listed.Reservations, func(res *inventoryv1.Reservation) bool { return res.Location == "F-01" })]
		require.Equal(t, []int64{1, 6044, 300, in.ExpiresAtUs}, []int64{moved.Quantity, moved.SettlementPriceMinor, moved.FulfilmentFeeMinor, moved.ExpiresAtUs})
		require.Equal(t, []string{"1", "FR1", "FR1"}, []string{moved.LineId, moved.Owner, moved.LocationOrg})
		r.audit(t)
	})
}

// A quota holds at the place that a reservation moves to, and is given back where it leaves.
func TestAMoveStaysWithinThePolicies(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 4)
		here, there := r.policy(t, quota("douyin", "S-01", "LJ", 2)), r.policy(t, quota("douyin", "S-02", "LJ", 1))
		_, err := r.Hold(order(t.Context()), by("jd", parcel("jd_1", line("1", "LJ", 2))))
		require.NoError(t, err)
		r.clock.Advance(time.Second)
		_, err = r.Hold(order(t.Context()), by("douyin", parcel("dy_1", line("1", "LJ", 2))))
		require.NoError(t, err)
		r.stock(t, "S-02", "LJ", 4)
		got, err := r.till.BookTillSale(order(t.Context()), tillSale("till_1", "S-01", soldAt("1", "LJ", 4)))
		require.NoError(t, err)
		require.Equal(t, int64(1), got.Lines[0].Left)
		require.Equal(t, []string{"S-01 1 HELD", "S-02 1 HELD"}, r.held(t, "dy_1"))
		require.Equal(t, []string{"S-02 2 HELD"}, r.held(t, "jd_1"))
		require.Equal(t, []int64{1, 1}, []int64{r.used(t, here.Id), r.used(t, there.Id)})
		r.audit(t)
	})
}

// The store that a reservation has left may ship it all the same: the goods are gone there, and are held elsewhere no more.
func TestWhatIsShippedAfterItHasMovedIsCalledBack(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 3)
		held, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 3)))
		require.NoError(t, err)
		r.stock(t, "S-02", "LJ", 5)
		_, err = r.till.BookTillSale(order(t.Context()), tillSale("till_1", "S-01", soldAt("1", "LJ", 2)))
		require.NoError(t, err)
		require.Equal(t, []string{"S-01 1 HELD", "S-02 2 HELD"}, r.held(t, "ord_1"))
		_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "ord_1", Fulfilment: "ful_1", Reason: "SHIP",
			Lines: []*inventoryv1.ShipLine{{ReservationId: held.Reservations[0].Id, Quantity: 3}}})
		require.NoError(t, err)
		require.Empty(t, r.held(t, "ord_1"))
		require.Equal(t, []int64{-2, 0}, []int64{r.rows(t, "S-01", "LJ").OnHand, r.rows(t, "S-01", "LJ").Reserved})
		require.Equal(t, []int64{5, 0}, []int64{r.rows(t, "S-02", "LJ").OnHand, r.rows(t, "S-02", "LJ").Reserved})
		r.audit(t)
	})
}

func TestATillSaleIsBookedInAnyCase(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		got, err := r.till.BookTillSale(order(t.Context()), tillSale("till_1", "S-01", soldAt("1", "NEW", 2), soldAt("2", "NEW", 1)))
		require.NoError(t, err)
		require.Equal(t, int64(-3), got.Lines[1].OnHand, "what the books never had has left all the same")
		require.Equal(t, int64(-3), r.rows(t, "S-01", "NEW").OnHand)
		_, err = r.till.BookTillSale(order(t.Context()), tillSale("till_2", "S-99", soldAt("1", "LJ", 1)))
		require.Equal(t, "LOCATION_UNKNOWN", reasonOf(err))
		_, err = r.till.BookTillSale(hq(t.Context(), "admin"), tillSale("till_2", "S-01", soldAt("1", "LJ", 1)))
		require.Equal(t, "FORBIDDEN", reasonOf(err))
		_, err = r.till.BookTillSale(order(t.Context()), tillSale("till_2", "S-01", soldAt("1", "LJ", 1), soldAt("1", "LJ", 1)))
		require.Equal(t, "VALIDATOR", reasonOf(err))
		r.audit(t)
	})
}

// Any mix of holds, confirmations, releases, expiry, shipments and till sales keeps the invariants, and no document ever holds
// more than it asked for.
func TestTillSalesAmongOtherHistories(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			sku := fmt.Sprintf("SKU-%d", round)
			asked := map[string]int64{}
			var documents []string
			rt.Repeat(map[string]func(*rapid.T){
				"receive": func(rt *rapid.T) {
					r.stock(t, rapid.SampledFrom(places).Draw(rt, "at"), sku, rapid.Int64Range(1, 6).Draw(rt, "qty"))
				},
				"hold": func(rt *rapid.T) {
					document, qty := fmt.Sprintf("o_%d_%d", round, len(documents)), rapid.Int64Range(1, 5).Draw(rt, "qty")
					in := parcel(document, line("1", sku, qty))
					if rapid.Bool().Draw(rt, "pickup") {
						in = pickup(document, "S-01", line("1", sku, qty))
					}
					if rapid.Bool().Draw(rt, "deadline") {
						in.ExpiresAtUs = r.nowUS(t) + time.Minute.Microseconds()
					}
					if _, err := r.Hold(order(t.Context()), in); err != nil {
						require.Equal(rt, "STOCK_INSUFFICIENT", reasonOf(err))
						return
					}
					documents, asked[document] = append(documents, document), qty
				},
				"sell": func(rt *rapid.T) {
					r.clock.Advance(time.Second)
					_, err := r.till.BookTillSale(order(t.Context()), tillSale(requestID(), rapid.SampledFrom(places).Draw(rt, "at"), soldAt("1", sku, rapid.Int64Range(1, 6).Draw(rt, "qty"))))
					require.NoError(rt, err)
				},
				"go on": func(rt *rapid.T) {
					if len(documents) == 0 {
						rt.Skip("no document")
					}
					document := rapid.SampledFrom(documents).Draw(rt, "document")
					var err error
					switch rapid.IntRange(0, 3).Draw(rt, "step") {
					case 0:
						_, err = r.branch.ConfirmHold(called(t.Context()), &inventoryv1.ConfirmHoldCall{Document: document})
					case 1:
						_, err = r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: document})
					case 2:
						listed, e := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{document}})
						require.NoError(rt, e)
						res := listed.Reservations[rapid.IntRange(0, len(listed.Reservations)-1).Draw(rt, "reservation")]
						_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: document, Fulfilment: requestID(), Lines: []*inventoryv1.ShipLine{{ReservationId: res.Id, Quantity: res.Quantity}}})
					case 3:
						r.clock.Advance(2 * time.Minute)
						r.expire(t)
					}
					require.NoError(rt, err)
				},
				"": func(rt *rapid.T) {
					if len(documents) == 0 {
						return
					}
					listed, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: documents})
					require.NoError(rt, err)
					open := map[string]int64{}
					for _, res := range listed.Reservations {
						open[res.Document] += res.Open
					}
					for document, pieces := range open {
						require.LessOrEqual(rt, pieces, asked[document], document)
					}
				},
			})
			if round%auditEvery == 0 {
				r.audit(t)
			}
		})
		r.audit(t)
	})
}

// What moves is work of the location that it moves to, and a location whose day is full gets none.
func TestAMoveTakesCapacity(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.profile(t, &inventoryv1.LocationProfile{Location: "S-02", TimeZone: "Asia/Shanghai", DailyOrders: 1})
		r.stock(t, "S-01", "LJ", 2)
		for _, document := range []string{"ord_1", "ord_2"} {
			_, err := r.Hold(order(t.Context()), parcel(document, line("1", "LJ", 1)))
			require.NoError(t, err)
			r.clock.Advance(time.Second)
		}
		r.stock(t, "S-02", "LJ", 5)
		got, err := r.till.BookTillSale(order(t.Context()), tillSale("till_1", "S-01", soldAt("1", "LJ", 2)))
		require.NoError(t, err)
		require.Equal(t, int64(1), got.Lines[0].Left, "one order a day, and no more")
		require.Equal(t, []string{"S-02 1 HELD"}, r.held(t, "ord_2"))
		require.Equal(t, []string{"S-01 1 HELD"}, r.held(t, "ord_1"))
		r.audit(t)
	})
}

// Goods that others held after the sale was looked at, and before its locks, are found a place too: the sale asks again.
func TestATillSaleThatIsOvertakenLooksAgain(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 3)
		r.stock(t, "S-02", "LJ", 3)
		in := fromTillSale(tillSale("till_1", "S-01", soldAt("1", "LJ", 2)))
		ctx := order(t.Context())
		facts, err := r.till.sale.Look(ctx, in, 0)
		require.NoError(t, err)
		_, err = r.Hold(ctx, parcel("ord_1", line("1", "LJ", 3))) // all of S-01
		require.NoError(t, err)
		sell := func() error {
			return r.store.Together(ctx, r.till.sale.Need(in, facts), func(b *biz.Book) error {
				_, err := r.till.sale.Decide(b, "till", in, facts)
				return err
			})
		}
		require.ErrorAs(t, sell(), new(biz.Elsewhere))
		require.Equal(t, int64(3), r.rows(t, "S-01", "LJ").OnHand, "nothing is booked meanwhile")
		facts, err = r.till.sale.Look(ctx, in, 1)
		require.NoError(t, err)
		require.NoError(t, sell())
		require.Equal(t, []string{"S-01 1 HELD", "S-02 2 HELD"}, r.held(t, "ord_1"))
		r.audit(t)
	})
}

// What could not move when it was sold over its owner's head moves when stock comes, in the next turn, and before those who
// wait get some.
func TestWhatCouldNotMoveIsTriedAgainWhenStockComes(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 3)
		r.paid(t, parcel("ord_1", line("1", "LJ", 2)))
		_, err := r.Hold(order(t.Context()), pickup("collected", "S-01", line("1", "LJ", 1)))
		require.NoError(t, err)
		r.waits(t, patient("later", 9, 0, line("1", "LJ", 1)))
		turn := r.following(t)
		turn()
		got, err := r.till.BookTillSale(order(t.Context()), tillSale("till_1", "S-01", soldAt("1", "LJ", 3)))
		require.NoError(t, err)
		require.Equal(t, int64(3), got.Lines[0].Left)
		require.Zero(t, turn())
		r.stock(t, "S-02", "TG", 5)
		require.Zero(t, turn())
		require.Equal(t, []string{"S-01 2 CONFIRMED"}, r.held(t, "ord_1"))
		r.stock(t, "S-02", "LJ", 1)
		require.Zero(t, turn())
		require.Equal(t, []string{"S-01 1 CONFIRMED", "S-02 1 CONFIRMED"}, r.held(t, "ord_1"), "as many as have come")
		require.Equal(t, []string{"till_1 3 2"}, r.missing(t, "S-01", "LJ"))
		r.audit(t)
		r.stock(t, "W-01", "LJ", 2)
		require.Equal(t, 1, turn(), "what is left goes to the one that waits")
		require.Equal(t, []string{"S-02 1 CONFIRMED", "W-01 1 CONFIRMED"}, r.held(t, "ord_1"))
		require.Equal(t, []string{"S-01 1 HELD"}, r.held(t, "collected"), "pickup is never moved")
		require.Equal(t, []string{"till_1 3 1"}, r.missing(t, "S-01", "LJ"))
		require.Equal(t, 1, r.deliver(t)["ord_1"]/2, "the order center is told of both moves")
		r.audit(t)

		// The sweep finds what no log tells: a location that opens again.
		r.stock(t, "S-01", "PT", 1)
		r.paid(t, parcel("ord_2", line("1", "PT", 1)))
		off := location("F-01", "FR1", inventoryv1.LocationKind_FRANCHISE_STORE, 31.2306, 121.4738)
		off.Active, off.Version = false, 2
		r.put(t, off)
		r.stock(t, "F-01", "PT", 1)
		_, err = r.till.BookTillSale(order(t.Context()), tillSale("till_2", "S-01", soldAt("1", "PT", 1)))
		require.NoError(t, err)
		turn()
		require.Equal(t, []string{"S-01 1 CONFIRMED"}, r.held(t, "ord_2"))
		off.Active, off.Version = true, 3
		r.put(t, off)
		for range sweepTurns {
			turn()
		}
		require.Equal(t, []string{"F-01 1 CONFIRMED"}, r.held(t, "ord_2"))
		r.audit(t)
	})
}

// The order keeps where its customer is: what moves, moves near to him, and not back to who has declined it.
func TestAMoveGoesNearTheCustomer(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.put(t, location("S-09", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.1010, 121.3000), location("S-08", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.1100, 121.3000))
		there := &commonv1.GeoPoint{Lat: 31.1000, Lng: 121.3000} // far from S-01
		for _, document := range []string{"ord_1", "ord_2"} {
			in := parcel(document, line("1", "LJ", 1))
			in.Destination = there
			r.stock(t, "S-01", "LJ", 1)
			r.paid(t, in)
			r.clock.Advance(time.Second)
		}
		_, err := r.Hold(order(t.Context()), parcel("nowhere", line("1", "TG", 1)))
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err))
		for _, at := range []string{"S-02", "S-08", "S-09"} {
			r.stock(t, at, "LJ", 2)
		}
		_, err = r.till.BookTillSale(order(t.Context()), tillSale("till_1", "S-01", soldAt("1", "LJ", 1)))
		require.NoError(t, err)
		require.Equal(t, []string{"S-09 1 CONFIRMED"}, r.held(t, "ord_2"))
		listed, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{"ord_2"}})
		require.NoError(t, err)
		for _, res := range listed.Reservations {
			if res.Location == "S-09" {
				require.InDelta(t, 111, res.DistanceM, 2, "metres to the customer")
			}
		}
		// S-09 declines the next one before the till takes its piece.
		_, err = r.DeclineAssignment(hq(t.Context(), "operator"), declining("ord_2", "S-09"))
		require.NoError(t, err)
		require.Equal(t, []string{"S-08 1 CONFIRMED"}, r.held(t, "ord_2"))
		_, err = r.till.BookTillSale(order(t.Context()), tillSale("till_2", "S-08", soldAt("1", "LJ", 2)))
		require.NoError(t, err)
		require.Equal(t, []string{"S-02 1 CONFIRMED"}, r.held(t, "ord_2"), "not S-09 again, which has two")
		r.audit(t)
	})
}

// A store that gets an order by a till's sale elsewhere is asked for its answer like any other, and may decline a part of it.
func TestWhoGetsAnOrderByATillSaleIsAskedForAnAnswer(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.answered(t, "")
		r.stock(t, "S-01", "LJ", 5)
		r.paid(t, parcel("ord_1", line("1", "LJ", 5)))
		r.stock(t, "S-02", "LJ", 5)
		turn := r.following(t)
		turn()
		_, err := r.till.BookTillSale(order(t.Context()), tillSale("till_1", "S-01", soldAt("1", "LJ", 5)))
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"S-02/1": 5}, r.open(t, "ord_1"))
		asked := func(location string) (list []string) {
			got, err := r.ListAssignments(hq(t.Context(), "operator"), &inventoryv1.ListAssignmentsRequest{Document: "ord_1"})
			require.NoError(t, err)
			for _, a := range got.Assignments {
				if a.Location == location {
					list = append(list, fmt.Sprint(a.Round, " ", a.State))
				}
			}
			return list
		}
		require.Equal(t, []string{"1 ASSIGNED"}, asked("S-02"))

		r.clock.Advance(9 * time.Minute)
		_, err = r.AcceptAssignment(hq(t.Context(), "operator"), &inventoryv1.AcceptAssignmentRequest{RequestId: requestID(), Document: "ord_1", Location: "S-02"})
		require.NoError(t, err)
		r.clock.Advance(2 * time.Minute)
		r.timeOut(t) // nothing is open at the first any more
		require.Equal(t, []string{"1 LAPSED"}, asked("S-01"))
		_, err = r.till.BookTillSale(order(t.Context()), tillSale("till_2", "S-02", soldAt("1", "LJ", 5)))
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"S-02/1": 5}, r.open(t, "ord_1"), "there is none anywhere")
		r.stock(t, "S-01", "LJ", 5) // has what it had promised back
		turn()
		require.Equal(t, map[string]int64{"S-01/1": 5}, r.open(t, "ord_1"))
		require.ElementsMatch(t, []string{"1 LAPSED", "2 ASSIGNED"}, asked("S-01"))
		_, err = r.DeclineAssignment(hq(t.Context(), "operator"), declining("ord_1", "S-01", missing("1", 2)))
		require.NoError(t, err)
		r.audit(t)
	})
}
