package biz

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// settled is a change of an order whose invoices follow it, as every change is kept.
func (b *book) settled(change func(o *Order) error) error {
	return b.do(func(o *Order) error {
		if err := change(o); err != nil {
			return err
		}
		return o.SettleInvoices(nil)
	})
}

var someone = InvoiceBuyer{Title: "Lin", TaxNo: "91330106MA2ABCDE1X", Email: "lin@example.com"}

func (b *book) request(t require.TestingT, when InvoiceMoment) string {
	id := ""
	require.NoError(t, b.settled(func(o *Order) (err error) {
		id, err = o.RequestInvoice(someone, TaxProfile{ID: "txp_1", InvoiceWhen: when, RequestDays: 1})
		return err
	}))
	return id
}

// issuer is one that answers at will.
type issuer struct{ issued map[string]InvoiceAsk }

// ask lets the timer ask about an invoice; standing is what the issuer says, empty: nothing.
func (b *book) ask(t require.TestingT, i *issuer, id string, standing InvoiceStanding) {
	var ask InvoiceAsk
	var again, due bool
	require.NoError(t, b.settled(func(o *Order) (err error) {
		ask, again, due, err = o.AskInvoice(id, nil)
		return err
	}))
	if !due {
		return
	}
	if again && i.issued[ask.Number].Number != "" { // asked how it stands first
		standing = InvoiceIsIssued
	}
	a := InvoiceAnswer{Number: ask.Number, Standing: standing, AmountMinor: ask.AmountMinor, OfficialNo: "no-" + ask.Number, Code: "NO", Message: "no"}
	if standing == InvoiceIsIssued {
		was, known := i.issued[ask.Number]
		require.True(t, !known || was.AmountMinor == ask.AmountMinor, "one number is one invoice")
		if ask.Of != "" {
			require.Contains(t, i.issued, ask.Of, "what is not issued is not taken back")
			require.Equal(t, "no-"+ask.Of, ask.OfOfficialNo)
		}
		i.issued[ask.Number] = ask
	}
	if standing == "" {
		return
	}
	for range 2 { // an answer may come twice
		require.NoError(t, b.settled(func(o *Order) error { return o.InvoiceAnswered(id, a) }))
	}
}

// official is what stands in the tax office's books: invoices less red letters, by line.
func (i *issuer) official() (sum, tax int64) {
	for _, ask := range i.issued {
		sign := int64(1)
		if ask.Of != "" {
			sign = -1
		}
		sum, tax = sum+sign*ask.AmountMinor, tax+sign*ask.TaxMinor
	}
	return sum, tax
}

