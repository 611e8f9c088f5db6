package biz

import (
	"cmp"
	"maps"
	"slices"
)

// Book is the working set of one transaction: rows that are locked, and what has been decided about them so far. Later
// decisions see earlier ones, so two lines of one SKU, or two orders of one batch, never count the same piece twice.
// Nothing is stored until the StockWriter writes Changes, and what one member of a batch has decided can be undone.
type Book struct {
	nowUS int64
	actor string
	newID func(prefix string) string

	stock     map[StockKey]*Stock
	shelves   map[Shelf][]*Stock // by owner
	before    map[StockKey]Stock // as the row came in
	touched   map[StockKey]bool
	locations map[string]Location // as they are now

	documents    map[string]*Document     // locked and stored, or opened here
	opened       []*Document              // new ones
	absent       []string                 // not stored when the locks were taken
	turned       map[string]bool          // stored ones that have changed
	assignments  map[string][]*Assignment // by document, oldest first
	given        []*Assignment            // new ones
	answered     map[string]bool          // stored ones that have changed, by id
	announced    []string                 // documents whose allocation has changed after it was made
	reservations map[string]*Reservation
	of           map[string][]*Reservation // by document, oldest first
	replacing    map[again][]*Reservation  // what stands in a reservation's place at the same row, oldest first
	created      []*Reservation
	changed      map[string]bool
	history      []ReservationChange
	movements    []Movement
	booked       map[Entry]int64     // entries that are in the ledger, of those that were asked for
	reasons      map[StockKey]string // document that last changed the row

	sharing    *Sharing          // the policies in force
	categories map[string]string // of SKUs, if a policy names one
	shares     map[string]*Share // by channel
	quotas     map[QuotaKey]*QuotaRow
	drawn      map[QuotaKey]bool  // quotas whose count has changed
	relieved   map[StockKey]int64 // pieces that a row fell short of before reservations moved away

	lots        map[StockKey][]*Lot // of the rows whose lots were asked for, the first to expire first
	changedLots map[*Lot]bool

	explanations  []DocumentExplanation
	discrepancies []Discrepancy
	moments       []Moment
	loads         loads
	journal       []func() // undoes what was done since the book was opened, last first

	presales map[string]*Presale
	sold     map[string]bool // presales that have changed
}

// Changes is what a Book has decided: rows in the order in which they were locked, ledger entries in the order of decision.
type Changes struct {
	NowUS int64
	Stock []StockRow
	// OnlyReserved says of each row of Stock that nothing but what is reserved has changed, as holds and releases do.
	OnlyReserved []bool
	Created      []ReservationRow
	Changed      []ReservationRow
	History      []ReservationChange
	Movements    []Movement
	Gaps         []Gap
	Quotas       []QuotaRow
	// Opened are documents that hold stock, or wait for it, for the first time; Turned are stored ones that have changed.
	Opened, Turned []DocumentRow
	// Absent are documents that were not there to be locked, and hold nothing now either.
	Absent []string
	// Given are new assignments, Answered stored ones that have changed.
	Given, Answered []AssignmentRow
	// Announced are documents whose allocation has changed after it was made: their center is told.
	Announced     []string
	Explanations  []DocumentExplanation
	Discrepancies []Discrepancy
	// Loads are the days of locations of which something was taken or given back.
	Loads    []LoadChange
	Presales []PresaleRow
	// Lots are those that have changed; one without an id is new.
	Lots []LotRow
	// Moments are times at which rows are promised again.
	Moments []Moment
}

// DocumentExplanation is why the locations of a document were chosen, for the organisation that sells.
type DocumentExplanation struct {
	Org string
	Explanation
}

// Gap is a change of a stock row's shortfall: discrepancies of that size are opened, or closed. Relieved pieces were missing
// and are not any more, because reservations have moved elsewhere: they are listed, and closed.
type Gap struct {
	Key      StockKey
	Org      string
	Document string
	Delta    int64
	Relieved int64
}

