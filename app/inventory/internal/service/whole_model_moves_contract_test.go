package service

import (
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// The steps of a history that move goods without a customer: corrections, damage, transfers between places, and counts.

// adjust corrects the books, and what is kept for the shop.
func (h *history) adjust(rt *rapid.T) {
	at, sku, b := h.here(rt)
	in := &inventoryv1.AdjustStockRequest{RequestId: requestID(), Document: "slip-2", Reason: "seen", Location: at, Sku: sku, Delta: rapid.SampledFrom([]int64{-3, -1, 1, 2}).Draw(rt, "delta")}
	if rapid.Bool().Draw(rt, "safety too") {
		in.SafetyStock = new(rapid.Int64Range(0, 2).Draw(rt, "safety"))
	}
	_, err := h.r.AdjustStock(h.boss(), in)
	if in.Delta < 0 && b.onHand+in.Delta < h.reserved(own(at, sku)) {
		require.Equal(rt, "STATE_CONFLICT", reasonOf(err))
		return
	}
	require.NoError(rt, err)
	b.onHand += in.Delta
	if in.SafetyStock != nil {
		b.safety = *in.SafetyStock
	}
}

func (h *history) damage(rt *rapid.T) {
	at, sku, b := h.here(rt)
	qty := h.qty(rt)
	_, err := h.r.MarkDamaged(h.boss(), damaged(at, sku, qty))
	if b.onHand-qty < h.reserved(own(at, sku)) {
		require.Contains(rt, []string{"STATE_CONFLICT", "NOT_FOUND"}, reasonOf(err))
		return
	}
	require.NoError(rt, err)
	b.onHand -= qty
	b.damaged += qty
}

func (h *history) restore(rt *rapid.T) {
	at, sku, b := h.here(rt)
	qty := h.qty(rt)
	_, err := h.r.RestoreDamaged(h.boss(), damaged(at, sku, qty))
	if qty > b.damaged {
		require.Contains(rt, []string{"STATE_CONFLICT", "NOT_FOUND"}, reasonOf(err))
		return
	}
	require.NoError(rt, err)
	b.onHand += qty
	b.damaged -= qty
}

func (h *history) writeOff(rt *rapid.T) {
	at, sku, b := h.here(rt)
	qty := h.qty(rt)
	_, err := h.r.WriteOffDamaged(h.boss(), damaged(at, sku, qty))
	if qty > b.damaged {
		require.Contains(rt, []string{"STATE_CONFLICT", "NOT_FOUND"}, reasonOf(err))
		return
	}
	require.NoError(rt, err)
	b.damaged -= qty
}

func (h *history) send(rt *rapid.T) {
	from, sku, b := h.here(rt)
	to, qty := rapid.SampledFrom(places).Draw(rt, "to"), h.qty(rt)
	if from == to {
		rt.Skip("nowhere to go")
	}
	moved := h.r.planned(h.t, from, to, wish(sku, qty))
	moved, err := h.r.SendTransfer(h.boss(), &inventoryv1.SendTransferRequest{RequestId: requestID(), Id: moved.Id})
	if qty > h.left(own(from, sku)) {
		require.Equal(rt, "STOCK_INSUFFICIENT", reasonOf(err))
		return
	}
	require.NoError(rt, err)
	b.onHand -= qty
	h.bays[bound(moved)].inTransit += qty
	h.moves[moved.Id] = moved
}

// bound is what a transfer fills: goods stay their owner's wherever they go.
func bound(m *inventoryv1.Transfer) biz.StockKey {
	return biz.StockKey{SKU: m.Lines[0].Sku, Location: m.ToLocation, Owner: "HQ"}
}

func stillOut(m *inventoryv1.Transfer) int64 {
	l := m.Lines[0]
	return l.Sent - l.Received - l.Damaged - l.Missing - l.Returned
}

func (h *history) arrive(rt *rapid.T) {
	moved := h.moves[drawn(rt, "transfer", h.moves, anyOne)]
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
	b := h.bays[bound(moved)]
	b.onHand += good
	b.damaged += bad
	b.inTransit -= stillOut(moved) - stillOut(got)
	if h.moves[moved.Id] = got; stillOut(got) == 0 {
		delete(h.moves, moved.Id)
	}
}

func (h *history) sendBack(rt *rapid.T) {
	moved := h.moves[drawn(rt, "transfer", h.moves, anyOne)]
	_, err := h.r.CancelTransfer(h.boss(), &inventoryv1.CancelTransferRequest{RequestId: requestID(), Id: moved.Id})
	require.NoError(rt, err)
	h.bays[own(moved.FromLocation, moved.Lines[0].Sku)].onHand += stillOut(moved)
	h.bays[bound(moved)].inTransit -= stillOut(moved)
	delete(h.moves, moved.Id)
}

// openTake counts a bay, which promises nothing online meanwhile if it is frozen.
func (h *history) openTake(rt *rapid.T) {
	at, sku, b := h.here(rt)
	key, frozen := own(at, sku), rapid.Bool().Draw(rt, "frozen")
	opened, err := h.r.OpenStocktake(person(h.t.Context(), "ann"), &inventoryv1.OpenStocktakeRequest{RequestId: requestID(), Location: at, Skus: []string{sku}, Frozen: frozen})
	for _, c := range h.takes {
		if c.key == key {
			require.Equal(rt, "STOCKTAKE_OPEN", reasonOf(err))
			return
		}
	}
	require.NoError(rt, err)
	difference := int64(0)
	for _, l := range h.r.linesOf(h.t, opened.Id) {
		found := max(0, *l.Book+rapid.Int64Range(-2, 2).Draw(rt, "difference"))
		h.r.count(h.t, "bob", opened.Id, &inventoryv1.StocktakeCount{Sku: l.Sku, Batch: l.Batch, Counted: found})
		difference += found - *l.Book
	}
	h.r.submit(h.t, "bob", opened.Id)
	h.takes[opened.Id] = recount{key, difference}
	b.frozen = frozen
}

// endTake has a second person book what was found, or not.
func (h *history) endTake(rt *rapid.T) {
	id := drawn(rt, "stocktake", h.takes, anyOne)
	_, err := h.r.ApproveStocktake(person(h.t.Context(), "bob"), deciding(id))
	require.Equal(rt, "SECOND_PERSON_NEEDED", reasonOf(err))
	b := h.bays[h.takes[id].key]
	if rapid.Bool().Draw(rt, "approved") {
		_, err = h.r.ApproveStocktake(h.boss(), deciding(id))
		b.onHand += h.takes[id].difference
	} else {
		_, err = h.r.RejectStocktake(h.boss(), &inventoryv1.RejectStocktakeRequest{RequestId: requestID(), Id: id})
	}
	require.NoError(rt, err)
	b.frozen = false
	delete(h.takes, id)
}
