package biz

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/internal/money"
	"github.com/onepool/onepool/app/inventory/internal/biz/pool"
)

const (
	// maxYoungest bounds the reservations of one SKU that may move for one sale, moveTo the locations around this one that are
	// tried, moveNear the documents whose customers' places are asked for, moveEach the locations around each of them.
	maxYoungest = 50
	moveTo      = 12
	moveNear    = 12
	moveEach    = 4
)

// TillSaleInput says what a till has sold offline.
type TillSaleInput struct {
	Document, Location string
	Lines              []TillSaleLine
}

// TillSaleLine is what was sold of one SKU.
type TillSaleLine struct {
	ID, SKU  string
	Quantity int64
	SoldUS   int64 // by the till's clock; 0: not known
}

// Validate refuses what cannot be booked.
func (in TillSaleInput) Validate() error {
	if in.Document == "" || in.Location == "" || len(in.Lines) == 0 {
		return Invalid{"lines", "must not be empty, and need a document and a location"}
	}
	seen := map[string]bool{}
	for _, l := range in.Lines {
		if err := pieces(l.Quantity); err != nil {
			return err
		}
		if l.ID == "" || l.SKU == "" || seen[l.ID] {
			return Invalid{"lines.line_id", "each line needs one of its own, and a SKU"}
		}
		seen[l.ID] = true
	}
	return nil
}

func (in TillSaleInput) skus() []string {
	skus := make([]string, len(in.Lines))
	for i, l := range in.Lines {
		skus[i] = l.SKU
	}
	slices.Sort(skus)
	return slices.Compact(skus)
}

// TillSale books what a till has sold where nobody could ask whether it was there. It is never refused for stock.
//
// Where on hand falls below what is reserved, the youngest open reservations there move elsewhere, for exactly the pieces
// that are missing: released here and held there on one Book. The nearest location to the customer is tried first, but none
// that has declined the document; where his place is not kept, the nearest to this location, and local delivery moves only so
// far that its radius is kept whatever the direction. Pickup and carry-out are never moved. What cannot move stays reserved,
// an open discrepancy says how much, and it is tried again when stock comes (Relieve).
type TillSale struct {
	Locations  LocationFinder
	Stock      StockReader
	Reserved   OpenReservations
	Documents  DocumentStandings
	Pool       PoolKeeper
	Prices     ListPrices
	Sharing    SharingReader
	Categories CategoryFinder
	NowUS      func(ctx context.Context) (int64, error)
	Strategy   Strategy
}

// OpenReservations knows who holds what.
type OpenReservations interface {
	// Youngest returns open reservations of a SKU at a location, the youngest first, at most limit: a hint.
	Youngest(ctx context.Context, at Shelf, limit int) ([]ReservationRow, error)
}

// DocumentStandings knows what documents have asked for.
type DocumentStandings interface {
	// Standing returns documents with their reservations and assignments; unknown ones are missing: a hint.
	Standing(ctx context.Context, documents []string) (map[string]Standing, error)
}

// ListPrices knows what SKUs cost. They are another center's: it is asked before a transaction, never in one.
type ListPrices interface {
	// ListPrices returns the price of one piece of each SKU in minor units, as it is now.
	ListPrices(ctx context.Context, skus []string) (map[string]int64, error)
}

// TillFacts is what is known before the transaction.
type TillFacts struct {
	location   Location
	documents  []string
	channels   []string
	targets    map[string][]Placed // by SKU, the nearest to this location first
	near       map[tillTarget][]Placed
	customers  map[string]customer // of documents
	prices     map[string]int64
	categories map[string]string
	looked     map[string]bool // SKUs whose reservations were looked for
	nowUS      int64           // when it was looked
}

// tillTarget is a SKU that a document may get from near its customer.
type tillTarget struct{ sku, document string }

// customer is where a document goes, if that is known, and from where it does not come.
type customer struct {
	at       *geo.Point
	declined map[string]string
}

