package biz

import (
	"cmp"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/internal/batch"
	"github.com/onepool/onepool/app/internal/money"
)

const (
	maxChannel = 32
	maxRegion  = 32

	reasonListUnknown = "PRICE_LIST_UNKNOWN"
	reasonFixed       = "PRICE_LIST_FIXED"
	reasonSKUUnknown  = "SKU_UNKNOWN"
)

// PriceList says where, for whom and when its prices are. What it is for (scope) never changes.
type PriceList struct {
	Code, Name string
	PriceScope
	FromUS, UntilUS int64 // until before UntilUS; 0: without end
	Version         int64
	ChangedBy       string
	ChangedUS       int64
}

// PriceScope is what a list is for. Empty parts are no limit; of store and region one is empty.
type PriceScope struct{ Channel, Store, Region, Tier, Currency string }

// PriceEntry is what a list says of a SKU from a moment on. Of several for one moment the highest version counts.
type PriceEntry struct {
	List, SKU                   string
	FromUS, Version, PriceMinor int64
	Withdrawn                   bool // no price from then on
	ChangedBy                   string
	ChangedUS                   int64
}

// PriceAsk is a sale that prices are asked for.
type PriceAsk struct {
	Channel, Store, Region, Tier, Currency string
	AtUS                                   int64
}

// Price is what a piece costs, and the list that says so; empty: the catalogue.
type Price struct {
	Minor    int64
	Currency string
	List     string
}

// Priced is a SKU with its prices. Tier is the zero value where the tier has no price of its own.
type Priced struct {
	SKU         SKU
	Price, Tier Price
}

// Applies says whether a list is for a sale; tier: whether its tier's lists are asked for, or those of everybody.
func (l PriceList) Applies(a PriceAsk, tier bool) bool {
	return l.FromUS <= a.AtUS && (l.UntilUS == 0 || a.AtUS < l.UntilUS) && l.For(a, tier)
}

// Next is the first of moments that is later; 0: none of them.
func Next(atUS int64, moments ...int64) (next int64) {
	for _, m := range moments {
		if m > atUS && (next == 0 || m < next) {
			next = m
		}
	}
	return next
}

// For is Applies at some time.
func (l PriceList) For(a PriceAsk, tier bool) bool {
	switch {
	case l.Channel != "" && l.Channel != a.Channel,
		l.Store != "" && l.Store != a.Store,
		!strings.HasPrefix(a.Region, l.Region),
		a.Currency != "" && l.Currency != a.Currency:
		return false
	case tier:
		return l.Tier != "" && l.Tier == a.Tier
	}
	return l.Tier == ""
}

// precedes puts the more specific list first.
func precedes(a, b PriceList) int {
	named := func(s string) int { return min(len(s), 1) }
	return cmp.Or(cmp.Compare(named(b.Store), named(a.Store)), cmp.Compare(len(b.Region), len(a.Region)), cmp.Compare(named(b.Channel), named(a.Channel)),
		cmp.Compare(b.FromUS, a.FromUS), cmp.Compare(a.Code, b.Code))
}

// PriceAll prices SKUs with the lists and their entries. A SKU without a price in the asked currency is left out.
func PriceAll(skus []SKU, lists []PriceList, entries []PriceEntry, a PriceAsk) []Priced {
	type key struct{ list, sku string }
	force := map[key]PriceEntry{}
	for _, e := range entries {
		if e.FromUS > a.AtUS {
			continue
		}
		k := key{e.List, e.SKU}
		if was, seen := force[k]; !seen || cmp.Or(cmp.Compare(e.FromUS, was.FromUS), cmp.Compare(e.Version, was.Version)) > 0 {
			force[k] = e
		}
	}
	everybody, tiers := chosen(lists, a, false), chosen(lists, a, true)
	find := func(lists []PriceList, sku string) (Price, bool) {
		for _, l := range lists {
			if e, has := force[key{l.Code, sku}]; has && !e.Withdrawn {
				return Price{e.PriceMinor, l.Currency, l.Code}, true
			}
		}
		return Price{}, false
	}
	var out []Priced
	for _, s := range skus {
		p := Priced{SKU: s, Price: Price{Minor: s.price.Minor, Currency: s.price.Currency}}
		if listed, has := find(everybody, s.code); has {
			p.Price = listed
		} else if a.Currency != "" && a.Currency != s.price.Currency {
			continue
		}
		p.Tier, _ = find(slices.DeleteFunc(slices.Clone(tiers), func(l PriceList) bool { return l.Currency != p.Price.Currency }), s.code)
		out = append(out, p)
	}
	return out
}

