package biz

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onepool/onepool/app/internal/ids"
)

const second = int64(1_000_000)

var demoTerms = Terms{PayWindowUS: 100 * second, HoldGraceUS: 60 * second, ReturnWindowUS: 50 * second, AutoReceiveUS: 80 * second}

// book is what a database would keep of one order.
type book struct {
	r       Record
	history []HistoryEvent
	effects []Effect
	nowUS   int64
}

func (b *book) do(change func(o *Order) error) error {
	o := Restore(b.r, demoTerms, b.nowUS, "test")
	if err := change(o); err != nil {
		return err
	}
	b.keep(o)
	return nil
}

func (b *book) keep(o *Order) {
	b.r = o.Record()
	b.history = append(b.history, o.Events()...)
	b.effects = append(b.effects, o.Effects()...)
}

func draft(t require.TestingT, points int64) Draft {
	p, err := Calculate(PriceInput{
		Lines: []WantedLine{{SKU: "tea", Quantity: 1}, {SKU: "pot", Quantity: 1}, {SKU: "cup", Quantity: 7}},
		SKUs:  shelf(map[string]int64{"tea": 19901, "pot": 8900, "cup": 546}), FreightMinor: 800, Points: points, PointValueMinor: 1,
	})
	require.NoError(t, err)
	return NewDraft(Header{
		ID: ids.New("ord"), Org: "hq", Kind: KindMall, Channel: "miniprogram", MemberID: "mbr_1", MerchantAccount: "acct-hq", PayUntilUS: 100 * second,
	}, p)
}

// holds puts the first line and part of the last one at one location, the rest at another one.
func holds(d Draft) []Reservation {
	l := d.Record.Lines
	at := func(n int, line Line, quantity int64, location, owner string) Reservation {
		return Reservation{
			ID: fmt.Sprint("res_", n), LineID: line.ID, SKU: line.SKU, Location: location, LocationOrg: owner, Owner: owner, Quantity: quantity,
		}
	}
	return []Reservation{
		at(1, l[0], 1, "S1", "hq"), at(2, l[2], 4, "S1", "hq"), at(3, l[1], 1, "S2", "fra"), at(4, l[2], 3, "S2", "fra"),
	}
}

func placed(t require.TestingT, points int64) *book {
	d := draft(t, points)
	o, err := Place(d, holds(d), demoTerms, 1*second, "member:mbr_1")
	require.NoError(t, err)
	b := &book{nowUS: 1 * second}
	b.keep(o)
	return b
}

func (b *book) payment(t require.TestingT) Notification {
	var n Notification
	require.NoError(t, b.do(func(o *Order) error {
		p, err := o.OpenPayment("sandbox", 0)
		n = Notification{ID: "n1", Provider: "sandbox", PaymentID: p.ID, TransactionNo: "tx-1", AmountMinor: p.AmountMinor, Currency: "CNY", Payee: p.Payee}
		return err
	}))
	return n
}

func (b *book) pay(t require.TestingT) Notification {
	n := b.payment(t)
	require.NoError(t, b.do(func(o *Order) error { return o.Capture(n) }))
	return n
}

func (b *book) ship(t require.TestingT, i int) {
	id := b.r.Fulfilments[i].ID
	require.NoError(t, b.do(func(o *Order) error { return o.Accept(id) }))
	require.NoError(t, b.do(func(o *Order) error { return o.Ship(id, "SF", "1") }))
	require.NoError(t, b.do(func(o *Order) error { return o.Receive(id) }))
}

