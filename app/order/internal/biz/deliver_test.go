package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStepsOfALocationGoForwardOnlyAndSomeMayBeLeftOut(t *testing.T) {
	steps := map[string]func(o *Order, id string) error{
		"accept": func(o *Order, id string) error { return o.Accept(id) },
		"pick":   func(o *Order, id string) error { return o.Pick(id) },
		"pack":   func(o *Order, id string) error { return o.Pack(id) },
		"ship":   func(o *Order, id string) error { return o.Ship(id, "SF", "1") },
		"fail":   func(o *Order, id string) error { return o.Fail(id, "nobody at home") },
	}
	for _, way := range [][]string{
		{"accept", "pick", "pack", "ship"}, {"accept", "pack", "ship"}, {"accept", "pick", "ship"}, {"accept", "ship"},
	} {
		b := placed(t, 0)
		b.pay(t)
		id := b.r.Fulfilments[0].ID
		for i, name := range way {
			b.nowUS += second
			require.NoError(t, b.do(func(o *Order) error { return steps[name](o, id) }))
			for _, before := range way[:i+1] { // never again, and never back
				requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return steps[before](o, id) }))
			}
			if name != "ship" {
				requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return steps["fail"](o, id) }))
				requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return o.Deliver(id, "") }))
			}
		}
		requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return o.Pick(id) }))
		requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return o.TakeBack(id) }))
		b.audit(t)
	}
	b := placed(t, 0)
	b.pay(t)
	for name, step := range steps {
		if name != "accept" {
			requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return step(o, b.r.Fulfilments[0].ID) }))
		}
		requireReason(t, "NOT_FOUND", b.do(func(o *Order) error { return step(o, "ful_none") }))
	}
}

func TestDeliveredIsTheCarriersWordAndReceiptTheBuyers(t *testing.T) {
	b := placed(t, 0)
	b.pay(t)
	id := b.r.Fulfilments[0].ID
	require.NoError(t, b.do(func(o *Order) error { return o.Accept(id) }))
	require.NoError(t, b.do(func(o *Order) error { return o.Ship(id, "SF", "1") }))
	b.nowUS += second
	require.NoError(t, b.do(func(o *Order) error { return o.Deliver(id, "at the gate") }))
	delivered := b.r.Fulfilments[0]
	require.Equal(t, b.nowUS, delivered.DeliveredAtUS)
	require.Zero(t, delivered.ReceivedAtUS)
	b.nowUS += second
	require.NoError(t, b.do(func(o *Order) error { return o.Deliver(id, "again") }))
	require.Equal(t, delivered, b.r.Fulfilments[0], "said again, it changes nothing")
	requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return o.Fail(id, "late message") }))
	requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return o.Cancel("x") }))
	b.nowUS = delivered.AutoReceiveAtUS
	require.NoError(t, b.do(func(o *Order) error { return o.AutoReceive(id) }))
	require.NoError(t, b.do(func(o *Order) error { return o.Deliver(id, "late message") }))
	require.Equal(t, FulfilmentReceived, b.r.Fulfilments[0].State)
	b.audit(t)
}

