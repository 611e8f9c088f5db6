package biz

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever inventory and the order know of each other, however late: no piece is in two fulfilments that ship, none that is
// held is in none, and following again changes nothing.
func TestFollowingNeverShipsAPieceTwice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const line, sku = "lin", "tea"
		total := rapid.Int64Range(1, 9).Draw(rt, "ordered")
		o := Restore(Record{Header: Header{ID: "ord", State: OrderPaid}, Lines: []Line{{ID: line, SKU: sku, Quantity: total}}}, Terms{}, 1, "t")
		var held []HeldStock
		hold := func(qty int64, replaces string) {
			n := len(held)
			held = append(held, HeldStock{Reservation: Reservation{ID: fmt.Sprintf("r%d", n), LineID: line, SKU: sku, Location: fmt.Sprintf("S%d", n), LocationOrg: "hq", Owner: "hq", Quantity: qty},
				Open: qty, State: "CONFIRMED", Replaces: replaces})
		}
		hold(total, "")
		require.NoError(rt, o.Follow(held, false))
		unsent := map[string]int64{} // shipped by the order, not known to inventory yet
		waits := int64(0)
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			i := rapid.IntRange(0, len(held)-1).Draw(rt, "reservation")
			switch rapid.IntRange(0, 3).Draw(rt, "step") {
			case 0: // a location declines a part: another holds it, or it waits
				h := &held[i]
				if free := h.Open - unsent[h.ID]; free > 0 {
					n := rapid.Int64Range(1, free).Draw(rt, "missing")
					h.Open -= n
					if rapid.Bool().Draw(rt, "elsewhere") {
						hold(n, h.ID)
					} else {
						waits += n
					}
				}
			case 1: // a fulfilment ships
				for k := range o.r.Fulfilments {
					if f := &o.r.Fulfilments[k]; f.State == FulfilmentAssigned && f.Location == held[i].Location {
						ready := true
						for _, l := range f.Lines {
							ready = ready && held[i].Open-unsent[held[i].ID] >= l.Quantity
						}
						if ready {
							require.NoError(rt, o.Accept(f.ID))
							require.NoError(rt, o.Ship(f.ID, "", ""))
							for _, l := range f.Lines {
								unsent[l.ReservationID] += l.Quantity
							}
						}
					}
				}
			case 2: // inventory hears of it
				h := &held[i]
				h.Open, h.Shipped = h.Open-unsent[h.ID], h.Shipped+unsent[h.ID]
				delete(unsent, h.ID)
			case 3: // stock comes
				if waits > 0 {
					hold(waits, "")
					waits = 0
				}
			}
			require.NoError(rt, o.Follow(held, waits > 0))
			version := o.r.Version
			require.NoError(rt, o.Follow(held, waits > 0))
			require.Equal(rt, version, o.r.Version, "following again")
			sum := int64(0)
			for _, f := range o.r.Fulfilments {
				if f.Ends() {
					for _, l := range f.Lines {
						sum += l.Quantity
					}
				}
			}
			require.Equal(rt, total-waits, sum)
			require.Equal(rt, waits > 0, o.r.Unallocated)
		}
	})
}

func TestGoodsThatLeftAfterADeclineAreNotShippedAgain(t *testing.T) {
	o := Restore(Record{Header: Header{ID: "ord", State: OrderPaid}, Lines: []Line{{ID: "l", SKU: "tea", Quantity: 2}}}, Terms{}, 1, "t")
	first := HeldStock{Reservation: Reservation{ID: "r1", LineID: "l", SKU: "tea", Location: "S1", Quantity: 2}, Open: 2, State: "CONFIRMED"}
	require.NoError(t, o.Follow([]HeldStock{first}, false))
	require.NoError(t, o.Accept(o.r.Fulfilments[0].ID))
	require.NoError(t, o.Ship(o.r.Fulfilments[0].ID, "", ""))
	first.Open = 0 // declined in inventory at the same moment
	second := HeldStock{Reservation: Reservation{ID: "r2", LineID: "l", SKU: "tea", Location: "S2", Quantity: 2}, Open: 2, State: "CONFIRMED", Replaces: "r1"}
	require.NoError(t, o.Follow([]HeldStock{first, second}, false))
	require.Len(t, o.r.Fulfilments, 1)
}

func TestAHoldThatExpiredAndWasPaidForStandsForItsFulfilment(t *testing.T) {
	o := Restore(Record{Header: Header{ID: "ord", State: OrderPaid}, Lines: []Line{{ID: "l", SKU: "tea", Quantity: 2}}}, Terms{}, 1, "t")
	first := HeldStock{Reservation: Reservation{ID: "r1", LineID: "l", SKU: "tea", Location: "S1", Quantity: 2}, Open: 2, State: "HELD"}
	require.NoError(t, o.Follow([]HeldStock{first}, false))
	first.Open, first.State = 0, "EXPIRED"
	again := HeldStock{Reservation: Reservation{ID: "r2", LineID: "l", SKU: "tea", Location: "S1", Quantity: 2}, Open: 2, State: "CONFIRMED", Replaces: "r1"}
	require.NoError(t, o.Follow([]HeldStock{first, again}, false))
	require.Len(t, o.r.Fulfilments, 1)
	require.Equal(t, FulfilmentAssigned, o.r.Fulfilments[0].State)
}
