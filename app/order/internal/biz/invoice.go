package biz

import (
	"slices"

	"github.com/onepool/onepool/app/internal/ids"
)

// Invoices (发票) and red letters (红字).
//
// Always true:
//   - An invoice is for the money that the seller keeps of an order, less what stored value has paid: once it is asked for, the
//     invoice less its red letters is that amount, after each change of the order.
//   - What is asked for has its amount, lines and tax for good. Of what is left of a line, tax follows from the frozen share of the line.
//   - An order has at most one invoice that is not over.

// Invoice is a tax invoice of an order, or a red letter that takes a part of one back.
type Invoice struct {
	ID    string
	Of    string // the invoice that a red letter takes back; empty: it is an invoice
	State State
	// Profile is the seller's tax profile, When the moment for which an invoice waits.
	Profile string
	When    InvoiceMoment
	Buyer   InvoiceBuyer // of an invoice
	// AmountMinor has TaxMinor in it. An invoice that waits has none.
	AmountMinor, TaxMinor int64
	Lines                 []InvoiceLine
	// Round counts how often it was refused.
	Round int64
	// AskedAtUS is since when the issuer may have heard of it, AcceptedAtUS since when it says that it is under way.
	AskedAtUS, AcceptedAtUS int64
	Attempts                int64
	NextAtUS                int64 // when to ask; 0: not
	Failure                 string
	OfficialNo, URL         string
	AskedBy                 string
	RequestedAtUS           int64
	IssuedAtUS              int64
}

// InvoiceBuyer is whom an invoice is made out to: personal data, never logged. Message is the issuer's about them.
type InvoiceBuyer struct {
	Title   string `json:"title"`
	TaxNo   string `json:"tax_no,omitempty"` // none: a person
	Email   string `json:"email,omitempty"`
	Message string `json:"message,omitempty"`
}

// InvoiceLine is the part of an amount that is for a line of the order, or for freight at one of the goods' rates.
type InvoiceLine struct {
	LineID      string            `json:"line_id,omitempty"` // empty: freight
	SKU         string            `json:"sku,omitempty"`
	Title       map[string]string `json:"title,omitempty"`
	TaxClass    string            `json:"tax_class,omitempty"`
	Quantity    int64             `json:"quantity,omitempty"`
	RateBP      int64             `json:"rate_bp"`
	AmountMinor int64             `json:"amount_minor"`
	TaxMinor    int64             `json:"tax_minor"`
}

// States of an invoice or a red letter.
const (
	InvoiceRequested State = "REQUESTED" // it waits for its moment, or for the issuer
	InvoiceIssued    State = "ISSUED"
	InvoicePartRed   State = "PART_RED"  // a part of it is taken back
	InvoiceRed       State = "RED"       // all of it is
	InvoiceFailed    State = "FAILED"    // refused, or not answered for long: a person has to look
	InvoiceWithdrawn State = "WITHDRAWN" // it was never issued, and will not be
)

// maxInvoices bounds the invoices and red letters of an order.
const maxInvoices = 1000

// maxWithdrawn bounds how often an invoice of an order is asked for and withdrawn.
const maxWithdrawn = 20

// over says whether nothing of an invoice counts any more.
func (v Invoice) over() bool { return v.State == InvoiceWithdrawn || v.State == InvoiceRed }

// counts says whether an invoice's amount stands, or is asked for.
func (v Invoice) counts() bool { return v.AskedAtUS != 0 && v.State != InvoiceWithdrawn }

// RequestInvoice asks for the invoice of the order, to be issued when the profile of its seller says.
func (o *Order) RequestInvoice(b InvoiceBuyer, p TaxProfile) (string, error) {
	withdrawn := 0
	for _, v := range o.r.Invoices {
		switch {
		case v.Of != "":
		case !v.over():
			return "", refuse(409, reasonInvoiceExists, "the order has an invoice: look at it, or correct it", "invoice_id", v.ID)
		case v.State == InvoiceWithdrawn:
			withdrawn++
		}
	}
	if withdrawn >= maxWithdrawn || len(o.r.Invoices) >= maxInvoices {
		return "", stateConflict(o.r.State, "it was asked for too often: ask the seller")
	}
	if err := o.r.invoiceable(p, o.nowUS); err != nil {
		return "", err
	}
	v := Invoice{ID: ids.New("inv"), Profile: p.ID, When: p.InvoiceWhen, Buyer: b, AskedBy: o.actor, RequestedAtUS: o.nowUS}
	return v.ID, o.addInvoice(v)
}