// In whatever pieces goods come back, and whatever the issuer says when, an invoice less its red letters is what is kept, and when
// all is told nothing is left over.
func TestAnInvoiceFollowsWhatIsKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := placed(t, rapid.SampledFrom([]int64{0, 7, 700}).Draw(t, "points"))
		onTop := rapid.Bool().Draw(t, "on top")
		for i := range b.r.Lines {
			l := &b.r.Lines[i]
			l.TaxBP = rapid.SampledFrom([]int64{0, 100, 900, 1300}).Draw(t, "bp")
			l.TaxMinor = l.PayableMinor * l.TaxBP / (10000 + l.TaxBP)
			if onTop { // rounded the other way
				l.TaxMinor = min(l.PayableMinor, l.TaxMinor+1)
			}
		}
		b.r.ReturnTerms = &ReturnTerms{WindowUS: demoTerms.ReturnWindowUS, AutoReceiveUS: demoTerms.AutoReceiveUS, Freight: rapid.SampledFrom([]FreightRefund{FreightKept, FreightWithLast, FreightProRata}).Draw(t, "freight")}
		when := rapid.SampledFrom([]InvoiceMoment{WhenPaid, WhenShipped, WhenReceived}).Draw(t, "when")
		if rapid.Bool().Draw(t, "before it is paid") {
			b.request(t, when)
		}
		if wallet := rapid.Int64Range(0, b.r.LeftMinor()-1).Draw(t, "stored value"); wallet > 0 {
			b.tender(t, ProviderWallet, wallet)
		}
		if b.r.LeftMinor() > 1 {
			b.tender(t, "wechat", rapid.Int64Range(1, b.r.LeftMinor()-1).Draw(t, "wechat"))
		}
		n := b.tender(t, "sandbox", 0)
		require.NoError(t, b.settled(func(*Order) error { return nil }))
		office := &issuer{issued: map[string]InvoiceAsk{}}
		check := func() {
			require.Empty(t, AgreeInvoices(b.r, nil))
			b.audit(t)
		}
		check()
		steps := map[string]func(t *rapid.T){
			"ship": func(t *rapid.T) {
				for i, f := range b.r.Fulfilments {
					if f.State == FulfilmentAssigned {
						b.ship(t, i)
						break
					}
				}
			},
			"request": func(*rapid.T) {
				_ = b.settled(func(o *Order) error {
					_, err := o.RequestInvoice(someone, TaxProfile{ID: "txp_1", InvoiceWhen: when, RequestDays: 1})
					return err
				})
			},
			"give back": func(t *rapid.T) {
				l := rapid.SampledFrom(b.r.Lines).Draw(t, "line")
				ret := ""
				err := b.settled(func(o *Order) (err error) {
					if ret, err = o.RequestReturn([]ReturnWish{{l.ID, rapid.Int64Range(1, l.Quantity).Draw(t, "pieces")}}, "", false); err != nil {
						return err
					}
					if err = o.ApproveReturn(ret); err != nil {
						return err
					}
					return o.ReceiveReturn(ret, "S1")
				})
				if err != nil {
					require.IsType(t, Refusal{}, err)
				}
			},
			"cancel a piece": func(t *rapid.T) {
				l := rapid.SampledFrom(b.r.Lines).Draw(t, "line")
				_ = b.settled(func(o *Order) error { return o.CancelLines([]ReturnWish{{l.ID, 1}}, "no") })
			},
			"pay it twice": func(t *rapid.T) {
				again := n
				again.TransactionNo = fmt.Sprint("again-", len(b.r.Captures))
				require.NoError(t, b.settled(func(o *Order) error { return o.Capture(again) }))
			},
			"refund": func(t *rapid.T) {
				if len(b.r.Refunds) == 0 {
					return
				}
				f := rapid.SampledFrom(b.r.Refunds).Draw(t, "refund")
				require.NoError(t, b.settled(func(o *Order) error { return o.RefundPaid(f.ID, "paid") }))
			},
			"ask": func(t *rapid.T) {
				if len(b.r.Invoices) == 0 {
					return
				}
				v := rapid.SampledFrom(b.r.Invoices).Draw(t, "invoice")
				b.nowUS = max(b.nowUS, v.NextAtUS)
				b.ask(t, office, v.ID, rapid.SampledFrom([]InvoiceStanding{"", InvoiceIsIssued, InvoiceUnderWay, InvoiceRefused}).Draw(t, "says"))
			},
			"retry": func(t *rapid.T) {
				for _, v := range b.r.Invoices {
					if v.State == InvoiceFailed {
						require.NoError(t, b.settled(func(o *Order) error { return o.RetryInvoice(v.ID, "") }))
						return
					}
				}
			},
			"withdraw": func(t *rapid.T) {
				for _, v := range b.r.Invoices {
					_ = b.settled(func(o *Order) error { return o.WithdrawInvoice(v.ID, "") })
				}
			},
		}
		names := []string{"ship", "ship", "request", "give back", "give back", "cancel a piece", "pay it twice", "refund", "refund", "refund", "ask", "ask", "ask", "ask", "retry", "withdraw"}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			steps[rapid.SampledFrom(names).Draw(t, "step")](t)
			check()
		}

		// All that is under way ends.
		finish := func() {
			for _, f := range b.r.Refunds {
				require.NoError(t, b.settled(func(o *Order) error { return o.RefundPaid(f.ID, "paid") }))
			}
			for range 50 {
				for i := 0; i < len(b.r.Invoices); i++ {
					v := b.r.Invoices[i]
					if v.State == InvoiceFailed {
						require.NoError(t, b.settled(func(o *Order) error { return o.RetryInvoice(v.ID, "") }))
					}
					b.nowUS = max(b.nowUS, b.r.Invoices[i].NextAtUS)
					b.ask(t, office, v.ID, InvoiceIsIssued)
				}
			}
			check()
		}
		finish()
		sum, _ := office.official()
		if len(office.issued) > 0 {
			require.Equal(t, b.r.Invoiceable(nil), sum, "the tax office has what is kept")
		}
		for i, f := range b.r.Fulfilments {
			if f.State == FulfilmentAssigned {
				b.ship(t, i)
			}
		}
		for _, l := range b.r.Lines {
			if left := l.Live() - l.ReturnedQuantity; left > 0 && b.r.State == OrderPaid {
				require.NoError(t, b.settled(func(o *Order) error {
					ret, err := o.RequestReturn([]ReturnWish{{l.ID, left}}, "", false)
					if err != nil {
						return err
					}
					if err := o.ApproveReturn(ret); err != nil {
						return err
					}
					return o.ReceiveReturn(ret, "S1")
				}))
			}
		}
		finish()
		sum, tax := office.official()
		if kept := b.r.Invoiceable(nil); len(office.issued) > 0 {
			require.Equal(t, kept, sum)
			if kept == 0 {
				require.Zero(t, tax, "nor is any tax left over")
			}
		}
	})
}