// Look gathers what may be needed: for a sale that eats nothing reserved, by what is known, that is nothing. In a later round
// it looks for reservations of all SKUs.
func (uc TillSale) Look(ctx context.Context, in TillSaleInput, round int) (TillFacts, error) {
	if err := in.Validate(); err != nil {
		return TillFacts{}, err
	}
	if round > 0 {
		return uc.LookAgain(ctx, in)
	}
	p, err := uc.Pool.Pool(ctx)
	if err != nil {
		return TillFacts{}, err
	}
	rows, err := uc.Stock.AtLocations(ctx, in.skus(), []string{in.Location})
	if err != nil {
		return TillFacts{}, err
	}
	return uc.look(ctx, p, in, func(sku string) bool {
		left, reserved := int64(0), int64(0)
		for _, s := range rows {
			if s.key.SKU == sku {
				left, reserved = left+s.AtTheTill(), reserved+s.reserved
			}
		}
		for _, line := range in.Lines {
			if line.SKU == sku {
				left -= line.Quantity
			}
		}
		return left < 0 && reserved > 0
	})
}

// LookAgain looks for the reservations of all SKUs, with every commit made so far in mind.
func (uc TillSale) LookAgain(ctx context.Context, in TillSaleInput) (TillFacts, error) {
	p, err := uc.Pool.PoolNow(ctx)
	if err != nil {
		return TillFacts{}, err
	}
	return uc.look(ctx, p, in, func(string) bool { return true })
}

func (uc TillSale) look(ctx context.Context, p Pool, in TillSaleInput, eaten func(sku string) bool) (TillFacts, error) {
	l, known := p.Get(in.Location)
	if !known {
		return TillFacts{}, UnknownLocation{in.Location}
	}
	facts := TillFacts{location: l, targets: map[string][]Placed{}, near: map[tillTarget][]Placed{}, customers: map[string]customer{}, looked: map[string]bool{}}
	for _, sku := range in.skus() {
		if !eaten(sku) {
			continue
		}
		if err := uc.lookAt(ctx, p, &facts, sku); err != nil {
			return facts, err
		}
	}
	return facts, uc.ask(ctx, &facts)
}

// lookAt finds who could move, and where to.
func (uc TillSale) lookAt(ctx context.Context, p Pool, facts *TillFacts, sku string) error {
	facts.looked[sku] = true
	var err error
	if facts.nowUS, err = uc.NowUS(ctx); err != nil {
		return err
	}
	open, err := uc.Reserved.Youngest(ctx, Shelf{sku, facts.location.Code}, maxYoungest)
	if err != nil {
		return err
	}
	var documents []string
	for _, r := range open {
		if !r.Way.AtTheStore() {
			documents = append(documents, r.Document)
			facts.channels = append(facts.channels, r.Channel)
		}
	}
	if len(documents) == 0 {
		return nil
	}
	facts.documents = append(facts.documents, documents...)
	facts.targets[sku] = uc.from(p, facts.location.Point, facts.location.Code, sku, moveTo)
	standing, err := uc.Documents.Standing(ctx, documents[:min(len(documents), moveNear)])
	if err != nil {
		return err
	}
	for document, s := range standing {
		if asked, known := s.asked(); known {
			facts.customers[document] = customer{at: asked.Destination, declined: s.declined()}
			if asked.Destination != nil {
				facts.near[tillTarget{sku, document}] = uc.from(p, asked.Destination, facts.location.Code, sku, moveEach)
			}
		}
	}
	return nil
}

// from are the locations that have some to promise, the nearest to a point first.
func (uc TillSale) from(p Pool, point *geo.Point, but, sku string, most int) []Placed {
	found := p.Chart.Nearest(pool.Question{From: point, Most: most, NowUS: p.NowUS, Wants: []pool.Want{{Shelf: p.Stock.Shelf(sku), Need: 1}}, Keep: func(ref int, _ int64) bool {
		l := p.at(ref)
		return l.Active && l.Code != but
	}})
	placed := make([]Placed, len(found))
	for i, f := range found {
		placed[i].Location = *p.at(f.Ref)
		if point != nil {
			placed[i].DistanceM = metres(geo.ArcKM(f.MM))
		}
	}
	return placed
}

