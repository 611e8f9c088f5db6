package service

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

// model is what a clerk with a notebook would know.
type model struct {
	onHand, reserved map[string]int64 // by location + SKU
	holds            map[string][]*inventoryv1.Reservation
	state            map[string]string // of documents: held, confirmed, done
	deadline         map[string]int64
	shipped          map[string]int64 // of lines, by SKU and location: what may come back
}

func place(at, sku string) string { return at + "/" + sku }

func (m *model) promise(at, sku string) int64 {
	return max(0, m.onHand[place(at, sku)]-m.reserved[place(at, sku)])
}

var places = []string{"F-01", "S-01", "S-02", "W-01"}

// TestAnyHistoryAgreesWithTheModel runs random histories of receive, hold, confirm, release, ship, expire and take back
// at two replicas against the notebook, on each engine; each ends in the audit. A failure prints rapid's seed.
func TestAnyHistoryAgreesWithTheModel(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		replicas := []*rig{r, newRig(r.db)}
		replicas[1].clock = r.clock
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			h := &history{t: t, rt: rt, r: r, model: model{onHand: map[string]int64{}, reserved: map[string]int64{}, holds: map[string][]*inventoryv1.Reservation{},
				state: map[string]string{}, deadline: map[string]int64{}, shipped: map[string]int64{}},
				skus: []string{fmt.Sprintf("A%d", round), fmt.Sprintf("B%d", round)}, prefix: fmt.Sprintf("d%d", round)}
			rt.Repeat(h.anywhere(replicas, map[string]func(*rapid.T){
				"receive": h.receive, "hold": h.hold, "confirm": h.confirm, "release": h.release, "ship": h.ship, "expire": h.expireSome, "take back": h.takeBack,
				"": h.compare,
			}))
			if round%auditEvery == 0 {
				r.audit(t)
			}
		})
		r.audit(t)
	})
}

// anywhere lets each step happen at one of the replicas.
func (h *history) anywhere(replicas []*rig, steps map[string]func(*rapid.T)) map[string]func(*rapid.T) {
	for name, step := range steps {
		if name == "" {
			continue
		}
		steps[name] = func(rt *rapid.T) {
			h.r = rapid.SampledFrom(replicas).Draw(rt, "replica")
			step(rt)
		}
	}
	return steps
}

// auditEvery so many histories: the audit looks at all rows, also of the histories before.
const auditEvery = 20

type history struct {
	model
	t      *testing.T
	rt     *rapid.T
	r      *rig
	skus   []string
	prefix string
	n      int
}

func (h *history) next(kind string) string {
	h.n++
	return fmt.Sprintf("%s_%s_%d", kind, h.prefix, h.n)
}

// documents in one of the states, in a stable order.
func (h *history) documents(states ...string) []string {
	var list []string
	for d, s := range h.state {
		if slices.Contains(states, s) {
			list = append(list, d)
		}
	}
	slices.Sort(list)
	return list
}

func (h *history) pick(rt *rapid.T, states ...string) string {
	list := h.documents(states...)
	if len(list) == 0 {
		rt.Skip("no such document")
	}
	return rapid.SampledFrom(list).Draw(rt, "document")
}

func (h *history) receive(rt *rapid.T) {
	at, sku, qty := rapid.SampledFrom(places).Draw(rt, "at"), rapid.SampledFrom(h.skus).Draw(rt, "sku"), rapid.Int64Range(1, 6).Draw(rt, "qty")
	h.r.stock(h.t, at, sku, qty)
	h.onHand[place(at, sku)] += qty
}

func (h *history) hold(rt *rapid.T) {
	document := h.next("ord")
	in := parcel(document)
	need := map[string]int64{}
	for i := range rapid.IntRange(1, 3).Draw(rt, "lines") {
		sku, qty := rapid.SampledFrom(h.skus).Draw(rt, "sku"), rapid.Int64Range(1, 5).Draw(rt, "qty")
		in.Lines = append(in.Lines, line(fmt.Sprint(i), sku, qty))
		need[sku] += qty
	}
	if rapid.Bool().Draw(rt, "with deadline") {
		now, err := h.r.clock.NowUS(h.t.Context())
		require.NoError(h.t, err)
		in.ExpiresAtUs = now + time.Minute.Microseconds()
	}
	enough := true
	for sku, qty := range need {
		left := int64(0)
		for _, at := range places {
			left += h.promise(at, sku)
		}
		enough = enough && left >= qty
	}
	got, err := h.r.Hold(order(h.t.Context()), in)
	if !enough {
		require.Equal(rt, "STOCK_INSUFFICIENT", reasonOf(err))
		return
	}
	require.NoError(rt, err)
	for _, res := range got.Reservations {
		require.LessOrEqual(rt, res.Quantity, h.promise(res.Location, res.Sku))
		h.reserved[place(res.Location, res.Sku)] += res.Quantity
		need[res.Sku] -= res.Quantity
	}
	for _, left := range need {
		require.Zero(rt, left, "all or nothing")
	}
	h.holds[document], h.state[document], h.deadline[document] = got.Reservations, "held", in.ExpiresAtUs
}

