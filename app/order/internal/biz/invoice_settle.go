package biz

import "github.com/onepool/onepool/app/internal/ids"

const (
	// invoiceFirst and invoiceMost bound the pause before an issuer is asked again.
	invoiceFirst = 30 * second_us
	invoiceMost  = 3600 * second_us
	// invoiceAttempts without an answer, or invoicePatience without an end, and a person has to look.
	invoiceAttempts = 10
	invoicePatience = 7 * dayUS

	// FailureSilent, FailureSlow and FailureMismatch are why an invoice failed that may be issued all the same.
	FailureSilent   = "NO_ANSWER"
	FailureSlow     = "NO_END"
	FailureMismatch = "AMOUNT_MISMATCH"
)

func newInvoiceID() string { return ids.New("inv") }

// SettleInvoices draws the conclusions of a change for the order's invoices, in the change itself: a request whose moment has come
// is due, one that is left with nothing ends, and what went back of an invoice's money is a red letter. stored is that of
// Invoiceable.
func (o *Order) SettleInvoices(stored map[string]bool) error {
	for i := range o.r.Invoices {
		v := o.r.Invoices[i]
		if v.Of != "" || v.over() {
			continue
		}
		if !v.counts() {
			if err := o.settleWaiting(v.ID, stored); err != nil {
				return err
			}
			continue
		}
		if more := o.r.InvoicedMinor(v) - o.r.Invoiceable(stored); more > 0 {
			if err := o.redden(v, more); err != nil {
				return err
			}
		}
		o.settleRed(v)
	}
	return nil
}

// settleWaiting says when the issuer is to be asked for an invoice that it has not heard of.
func (o *Order) settleWaiting(id string, stored map[string]bool) error {
	v := o.invoice(id)
	nothing := o.r.PaidAtUS != 0 && o.r.Invoiceable(stored) == 0
	switch {
	case o.r.State == OrderCancelled || nothing:
		return o.endInvoice(v, "nothing is left of the order that it would be for")
	case v.State != InvoiceRequested:
		v.NextAtUS = 0
	case !o.r.reached(v.When) || o.r.refunding(stored):
		v.NextAtUS = 0
	case v.NextAtUS == 0:
		v.NextAtUS = o.nowUS
	}
	return nil
}

// settleRed lets the red letters of an issued invoice go to the issuer.
func (o *Order) settleRed(v Invoice) {
	if v.State != InvoiceIssued && v.State != InvoicePartRed {
		return
	}
	for i := range o.r.Invoices {
		if red := &o.r.Invoices[i]; red.Of == v.ID && red.State == InvoiceRequested && red.NextAtUS == 0 {
			red.NextAtUS = o.nowUS
		}
	}
}

// reached says whether the order has come to the moment.
func (r Record) reached(when InvoiceMoment) bool {
	switch {
	case r.State == OrderCompleted:
		return true
	case r.State != OrderPaid:
		return false
	case when == WhenPaid:
		return true
	case when == WhenCompleted || r.Unallocated:
		return false
	}
	for _, f := range r.Fulfilments {
		switch {
		case !f.Ends():
		case !f.Left() || f.State == FulfilmentPartShipped:
			return false
		case when == WhenReceived && f.State != FulfilmentReceived && f.State != FulfilmentClosed && f.State != FulfilmentBack:
			return false
		}
	}
	return r.allocated()
}

// allocated says whether locations ship, or have shipped, all units that are not cancelled: of a declined part, which is looked for
// again, nothing may have come yet.
func (r Record) allocated() bool {
	units := map[string]int64{}
	kits := map[string]bool{}
	for _, f := range r.Fulfilments {
		if !f.Ends() {
			continue
		}
		for _, l := range f.Lines {
			if l.SKU == r.SKUOf(l.LineID) {
				units[l.LineID] += l.Quantity
			} else {
				kits[l.LineID] = true
			}
		}
	}
	for _, l := range r.Lines {
		if !kits[l.ID] && units[l.ID] < l.Live() {
			return false
		}
	}
	return true
}