func chosen(lists []PriceList, a PriceAsk, tier bool) []PriceList {
	in := slices.DeleteFunc(slices.Clone(lists), func(l PriceList) bool { return !l.Applies(a, tier) })
	slices.SortFunc(in, precedes)
	return in
}

// ListRow is a line of a file of price lists.
type ListRow struct {
	Line                                               int64
	Code, Name, Channel, Store, Region, Tier, Currency string
	FromUS, UntilUS                                    int64
}

// ParseList turns a row into a list, or says what is wrong with it.
func ParseList(row ListRow) (l PriceList, refusal *batch.Refusal) {
	if l.Code, refusal = batch.Code("code", row.Code, maxCode); refusal != nil {
		return l, refusal
	}
	if l.Name, refusal = batch.Text("name", row.Name, 1, maxTitle); refusal != nil {
		return l, refusal
	}
	for _, c := range []struct {
		field, value string
		max          int
		into         *string
	}{
		{"channel", row.Channel, maxChannel, &l.Channel}, {"store_code", row.Store, maxCode, &l.Store},
		{"region", row.Region, maxRegion, &l.Region}, {"tier", row.Tier, maxCode, &l.Tier},
	} {
		if c.value == "" {
			continue
		}
		if *c.into, refusal = batch.Code(c.field, c.value, c.max); refusal != nil {
			return l, refusal
		}
	}
	if l.Store != "" && l.Region != "" {
		return l, batch.Refuse(batch.ReasonValidator, "region", "must be empty: the list is for a store")
	}
	one, err := money.New(0, row.Currency)
	if err != nil {
		return l, batch.Refuse(batch.ReasonAmountInvalid, "currency", "%v", err)
	}
	l.Currency = one.Currency
	if l.FromUS, l.UntilUS = row.FromUS, row.UntilUS; row.FromUS < 0 || row.UntilUS != 0 && row.UntilUS <= row.FromUS {
		return l, batch.Refuse(batch.ReasonTimeInvalid, "until", "must be after from")
	}
	return l, nil
}

// ListPlan is what an import of lists changes.
type ListPlan struct {
	Update, Create []PriceList
	Result         batch.Result
}

// ImportLists decides about a batch of lists, row by row.
func ImportLists(known map[string]PriceList, rows []ListRow, by string, nowUS int64) (plan ListPlan) {
	lines := map[string]int64{}
	for _, row := range rows {
		l, refusal := ParseList(row)
		was, exists := known[l.Code]
		switch first, twice := lines[l.Code]; {
		case refusal != nil:
		case twice:
			refusal = batch.Refuse(batch.ReasonDuplicate, "code", "line %d has the same list", first)
		case exists && was.PriceScope != l.PriceScope:
			refusal = batch.Refuse(reasonFixed, "code", "what a list is for cannot change: make another one")
		}
		if refusal != nil {
			plan.Result.Refused(row.Line, refusal)
			continue
		}
		lines[l.Code] = row.Line
		if exists && was.Name == l.Name && was.FromUS == l.FromUS && was.UntilUS == l.UntilUS {
			plan.Result.Took(batch.Unchanged)
			continue
		}
		l.Version, l.ChangedBy, l.ChangedUS = was.Version+1, by, nowUS
		if exists {
			plan.Update = append(plan.Update, l)
			plan.Result.Took(batch.Updated)
			continue
		}
		plan.Create = append(plan.Create, l)
		plan.Result.Took(batch.Created)
	}
	return plan
}

// PriceRow is a line of a file of prices.
type PriceRow struct {
	Line       int64
	List, SKU  string
	PriceMinor *int64
	FromUS     int64
	Withdrawn  bool
}

