package biz

import (
	"context"
	"fmt"
	"slices"

	"github.com/onepool/onepool/app/internal/geo"
)

// Reallocate finds other locations for what a document lacks, on the rows of one Book: after a decline, when stock comes,
// when a person decides, or when goods were sold over its head.
//
// A location that has declined the document is never asked again by rule, and the rounds are bounded: so there is no loop.
// What the rows say is decided under their locks; the candidates are hints.
type Reallocate struct {
	Hold HoldStock
}

// Lack is what a document lacks: lines to be allocated again, and the reservations whose units are to be held elsewhere.
type Lack struct {
	Lines       []DemandLine
	replaces    map[linePart]string
	expiresAtUS int64 // until when a document that is not paid holds it
}

// alone are the lines that can be held without the others: one by one, those of a group and the parts of a kit together.
func (l Lack) alone() (lists [][]DemandLine) {
	for _, line := range l.Lines {
		at := slices.IndexFunc(lists, func(list []DemandLine) bool { return line.Group != "" && list[0].Group == line.Group })
		if at < 0 {
			at, lists = len(lists), append(lists, nil)
		}
		lists[at] = append(lists[at], line)
	}
	return lists
}

// Standing is what is known of a document.
type Standing struct {
	Document     *Document
	Reservations []*Reservation
	Assignments  []*Assignment
}

// asked is what the document asked for. One of which nothing was kept cannot be allocated again.
func (s Standing) asked() (Asked, bool) {
	if s.Document == nil || s.Document.asked == nil {
		return Asked{}, false
	}
	return *s.Document.asked, true
}

// known is what a Book knows of a locked document.
func (b *Book) known(document string) Standing {
	return Standing{Document: b.documents[document], Reservations: b.Of(document), Assignments: b.assignments[document]}
}

// declined are the locations that have declined, in words for the explanation.
func (s Standing) declined() map[string]string {
	who := map[string]string{}
	for _, a := range s.Assignments {
		if a.refused() {
			why := a.r.Reason
			if a.r.State == TimedOut {
				why = "no answer in time"
			}
			who[a.r.Location] = fmt.Sprintf(" in round %d (%s)", a.r.Round, why)
		}
	}
	return who
}

// rules are those of the strategy by which a document is allocated now.
func (uc Reallocate) rules(facts HoldFacts) DeclineRules {
	if facts.ruled {
		return facts.strategy.Decline
	}
	return uc.Hold.Search.Strategy.Decline
}

// Look reads the candidates for lines of a document, before the transaction. also are locations that decline it now; at
// names the only location that may have the lines, nil: all that have not declined.
func (uc Reallocate) Look(ctx context.Context, s Standing, lines []DemandLine, also map[string]string, at func(DeclineRules) (only string, none bool)) (HoldFacts, error) {
	asked, known := s.asked()
	if !known || len(lines) == 0 {
		return HoldFacts{}, nil
	}
	d := asked.Demand
	d.Lines, d.Facts.Declined = lines, s.declined()
	for code, why := range also {
		d.Facts.Declined[code] = why
	}
	search, d, err := uc.Hold.Search.ruled(ctx, d)
	if err != nil {
		return HoldFacts{}, err
	}
	facts := HoldFacts{ruled: true, strategy: search.Strategy, known: d.Facts}
	only, none := "", false
	if at != nil {
		only, none = at(search.Strategy.Decline)
	}
	if none {
		return facts, nil
	}
	if facts.limits, err = search.limits(ctx, d); err != nil {
		return HoldFacts{}, err
	}
	if only != "" {
		facts.candidates, err = lookAt(ctx, search, d, only)
		return facts, err
	}
	facts.candidates, facts.dropped, err = search.anew().Candidates(ctx, d)
	if _, unknown := err.(UnknownLocation); unknown { // the chosen store is no more
		return facts, nil
	}
	facts.dropped = append(facts.dropped, refusers(d, facts.dropped)...)
	return facts, err
}

// lookAt makes one location the only candidate.
func lookAt(ctx context.Context, search Search, d Demand, code string) ([]Candidate, error) {
	directory, err := search.Locations.Directory(ctx)
	if err != nil {
		return nil, err
	}
	l, known := directory.Get(code)
	if !known {
		return nil, UnknownLocation{code}
	}
	placed := Placed{Location: l}
	if d.Destination != nil && l.Point != nil {
		placed.DistanceM = metres(geo.Haversine(*d.Destination, *l.Point))
	}
	return search.read(ctx, d, []Placed{placed})
}