// NewBook opens a book at the database's time.
func NewBook(nowUS int64, actor string, newID func(prefix string) string) *Book {
	return &Book{nowUS: nowUS, actor: actor, newID: newID,
		stock: map[StockKey]*Stock{}, shelves: map[Shelf][]*Stock{}, before: map[StockKey]Stock{}, touched: map[StockKey]bool{}, locations: map[string]Location{},
		lots: map[StockKey][]*Lot{}, changedLots: map[*Lot]bool{},
		documents: map[string]*Document{}, turned: map[string]bool{}, assignments: map[string][]*Assignment{}, answered: map[string]bool{},
		reservations: map[string]*Reservation{}, of: map[string][]*Reservation{}, replacing: map[again][]*Reservation{},
		changed: map[string]bool{}, booked: map[Entry]int64{}, reasons: map[StockKey]string{},
		sharing: NewSharing(nil, nowUS), categories: map[string]string{}, shares: map[string]*Share{}, quotas: map[QuotaKey]*QuotaRow{}, drawn: map[QuotaKey]bool{},
		relieved: map[StockKey]int64{}, presales: map[string]*Presale{}, sold: map[string]bool{}}
}

// As names who decides from now on.
func (b *Book) As(actor string) { b.actor = actor }

// Mark returns a function that undoes what was decided since: a member of a batch that is refused leaves nothing.
func (b *Book) Mark() (undo func()) {
	n := len(b.journal)
	return func() {
		for i := len(b.journal) - 1; i >= n; i-- {
			b.journal[i]()
		}
		b.journal = b.journal[:n]
	}
}

// undoable remembers how to undo a change that is about to be made. Whatever a Book knows changes through here.
func (b *Book) undoable(undo func()) { b.journal = append(b.journal, undo) }

// NowUS is the time of the book.
func (b *Book) NowUS() int64 { return b.nowUS }

// AddStock takes locked rows in. A row that is in already stays as it was decided.
func (b *Book) AddStock(rows ...*Stock) {
	for _, s := range rows {
		if _, in := b.stock[s.key]; !in {
			s.AsOf(b.nowUS)
			b.stock[s.key], b.before[s.key] = s, *s
			at := Shelf{s.key.SKU, s.key.Location}
			b.shelves[at] = append(b.shelves[at], s)
		}
	}
}

// AddLocations takes locations in as they are now.
func (b *Book) AddLocations(locations ...Location) {
	for _, l := range locations {
		b.locations[l.Code] = l
	}
}

// AddDocuments takes in those of the locked documents that are stored.
func (b *Book) AddDocuments(documents ...*Document) {
	for _, d := range documents {
		if b.documents[d.id] == nil {
			b.documents[d.id] = d
		}
	}
}

// AddAbsent takes in which documents were not there to be locked.
func (b *Book) AddAbsent(documents ...string) { b.absent = append(b.absent, documents...) }

// AddBooked takes in which entries are in the ledger, and what was on hand after each.
func (b *Book) AddBooked(entries map[Entry]int64) { maps.Copy(b.booked, entries) }

// Booked says whether an entry that was asked for is in the ledger, or was booked here.
func (b *Book) Booked(e Entry) bool {
	_, booked := b.booked[e]
	return booked
}

// Location returns a location as it is now, if it was asked for and exists.
func (b *Book) Location(code string) (Location, bool) {
	l, known := b.locations[code]
	return l, known
}

// Shelf returns the locked rows of a SKU at a location, of all owners if the shelf was locked.
func (b *Book) Shelf(at Shelf) []*Stock { return b.shelves[at] }

// AddReservations takes the reservations of locked documents in.
func (b *Book) AddReservations(rows ...*Reservation) {
	for _, r := range rows {
		if _, in := b.reservations[r.terms.ID]; !in {
			b.index(r)
		}
	}
}

func (b *Book) index(r *Reservation) {
	t := r.terms
	b.reservations[t.ID] = r
	list := append(b.of[t.Document], r)
	slices.SortStableFunc(list, func(x, y *Reservation) int {
		return cmp.Or(cmp.Compare(x.terms.CreatedAtUS, y.terms.CreatedAtUS), cmp.Compare(x.terms.ID, y.terms.ID))
	})
	b.of[t.Document] = list
	if t.Replaces != "" {
		at := again{t.Replaces, t.Key}
		b.replacing[at] = append(b.replacing[at], r)
	}
}

