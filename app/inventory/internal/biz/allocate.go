package biz

import (
	"cmp"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/internal/geo"
)

// maxWeightG is the most that a piece may weigh: a thousand tons.
const maxWeightG int64 = 1_000_000_000

// DemandLine is what one order line wants.
type DemandLine struct {
	ID, SKU        string
	Quantity       int64
	ListPriceMinor int64
	WeightG        int64  // of one piece; 0: not known
	Category       string // of the SKU; empty: not known
	// Group joins lines that must come from one location; empty: none.
	Group string
	// KitSKU is the kit of which the line is a part, PerKit how many pieces of it are in one.
	KitSKU string
	PerKit int64
}

// sameKit says whether another line is a part of the same order line's kit.
func (l DemandLine) sameKit(o DemandLine) bool {
	return l.KitSKU != "" && o.KitSKU == l.KitSKU && o.ID == l.ID
}

// Demand is what a document wants, and how it is to be delivered.
type Demand struct {
	Document, Channel string
	Seller            string // organisation that sells
	Way               Way
	Destination       *geo.Point // where the goods go; nil: not known
	Region            string     // code of the destination's district; empty: not known
	Location          string     // the chosen store, for pickup and carry-out
	HomeStore         string     // the member's; empty: none
	PromisedUS        int64      // when it has been promised; 0: not
	Lines             []DemandLine
	MaxParcels        int   // at most, within what the strategy allows; 0: the strategy's own limit
	Partial           bool  // takes what is there; the rest stays open, if the strategy back-orders
	Facts             Facts `json:"-"` // of the moment: not kept with what a document asked for
}

// Facts are what a decision goes by besides stock: it reads no clock and asks nobody.
type Facts struct {
	NowUS int64
	// Declined says which locations have said no to this document, and in words to be read after "declined this document".
	Declined map[string]string
	// Protectors are the organisations in whose territory the destination lies.
	Protectors []string
	// SellerFranchise says that the seller is a franchisee.
	SellerFranchise bool
	// Served counts what each organisation has been given in the strategy's rolling window.
	Served map[string]int64
	// Freight is the strategy's table; nil: there is none.
	Freight *Freight
}

// Validate refuses what cannot be allocated.
func (d Demand) Validate() error {
	switch {
	case d.Document == "":
		return Invalid{"document", "must not be empty"}
	case d.Seller == "" || len(d.Seller) > MaxOrg:
		return Invalid{"seller_org", "must have 1 to 40 characters"}
	case d.Way < Parcel || d.Way > CarryOut:
		return Invalid{"way", "must be a way of delivery"}
	case d.Way == LocalDelivery && d.Destination == nil:
		return Invalid{"destination", "is needed for local delivery"}
	case d.Way.AtTheStore() && d.Location == "":
		return Invalid{"location", "is needed for pickup and carry-out"}
	case len(d.Lines) == 0:
		return Invalid{"lines", "must not be empty"}
	}
	seen := map[string]bool{}
	for _, l := range d.Lines {
		if err := pieces(l.Quantity); err != nil {
			return err
		}
		if l.ID == "" || l.SKU == "" || l.ListPriceMinor < 0 {
			return Invalid{"lines", "each needs a line id, a SKU and a price that is not negative"}
		}
		if l.WeightG < 0 || l.WeightG > maxWeightG {
			return Invalid{"lines.weight_g", "must be between 0 and 1000000000"}
		}
		if seen[l.ID] {
			return Invalid{"lines.line_id", "occurs twice: " + l.ID}
		}
		seen[l.ID] = true
	}
	return nil
}

// SKUs are the distinct SKUs in the order of the lines.
func (d Demand) SKUs() []string {
	var skus []string
	for _, l := range d.Lines {
		if !slices.Contains(skus, l.SKU) {
			skus = append(skus, l.SKU)
		}
	}
	return skus
}

// Candidate is a location that may deliver, with what it has of the wanted SKUs.
type Candidate struct {
	Location  Location
	DistanceM int64
	Stock     []*Stock
	// Load is what it has been given on the day that this document would be its work.
	Load Load
	// Left limits what may be sold of a row by the sharing policy; rows that are not in it have no such limit.
	Left map[StockKey]int64
}

// Load counts what a location has been given on a day of its own: days since 1970-01-01, 0 where nothing is counted.
type Load struct{ Day, Orders, Lines int64 }

// Take is a part of a plan: pieces of one owner for one line.
type Take struct {
	LineID   string
	Key      StockKey
	Quantity int64
}

