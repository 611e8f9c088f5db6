package biz

import (
	"context"
	"fmt"
	"slices"

	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/inventory/internal/biz/pool"
)

const (
	maxPickupLines  = 100
	maxPickupStores = 50
	maxPickupLead   = 30 * dayUS
	// PickupLeadUS is how long goods need from another location to a store unless the question says otherwise: two days.
	PickupLeadUS = 2 * dayUS
	dayUS        = 24 * 3600 * 1_000_000
)

// PickupLine is something that a buyer wants to collect.
type PickupLine struct {
	SKU      string
	Quantity int64
}

// PickupQuery asks where, and when, a basket can be collected: at these stores, or at the nearest ones.
type PickupQuery struct {
	Channel string
	Lines   []PickupLine
	Stores  []string
	Near    *geo.Point
	RadiusM int64
	LeadUS  int64 // that goods need from another location
}

// PickupReadiness says how a basket comes to be ready.
type PickupReadiness int8

// The ways.
const (
	PickupNow        PickupReadiness = 1
	PickupByTransfer PickupReadiness = 2
	PickupNot        PickupReadiness = 3
)

// PickupShort is what is not there of a line, by its number from 1.
type PickupShort struct {
	Line    int
	SKU     string
	Missing int64
}

// PickupOption is the answer for one store. Exact says whether the caller may see figures. ReadyUS is 0 when nobody knows.
type PickupOption struct {
	Location  *Location
	DistanceM int64
	Readiness PickupReadiness
	ReadyUS   int64
	Short     []PickupShort
	Exact     bool
	DayFull   bool // all is there, but the store takes no more work for the day that an order of now is of
}

// TransferFinder knows which goods travel. It answers for all organisations: who asks is told no more than a time.
type TransferFinder interface {
	// OnTheirWay returns transfers to these locations that have been sent, and not all of which has arrived.
	OnTheirWay(ctx context.Context, to []string) ([]TransferRow, error)
}

// LoadReader knows what locations have been given.
type LoadReader interface {
	// Loads reads what locations have been given; days of which nothing was taken are missing from the answer.
	Loads(ctx context.Context, keys []LoadKey) (map[LoadKey]Load, error)
}

// GetPickupOptions tells where a basket can be collected, and from when on: when the store is open, on the day on which it
// works on it. What is there after the cut-off is worked on the next day, and a store whose day is full takes no order now.
// It holds nothing: what it says is a hint, and whoever holds decides anew.
type GetPickupOptions struct {
	Pool      PoolKeeper
	Shares    ChannelShares
	Kits      KitFinder
	Stock     StockReader
	Transfers TransferFinder
	Loads     LoadReader
	NowUS     func(ctx context.Context) (int64, error)
}

// Get answers for each store that offers pickup: the named ones in their order, else the nearest first.
func (uc GetPickupOptions) Get(ctx context.Context, by Caller, q PickupQuery) ([]PickupOption, error) {
	if err := q.validate(); err != nil {
		return nil, err
	}
	u, err := uc.open(ctx, by, q)
	if err != nil {
		return nil, err
	}
	spots, err := u.candidates()
	if err != nil {
		return nil, err
	}
	if err := uc.load(ctx, u, spots); err != nil {
		return nil, err
	}
	var lacking []*pickupSpot
	for i := range spots {
		if u.look(&spots[i]); len(spots[i].lacks) > 0 {
			lacking = append(lacking, &spots[i])
		}
	}
	if err := uc.bring(ctx, u, lacking); err != nil {
		return nil, err
	}
	options := make([]PickupOption, len(spots))
	for i := range spots {
		options[i] = spots[i].option
	}
	return options, nil
}