// Stock returns a locked row, or nil.
func (b *Book) Stock(key StockKey) *Stock { return b.stock[key] }

// Reservation returns a reservation of a locked document, or nil.
func (b *Book) Reservation(id string) *Reservation { return b.reservations[id] }

// Of returns a document's reservations, oldest first.
func (b *Book) Of(document string) []*Reservation { return slices.Clone(b.of[document]) }

// Hold reserves what a plan takes, as far as the sharing policies leave it to the channel. On an error what the document
// holds by then must be undone.
func (b *Book) Hold(t Terms) (*Reservation, error) {
	s, err := b.row(t.Key, t.Document)
	if err != nil {
		return nil, err
	}
	if err := b.drawing(&t); err != nil {
		return nil, err
	}
	if err := s.Hold(t.Quantity, t.Way); err != nil {
		return nil, err
	}
	if err := b.holdLot(t); err != nil {
		return nil, err
	}
	return b.create(t)
}

// Confirm takes the deadline away. An expired one was paid for after all: its units are held again, under a reservation
// that replaces it, and what is not there any more becomes a shortfall. A released one stays released.
func (b *Book) Confirm(r *Reservation) error {
	switch r.state {
	case Held:
		b.keep(r)
		return b.record(r.confirm())
	case Expired:
		if b.heldAgain(r) {
			return nil
		}
		t := r.terms
		t.Replaces, t.Quantity, t.Presale = t.ID, r.expired, ""
		s, err := b.row(t.Key, t.Document)
		if err != nil {
			return err
		}
		if err := s.HoldAnyway(t.Quantity); err != nil {
			return err
		}
		b.redrawing(&t)
		t.Batch = b.lotAgain(t)
		if err := b.holdLot(t); err != nil {
			return err
		}
		again, err := b.create(t)
		if err != nil {
			return err
		}
		b.keep(again)
		return b.record(again.confirm())
	}
	return nil
}

// Release gives back what is open, and says how much that was.
func (b *Book) Release(r *Reservation) (int64, error) {
	qty := r.open
	if qty == 0 {
		return 0, nil
	}
	return qty, b.ReleasePart(r, qty)
}

// ReleasePart gives back a part of what is open.
func (b *Book) ReleasePart(r *Reservation, qty int64) error {
	if qty < 1 || qty > r.open {
		return broken("release %d of %d open, reservation %s", qty, r.open, r.terms.ID)
	}
	if err := b.giveBack(r, qty); err != nil {
		return err
	}
	b.keep(r)
	return b.record(r.release(qty))
}

// Expire is Release for one whose deadline has passed; for any other it is a defect.
func (b *Book) Expire(r *Reservation) error {
	if err := b.giveBack(r, r.open); err != nil {
		return err
	}
	b.keep(r)
	return b.record(r.expire(b.nowUS))
}

// Extend gives a held reservation a later deadline. One that has none, because it is confirmed or never expires, stays.
func (b *Book) Extend(r *Reservation, untilUS int64) error {
	if r.state != Held || r.terms.ExpiresAtUS == 0 || r.terms.ExpiresAtUS == untilUS {
		return nil
	}
	b.keep(r)
	return b.record(r.extend(untilUS))
}

// Ship turns qty of a reservation into a movement. The goods have left, so it never refuses: what the reservation (or those
// that stand in its place) does not hold any more is taken from on hand, and what is not there becomes a shortfall.
func (b *Book) Ship(r *Reservation, qty int64, m Movement) error {
	s, err := b.row(r.terms.Key, m.Document)
	if err != nil {
		return err
	}
	m.Key, m.Org, m.Ref = r.terms.Key, s.org, r.terms.ID
	held, rest, booked := int64(0), qty, 0
	for _, holder := range b.inPlaceOf(r) {
		n := min(rest, holder.open)
		if n == 0 {
			continue
		}
		b.keep(holder)
		if err := b.record(holder.ship(n)); err != nil {
			return err
		}
		rest -= n
		if holder.Waits() {
			continue // nothing is reserved for it: its pieces leave from what there is
		}
		if err := s.Release(n); err != nil {
			return err
		}
		list, err := b.shipped(holder.terms, n)
		if err != nil {
			return err
		}
		if err := b.out(s, list, m, booked); err != nil {
			return err
		}
		held, booked = held+n, booked+len(list)
	}
	if rest := qty - held; rest > 0 {
		m.Ref += restMark
		m.Note = "left without a reservation"
		if _, err := b.leave(r.terms.Key, rest, m, forSale, func(s *Stock) (Step, error) { return s.ShipAnyway(rest) }); err != nil {
			return err
		}
		if err := b.calledBack(r, rest); err != nil {
			return err
		}
	}
	return nil
}

