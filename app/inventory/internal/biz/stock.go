package biz

import (
	"bytes"
	"cmp"
	"strings"
)

// StockKey says whose pieces of what, and where.
type StockKey struct {
	SKU, Location, Owner string
}

// String is for messages.
func (k StockKey) String() string { return k.SKU + " at " + k.Location + " of " + k.Owner }

// Compare is the one order in which rows are locked.
func (k StockKey) Compare(o StockKey) int {
	return cmp.Or(strings.Compare(k.SKU, o.SKU), strings.Compare(k.Location, o.Location), strings.Compare(k.Owner, o.Owner))
}

// Shelf is one SKU at one location, whoever owns the pieces.
type Shelf struct {
	SKU, Location string
}

// Shelf says where the pieces are.
func (k StockKey) Shelf() Shelf { return Shelf{k.SKU, k.Location} }

// Stock is what one owner has of one SKU in one location. Quantities are pieces.
type Stock struct {
	key                      StockKey
	id                       int64  // of its row; 0 until it has one
	org                      string // organisation of the location: who may see it
	onHand, reserved, safety int64
	seq                      int64  // number of its last movement
	chain                    []byte // hash of its last movement
	version                  int64  // grows with every write: the guard
	inTransit, damaged       int64
	blocked, batched         int64 // parts of on hand
	outageUntilUS            int64
	receivedUS               int64
	asOfUS                   int64 // the moment for which outages count
}

// StockRow is a stock row as it is stored.
type StockRow struct {
	ID                            int64
	Key                           StockKey
	Org                           string
	OnHand, Reserved, SafetyStock int64
	Seq, Version                  int64
	Chain                         []byte
	// InTransit is on its way here; Damaged is here and not for sale. Neither is part of OnHand.
	InTransit, Damaged int64
	// Blocked is what must not be sold of OnHand: the pieces of expired lots that nobody holds. Batched is what of it is in
	// lots.
	Blocked, Batched int64
	// OutageUntilUS: the store has said that it has none; nothing is promised online until then. 0: no outage. A row that is
	// frozen has FrozenUS added: whoever looks at outages only sees one without an end.
	OutageUntilUS int64
	// ReceivedUS is when OnHand last rose from nothing.
	ReceivedUS int64
}

// RestoreStock takes over a stored row. On hand may be below zero there (goods left that the books did not have), but
// nothing else may.
func RestoreStock(r StockRow) (*Stock, error) {
	if r.Key.SKU == "" || r.Key.Location == "" || r.Key.Owner == "" || r.Org == "" {
		return nil, broken("stock row %q has an incomplete key", r.Key)
	}
	if r.Reserved < 0 || r.SafetyStock < 0 || r.Seq < 0 || r.OnHand > MaxOnHand || r.OnHand < -MaxOnHand {
		return nil, broken("stock row %s: on hand %d, reserved %d, safety %d, seq %d", r.Key, r.OnHand, r.Reserved, r.SafetyStock, r.Seq)
	}
	if min(r.InTransit, r.Damaged, r.Blocked, r.Batched, r.OutageUntilUS, r.ReceivedUS) < 0 {
		return nil, broken("stock row %s: in transit %d, damaged %d, blocked %d, in lots %d", r.Key, r.InTransit, r.Damaged, r.Blocked, r.Batched)
	}
	return &Stock{key: r.Key, id: r.ID, org: r.Org, onHand: r.OnHand, reserved: r.Reserved, safety: r.SafetyStock, seq: r.Seq, chain: r.Chain, version: r.Version,
		inTransit: r.InTransit, damaged: r.Damaged, blocked: r.Blocked, batched: r.Batched, outageUntilUS: r.OutageUntilUS, receivedUS: r.ReceivedUS}, nil
}

// Row is the stored form.
func (s *Stock) Row() StockRow {
	return StockRow{ID: s.id, Key: s.key, Org: s.org, OnHand: s.onHand, Reserved: s.reserved, SafetyStock: s.safety, Seq: s.seq, Chain: s.chain, Version: s.version,
		InTransit: s.inTransit, Damaged: s.damaged, Blocked: s.blocked, Batched: s.batched, OutageUntilUS: s.outageUntilUS, ReceivedUS: s.receivedUS}
}

// Key says which stock it is.
func (s *Stock) Key() StockKey { return s.key }

// AsOf says for which moment it is asked what may be promised.
func (s *Stock) AsOf(nowUS int64) { s.asOfUS = nowUS }