// KnownPrices is what an import of prices needs: the lists and SKUs that its rows name, and what the lists say of the SKUs.
type KnownPrices struct {
	Lists   map[string]bool
	SKUs    map[string]bool
	Entries []PriceEntry
}

// PricePlan is what an import of prices adds.
type PricePlan struct {
	Create []PriceEntry
	Result batch.Result
}

// ImportPrices decides about a batch of prices, row by row: a row sees what those before it added.
func ImportPrices(known KnownPrices, rows []PriceRow, by string, nowUS int64) (plan PricePlan) {
	type key struct{ list, sku string }
	entries := map[key][]PriceEntry{}
	for _, e := range known.Entries {
		entries[key{e.List, e.SKU}] = append(entries[key{e.List, e.SKU}], e)
	}
	for _, row := range rows {
		e, refusal := parsePrice(row, known)
		if refusal != nil {
			plan.Result.Refused(row.Line, refusal)
			continue
		}
		k := key{e.List, e.SKU}
		same := func(was PriceEntry, has bool) bool {
			return has && was.Withdrawn == e.Withdrawn && was.PriceMinor == e.PriceMinor
		}
		if e.FromUS == 0 {
			e.FromUS = nowUS
			if was, has := inForce(entries[k], nowUS); same(was, has) || !has && e.Withdrawn {
				plan.Result.Took(batch.Unchanged)
				continue
			}
		}
		was, has := latest(entries[k], e.FromUS)
		if same(was, has) {
			plan.Result.Took(batch.Unchanged)
			continue
		}
		e.Version, e.ChangedBy, e.ChangedUS = was.Version+1, by, nowUS
		entries[k] = append(entries[k], e)
		plan.Create = append(plan.Create, e)
		if has {
			plan.Result.Took(batch.Updated)
		} else {
			plan.Result.Took(batch.Created)
		}
	}
	return plan
}

func parsePrice(row PriceRow, known KnownPrices) (PriceEntry, *batch.Refusal) {
	list, refusal := batch.Code("list", row.List, maxCode)
	if refusal != nil {
		return PriceEntry{}, refusal
	}
	sku, refusal := batch.Code("sku", row.SKU, maxCode)
	switch {
	case refusal != nil:
		return PriceEntry{}, refusal
	case !known.Lists[list]:
		return PriceEntry{}, batch.Refuse(reasonListUnknown, "list", "no price list %q: import it first", list)
	case !known.SKUs[sku]:
		return PriceEntry{}, batch.Refuse(reasonSKUUnknown, "sku", "no SKU %q: import products first", sku)
	case row.Withdrawn == (row.PriceMinor != nil):
		return PriceEntry{}, batch.Refuse(batch.ReasonValidator, "price_minor", "must be given, unless the price is withdrawn")
	case row.PriceMinor != nil && (*row.PriceMinor < 0 || *row.PriceMinor > maxPrice):
		return PriceEntry{}, batch.Refuse(batch.ReasonAmountInvalid, "price_minor", "must be 0 to %d", int64(maxPrice))
	case row.FromUS < 0:
		return PriceEntry{}, batch.Refuse(batch.ReasonTimeInvalid, "from", "must be after 1970")
	}
	e := PriceEntry{List: list, SKU: sku, FromUS: row.FromUS, Withdrawn: row.Withdrawn}
	if row.PriceMinor != nil {
		e.PriceMinor = *row.PriceMinor
	}
	return e, nil
}

// inForce is the entry that counts at a moment.
func inForce(entries []PriceEntry, atUS int64) (at PriceEntry, has bool) {
	for _, e := range entries {
		if e.FromUS <= atUS && (!has || cmp.Or(cmp.Compare(e.FromUS, at.FromUS), cmp.Compare(e.Version, at.Version)) > 0) {
			at, has = e, true
		}
	}
	return at, has
}

// latest is the entry that counts of those for one moment.
func latest(entries []PriceEntry, fromUS int64) (at PriceEntry, has bool) {
	for _, e := range entries {
		if e.FromUS == fromUS && e.Version > at.Version {
			at, has = e, true
		}
	}
	return at, has
}