// where are the locations that a reservation may move to, those that are tried first first: near the customer, if his place
// is known, else near the location that it leaves.
func (f TillFacts) where(r *Reservation) []Placed {
	c := f.customers[r.terms.Document]
	var placed []Placed
	seen := map[string]bool{}
	for _, list := range [][]Placed{f.near[tillTarget{r.terms.Key.SKU, r.terms.Document}], f.targets[r.terms.Key.SKU]} {
		for _, p := range list {
			_, declined := c.declined[p.Location.Code]
			if seen[p.Location.Code] || declined {
				continue
			}
			seen[p.Location.Code] = true
			switch {
			case c.at == nil:
				p.DistanceM += r.terms.DistanceM // at most
			case p.Location.Point != nil:
				p.DistanceM = metres(geo.Haversine(*c.at, *p.Location.Point))
			}
			placed = append(placed, p)
		}
	}
	return placed
}

// ask gets what the other centers know, for what may move. Without prices nothing moves to goods of another owner.
func (uc TillSale) ask(ctx context.Context, facts *TillFacts) error {
	if len(facts.documents) == 0 || len(facts.targets) == 0 {
		return nil
	}
	var skus []string
	for sku := range facts.targets {
		skus = append(skus, sku)
	}
	slices.Sort(skus)
	if prices, err := uc.Prices.ListPrices(ctx, skus); err == nil {
		facts.prices = prices
	}
	d := Demand{Way: Parcel}
	for _, sku := range skus {
		d.Lines = append(d.Lines, DemandLine{SKU: sku})
	}
	limits, err := Search{Sharing: uc.Sharing, Categories: uc.Categories, ClockUS: uc.NowUS}.limits(ctx, d)
	facts.categories = limits.known()
	return err
}

// Need locks who may move, what was sold, and where it may go.
func (uc TillSale) Need(in TillSaleInput, facts TillFacts) Need {
	at := facts.location
	n := Need{Answers: true, Locations: []string{at.Code}, Categories: facts.categories, Open: map[StockKey]string{}, Channels: slices.Compact(slices.Sorted(slices.Values(facts.channels)))}
	for _, d := range slices.Compact(slices.Sorted(slices.Values(facts.documents))) {
		n.Documents = append(n.Documents, DocumentLock{Document: d})
	}
	skus := in.skus()
	for _, sku := range skus {
		n.Shelves = append(n.Shelves, Shelf{sku, at.Code})
		n.Open[StockKey{sku, at.Code, at.Org}] = at.Org
		for _, p := range facts.places(sku) {
			n.Shelves = append(n.Shelves, Shelf{sku, p.Location.Code})
			n.Locations = append(n.Locations, p.Location.Code)
			if day, counted := p.Location.loadKey(Demand{Way: Parcel}, facts.nowUS); counted {
				n.Loads = append(n.Loads, day)
			}
		}
	}
	n.Touches = func(r *Reservation, _ int64) bool {
		return r.open > 0 && r.terms.Key.Location == at.Code && slices.Contains(skus, r.terms.Key.SKU)
	}
	n.Entries = func(b *Book) (entries []Entry) {
		for _, l := range in.Lines {
			entries = append(entries, in.entries(b, l)...)
		}
		return entries
	}
	return n
}

// places are all locations that a SKU may move to.
func (f TillFacts) places(sku string) []Placed {
	all := slices.Clone(f.targets[sku])
	for t, list := range f.near {
		if t.sku == sku {
			all = append(all, list...)
		}
	}
	slices.SortFunc(all, func(a, b Placed) int { return cmp.Compare(a.Location.Code, b.Location.Code) })
	return slices.CompactFunc(all, func(a, b Placed) bool { return a.Location.Code == b.Location.Code })
}

