package biz

import "slices"

// ReservationState says what became of held units.
type ReservationState int8

// The states. Held and Confirmed are active; the others are final.
const (
	Held      ReservationState = 1
	Confirmed ReservationState = 2
	Shipped   ReservationState = 3
	Released  ReservationState = 4
	Expired   ReservationState = 5
)

// Transitions is the state machine: what is not here cannot happen. A state that stays has shipped or released a part,
// or has got a later deadline.
var Transitions = map[ReservationState][]ReservationState{
	Held:      {Held, Confirmed, Shipped, Released, Expired},
	Confirmed: {Confirmed, Shipped, Released},
}

// String names the state as the API does.
func (s ReservationState) String() string {
	switch s {
	case Held:
		return "HELD"
	case Confirmed:
		return "CONFIRMED"
	case Shipped:
		return "SHIPPED"
	case Released:
		return "RELEASED"
	case Expired:
		return "EXPIRED"
	}
	return "UNKNOWN"
}

// Active says that units are still held.
func (s ReservationState) Active() bool { return s == Held || s == Confirmed }

// Terms are what a reservation was made for. They never change, but for a deadline that is moved to later.
type Terms struct {
	ID       string
	Document string
	LineID   string
	GID      string // distributed transaction that made it; empty when none did
	Key      StockKey
	// LocationName and LocationOrg are as they were then.
	LocationName, LocationOrg string
	Seller, Channel           string
	Way                       Way
	Quantity                  int64
	ExpiresAtUS               int64 // 0: never
	SettlementPriceMinor      int64
	FulfilmentFeeMinor        int64
	DistanceM                 int64
	// Replaces names the reservation in whose place this one stands: one that expired before its payment was known, that waited
	// for a presale, or whose units have moved here from another location, which declined them or sold them at its till.
	Replaces    string
	CreatedAtUS int64
	// Batch is the lot that it holds, Quota the exclusive quota and Presale the promise of stock to come that it draws on,
	// KitSKU the kit that was sold, of which this is a part. Empty: none.
	Batch, Quota, Presale, KitSKU string
	// CapacityDay is the location's day whose capacity it takes; 0: none is counted.
	CapacityDay int64
}

// Reservation holds units of one owner at one location for one order line.
type Reservation struct {
	terms                            Terms
	state                            ReservationState
	open, shipped, released, expired int64
	version                          int64
}

// ReservationRow is a reservation as it is stored.
type ReservationRow struct {
	Terms
	State                            ReservationState
	Open, Shipped, Released, Expired int64
	Version                          int64
}

// ReservationChange is one step of a reservation's history. The first version is the reservation itself.
type ReservationChange struct {
	ReservationID string
	Version       int64
	From, To      ReservationState
	Quantity      int64
	Actor         string
	AtUS          int64
	Org           string
}

// NewReservation holds all of its quantity.
func NewReservation(t Terms) (*Reservation, error) {
	if err := pieces(t.Quantity); err != nil {
		return nil, err
	}
	if t.ID == "" || t.Document == "" || t.LineID == "" || t.Seller == "" || t.LocationOrg == "" {
		return nil, broken("reservation %q of %q is incomplete", t.ID, t.Document)
	}
	if t.SettlementPriceMinor < 0 || t.FulfilmentFeeMinor < 0 || t.ExpiresAtUS < 0 {
		return nil, broken("reservation %q has negative terms", t.ID)
	}
	return &Reservation{terms: t, state: Held, open: t.Quantity, version: 1}, nil
}

// RestoreReservation takes over a stored row.
func RestoreReservation(r ReservationRow) (*Reservation, error) {
	res := &Reservation{terms: r.Terms, state: r.State, open: r.Open, shipped: r.Shipped, released: r.Released, expired: r.Expired, version: r.Version}
	if min(r.Open, r.Shipped, r.Released, r.Expired) < 0 || r.Open+r.Shipped+r.Released+r.Expired != r.Quantity || r.State.Active() != (r.Open > 0) {
		return nil, broken("reservation %s: %s, %d open, %d shipped, %d released, %d expired of %d", r.ID, r.State, r.Open, r.Shipped, r.Released, r.Expired, r.Quantity)
	}
	return res, nil
}

// Row is the stored form.
func (r *Reservation) Row() ReservationRow {
	return ReservationRow{Terms: r.terms, State: r.state, Open: r.open, Shipped: r.shipped, Released: r.released, Expired: r.expired, Version: r.version}
}

// Terms returns what it was made for.
func (r *Reservation) Terms() Terms { return r.terms }

// State returns its state.
func (r *Reservation) State() ReservationState { return r.state }

// Open is what is still held.
func (r *Reservation) Open() int64 { return r.open }

// Waits says that it holds no stock, but a part of a presale: what will arrive.
func (r *Reservation) Waits() bool { return r.terms.Presale != "" && r.terms.Replaces == "" }

// Due says whether the deadline has passed. Confirmed ones have none.
func (r *Reservation) Due(nowUS int64) bool {
	return r.state == Held && r.terms.ExpiresAtUS > 0 && r.terms.ExpiresAtUS <= nowUS
}

// past is Expired for one that only waits to be freed.
func (r *Reservation) past(nowUS int64) ReservationState {
	if r.Due(nowUS) {
		return Expired
	}
	return 0
}

// extend moves the deadline to later.
func (r *Reservation) extend(untilUS int64) (ReservationChange, error) {
	if untilUS < r.terms.ExpiresAtUS {
		return ReservationChange{}, Invalid{"expires_at_us", "must not be earlier than the deadline that there is"}
	}
	r.terms.ExpiresAtUS = untilUS
	return r.change(Held, r.open)
}

// confirm takes the deadline away.
func (r *Reservation) confirm() (ReservationChange, error) { return r.change(Confirmed, r.open) }

// release gives back qty of what is open: to the pool, or because those pieces are held elsewhere now. It stays in its state
// while some is left.
func (r *Reservation) release(qty int64) (ReservationChange, error) {
	if qty < 1 || qty > r.open {
		return ReservationChange{}, broken("release %d of %d open, reservation %s", qty, r.open, r.terms.ID)
	}
	r.released, r.open = r.released+qty, r.open-qty
	to := r.state
	if r.open == 0 {
		to = Released
	}
	return r.change(to, qty)
}

// expire gives back all that is open, because the deadline has passed.
func (r *Reservation) expire(nowUS int64) (ReservationChange, error) {
	if !r.Due(nowUS) {
		return ReservationChange{}, broken("reservation %s is not due", r.terms.ID)
	}
	qty := r.open
	r.expired, r.open = r.expired+qty, 0
	return r.change(Expired, qty)
}

// ship takes qty of what is open.
func (r *Reservation) ship(qty int64) (ReservationChange, error) {
	if qty < 1 || qty > r.open {
		return ReservationChange{}, broken("ship %d of %d open, reservation %s", qty, r.open, r.terms.ID)
	}
	r.shipped, r.open = r.shipped+qty, r.open-qty
	to := r.state
	if r.open == 0 {
		to = Shipped
	}
	return r.change(to, qty)
}

func (r *Reservation) change(to ReservationState, qty int64) (ReservationChange, error) {
	if !slices.Contains(Transitions[r.state], to) {
		return ReservationChange{}, broken("reservation %s cannot go from %s to %s", r.terms.ID, r.state, to)
	}
	from := r.state
	r.state = to
	r.version++
	return ReservationChange{ReservationID: r.terms.ID, Version: r.version, From: from, To: to, Quantity: qty, Org: r.terms.LocationOrg}, nil
}
