package biz

import (
	"context"
	"slices"
)

// Decide declines inside the transaction.
func (uc Decline) Decide(ctx context.Context, by Caller, in DeclineInput, facts DeclineFacts) (DeclineResult, error) {
	locations, err := uc.Reallocate.Hold.Search.Locations.Fresh(ctx, []string{in.Location})
	if err != nil {
		return DeclineResult{}, err
	}
	if len(locations) == 0 {
		return DeclineResult{}, UnknownAssignment{in.Document, in.Location}
	}
	if err := by.MayAnswer(in.Document, locations[0]); err != nil {
		return DeclineResult{}, err
	}
	book, err := openWork(ctx, uc.Writer, by.Name, append([]string{in.Document}, facts.others...))
	if err != nil {
		return DeclineResult{}, err
	}
	if in.Effect == Outage && (in.OutageUntilUS <= book.nowUS || in.OutageUntilUS > book.nowUS+maxOutageUS) {
		return DeclineResult{}, Invalid{"outage_until_us", "must be within the next 90 days"}
	}
	if err := in.openThere(book); err != nil {
		return DeclineResult{}, err
	}
	parts, err := in.missing(book.known(in.Document))
	if err != nil {
		return DeclineResult{}, err
	}
	d := decline{uc: uc, book: book, in: in, at: locations[0], state: Declined, why: in.because(), look: facts.look, result: DeclineResult{More: facts.more}}
	d.add(in.Document, parts)
	for _, other := range facts.others {
		d.addOther(other, skusOf(parts))
	}
	if err := d.run(ctx, skusOf(parts)); err != nil {
		return DeclineResult{}, err
	}
	return d.result, uc.Writer.Write(ctx, book.Changes())
}

// openWork starts a Book with the locks of documents, their reservations and assignments.
func openWork(ctx context.Context, w StockWriter, actor string, documents []string) (*Book, error) {
	book, err := w.Open(ctx, actor)
	if err != nil {
		return nil, err
	}
	locks := make([]DocumentLock, len(documents))
	for i, d := range documents {
		locks[i].Document = d
	}
	if err := w.LockDocuments(ctx, book, locks); err != nil {
		return nil, err
	}
	return book, w.LockAssignments(ctx, book, documents)
}

// openThere refuses an answer about a document of which nothing is open at the location (any more).
func openThere(book *Book, document, location string) error {
	last := ReservationState(0)
	for _, r := range book.Of(document) {
		if r.terms.Key.Location != location {
			continue
		}
		if r.open > 0 {
			return nil
		}
		last = r.state
	}
	if last == 0 {
		return UnknownAssignment{document, location}
	}
	return NothingOpen{document, last.String()}
}

// openThere refuses an answer about reservations of which nothing is open at the location (any more).
func (in DeclineInput) openThere(book *Book) error {
	if err := openThere(book, in.Document, in.Location); err != nil {
		return err
	}
	if len(in.openOf(book.Of(in.Document))) == 0 {
		return NothingOpen{in.Document, Released.String()} // what is open there came later
	}
	return nil
}

// decline is one decline while it is decided: of one document, and of others that hold the same there.
type decline struct {
	uc        Decline
	book      *Book
	in        DeclineInput
	at        Location
	state     AssignmentState
	why       string
	look      map[string]HoldFacts
	documents []string
	parts     map[string][]freed
	unpaid    map[string]bool
	result    DeclineResult
}

func (d *decline) add(document string, parts []freed) {
	if d.parts == nil {
		d.parts, d.unpaid = map[string][]freed{}, map[string]bool{}
	}
	d.documents = append(d.documents, document)
	d.parts[document] = parts
	d.unpaid[document] = slices.ContainsFunc(parts, func(p freed) bool { return !paidFor(p.r) })
}

// addOther declines another document along. One that is not paid keeps what it holds: it cannot wait.
func (d *decline) addOther(document string, skus []string) {
	parts := d.book.known(document).openAt(d.at.Code, skus)
	if len(parts) == 0 {
		return
	}
	if slices.ContainsFunc(parts, func(p freed) bool { return !paidFor(p.r) }) {
		d.result.More = true
		return
	}
	d.add(document, parts)
}

// paidFor says that a reservation does not depend on a payment any more.
func paidFor(r *Reservation) bool { return r.state == Confirmed || r.terms.ExpiresAtUS == 0 }

