package biz

import "slices"

// DocumentState says what a document waits for, beside what its reservations say.
type DocumentState int8

// The states.
const (
	Settled      DocumentState = 0 // its reservations say all
	Waiting      DocumentState = 1 // for stock
	ToPerson     DocumentState = 2 // no rule finds a location: a person has to
	ChoiceNeeded DocumentState = 3 // the buyer chooses another store, delivery, or the money back
)

// DocumentTransitions is the state machine: what is not here cannot happen.
var DocumentTransitions = map[DocumentState][]DocumentState{
	Settled:      {Waiting, ToPerson, ChoiceNeeded},
	Waiting:      {Settled, ToPerson, ChoiceNeeded},
	ToPerson:     {Settled, Waiting},
	ChoiceNeeded: {Settled, Waiting},
}

// String names the state as the API does.
func (s DocumentState) String() string {
	switch s {
	case Settled:
		return "SETTLED"
	case Waiting:
		return "WAITS_FOR_STOCK"
	case ToPerson:
		return "TO_PERSON"
	case ChoiceNeeded:
		return "CHOICE_NEEDED"
	}
	return "UNKNOWN"
}

// Asked is what a document asked for, kept so that it can be allocated again in the same way.
type Asked struct {
	Demand
	GID         string
	ExpiresAtUS int64
	// AnswerWithinUS is how long a location may take to answer, by the strategy of the first allocation; 0: for ever.
	AnswerWithinUS int64
	// Rounds is how often it is allocated before the last resort, by the same strategy.
	Rounds int64
	// Paid: what is held for it anew does not expire.
	Paid bool
	// Quiet: it waits for a person of its own, and no location is asked for its answer. QuietVersion is that of the word about it
	// which counts: the latest.
	Quiet        bool  `json:",omitempty"`
	QuietVersion int64 `json:",omitempty"`
	// Unanswered are the rounds that ended because nobody was to answer any more: they do not count.
	Unanswered int64 `json:",omitempty"`
}

// Document is an order, or whatever else holds stock, and what it waits for.
type Document struct {
	id, seller              string
	state                   DocumentState
	asked                   *Asked // nil: made at the till, or before this was kept
	round                   int64
	priority, shipByUS      int64
	waitingSinceUS, triedUS int64
	createdUS               int64
}

// DocumentRow is a document as it is stored.
type DocumentRow struct {
	ID, Seller string
	State      DocumentState
	Asked      *Asked
	// Round counts allocations, beginning with 1; 0: none was kept.
	Round int64
	// Priority of those that wait: higher first. ShipByUS: 0, none.
	Priority, ShipByUS, WaitingSinceUS, TriedUS, CreatedUS int64
}

// RestoreDocument takes over a stored row.
func RestoreDocument(r DocumentRow) *Document {
	return &Document{id: r.ID, seller: r.Seller, state: r.State, asked: r.Asked, round: r.Round, priority: r.Priority, shipByUS: r.ShipByUS,
		waitingSinceUS: r.WaitingSinceUS, triedUS: r.TriedUS, createdUS: r.CreatedUS}
}

// Row is the stored form.
func (d *Document) Row() DocumentRow {
	return DocumentRow{ID: d.id, Seller: d.seller, State: d.state, Asked: d.asked, Round: d.round, Priority: d.priority, ShipByUS: d.shipByUS,
		WaitingSinceUS: d.waitingSinceUS, TriedUS: d.triedUS, CreatedUS: d.createdUS}
}

// State returns what it waits for.
func (d *Document) State() DocumentState { return d.state }

// rounds are those in which locations could answer, the one under way among them.
func (d *Document) rounds() int64 {
	if d.asked == nil {
		return d.round
	}
	return d.round - d.asked.Unanswered
}

// Answers says whether its locations' answers are waited for.
func (d *Document) Answers() bool { return d.asked != nil && d.asked.AnswerWithinUS > 0 }

// enter changes the state by the table. A state that it is in already is no change.
func (d *Document) enter(to DocumentState, nowUS int64) error {
	if d.state == to {
		return nil
	}
	if !slices.Contains(DocumentTransitions[d.state], to) {
		return broken("document %s cannot go from %s to %s", d.id, d.state, to)
	}
	d.waitingSinceUS = 0
	if to != Settled {
		d.waitingSinceUS = nowUS
	}
	d.state = to
	return nil
}

// lacks is what of the demand no reservation holds or has shipped: what a document that waits has to get. Lines keep their
// order.
func (a Asked) lacks(reservations []*Reservation) []DemandLine {
	type part struct{ line, sku string }
	has := map[part]int64{}
	for _, r := range reservations {
		has[part{r.terms.LineID, r.terms.Key.SKU}] += r.open + r.shipped
	}
	var lines []DemandLine
	for _, l := range a.Lines {
		k := part{l.ID, l.SKU}
		n := min(has[k], l.Quantity)
		has[k] -= n
		if l.Quantity -= n; l.Quantity > 0 {
			lines = append(lines, l)
		}
	}
	return lines
}

// beyond is how many pieces of a part are held or shipped above what is asked for.
func (a Asked) beyond(reservations []*Reservation, part linePart) int64 {
	n := int64(0)
	for _, r := range reservations {
		if r.terms.LineID == part.line && r.terms.Key.SKU == part.sku {
			n += r.open + r.shipped
		}
	}
	for _, l := range a.Lines {
		if l.ID == part.line && l.SKU == part.sku {
			n -= l.Quantity
		}
	}
	return max(0, n)
}

// Work is a document that waits, for those who look after it.
type Work struct {
	DocumentRow
	Open []DemandLine
}

// WorkOf puts a document and its reservations together.
func WorkOf(r DocumentRow, reservations []*Reservation) Work {
	w := Work{DocumentRow: r}
	if r.Asked != nil {
		w.Open = r.Asked.lacks(reservations)
	}
	return w
}
