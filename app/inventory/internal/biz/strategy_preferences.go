package biz

import (
	"slices"
)

const (
	maxPreferences      = 8
	ruleFewestParcels   = "fewest_parcels"
	ruleNearest         = "nearest"
	ruleCheapestFreight = "cheapest_freight"
	ruleFairShare       = "fair_share"
)

// preferenceRule orders locations. It gives each a penalty of at least 0, and a set of parcels has the sum of theirs: the
// smaller is preferred, and only what is equal goes to the next rule.
type preferenceRule interface {
	// check refuses parameters that cannot be; field is where they stand.
	check(field string) error
	// text says what is preferred, in words.
	text() string
	// penalties of the candidates in their order; nil: the rule abstains, it knows nothing about this demand.
	penalties(d Demand, candidates []*Candidate) []int64
}

// newPreference makes a rule by its name; nil when there is none.
func newPreference(name string) preferenceRule {
	switch name {
	case ruleFewestParcels:
		return &fewestParcels{}
	case ruleNearest:
		return &nearest{}
	case ruleCheapestFreight:
		return &cheapestFreight{}
	case "home_store":
		return &homeStore{}
	case "direct_first":
		return &kindFirst{first: DirectStore, last: FranchiseStore, words: "direct before franchise"}
	case "franchise_first":
		return &kindFirst{first: FranchiseStore, last: DirectStore, words: "franchise before direct"}
	case "warehouse_first":
		return &warehouses{first: true}
	case "store_first":
		return &warehouses{}
	case "own_stock":
		return &ownStock{}
	case "territory_first":
		return &territoryFirst{}
	case "least_loaded":
		return &leastLoaded{}
	case "oldest_stock":
		return &oldestStock{}
	case ruleFairShare:
		return &fairShare{}
	}
	return nil
}

// each gives each candidate a penalty.
func each(candidates []*Candidate, penalty func(c *Candidate) int64) []int64 {
	all := make([]int64, len(candidates))
	for i := range candidates {
		all[i] = penalty(candidates[i])
	}
	return all
}

// steps puts what differs by less than a step into one.
func steps(v, step int64) int64 {
	if step > 1 {
		return v / step
	}
	return v
}

func stepRule(field string, step int64) error {
	if step < 0 || step > 20_100_000 {
		return Invalid{field, "must be between 0 and 20100000"}
	}
	return nil
}

// fewestParcels counts parcels.
type fewestParcels struct{}

func (*fewestParcels) check(string) error { return nil }
func (*fewestParcels) text() string       { return "fewest parcels" }
func (*fewestParcels) penalties(_ Demand, candidates []*Candidate) []int64 {
	return each(candidates, func(*Candidate) int64 { return 1 })
}

// nearest adds up the distances.
type nearest struct {
	StepM int64 `json:"step_m"` // distances in one step are equal
}

func (r *nearest) check(field string) error { return stepRule(field+".step_m", r.StepM) }
func (*nearest) text() string               { return "nearest" }
func (r *nearest) penalties(d Demand, candidates []*Candidate) []int64 {
	if d.Destination == nil || d.Way.AtTheStore() {
		return nil
	}
	return each(candidates, func(c *Candidate) int64 { return steps(c.DistanceM, r.StepM) })
}

// cheapestFreight adds up what the parcels cost: each by the weight of what it takes. For one candidate alone it is the
// price of all that is wanted, as far as it has it.
type cheapestFreight struct {
	StepMinor int64 `json:"step_minor"` // prices in one step are equal
}

func (r *cheapestFreight) check(field string) error {
	return stepRule(field+".step_minor", r.StepMinor)
}
func (*cheapestFreight) text() string { return "cheapest freight" }

// penalties are the prices of the smallest parcels: no parcel of a location costs less.
func (r *cheapestFreight) penalties(d Demand, candidates []*Candidate) []int64 {
	if d.Facts.Freight == nil || d.Way != Parcel {
		return nil
	}
	return each(candidates, func(c *Candidate) int64 { return steps(d.freight(c, 1), r.StepMinor) })
}

// freight is what a parcel from a candidate costs.
func (d Demand) freight(c *Candidate, weightG int64) int64 {
	f := d.Facts.Freight
	if price, ok := f.Price(f.origin(c.Location), f.Zone(d.Region), weightG); ok {
		return price
	}
	return unpriced
}

// homeStore prefers the member's own store.
type homeStore struct{}

func (*homeStore) check(string) error { return nil }
func (*homeStore) text() string       { return "home store first" }
func (*homeStore) penalties(d Demand, candidates []*Candidate) []int64 {
	if d.HomeStore == "" {
		return nil
	}
	return each(candidates, func(c *Candidate) int64 {
		if c.Location.Code == d.HomeStore {
			return 0
		}
		return 1
	})
}

