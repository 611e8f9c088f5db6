package biz

import (
	"cmp"
	"slices"
)

// Document returns a locked document, or nil.
func (b *Book) Document(id string) *Document { return b.documents[id] }

// document returns a locked document and opens one that is not stored yet.
func (b *Book) document(id, seller string) *Document {
	if d := b.documents[id]; d != nil {
		return d
	}
	d := &Document{id: id, seller: seller, createdUS: b.nowUS}
	n := len(b.opened)
	b.undoable(func() {
		b.opened = b.opened[:n]
		delete(b.documents, id)
	})
	b.documents[id] = d
	b.opened = append(b.opened, d)
	return d
}

// turn remembers a document that is about to change.
func (b *Book) turn(d *Document) {
	was, turned := *d, b.turned[d.id]
	b.undoable(func() {
		*d = was
		if !turned {
			delete(b.turned, d.id)
		}
	})
	b.turned[d.id] = true
}

// ask notes what a document asks for: its first allocation, or the first after all of it was given back.
func (b *Book) ask(in HoldInput, s Strategy) *Document {
	d := b.document(in.Document, in.Seller)
	b.turn(d)
	asked := Asked{Demand: in.Demand, GID: in.GID, ExpiresAtUS: in.ExpiresAtUS, AnswerWithinUS: s.Decline.AnswerWithinS * 1_000_000, Rounds: s.Decline.most()}
	if d.asked != nil { // whether it is held for a person is not the allocation's to say
		asked.Quiet, asked.QuietVersion = d.asked.Quiet, d.asked.QuietVersion
	}
	d.asked = &asked
	d.round, d.priority, d.shipByUS = 1, in.Priority, in.ShipByUS
	return d
}

// enter changes what a document waits for.
func (b *Book) enter(d *Document, to DocumentState) error {
	b.turn(d)
	return d.enter(to, b.nowUS)
}

// tried notes an attempt to allocate a document that waits.
func (b *Book) tried(d *Document) {
	b.turn(d)
	d.triedUS = b.nowUS
}

// nextRound begins another allocation of a document.
func (b *Book) nextRound(d *Document) {
	b.turn(d)
	d.round++
}

// unanswered begins another allocation of a document, because nobody is to answer the one before: that one does not count.
func (b *Book) unanswered(d *Document) {
	b.nextRound(d)
	asked := *d.asked
	asked.Unanswered++
	d.asked = &asked
}

// paid notes that what is held anew for the document does not expire.
func (b *Book) paid(d *Document) {
	if d.asked == nil || d.asked.Paid {
		return
	}
	b.turn(d)
	asked := *d.asked
	asked.Paid = true
	d.asked = &asked
}

// AddAssignments takes the assignments of locked documents in.
func (b *Book) AddAssignments(rows ...*Assignment) {
	for _, a := range rows {
		list := b.assignments[a.r.Document]
		if !slices.ContainsFunc(list, func(x *Assignment) bool { return x.r.ID == a.r.ID }) {
			b.assignments[a.r.Document] = append(list, a)
		}
	}
}

// live returns the assignment of a document to a location that counts now, or nil.
func (b *Book) live(document, location string) *Assignment {
	list := b.assignments[document]
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].r.Location == location && list[i].live() {
			return list[i]
		}
	}
	return nil
}

// asked says whether a location has been asked in a round of the document.
func (b *Book) asked(document, location string, round int64) bool {
	return slices.ContainsFunc(b.assignments[document], func(a *Assignment) bool { return a.r.Location == location && a.r.Round == round })
}

// give opens an assignment in the document's round.
func (b *Book) give(d *Document, l Location, state AssignmentState, lines int, answerByUS int64, reason string) *Assignment {
	a := &Assignment{AssignmentRow{ID: b.newID("asg"), Org: l.Org, Document: d.id, Location: l.Code, Round: d.round, State: state, Lines: int64(lines),
		AnswerByUS: answerByUS, Reason: reason, Version: 1, CreatedUS: b.nowUS}}
	if state != Assigned {
		a.r.Actor = b.actor
	}
	n, list := len(b.given), b.assignments[d.id]
	b.undoable(func() { b.given, b.assignments[d.id] = b.given[:n], list })
	b.given = append(b.given, a)
	b.assignments[d.id] = append(slices.Clone(list), a)
	return a
}

