package biz

import (
	"cmp"
	"slices"
)

// Book is the working set of one transaction: rows that are locked, and what has been decided about them so far. Later
// decisions see earlier ones, so two lines of one SKU, or two orders of one batch, never count the same piece twice.
// Nothing is stored until the StockWriter writes Changes.
type Book struct {
	nowUS int64
	actor string
	newID func(prefix string) string

	stock     map[StockKey]*Stock
	shortfall map[StockKey]int64 // as it was when the row came in
	touched   map[StockKey]bool

	reservations map[string]*Reservation
	created      []*Reservation
	changed      map[string]bool
	history      []ReservationChange
	movements    []Movement
	reasons      map[StockKey]string // document that last changed the row
}

// Changes is what a Book has decided: rows in the order in which they were locked, ledger entries in the order of decision.
type Changes struct {
	NowUS     int64
	Stock     []StockRow
	Created   []ReservationRow
	Changed   []ReservationRow
	History   []ReservationChange
	Movements []Movement
	Gaps      []Gap
}

// Gap is a change of a stock row's shortfall: discrepancies of that size are opened, or closed.
type Gap struct {
	Key      StockKey
	Org      string
	Document string
	Delta    int64
}

// NewBook opens a book at the database's time.
func NewBook(nowUS int64, actor string, newID func(prefix string) string) *Book {
	return &Book{nowUS: nowUS, actor: actor, newID: newID,
		stock: map[StockKey]*Stock{}, shortfall: map[StockKey]int64{}, touched: map[StockKey]bool{},
		reservations: map[string]*Reservation{}, changed: map[string]bool{}, reasons: map[StockKey]string{}}
}

// NowUS is the time of the book.
func (b *Book) NowUS() int64 { return b.nowUS }

// AddStock takes locked rows in. A row that is in already stays as it was decided.
func (b *Book) AddStock(rows ...*Stock) {
	for _, s := range rows {
		if _, in := b.stock[s.key]; !in {
			b.stock[s.key], b.shortfall[s.key] = s, s.Shortfall()
		}
	}
}

// AddReservations takes the reservations of locked documents in.
func (b *Book) AddReservations(rows ...*Reservation) {
	for _, r := range rows {
		if _, in := b.reservations[r.terms.ID]; !in {
			b.reservations[r.terms.ID] = r
		}
	}
}

// Stock returns a locked row, or nil.
func (b *Book) Stock(key StockKey) *Stock { return b.stock[key] }

// Reservation returns a reservation of a locked document, or nil.
func (b *Book) Reservation(id string) *Reservation { return b.reservations[id] }

