package biz

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/internal/money"
)

// Dated says since when terms are in force, and who wrote them. Of several for one moment the highest version counts.
type Dated struct {
	FromUS, Version int64
	ChangedBy       string
	ChangedUS       int64
}

// Moment is when terms begin, and which version of that moment they are.
func (d Dated) Moment() (fromUS, version int64) { return d.FromUS, d.Version }

// Begin puts the terms at their moment.
func (d *Dated) Begin(at Dated) { *d = at }

// TaxRates are what sellers of a kind of taxpayer charge in a region, by tax class; empty parts are no limit.
type TaxRates struct {
	Taxpayer string `json:"taxpayer,omitempty"`
	Region   string `json:"region,omitempty"`
	// OnTop: prices have no tax in them.
	OnTop bool `json:"on_top,omitempty"`
	// Rates in basis points. None at all: these rates are over, what is less specific counts again.
	Rates []TaxRate `json:"rates,omitempty"`
	Dated `json:"-"`
}

// TaxRate is that of a tax class.
type TaxRate struct {
	Class string `json:"class"`
	BP    int64  `json:"bp"`
}

// Tax is what one seller charges at one moment: the rates that apply, the most specific first. The zero value charges none.
type Tax struct {
	OnTop  bool
	tables []TaxRates
}

// TradeTerms are terms that orders are priced by, of all times.
type TradeTerms struct {
	Taxes    []TaxRates
	Freights []FreightTerms
	Pays     []PayTerms
	// Profiles of sellers, by organisation.
	Profiles map[string][]TaxProfile
	Deposits []DepositTerms
}

// TermsReader knows the terms.
type TermsReader interface {
	// Terms are as old as a second; nowUS is the database's time, 0: it is asked.
	Terms(ctx context.Context, nowUS int64) (TradeTerms, error)
	// TaxProfile is one that an order names; the zero value: there is none.
	TaxProfile(ctx context.Context, id string) (TaxProfile, error)
}

// TermsBook keeps terms, in the context's transaction.
type TermsBook interface {
	// PutTax stores the next version of rates for their moment.
	PutTax(ctx context.Context, t TaxRates) (TaxRates, error)
	// PutFreight stores the next version of freight terms for their moment.
	PutFreight(ctx context.Context, f FreightTerms) (FreightTerms, error)
	// PutPay stores the next version of pay terms for their moment.
	PutPay(ctx context.Context, p PayTerms) (PayTerms, error)
	// PutProfile stores the next tax profile of an organisation, or refuses it.
	PutProfile(ctx context.Context, p TaxProfile, nowUS int64) (TaxProfile, error)
	// PutDeposit stores the next version of deposit terms for their moment.
	PutDeposit(ctx context.Context, d DepositTerms) (DepositTerms, error)
}

// Validate refuses rates that are none, or given twice.
func (t TaxRates) Validate() error {
	seen := map[string]bool{}
	for _, r := range t.Rates {
		if r.Class == "" || seen[r.Class] {
			return Invalid("rates.tax_class", "must be there, once")
		}
		if r.BP < 0 || r.BP > money.BasisPoints {
			return Invalid("rates.rate_bp", "must be 0 to 10000")
		}
		seen[r.Class] = true
	}
	return nil
}

// current are the versions in force of terms at a moment: of each scope the one that began last.
func current[T any](all []T, atUS int64, scope func(T) string, dated func(T) Dated) []T {
	at := map[string]T{}
	for _, t := range all {
		d := dated(t)
		if d.FromUS > atUS {
			continue
		}
		was, has := at[scope(t)]
		if w := dated(was); !has || cmp.Or(cmp.Compare(d.FromUS, w.FromUS), cmp.Compare(d.Version, w.Version)) > 0 {
			at[scope(t)] = t
		}
	}
	out := make([]T, 0, len(at))
	for _, t := range at {
		out = append(out, t)
	}
	return out
}

// Scope names what rates are for.
func (t TaxRates) Scope() string { return t.Taxpayer + "/" + t.Region }

// Tax is what a seller charges at a moment: the rates of the longer region first, those of its kind of taxpayer before those
// of every kind. The first that has a tax class says its rate; whether prices have tax in them, the first of all.
func (t TradeTerms) Tax(taxpayer, region string, atUS int64) Tax {
	in := slices.DeleteFunc(current(t.Taxes, atUS, TaxRates.Scope, func(t TaxRates) Dated { return t.Dated }), func(r TaxRates) bool {
		return len(r.Rates) == 0 || r.Taxpayer != "" && r.Taxpayer != taxpayer || !strings.HasPrefix(region, r.Region)
	})
	slices.SortFunc(in, func(a, b TaxRates) int {
		return cmp.Or(cmp.Compare(len(b.Region), len(a.Region)), cmp.Compare(b.Taxpayer, a.Taxpayer))
	})
	if len(in) == 0 {
		return Tax{}
	}
	return Tax{OnTop: in[0].OnTop, tables: in}
}

// BP is the rate of a tax class; 0: none is charged.
func (t Tax) BP(class string) int64 {
	for _, table := range t.tables {
		for _, r := range table.Rates {
			if r.Class == class {
				return r.BP
			}
		}
	}
	return 0
}

// include says what tax is in a price that somebody else has made.
func (p *Price) include(t Tax) error {
	for i := range p.Lines {
		l := &p.Lines[i]
		l.TaxBP = t.BP(l.TaxClass)
		var err error
		if l.TaxMinor, err = money.MulDiv(l.PayableMinor, l.TaxBP, money.BasisPoints+l.TaxBP); err != nil {
			return amountInvalid("lines")
		}
		p.TaxMinor += l.TaxMinor // at most what is paid
	}
	return nil
}