// audit checks what the center's own audit checks, on one order.
func (b *book) audit(t require.TestingT) {
	state := map[string]State{}
	for i, e := range b.history {
		require.Equal(t, int64(i+1), e.Version)
		require.Equal(t, state[e.SubjectID], e.From, "chain of %s", e.SubjectID)
		to, ok := Next(e.Subject, e.From, e.Event)
		require.True(t, ok)
		require.Equal(t, to, e.To)
		state[e.SubjectID] = e.To
	}
	require.Equal(t, int64(len(b.history)), b.r.Version)
	require.Equal(t, state[b.r.ID], b.r.State)

	inHand := map[string]int64{} // pieces that some location ships, or has shipped
	for _, f := range b.r.Fulfilments {
		for _, l := range f.Lines {
			require.LessOrEqual(t, f.packed(l.ID), l.Quantity)
			require.LessOrEqual(t, f.Gone(l), l.Quantity)
			if f.Ends() {
				inHand[l.LineID] += l.Quantity
			}
		}
	}
	for _, l := range b.r.Lines {
		if !b.r.Unallocated && b.r.State != OrderCancelled && len(b.r.parts(l)) == 1 {
			require.Equal(t, l.Live(), inHand[l.ID], "of %s", l.SKU)
		}
	}
	var captured, refunded int64
	byCapture := map[string]int64{}
	for _, f := range b.r.Refunds {
		byCapture[f.CaptureID] += f.AmountMinor
		refunded += f.AmountMinor
	}
	for _, c := range b.r.Captures {
		require.Equal(t, byCapture[c.ID], c.RefundedMinor)
		require.LessOrEqual(t, c.RefundedMinor, c.AmountMinor)
		captured += c.AmountMinor
	}
	given := map[string]int64{} // pieces by fulfilment line, and money by line, that returns gave back
	for _, ret := range b.r.Returns {
		if ret.State != ReturnReceived && ret.State != ReturnRefunded {
			continue
		}
		for _, p := range ret.Lines {
			require.GreaterOrEqual(t, min(p.Arrived()-p.Damaged, p.Damaged, p.Missing-p.Forgiven, p.Forgiven), int64(0))
			given[p.FulfilmentLineID] += p.Back()
			given[p.LineID] += p.RefundMinor
		}
	}
	for _, f := range b.r.Fulfilments {
		for _, l := range f.Lines {
			require.Equal(t, given[l.ID], l.ReturnedQuantity)
			require.LessOrEqual(t, l.ReturnedQuantity, l.Quantity)
		}
	}
	if b.r.State != OrderCancelled {
		for _, l := range b.r.Lines {
			require.LessOrEqual(t, given[l.ID], l.RefundedMinor)
			if l.CancelledQuantity == 0 { // what was cancelled gave money back too
				require.Equal(t, given[l.ID], l.RefundedMinor)
			}
		}
	}
	require.Equal(t, captured, b.r.CapturedMinor)
	require.Equal(t, refunded, b.r.RefundedMinor)
	switch b.r.State {
	case OrderUnpaid:
		require.GreaterOrEqual(t, captured-refunded, int64(0))
		require.Less(t, captured-refunded, b.r.ToPayMinor())
	case OrderCancelled:
		require.Zero(t, captured-refunded, "a cancelled order keeps no money")
	default:
		var back int64
		for _, l := range b.r.Lines {
			back += l.RefundedMinor
			require.LessOrEqual(t, l.Ended(), l.Quantity)
			if l.Ended() == l.Quantity {
				require.Equal(t, l.BaseMinor(), l.RefundedMinor)
				require.Equal(t, l.Points, l.PointsBack)
			}
		}
		require.LessOrEqual(t, b.r.FreightRefundedMinor, b.r.FreightMinor)
		require.Equal(t, b.r.ToPayMinor()-back-b.r.FreightRefundedMinor+b.r.GiftChargedMinor, captured-refunded)
	}
}

func TestAnOrderIsPaidOnceHoweverOftenTheProviderCalls(t *testing.T) {
	b := placed(t, 0)
	n := b.pay(t)
	version := b.r.Version
	require.Equal(t, OrderPaid, b.r.State)
	require.NoError(t, b.do(func(o *Order) error { return o.Capture(n) }))
	require.Equal(t, version, b.r.Version)
	require.Len(t, b.r.Captures, 1)
	require.Equal(t, []Effect{Paid{}}, b.effects)

	// Another transaction for the same payment is money too much.
	n.TransactionNo = "tx-2"
	require.NoError(t, b.do(func(o *Order) error { return o.Capture(n) }))
	require.Equal(t, n.AmountMinor, b.r.RefundedMinor)
	b.audit(t)
}

