package biz

import (
	"context"
	"errors"
	"slices"

	"github.com/onepool/onepool/app/internal/money"
)

const (
	// replans bounds how often a plan is made again because others took the stock meanwhile. The last time all rows that
	// could matter are locked, so that round decides.
	replans = 4
	// maxLocked bounds the rows of that last round.
	maxLocked = 512
)

// HoldInput asks for stock.
type HoldInput struct {
	Demand
	GID         string
	ExpiresAtUS int64 // 0: never
	// AllowPresale takes from presales what is not on hand. Partial holds what there is, instead of all or nothing.
	AllowPresale, Partial bool
	// Wait: a paid document that nothing can be held for waits instead of being refused.
	Wait bool
	// Priority of those that wait: higher first. ShipByUS: when the goods have to leave; 0: none.
	Priority, ShipByUS int64
	replaces           map[linePart]string // reservations whose units are held elsewhere now
}

// linePart is a stock SKU of a line.
type linePart struct {
	line, sku string
}

// maxGID is how long a transaction's id may be.
const maxGID = 40

// Validate refuses what cannot be held.
func (in HoldInput) Validate() error {
	if len(in.GID) > maxGID {
		return Invalid{"gid", "must have at most 40 characters"}
	}
	if in.Wait && in.ExpiresAtUS != 0 {
		return Invalid{"wait_for_stock", "only a document that does not expire may wait"}
	}
	return in.Demand.Validate()
}

// HoldStock chooses the nearest locations that can fill a demand and holds the stock there, all or nothing.
//
// Facts come first, without locks; the decision is made again with the locked rows, because facts are hints. Two lines
// of one SKU see each other, and so do two orders. Many are decided on one Book (Look, Need, DecideOn); what no round of
// facts is enough for is decided alone (Gather, Decide), where more rows are locked until the plan stands.
//
// A kit is taken apart first: its parts are a group that one location has all of. What is not on hand comes from presales
// where the demand allows it; what is not there at all is refused, or, of a partial hold, said to be short.
type HoldStock struct {
	Search   Search
	Writer   StockWriter
	Kits     KitFinder
	Presales PresaleFinder
	// ElapsedUS starts a stopwatch; the explanation says how long the choice took.
	ElapsedUS func() func() int64
}

// HoldFacts is what is known before the transaction.
type HoldFacts struct {
	demand     Demand // with its kits taken apart
	presales   []PresaleRow
	candidates []Candidate
	dropped    []Explained
	keys       []StockKey // to be locked
	codes      []string   // locations to be read
	shelves    bool       // lock what the chosen store has, whoever owns it
	all        bool       // every row of every candidate is locked then
	limits     *limits    // what policies leave to the channel
	loads      []LoadKey  // days to be locked

	ruled    bool // by this strategy and what it has to know
	strategy Strategy
	known    Facts
	drawn    bool // presales are locked then too
}

// Holding is what a hold got, and what it did not.
type Holding struct {
	Reservations []*Reservation
	Short        []Missing
	Waiting      bool // nothing is held: the document waits for stock
}

// Gather reads the candidates.
func (uc HoldStock) Gather(ctx context.Context, in HoldInput) (HoldFacts, error) {
	facts, err := uc.begin(ctx, &in)
	if err != nil {
		return HoldFacts{}, err
	}
	return facts, uc.gather(ctx, in, &facts)
}

func (uc HoldStock) gather(ctx context.Context, in HoldInput, facts *HoldFacts) error {
	search, d, err := uc.Search.ruled(ctx, in.Demand)
	if err != nil {
		return err
	}
	facts.ruled, facts.strategy, facts.known = true, search.Strategy, d.Facts
	facts.candidates, facts.dropped, err = search.Candidates(ctx, d)
	return err
}

// begin checks the input, takes its kits apart, and finds the presales that it may draw on.
func (uc HoldStock) begin(ctx context.Context, in *HoldInput) (facts HoldFacts, err error) {
	if err := in.Validate(); err != nil {
		return facts, err
	}
	kits, err := uc.Kits.Kits(ctx)
	if err != nil {
		return facts, err
	}
	if in.Demand, err = kits.TakeApart(in.Demand); err != nil {
		return facts, err
	}
	facts.demand = in.Demand
	if facts.limits, err = uc.Search.limits(ctx, in.Demand); err != nil {
		return facts, err
	}
	if in.AllowPresale {
		facts.presales, err = uc.Presales.OpenPresales(ctx, in.SKUs(), maxPresales)
	}
	return facts, err
}

