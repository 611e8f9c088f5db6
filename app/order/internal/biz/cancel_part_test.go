package biz

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/order/pricing"
)

func (b *book) cancel(line string, n int64) error {
	return b.do(func(o *Order) error { return o.CancelLines([]ReturnWish{{line, n}}, "changed my mind") })
}

func TestPiecesThatHaveNotLeftAreCancelledAndPaidBack(t *testing.T) {
	b := placed(t, 500)
	tea, pot, cup := b.r.Lines[0].ID, b.r.Lines[1].ID, b.r.Lines[2].ID
	requireReason(t, "STATE_CONFLICT", b.cancel(cup, 1))
	b.pay(t)
	first := b.r.Fulfilments[0].ID
	require.NoError(t, b.do(func(o *Order) error { return o.Accept(first) }))
	require.NoError(t, b.do(func(o *Order) error { return o.ShipPart(first, []Content{{cup, "", 1}}, "SF", "1") }))
	requireReason(t, "REFUND_EXCEEDS_PAID", b.cancel(cup, 7))
	for _, bad := range [][]ReturnWish{{}, {{cup, 0}}, {{cup, 1}, {cup, 1}}} {
		requireReason(t, "VALIDATOR", b.do(func(o *Order) error { return o.CancelLines(bad, "x") }))
	}
	requireReason(t, "NOT_FOUND", b.cancel("lin_none", 1))

	require.NoError(t, b.cancel(cup, 4)) // three of the store where nothing is done yet, and one more
	part := b.effects[len(b.effects)-1].(PartCancelled).Part
	require.Equal(t, []MissingStock{{"res_4", 3}, {"res_2", 1}}, part.Stock)
	require.Equal(t, []int64{4, 3}, []int64{b.r.Lines[2].CancelledQuantity, b.r.Lines[2].Live()})
	require.Equal(t, b.r.Lines[2].Back(0, 4).MoneyMinor, b.r.RefundedMinor)
	require.Equal(t, []string{cup}, part.LineIDs)
	require.Equal(t, b.r.Lines[2].PointsBack, part.PointsBack[cup])
	b.audit(t)
	require.NoError(t, b.cancel(tea, 1))
	require.NoError(t, b.cancel(cup, 2))
	require.Equal(t, []State{FulfilmentShipped, FulfilmentAssigned}, []State{b.r.Fulfilments[0].State, b.r.Fulfilments[1].State}, "what has left has left")
	requireReason(t, "REFUND_EXCEEDS_PAID", b.cancel(cup, 1))
	require.NoError(t, b.cancel(pot, 1))
	require.Equal(t, FulfilmentCancelled, b.r.Fulfilments[1].State)
	require.Equal(t, OrderPaid, b.r.State, "a cup is on its way")
	b.audit(t)

	// The cup that is left comes back too: together it is what was paid for the seven.
	require.NoError(t, b.do(func(o *Order) error { return o.Receive(first) }))
	var ret string
	require.NoError(t, b.do(func(o *Order) (err error) {
		ret, err = o.RequestReturn([]ReturnWish{{cup, 1}}, "x", true)
		return err
	}))
	require.NoError(t, b.do(func(o *Order) error { return o.ApproveReturn(ret) }))
	require.NoError(t, b.do(func(o *Order) error { return o.ReceiveReturn(ret, "") }))
	for _, l := range b.r.Lines {
		require.Equal(t, []int64{l.BaseMinor(), l.Points}, []int64{l.RefundedMinor, l.PointsBack})
	}
	b.audit(t)
}

func TestWhatIsCancelledPieceByPieceIsCancelledInTheEnd(t *testing.T) {
	b := placed(t, 500)
	b.pay(t)
	for _, l := range b.r.Lines {
		for range l.Quantity {
			require.NoError(t, b.cancel(l.ID, 1))
			b.audit(t)
		}
	}
	require.Equal(t, OrderCancelled, b.r.State)
	require.Equal(t, b.r.CapturedMinor, b.r.RefundedMinor, "the freight with the last piece")
	last := b.effects[len(b.effects)-1].(Cancelled)
	points := map[string]int64{}
	for _, e := range b.effects {
		if p, ok := e.(PartCancelled); ok {
			for id, n := range p.Part.PointsBack {
				points[id] += n
			}
		}
	}
	for _, l := range b.r.Lines {
		require.Equal(t, l.Points, points[l.ID]+last.PointsBack[l.ID], "each point once")
	}
}

func TestAnOrderWhoseRestIsCancelledIsOver(t *testing.T) {
	b := placed(t, 0)
	b.pay(t)
	b.ship(t, 0)
	b.nowUS += demoTerms.ReturnWindowUS
	require.NoError(t, b.do(func(o *Order) error { return o.EndWindow(b.r.Fulfilments[0].ID) }))
	require.Equal(t, OrderPaid, b.r.State)
	require.NoError(t, b.do(func(o *Order) error {
		return o.CancelLines([]ReturnWish{{o.r.Lines[1].ID, 1}, {o.r.Lines[2].ID, 3}}, "x")
	}))
	require.Equal(t, OrderCompleted, b.r.State)
	require.Equal(t, WindowEnded{LineIDs: []string{b.r.Lines[2].ID}}, b.effects[len(b.effects)-1], "the cups that came are earned")
	b.audit(t)
}