func TestANotificationAboutSomethingElseChangesNothing(t *testing.T) {
	b := placed(t, 0)
	right := b.payment(t)
	for _, wrong := range []func(n *Notification){
		func(n *Notification) { n.AmountMinor-- }, func(n *Notification) { n.Currency = "USD" }, func(n *Notification) { n.Payee = "thief" },
	} {
		n := right
		wrong(&n)
		err := b.do(func(o *Order) error { return o.Capture(n) })
		requireReason(t, "AMOUNT_MISMATCH", err)
		require.True(t, IsMismatch(err))
		require.Empty(t, b.r.Captures)
	}
	n := right
	n.PaymentID = "pay_other"
	requireReason(t, "PAYMENT_UNKNOWN", b.do(func(o *Order) error { return o.Capture(n) }))
}

func TestALatePaymentGoesBack(t *testing.T) {
	for name, end := range map[string]func(b *book) error{
		"cancelled":                   func(b *book) error { return b.do(func(o *Order) error { return o.Cancel("changed my mind") }) },
		"expired":                     func(b *book) error { b.nowUS = 101 * second; return b.do((*Order).Expire) },
		"deadline over, worker later": func(b *book) error { b.nowUS = 131 * second; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			b := placed(t, 100)
			n := b.payment(t)
			require.NoError(t, end(b))
			require.NoError(t, b.do(func(o *Order) error { return o.Capture(n) }))
			require.Equal(t, OrderCancelled, b.r.State)
			require.Equal(t, "late", b.r.Refunds[0].Reason)
			require.Equal(t, RefundPending, b.r.Refunds[0].State)
			require.Equal(t, []Effect{Cancelled{WasPaid: false}}, b.effects)
			b.audit(t)
		})
	}
}

func TestAPaymentJustAfterTheDeadlineIsTakenWhileStockIsHeld(t *testing.T) {
	b := placed(t, 0)
	n := b.payment(t)
	b.nowUS = 129 * second
	require.NoError(t, b.do(func(o *Order) error { return o.Capture(n) }))
	require.Equal(t, OrderPaid, b.r.State)
}

func TestAnOrderDoesNotExpireBeforeItsDeadline(t *testing.T) {
	b := placed(t, 0)
	b.nowUS = 100*second - 1
	requireReason(t, "STATE_CONFLICT", b.do((*Order).Expire))
	b.nowUS++
	require.NoError(t, b.do((*Order).Expire))
	requireReason(t, "STATE_CONFLICT", b.do((*Order).Expire))
}

func TestAnOrderPaidWithPointsAloneIsPaidAtOnce(t *testing.T) {
	p, err := Calculate(PriceInput{Lines: []WantedLine{{SKU: "tea", Quantity: 3}}, SKUs: shelf(map[string]int64{"tea": 100}), Points: 300, PointValueMinor: 1})
	require.NoError(t, err)
	d := NewDraft(Header{ID: ids.New("ord"), Org: "hq", MemberID: "m"}, p)
	l := d.Record.Lines[0]
	o, err := Place(d, []Reservation{{ID: "r", LineID: l.ID, SKU: "tea", Location: "S", LocationOrg: "hq", Owner: "hq", Quantity: 3}}, demoTerms, 1, "m")
	require.NoError(t, err)
	b := &book{nowUS: 1}
	b.keep(o)
	require.Equal(t, OrderPaid, b.r.State)
	b.ship(t, 0)
	var id string
	require.NoError(t, b.do(func(o *Order) error {
		id, err = o.RequestReturn([]ReturnWish{{l.ID, 2}}, "x", true)
		return err
	}))
	require.NoError(t, b.do(func(o *Order) error { return o.ApproveReturn(id) }))
	require.NoError(t, b.do(func(o *Order) error { return o.ReceiveReturn(id, "") }))
	require.Equal(t, ReturnRefunded, b.r.Returns[0].State, "there is no money to wait for")
	require.Equal(t, int64(200), b.r.Returns[0].PointsBack)
	b.audit(t)
}

