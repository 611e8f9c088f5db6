package service

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// shelves is what a clerk with a notebook would know of one SKU.
type shelves struct {
	onHand, reserved, damaged, inTransit map[string]int64 // by location
}

// TestAnyHistoryOfMovesAgreesWithTheNotebook runs random histories of receipts with and without lots, holds, shipments,
// damage, transfers in parts, stocktakes and expiring lots against the notebook, on each engine; each ends in the audit. A
// failure prints rapid's seed.
func TestAnyHistoryOfMovesAgreesWithTheNotebook(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			h := &wandering{t: t, rt: rt, r: r, sku: fmt.Sprintf("M%d", round), open: map[string]*inventoryv1.Transfer{},
				held: map[string][]*inventoryv1.Reservation{}, lots: map[string]int64{}, takes: map[string]map[string]int64{},
				shelves: shelves{map[string]int64{}, map[string]int64{}, map[string]int64{}, map[string]int64{}}}
			rt.Repeat(map[string]func(*rapid.T){
				"receive": h.receive, "hold": h.hold, "release": h.release, "ship": h.ship, "damage": h.damage, "restore": h.restore, "write off": h.writeOff,
				"send": h.send, "arrive": h.arrive, "send back": h.sendBack, "open a stocktake": h.openTake, "approve a stocktake": h.approveTake, "": h.compare,
			})
			if round%auditEvery == 0 {
				r.audit(t)
			}
		})
		r.audit(t)
	})
}

// wandering goods: one SKU in three places.
type wandering struct {
	shelves
	t     *testing.T
	rt    *rapid.T
	r     *rig
	sku   string
	n     int
	open  map[string]*inventoryv1.Transfer
	held  map[string][]*inventoryv1.Reservation
	lots  map[string]int64            // days of expiry by code: a lot has the same dates everywhere
	takes map[string]map[string]int64 // open stocktakes: what was found less what the books had, by lot
}

var wanderPlaces = []string{"S-01", "S-02", "W-01"}

func (h *wandering) boss() context.Context { return person(h.t.Context(), "boss") }

func (h *wandering) next(kind string) string {
	h.n++
	return fmt.Sprintf("%s_%s_%d", kind, h.sku, h.n)
}

func (h *wandering) free(at string) int64 { return max(0, h.onHand[at]-h.reserved[at]) }

func drawn[V any](rt *rapid.T, of map[string]V) string {
	keys := make([]string, 0, len(of))
	for k := range of {
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		rt.Skip("there is none")
	}
	slices.Sort(keys)
	return rapid.SampledFrom(keys).Draw(rt, "which")
}

func (h *wandering) place(rt *rapid.T) string { return rapid.SampledFrom(wanderPlaces).Draw(rt, "at") }
func (h *wandering) qty(rt *rapid.T) int64    { return rapid.Int64Range(1, 5).Draw(rt, "qty") }

func (h *wandering) receive(rt *rapid.T) {
	at, qty := h.place(rt), h.qty(rt)
	if rapid.Bool().Draw(rt, "in a lot") {
		code := rapid.SampledFrom([]string{"A", "B", "C"}).Draw(rt, "code")
		if _, known := h.lots[code]; !known {
			h.lots[code] = h.r.today(h.t) + rapid.Int64Range(1, 100).Draw(rt, "days")
		}
		h.r.lot(h.t, at, h.sku, code, qty, h.lots[code])
	} else {
		h.r.stock(h.t, at, h.sku, qty)
	}
	h.onHand[at] += qty
}

func (h *wandering) hold(rt *rapid.T) {
	at, qty := h.place(rt), h.qty(rt)
	in := parcel(h.next("ord"), line("1", h.sku, qty))
	in.Way, in.Location, in.Destination = inventoryv1.DeliveryWay_PICKUP, at, nil
	got, err := h.r.Hold(order(h.t.Context()), in)
	if qty > h.free(at) {
		require.Equal(rt, "STOCK_INSUFFICIENT", reasonOf(err))
		return
	}
	require.NoError(rt, err)
	sum := int64(0)
	for _, res := range got.Reservations {
		sum += res.Quantity
	}
	require.Equal(rt, qty, sum)
	h.reserved[at] += qty
	h.held[in.Document] = got.Reservations
}

func (h *wandering) release(rt *rapid.T) {
	document := drawn(rt, h.held)
	_, err := h.r.branch.Release(called(h.t.Context()), &inventoryv1.ReleaseCall{Document: document})
	require.NoError(rt, err)
	for _, res := range h.held[document] {
		h.reserved[res.Location] -= res.Quantity
	}
	delete(h.held, document)
}

func (h *wandering) ship(rt *rapid.T) {
	document := drawn(rt, h.held)
	call := &inventoryv1.ShipCall{Document: document, Fulfilment: h.next("ful"), Reason: "SHIP"}
	for _, res := range h.held[document] {
		call.Lines = append(call.Lines, &inventoryv1.ShipLine{ReservationId: res.Id, Quantity: res.Quantity})
		h.reserved[res.Location] -= res.Quantity
		h.onHand[res.Location] -= res.Quantity
	}
	_, err := h.r.branch.Ship(called(h.t.Context()), call)
	require.NoError(rt, err)
	delete(h.held, document)
}

func (h *wandering) damage(rt *rapid.T) {
	at, qty := h.place(rt), h.qty(rt)
	_, err := h.r.MarkDamaged(h.boss(), damaged(at, h.sku, qty))
	if h.onHand[at]-qty < h.reserved[at] {
		require.Contains(rt, []string{"STATE_CONFLICT", "NOT_FOUND"}, reasonOf(err))
		return
	}
	require.NoError(rt, err)
	h.onHand[at] -= qty
	h.damaged[at] += qty
}

