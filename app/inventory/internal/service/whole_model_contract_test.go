package service

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// TestAnyHistoryAgreesWithTheNotebook runs random histories of all that happens to goods - received with and without lots,
// held and reserved in whole and in part, extended, confirmed, released and shipped in whole and in part, expired, taken back,
// adjusted, damaged, moved also as consignment, counted frozen or not, sold at a till, declined with each effect, waited for -
// at two replicas against a clerk's notebook, on each engine; each ends in the audit. A failure prints rapid's seed and the
// steps.
func TestAnyHistoryAgreesWithTheNotebook(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.answered(t, "")
		other := newRig(r.db)
		other.clock = r.clock
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			h := newHistory(t, []*rig{r, other}, round)
			h.begin(rt)
			steps := h.anywhere(map[string]func(*rapid.T){
				"receive": h.receive, "hold": h.hold, "hold again": h.hold, "reserve": h.reserve, "extend": h.extend, "confirm": h.confirm, "release": h.release,
				"release a part": h.releasePart, "ship": h.ship, "ship a part": h.shipPart, "expire": h.expire, "take back": h.takeBack,
				"adjust": h.adjust, "damage": h.damage, "restore": h.restore, "write off": h.writeOff, "send": h.send, "arrive": h.arrive, "send back": h.sendBack,
				"open a stocktake": h.openTake, "end a stocktake": h.endTake, "sell at the till": h.sell, "decline": h.decline, "decline again": h.decline, "sweep": h.sweep,
				"": h.compare,
			})
			for range acts {
				rt.Repeat(steps)
			}
			h.end()
			if round%auditEvery == 0 {
				r.audit(t)
			}
		})
		r.audit(t)
	})
}

// acts so many times a history goes on, with as many steps as rapid likes.
const acts = 3

// auditEvery so many histories: the audit looks at all rows, also of the histories before.
const auditEvery = 20

var (
	places = []string{"F-01", "S-01", "S-02", "W-01"}
	ours   = places[1:] // of one owner, so that goods may move between them
)

// bay is what the clerk knows of an owner's stock of a SKU at a place.
type bay struct {
	onHand, damaged, inTransit, safety int64
	outageUS                           int64 // nothing is promised online until then
	frozen                             bool
	there                              bool // it has a row: an outage without one is not booked
}

// piece is a reservation with something left.
type piece struct {
	key  biz.StockKey
	line string
	open int64
}

// promised is a document that holds something or waits for it.
type promised struct {
	confirmed  bool
	assigned   bool  // a strategy has chosen its places, so they may decline
	deadlineUS int64 // 0: none
	pieces     map[string]*piece
	wants      int64 // what it holds and what it waits for
}

// recount is an open stocktake of a bay: what was found less what the books had.
type recount struct {
	key        biz.StockKey
	difference int64
}

type history struct {
	t        *testing.T
	r        *rig // the replica of this step
	replicas []*rig
	prefix   string
	n        int
	skus     []string

	bays      map[biz.StockKey]*bay
	documents map[string]*promised
	shipped   map[biz.StockKey]int64
	lots      map[string]int64 // days of expiry by code: a lot has the same dates everywhere
	moves     map[string]*inventoryv1.Transfer
	takes     map[string]recount
}

func newHistory(t *testing.T, replicas []*rig, round int) *history {
	h := &history{t: t, r: replicas[0], replicas: replicas, prefix: fmt.Sprintf("h%d", round), skus: []string{fmt.Sprintf("A%d", round), fmt.Sprintf("B%d", round)},
		bays: map[biz.StockKey]*bay{}, documents: map[string]*promised{}, shipped: map[biz.StockKey]int64{}, lots: map[string]int64{},
		moves: map[string]*inventoryv1.Transfer{}, takes: map[string]recount{}}
	for _, at := range places {
		for _, sku := range h.skus {
			h.bays[own(at, sku)] = &bay{}
		}
	}
	for _, sku := range h.skus {
		h.bays[biz.StockKey{SKU: sku, Location: "F-01", Owner: "HQ"}] = &bay{} // consignment
	}
	return h
}

