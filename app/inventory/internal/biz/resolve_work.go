package biz

import (
	"context"

	"github.com/onepool/onepool/app/internal/geo"
)

// ResolveInput is a person's decision about a document that no rule can bring further.
type ResolveInput struct {
	Document string
	Location string     // ship from here, or the store that the buyer chose; empty: by rule
	Way      Way        // 0: as before
	To       *geo.Point // where it is delivered, when the way changes
	Wait     bool       // for stock, when no location is named
}

// Resolve carries out a person's decision. A location that the person names may be one that has declined.
type Resolve struct {
	Work       WorkFinder
	Reallocate Reallocate
	Writer     StockWriter
}

// Validate refuses what says too little.
func (in ResolveInput) Validate() error {
	switch {
	case in.Wait && in.Location != "":
		return Invalid{"wait", "not where a location is named"}
	case in.Way == CarryOut || in.Way < 0 || in.Way > CarryOut:
		return Invalid{"way", "must be a parcel, local delivery or pickup"}
	case in.Way == Pickup && in.Location == "":
		return Invalid{"location", "is needed for pickup"}
	case in.Way == LocalDelivery && in.To == nil:
		return Invalid{"destination", "is needed for local delivery"}
	}
	return nil
}

// again is what is asked for now.
func (in ResolveInput) again(a Asked) Asked {
	if in.Way != 0 {
		a.Way, a.Location = in.Way, ""
		if in.To != nil {
			a.Destination = in.To
		}
	}
	if a.Way.AtTheStore() && in.Location != "" {
		a.Location = in.Location
	}
	return a
}

// Gather reads where the document could go.
func (uc Resolve) Gather(ctx context.Context, in ResolveInput) (HoldFacts, error) {
	if err := in.Validate(); err != nil {
		return HoldFacts{}, err
	}
	known, err := uc.Work.Standing(ctx, []string{in.Document})
	if err != nil {
		return HoldFacts{}, err
	}
	s := known[in.Document]
	asked, ok := s.asked()
	if !ok || in.Wait {
		return HoldFacts{}, nil
	}
	row := s.Document.Row()
	asked = in.again(asked)
	row.Asked = &asked
	s.Document = RestoreDocument(row)
	return uc.Reallocate.Look(ctx, s, asked.lacks(s.Reservations), nil, func(DeclineRules) (string, bool) { return in.Location, false })
}

// Decide allocates, or lets wait, inside the transaction. It refuses with Short or NoLocation, and changes nothing then.
func (uc Resolve) Decide(ctx context.Context, by Caller, in ResolveInput, facts HoldFacts) (Reallocation, error) {
	if err := by.MayResolve(); err != nil {
		return Reallocation{}, err
	}
	book, err := openWork(ctx, uc.Writer, by.Name, []string{in.Document})
	if err != nil {
		return Reallocation{}, err
	}
	d := book.Document(in.Document)
	switch {
	case d == nil:
		return Reallocation{}, UnknownDocument{in.Document}
	case d.state == Settled || d.asked == nil:
		return Reallocation{}, NotOpenWork{in.Document, d.state.String()}
	case in.Way == 0 && d.asked.Way.AtTheStore() && in.Location == "" && !in.Wait:
		return Reallocation{}, Invalid{"location", "or another way of delivery is needed: a pickup is never moved by rule"}
	}
	book.turn(d)
	asked := in.again(*d.asked)
	d.asked = &asked
	out := Reallocation{Document: d.id, Open: d.lacks(book)}
	if in.Wait {
		err = book.enter(d, Waiting)
	} else {
		book.nextRound(d)
		out.Held, err = uc.allocate(ctx, book, d, facts, in.Location != "")
		out.Open = nil
	}
	if err != nil {
		return Reallocation{}, err
	}
	out.State, out.Round = d.state, d.round
	book.announce(d.id)
	return out, uc.Writer.Write(ctx, book.Changes())
}

func (uc Resolve) allocate(ctx context.Context, book *Book, d *Document, facts HoldFacts, pinned bool) ([]*Reservation, error) {
	var held []*Reservation
	if lines := d.lacks(book); len(lines) > 0 {
		var err error
		if held, err = uc.Reallocate.attempt(ctx, book, d, lines, Lack{Lines: lines}, facts, pinned); err != nil {
			return nil, err
		}
	}
	if err := book.enter(d, Settled); err != nil {
		return nil, err
	}
	return held, giveOut(book, d.id)
}