func (h *wandering) restore(rt *rapid.T) {
	at, qty := h.place(rt), h.qty(rt)
	_, err := h.r.RestoreDamaged(h.boss(), damaged(at, h.sku, qty))
	if qty > h.damaged[at] {
		require.Contains(rt, []string{"STATE_CONFLICT", "NOT_FOUND"}, reasonOf(err))
		return
	}
	require.NoError(rt, err)
	h.onHand[at] += qty
	h.damaged[at] -= qty
}

func (h *wandering) writeOff(rt *rapid.T) {
	at, qty := h.place(rt), h.qty(rt)
	_, err := h.r.WriteOffDamaged(h.boss(), damaged(at, h.sku, qty))
	if qty > h.damaged[at] {
		require.Contains(rt, []string{"STATE_CONFLICT", "NOT_FOUND"}, reasonOf(err))
		return
	}
	require.NoError(rt, err)
	h.damaged[at] -= qty
}

func (h *wandering) send(rt *rapid.T) {
	from, to, qty := h.place(rt), h.place(rt), h.qty(rt)
	if from == to {
		rt.Skip("nowhere to go")
	}
	moved := h.r.planned(h.t, from, to, wish(h.sku, qty))
	moved, err := h.r.SendTransfer(h.boss(), &inventoryv1.SendTransferRequest{RequestId: requestID(), Id: moved.Id})
	if qty > h.free(from) {
		require.Equal(rt, "STOCK_INSUFFICIENT", reasonOf(err))
		return
	}
	require.NoError(rt, err)
	h.onHand[from] -= qty
	h.inTransit[to] += qty
	h.open[moved.Id] = moved
}

func stillOut(m *inventoryv1.Transfer) int64 {
	l := m.Lines[0]
	return l.Sent - l.Received - l.Damaged - l.Missing - l.Returned
}

func (h *wandering) arrive(rt *rapid.T) {
	moved := h.open[drawn(rt, h.open)]
	good, bad, missing := rapid.Int64Range(0, 3).Draw(rt, "good"), rapid.Int64Range(0, 2).Draw(rt, "bad"), rapid.Int64Range(0, 1).Draw(rt, "missing")
	in := arrived(moved.Id, &inventoryv1.TransferArrival{Line: 1, Received: good, Damaged: bad, Missing: missing})
	in.Last = rapid.Bool().Draw(rt, "last")
	got, err := h.r.ReceiveTransfer(h.boss(), in)
	switch all := good + bad + missing; {
	case all == 0:
		require.Equal(rt, "VALIDATOR", reasonOf(err))
		return
	case all > stillOut(moved):
		require.Equal(rt, "TRANSFER_EXCEEDED", reasonOf(err))
		return
	}
	require.NoError(rt, err)
	at := moved.ToLocation
	h.onHand[at] += good
	h.damaged[at] += bad
	h.inTransit[at] -= stillOut(moved) - stillOut(got)
	if h.open[moved.Id] = got; stillOut(got) == 0 {
		delete(h.open, moved.Id)
	}
}

func (h *wandering) sendBack(rt *rapid.T) {
	moved := h.open[drawn(rt, h.open)]
	_, err := h.r.CancelTransfer(h.boss(), &inventoryv1.CancelTransferRequest{RequestId: requestID(), Id: moved.Id})
	require.NoError(rt, err)
	h.onHand[moved.FromLocation] += stillOut(moved)
	h.inTransit[moved.ToLocation] -= stillOut(moved)
	delete(h.open, moved.Id)
}

// openTake counts a shelf; the notebook remembers what the count found too many or too few.
func (h *wandering) openTake(rt *rapid.T) {
	at := h.place(rt)
	opened, err := h.r.OpenStocktake(person(h.t.Context(), "ann"), &inventoryv1.OpenStocktakeRequest{RequestId: requestID(), Location: at, Skus: []string{h.sku}})
	for id := range h.takes {
		if h.takes[id][at] != 0 {
			require.Equal(rt, "STOCKTAKE_OPEN", reasonOf(err))
			return
		}
	}
	if err != nil && reasonOf(err) == "STOCKTAKE_OPEN" { // one that found no difference
		return
	}
	require.NoError(rt, err)
	difference := int64(0)
	for _, l := range h.r.linesOf(h.t, opened.Id) {
		found := max(0, *l.Book+rapid.Int64Range(-2, 2).Draw(rt, "difference"))
		h.r.count(h.t, "bob", opened.Id, &inventoryv1.StocktakeCount{Sku: l.Sku, Batch: l.Batch, Counted: found})
		difference += found - *l.Book
	}
	h.r.submit(h.t, "bob", opened.Id)
	h.takes[opened.Id] = map[string]int64{at: difference}
}

func (h *wandering) approveTake(rt *rapid.T) {
	id := drawn(rt, h.takes)
	_, err := h.r.ApproveStocktake(h.boss(), deciding(id))
	require.NoError(rt, err)
	for at, difference := range h.takes[id] {
		h.onHand[at] += difference
	}
	delete(h.takes, id)
}

func (h *wandering) compare(rt *rapid.T) {
	got, err := h.r.ListStock(hq(h.t.Context()), &inventoryv1.ListStockRequest{Sku: h.sku})
	require.NoError(rt, err)
	for _, s := range got.Stock {
		at := s.Location
		require.Equal(rt, []int64{h.onHand[at], h.reserved[at], h.damaged[at], h.inTransit[at]}, []int64{s.OnHand, s.Reserved, s.Damaged, s.InTransit}, "%s at %s", h.sku, at)
	}
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