// Explain notes why the locations of a document were chosen.
func (b *Book) Explain(org string, e Explanation) {
	n := len(b.explanations)
	b.undoable(func() { b.explanations = b.explanations[:n] })
	b.explanations = append(b.explanations, DocumentExplanation{org, e})
}

// Discrepancy lists what cannot be booked on a stock row.
func (b *Book) Discrepancy(d Discrepancy) {
	n := len(b.discrepancies)
	b.undoable(func() { b.discrepancies = b.discrepancies[:n] })
	b.discrepancies = append(b.discrepancies, d)
}

// restMark tells the entry of what left without a reservation from the entry of what was held.
const restMark = "+"

// Receive adds what came in, or came back.
func (b *Book) Receive(key StockKey, qty int64, m Movement) error {
	if err := b.book(key, m, func(s *Stock) (Step, error) { return s.Receive(qty) }); err != nil {
		return err
	}
	return b.fill(key, qty, m.Batch)
}

// SetSafety sets the safety stock of a row.
func (b *Book) SetSafety(key StockKey, qty int64) error {
	s, err := b.row(key, "")
	if err != nil {
		return err
	}
	return s.SetSafety(qty)
}

// Changes is what has been decided.
func (b *Book) Changes() Changes {
	c := Changes{NowUS: b.nowUS, History: b.history, Movements: b.movements, Explanations: b.explanations, Discrepancies: b.discrepancies, Moments: b.moments, Lots: b.lotChanges()}
	for _, d := range b.absent {
		if b.documents[d] == nil {
			c.Absent = append(c.Absent, d)
		}
	}
	b.workChanges(&c)
	keys := make([]StockKey, 0, len(b.touched))
	for key := range b.touched {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, StockKey.Compare)
	for _, key := range keys {
		s := b.stock[key]
		c.Stock = append(c.Stock, s.Row())
		before := b.before[key]
		c.OnlyReserved = append(c.OnlyReserved, s.onlyReserved(&before))
		// What moved away closes first what was short before, then what came to be short here.
		delta := s.Shortfall() - before.Shortfall()
		if relieved := max(0, min(b.relieved[key], b.relieved[key]+delta)); delta != 0 || relieved != 0 {
			c.Gaps = append(c.Gaps, Gap{Key: key, Org: s.org, Document: b.reasons[key], Delta: delta, Relieved: relieved})
		}
	}
	isNew := map[string]bool{}
	for _, r := range b.created {
		isNew[r.terms.ID] = true
		c.Created = append(c.Created, r.Row())
	}
	for id := range b.changed {
		if !isNew[id] {
			c.Changed = append(c.Changed, b.reservations[id].Row())
		}
	}
	for k := range b.drawn {
		c.Quotas = append(c.Quotas, *b.quotas[k])
	}
	slices.SortFunc(c.Quotas, func(x, y QuotaRow) int { return cmp.Compare(x.ID, y.ID) })
	c.Presales = b.soldPresales()
	slices.SortFunc(c.Changed, func(x, y ReservationRow) int { return cmp.Compare(x.ID, y.ID) })
	c.Loads = b.loadChanges()
	return c
}

func (b *Book) book(key StockKey, m Movement, change func(*Stock) (Step, error)) error {
	s, err := b.row(key, m.Document)
	if err != nil {
		return err
	}
	step, err := change(s)
	if err != nil {
		return err
	}
	m.Key, m.Org = key, s.org
	b.move(m, step)
	return nil
}