// own is the stock of a place's own organisation.
func own(at, sku string) biz.StockKey {
	if at == "F-01" {
		return biz.StockKey{SKU: sku, Location: at, Owner: "FR1"}
	}
	return biz.StockKey{SKU: sku, Location: at, Owner: "HQ"}
}

func bayOf(r *inventoryv1.Reservation) biz.StockKey {
	return biz.StockKey{SKU: r.Sku, Location: r.Location, Owner: r.Owner}
}

// anywhere lets each step happen at one of the replicas.
func (h *history) anywhere(steps map[string]func(*rapid.T)) map[string]func(*rapid.T) {
	for name, step := range steps {
		if name == "" {
			continue
		}
		steps[name] = func(rt *rapid.T) {
			h.r = h.replicas[rapid.IntRange(0, len(h.replicas)-1).Draw(rt, "replica")]
			h.r.tick() // no two steps at one moment: the youngest is known
			step(rt)
		}
	}
	return steps
}

func (h *history) ctx() context.Context { return order(h.t.Context()) }

func (h *history) boss() context.Context { return person(h.t.Context(), "boss") }

func (h *history) next(kind string) string {
	h.n++
	return fmt.Sprintf("%s_%s_%d", kind, h.prefix, h.n)
}

// drawn is one of the keys for which ok holds; without one the step is not made.
func drawn[K comparable, V any](rt *rapid.T, what string, of map[K]V, ok func(V) bool) K {
	var keys []K
	for k, v := range of {
		if ok(v) {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(x, y K) int { return strings.Compare(fmt.Sprint(x), fmt.Sprint(y)) })
	if len(keys) == 0 {
		rt.Skip("there is none")
	}
	return rapid.SampledFrom(keys).Draw(rt, what)
}

func anyOne[V any](V) bool { return true }

func (h *history) qty(rt *rapid.T) int64  { return rapid.Int64Range(1, 5).Draw(rt, "qty") }
func (h *history) sku(rt *rapid.T) string { return rapid.SampledFrom(h.skus).Draw(rt, "sku") }

// here is one of our places and a SKU.
func (h *history) here(rt *rapid.T) (at, sku string, b *bay) {
	at, sku = rapid.SampledFrom(ours).Draw(rt, "at"), h.sku(rt)
	return at, sku, h.bays[own(at, sku)]
}

func (h *history) reserved(key biz.StockKey) (n int64) {
	for _, d := range h.documents {
		for _, p := range d.pieces {
			if p.key == key {
				n += p.open
			}
		}
	}
	return n
}

// left is what nobody holds of a bay.
func (h *history) left(key biz.StockKey) int64 { return max(0, h.bays[key].onHand-h.reserved(key)) }

// closed says that nothing of a bay is promised online now.
func (h *history) closed(key biz.StockKey) bool {
	return h.bays[key].frozen || h.bays[key].outageUS > h.r.nowUS(h.t)
}

// free is what may be promised online.
func (h *history) free(key biz.StockKey) int64 {
	if h.closed(key) {
		return 0
	}
	return max(0, h.bays[key].onHand-h.reserved(key)-h.bays[key].safety)
}

// begin has something on the shelves and something promised.
func (h *history) begin(rt *rapid.T) {
	for _, at := range places {
		for _, sku := range h.skus {
			if qty := rapid.Int64Range(0, 8).Draw(rt, "opening"); qty > 0 {
				h.r.stock(h.t, at, sku, qty)
				h.bays[own(at, sku)].onHand += qty
			}
		}
	}
	for range rapid.IntRange(0, 4).Draw(rt, "holds") {
		h.r.tick()
		h.hold(rt)
	}
	if len(h.documents) > 0 && rapid.Bool().Draw(rt, "paid") {
		h.confirm(rt)
	}
}

func (h *history) receive(rt *rapid.T) {
	at, sku, qty := rapid.SampledFrom(places).Draw(rt, "at"), h.sku(rt), h.qty(rt)
	if rapid.Bool().Draw(rt, "in a lot") {
		code := rapid.SampledFrom([]string{"A", "B", "C"}).Draw(rt, "code")
		if _, known := h.lots[sku+code]; !known {
			h.lots[sku+code] = h.r.today(h.t) + rapid.Int64Range(2, 100).Draw(rt, "days")
		}
		h.r.lot(h.t, at, sku, code, qty, h.lots[sku+code])
	} else {
		h.r.stock(h.t, at, sku, qty)
	}
	h.bays[own(at, sku)].onHand += qty
}

// deadline is a minute from now, or none.
func (h *history) deadline(rt *rapid.T) int64 {
	if !rapid.Bool().Draw(rt, "with deadline") {
		return 0
	}
	return h.r.nowUS(h.t) + time.Minute.Microseconds()
}

// take notes what an answer says is held.
func (h *history) take(document string, d promised, held []*inventoryv1.Reservation) {
	d.pieces = map[string]*piece{}
	for _, res := range held {
		d.pieces[res.Id] = &piece{bayOf(res), res.LineId, res.Open}
		d.wants += res.Open
	}
	h.documents[document] = &d
}

func (h *history) hold(rt *rapid.T) {
	in := parcel(h.next("ord"))
	need := map[string]int64{}
	for i := range rapid.IntRange(1, 3).Draw(rt, "lines") {
		sku, qty := h.sku(rt), h.qty(rt)
		in.Lines = append(in.Lines, line(fmt.Sprint(i), sku, qty))
		need[sku] += qty
	}
	in.ExpiresAtUs, in.Partial = h.deadline(rt), rapid.Bool().Draw(rt, "partial")
	enough, some := true, false
	for sku, qty := range need {
		left := int64(0)
		for key := range h.bays {
			if key.SKU == sku {
				left += h.free(key)
			}
		}
		enough, some = enough && left >= qty, some || left > 0
		need[sku] = min(qty, left)
	}
	got, err := h.r.Hold(h.ctx(), in)
	if !some || !enough && !in.Partial {
		require.Equal(rt, "STOCK_INSUFFICIENT", reasonOf(err))
		return
	}
	require.NoError(rt, err)
	for _, res := range got.Reservations {
		require.LessOrEqual(rt, res.Quantity, h.free(bayOf(res)))
		need[res.Sku] -= res.Quantity
	}
	for sku, left := range need {
		require.Zero(rt, left, "all of %s that there is", sku)
	}
	h.take(in.Document, promised{assigned: true, deadlineUS: in.ExpiresAtUs}, got.Reservations)
}

// reserve holds at given places, all or what is there.
func (h *history) reserve(rt *rapid.T) {
	in := &inventoryv1.ReserveRequest{RequestId: requestID(), Document: h.next("res"), Channel: "miniprogram", SellerOrg: "HQ", Way: inventoryv1.DeliveryWay_PICKUP,
		ExpiresAtUs: h.deadline(rt), Partial: rapid.Bool().Draw(rt, "partial")}
	left, want, all, enough := map[biz.StockKey]int64{}, []int64{}, int64(0), true
	for i := range rapid.IntRange(1, 3).Draw(rt, "lines") {
		at, sku, _ := h.here(rt)
		qty := h.qty(rt)
		in.Lines = append(in.Lines, &inventoryv1.ReserveLine{LineId: fmt.Sprint(i), Sku: sku, Location: at, Quantity: qty, ListPriceMinor: 9990})
		key := own(at, sku)
		if _, seen := left[key]; !seen {
			left[key] = h.free(key)
		}
		got := min(qty, left[key])
		left[key] -= got
		want, all, enough = append(want, got), all+got, enough && got == qty
	}
	got, err := h.r.Reserve(h.ctx(), in)
	if all == 0 || !enough && !in.Partial {
		require.Equal(rt, "STOCK_INSUFFICIENT", reasonOf(err))
		return
	}
	require.NoError(rt, err)
	for i, l := range got.Lines {
		require.Equal(rt, want[i], l.Reserved, "line %d", i)
	}
	h.take(in.Document, promised{deadlineUS: in.ExpiresAtUs}, got.Reservations)
}

func (h *history) extend(rt *rapid.T) {
	document := drawn(rt, "document", h.documents, func(d *promised) bool { return !d.confirmed && d.deadlineUS > 0 && len(d.pieces) > 0 })
	d := h.documents[document]
	d.deadlineUS += time.Minute.Microseconds()
	_, err := h.r.ExtendReservation(h.ctx(), &inventoryv1.ExtendReservationRequest{RequestId: requestID(), Document: document, ExpiresAtUs: d.deadlineUS})
	require.NoError(rt, err)
}

func (h *history) confirm(rt *rapid.T) {
	document := drawn(rt, "document", h.documents, anyOne)
	for range rapid.IntRange(1, 2).Draw(rt, "times") {
		_, err := h.r.branch.ConfirmHold(called(h.t.Context()), &inventoryv1.ConfirmHoldCall{Document: document})
		require.NoError(rt, err)
	}
	h.documents[document].confirmed = true
}

func (h *history) release(rt *rapid.T) {
	document := drawn(rt, "document", h.documents, anyOne)
	for range rapid.IntRange(1, 2).Draw(rt, "times") {
		_, err := h.r.branch.Release(called(h.t.Context()), &inventoryv1.ReleaseCall{Document: document})
		require.NoError(rt, err)
	}
	delete(h.documents, document)
}

// part draws a document that holds something, and some of one of its pieces.
func (h *history) part(rt *rapid.T) (document, reservation string, qty int64) {
	document = drawn(rt, "document", h.documents, func(d *promised) bool { return len(d.pieces) > 0 })
	reservation = drawn(rt, "reservation", h.documents[document].pieces, anyOne)
	return document, reservation, rapid.Int64Range(1, h.documents[document].pieces[reservation].open).Draw(rt, "qty")
}

// less notes that a document holds less.
func (h *history) less(document, reservation string, qty int64) {
	d := h.documents[document]
	d.wants -= qty
	if d.pieces[reservation].open -= qty; d.pieces[reservation].open == 0 {
		delete(d.pieces, reservation)
	}
	if d.wants == 0 {
		delete(h.documents, document)
	}
}

func (h *history) releasePart(rt *rapid.T) {
	document, reservation, qty := h.part(rt)
	_, err := h.r.releasePart(h.t, document, pieces(reservation, qty))
	require.NoError(rt, err)
	h.less(document, reservation, qty)
}

func (h *history) shipPart(rt *rapid.T) {
	document, reservation, qty := h.part(rt)
	p := *h.documents[document].pieces[reservation]
	require.NoError(rt, h.r.shipPart(h.t, document, h.next("ful"), pieces(reservation, qty)))
	h.gone(p.key, qty)
	h.less(document, reservation, qty)
}

func (h *history) gone(key biz.StockKey, qty int64) {
	h.bays[key].onHand -= qty
	h.shipped[key] += qty
}

func (h *history) ship(rt *rapid.T) {
	document := drawn(rt, "document", h.documents, func(d *promised) bool { return len(d.pieces) > 0 })
	call := &inventoryv1.ShipCall{Document: document, Fulfilment: h.next("ful"), Reason: "SHIP"}
	held := maps.Clone(h.documents[document].pieces)
	for _, id := range slices.Sorted(maps.Keys(held)) {
		call.Lines = append(call.Lines, &inventoryv1.ShipLine{ReservationId: id, Quantity: held[id].open})
	}
	for range rapid.IntRange(1, 2).Draw(rt, "times") {
		_, err := h.r.branch.Ship(called(h.t.Context()), call)
		require.NoError(rt, err)
	}
	for id, p := range held {
		h.gone(p.key, p.open)
		h.less(document, id, p.open)
	}
}

// expire lets time pass: deadlines come, and silence becomes a decline.
func (h *history) expire(rt *rapid.T) {
	h.r.clock.Advance(rapid.SampledFrom([]time.Duration{20 * time.Second, 20 * time.Second, 11 * time.Minute}).Draw(rt, "time"))
	now := h.r.nowUS(h.t)
	h.r.expire(h.t)
	for document, d := range h.documents {
		if !d.confirmed && d.deadlineUS > 0 && d.deadlineUS <= now {
			delete(h.documents, document) // a late confirmation would hold it again; that has a test of its own
		}
	}
	h.r.timeOut(h.t)
	h.read(rt)
}

func (h *history) takeBack(rt *rapid.T) {
	p := drawn(rt, "what", h.shipped, func(qty int64) bool { return qty > 0 })
	call := &inventoryv1.TakeBackCall{Document: h.next("ret"), Lines: []*inventoryv1.TakeBackLine{{LineId: "1", Sku: p.SKU, Location: p.Location, Owner: p.Owner, Quantity: 1}}}
	for range rapid.IntRange(1, 2).Draw(rt, "times") {
		_, err := h.r.branch.TakeBack(called(h.t.Context()), call)
		require.NoError(rt, err)
	}
	h.shipped[p]--
	h.bays[p].onHand++
}

// sell books what an offline till has sold: reservations may move away.
func (h *history) sell(rt *rapid.T) {
	at, sku, b := h.here(rt)
	qty := min(h.qty(rt), b.onHand)
	if qty <= 0 {
		rt.Skip("there is nothing to sell")
	}
	_, err := h.r.till.BookTillSale(h.ctx(), tillSale(h.next("till"), at, soldAt("1", sku, qty)))
	require.NoError(rt, err)
	b.onHand -= qty
	h.read(rt)
}

// decline has a place give back all of what it was to send, or a part of a line.
func (h *history) decline(rt *rapid.T) {
	document := drawn(rt, "document", h.documents, func(d *promised) bool { return d.confirmed && d.assigned && len(d.pieces) > 0 })
	d := h.documents[document]
	one := drawn(rt, "piece", d.pieces, anyOne)
	short, at := *d.pieces[one], d.pieces[one].key.Location
	in := declining(document, at)
	in.Effect = rapid.SampledFrom([]inventoryv1.StockEffect{inventoryv1.StockEffect_NO_STOCK_EFFECT, inventoryv1.StockEffect_MINUS_QUANTITY, inventoryv1.StockEffect_TO_ZERO, inventoryv1.StockEffect_OUTAGE}).Draw(rt, "effect")
	if in.Effect == inventoryv1.StockEffect_OUTAGE {
		in.OutageUntilUs = h.r.nowUS(h.t) + rapid.SampledFrom([]int64{30, 1800}).Draw(rt, "outage")*time.Second.Microseconds()
	}
	missing, kept, likes := map[biz.StockKey]int64{}, int64(0), 0
	for _, p := range d.pieces {
		if p.key.Location == at && p.key.SKU == short.key.SKU && p.line == short.line {
			likes++
		}
	}
	if part := rapid.Int64Range(1, short.open).Draw(rt, "part"); likes == 1 && rapid.Bool().Draw(rt, "short") { // of several it would not be known which
		in.Lines = []*inventoryv1.MissingLine{{LineId: short.line, Quantity: part}}
		missing[short.key] = part
		d.pieces[one].open -= part
	}
	for id, p := range d.pieces {
		switch {
		case p.key.Location == at && in.Lines == nil:
			missing[p.key] += p.open
			delete(d.pieces, id)
		case p.key.Location == at:
			kept += p.open
		}
	}
	_, err := h.r.DeclineAssignment(h.ctx(), in)
	require.NoError(rt, err)
	for key, b := range h.bays {
		if key.Location != at || !slices.ContainsFunc(slices.Collect(maps.Keys(missing)), func(m biz.StockKey) bool { return m.SKU == key.SKU }) {
			continue
		}
		switch in.Effect {
		case inventoryv1.StockEffect_MINUS_QUANTITY:
			b.onHand -= min(missing[key], h.left(key))
		case inventoryv1.StockEffect_TO_ZERO:
			b.onHand -= h.left(key)
		case inventoryv1.StockEffect_OUTAGE:
			if !b.there {
				continue
			}
			b.outageUS = max(b.outageUS, in.OutageUntilUs)
		}
	}
	h.read(rt)
	for _, p := range h.documents[document].pieces {
		if p.key.Location == at {
			kept -= p.open
		}
	}
	require.Zero(rt, kept, "the decliner keeps the rest, and is not asked again")
}

// sweep gives what is there to those that wait.
func (h *history) sweep(rt *rapid.T) {
	h.r.sweep(h.t)
	h.read(rt)
}

// read looks at what each document holds after goods may have moved between places: nothing got lost, and no place has
// promised more than it has that had not before.
func (h *history) read(rt *rapid.T) {
	before := map[biz.StockKey]int64{}
	for key := range h.bays {
		before[key] = h.reserved(key)
	}
	for _, document := range slices.Sorted(maps.Keys(h.documents)) {
		d := h.documents[document]
		list, err := h.r.ListReservations(h.ctx(), &inventoryv1.ListReservationsRequest{Documents: []string{document}})
		require.NoError(rt, err)
		held := int64(0)
		d.pieces = map[string]*piece{}
		for _, res := range list.Reservations {
			if res.Open > 0 {
				d.pieces[res.Id] = &piece{bayOf(res), res.LineId, res.Open}
				held += res.Open
			}
		}
		require.LessOrEqual(rt, held, d.wants, document)
		if held < d.wants {
			require.Equal(rt, []string{document}, list.Waiting, "what has no place waits")
		}
	}
	for key, b := range h.bays {
		if now := h.reserved(key); now > before[key] {
			require.LessOrEqual(rt, now, b.onHand-b.safety, "%s got more than it may promise", key)
			require.False(rt, h.closed(key), "%s got something", key)
		}
	}
}

func (h *history) compare(rt *rapid.T) {
	for _, sku := range h.skus {
		got, err := h.r.ListStock(hq(h.t.Context()), &inventoryv1.ListStockRequest{Sku: sku})
		require.NoError(rt, err)
		seen := map[biz.StockKey]bool{}
		for _, s := range got.Stock {
			key := biz.StockKey{SKU: sku, Location: s.Location, Owner: s.Owner}
			seen[key] = true
			b := h.bays[key]
			require.NotNil(rt, b, key)
			b.there = true
			require.Equal(rt, []int64{b.onHand, h.reserved(key), b.damaged, b.inTransit, b.safety}, []int64{s.OnHand, s.Reserved, s.Damaged, s.InTransit, s.SafetyStock}, "%s: on hand, reserved, damaged, in transit, kept for the shop", key)
			require.Equal(rt, b.frozen, s.Frozen, key)
			require.Equal(rt, h.free(key), s.Online, "%s: online", key)
		}
		for key, b := range h.bays {
			require.True(rt, key.SKU != sku || seen[key] || *b == bay{}, "%s has no row", key)
		}
	}
}

// end gives back what is held or waits: it must not draw on the stock of later histories.
func (h *history) end() {
	for _, document := range slices.Sorted(maps.Keys(h.documents)) {
		_, err := h.r.branch.Release(called(h.t.Context()), &inventoryv1.ReleaseCall{Document: document})
		require.NoError(h.t, err)
	}
}