func TestALineOfKitsIsCancelledAsAWhole(t *testing.T) {
	b, d := kitOrder(t)
	d.Record.Lines = append(d.Record.Lines, Line{ID: "lin_2", No: 2, SKU: "tea", Quantity: 1, UnitMinor: 500, GrossMinor: 500, PayableMinor: 500})
	d.Record.GoodsMinor, d.Record.TotalMinor = d.Record.GoodsMinor+500, d.Record.TotalMinor+500
	held := append(boxes(d, 3, 1, 5), Reservation{ID: "r4", LineID: "lin_2", SKU: "tea", Location: "S2", LocationOrg: "fra", Owner: "hq", Quantity: 1})
	o, err := Place(d, held, demoTerms, b.nowUS, "test")
	require.NoError(t, err)
	b.keep(o)
	b.pay(t)
	line := b.r.Lines[0].ID
	requireReason(t, "VALIDATOR", b.cancel(line, 1))
	require.NoError(t, b.cancel(line, 3))
	require.Equal(t, []MissingStock{{"r1", 3}, {"r2", 1}, {"r3", 5}}, b.effects[len(b.effects)-1].(PartCancelled).Part.Stock)
	require.Equal(t, int64(30000), b.r.RefundedMinor)
	// Inventory has not let go of it yet: nobody ships it.
	stock := []HeldStock{{Reservation: held[0], Open: 3}, {Reservation: held[1], Open: 1}, {Reservation: held[2], Open: 5}, {Reservation: held[3], Open: 1}}
	version := b.r.Version
	require.NoError(t, b.do(func(o *Order) error { return o.Follow(stock, false) }))
	require.Equal(t, version, b.r.Version)
}

func TestPromotionsGetBackTheirPartOfACancel(t *testing.T) {
	r := Record{Lines: []Line{
		{ID: "a", Quantity: 3, Discounts: []pricing.Discount{{Promotion: "P", AmountMinor: 100}, {Promotion: "F", AmountMinor: 30}}},
		{ID: "b", Quantity: 2, Discounts: []pricing.Discount{{Promotion: "P", AmountMinor: 50}}},
	}}
	var minor, held int64 = 150, 5
	for _, step := range []map[string]int64{{"a": 1}, {"a": 1, "b": 1}, {"b": 1}, {"a": 1}} {
		for _, back := range r.usedLess(step) {
			if back.Promotion == "P" {
				minor -= back.AmountMinor
				held -= back.Quota(held)
			}
		}
		for i := range r.Lines {
			r.Lines[i].CancelledQuantity += step[r.Lines[i].ID]
		}
	}
	require.Equal(t, []int64{0, 0}, []int64{minor, held})
	require.Equal(t, []PromotionBack{{Promotion: "P", AmountMinor: 25, Units: 1, OfUnits: 5}}, Record{Lines: []Line{
		{ID: "a", Quantity: 3, Discounts: []pricing.Discount{{Promotion: "P", AmountMinor: 100}, {Promotion: "F", AmountMinor: 30}}},
		{ID: "b", Quantity: 2, Discounts: []pricing.Discount{{Promotion: "P", AmountMinor: 50}}},
	}}.usedLess(map[string]int64{"b": 1}), "the other one gives nothing back")
}

// A location declines while inventory still holds what was cancelled: nobody can say yet which pieces stay. When it has let
// go it tells, and the order follows.
func TestWhatIsCancelledIsNotPlannedAnewBeforeInventoryKnows(t *testing.T) {
	b := placed(t, 0)
	b.pay(t)
	cup := b.r.Lines[2].ID
	require.NoError(t, b.cancel(cup, 2)) // of the three of S2
	at := func(id, line, sku, location string, open int64, replaces string) HeldStock {
		return HeldStock{Reservation: Reservation{ID: id, LineID: line, SKU: sku, Location: location, LocationOrg: "hq", Owner: "hq", Quantity: open}, Open: open, Replaces: replaces}
	}
	tea, pot := b.r.Lines[0].ID, b.r.Lines[1].ID
	held := []HeldStock{at("res_1", tea, "tea", "S1", 1, ""), at("res_2", cup, "cup", "S1", 4, ""), at("res_3", pot, "pot", "S2", 1, ""),
		at("res_4", cup, "cup", "S2", 0, ""), at("res_5", cup, "cup", "S3", 3, "res_4")}
	version := b.r.Version
	require.NoError(t, b.do(func(o *Order) error { return o.Follow(held, false) }))
	require.Equal(t, version, b.r.Version)
	held[4].Open = 1
	require.NoError(t, b.do(func(o *Order) error { return o.Follow(held, false) }))
	last := b.r.Fulfilments[len(b.r.Fulfilments)-1]
	require.Equal(t, []any{"S3", int64(1)}, []any{last.Location, last.Lines[0].Quantity})
	require.Empty(t, AgreeStock(b.r, held))
	b.audit(t)
}

func TestWhoseGoodsHaveLeftIsToldToAskForAReturn(t *testing.T) {
	b := placed(t, 0)
	b.pay(t)
	b.ship(t, 0)
	err := b.do(func(o *Order) error { return o.Cancel("x") })
	requireReason(t, "STATE_CONFLICT", err)
	require.ErrorContains(t, err, "ask for a return")
}