// row returns a locked row and remembers that it is about to change.
func (b *Book) row(key StockKey, document string) (*Stock, error) {
	s := b.stock[key]
	if s == nil {
		return nil, broken("stock row %s is not locked", key)
	}
	was, touched, reason := *s, b.touched[key], b.reasons[key]
	b.undoable(func() {
		*s = was
		b.reasons[key] = reason
		if !touched {
			delete(b.touched, key)
		}
	})
	b.touched[key] = true
	if document != "" {
		b.reasons[key] = document
	}
	return s, nil
}

// keep remembers a reservation that is about to change.
func (b *Book) keep(r *Reservation) {
	b.counts(r.terms)
	was, changed := *r, b.changed[r.terms.ID]
	b.undoable(func() {
		*r = was
		if !changed {
			delete(b.changed, r.terms.ID)
		}
	})
}

func (b *Book) create(t Terms) (*Reservation, error) {
	t.ID, t.CreatedAtUS = b.newID("res"), b.nowUS
	r, err := NewReservation(t)
	if err != nil {
		return nil, err
	}
	if err := b.draw(t, t.Quantity); err != nil {
		return nil, err
	}
	b.document(t.Document, t.Seller)
	at := again{t.Replaces, t.Key}
	n, list, places := len(b.created), b.of[t.Document], len(b.replacing[at])
	b.undoable(func() {
		b.created, b.of[t.Document] = b.created[:n], list
		delete(b.reservations, t.ID)
		if t.Replaces != "" {
			b.replacing[at] = b.replacing[at][:places]
		}
	})
	b.of[t.Document] = slices.Clone(list)
	b.counts(t)
	b.index(r)
	b.created = append(b.created, r)
	return r, nil
}

// again names a reservation and the row that it held.
type again struct {
	id  string
	key StockKey
}

// standing are those that took a reservation's place at its row, oldest first.
func (b *Book) standing(r *Reservation) []*Reservation {
	return b.replacing[again{r.terms.ID, r.terms.Key}]
}

// heldAgain says whether an expired reservation was paid for after all, and another one holds its units.
func (b *Book) heldAgain(r *Reservation) bool {
	return slices.ContainsFunc(b.standing(r), func(other *Reservation) bool { return other.terms.Presale == "" })
}

// inPlaceOf is a reservation and all that stand in its place, in the order in which they came.
func (b *Book) inPlaceOf(r *Reservation) []*Reservation {
	all := []*Reservation{r}
	for i := 0; i < len(all); i++ {
		all = append(all, b.standing(all[i])...)
	}
	return all
}

// giveBack returns units to where they came from: the stock row, or the presale.
func (b *Book) giveBack(r *Reservation, qty int64) error {
	if r.Waits() {
		return b.unsell(r, qty)
	}
	s, err := b.row(r.terms.Key, r.terms.Document)
	if err != nil {
		return err
	}
	if err := b.draw(r.terms, -qty); err != nil {
		return err
	}
	if err := s.Release(qty); err != nil {
		return err
	}
	return b.freeLot(r.terms, qty)
}

func (b *Book) record(change ReservationChange, err error) error {
	if err != nil {
		return err
	}
	change.Actor, change.AtUS = b.actor, b.nowUS
	n := len(b.history)
	b.undoable(func() { b.history = b.history[:n] })
	b.changed[change.ReservationID] = true
	b.history = append(b.history, change)
	return nil
}

func (b *Book) move(m Movement, step Step) {
	m.ID, m.Step, m.AtUS = b.newID("mov"), step, b.nowUS
	if m.Actor == "" {
		m.Actor = b.actor
	}
	s := b.stock[m.Key]
	if m.Bucket == "" && step.Before <= 0 && step.After > 0 {
		s.receivedUS = b.nowUS
	}
	m.Hash = m.Chained(s.chain)
	s.chain = m.Hash
	n, entry := len(b.movements), m.Entry()
	after, booked := b.booked[entry]
	b.undoable(func() {
		b.movements = b.movements[:n]
		if b.booked[entry] = after; !booked {
			delete(b.booked, entry)
		}
	})
	b.movements = append(b.movements, m)
	b.booked[entry] = step.After
}