// answer notes what a location says.
func (b *Book) answer(a *Assignment, state AssignmentState, reason string) error {
	was, answered := a.r, b.answered[a.r.ID]
	b.undoable(func() {
		a.r = was
		if !answered {
			delete(b.answered, a.r.ID)
		}
	})
	b.answered[a.r.ID] = true
	return a.enter(state, b.actor, reason)
}

// announce tells the document's center that its allocation has changed.
func (b *Book) announce(document string) {
	if slices.Contains(b.announced, document) {
		return
	}
	n := len(b.announced)
	b.undoable(func() { b.announced = b.announced[:n] })
	b.announced = append(b.announced, document)
}

// lose books pieces out that nobody can find, never what other documents hold. It says how many were booked, and how many
// could not be.
func (b *Book) lose(key StockKey, qty int64, m Movement) (lost, kept int64, err error) {
	s, err := b.row(key, m.Document)
	if err != nil || qty <= 0 {
		return 0, 0, err
	}
	lost = min(qty, max(0, s.onHand-s.reserved))
	if lost > 0 {
		if err := b.Adjust(key, -lost, m); err != nil {
			return 0, 0, err
		}
	}
	return lost, qty - lost, nil
}

// outage promises nothing of a row online until then.
func (b *Book) outage(key StockKey, untilUS int64, document string) error {
	s, err := b.row(key, document)
	if err != nil {
		return err
	}
	frozen := s.Frozen()
	s.thaw()
	if s.outageUntilUS = max(s.outageUntilUS, untilUS); frozen {
		s.freeze()
	}
	n := len(b.moments)
	b.undoable(func() { b.moments = b.moments[:n] })
	b.moments = append(b.moments, Moment{AtUS: untilUS, StockID: s.id})
	return nil
}

func (b *Book) workChanges(c *Changes) {
	isNew := map[string]bool{}
	for _, d := range b.opened {
		isNew[d.id] = true
		c.Opened = append(c.Opened, d.Row())
	}
	for id := range b.turned {
		if !isNew[id] {
			c.Turned = append(c.Turned, b.documents[id].Row())
		}
	}
	slices.SortFunc(c.Turned, func(x, y DocumentRow) int { return cmp.Compare(x.ID, y.ID) })
	fresh := map[string]bool{}
	for _, a := range b.given {
		fresh[a.r.ID] = true
		c.Given = append(c.Given, a.r)
	}
	for _, list := range b.assignments {
		for _, a := range list {
			if b.answered[a.r.ID] && !fresh[a.r.ID] {
				c.Answered = append(c.Answered, a.r)
			}
		}
	}
	slices.SortFunc(c.Answered, func(x, y AssignmentRow) int { return cmp.Compare(x.ID, y.ID) })
	c.Announced = slices.Clone(b.announced)
}

// contented lowers what a document asked for to what it has got: the rest it does not wait for.
func (b *Book) contented(document string) {
	d := b.documents[document]
	if d == nil || d.asked == nil {
		return
	}
	b.turn(d)
	asked := *d.asked
	asked.Lines = nil
	lacks := d.asked.lacks(b.Of(document))
	for _, l := range d.asked.Lines {
		for _, lack := range lacks {
			if lack.ID == l.ID && lack.SKU == l.SKU {
				l.Quantity -= lack.Quantity
			}
		}
		if l.Quantity > 0 {
			asked.Lines = append(asked.Lines, l)
		}
	}
	d.asked = &asked
}

// askLess lowers what a document asked for by pieces that its owner has given back.
func (b *Book) askLess(document string, part linePart, qty int64) {
	d := b.documents[document]
	if d == nil || d.asked == nil {
		return
	}
	b.turn(d)
	asked := *d.asked
	asked.Lines = slices.Clone(asked.Lines)
	for i := range asked.Lines {
		if l := &asked.Lines[i]; l.ID == part.line && l.SKU == part.sku {
			n := min(qty, l.Quantity)
			l.Quantity, qty = l.Quantity-n, qty-n
		}
	}
	asked.Lines = slices.DeleteFunc(asked.Lines, func(l DemandLine) bool { return l.Quantity == 0 })
	d.asked = &asked
}