// kindFirst prefers one kind of stores to the other. Warehouses are headquarters' and go with direct stores.
type kindFirst struct {
	first, last LocationKind
	words       string
}

func (*kindFirst) check(string) error { return nil }
func (r *kindFirst) text() string     { return r.words }
func (r *kindFirst) penalties(_ Demand, candidates []*Candidate) []int64 {
	return each(candidates, func(c *Candidate) int64 {
		if (c.Location.Kind == FranchiseStore) == (r.first == FranchiseStore) {
			return 0
		}
		return 1
	})
}

// warehouses come before stores, or after them.
type warehouses struct{ first bool }

func (*warehouses) check(string) error { return nil }
func (r *warehouses) text() string {
	if r.first {
		return "warehouse before store"
	}
	return "store before warehouse"
}
func (r *warehouses) penalties(_ Demand, candidates []*Candidate) []int64 {
	return each(candidates, func(c *Candidate) int64 {
		if (c.Location.Kind == Warehouse) == r.first {
			return 0
		}
		return 1
	})
}

// ownStock prefers locations where what is wanted is the seller's own; where only a part is, they come in the middle.
type ownStock struct{}

func (*ownStock) check(string) error { return nil }
func (*ownStock) text() string       { return "seller's own stock first" }
func (*ownStock) penalties(d Demand, candidates []*Candidate) []int64 {
	return each(candidates, func(c *Candidate) int64 {
		own, others := false, false
		for _, s := range c.Stock {
			if s.Left(d.Way) > 0 {
				own, others = own || s.key.Owner == d.Seller, others || s.key.Owner != d.Seller
			}
		}
		switch {
		case !own:
			return 2
		case others:
			return 1
		}
		return 0
	})
}

// territoryFirst prefers the franchisees in whose territory the destination lies.
type territoryFirst struct {
	Sellers string `json:"sellers"` // any (if empty), franchise
}

func (r *territoryFirst) check(field string) error { return sellersRule(field, r.Sellers) }
func (*territoryFirst) text() string               { return "territory's own franchisee first" }
func (r *territoryFirst) penalties(d Demand, candidates []*Candidate) []int64 {
	if !d.protected(r.Sellers) {
		return nil
	}
	return each(candidates, func(c *Candidate) int64 {
		if slices.Contains(d.Facts.Protectors, c.Location.Org) {
			return 0
		}
		return 1
	})
}

// leastLoaded prefers the emptier day, in thousandths of its limit. Without a limit a location is never loaded.
type leastLoaded struct{}

func (*leastLoaded) check(string) error { return nil }
func (*leastLoaded) text() string       { return "least loaded" }
func (*leastLoaded) penalties(_ Demand, candidates []*Candidate) []int64 {
	return each(candidates, func(c *Candidate) int64 {
		if !c.Location.Profile.limited() {
			return 0
		}
		limits := c.Location.Profile.body
		load := int64(0)
		if limits.DailyOrders > 0 {
			load = c.Load.Orders * 1000 / limits.DailyOrders
		}
		if limits.DailyLines > 0 {
			load = max(load, c.Load.Lines*1000/limits.DailyLines)
		}
		return load
	})
}

// oldestStock prefers what has lain longest, in days behind the oldest. What nobody knows the age of counts as new.
type oldestStock struct{}

func (*oldestStock) check(string) error { return nil }
func (*oldestStock) text() string       { return "oldest stock" }
func (*oldestStock) penalties(d Demand, candidates []*Candidate) []int64 {
	const dayUS = 86_400 * 1_000_000
	since := func(c *Candidate) int64 {
		oldest := d.Facts.NowUS
		for _, s := range c.Stock {
			if s.receivedUS > 0 && s.Left(d.Way) > 0 {
				oldest = min(oldest, s.receivedUS)
			}
		}
		return oldest / dayUS
	}
	all := each(candidates, since)
	first := slices.Min(append(all, d.Facts.NowUS/dayUS))
	for i := range all {
		all[i] -= first
	}
	return all
}

// fairShare prefers the franchisee that has served least in the rolling window. A location that is no franchisee's counts
// like the least served one: the rule says nothing between it and them.
type fairShare struct{}

func (*fairShare) check(string) error { return nil }
func (*fairShare) text() string       { return "fair share among franchisees" }
func (*fairShare) penalties(d Demand, candidates []*Candidate) []int64 {
	least, any := int64(0), false
	for i := range candidates {
		if candidates[i].Location.Kind == FranchiseStore {
			if served := d.Facts.Served[candidates[i].Location.Org]; !any || served < least {
				least, any = served, true
			}
		}
	}
	if !any {
		return nil
	}
	return each(candidates, func(c *Candidate) int64 {
		if c.Location.Kind != FranchiseStore {
			return 0
		}
		return d.Facts.Served[c.Location.Org] - least
	})
}