// Plan says which locations ship what. Takes are in the order of locations' ranks, then lines.
type Plan struct {
	Takes []Take
	// Chosen are indexes into the candidates, nearest first: one a parcel.
	Chosen []int
	// Open is what stays without stock, of a demand that takes parts.
	Open []OpenLine
}

// OpenLine is a line, or a part of one, that waits for stock.
type OpenLine struct {
	LineID, SKU string
	Quantity    int64
}

// Keys are the stock rows of the plan, in the order in which they are locked.
func (p Plan) Keys() []StockKey {
	keys := make([]StockKey, 0, len(p.Takes))
	for _, t := range p.Takes {
		keys = append(keys, t.Key)
	}
	return sortKeys(keys)
}

func sortKeys(keys []StockKey) []StockKey {
	slices.SortFunc(keys, StockKey.Compare)
	return slices.Compact(keys)
}

// Allocate chooses the locations that ship: the first stage of the strategy that can fill the demand decides. It refuses
// with NoLocation when no candidate may serve it, and with Short, for the first line that is short, when the candidates do
// not have enough within the allowed number of parcels. Candidates may come in any order.
func Allocate(d Demand, candidates []Candidate, s Strategy) (Plan, Explanation, error) {
	why := explain(d, s)
	why.Considered = len(candidates)
	ranked := rank(d, candidates)
	kept, dropped := guard(d, ranked, s)
	ladder := s.ladder(d)
	var last, failed *table
	for i, g := range ladder {
		t := g.table(d, s, kept)
		why.stage(i, g)
		if last = t; len(t.candidates) == 0 {
			continue
		}
		failed = t
		chosen, proven := t.decide(g, s.Nodes)
		if chosen == nil {
			continue
		}
		plan, err := t.plan(chosen)
		if err != nil {
			return Plan{}, why, err
		}
		why.Proven = proven
		why.tell(ranked, dropped, t, chosen)
		for i, c := range plan.Chosen {
			plan.Chosen[i] = t.at[c]
		}
		return plan, why, nil
	}
	if last != nil {
		why.tell(ranked, dropped, last, nil)
	}
	if failed == nil {
		return Plan{}, why, NoLocation{"none is active, shared with this seller, within the strategy's rules and able to"}
	}
	return Plan{}, why, failed.short(failed.limit)
}

// placed is a candidate with its number in the caller's list.
type placed struct {
	*Candidate
	at int
}

// rank puts candidates into their one order, however they come: by distance; where the goods go being unknown, warehouses
// before stores; then by code.
func rank(d Demand, candidates []Candidate) []placed {
	ranked := make([]placed, len(candidates))
	for i := range candidates {
		ranked[i] = placed{&candidates[i], i}
	}
	store := func(p placed) int {
		if d.Destination == nil && p.Location.Kind != Warehouse {
			return 1
		}
		return 0
	}
	order := func(a, b placed) int {
		if a.DistanceM != b.DistanceM {
			return cmp.Compare(a.DistanceM, b.DistanceM)
		}
		return cmp.Or(store(a)-store(b), strings.Compare(a.Location.Code, b.Location.Code))
	}
	if !slices.IsSortedFunc(ranked, order) { // a search finds them in this order
		slices.SortFunc(ranked, order)
	}
	return ranked
}

// guard drops what no strategy may choose: the location is not active, no contract shares its stock, it cannot deliver this
// way or so far, it is not the chosen store, its day is full, or it has declined this document.
func guard(d Demand, ranked []placed, s Strategy) (kept []placed, dropped map[int]string) {
	dropped = map[int]string{}
	for _, p := range ranked {
		reason := p.Location.drop(d)
		if says, _ := p.Location.reaches(d); reason == "" && d.Way == LocalDelivery && !says && p.DistanceM > s.LocalRadiusM {
			reason = "beyond the radius of local delivery"
		}
		if reason == "" {
			reason = p.full(d, 100)
		}
		if reason != "" {
			dropped[p.at] = reason
			continue
		}
		kept = append(kept, p)
	}
	return kept, dropped
}

// full says why a document more would fill the location's day above a part of its limits, or nothing. Lines are counted as
// those that it could be given. A customer at the till is nobody's order.
func (c *Candidate) full(d Demand, percent int64) string {
	p := c.Location.Profile
	if !p.limited() || d.Way == CarryOut {
		return ""
	}
	return p.full(c.Load, c.lines(d), percent)
}

// lines counts the lines of which the candidate has some.
func (c *Candidate) lines(d Demand) int64 {
	n := int64(0)
	for _, l := range d.Lines {
		if slices.ContainsFunc(c.Stock, func(s *Stock) bool { return s.key.SKU == l.SKU && s.Left(d.Way) > 0 }) {
			n++
		}
	}
	return max(n, 1)
}