// load notes what the stores have been given of the days that an order of now is of.
func (uc GetPickupOptions) load(ctx context.Context, u *pickup, spots []pickupSpot) error {
	d := Demand{Way: Pickup}
	var keys []LoadKey
	for _, s := range spots {
		if key, counted := s.option.Location.loadKey(d, u.nowUS); counted {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	loads, err := uc.Loads.Loads(ctx, keys)
	if err != nil {
		return err
	}
	lines := int64(0)
	for _, l := range u.query.Lines {
		lines += int64(len(u.parts(l.SKU)))
	}
	for i := range spots {
		s := &spots[i]
		if key, counted := s.option.Location.loadKey(d, u.nowUS); counted {
			s.full = s.option.Location.Profile.full(loads[key], lines, 100) != ""
		}
	}
	return nil
}

func (q PickupQuery) validate() error {
	if len(q.Lines) == 0 || len(q.Lines) > maxPickupLines {
		return Invalid{"lines", "must be 1 to 100"}
	}
	for i, l := range q.Lines {
		if l.SKU == "" || len(l.SKU) > maxSKU {
			return Invalid{fmt.Sprintf("lines[%d].sku", i), "must have 1 to 64 characters"}
		}
		if l.Quantity < 1 || l.Quantity > MaxQuantity {
			return Invalid{fmt.Sprintf("lines[%d].quantity", i), "must be between 1 and 1000000"}
		}
	}
	switch {
	case (len(q.Stores) > 0) == (q.Near != nil):
		return Invalid{"stores", "or point is needed, and not both"}
	case q.Near != nil && q.RadiusM < 1:
		return Invalid{"radius_m", "is needed with a point"}
	case q.Near == nil && q.RadiusM != 0:
		return Invalid{"radius_m", "is of a point"}
	case q.LeadUS < 0 || q.LeadUS > maxPickupLead:
		return Invalid{"lead_time_us", "must be between 0 and 30 days"}
	}
	if q.Near != nil {
		return q.Near.Validate()
	}
	return codes("stores", q.Stores, maxPickupStores)
}

// pickup is a question under way. The availability in it knows which locations count for the caller, and how far they are.
type pickup struct {
	availability
	query PickupQuery
	kits  Kits
	nowUS int64
	// needs are the stock SKUs of all lines, kits taken apart.
	needs []pickupNeed
	of    map[string]int // by SKU: its place in needs
}

// pickupNeed is how many pieces of a stock SKU the basket has in all.
type pickupNeed struct {
	sku    string
	pieces int64
	shelf  *pool.Shelf
	limit  pool.Limit
}

// may is what the channel may promise at a location if so many are online there.
func (n pickupNeed) may(at uint32, online int64) int64 {
	if online = max(0, online); n.limit != nil && online > 0 {
		return n.limit(at, online)
	}
	return online
}

// toBring is how many pieces must come to a location, where so many are online, until the channel may promise what is needed;
// false: however many come, it may not. May grows with what is online.
func (n pickupNeed) toBring(at uint32, online int64) (int64, bool) {
	if n.may(at, online+MaxOnHand) < n.pieces {
		return 0, false
	}
	few, enough := int64(0), int64(MaxOnHand)
	for few < enough {
		if mid := (few + enough) / 2; n.may(at, online+mid) >= n.pieces {
			enough = mid
		} else {
			few = mid + 1
		}
	}
	return enough, true
}

// pickupSpot is a store that is looked at; lacks are the needs that are not there in full, by their places.
type pickupSpot struct {
	option PickupOption
	ref    int
	number uint32
	lacks  []int
	full   bool // the day that an order of now is of
}

func (uc GetPickupOptions) open(ctx context.Context, by Caller, q PickupQuery) (*pickup, error) {
	p, err := uc.Pool.Pool(ctx)
	if err != nil {
		return nil, err
	}
	kits, err := uc.Kits.Kits(ctx)
	if err != nil {
		return nil, err
	}
	now, err := uc.NowUS(ctx)
	if err != nil {
		return nil, err
	}
	u := &pickup{query: q, kits: kits, nowUS: now, of: map[string]int{}}
	for _, l := range q.Lines {
		for _, part := range u.parts(l.SKU) {
			u.need(part.SKU, l.Quantity*part.Pieces)
		}
	}
	if len(u.needs) > maxTakenApart {
		return nil, Invalid{"lines", "are more than 600 with the parts of their kits"}
	}
	skus := make([]string, len(u.needs))
	for i, n := range u.needs {
		skus[i] = n.sku
	}
	share, err := uc.Shares.Share(ctx, q.Channel, skus, p.NowUS)
	if err != nil {
		return nil, err
	}
	u.availability = availability{pool: p, share: share, by: by, query: AvailabilityQuery{Near: q.Near, RadiusM: q.RadiusM}}
	for i, shelf := range p.Stock.Shelves(skus) {
		u.needs[i].shelf, u.needs[i].limit = shelf, p.limit(share, skus[i])
	}
	return u, nil
}

// parts are what is taken from the shelf for one piece of a SKU.
func (u *pickup) parts(sku string) []KitPart {
	if kit, is := u.kits[sku]; is {
		return kit.Parts
	}
	return []KitPart{{SKU: sku, Pieces: 1}}
}

func (u *pickup) need(sku string, pieces int64) {
	at, known := u.of[sku]
	if !known {
		at = len(u.needs)
		u.of[sku], u.needs = at, append(u.needs, pickupNeed{sku: sku})
	}
	u.needs[at].pieces += pieces
}

// candidates are the stores that the question is about and that offer pickup to this caller's customers.
func (u *pickup) candidates() ([]pickupSpot, error) {
	var found []pool.Found
	offers := func(ref int) bool {
		l := u.pool.at(ref)
		return u.counts(l) && l.delivers(Pickup)
	}
	if u.query.Near != nil {
		found = u.pool.Chart.Nearest(pool.Question{From: u.query.Near, Most: maxPickupStores, WithinMM: u.withinMM(),
			Keep: func(ref int, mm int64) bool { return offers(ref) && u.inside(mm) }})
	}
	for _, code := range u.query.Stores {
		ref, known := u.pool.byCode[code]
		if !known {
			return nil, UnknownLocation{code}
		}
		if offers(ref) {
			found = append(found, pool.Found{Ref: ref})
		}
	}
	spots := make([]pickupSpot, len(found))
	for i, f := range found {
		l := u.pool.at(f.Ref)
		spots[i] = pickupSpot{ref: f.Ref, number: u.pool.Chart.Number(f.Ref),
			option: PickupOption{Location: l, DistanceM: metres(geo.ArcKM(f.MM)), Readiness: PickupNot, Exact: u.by.SeesFigures(*l, u.skus()...)}}
	}
	return spots, nil
}

// skus are those that are taken from the shelf.
func (u *pickup) skus() []string {
	list := make([]string, len(u.needs))
	for i, n := range u.needs {
		list[i] = n.sku
	}
	return list
}

// look says what is there now, and what is not.
func (u *pickup) look(s *pickupSpot) {
	left := make([]int64, len(u.needs))
	for i, n := range u.needs {
		left[i] = n.may(s.number, n.shelf.At(s.number, u.pool.NowUS).Online)
		if left[i] < n.pieces {
			s.lacks = append(s.lacks, i)
		}
	}
	if len(s.lacks) == 0 {
		if s.option.DayFull = s.full; !s.full {
			u.ready(s, PickupNow, u.nowUS)
		}
		return
	}
	for i, l := range u.query.Lines { // each sees what those before it have taken
		parts, can := u.parts(l.SKU), l.Quantity
		for _, part := range parts {
			can = min(can, left[u.of[part.SKU]]/part.Pieces)
		}
		for _, part := range parts {
			left[u.of[part.SKU]] -= can * part.Pieces
		}
		if can < l.Quantity {
			s.option.Short = append(s.option.Short, PickupShort{Line: i + 1, SKU: l.SKU, Missing: l.Quantity - can})
		}
	}
}

// ready says that all is there from a moment on: it can be collected when the store has worked on it and is open. An earlier
// way stays.
func (u *pickup) ready(s *pickupSpot, how PickupReadiness, fromUS int64) {
	p := s.option.Location.Profile
	opens, known := p.opening(p.worked(fromUS))
	if !known || s.option.Readiness != PickupNot && s.option.ReadyUS <= opens {
		return
	}
	s.option.Readiness, s.option.ReadyUS = how, opens
}

// elsewhere says whether one other location of the store's organisation has all that must come, for this channel, where so
// many of each need are online at the store.
func (u *pickup) elsewhere(s *pickupSpot, online func(n pickupNeed) int64) bool {
	var wants []pool.Want
	for _, i := range s.lacks {
		n := u.needs[i]
		pieces, can := n.toBring(s.number, online(n))
		if !can {
			return false
		}
		if pieces > 0 {
			wants = append(wants, pool.Want{Shelf: n.shelf, Need: pieces, Limit: n.limit})
		}
	}
	org := s.option.Location.Org
	return len(u.pool.Chart.Nearest(pool.Question{Wants: wants, Most: 1, NowUS: u.pool.NowUS, Keep: func(ref int, _ int64) bool {
		l := u.pool.at(ref)
		return ref != s.ref && l.Org == org && u.counts(l)
	}})) > 0
}

// wanted are the codes of some stores and the SKUs that they lack.
func (u *pickup) wanted(lacking []*pickupSpot) (stores, skus []string) {
	for _, s := range lacking {
		stores = append(stores, s.option.Location.Code)
		for _, i := range s.lacks {
			skus = append(skus, u.needs[i].sku)
		}
	}
	slices.Sort(skus)
	return stores, slices.Compact(skus)
}
