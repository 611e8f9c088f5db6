package biz

import "cmp"

// InvoiceMoment says when an invoice is issued that was asked for before.
type InvoiceMoment string

// The moments, each later than the one before.
const (
	WhenPaid      InvoiceMoment = "PAID"
	WhenShipped   InvoiceMoment = "SHIPPED"
	WhenReceived  InvoiceMoment = "RECEIVED"
	WhenCompleted InvoiceMoment = "COMPLETED"
)

// TaxProfile is who a seller is to the tax office, from a moment until that of the next one.
type TaxProfile struct {
	ID, Org         string
	Taxpayer        string // kind: tax rates go by it
	TaxNo, Title    string
	InvoiceWhen     InvoiceMoment
	RequestDays     int64 // after completion
	FromUS, Version int64
	Withdrawn       bool // it does not begin
	ChangedBy       string
	ChangedUS       int64
}

// begun is the profile of several of one organisation that began last by a moment; the zero value: none did.
func begun(all []TaxProfile, atUS int64) (in TaxProfile) {
	at := map[int64]TaxProfile{} // what counts, by its beginning
	for _, p := range all {
		if was, has := at[p.FromUS]; !has || p.Version > was.Version {
			at[p.FromUS] = p
		}
	}
	for _, p := range at {
		if !p.Withdrawn && p.FromUS <= atUS && (in.ID == "" || p.FromUS > in.FromUS) {
			in = p
		}
	}
	return in
}

// Follow makes p the next profile of its organisation, which had all others, or refuses it. p may correct or withdraw one that has
// not begun yet. nowUS is the database's time.
func (p *TaxProfile) Follow(all []TaxProfile, nowUS int64) error {
	last := begun(all, maxUS)
	p.Version = 1
	for _, other := range all {
		if other.FromUS == p.FromUS {
			p.Version = max(p.Version, other.Version+1)
		}
	}
	corrects := p.FromUS == last.FromUS && p.FromUS > nowUS
	switch {
	case p.Withdrawn && (last.ID == "" || !corrects):
		return Invalid("withdrawn", "must be about the organisation's last profile, before it begins")
	case last.ID == "" || corrects:
		return nil
	case p.FromUS < nowUS:
		return Invalid("from_us", "must not be in the past: the organisation has a profile")
	case p.FromUS <= last.FromUS:
		return refuse(409, reasonTaxProfile, "another tax profile begins then, or later: begin after it", "org", p.Org, "from_us", itoa(last.FromUS))
	}
	return nil
}

// maxUS is later than all times.
const maxUS = 1<<63 - 1

// Profile is the tax profile of an organisation in force at a moment; the zero value: it has none.
func (t TradeTerms) Profile(org string, atUS int64) TaxProfile {
	if all := t.Profiles[org]; len(all) > 0 {
		return begun(all, atUS)
	}
	return TaxProfile{}
}

// SellerTax is what a seller charges at a moment: as the kind of taxpayer that its tax profile says, or that it is known as.
func (t TradeTerms) SellerTax(s Seller, atUS int64) Tax {
	return t.Tax(cmp.Or(t.Profile(s.Org, atUS).Taxpayer, s.Taxpayer), s.Region, atUS)
}