// entries of the ledger that may book a line: one for each owner.
func (in TillSaleInput) entries(b *Book, l TillSaleLine) (entries []Entry) {
	for _, s := range b.Shelf(Shelf{l.SKU, in.Location}) {
		entries = append(entries, Entry{Key: s.key, Reason: ReasonSale, Document: in.Document, Ref: l.ID})
	}
	return entries
}

// TillSold is what became of a line.
type TillSold struct {
	ID        string
	Before    bool // it was booked before
	OnHand    int64
	Shortfall int64
	Moved     []Moved
	Left      int64 // of the shortfall
}

// Moved is a reservation, or a part of one, that is held elsewhere now.
type Moved struct{ From, To ReservationRow }

// Decide books the lines on the Book, in their order. It answers Elsewhere when more could move than is locked.
func (uc TillSale) Decide(book *Book, actor string, in TillSaleInput, facts TillFacts) ([]TillSold, error) {
	book.As(actor)
	sold := make([]TillSold, len(in.Lines))
	for i, l := range in.Lines {
		sold[i].ID = l.ID
		if slices.ContainsFunc(in.entries(book, l), book.Booked) {
			sold[i].Before = true
			continue
		}
		keys, err := uc.sell(book, in, l, facts.location)
		if err != nil {
			return nil, err
		}
		for key, short := range keys {
			sold[i].Shortfall += short
			moved, left, err := uc.move(book, key, short, facts)
			if err != nil {
				return nil, err
			}
			sold[i].Moved, sold[i].Left = append(sold[i].Moved, moved...), sold[i].Left+left
		}
		for _, s := range book.Shelf(Shelf{l.SKU, in.Location}) {
			sold[i].OnHand += s.onHand
		}
		if sold[i].Left > 0 && !facts.looked[l.SKU] {
			return nil, Elsewhere{in.Document}
		}
	}
	return sold, nil
}

// sell takes a line from what is free, the location's own goods first; what is not there is taken from its own row all the
// same. It says by how much which rows came to fall short.
func (uc TillSale) sell(book *Book, in TillSaleInput, l TillSaleLine, at Location) (map[StockKey]int64, error) {
	m := Movement{Reason: ReasonSale, Document: in.Document, Ref: l.ID, Note: "sold offline"}
	if l.SoldUS > 0 {
		m.Note += " at " + time.UnixMicro(l.SoldUS).UTC().Format(time.RFC3339)
	}
	own := StockKey{l.SKU, at.Code, at.Org}
	take := map[StockKey]int64{}
	open := l.Quantity
	rows := slices.SortedFunc(slices.Values(book.Shelf(own.Shelf())), func(a, b *Stock) int { return at.ownersFirst(at.Org, a.key.Owner, b.key.Owner) })
	for _, s := range rows {
		qty := min(open, s.AtTheTill())
		take[s.key], open = qty, open-qty
	}
	take[own] += open
	short := map[StockKey]int64{}
	for _, s := range rows {
		if take[s.key] == 0 {
			continue
		}
		before := s.Shortfall()
		if err := book.Sell(s.key, take[s.key], m); err != nil {
			return nil, err
		}
		if more := s.Shortfall() - before; more > 0 {
			short[s.key] = more
		}
	}
	return short, nil
}