// run gives everything back first, then books the effect, and only then looks for other locations.
func (d *decline) run(ctx context.Context, skus []string) error {
	var keys []StockKey
	for _, sku := range skus {
		keys = append(keys, StockKey{SKU: sku, Location: d.at.Code})
	}
	for _, document := range d.documents {
		for _, p := range d.parts[document] {
			if p.along {
				keys = append(keys, p.r.terms.Key)
			}
		}
	}
	if err := d.uc.Writer.LockStock(ctx, d.book, keys, nil); err != nil {
		return err
	}
	there := Need{Touches: func(r *Reservation, _ int64) bool { return r.open > 0 && r.terms.Key.Location == d.at.Code }}
	for _, document := range d.documents {
		there.Documents = append(there.Documents, DocumentLock{Document: document})
	}
	if err := d.uc.Writer.LockShares(ctx, d.book, there); err != nil { // what they draw from quotas goes back
		return err
	}
	for _, document := range d.documents {
		if err := d.giveBack(document); err != nil {
			return err
		}
	}
	if err := d.effect(skus); err != nil {
		return err
	}
	for _, document := range d.documents {
		if err := d.place(ctx, document); err != nil {
			return err
		}
	}
	return nil
}

// giveBack releases what the location does not ship, and notes what it said.
func (d *decline) giveBack(document string) error {
	doc := d.book.document(document, "")
	if !d.unpaid[document] {
		d.book.paid(doc)
	}
	for _, p := range d.parts[document] {
		if err := d.book.ReleasePart(p.r, p.qty); err != nil {
			return err
		}
	}
	d.book.nextRound(doc)
	live, whole := d.book.live(document, d.at.Code), len(openAt(d.book.Of(document), d.at.Code, nil)) == 0
	if live != nil && whole {
		return d.book.answer(live, d.state, d.why)
	}
	d.book.give(doc, d.at, d.state, len(d.parts[document]), 0, d.why)
	if live != nil && live.r.State == Assigned { // it has looked at the order, and ships the rest
		return d.book.answer(live, Accepted, "")
	}
	return nil
}

// effect books what the decline means for the location's stock.
func (d *decline) effect(skus []string) error {
	missing := map[StockKey]int64{}
	var keys []StockKey
	for _, document := range d.documents {
		for _, p := range d.parts[document] {
			if p.along {
				continue
			}
			if missing[p.r.terms.Key] == 0 {
				keys = append(keys, p.r.terms.Key)
			}
			missing[p.r.terms.Key] += p.qty
		}
	}
	if d.in.Effect == ToZero || d.in.Effect == Outage {
		keys = keys[:0]
		for _, sku := range skus {
			for _, s := range d.book.Shelf(Shelf{sku, d.at.Code}) {
				keys = append(keys, s.key)
			}
		}
	}
	for _, key := range sortKeys(keys) {
		var err error
		switch d.in.Effect {
		case MinusQuantity:
			err = d.lose(key, missing[key])
		case ToZero:
			err = d.lose(key, d.book.Stock(key).onHand)
		case Outage:
			err = d.book.outage(key, d.in.OutageUntilUS, d.in.Document)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lose books pieces out. What others hold there stays in the books, and is listed: somebody has to look.
func (d *decline) lose(key StockKey, qty int64) error {
	m := Movement{Reason: ReasonShortPick, Document: d.in.Document, Ref: d.in.Request, Request: d.in.Request, Note: d.why}
	lost, kept, err := d.book.lose(key, qty, m)
	if err != nil {
		return err
	}
	d.result.Lost += lost
	if kept > 0 {
		d.book.Discrepancy(Discrepancy{Org: d.at.Org, Document: d.in.Document, Key: key, Kind: KindShortPick, Size: kept})
	}
	return nil
}

// place finds another location for what was given back, or says what the document waits for now.
func (d *decline) place(ctx context.Context, document string) error {
	doc := d.book.Document(document)
	out := Reallocation{Document: document, Round: doc.round}
	var refused error
	toPerson := false // while there are rounds, what has no location waits for stock
	lack := Lack{}
	for _, p := range d.parts[document] {
		lack.Lines = append(lack.Lines, DemandLine{ID: p.r.terms.LineID, SKU: p.r.terms.Key.SKU, Quantity: p.qty, KitSKU: p.r.terms.KitSKU})
	}
	out.Open = lack.Lines
	if doc.asked != nil {
		lack = doc.asked.lackOf(d.parts[document])
		out.Open = lack.Lines
	}
	if doc.asked != nil && !doc.asked.Way.AtTheStore() {
		rules := d.uc.Reallocate.rules(d.look[document])
		if toPerson = rules.over(doc.rounds()); !toPerson || rules.LastResort != "" {
			var err error
			out.Held, out.Open, err = d.uc.Reallocate.Cover(ctx, d.book, doc, lack, d.look[document], false)
			if refused = err; err != nil && !unfilled(err) {
				return err
			}
		}
	}
	if len(out.Open) > 0 && d.unpaid[document] {
		if refused == nil {
			refused = Short{SKU: out.Open[0].SKU, Wanted: out.Open[0].Quantity}
		}
		return refused
	}
	if err := d.uc.Reallocate.standsBy(d.book, doc, len(out.Open) > 0, toPerson); err != nil {
		return err
	}
	out.State = doc.state
	d.book.announce(document)
	d.result.Reallocations = append(d.result.Reallocations, out)
	return giveOut(d.book, document)
}
