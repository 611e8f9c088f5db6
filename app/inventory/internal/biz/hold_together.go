package biz

import "context"

// Look reads the candidates and says what has to be locked to decide on them. In the first round those are the rows of the
// plan that the hints allow; where they allow none, and in later rounds, the candidates are read anew and all of their rows
// are locked, so that what is decided, a refusal too, is decided on rows and not on hints.
func (uc HoldStock) Look(ctx context.Context, in HoldInput, round int) (HoldFacts, error) {
	facts, err := uc.begin(ctx, &in)
	if err != nil {
		return HoldFacts{}, err
	}
	if in.Way.AtTheStore() {
		return uc.atTheStore(ctx, in, facts)
	}
	if round == 0 {
		if err := uc.gather(ctx, in, &facts); err != nil {
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
	if facts.candidates, facts.dropped, err = search.anew().Candidates(ctx, d); err != nil {
		return HoldFacts{}, err
	}
	some := narrow(facts.candidates)
	facts.keys, facts.all, facts.drawn, facts.loads = allKeys(some), len(some) == len(facts.candidates), true, loadKeys(d, some)
	facts.ruled, facts.strategy, facts.known = true, search.Strategy, d.Facts
	for _, c := range some {
		facts.codes = append(facts.codes, c.Location.Code)
	}
	return facts, nil
}

// atTheStore needs no hints: the one candidate is the chosen store, and its shelves are locked.
func (uc HoldStock) atTheStore(ctx context.Context, in HoldInput, facts HoldFacts) (HoldFacts, error) {
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
	facts.candidates, facts.codes = []Candidate{{Location: l}}, []string{l.Code}
	facts.shelves, facts.all, facts.drawn, facts.loads = true, true, true, loadKeys(d, facts.candidates)
	facts.ruled, facts.strategy, facts.known = true, search.Strategy, d.Facts
	return facts, nil
}

// Need is what the facts want to be locked.
func (uc HoldStock) Need(in HoldInput, facts HoldFacts) Need {
	in.Demand = facts.demand
	n := Need{Documents: []DocumentLock{{in.Document, in.Seller}}, Keys: facts.keys, Locations: facts.codes, Loads: facts.loads}
	if in.Way != CarryOut {
		n.Channels, n.Categories = []string{in.Channel}, facts.limits.known()
	}
	if facts.drawn {
		for _, p := range facts.presales {
			n.Presales, n.Locations = append(n.Presales, p.ID), append(n.Locations, p.Key.Location)
		}
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
func (uc HoldStock) DecideOn(book *Book, actor string, in HoldInput, facts HoldFacts) (Holding, error) {
	book.As(actor)
	in.Demand = facts.demand
	elapsed := uc.ElapsedUS()
	if err := uc.free(book, in); err != nil {
		return Holding{}, err
	}
	uc, in = uc.under(book, in, facts)
	candidates, dropped, err := uc.now(book, in, facts)
	if err != nil {
		return Holding{}, err
	}
	plan, why, err := uc.allocate(in, candidates)
	why.also(dropped)
	why.also(facts.dropped)
	if (err != nil || plan.missing()) && !facts.all {
		return Holding{}, Elsewhere{in.Document}
	}
	if err != nil {
		if waiting, waits := uc.wait(book, in, why, err); waits {
			return waiting, nil
		}
		return Holding{}, err
	}
	for _, t := range plan.Takes {
		if book.Stock(t.Key) == nil {
			return Holding{}, Elsewhere{in.Document}
		}
	}
	for _, c := range plan.Chosen {
		if _, verified := book.Location(candidates[c].Location.Code); !verified {
			return Holding{}, Elsewhere{in.Document}
		}
		if _, locked := capacityDay(book, in.Demand, candidates[c].Location); !locked {
			return Holding{}, Elsewhere{in.Document}
		}
	}
	held, err := uc.book(book, in, facts, plan, candidates, &why)
	if err != nil {
		return Holding{}, err
	}
	if !why.Proven {
		uc.Search.Hit("split_nodes")
	}
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

// HeldBefore is what this distributed transaction has held for the document, or that it waits for it.
func (uc HoldStock) HeldBefore(book *Book, in HoldInput, facts HoldFacts) Holding {
	var rows []ReservationRow
	var out Holding
	for _, r := range book.Of(in.Document) {
		if r.terms.GID == in.GID {
			out.Reservations, rows = append(out.Reservations, r), append(rows, r.Row())
		}
	}
	if d := book.Document(in.Document); d != nil && d.state == Waiting && len(rows) == 0 {
		out.Waiting = true
		return out
	}
	out.Short = facts.ShortOf(rows)
	return out
}

// ShortOf is what reservations of the demand leave missing.
func (f HoldFacts) ShortOf(rows []ReservationRow) []Missing {
	got := make([]DemandLine, len(f.demand.Lines))
	for i, l := range f.demand.Lines {
		got[i], got[i].Quantity = l, 0
		for _, r := range rows {
			if r.LineID == l.ID && r.Key.SKU == l.SKU && (r.Presale == "" || r.Replaces == "") { // what arrived was counted when it was promised
				got[i].Quantity += r.Quantity
			}
		}
	}
	return missing(f.demand.Lines, got)
}