// move takes reservations of a row elsewhere, the youngest first, for exactly so many pieces, and says how many stayed. What
// waits for a presale holds nothing here; a part of a kit stays with the others. Where locations are asked for an answer, those
// that got something are.
func (uc TillSale) move(book *Book, key StockKey, pieces int64, facts TillFacts) (moved []Moved, left int64, err error) {
	var open []*Reservation
	for _, r := range book.reservations {
		if r.open > 0 && r.terms.Key == key && !r.terms.Way.AtTheStore() && !r.Due(book.nowUS) && !r.Waits() && r.terms.KitSKU == "" {
			open = append(open, r)
		}
	}
	slices.SortFunc(open, func(a, b *Reservation) int {
		return cmp.Or(cmp.Compare(b.terms.CreatedAtUS, a.terms.CreatedAtUS), cmp.Compare(b.terms.ID, a.terms.ID))
	})
	for _, r := range open {
		// Whole first: a part that goes another way is another parcel.
		for _, whole := range []bool{true, false} {
			for _, p := range facts.where(r) {
				want := min(pieces, r.open)
				if want == 0 {
					break
				}
				to, err := uc.relocate(book, r, want, whole, p, facts)
				if err != nil {
					return nil, 0, err
				}
				for _, t := range to {
					moved = append(moved, Moved{r.Row(), t.Row()})
					pieces -= t.terms.Quantity
				}
				if len(to) > 0 {
					if err := giveOut(book, r.terms.Document); err != nil {
						return nil, 0, err
					}
				}
			}
		}
	}
	return moved, pieces, nil
}

// relocate moves as many pieces as a location has for the reservation, or none; whole: all of them or none.
func (uc TillSale) relocate(book *Book, r *Reservation, want int64, whole bool, p Placed, facts TillFacts) ([]*Reservation, error) {
	l, known := book.Location(p.Location.Code)
	t := r.terms
	if !known || l.drop(Demand{Seller: t.Seller, Way: t.Way}) != "" || t.Way == LocalDelivery && p.DistanceM > uc.Strategy.LocalRadiusM {
		return nil, nil
	}
	day, locked := capacityDay(book, Demand{Way: t.Way}, l)
	if load, _ := book.Load(LoadKey{l.Code, day}); !locked || (&Candidate{Location: l, Load: load}).full(Demand{Way: t.Way}, 100) != "" {
		return nil, nil // its day is full
	}
	at := Shelf{t.Key.SKU, l.Code}
	limit, err := book.Limit(t.Channel, t.Way, at)
	if err != nil {
		return nil, err
	}
	undo := book.Mark()
	var moved []*Reservation
	rows := slices.SortedFunc(slices.Values(book.Shelf(at)), func(a, b *Stock) int { return l.ownersFirst(t.Seller, a.key.Owner, b.key.Owner) })
	for _, s := range rows {
		qty := min(want, limit, s.Left(t.Way))
		to, priced := uc.terms(r, s, l, p, facts)
		to.CapacityDay = day
		if qty <= 0 || !priced {
			continue
		}
		held, err := book.Relocate(r, qty, to)
		if errors.As(err, new(Short)) || errors.As(err, new(Elsewhere)) {
			undo() // not there, or not locked: it stays where it is
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		moved = append(moved, held)
		want, limit = want-qty, limit-qty
	}
	if whole && want > 0 {
		undo()
		return nil, nil
	}
	return moved, nil
}

// terms of what is held elsewhere: the same line for the same seller. The settlement price is the one that was frozen while
// the owner stays, and follows the list price of today where it changes.
func (uc TillSale) terms(r *Reservation, s *Stock, l Location, p Placed, facts TillFacts) (Terms, bool) {
	t := r.terms
	t.Presale = "" // what it came from is used up where it arrived
	t.Key, t.LocationName, t.LocationOrg = s.key, l.Name, l.Org
	t.DistanceM = p.DistanceM
	t.Batch, t.Presale = "", ""
	switch s.key.Owner {
	case t.Seller:
		t.SettlementPriceMinor, t.FulfilmentFeeMinor = 0, 0
	case r.terms.Key.Owner:
		t.FulfilmentFeeMinor = l.FulfilmentFeeMinor
	default:
		list, known := facts.prices[s.key.SKU]
		price, err := money.Rate(list, l.SettlementRateBP)
		if !known || err != nil {
			return t, false
		}
		t.SettlementPriceMinor, t.FulfilmentFeeMinor = price, l.FulfilmentFeeMinor
	}
	return t, true
}