func TestAShippedOrderIsNotCancelled(t *testing.T) {
	b := placed(t, 0)
	b.pay(t)
	b.ship(t, 0)
	requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return o.Cancel("late") }))
}

func TestALineIsEarnedWithItsLastFulfilment(t *testing.T) {
	b := placed(t, 0)
	b.pay(t)
	b.ship(t, 0)
	b.ship(t, 1)
	l := b.r.Lines
	b.nowUS += 50 * second
	b.effects = nil
	require.NoError(t, b.do(func(o *Order) error { return o.EndWindow(b.r.Fulfilments[0].ID) }))
	require.Equal(t, []Effect{WindowEnded{[]string{l[0].ID}}}, b.effects)
	require.NoError(t, b.do(func(o *Order) error { return o.EndWindow(b.r.Fulfilments[1].ID) }))
	require.Equal(t, WindowEnded{[]string{l[1].ID, l[2].ID}}, b.effects[1])
	require.Equal(t, OrderCompleted, b.r.State)
	b.audit(t)
}

func TestAnOpenReturnKeepsTheWindowOpen(t *testing.T) {
	b := placed(t, 0)
	b.pay(t)
	b.ship(t, 0)
	tea := b.r.Lines[0]
	var id string
	require.NoError(t, b.do(func(o *Order) (err error) {
		id, err = o.RequestReturn([]ReturnWish{{tea.ID, 1}}, "x", true)
		return err
	}))
	b.nowUS += 60 * second
	end := func() error { return b.do(func(o *Order) error { return o.EndWindow(b.r.Fulfilments[0].ID) }) }
	require.NoError(t, end())
	require.Equal(t, FulfilmentReceived, b.r.Fulfilments[0].State)
	require.Greater(t, b.r.Fulfilments[0].CloseAtUS, b.nowUS)
	require.NoError(t, b.do(func(o *Order) error { return o.ApproveReturn(id) }))
	require.NoError(t, b.do(func(o *Order) error { return o.ReceiveReturn(id, "") }))
	require.NoError(t, end())
	require.Equal(t, FulfilmentReceived, b.r.Fulfilments[0].State, "the money is not back yet")
	require.NoError(t, b.do(func(o *Order) error { return o.RefundPaid(b.r.Refunds[0].ID, "ref") }))
	require.NoError(t, end())
	require.Equal(t, FulfilmentClosed, b.r.Fulfilments[0].State)
	b.audit(t)
}

func TestWhoMayReturnWhat(t *testing.T) {
	b := placed(t, 0)
	b.pay(t)
	cup := b.r.Lines[2]
	ask := func(n int64, member bool) error {
		return b.do(func(o *Order) error { _, err := o.RequestReturn([]ReturnWish{{cup.ID, n}}, "x", member); return err })
	}
	require.Equal(t, "0", requireReason(t, "REFUND_EXCEEDS_PAID", ask(1, false)).Metadata["left"])
	b.ship(t, 0) // 4 of 7
	require.Equal(t, "4", requireReason(t, "REFUND_EXCEEDS_PAID", ask(5, true)).Metadata["left"])
	require.NoError(t, ask(3, true))
	require.Equal(t, "1", requireReason(t, "REFUND_EXCEEDS_PAID", ask(2, true)).Metadata["left"])
	b.nowUS += 50 * second
	requireReason(t, "NOT_RETURNABLE", ask(1, true))
	require.NoError(t, ask(1, false))
	// The same line twice in one request does not count twice.
	b.ship(t, 1)
	err := b.do(func(o *Order) error {
		_, err := o.RequestReturn([]ReturnWish{{cup.ID, 2}, {cup.ID, 2}}, "x", true)
		return err
	})
	require.Equal(t, "1", requireReason(t, "REFUND_EXCEEDS_PAID", err).Metadata["left"])
	b.r.Lines[2].Returnable = false
	requireReason(t, "NOT_RETURNABLE", ask(1, false))
}

