package biz

import (
	"context"
	"errors"
	"slices"

	"github.com/onepool/onepool/app/internal/geo"
)

const (
	// maxPresales bounds the presales that one hold looks at.
	maxPresales = 64
	// lessRounds bounds how often a demand is made smaller; what is short after that is left out.
	lessRounds = 64
)

// Missing is what a hold could not get of a line, in what was sold: pieces, or kits.
type Missing struct {
	LineID, SKU   string
	Wanted, Short int64
}

// SomePlan is a plan that fills a demand, or a part of it.
type SomePlan struct {
	Plan
	Missing []Missing
}

func (p SomePlan) missing() bool { return len(p.Missing) > 0 }

// allocate plans the demand: all of it, or as much as there is when the rest may come from presales or may be missing.
func (uc HoldStock) allocate(in HoldInput, candidates []Candidate) (SomePlan, Explanation, error) {
	plan, why, err := Allocate(in.Demand, candidates, uc.Search.Strategy)
	var short Short
	if !errors.As(err, &short) {
		return SomePlan{Plan: plan}, why, err
	}
	if !in.AllowPresale && !in.Partial {
		return SomePlan{}, why, inKits(in.Demand, candidates, short)
	}
	some := in.Demand
	for round := 1; err != nil; round++ {
		short = inKits(some, candidates, short)
		if some.Lines = less(some.Lines, short, round > lessRounds); len(some.Lines) == 0 {
			return SomePlan{Missing: missing(in.Lines, nil)}, why, nil
		}
		if plan, why, err = Allocate(some, candidates, uc.Search.Strategy); err != nil && !errors.As(err, &short) {
			return SomePlan{}, why, err
		}
	}
	return SomePlan{plan, missing(in.Lines, some.Lines)}, why, nil
}

// less makes a demand smaller where it is short: of the SKU that is named, or of the kits that need it, the last lines want
// less first. A line of which nothing is wanted falls out. Each call takes away at least one piece or kit.
func less(lines []DemandLine, short Short, all bool) []DemandLine {
	names := func(l DemandLine) bool { return l.SKU == short.SKU || l.KitSKU == short.SKU }
	total := int64(0)
	for _, l := range lines {
		if l.KitSKU == short.SKU { // counted in kits, once
			if first := slices.IndexFunc(lines, l.sameKit); lines[first].SKU == l.SKU {
				total += l.Quantity / l.PerKit
			}
		} else if l.SKU == short.SKU {
			total += l.Quantity
		}
	}
	excess := max(1, total-max(0, short.Left))
	if all {
		excess = total
	}
	less := slices.Clone(lines)
	for i := len(less) - 1; i >= 0 && excess > 0; i-- {
		l := less[i]
		if l.Quantity == 0 || !names(l) {
			continue
		}
		if l.KitSKU == "" {
			cut := min(excess, l.Quantity)
			less[i].Quantity, excess = l.Quantity-cut, excess-cut
			continue
		}
		unit := int64(1) // what one kit takes of what is short
		if l.KitSKU != short.SKU {
			unit = l.PerKit
		}
		kits := min((excess+unit-1)/unit, l.Quantity/l.PerKit)
		excess -= kits * unit
		for j := range less {
			if l.sameKit(less[j]) {
				less[j].Quantity -= kits * less[j].PerKit
			}
		}
	}
	return slices.DeleteFunc(less, func(l DemandLine) bool { return l.Quantity == 0 })
}

// missing compares what is wanted with what was planned: the parts of a kit are counted in kits, once.
func missing(wanted, got []DemandLine) []Missing {
	var list []Missing
	seen := map[string]bool{}
	for _, l := range wanted {
		if l.KitSKU != "" && seen[l.ID] {
			continue
		}
		seen[l.ID] = true
		has := int64(0)
		for _, g := range got {
			if g.ID == l.ID && g.SKU == l.SKU {
				has += g.Quantity
			}
		}
		m := Missing{LineID: l.ID, SKU: l.SKU, Wanted: l.Quantity, Short: l.Quantity - has}
		if l.KitSKU != "" {
			m.SKU, m.Wanted, m.Short = l.KitSKU, m.Wanted/l.PerKit, m.Short/l.PerKit
		}
		if m.Short > 0 {
			list = append(list, m)
		}
	}
	return list
}

