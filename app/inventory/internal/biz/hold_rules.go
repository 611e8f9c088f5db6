package biz

import (
	"context"
	"slices"
)

// RuleKeeper knows what allocation goes by. It must not be called inside a transaction.
type RuleKeeper interface {
	// Rules are at most a second behind the rows.
	Rules(ctx context.Context) (*Rules, error)
	// Loads reads what locations have been given; days of which nothing was taken are missing from the answer.
	Loads(ctx context.Context, keys []LoadKey) (map[LoadKey]Load, error)
	// Served counts the documents that each organisation's locations have been given in a window of days, up to a minute ago.
	Served(ctx context.Context, days int64) (map[string]int64, error)
}

// ruled is a search by the strategy of a demand, and the demand with what the strategy has to know. Without a RuleKeeper the
// search has the one strategy that it was made with.
func (s Search) ruled(ctx context.Context, d Demand) (Search, Demand, error) {
	if s.Rules == nil {
		return s, d, nil
	}
	rules, err := s.Rules.Rules(ctx)
	if err != nil {
		return s, d, err
	}
	p, err := s.Pool.Pool(ctx)
	if err != nil {
		return s, d, err
	}
	s.Strategy, d.Facts.Freight = rules.For(d)
	d.Facts.NowUS = p.NowUS
	d.Facts.Protectors = p.Protectors(d)
	d.Facts.SellerFranchise = p.franchisees[d.Seller]
	if s.Strategy.shares() {
		if d.Facts.Served, err = s.Rules.Served(ctx, s.Strategy.FairDays); err != nil {
			return s, d, err
		}
	}
	return s, d, nil
}

// Protectors are the organisations in whose territory a demand's place lies, in their order.
func (d *Directory) Protectors(demand Demand) []string {
	if demand.Way.AtTheStore() {
		return nil
	}
	var orgs []string
	for _, ref := range d.guarded {
		if l := &d.list[ref]; l.guards(demand) && !slices.Contains(orgs, l.Org) {
			orgs = append(orgs, l.Org)
		}
	}
	slices.Sort(orgs)
	return orgs
}

// loaded notes what the candidates have been given on the day whose work the demand would be.
func (s Search) loaded(ctx context.Context, d Demand, candidates []Candidate) error {
	if s.Rules == nil {
		return nil
	}
	var keys []LoadKey
	for _, c := range candidates {
		if key, counted := c.Location.loadKey(d, d.Facts.NowUS); counted {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	loads, err := s.Rules.Loads(ctx, keys)
	if err != nil {
		return err
	}
	for i, c := range candidates {
		if key, counted := c.Location.loadKey(d, d.Facts.NowUS); counted {
			candidates[i].Load = loads[key]
			candidates[i].Load.Day = key.Day
		}
	}
	return nil
}

// loadKeys are the days that have to be locked to choose among these.
func loadKeys(d Demand, candidates []Candidate) []LoadKey {
	var keys []LoadKey
	for _, c := range candidates {
		if key, counted := c.Location.loadKey(d, d.Facts.NowUS); counted {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, LoadKey.Compare)
	return slices.Compact(keys)
}

// withLoads puts what is known under the lock in place of the hints.
func withLoads(book *Book, d Demand, candidates []Candidate) []Candidate {
	for i, c := range candidates {
		if key, counted := c.Location.loadKey(d, book.NowUS()); counted {
			if load, locked := book.Load(key); locked {
				candidates[i].Load = load
			}
		}
	}
	return candidates
}

// capacityDay is the day that a reservation of the demand takes at a location; 0: none is counted. It is not ok when that day
// is not locked.
func capacityDay(book *Book, d Demand, l Location) (day int64, ok bool) {
	key, counted := l.loadKey(d, book.NowUS())
	if !counted {
		return 0, true
	}
	_, locked := book.Load(key)
	return key.Day, locked
}

// under is the decision by the strategy and the facts that were gathered for it, at the time of the book.
func (uc HoldStock) under(book *Book, in HoldInput, facts HoldFacts) (HoldStock, HoldInput) {
	if facts.ruled {
		declined := in.Facts.Declined
		uc.Search.Strategy, in.Facts = facts.strategy, facts.known
		if declined != nil {
			in.Facts.Declined = declined
		}
	}
	in.Facts.NowUS = book.NowUS()
	return uc, in
}