// Promise is what may be promised online: on hand - reserved - safety stock, without what is blocked, never below zero.
// Nothing of a frozen row is, and nothing while the store has said that it has none.
func (s *Stock) Promise() int64 {
	if s.Frozen() || s.outageUntilUS > s.asOfUS {
		return 0
	}
	return max(0, s.onHand-s.reserved-s.blocked-s.safety)
}

// AtTheTill is what a customer who stands in the shop may take: safety stock does not stop him, an expired lot does.
func (s *Stock) AtTheTill() int64 { return max(0, s.onHand-s.reserved-s.blocked) }

// Left is what may be sold for this way of delivery.
func (s *Stock) Left(way Way) int64 {
	if way == CarryOut {
		return s.AtTheTill()
	}
	return s.Promise()
}

// onlyReserved says whether nothing but what is reserved has changed since.
func (s *Stock) onlyReserved(before *Stock) bool {
	return s.key == before.key && s.id == before.id && s.org == before.org && s.onHand == before.onHand && s.safety == before.safety && s.seq == before.seq &&
		s.version == before.version && s.inTransit == before.inTransit && s.damaged == before.damaged && s.blocked == before.blocked &&
		s.batched == before.batched && s.outageUntilUS == before.outageUntilUS && s.receivedUS == before.receivedUS && bytes.Equal(s.chain, before.chain)
}

// Shortfall is how many pieces are promised or gone that the books do not have: the size of the open discrepancies.
func (s *Stock) Shortfall() int64 { return max(0, s.reserved-s.onHand) }

// Hold reserves qty pieces. It refuses with Short, which says how many are left, and changes nothing then.
func (s *Stock) Hold(qty int64, way Way) error {
	if err := pieces(qty); err != nil {
		return err
	}
	if left := s.Left(way); qty > left {
		return Short{SKU: s.key.SKU, Wanted: qty, Left: left}
	}
	s.reserved += qty
	return nil
}

// HoldAnyway reserves what a customer has already paid for. What is not there becomes a shortfall.
func (s *Stock) HoldAnyway(qty int64) error {
	if err := pieces(qty); err != nil {
		return err
	}
	s.reserved += qty
	return nil
}

// Release gives reserved pieces back to the pool.
func (s *Stock) Release(qty int64) error {
	if qty < 1 || qty > s.reserved {
		return broken("release %d of %d reserved, %s", qty, s.reserved, s.key)
	}
	s.reserved -= qty
	return nil
}

// Step is a change of on hand: the part of a movement that the stock row knows.
type Step struct {
	Seq, Quantity, Before, After int64
}

// Ship takes away pieces that were reserved.
func (s *Stock) Ship(qty int64) (Step, error) {
	if err := s.Release(qty); err != nil {
		return Step{}, err
	}
	return s.step(-qty), nil
}

// ShipAnyway takes away pieces that have left although nothing was reserved for them.
func (s *Stock) ShipAnyway(qty int64) (Step, error) {
	if err := pieces(qty); err != nil {
		return Step{}, err
	}
	return s.step(-qty), nil
}

// Receive adds pieces that came in, or came back.
func (s *Stock) Receive(qty int64) (Step, error) {
	if err := pieces(qty); err != nil {
		return Step{}, err
	}
	if s.onHand+qty > MaxOnHand {
		return Step{}, Invalid{"quantity", "more than a location can hold"}
	}
	return s.step(qty), nil
}

// Adjust corrects on hand by delta. It never goes below what is reserved; a correction upwards is always taken.
func (s *Stock) Adjust(delta int64) (Step, error) {
	if delta < 0 && s.onHand+delta < s.reserved {
		return Step{}, BelowReserved{Key: s.key, OnHand: s.onHand, Reserved: s.reserved}
	}
	if s.onHand+delta > MaxOnHand {
		return Step{}, Invalid{"delta", "more than a location can hold"}
	}
	return s.step(delta), nil
}

// SetSafety sets the pieces that are kept for the shop.
func (s *Stock) SetSafety(qty int64) error {
	if qty < 0 || qty > MaxQuantity {
		return Invalid{"safety_stock", "must be between 0 and 1000000"}
	}
	s.safety = qty
	return nil
}

func (s *Stock) step(delta int64) Step { return s.change(&s.onHand, delta) }

// change is a step of one bucket. All buckets of a row share its sequence.
func (s *Stock) change(bucket *int64, delta int64) Step {
	before := *bucket
	*bucket += delta
	s.seq++
	return Step{Seq: s.seq, Quantity: delta, Before: before, After: *bucket}
}

func pieces(qty int64) error {
	if qty < 1 || qty > MaxQuantity {
		return Invalid{"quantity", "must be between 1 and 1000000"}
	}
	return nil
}