func TestALineComesBackToTheCentInWhateverPieces(t *testing.T) {
	l := Line{Quantity: 3, PayableMinor: 3824}
	var got []int64
	for i := range int64(3) {
		got = append(got, l.Back(i, 1).MoneyMinor)
	}
	require.Equal(t, []int64{1275, 1274, 1275}, got)

	rapid.Check(t, func(t *rapid.T) {
		l := Line{Quantity: rapid.Int64Range(1, 60).Draw(t, "quantity"), PayableMinor: rapid.Int64Range(0, 5000).Draw(t, "payable")}
		l.PointsAmountMinor = rapid.Int64Range(0, l.PayableMinor).Draw(t, "points amount")
		l.Points = rapid.Int64Range(0, 700).Draw(t, "points")
		var sum Share
		for done := int64(0); done < l.Quantity; {
			n := rapid.Int64Range(1, l.Quantity-done).Draw(t, "pieces")
			s := l.Back(done, n)
			require.GreaterOrEqual(t, min(s.MoneyMinor, s.PointsAmountMinor, s.Points), int64(0))
			sum.MoneyMinor, sum.PointsAmountMinor, sum.Points = sum.MoneyMinor+s.MoneyMinor, sum.PointsAmountMinor+s.PointsAmountMinor, sum.Points+s.Points
			done += n
		}
		require.Equal(t, Share{l.BaseMinor(), l.PointsAmountMinor, l.Points}, sum)
	})
}

func TestRandomLivesOfAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := placed(t, rapid.SampledFrom([]int64{0, 1, 777, 1_000_000}).Draw(t, "points"))
		b.r.ReturnTerms = &ReturnTerms{
			WindowUS: demoTerms.ReturnWindowUS, AutoReceiveUS: demoTerms.AutoReceiveUS, Freight: FreightRefund(rapid.IntRange(0, 2).Draw(t, "freight")),
		}
		var notes []Notification
		any := func(label string, n int) int { return rapid.IntRange(0, max(0, n-1)).Draw(t, label) }
		for range rapid.IntRange(5, 40).Draw(t, "steps") {
			b.nowUS += rapid.Int64Range(0, 20).Draw(t, "wait") * second
			_ = b.do(func(o *Order) error {
				f := o.r.Fulfilments[any("fulfilment", len(o.r.Fulfilments))].ID
				switch rapid.IntRange(0, 20).Draw(t, "what") {
				case 0, 1:
					p, err := o.OpenPayment(rapid.SampledFrom([]string{"sandbox", "other"}).Draw(t, "provider"), rapid.SampledFrom([]int64{0, 0, 1, 9_999, 20_000}).Draw(t, "amount"))
					if err == nil {
						notes = append(notes, Notification{Provider: p.Provider, PaymentID: p.ID, TransactionNo: fmt.Sprint("tx", len(notes)), AmountMinor: p.AmountMinor, Currency: "CNY", Payee: p.Payee})
					}
					return err
				case 2, 3:
					if len(notes) == 0 {
						return NotFound("notification")
					}
					return o.Capture(notes[any("note", len(notes))])
				case 4:
					if rapid.IntRange(0, 3).Draw(t, "sure") > 0 {
						return NotFound("will")
					}
					return o.Cancel("x")
				case 5:
					return o.Expire()
				case 6:
					return o.Accept(f)
				case 7:
					return o.Ship(f, "SF", "1")
				case 8:
					return o.Receive(f)
				case 9:
					return o.EndWindow(f)
				case 10, 11:
					l := o.r.Lines[any("line", 3)]
					n := rapid.Int64Range(1, l.Quantity).Draw(t, "pieces")
					id, err := o.RequestReturn([]ReturnWish{{l.ID, n}}, "x", rapid.Bool().Draw(t, "member"))
					if err == nil && l.PointsAmountMinor == 0 && any("other goods", 3) == 0 {
						err = o.WishExchange(id, []ExchangeWish{{LineID: l.ID, Quantity: rapid.Int64Range(1, n).Draw(t, "the same")}})
					}
					return err
				case 12:
					for _, ret := range o.r.Returns {
						if ret.State == ReturnRequested {
							switch any("answer", 6) {
							case 0:
								return o.RefuseReturn(ret.ID, "no")
							case 1:
								return o.WithdrawReturn(ret.ID)
							}
							if len(ret.Exchange) > 0 {
								o.forecastExchange(&ret)
								return o.ApproveExchange(ret.ID, "ord_n", ret.RefundMinor-ret.GiftMinor)
							}
							return o.ApproveReturn(ret.ID)
						}
						o.Transferable("ord_n", rapid.Int64Range(0, 5000).Draw(t, "transferable"))
						if ret.State == ReturnApproved && any("parcel", 2) == 0 {
							return o.SendReturn(ret.ID, "SF", "2")
						}
						if ret.open() && any("lost", 5) == 0 {
							return o.RefundWithoutReturn(ret.ID, "lost")
						}
						if ret.open() {
							asked := int64(0)
							for _, p := range ret.Lines {
								asked += p.Quantity
							}
							found := Inspected{LineID: ret.Lines[0].LineID}
							found.Missing = rapid.Int64Range(0, asked).Draw(t, "missing")
							found.Forgiven = rapid.Int64Range(0, found.Missing).Draw(t, "forgiven")
							found.Damaged = rapid.Int64Range(0, asked-found.Missing).Draw(t, "damaged")
							found.Sellable = asked - found.Missing - found.Damaged
							return o.ReceiveReturn(ret.ID, "", found)
						}
					}
				case 14, 15:
					l := o.r.Lines[any("line", 3)]
					return o.CancelLines([]ReturnWish{{l.ID, rapid.Int64Range(1, l.Quantity).Draw(t, "pieces")}}, "x")
				case 16:
					l := o.r.Lines[any("line", 3)]
					return o.ShipPart(f, []Content{{l.ID, "", rapid.Int64Range(1, l.Quantity).Draw(t, "pieces")}}, "SF", "1")
				case 17:
					return o.Deliver(f, "")
				case 18:
					return o.Fail(f, "x")
				case 19:
					return o.TakeBack(f)
				case 20:
					parcels := o.fulfilment(f).Parcels
					if len(parcels) == 0 {
						return NotFound("parcel")
					}
					p := parcels[any("parcel", len(parcels))].ID
					switch rapid.IntRange(0, 3).Draw(t, "carrier") {
					case 0:
						return o.DeliverParcel(p, "")
					case 1:
						return o.FailParcel(p, "x")
					case 2:
						return o.TakeBackParcel(p)
					}
					return o.ShipParcel(p, "SF", "2")
				case 13:
					for _, f := range o.r.Refunds {
						if f.State == RefundPending {
							return o.RefundPaid(f.ID, "ref")
						}
					}
				}
				return NotFound("work")
			})
			b.audit(t)
		}
	})
}

