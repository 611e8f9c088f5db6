package biz

import (
	"context"
	"fmt"
)

// InvoiceIssuer issues invoices and red letters in sellers' names. It knows each by the number that it was asked under: asked again
// under the same number, it answers for the same one. An error means that the outcome is not known: Query says.
type InvoiceIssuer interface {
	// Issue asks for an invoice.
	Issue(ctx context.Context, ask InvoiceAsk) (InvoiceAnswer, error)
	// Redden asks for a red letter, which takes back a part or all of an invoice.
	Redden(ctx context.Context, ask InvoiceAsk) (InvoiceAnswer, error)
	// Query says how what was asked for stands.
	Query(ctx context.Context, ask InvoiceAsk) (InvoiceAnswer, error)
}

// InvoiceAsk is an invoice or red letter to be issued. It has personal data in it: never logged.
type InvoiceAsk struct {
	Number string
	// Of is the number of the invoice that a red letter takes back, OfOfficialNo the one that its issuer gave; empty: an invoice.
	Of, OfOfficialNo      string
	Seller                TaxProfile
	Buyer                 InvoiceBuyer
	Currency              string
	AmountMinor, TaxMinor int64
	Lines                 []InvoiceLine
}

// InvoiceStanding is how an invoice or red letter stands at its issuer.
type InvoiceStanding string

// The standings.
const (
	InvoiceUnknown  InvoiceStanding = "UNKNOWN"   // never heard of
	InvoiceUnderWay InvoiceStanding = "UNDER_WAY" // to be issued, or refused, later
	InvoiceIsIssued InvoiceStanding = "ISSUED"
	InvoiceRefused  InvoiceStanding = "REFUSED" // for good: the number is used up
)

// InvoiceAnswer is an issuer's answer about a number.
type InvoiceAnswer struct {
	Number      string
	Standing    InvoiceStanding
	AmountMinor int64 // of what is issued
	OfficialNo  string
	URL         string // of the document
	// Code and Message say why it was refused. The message may quote what was asked.
	Code, Message string
}

// Number is what the issuer knows an invoice or red letter by. It changes only when the one before was refused.
func (v Invoice) Number() string {
	if v.Round == 0 {
		return v.ID
	}
	return fmt.Sprintf("%s_%d", v.ID, v.Round)
}
