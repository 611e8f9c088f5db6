package biz

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/onepool/onepool/app/internal/geo"
)

// RedirectInput says where the goods of a document go now.
type RedirectInput struct {
	Document string
	To       geo.Point
	Region   string
}

// Redirect sends what a document holds to another place. A location that may serve that place, with what it holds, keeps it;
// what the others hold is held anew, all of it or nothing: nobody who was told of a new address waits for goods.
//
// Whether a location may serve the place is asked of the strategy as for a new document that only this location could have, with
// what it holds put back for the question: no rule is written twice.
type Redirect struct {
	Work       WorkFinder
	Reallocate Reallocate
	Writer     StockWriter
}

// RedirectFacts is what is known before the transaction: each location alone, and all that may have what has to move.
type RedirectFacts struct {
	alone map[string]HoldFacts
	all   HoldFacts
}

// Redirected says what has moved: the locations that hold nothing any more, and the new holds.
type Redirected struct {
	Left []string
	Held []*Reservation
}

// FixedPlace refuses to send elsewhere what is not sent.
type FixedPlace struct{ Document string }

// Error names the document.
func (f FixedPlace) Error() string { return "document " + f.Document + " goes nowhere" }

// Fault is the public face.
func (f FixedPlace) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "these goods are not delivered: there is no place to change", map[string]string{"state": "FIXED_PLACE", "document": f.Document}
}

// again is what is asked for now.
func (in RedirectInput) again(a Asked) Asked {
	to := in.To
	a.Destination, a.Region = &to, in.Region
	return a
}

