package biz

import "context"

// Look reads the candidates and says what has to be locked to decide on them. In the first round those are the rows of the
// plan that the hints allow; where they allow none, and in later rounds, the candidates are read anew and all of their rows
// are locked, so that what is decided, a refusal too, is decided on rows and not on hints.
func (uc HoldStock) Look(ctx context.Context, in HoldInput, round int) (HoldFacts, error) {
	if err := in.Validate(); err != nil {
		return HoldFacts{}, err
	}
	limits, err := uc.Search.limits(ctx, in.Demand)
	if err != nil {
		return HoldFacts{}, err
	}
	if in.Way.AtTheStore() {
		return uc.atTheStore(ctx, in, limits)
	}
	if round == 0 {
		facts, err := uc.Gather(ctx, in)
		if err != nil {
			return facts, err
		}
		in.Facts = facts.known
		if plan, _, err := Allocate(in.Demand, facts.candidates, facts.strategy); err == nil {
			facts.keys = plan.Keys()
			var chosen []Candidate
			for _, c := range plan.Chosen {
				chosen = append(chosen, facts.candidates[c])
				facts.codes = append(facts.codes, facts.candidates[c].Location.Code)
			}
			facts.loads = loadKeys(in.Demand, chosen)
			return facts, nil
		}
	}
	search, d, err := uc.Search.ruled(ctx, in.Demand)
	if err != nil {
		return HoldFacts{}, err
	}
	candidates, dropped, err := search.anew().Candidates(ctx, d)
	if err != nil {
		return HoldFacts{}, err
	}
	some := narrow(candidates)
	facts := HoldFacts{candidates: candidates, dropped: dropped, keys: allKeys(some), all: len(some) == len(candidates), limits: limits, loads: loadKeys(d, some),
		ruled: true, strategy: search.Strategy, known: d.Facts}
	for _, c := range some {
		facts.codes = append(facts.codes, c.Location.Code)
	}
	return facts, nil
}

// atTheStore needs no hints: the one candidate is the chosen store, and its shelves are locked.
func (uc HoldStock) atTheStore(ctx context.Context, in HoldInput, limits *limits) (HoldFacts, error) {
	directory, err := uc.Search.Locations.Directory(ctx)
	if err != nil {
		return HoldFacts{}, err
	}
	l, known := directory.Get(in.Location)
	if !known {
		return HoldFacts{}, UnknownLocation{in.Location}
	}
	search, d, err := uc.Search.ruled(ctx, in.Demand)
	if err != nil {
		return HoldFacts{}, err
	}
	chosen := []Candidate{{Location: l}}
	return HoldFacts{candidates: chosen, codes: []string{l.Code}, shelves: true, all: true, limits: limits, loads: loadKeys(d, chosen),
		ruled: true, strategy: search.Strategy, known: d.Facts}, nil
}

// Need is what the facts want to be locked.
func (uc HoldStock) Need(in HoldInput, facts HoldFacts) Need {
	n := Need{Documents: []DocumentLock{{in.Document, in.Seller}}, Keys: facts.keys, Locations: facts.codes, Loads: facts.loads}
	if in.Way != CarryOut {
		n.Channels, n.Categories = []string{in.Channel}, facts.limits.known()
	}
	if facts.limits != nil { // policies share out what all owners have there
		n.Keys, n.Shelves = nil, shelvesOf(facts.keys)
	}
	if facts.shelves {
		for _, sku := range in.SKUs() {
			n.Shelves = append(n.Shelves, Shelf{sku, in.Location})
		}
	}
	return n
}

// DecideOn holds the stock on a Book that has what the facts need. It answers Elsewhere when the plan needs other rows, or
// when it would be refused on rows of which some are not locked. A document that holds something already is refused with
// LiveHold.
func (uc HoldStock) DecideOn(book *Book, actor string, in HoldInput, facts HoldFacts) ([]*Reservation, error) {
	book.As(actor)
	elapsed := uc.ElapsedUS()
	if err := uc.free(book, in); err != nil {
		return nil, err
	}
	uc, in = uc.under(book, in, facts)
	candidates, dropped, err := uc.now(book, in, facts)
	if err != nil {
		return nil, err
	}
	plan, why, err := Allocate(in.Demand, candidates, uc.Search.Strategy)
	if err != nil {
		if facts.all {
			return nil, err
		}
		return nil, Elsewhere{in.Document}
	}
	for _, t := range plan.Takes {
		if book.Stock(t.Key) == nil {
			return nil, Elsewhere{in.Document}
		}
	}
	for _, c := range plan.Chosen {
		if _, verified := book.Location(candidates[c].Location.Code); !verified {
			return nil, Elsewhere{in.Document}
		}
		if _, locked := capacityDay(book, in.Demand, candidates[c].Location); !locked {
			return nil, Elsewhere{in.Document}
		}
	}
	held, err := uc.take(book, in, plan, candidates)
	if err != nil {
		return nil, err
	}
	if !why.Proven {
		uc.Search.Hit("split_nodes")
	}
	why.Candidates = append(append(why.Candidates, dropped...), facts.dropped...)
	why.TookUS, why.DecidedAtUS = elapsed(), book.NowUS()
	book.Explain(in.Seller, why)
	return held, nil
}

// free refuses a deadline that has passed, and a document that holds stock.
func (uc HoldStock) free(book *Book, in HoldInput) error {
	if in.ExpiresAtUS > 0 && in.ExpiresAtUS <= book.NowUS() {
		return Invalid{"expires_at_us", "must be in the future"}
	}
	for _, r := range book.Of(in.Document) {
		if r.Open() > 0 {
			return LiveHold{in.Document, r.State()}
		}
	}
	return nil
}

// now puts the locations as they are now, and the locked rows, in place of the hints. A location that may not deliver any
// more falls out.
func (uc HoldStock) now(book *Book, in HoldInput, facts HoldFacts) ([]Candidate, []Explained, error) {
	candidates := make([]Candidate, 0, len(facts.candidates))
	var dropped Explanation
	for _, c := range facts.candidates {
		if l, known := book.Location(c.Location.Code); known {
			if reason := l.drop(in.Demand); reason != "" {
				dropped.Drop(l, c.DistanceM, reason)
				continue
			}
			c.Location = l
		}
		if facts.shelves {
			for _, sku := range in.SKUs() {
				c.Stock = append(c.Stock, book.Shelf(Shelf{sku, c.Location.Code})...)
			}
		}
		candidates = append(candidates, c)
	}
	candidates, err := withLocked(book, in.Demand, candidates)
	return candidates, dropped.Candidates, err
}

// HeldBefore is what this distributed transaction has held for the document.
func (uc HoldStock) HeldBefore(book *Book, in HoldInput) []*Reservation {
	var held []*Reservation
	for _, r := range book.Of(in.Document) {
		if r.terms.GID == in.GID {
			held = append(held, r)
		}
	}
	return held
}