// 199.01, 89.00 and 7 x 5.46 with freight of 8.00: 334.23, of which 100.00 by stored value; a third of the cups comes back.
func TestAnInvoiceInFigures(t *testing.T) {
	b := placed(t, 0)
	for i, bp := range []int64{900, 1300, 1300} {
		b.r.Lines[i].TaxBP = bp
		b.r.Lines[i].TaxMinor = b.r.Lines[i].PayableMinor * bp / (10000 + bp)
	}
	b.tender(t, ProviderWallet, 10_000)
	b.tender(t, "sandbox", 0)
	b.ship(t, 0)
	id := b.request(t, WhenShipped)
	require.Zero(t, b.r.Invoices[0].NextAtUS, "a part has not left yet")
	b.ship(t, 1)
	require.NoError(t, b.settled(func(*Order) error { return nil }))
	office := &issuer{issued: map[string]InvoiceAsk{}}
	b.ask(t, office, id, InvoiceIsIssued)
	figures := func(v Invoice) (all [][3]int64) {
		for _, l := range v.Lines {
			all = append(all, [3]int64{l.RateBP, l.AmountMinor, l.TaxMinor})
		}
		return all
	}
	blue := b.r.Invoices[0]
	require.Equal(t, []any{InvoiceIssued, int64(23_423)}, []any{blue.State, blue.AmountMinor}, "stored value had its invoice")
	require.Equal(t, [][3]int64{{900, 13_947, 1151}, {1300, 6_237, 717}, {1300, 2_678, 308}, {900, 342, 28}, {1300, 219, 25}}, figures(blue), "freight is taxed as the goods are")

	ret := ""
	require.NoError(t, b.settled(func(o *Order) (err error) {
		if ret, err = o.RequestReturn([]ReturnWish{{b.r.Lines[2].ID, 3}}, "", true); err == nil {
			err = o.ApproveReturn(ret)
		}
		if err == nil {
			err = o.ReceiveReturn(ret, "S1")
		}
		return err
	}))
	require.Len(t, b.r.Invoices, 1, "the money is not back yet")
	for _, f := range b.r.Refunds {
		require.NoError(t, b.settled(func(o *Order) error { return o.RefundPaid(f.ID, "1") }))
	}
	red := b.r.Invoices[1]
	require.Equal(t, []any{blue.ID, InvoiceRequested, int64(1148)}, []any{red.Of, red.State, red.AmountMinor}, "16.38, of which 4.90 is stored value's")
	require.Equal(t, [][3]int64{{1300, 1148, 132}}, figures(red))
	b.ask(t, office, red.ID, InvoiceIsIssued)
	require.Equal(t, InvoicePartRed, b.r.Invoices[0].State)
	require.Equal(t, b.r.Invoiceable(nil), b.r.InvoicedMinor(b.r.Invoices[0]))

	// Told are the invoice and the red letter.
	told := 0
	for _, h := range b.history {
		if topic, yes := (Edge{h.Subject, h.From, h.Event, h.To}).Told(); yes && topic == TopicInvoiced {
			told++
		}
	}
	require.Equal(t, 2, told)
}