// held are the open parts by location, and the locations in their order.
func (s Standing) held() (parts map[string][]freed, codes []string) {
	parts = map[string][]freed{}
	for _, r := range s.Reservations {
		code := r.terms.Key.Location
		if _, seen := parts[code]; seen || r.open == 0 || r.Waits() {
			continue
		}
		parts[code] = openAt(s.Reservations, code, nil)
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return parts, codes
}

// Gather reads what each location may do, and where the goods could come from instead.
func (uc Redirect) Gather(ctx context.Context, in RedirectInput) (RedirectFacts, error) {
	facts := RedirectFacts{alone: map[string]HoldFacts{}}
	known, err := uc.Work.Standing(ctx, []string{in.Document})
	if err != nil {
		return facts, err
	}
	s := known[in.Document]
	asked, ok := s.asked()
	if !ok || asked.Way.AtTheStore() {
		return facts, nil // refused under the lock
	}
	asked = in.again(asked)
	row := s.Document.Row()
	row.Asked = &asked
	s.Document = RestoreDocument(row)
	parts, codes := s.held()
	var all []freed
	for _, code := range codes {
		all = append(all, parts[code]...)
		if facts.alone[code], err = uc.look(ctx, asked, parts[code], code); err != nil {
			return facts, err
		}
	}
	facts.all, err = uc.Reallocate.Look(ctx, s, asked.lackOf(all).Lines, nil, nil)
	return facts, err
}

// look reads one location as a candidate for what it holds.
func (uc Redirect) look(ctx context.Context, asked Asked, parts []freed, code string) (HoldFacts, error) {
	d := asked.Demand
	d.Lines = asked.lackOf(parts).Lines
	search, d, err := uc.Reallocate.Hold.Search.ruled(ctx, d)
	if err != nil {
		return HoldFacts{}, err
	}
	facts := HoldFacts{ruled: true, strategy: search.Strategy, known: d.Facts}
	if facts.limits, err = search.limits(ctx, d); err != nil {
		return HoldFacts{}, err
	}
	found, err := lookAt(ctx, search, d, code)
	if _, unknown := errors.AsType[UnknownLocation](err); unknown {
		return facts, nil
	}
	for _, c := range found {
		if search.drop(d, Placed{c.Location, c.DistanceM}) == "" {
			facts.candidates = append(facts.candidates, c)
		}
	}
	return facts, err
}

// ErrMovedMeanwhile means that goods have come to a location that nobody had asked about: gather again.
var ErrMovedMeanwhile = errors.New("the goods have moved meanwhile")

// Decide redirects inside the transaction. It refuses with Short or NoLocation, and changes nothing then. ErrMovedMeanwhile if the
// facts are of before.
func (uc Redirect) Decide(ctx context.Context, by Caller, in RedirectInput, facts RedirectFacts) (Redirected, error) {
	if err := by.MayHold(); err != nil {
		return Redirected{}, err
	}
	book, err := openWork(ctx, uc.Writer, by.Name, []string{in.Document})
	if err != nil {
		return Redirected{}, err
	}
	d := book.Document(in.Document)
	switch {
	case d == nil:
		return Redirected{}, UnknownDocument{in.Document}
	case d.asked == nil || d.asked.Way.AtTheStore():
		return Redirected{}, FixedPlace{in.Document}
	}
	parts, codes := book.known(in.Document).held()
	if err := uc.lock(ctx, book, in.Document, parts); err != nil {
		return Redirected{}, err
	}
	for _, code := range codes {
		if _, gathered := facts.alone[code]; !gathered {
			return Redirected{}, ErrMovedMeanwhile
		}
	}
	book.turn(d)
	asked := in.again(*d.asked)
	d.asked = &asked
	open := slices.DeleteFunc(slices.Clone(book.Of(d.id)), func(r *Reservation) bool { return r.open == 0 })
	if len(open) > 0 && !slices.ContainsFunc(open, func(r *Reservation) bool { return !paidFor(r) }) {
		book.paid(d)
	}
	var out Redirected
	var moving []freed
	for _, code := range codes {
		fits, err := uc.fits(ctx, book, d, parts[code], facts.alone[code])
		if err != nil {
			return Redirected{}, err
		}
		if !fits {
			out.Left, moving = append(out.Left, code), append(moving, parts[code]...)
		}
	}
	if len(moving) > 0 {
		if out.Held, err = uc.move(ctx, book, d, out.Left, moving, facts.all); err != nil {
			return Redirected{}, err
		}
		out.Left = slices.DeleteFunc(out.Left, func(code string) bool { return len(openAt(book.Of(d.id), code, nil)) > 0 })
	}
	return out, uc.Writer.Write(ctx, book.Changes())
}

// lock takes the rows of what may be put back, and what it draws from quotas.
func (uc Redirect) lock(ctx context.Context, book *Book, document string, parts map[string][]freed) error {
	var keys []StockKey
	for _, list := range parts {
		for _, p := range list {
			keys = append(keys, p.r.terms.Key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	if err := uc.Writer.LockStock(ctx, book, sortKeys(keys), nil); err != nil {
		return err
	}
	return uc.Writer.LockShares(ctx, book, Need{Documents: []DocumentLock{{Document: document}}, Touches: func(r *Reservation, _ int64) bool { return r.open > 0 }})
}

// fits says whether a location may keep what it holds. Nothing is changed.
func (uc Redirect) fits(ctx context.Context, book *Book, d *Document, parts []freed, facts HoldFacts) (bool, error) {
	undo := book.Mark()
	defer undo()
	for _, p := range parts {
		if err := book.ReleasePart(p.r, p.qty); err != nil {
			return false, err
		}
	}
	// What was read before knows the goods as held, and the day's work as given: the plan begins with the rows as they are now.
	facts.candidates = slices.Clone(facts.candidates)
	for i, c := range facts.candidates {
		facts.candidates[i].Stock, facts.candidates[i].Left, facts.candidates[i].Load = lockedRows(book, c.Stock), nil, Load{}
	}
	lack := d.asked.lackOf(parts)
	_, err := uc.Reallocate.attempt(ctx, book, d, lack.Lines, lack, facts, true)
	if err != nil && !unfilled(err) {
		return false, fmt.Errorf("may %s serve another place: %w", d.id, err)
	}
	return err == nil, nil
}

// move lets go of what cannot stay, and holds it elsewhere. What a location was to answer lapses: it has declined nothing.
func (uc Redirect) move(ctx context.Context, book *Book, d *Document, codes []string, moving []freed, facts HoldFacts) ([]*Reservation, error) {
	lack := d.asked.lackOf(moving)
	for _, p := range moving {
		if err := book.ReleasePart(p.r, p.qty); err != nil {
			return nil, err
		}
	}
	for _, code := range codes {
		if live := book.live(d.id, code); live != nil {
			if err := book.answer(live, Lapsed, ""); err != nil {
				return nil, err
			}
		}
	}
	book.unanswered(d)
	held, _, err := uc.Reallocate.Cover(ctx, book, d, lack, facts, false)
	if err != nil {
		return nil, err
	}
	book.announce(d.id)
	return held, giveOut(book, d.id)
}