// Decide holds the stock inside the transaction. A document that holds something already is refused with LiveHold.
func (uc HoldStock) Decide(ctx context.Context, actor string, in HoldInput, facts HoldFacts) (Holding, error) {
	in.Demand = facts.demand
	book, err := uc.Writer.Open(ctx, actor)
	if err != nil {
		return Holding{}, err
	}
	if err := uc.Writer.LockDocuments(ctx, book, []DocumentLock{{in.Document, in.Seller}}); err != nil {
		return Holding{}, err
	}
	if err := uc.free(book, in); err != nil {
		return Holding{}, err
	}
	uc, in = uc.under(book, in, facts)
	plan, candidates, why, err := uc.settle(ctx, book, in, facts)
	if err != nil {
		if held, waits := uc.wait(book, in, why, err); waits {
			return held, uc.Writer.Write(ctx, book.Changes())
		}
		return Holding{}, err
	}
	if plan.missing() && in.AllowPresale {
		if err := uc.lockPresales(ctx, book, facts.presales); err != nil {
			return Holding{}, err
		}
	}
	held, err := uc.book(book, in, facts, plan, candidates, &why)
	if err != nil {
		return Holding{}, err
	}
	why.DecidedAtUS = book.NowUS()
	book.Explain(in.Seller, why)
	return held, uc.Writer.Write(ctx, book.Changes())
}

// asks notes what a document asks for at its first allocation. What leaves at once is never allocated again.
func (uc HoldStock) asks(book *Book, in HoldInput) error {
	if in.Way == CarryOut {
		return nil
	}
	return book.enter(book.ask(in, uc.Search.Strategy), Settled)
}

// wait makes a document wait that there is no stock or no location for, if it may.
func (uc HoldStock) wait(book *Book, in HoldInput, why Explanation, refused error) (Holding, bool) {
	if !in.Wait || !unfilled(refused) {
		return Holding{}, false
	}
	d := book.ask(in, uc.Search.Strategy)
	book.paid(d)
	if err := book.enter(d, Waiting); err != nil {
		return Holding{}, false
	}
	book.tried(d)
	why.Outcome, why.DecidedAtUS = "waits for stock: "+refused.Error(), book.NowUS()
	book.Explain(in.Seller, why)
	return Holding{Waiting: true}, true
}

// unfilled says whether a demand was refused because there is no stock, or no location, for it now.
func unfilled(err error) bool {
	_, short := errors.AsType[Short](err)
	_, nowhere := errors.AsType[NoLocation](err)
	return short || nowhere
}

// book holds what a plan takes, and what it lacks from presales.
func (uc HoldStock) book(book *Book, in HoldInput, facts HoldFacts, plan SomePlan, candidates []Candidate, why *Explanation) (Holding, error) {
	if err := uc.asks(book, in); err != nil {
		return Holding{}, err
	}
	held, err := uc.take(book, in, plan.Plan, candidates)
	if err != nil {
		return Holding{}, err
	}
	out := Holding{Reservations: held, Short: plan.Missing}
	if in.AllowPresale {
		if err := uc.drawOnPresales(book, in, facts, &out, why); err != nil {
			return Holding{}, err
		}
	}
	if len(out.Short) > 0 && (!in.Partial || len(out.Reservations) == 0) {
		return Holding{}, tooFew(in.Demand, out.Short[0])
	}
	if len(out.Short) > 0 {
		book.contented(in.Document)
	}
	return out, nil
}

// settle plans until the plan stands on locked rows: what others took meanwhile is seen under the lock, and the plan is
// made again around it.
func (uc HoldStock) settle(ctx context.Context, book *Book, in HoldInput, facts HoldFacts) (SomePlan, []Candidate, Explanation, error) {
	elapsed := uc.ElapsedUS()
	candidates := slices.Clone(facts.candidates)
	verified := map[string]bool{}
	for round := 1; ; round++ {
		var err error
		if round > 2 && round <= replans {
			if candidates, err = uc.Search.refresh(ctx, in.Demand, candidates); err != nil {
				return SomePlan{}, nil, Explanation{}, err
			}
			if candidates, err = withLocked(book, in.Demand, candidates); err != nil {
				return SomePlan{}, nil, Explanation{}, err
			}
		}
		plan, why, err := uc.allocate(in, candidates)
		if err != nil {
			return SomePlan{}, nil, why, err
		}
		if stands(book, in.Demand, plan.Plan, candidates, verified) {
			why.also(facts.dropped)
			why.TookUS = elapsed()
			if !why.Proven {
				uc.Search.Hit("split_nodes")
			}
			return plan, candidates, why, nil
		}
		keys := plan.Keys()
		switch {
		case round == replans:
			uc.Search.Hit("replans")
			candidates = narrow(candidates)
			keys = allKeys(candidates)
		case round > replans:
			return SomePlan{}, nil, why, broken("the allocation of %s does not stand on rows that are all locked", in.Document)
		}
		if candidates, err = uc.lock(ctx, book, in.Demand, candidates, keys, facts.limits, verified); err != nil {
			return SomePlan{}, nil, why, err
		}
	}
}

// stands says whether all rows of the plan are locked and its locations verified.
func stands(book *Book, d Demand, plan Plan, candidates []Candidate, verified map[string]bool) bool {
	for _, t := range plan.Takes {
		if book.Stock(t.Key) == nil {
			return false
		}
	}
	for _, c := range plan.Chosen {
		if !verified[candidates[c].Location.Code] {
			return false
		}
		if _, locked := capacityDay(book, d, candidates[c].Location); !locked {
			return false
		}
	}
	return true
}

