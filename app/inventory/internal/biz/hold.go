package biz

import (
	"context"
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
}

// maxGID is how long a transaction's id may be.
const maxGID = 40

// Validate refuses what cannot be held.
func (in HoldInput) Validate() error {
	if len(in.GID) > maxGID {
		return Invalid{"gid", "must have at most 40 characters"}
	}
	return in.Demand.Validate()
}

// HoldStock chooses the nearest locations that can fill a demand and holds the stock there, all or nothing.
//
// Facts come first, without locks; the decision is made again with the locked rows, because facts are hints. Two lines
// of one SKU see each other, and so do two orders. Many are decided on one Book (Look, Need, DecideOn); what no round of
// facts is enough for is decided alone (Gather, Decide), where more rows are locked until the plan stands.
type HoldStock struct {
	Search Search
	Writer StockWriter
	// ElapsedUS starts a stopwatch; the explanation says how long the choice took.
	ElapsedUS func() func() int64
}

// HoldFacts is what is known before the transaction.
type HoldFacts struct {
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
}

// Gather reads the candidates.
func (uc HoldStock) Gather(ctx context.Context, in HoldInput) (HoldFacts, error) {
	if err := in.Validate(); err != nil {
		return HoldFacts{}, err
	}
	limits, err := uc.Search.limits(ctx, in.Demand)
	if err != nil {
		return HoldFacts{}, err
	}
	search, d, err := uc.Search.ruled(ctx, in.Demand)
	if err != nil {
		return HoldFacts{}, err
	}
	candidates, dropped, err := search.Candidates(ctx, d)
	return HoldFacts{candidates: candidates, dropped: dropped, limits: limits, ruled: true, strategy: search.Strategy, known: d.Facts}, err
}

// Decide holds the stock inside the transaction. A document that holds something already is refused with LiveHold.
func (uc HoldStock) Decide(ctx context.Context, actor string, in HoldInput, facts HoldFacts) ([]*Reservation, error) {
	book, err := uc.Writer.Open(ctx, actor)
	if err != nil {
		return nil, err
	}
	if err := uc.Writer.LockDocuments(ctx, book, []DocumentLock{{in.Document, in.Seller}}); err != nil {
		return nil, err
	}
	if err := uc.free(book, in); err != nil {
		return nil, err
	}
	uc, in = uc.under(book, in, facts)
	plan, candidates, why, err := uc.settle(ctx, book, in, facts)
	if err != nil {
		return nil, err
	}
	held, err := uc.take(book, in, plan, candidates)
	if err != nil {
		return nil, err
	}
	why.DecidedAtUS = book.NowUS()
	book.Explain(in.Seller, why)
	return held, uc.Writer.Write(ctx, book.Changes())
}

// settle plans until the plan stands on locked rows: what others took meanwhile is seen under the lock, and the plan is
// made again around it.
func (uc HoldStock) settle(ctx context.Context, book *Book, in HoldInput, facts HoldFacts) (Plan, []Candidate, Explanation, error) {
	elapsed := uc.ElapsedUS()
	candidates := slices.Clone(facts.candidates)
	verified := map[string]bool{}
	for round := 1; ; round++ {
		var err error
		if round > 2 && round <= replans {
			if candidates, err = uc.Search.refresh(ctx, in.Demand, candidates); err != nil {
				return Plan{}, nil, Explanation{}, err
			}
			if candidates, err = withLocked(book, in.Demand, candidates); err != nil {
				return Plan{}, nil, Explanation{}, err
			}
		}
		plan, why, err := Allocate(in.Demand, candidates, uc.Search.Strategy)
		if err != nil {
			return Plan{}, nil, why, err
		}
		if stands(book, in.Demand, plan, candidates, verified) {
			why.Candidates = append(why.Candidates, facts.dropped...)
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
			return Plan{}, nil, why, broken("the allocation of %s does not stand on rows that are all locked", in.Document)
		}
		if candidates, err = uc.lock(ctx, book, in.Demand, candidates, keys, facts.limits, verified); err != nil {
			return Plan{}, nil, why, err
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
		rows := slices.Clone(c.Stock)
		for j, s := range rows {
			if locked := book.Stock(s.key); locked != nil {
				rows[j] = locked
			}
		}
		candidates[i].Stock = rows
	}
	return withLoads(book, d, candidates), shareLocked(book, d, candidates)
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
	lines := map[string]DemandLine{}
	for _, l := range in.Lines {
		lines[l.ID] = l
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
		t := Terms{Document: in.Document, LineID: take.LineID, GID: in.GID, Key: take.Key, LocationName: c.Location.Name, LocationOrg: c.Location.Org,
			Seller: in.Seller, Channel: in.Channel, Way: in.Way, Quantity: take.Quantity, ExpiresAtUS: in.ExpiresAtUS, DistanceM: c.DistanceM, CapacityDay: day}
		if take.Key.Owner != in.Seller {
			price, err := money.Rate(lines[take.LineID].ListPriceMinor, c.Location.SettlementRateBP)
			if err != nil {
				return nil, err
			}
			t.SettlementPriceMinor, t.FulfilmentFeeMinor = price, c.Location.FulfilmentFeeMinor
		}
		r, err := book.Hold(t)
		if err != nil {
			return nil, err
		}
		held = append(held, r)
	}
	return held, nil
}
