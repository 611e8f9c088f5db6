package biz

import (
	"context"
	"slices"
)

const (
	firstRing     = 32   // nearest locations that are looked at first
	maxRinged     = 1024 // then twice as many, up to this
	maxScattered  = 4096 // stock rows anywhere, when the rings did not have all
	maxDropped    = 12   // locations named in an explanation that did not become candidates
	maxCandidates = maxRinged + maxScattered
)

// Search gathers the candidates of a demand: it reads the stock of the nearest locations in growing rings until one of them
// has everything, and looks farther by SKU only when none does. It never reads a whole table.
type Search struct {
	Locations LocationFinder
	Stock     StockReader
	Strategy  Strategy
	// Hit counts that a bound was hit: the answer is right for what was looked at, and more was there.
	Hit func(bound string)
}

// Candidates returns them ranked, and what was dropped on the way.
func (s Search) Candidates(ctx context.Context, d Demand) ([]Candidate, []Explained, error) {
	directory, err := s.Locations.Directory(ctx)
	if err != nil {
		return nil, nil, err
	}
	if d.Way.AtTheStore() {
		if _, known := directory.Get(d.Location); !known {
			return nil, nil, UnknownLocation{d.Location}
		}
	}
	var found []Candidate
	var ring []Placed
	var dropped Explanation
	size, single, all := firstRing, false, true
	read := func() error {
		more, err := s.read(ctx, d, ring)
		if err != nil {
			return err
		}
		found, ring = append(found, more...), ring[:0]
		single = tabulate(d, more).single() >= 0
		return nil
	}
	for placed := range directory.Ranked(d) {
		if reason := s.drop(d, placed); reason != "" {
			if len(dropped.Candidates) < maxDropped {
				dropped.Drop(placed.Location, placed.DistanceM, reason)
			}
			if s.beyond(d, placed) {
				break // all others are farther
			}
			continue
		}
		if ring = append(ring, placed); len(found)+len(ring) < size {
			continue
		}
		if err := read(); err != nil {
			return nil, nil, err
		}
		if size *= 2; single || size > maxRinged {
			all = false
			break
		}
	}
	if len(ring) > 0 {
		if err := read(); err != nil {
			return nil, nil, err
		}
	}
	if !single && !all {
		if found, err = s.scattered(ctx, d, directory, found); err != nil {
			return nil, nil, err
		}
	}
	return found, dropped.Candidates, nil
}

func (s Search) drop(d Demand, p Placed) string {
	if s.beyond(d, p) {
		return "beyond the radius of local delivery"
	}
	return p.Location.drop(d)
}

func (s Search) beyond(d Demand, p Placed) bool {
	return d.Way == LocalDelivery && p.DistanceM > s.Strategy.LocalRadiusM
}

// read makes candidates of a ring.
func (s Search) read(ctx context.Context, d Demand, ring []Placed) ([]Candidate, error) {
	codes := make([]string, len(ring))
	for i, p := range ring {
		codes[i] = p.Location.Code
	}
	rows, err := s.Stock.AtLocations(ctx, d.SKUs(), codes)
	if err != nil {
		return nil, err
	}
	at := byLocation(rows)
	candidates := make([]Candidate, len(ring))
	for i, p := range ring {
		candidates[i] = Candidate{Location: p.Location, DistanceM: p.DistanceM, Stock: at[p.Location.Code]}
	}
	return candidates, nil
}

// scattered adds locations beyond the rings that have some of the SKUs: for what is rare, reading the SKU's own rows is
// cheaper than walking on. Ranks stay in the demand's order.
func (s Search) scattered(ctx context.Context, d Demand, directory *Directory, found []Candidate) ([]Candidate, error) {
	rows, more, err := s.Stock.WithSome(ctx, d.SKUs(), maxScattered)
	if err != nil {
		return nil, err
	}
	if more {
		s.Hit("scattered_rows")
	}
	at := byLocation(rows)
	for _, c := range found {
		delete(at, c.Location.Code)
	}
	if len(at) == 0 {
		return found, nil
	}
	for placed := range directory.Ranked(d) {
		stock := at[placed.Location.Code]
		if len(stock) == 0 {
			continue
		}
		if s.drop(d, placed) == "" {
			found = append(found, Candidate{Location: placed.Location, DistanceM: placed.DistanceM, Stock: stock})
		}
		if delete(at, placed.Location.Code); len(at) == 0 || len(found) >= maxCandidates {
			break
		}
	}
	return found, nil
}

// refresh reads the stock of the candidates again.
func (s Search) refresh(ctx context.Context, d Demand, candidates []Candidate) ([]Candidate, error) {
	fresh := make([]Candidate, 0, len(candidates))
	for ring := range slices.Chunk(candidates, maxRinged) {
		placed := make([]Placed, len(ring))
		for i, c := range ring {
			placed[i] = Placed{Location: c.Location, DistanceM: c.DistanceM}
		}
		read, err := s.read(ctx, d, placed)
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, read...)
	}
	return fresh, nil
}

func byLocation(rows []*Stock) map[string][]*Stock {
	at := map[string][]*Stock{}
	for _, s := range rows {
		at[s.key.Location] = append(at[s.key.Location], s)
	}
	return at
}
