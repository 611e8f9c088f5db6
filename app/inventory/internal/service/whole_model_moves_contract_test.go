package service

import (
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

// The steps of a history that move goods without a customer: transfers between places, and counts.

func (h *history) send(rt *rapid.T) {
	from, sku, b := h.here(rt)
	to, qty := rapid.SampledFrom(ours).Draw(rt, "to"), h.qty(rt)
	if from == to {
		rt.Skip("nowhere to go")
	}
	moved := h.r.planned(h.t, from, to, wish(sku, qty))
	moved, err := h.r.SendTransfer(h.boss(), &inventoryv1.SendTransferRequest{RequestId: requestID(), Id: moved.Id})
	if qty > h.free(from, sku) {
		require.Equal(rt, "STOCK_INSUFFICIENT", reasonOf(err))
		return
	}
	require.NoError(rt, err)
	b.onHand -= qty
	h.bays[place(to, sku)].inTransit += qty
	h.moves[moved.Id] = moved
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
	b := h.bays[place(moved.ToLocation, moved.Lines[0].Sku)]
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
	sku := moved.Lines[0].Sku
	h.bays[place(moved.FromLocation, sku)].onHand += stillOut(moved)
	h.bays[place(moved.ToLocation, sku)].inTransit -= stillOut(moved)
	delete(h.moves, moved.Id)
}

// openTake counts a bay.
func (h *history) openTake(rt *rapid.T) {
	at, sku, _ := h.here(rt)
	opened, err := h.r.OpenStocktake(person(h.t.Context(), "ann"), &inventoryv1.OpenStocktakeRequest{RequestId: requestID(), Location: at, Skus: []string{sku}})
	for _, c := range h.takes {
		if c.bay == place(at, sku) {
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
	h.takes[opened.Id] = recount{place(at, sku), difference}
}

func (h *history) approveTake(rt *rapid.T) {
	id := drawn(rt, "stocktake", h.takes, anyOne)
	_, err := h.r.ApproveStocktake(h.boss(), deciding(id))
	require.NoError(rt, err)
	h.bays[h.takes[id].bay].onHand += h.takes[id].difference
	delete(h.takes, id)
}