// refusers name the decliners in an explanation that the search has not named already.
func refusers(d Demand, named []Explained) []Explained {
	codes := make([]string, 0, len(d.Facts.Declined))
	for code := range d.Facts.Declined {
		if !slices.ContainsFunc(named, func(e Explained) bool { return e.Location == code }) {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	var e Explanation
	for _, code := range codes {
		e.Drop(Location{Code: code}, 0, "declined this document"+d.Facts.Declined[code])
	}
	return e.Candidates
}

// Cover holds what it can of the lines elsewhere, each line whole, and with the other parts of its kit: all together if that
// is possible, else one by one in their order. It returns what it held and what has no location now, with the refusal of that. pinned candidates are taken
// also if they had declined.
func (uc Reallocate) Cover(ctx context.Context, book *Book, d *Document, lack Lack, facts HoldFacts, pinned bool) ([]*Reservation, []DemandLine, error) {
	held, err := uc.attempt(ctx, book, d, lack.Lines, lack, facts, pinned)
	if err == nil || !unfilled(err) {
		return held, nil, err
	}
	alone := lack.alone()
	if len(alone) == 1 {
		return nil, lack.Lines, err
	}
	var open []DemandLine
	var refused error
	for _, lines := range alone {
		some, err := uc.attempt(ctx, book, d, lines, lack, facts, pinned)
		switch {
		case err == nil:
			held = append(held, some...)
		case unfilled(err):
			open, refused = append(open, lines...), err
		default:
			return nil, nil, err
		}
	}
	return held, open, refused
}

// attempt allocates lines, all or nothing. What it decided is undone on an error; the explanation stays.
func (uc Reallocate) attempt(ctx context.Context, book *Book, d *Document, lines []DemandLine, lack Lack, facts HoldFacts, pinned bool) ([]*Reservation, error) {
	in := HoldInput{Demand: d.asked.Demand, GID: d.asked.GID, ExpiresAtUS: lack.expiresAtUS, replaces: lack.replaces}
	in.Lines = lines
	in.Facts.Declined = map[string]string{}
	if !pinned {
		in.Facts.Declined = book.known(d.id).declined()
	}
	if d.asked.Paid {
		in.ExpiresAtUS = 0
	}
	undo := book.Mark()
	hold, in := uc.Hold.under(book, in, facts)
	plan, candidates, why, err := hold.settle(ctx, book, in, facts)
	why.Round, why.DecidedAtUS = d.round, book.nowUS
	if err != nil {
		undo()
		if unfilled(err) {
			why.also(facts.dropped)
			why.Outcome = "no location: " + err.Error()
			book.Explain(d.seller, why)
		}
		return nil, err
	}
	held, err := hold.take(book, in, plan.Plan, candidates)
	if err != nil {
		undo()
		return nil, err
	}
	book.Explain(d.seller, why)
	if d.asked.Paid {
		for _, r := range held {
			if err := book.Confirm(r); err != nil {
				return nil, err
			}
		}
	}
	return held, nil
}

// priced gives lines the list prices that were asked with: the base of settlement prices.
func (a Asked) priced(lines []DemandLine) []DemandLine {
	for i := range lines {
		for _, l := range a.Lines {
			if l.ID == lines[i].ID {
				lines[i].ListPriceMinor = l.ListPriceMinor
				if l.SKU == lines[i].SKU {
					break
				}
			}
		}
	}
	return lines
}

// standsBy says what a document waits for after an allocation: nothing, when no line is open; a pickup's buyer chooses.
func (uc Reallocate) standsBy(book *Book, d *Document, open, toPerson bool) error {
	switch {
	case !open && len(d.lacks(book)) == 0:
		return book.enter(d, Settled)
	case !open:
		return nil // other lines wait as they did
	case d.asked == nil:
		return book.enter(d, ToPerson)
	case d.asked.Way.AtTheStore():
		return book.enter(d, ChoiceNeeded)
	case d.state == ToPerson: // a person looks at it already
		return nil
	case toPerson:
		return book.enter(d, ToPerson)
	}
	return book.enter(d, Waiting)
}

func (d *Document) lacks(book *Book) []DemandLine {
	if d.asked == nil {
		return nil
	}
	return d.asked.lacks(book.Of(d.id))
}