// lock locks rows, reads their locations again, and puts both in place of the hints. A location that may not deliver any
// more falls out.
func (uc HoldStock) lock(ctx context.Context, book *Book, d Demand, candidates []Candidate, keys []StockKey, limits *limits, verified map[string]bool) ([]Candidate, error) {
	need := Need{Keys: keys}
	if d.Way != CarryOut {
		need.Channels, need.Categories = []string{d.Channel}, limits.known()
	}
	if limits != nil { // policies share out what all owners have there
		for i := range keys {
			keys[i].Owner = ""
		}
	}
	if err := uc.Writer.LockStock(ctx, book, keys, nil); err != nil {
		return nil, err
	}
	var codes []string
	for _, k := range keys {
		codes = append(codes, k.Location)
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	locations, err := uc.Search.Locations.Fresh(ctx, codes)
	if err != nil {
		return nil, err
	}
	book.AddLocations(locations...)
	if err := uc.Writer.LockShares(ctx, book, need); err != nil {
		return nil, err
	}
	fresh := map[string]Location{}
	for _, l := range locations {
		fresh[l.Code] = l
	}
	kept := candidates[:0:0]
	for _, c := range candidates {
		if slices.Contains(codes, c.Location.Code) {
			now, known := fresh[c.Location.Code]
			if !known || now.drop(d) != "" {
				continue
			}
			c.Location, verified[now.Code] = now, true
		}
		kept = append(kept, c)
	}
	at := slices.DeleteFunc(slices.Clone(kept), func(c Candidate) bool { return !verified[c.Location.Code] })
	if err := uc.Writer.LockLoads(ctx, book, loadKeys(d, at)); err != nil {
		return nil, err
	}
	return withLocked(book, d, kept)
}

// withLocked replaces hints by locked rows, what they leave to the channel, and what the locations have been given.
func withLocked(book *Book, d Demand, candidates []Candidate) ([]Candidate, error) {
	for i, c := range candidates {
		candidates[i].Stock = lockedRows(book, c.Stock)
	}
	return withLoads(book, d, candidates), shareLocked(book, d, candidates)
}

// lockedRows are rows as they are now, where they are locked.
func lockedRows(book *Book, rows []*Stock) []*Stock {
	rows = slices.Clone(rows)
	for i, s := range rows {
		if locked := book.Stock(s.key); locked != nil {
			rows[i] = locked
		}
	}
	return rows
}

// narrow keeps the nearest candidates whose rows can all be locked.
func narrow(candidates []Candidate) []Candidate {
	rows := 0
	for i, c := range candidates {
		if rows += len(c.Stock); rows > maxLocked {
			return candidates[:i]
		}
	}
	return candidates
}

func allKeys(candidates []Candidate) []StockKey {
	var keys []StockKey
	for _, c := range candidates {
		for _, s := range c.Stock {
			keys = append(keys, s.key)
		}
	}
	return sortKeys(keys)
}

// take books the plan. Settlement price and fee are frozen where the owner is not the seller.
func (uc HoldStock) take(book *Book, in HoldInput, plan Plan, candidates []Candidate) ([]*Reservation, error) {
	type wanted struct{ line, sku string }
	lines := map[wanted]DemandLine{}
	for _, l := range in.Lines {
		lines[wanted{l.ID, l.SKU}] = l
	}
	at := map[string]Candidate{}
	for _, c := range plan.Chosen {
		at[candidates[c].Location.Code] = candidates[c]
	}
	held := make([]*Reservation, 0, len(plan.Takes))
	for _, take := range plan.Takes {
		c := at[take.Key.Location]
		day, locked := capacityDay(book, in.Demand, c.Location)
		if !locked {
			return nil, broken("day %d of %s is not locked", day, c.Location.Code)
		}
		t, err := in.terms(lines[wanted{take.LineID, take.Key.SKU}], take.Key, take.Quantity, Placed{c.Location, c.DistanceM})
		t.CapacityDay, t.Replaces = day, in.replaces[linePart{take.LineID, take.Key.SKU}]
		if err != nil {
			return nil, err
		}
		r, err := book.HoldLots(t)
		if err != nil {
			return nil, err
		}
		held = append(held, r...)
	}
	return held, nil
}

// terms of a reservation for a line.
func (in HoldInput) terms(l DemandLine, key StockKey, qty int64, at Placed) (Terms, error) {
	t := Terms{Document: in.Document, LineID: l.ID, GID: in.GID, Key: key, LocationName: at.Location.Name, LocationOrg: at.Location.Org, Seller: in.Seller,
		Channel: in.Channel, Way: in.Way, Quantity: qty, ExpiresAtUS: in.ExpiresAtUS, DistanceM: at.DistanceM, KitSKU: l.KitSKU}
	if key.Owner == in.Seller {
		return t, nil
	}
	price, err := money.Rate(l.ListPriceMinor, at.Location.SettlementRateBP)
	t.SettlementPriceMinor, t.FulfilmentFeeMinor = price, at.Location.FulfilmentFeeMinor
	return t, err
}