// Of returns a document's reservations, oldest first.
func (b *Book) Of(document string) []*Reservation {
	var list []*Reservation
	for _, r := range b.reservations {
		if r.terms.Document == document {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(x, y *Reservation) int {
		return cmp.Or(cmp.Compare(x.terms.CreatedAtUS, y.terms.CreatedAtUS), cmp.Compare(x.terms.ID, y.terms.ID))
	})
	return list
}

// Hold reserves what a plan takes. All or nothing: on an error the book must be thrown away.
func (b *Book) Hold(t Terms) (*Reservation, error) {
	s, err := b.row(t.Key, t.Document)
	if err != nil {
		return nil, err
	}
	if err := s.Hold(t.Quantity, t.Way); err != nil {
		return nil, err
	}
	return b.create(t)
}

// Confirm takes the deadline away. An expired one was paid for after all: its units are held again, under a reservation
// that replaces it, and what is not there any more becomes a shortfall. A released one stays released.
func (b *Book) Confirm(r *Reservation) error {
	switch r.state {
	case Held:
		return b.record(r.confirm())
	case Expired:
		if b.replacement(r) != nil {
			return nil
		}
		t := r.terms
		t.Replaces, t.Quantity = t.ID, r.expired
		s, err := b.row(t.Key, t.Document)
		if err != nil {
			return err
		}
		if err := s.HoldAnyway(t.Quantity); err != nil {
			return err
		}
		again, err := b.create(t)
		if err != nil {
			return err
		}
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
	if err := b.giveBack(r, qty); err != nil {
		return 0, err
	}
	return qty, b.record(r.release())
}

// Expire is Release for one whose deadline has passed; for any other it is a defect.
func (b *Book) Expire(r *Reservation) error {
	if err := b.giveBack(r, r.open); err != nil {
		return err
	}
	return b.record(r.expire(b.nowUS))
}

// Ship turns qty of a reservation into a movement. The goods have left, so it never refuses: what the reservation (or the
// one that replaces it) does not hold any more is taken from on hand, and what is not there becomes a shortfall.
func (b *Book) Ship(r *Reservation, qty int64, m Movement) error {
	s, err := b.row(r.terms.Key, m.Document)
	if err != nil {
		return err
	}
	holder := r
	if holder.open == 0 {
		if next := b.replacement(r); next != nil {
			holder = next
		}
	}
	m.Key, m.Org, m.Ref = r.terms.Key, s.org, r.terms.ID
	held := min(qty, holder.open)
	if held > 0 {
		step, err := s.Ship(held)
		if err != nil {
			return err
		}
		if err := b.record(holder.ship(held)); err != nil {
			return err
		}
		b.move(m, step)
	}
	if rest := qty - held; rest > 0 {
		step, err := s.ShipAnyway(rest)
		if err != nil {
			return err
		}
		m.Ref += restMark
		m.Note = "left without a reservation"
		b.move(m, step)
	}
	return nil
}

// restMark tells the entry of what left without a reservation from the entry of what was held.
const restMark = "+"

// Receive adds what came in, or came back.
func (b *Book) Receive(key StockKey, qty int64, m Movement) error {
	return b.book(key, m, func(s *Stock) (Step, error) { return s.Receive(qty) })
}

// Adjust corrects on hand.
func (b *Book) Adjust(key StockKey, delta int64, m Movement) error {
	return b.book(key, m, func(s *Stock) (Step, error) { return s.Adjust(delta) })
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
	c := Changes{NowUS: b.nowUS, History: b.history, Movements: b.movements}
	keys := make([]StockKey, 0, len(b.touched))
	for key := range b.touched {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, StockKey.Compare)
	for _, key := range keys {
		s := b.stock[key]
		c.Stock = append(c.Stock, s.Row())
		if delta := s.Shortfall() - b.shortfall[key]; delta != 0 {
			c.Gaps = append(c.Gaps, Gap{Key: key, Org: s.org, Document: b.reasons[key], Delta: delta})
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
	slices.SortFunc(c.Changed, func(x, y ReservationRow) int { return cmp.Compare(x.ID, y.ID) })
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
	b.touched[key] = true
	if document != "" {
		b.reasons[key] = document
	}
	return s, nil
}

func (b *Book) create(t Terms) (*Reservation, error) {
	t.ID, t.CreatedAtUS = b.newID("res"), b.nowUS
	r, err := NewReservation(t)
	if err != nil {
		return nil, err
	}
	b.reservations[t.ID] = r
	b.created = append(b.created, r)
	return r, nil
}

func (b *Book) replacement(r *Reservation) *Reservation {
	for _, other := range b.reservations {
		if other.terms.Replaces == r.terms.ID {
			return other
		}
	}
	return nil
}

func (b *Book) giveBack(r *Reservation, qty int64) error {
	s, err := b.row(r.terms.Key, r.terms.Document)
	if err != nil {
		return err
	}
	return s.Release(qty)
}

func (b *Book) record(change ReservationChange, err error) error {
	if err != nil {
		return err
	}
	change.Actor, change.AtUS = b.actor, b.nowUS
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
	m.Hash = m.Chained(s.chain)
	s.chain = m.Hash
	b.movements = append(b.movements, m)
}