// AskInvoice prepares a question to the issuer: its words, and whether the issuer may have heard of it before. due is false when
// there is nothing to ask now. What is asked for the first time gets its amount here.
func (o *Order) AskInvoice(id string, stored map[string]bool) (ask InvoiceAsk, again, due bool, err error) {
	v := o.invoice(id)
	if v == nil || v.State != InvoiceRequested || v.NextAtUS == 0 || v.NextAtUS > o.nowUS {
		return ask, false, false, nil
	}
	switch {
	case v.Attempts >= invoiceAttempts:
		return ask, false, false, o.failInvoice(v, FailureSilent)
	case v.AcceptedAtUS != 0 && o.nowUS-v.AcceptedAtUS > invoicePatience:
		return ask, false, false, o.failInvoice(v, FailureSlow)
	}
	if again = v.AskedAtUS != 0; !again {
		if v.Of == "" {
			o.freeze(v, o.r.Invoiceable(stored))
		}
		v.AskedAtUS = o.nowUS
	}
	v.NextAtUS = o.nowUS + min(invoiceFirst<<min(v.Attempts, 16), invoiceMost)
	v.Attempts++
	ask = InvoiceAsk{Number: v.Number(), Buyer: v.Buyer, Currency: o.r.Currency, AmountMinor: v.AmountMinor, TaxMinor: v.TaxMinor, Lines: v.Lines}
	if of := o.invoice(v.Of); of != nil {
		ask.Of, ask.OfOfficialNo, ask.Buyer = of.Number(), of.OfficialNo, of.Buyer
	}
	ask.Seller.ID, ask.Buyer.Message = v.Profile, ""
	return ask, again, true, nil
}

// failInvoice gives an invoice to a person. The issuer may have it.
func (o *Order) failInvoice(v *Invoice, failure string) error {
	v.NextAtUS, v.Failure = 0, failure
	return o.move(SubjectInvoice, v.ID, &v.State, EventFail, failure)
}

// InvoiceAnswered notes what the issuer says; again, late, or about a number that is over it changes nothing.
func (o *Order) InvoiceAnswered(id string, a InvoiceAnswer) error {
	v := o.invoice(id)
	switch {
	case v == nil:
		return NotFound("invoice")
	case v.State != InvoiceRequested || v.AskedAtUS == 0 || a.Number != v.Number():
		return nil
	}
	switch a.Standing {
	case InvoiceIsIssued:
		if a.AmountMinor != v.AmountMinor {
			return o.failInvoice(v, FailureMismatch)
		}
		return o.issued(v, a)
	case InvoiceUnderWay:
		if v.AcceptedAtUS == 0 {
			v.AcceptedAtUS = o.nowUS
		}
		v.Attempts = 0 // it is there
		v.NextAtUS = o.nowUS + min(max(o.nowUS-v.AcceptedAtUS, invoiceFirst), invoiceMost)
	case InvoiceRefused:
		return o.refused(v, a)
	}
	return nil
}

func (o *Order) issued(v *Invoice, a InvoiceAnswer) error {
	if err := o.move(SubjectInvoice, v.ID, &v.State, EventIssue, a.OfficialNo); err != nil {
		return err
	}
	v.OfficialNo, v.URL, v.IssuedAtUS, v.NextAtUS, v.Failure = a.OfficialNo, a.URL, o.nowUS, 0, ""
	v.Buyer.Message = ""
	of := o.invoice(v.Of)
	if of == nil {
		return nil
	}
	event := EventRedden
	if o.r.redState(*of) == InvoiceRed {
		event = EventReddenAll
	}
	return o.move(SubjectInvoice, of.ID, &of.State, event, v.ID)
}

// redState is the state that the issued red letters of an issued invoice give it.
func (r Record) redState(v Invoice) State {
	left, some := v.AmountMinor, false
	for _, red := range r.Invoices {
		if red.Of == v.ID && red.State == InvoiceIssued {
			left, some = left-red.AmountMinor, true
		}
	}
	switch {
	case left == 0:
		return InvoiceRed
	case some:
		return InvoicePartRed
	}
	return InvoiceIssued
}

// refused gives what the issuer does not issue to a person, under another number the next time. An invoice loses its amount: by then
// another one may be kept of the order; and what was to take it back ends.
func (o *Order) refused(v *Invoice, a InvoiceAnswer) error {
	if err := o.failInvoice(v, clip(a.Code, maxFailureCode)); err != nil {
		return err
	}
	v.Round++
	v.AskedAtUS, v.AcceptedAtUS, v.Attempts = 0, 0, 0
	v.Buyer.Message = clip(a.Message, maxFailure)
	if v.Of != "" {
		return nil
	}
	v.AmountMinor, v.TaxMinor, v.Lines = 0, 0, nil
	for i := range o.r.Invoices {
		if red := &o.r.Invoices[i]; red.Of == v.ID && red.State == InvoiceRequested {
			if err := o.endInvoice(red, "its invoice was refused"); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxFailureCode bounds an issuer's code of a refusal.
const maxFailureCode = 64