func TestWhatCouldNotBeHandedOverGoesOutOnceMoreOrIsRefunded(t *testing.T) {
	b := placed(t, 300)
	b.pay(t)
	id := b.r.Fulfilments[0].ID
	require.NoError(t, b.do(func(o *Order) error { return o.Accept(id) }))
	require.NoError(t, b.do(func(o *Order) error { return o.Ship(id, "SF", "1") }))
	first := b.r.Fulfilments[0].ShippedAtUS
	b.nowUS += second
	require.NoError(t, b.do(func(o *Order) error { return o.Fail(id, "nobody at home") }))
	require.NoError(t, b.do(func(o *Order) error { return o.Fail(id, "said again") }))
	require.Equal(t, "nobody at home", b.r.Fulfilments[0].Failure)
	b.nowUS += demoTerms.AutoReceiveUS
	requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return o.AutoReceive(id) }))
	for _, byMember := range []bool{true, false} {
		require.Error(t, b.do(func(o *Order) error {
			_, err := o.RequestReturn([]ReturnWish{{b.r.Fulfilments[0].Lines[0].LineID, 1}}, "x", byMember)
			return err
		}), "nobody returns what nobody has")
	}

	// Once more: under another number, and not off the books a second time.
	require.NoError(t, b.do(func(o *Order) error { return o.Ship(id, "YTO", "2") }))
	require.Equal(t, []Effect{Paid{}, Shipped{FulfilmentID: id}}, b.effects)
	require.Equal(t, []any{first, "YTO", "2"}, []any{b.r.Fulfilments[0].ShippedAtUS, b.r.Fulfilments[0].Carrier, b.r.Fulfilments[0].TrackingNo})
	require.NoError(t, b.do(func(o *Order) error { return o.Fail(id, "refused at the door") }))
	require.NoError(t, b.do(func(o *Order) error { return o.TakeBack(id) }))
	requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return o.Ship(id, "SF", "3") }))
	require.Len(t, b.r.Returns, 1)
	ret := b.r.Returns[0]
	require.Equal(t, GoodsBack{ReturnID: ret.ID}, b.effects[len(b.effects)-1])
	l := b.r.Lines
	require.Equal(t, l[0].Back(0, 1).MoneyMinor+l[2].Back(0, 4).MoneyMinor, ret.RefundMinor)
	require.Equal(t, ret.RefundMinor, b.r.RefundedMinor)
	require.Equal(t, []int64{1, 0, 4}, []int64{l[0].ReturnedQuantity, l[1].ReturnedQuantity, l[2].ReturnedQuantity})
	b.audit(t)

	// It is over when the money is back; the order when the rest is.
	require.NoError(t, b.do(func(o *Order) error { return o.EndWindow(id) }))
	require.Equal(t, FulfilmentBack, b.r.Fulfilments[0].State, "the money is on its way")
	for _, f := range b.r.Refunds {
		require.NoError(t, b.do(func(o *Order) error { return o.RefundPaid(f.ID, "r") }))
	}
	require.NoError(t, b.do(func(o *Order) error { return o.EndWindow(id) }))
	require.Equal(t, FulfilmentClosed, b.r.Fulfilments[0].State)
	require.Equal(t, OrderPaid, b.r.State)
	b.ship(t, 1)
	b.nowUS += demoTerms.ReturnWindowUS
	require.NoError(t, b.do(func(o *Order) error { return o.EndWindow(b.r.Fulfilments[1].ID) }))
	require.Equal(t, OrderCompleted, b.r.State)
	b.audit(t)
}

// A return that staff had opened of the goods on their way gets them; nothing is paid back twice.
func TestWhatIsUnderAReturnAlreadyIsNotRefundedTwice(t *testing.T) {
	b := placed(t, 0)
	b.pay(t)
	id := b.r.Fulfilments[0].ID
	require.NoError(t, b.do(func(o *Order) error { return o.Accept(id) }))
	require.NoError(t, b.do(func(o *Order) error { return o.Ship(id, "SF", "1") }))
	var ret string
	require.NoError(t, b.do(func(o *Order) (err error) {
		ret, err = o.RequestReturn([]ReturnWish{{b.r.Lines[0].ID, 1}, {b.r.Lines[2].ID, 3}}, "refused", false)
		return err
	}))
	require.NoError(t, b.do(func(o *Order) error { return o.Fail(id, "refused") }))
	require.NoError(t, b.do(func(o *Order) error { return o.TakeBack(id) }))
	require.Equal(t, int64(1), b.r.Lines[2].ReturnedQuantity)
	require.NoError(t, b.do(func(o *Order) error { return o.ApproveReturn(ret) }))
	require.NoError(t, b.do(func(o *Order) error { return o.ReceiveReturn(ret, "") }))
	require.Equal(t, []int64{1, 4}, []int64{b.r.Lines[0].ReturnedQuantity, b.r.Lines[2].ReturnedQuantity})
	b.audit(t)
}