// tooFew says of all lines of a SKU what is wanted and how much of that there is.
func tooFew(d Demand, m Missing) error {
	s := Short{SKU: m.SKU, Left: -m.Short}
	for _, other := range missing(d.Lines, nil) {
		if other.SKU == m.SKU {
			s.Wanted += other.Wanted
		}
	}
	s.Left += s.Wanted
	return s
}

// inKits says what is short in the words of what was sold: of a part in kits, unless the plain lines of that SKU alone are
// more than there is. A kit comes from one location, so what is left is what the best of them has.
func inKits(d Demand, candidates []Candidate, short Short) Short {
	at := slices.IndexFunc(d.Lines, func(l DemandLine) bool { return l.KitSKU != "" && (l.SKU == short.SKU || l.KitSKU == short.SKU) })
	if at < 0 {
		return short
	}
	kit := d.Lines[at].KitSKU
	plain := int64(0)
	var parts []KitPart
	for _, l := range d.Lines {
		if l.KitSKU == "" && l.SKU == short.SKU {
			plain += l.Quantity
		}
		if d.Lines[at].sameKit(l) {
			parts = append(parts, KitPart{SKU: l.SKU, Pieces: l.PerKit})
		}
	}
	if plain > max(0, short.Left) {
		return short
	}
	out := Short{SKU: kit}
	for _, m := range missing(d.Lines, nil) {
		if m.SKU == kit {
			out.Wanted += m.Wanted
		}
	}
	for _, c := range candidates {
		out.Left = max(out.Left, KitRow{Parts: parts}.Left(func(sku string) (n int64) {
			for _, s := range c.Stock {
				if s.key.SKU == sku {
					n += s.Left(d.Way)
				}
			}
			return n
		}))
	}
	out.Left = min(out.Left, out.Wanted-1) // several kits may want the same parts
	return out
}

// ArrivesUS says when what a presale promises will arrive, as far as the hold knew.
func (f HoldFacts) ArrivesUS(presale string) int64 {
	i := slices.IndexFunc(f.presales, func(p PresaleRow) bool { return p.ID == presale })
	if i < 0 {
		return 0
	}
	return f.presales[i].ArrivesUS
}

// lockPresales locks what a hold may draw on, and reads the locations where it will arrive.
func (uc HoldStock) lockPresales(ctx context.Context, book *Book, presales []PresaleRow) error {
	ids, codes := make([]string, len(presales)), make([]string, len(presales))
	for i, p := range presales {
		ids[i], codes[i] = p.ID, p.Key.Location
	}
	if err := uc.Writer.LockPresales(ctx, book, ids); err != nil {
		return err
	}
	slices.Sort(codes)
	locations, err := uc.Search.Locations.Fresh(ctx, slices.Compact(codes))
	book.AddLocations(locations...)
	return err
}

// drawOnPresales takes what is missing from stock that will arrive, the earliest first. Kits are held from what is on hand
// only: their parts would arrive each at its own time.
func (uc HoldStock) drawOnPresales(book *Book, in HoldInput, facts HoldFacts, out *Holding, why *Explanation) error {
	rest := out.Short[:0:0]
	for _, m := range out.Short {
		at := slices.IndexFunc(in.Lines, func(l DemandLine) bool { return l.ID == m.LineID })
		if in.Lines[at].KitSKU != "" {
			rest = append(rest, m)
			continue
		}
		for _, row := range facts.presales {
			p := book.Presale(row.ID)
			l, known := book.Location(row.Key.Location)
			if p == nil || !known || p.row.Key.SKU != m.SKU {
				continue
			}
			qty := min(m.Short, p.Left())
			place := in.placed(l)
			if qty == 0 || uc.Search.drop(in.Demand, place) != "" {
				continue
			}
			t, err := in.terms(in.Lines[at], p.row.Key, qty, place)
			if err != nil {
				return err
			}
			t.Presale = p.row.ID
			r, err := book.HoldPresale(t)
			if err != nil {
				return err
			}
			out.Reservations = append(out.Reservations, r)
			m.Short -= qty
			why.promise(place, m.SKU, qty)
		}
		if m.Short > 0 {
			rest = append(rest, m)
		}
	}
	out.Short = rest
	return nil
}

// placed says how far a location is from where the goods go.
func (d Demand) placed(l Location) Placed {
	p := Placed{Location: l}
	if d.Destination != nil && l.Point != nil && !d.Way.AtTheStore() {
		p.DistanceM = metres(geo.Haversine(*d.Destination, *l.Point))
	}
	return p
}