// addInvoice adds an invoice or red letter that is requested.
func (o *Order) addInvoice(v Invoice) error {
	if err := o.move(SubjectInvoice, v.ID, &v.State, EventRequest, v.Of); err != nil {
		return err
	}
	o.r.Invoices = append(o.r.Invoices, v)
	o.r.InvoiceCount = int64(len(o.r.Invoices))
	return nil
}

// invoiceable refuses an order of which no invoice can be asked for: not any more, or not at all.
func (r Record) invoiceable(p TaxProfile, nowUS int64) error {
	switch {
	case r.State == OrderCancelled:
		return InvoiceNothing()
	case r.State == OrderCompleted:
		if until := r.completedAtUS() + p.RequestDays*dayUS; nowUS > until {
			return refuse(409, reasonInvoiceLate, "the time to ask for an invoice is over: ask the seller", "until_us", itoa(until))
		}
	}
	return nil
}

// completedAtUS is when the last return window was over.
func (r Record) completedAtUS() (at int64) {
	for _, f := range r.Fulfilments {
		if f.Ends() {
			at = max(at, f.ReturnUntilUS, f.CloseAtUS, f.BackAtUS)
		}
	}
	if at == 0 {
		at = r.UpdatedAtUS
	}
	return at
}

// CorrectInvoice has an invoice that failed, or waits, made out to somebody else. One that may be issued already is not touched.
func (o *Order) CorrectInvoice(id string, b InvoiceBuyer) error {
	v := o.invoice(id)
	switch {
	case v == nil || v.Of != "":
		return NotFound("invoice")
	case v.State != InvoiceRequested && v.State != InvoiceFailed:
		return stateConflict(v.State, "it is issued, or over")
	case v.AskedAtUS != 0:
		return invoiceAsked(*v)
	}
	v.Buyer = b
	if v.State == InvoiceFailed {
		return o.RetryInvoice(id, "corrected")
	}
	return nil
}

// RetryInvoice has the issuer asked again for what failed: how it stands, if it may have heard of it.
func (o *Order) RetryInvoice(id, note string) error {
	v := o.invoice(id)
	if v == nil {
		return NotFound("invoice")
	}
	if err := o.move(SubjectInvoice, v.ID, &v.State, EventRetry, note); err != nil {
		return err
	}
	v.Attempts, v.Failure = 0, ""
	if v.AskedAtUS != 0 || v.Of != "" {
		v.NextAtUS = o.nowUS
	}
	return nil
}

// WithdrawInvoice ends a request that the issuer has not heard of.
func (o *Order) WithdrawInvoice(id, note string) error {
	v := o.invoice(id)
	switch {
	case v == nil || v.Of != "":
		return NotFound("invoice")
	case v.AskedAtUS != 0 && (v.State == InvoiceRequested || v.State == InvoiceFailed):
		return invoiceAsked(*v)
	}
	return o.endInvoice(v, note)
}

func (o *Order) endInvoice(v *Invoice, note string) error {
	v.NextAtUS = 0
	return o.move(SubjectInvoice, v.ID, &v.State, EventWithdraw, note)
}

func (o *Order) invoice(id string) *Invoice {
	i := slices.IndexFunc(o.r.Invoices, func(v Invoice) bool { return v.ID == id })
	if i < 0 {
		return nil
	}
	return &o.r.Invoices[i]
}

// InvoiceNothing refuses an invoice for money that is not there.
func InvoiceNothing() Refusal {
	return refuse(409, reasonInvoiceNothing, "nothing is left of it that an invoice is for: what points and stored value pay is not")
}

// InvoiceSellerUnknown refuses an invoice of a seller of whom the tax office knows nothing.
func InvoiceSellerUnknown(org string) Refusal {
	return refuse(409, reasonInvoiceSeller, "the seller has no tax profile yet: ask the seller", "org", org)
}

// InvoicesOff refuses an invoice where nobody issues any.
func InvoicesOff() Refusal {
	return refuse(409, reasonInvoicesOff, "no issuer of invoices is configured: ask the seller")
}

func invoiceAsked(v Invoice) Refusal {
	return refuse(409, reasonInvoiceAsked, "it may be issued already: wait for the issuer's answer", "invoice_id", v.ID, "state", string(v.State))
}