func TestEveryEdgeLeadsSomewhereAndIsUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range Edges {
		key := fmt.Sprint(e.Subject, e.From, e.Event)
		require.False(t, seen[key], key)
		seen[key] = true
	}
	_, ok := Next(SubjectOrder, OrderCancelled, EventPay)
	require.False(t, ok)
}

func TestAnOpenPaymentIsGivenAgain(t *testing.T) {
	b := placed(t, 0)
	require.Equal(t, b.payment(t).PaymentID, b.payment(t).PaymentID, "two open ones could both be paid")
	require.Len(t, b.r.Payments, 1)
}

func TestARefundIsNeverAboveItsCapture(t *testing.T) {
	b := placed(t, 0)
	b.pay(t)
	amount := b.r.Captures[0].AmountMinor
	requireReason(t, "REFUND_EXCEEDS_PAID", b.do(func(o *Order) error { return o.refund(&o.r.Captures[0], amount+1, "", "return") }))
	requireReason(t, "REFUND_EXCEEDS_PAID", b.do(func(o *Order) error { return o.refundFrom(amount+1, "", "return") }))
	require.NoError(t, b.do(func(o *Order) error { return o.refundFrom(amount, "", "return") }))
	requireReason(t, "REFUND_EXCEEDS_PAID", b.do(func(o *Order) error { return o.refund(&o.r.Captures[0], 1, "", "return") }))
}