func (h *history) confirm(rt *rapid.T) {
	document := h.pick(rt, "held", "confirmed", "done")
	_, err := h.r.branch.ConfirmHold(called(h.t.Context()), &inventoryv1.ConfirmHoldCall{Document: document})
	require.NoError(rt, err)
	if h.state[document] == "held" {
		h.state[document] = "confirmed"
	}
}

func (h *history) free(document string) {
	for _, res := range h.holds[document] {
		h.reserved[place(res.Location, res.Sku)] -= res.Quantity
	}
	h.state[document] = "done"
}

func (h *history) release(rt *rapid.T) {
	document := h.pick(rt, "held", "confirmed", "done")
	_, err := h.r.branch.Release(called(h.t.Context()), &inventoryv1.ReleaseCall{Document: document})
	require.NoError(rt, err)
	if h.state[document] != "done" {
		h.free(document)
	}
}

func (h *history) ship(rt *rapid.T) {
	document := h.pick(rt, "confirmed", "held")
	call := &inventoryv1.ShipCall{Document: document, Fulfilment: h.next("ful"), Reason: "SHIP"}
	for _, res := range h.holds[document] {
		call.Lines = append(call.Lines, &inventoryv1.ShipLine{ReservationId: res.Id, Quantity: res.Quantity})
		h.onHand[place(res.Location, res.Sku)] -= res.Quantity
		h.shipped[place(res.Location, res.Sku)] += res.Quantity
	}
	h.free(document)
	for range rapid.IntRange(1, 2).Draw(rt, "times") {
		_, err := h.r.branch.Ship(called(h.t.Context()), call)
		require.NoError(rt, err)
	}
}

func (h *history) expireSome(*rapid.T) {
	h.r.clock.Advance(20 * time.Second)
	now, err := h.r.clock.NowUS(h.t.Context())
	require.NoError(h.rt, err)
	h.r.expire(h.t)
	for _, document := range h.documents("held") {
		if h.deadline[document] > 0 && h.deadline[document] <= now {
			h.free(document)
			// A late confirmation would hold it again; that has a test of its own.
			delete(h.state, document)
		}
	}
}

func (h *history) takeBack(rt *rapid.T) {
	var back []string
	for p, qty := range h.shipped {
		if qty > 0 {
			back = append(back, p)
		}
	}
	if len(back) == 0 {
		rt.Skip("nothing was shipped")
	}
	slices.Sort(back)
	p := rapid.SampledFrom(back).Draw(rt, "what")
	at, sku := p[:4], p[5:]
	owner := "HQ"
	if at == "F-01" {
		owner = "FR1"
	}
	call := &inventoryv1.TakeBackCall{Document: h.next("ret"), Lines: []*inventoryv1.TakeBackLine{{LineId: "1", Sku: sku, Location: at, Owner: owner, Quantity: 1}}}
	for range rapid.IntRange(1, 2).Draw(rt, "times") {
		_, err := h.r.branch.TakeBack(called(h.t.Context()), call)
		require.NoError(rt, err)
	}
	h.shipped[p]--
	h.onHand[p]++
}

func (h *history) compare(rt *rapid.T) {
	for _, sku := range h.skus {
		got, err := h.r.ListStock(hq(h.t.Context()), &inventoryv1.ListStockRequest{Sku: sku})
		require.NoError(rt, err)
		seen := map[string]bool{}
		for _, s := range got.Stock {
			seen[place(s.Location, sku)] = true
			require.Equal(rt, h.onHand[place(s.Location, sku)], s.OnHand, "%s on hand at %s", sku, s.Location)
			require.Equal(rt, h.reserved[place(s.Location, sku)], s.Reserved, "%s reserved at %s", sku, s.Location)
		}
		for _, at := range places {
			require.True(rt, seen[place(at, sku)] || h.onHand[place(at, sku)] == 0)
		}
	}
}