// A request waits, ends, is corrected and given to a person by rules.
func TestRequestsForInvoices(t *testing.T) {
	b := placed(t, 0)
	profile := TaxProfile{ID: "txp_1", InvoiceWhen: WhenReceived, RequestDays: 1}
	id := b.request(t, WhenReceived)
	_, err := Restore(b.r, demoTerms, b.nowUS, "test").RequestInvoice(someone, profile)
	require.Equal(t, id, requireReason(t, "INVOICE_EXISTS", err).Metadata["invoice_id"])
	require.NoError(t, b.settled(func(o *Order) error { return o.CorrectInvoice(id, InvoiceBuyer{Title: "Ann"}) }))
	b.pay(t)
	for i := range b.r.Fulfilments {
		f := b.r.Fulfilments[i].ID
		require.NoError(t, b.settled(func(o *Order) error { return o.Accept(f) }))
		require.NoError(t, b.settled(func(o *Order) error { return o.Ship(f, "SF", "1") }))
		require.Zero(t, b.r.Invoices[0].NextAtUS)
		require.NoError(t, b.settled(func(o *Order) error { return o.Receive(f) }))
	}
	require.Equal(t, b.nowUS, b.r.Invoices[0].NextAtUS)
	office := &issuer{issued: map[string]InvoiceAsk{}}

	// Refused: a person, or the buyer, corrects it; the number is another one.
	b.ask(t, office, id, InvoiceRefused)
	v := b.r.Invoices[0]
	require.Equal(t, []any{InvoiceFailed, "NO", "no", int64(0), id + "_1"}, []any{v.State, v.Failure, v.Buyer.Message, v.AmountMinor, v.Number()})
	require.NoError(t, b.settled(func(o *Order) error { return o.CorrectInvoice(id, someone) }))
	require.Equal(t, []any{InvoiceRequested, b.nowUS}, []any{b.r.Invoices[0].State, b.r.Invoices[0].NextAtUS})

	// What the issuer says late of the number before is not about this one.
	b.ask(t, office, id, "")
	require.NoError(t, b.settled(func(o *Order) error {
		return o.InvoiceAnswered(id, InvoiceAnswer{Number: id, Standing: InvoiceRefused, Code: "NO"})
	}))
	require.Equal(t, []any{InvoiceRequested, id + "_1"}, []any{b.r.Invoices[0].State, b.r.Invoices[0].Number()})
	b.r.Invoices[0].Attempts = 0

	// Silence: after so many questions a person looks; the issuer may have it, so that nobody changes it any more.
	pauses := []int64{}
	for b.r.Invoices[0].State == InvoiceRequested {
		at := b.r.Invoices[0].NextAtUS
		b.nowUS = at
		b.ask(t, office, id, "")
		pauses = append(pauses, b.r.Invoices[0].NextAtUS-at)
	}
	require.Equal(t, []int64{30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600}, seconds(pauses[:invoiceAttempts]))
	require.Equal(t, []any{InvoiceFailed, FailureSilent}, []any{b.r.Invoices[0].State, b.r.Invoices[0].Failure})
	requireReason(t, "INVOICE_ASKED", b.do(func(o *Order) error { return o.CorrectInvoice(id, someone) }))
	requireReason(t, "INVOICE_ASKED", b.do(func(o *Order) error { return o.WithdrawInvoice(id, "") }))
	require.NoError(t, b.settled(func(o *Order) error { return o.RetryInvoice(id, "they are back") }))
	b.ask(t, office, id, InvoiceUnderWay)
	require.Equal(t, b.nowUS+invoiceFirst, b.r.Invoices[0].NextAtUS)
	b.nowUS += invoicePatience + 1
	b.ask(t, office, id, "")
	require.Equal(t, FailureSlow, b.r.Invoices[0].Failure)
	require.NoError(t, b.settled(func(o *Order) error { return o.RetryInvoice(id, "") }))
	v = b.r.Invoices[0]
	require.NoError(t, b.settled(func(o *Order) error {
		return o.InvoiceAnswered(id, InvoiceAnswer{Number: v.Number(), Standing: InvoiceIsIssued, AmountMinor: 1, OfficialNo: "1"})
	}))
	require.Equal(t, FailureMismatch, b.r.Invoices[0].Failure, "an invoice of another amount is a person's matter")

	// Long after completion it is too late, and of what is cancelled there is none.
	late := b.r
	late.State = OrderCompleted
	_, err = Restore(Record{Header: late.Header, Fulfilments: late.Fulfilments}, demoTerms, late.completedAtUS()+2*dayUS, "test").RequestInvoice(someone, profile)
	requireReason(t, "INVOICE_TOO_LATE", err)
	c := placed(t, 0)
	waiting := c.request(t, WhenPaid)
	require.NoError(t, c.settled(func(o *Order) error { return o.Cancel("no") }))
	require.Equal(t, InvoiceWithdrawn, c.r.Invoices[0].State, waiting)
	_, err = Restore(c.r, demoTerms, c.nowUS, "test").RequestInvoice(someone, profile)
	requireReason(t, "INVOICE_NOTHING", err)
}

// While money is on its way back, what is kept is not known: the invoice waits.
func TestAnInvoiceWaitsForRefundsUnderWay(t *testing.T) {
	b := placed(t, 0)
	n := b.pay(t)
	b.ship(t, 0)
	b.ship(t, 1)
	require.NoError(t, b.settled(func(o *Order) error {
		ret, err := o.RequestReturn([]ReturnWish{{b.r.Lines[0].ID, 1}}, "", true)
		if err == nil {
			err = o.ApproveReturn(ret)
		}
		if err == nil {
			err = o.ReceiveReturn(ret, "S1")
		}
		return err
	}))
	again := n
	again.TransactionNo = "twice" // its refund is no matter of the order
	require.NoError(t, b.settled(func(o *Order) error { return o.Capture(again) }))
	b.request(t, WhenShipped)
	require.Zero(t, b.r.Invoices[0].NextAtUS)
	require.NoError(t, b.settled(func(o *Order) error { return o.RefundPaid(b.r.Refunds[0].ID, "1") }))
	require.Equal(t, b.nowUS, b.r.Invoices[0].NextAtUS)
	b.ask(t, &issuer{issued: map[string]InvoiceAsk{}}, b.r.Invoices[0].ID, InvoiceIsIssued)
	require.Equal(t, []any{1, int64(33_423 - 19_901)}, []any{len(b.r.Invoices), b.r.Invoices[0].AmountMinor})
}

func seconds(us []int64) (s []int64) {
	for _, n := range us {
		s = append(s, n/second)
	}
	return s
}
