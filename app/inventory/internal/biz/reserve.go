package biz

import (
	"cmp"
	"context"
	"slices"

	"github.com/onepool/onepool/app/internal/money"
)

// ReserveInput asks for stock at locations that the caller has chosen.
type ReserveInput struct {
	Document, Channel, Seller string
	Way                       Way
	Lines                     []ReserveLine
	ExpiresAtUS               int64 // 0: never
	Partial                   bool  // take what is there; otherwise all or nothing
}

// ReserveLine is what one line wants, and where. An empty owner leaves open whose goods it gets.
type ReserveLine struct {
	ID, SKU, Location, Owner string
	Quantity                 int64
	ListPriceMinor           int64

	kit string // the sold SKU that this is a part of
}

// Validate refuses what cannot be reserved.
func (in ReserveInput) Validate() error {
	switch {
	case in.Document == "":
		return Invalid{"document", "must not be empty"}
	case in.Seller == "" || len(in.Seller) > MaxOrg:
		return Invalid{"seller_org", "must have 1 to 40 characters"}
	case in.Way < Parcel || in.Way > CarryOut:
		return Invalid{"way", "must be a way of delivery"}
	case len(in.Lines) == 0:
		return Invalid{"lines", "must not be empty"}
	case in.ExpiresAtUS < 0:
		return Invalid{"expires_at_us", "must not be negative"}
	}
	seen := make(map[string]bool, len(in.Lines))
	for _, l := range in.Lines {
		if err := pieces(l.Quantity); err != nil {
			return err
		}
		if l.ID == "" || l.SKU == "" || l.Location == "" || l.ListPriceMinor < 0 {
			return Invalid{"lines", "each needs a line id, a SKU, a location and a price that is not negative"}
		}
		if seen[l.ID] {
			return Invalid{"lines.line_id", "occurs twice: " + l.ID}
		}
		seen[l.ID] = true
	}
	return nil
}

// Reserve holds stock where the caller wants it: nothing is searched for, and nothing is moved elsewhere. A location that
// is not known is refused with UnknownLocation, one that may not serve this seller or this way with NoLocation. A line
// that is held already is refused with LiveHold. A kit is held as its parts, all of one kit at the line's location or none.
type Reserve struct {
	Locations  LocationFinder
	Sharing    SharingReader
	Categories CategoryFinder
	Kits       KitFinder
	NowUS      func(ctx context.Context) (int64, error)
}

// Gather checks the input and the locations, before the transaction: what it says of these is a hint.
func (uc Reserve) Gather(ctx context.Context, in ReserveInput) (ReserveFacts, error) {
	if err := in.Validate(); err != nil {
		return ReserveFacts{}, err
	}
	// Whoever asks for the directory keeps it fresh, so that the transaction does not have to read rows.
	if _, err := uc.Locations.Directory(ctx); err != nil {
		return ReserveFacts{}, err
	}
	kits, err := uc.Kits.Kits(ctx)
	if err != nil {
		return ReserveFacts{}, err
	}
	d := Demand{Channel: in.Channel, Way: in.Way}
	for _, l := range in.Lines {
		kit, isKit := kits[l.SKU]
		if !isKit {
			d.Lines = append(d.Lines, DemandLine{SKU: l.SKU})
			continue
		}
		for _, p := range kit.Parts {
			if l.Quantity*p.Pieces > MaxQuantity {
				return ReserveFacts{}, Invalid{"lines.quantity", "the parts of " + l.SKU + " are more than 1000000 pieces"}
			}
			d.Lines = append(d.Lines, DemandLine{SKU: p.SKU})
		}
	}
	if len(d.Lines) > maxTakenApart {
		return ReserveFacts{}, Invalid{"lines", "are more than 600 with the parts of their kits"}
	}
	limits, err := Search{Sharing: uc.Sharing, Categories: uc.Categories, ClockUS: uc.NowUS}.limits(ctx, d)
	return ReserveFacts{limits, kits}, err
}

// ReserveFacts is what is known before the transaction.
type ReserveFacts struct {
	limits *limits
	kits   Kits
}

// apart is a line as the lines that it takes pieces by: itself, or those of the parts of its kit, which bear its price.
func (f ReserveFacts) apart(l ReserveLine) ([]ReserveLine, []KitPart, error) {
	kit, isKit := f.kits[l.SKU]
	if !isKit {
		return []ReserveLine{l}, []KitPart{{SKU: l.SKU, Pieces: 1}}, nil
	}
	prices, err := kit.Prices(l.ListPriceMinor)
	if err != nil {
		return nil, nil, err
	}
	parts := make([]ReserveLine, len(kit.Parts))
	for i, p := range kit.Parts {
		parts[i] = l
		parts[i].SKU, parts[i].ListPriceMinor, parts[i].kit = p.SKU, prices[i], l.SKU
	}
	return parts, kit.Parts, nil
}

// Need locks the document and what the lines name.
func (Reserve) Need(in ReserveInput, facts ReserveFacts) Need {
	n := Need{Documents: []DocumentLock{{in.Document, in.Seller}}}
	if in.Way != CarryOut {
		n.Channels, n.Categories = []string{in.Channel}, facts.limits.known()
	}
	for _, l := range in.Lines {
		for _, sku := range facts.kits.partsOf(l.SKU) {
			if l.Owner == "" || facts.limits != nil { // policies share out what all owners have there
				n.Shelves = append(n.Shelves, Shelf{sku, l.Location})
			} else {
				n.Keys = append(n.Keys, StockKey{sku, l.Location, l.Owner})
			}
		}
		n.Locations = append(n.Locations, l.Location)
	}
	return n
}

// partsOf are the SKUs that a sold SKU is taken from: itself, unless it is a kit.
func (k Kits) partsOf(sku string) []string {
	kit, isKit := k[sku]
	if !isKit {
		return []string{sku}
	}
	parts := make([]string, len(kit.Parts))
	for i, p := range kit.Parts {
		parts[i] = p.SKU
	}
	return parts
}

// Reserved is what became of the lines, in their order; of kits, quantities count kits.
type Reserved struct {
	Quantities   []int64
	Reservations []*Reservation
}

// Decide reserves on the Book. It refuses with Short, which says what all lines of that SKU and place want and how much
// there was for them.
func (uc Reserve) Decide(book *Book, actor string, in ReserveInput, facts ReserveFacts) (Reserved, error) {
	book.As(actor)
	if in.ExpiresAtUS > 0 && in.ExpiresAtUS <= book.NowUS() {
		return Reserved{}, Invalid{"expires_at_us", "must be in the future"}
	}
	if err := uc.free(book, in); err != nil {
		return Reserved{}, err
	}
	out := Reserved{Quantities: make([]int64, len(in.Lines))}
	total := int64(0)
	for i, l := range in.Lines {
		at, err := uc.place(book, in, l)
		if err != nil {
			return Reserved{}, err
		}
		if err := uc.take(book, in, facts, i, at, &out); err != nil {
			return Reserved{}, err
		}
		if out.Quantities[i] < l.Quantity && !in.Partial {
			return Reserved{}, uc.short(book, in, facts, i, out)
		}
		total += out.Quantities[i]
	}
	if total == 0 {
		return Reserved{}, uc.short(book, in, facts, 0, out)
	}
	return out, nil
}

// free refuses a line that is held already.
func (Reserve) free(book *Book, in ReserveInput) error {
	for _, r := range book.of[in.Document] {
		if r.open > 0 && slices.ContainsFunc(in.Lines, func(l ReserveLine) bool { return l.ID == r.terms.LineID }) {
			return LiveHold{in.Document, r.state}
		}
	}
	return nil
}

// place returns a line's location as it is now, if it may serve.
func (Reserve) place(book *Book, in ReserveInput, l ReserveLine) (Location, error) {
	at, known := book.Location(l.Location)
	if !known {
		return at, UnknownLocation{l.Location}
	}
	if reason := at.drop(Demand{Seller: in.Seller, Way: in.Way, Location: l.Location}); reason != "" {
		return at, NoLocation{l.Location + ": " + reason}
	}
	return at, nil
}

// rows are what a line may be taken from, in the order in which it is.
func (l ReserveLine) rows(book *Book, seller string, at Location) []*Stock {
	if l.Owner != "" {
		if s := book.Stock(StockKey{l.SKU, l.Location, l.Owner}); s != nil {
			return []*Stock{s}
		}
		return nil
	}
	rows := book.Shelf(Shelf{l.SKU, l.Location})
	if len(rows) < 2 {
		return rows
	}
	return slices.SortedFunc(slices.Values(rows), func(a, b *Stock) int { return at.ownersFirst(seller, a.key.Owner, b.key.Owner) })
}

// take reserves what there is for a line: pieces, or whole kits.
func (uc Reserve) take(book *Book, in ReserveInput, facts ReserveFacts, i int, at Location, out *Reserved) error {
	lines, parts, err := facts.apart(in.Lines[i])
	if err != nil {
		return err
	}
	units, err := uc.left(book, in, lines, parts, at)
	if err != nil {
		return err
	}
	units = min(units, in.Lines[i].Quantity)
	for j, l := range lines {
		held, err := uc.pieces(book, in, l, at, units*parts[j].Pieces)
		if err != nil {
			return err
		}
		out.Reservations = append(out.Reservations, held...)
	}
	out.Quantities[i] = units
	return nil
}

// left is how many of what lines are the parts of there are now.
func (Reserve) left(book *Book, in ReserveInput, lines []ReserveLine, parts []KitPart, at Location) (int64, error) {
	units := int64(MaxQuantity)
	for j, l := range lines {
		has := int64(0)
		for _, s := range l.rows(book, in.Seller, at) {
			has += max(0, s.Left(in.Way))
		}
		limit, err := book.Limit(in.Channel, in.Way, Shelf{l.SKU, l.Location})
		if err != nil {
			return 0, err
		}
		units = min(units, max(0, min(has, limit))/parts[j].Pieces)
	}
	return units, nil
}

// pieces reserves so many of a line's SKU, which are there.
func (Reserve) pieces(book *Book, in ReserveInput, l ReserveLine, at Location, want int64) (held []*Reservation, err error) {
	for _, s := range l.rows(book, in.Seller, at) {
		qty := min(want, s.Left(in.Way))
		if qty <= 0 {
			continue
		}
		t := Terms{Document: in.Document, LineID: l.ID, Key: s.key, LocationName: at.Name, LocationOrg: at.Org, Seller: in.Seller, Channel: in.Channel,
			Way: in.Way, Quantity: qty, ExpiresAtUS: in.ExpiresAtUS, KitSKU: l.kit}
		if s.key.Owner != in.Seller {
			price, err := money.Rate(l.ListPriceMinor, at.SettlementRateBP)
			if err != nil {
				return nil, err
			}
			t.SettlementPriceMinor, t.FulfilmentFeeMinor = price, at.FulfilmentFeeMinor
		}
		r, err := book.HoldLots(t)
		if err != nil {
			return nil, err
		}
		held, want = append(held, r...), want-qty
	}
	return held, nil
}

// short sums up what the lines of one SKU, place and owner want, and what there was before they took.
func (uc Reserve) short(book *Book, in ReserveInput, facts ReserveFacts, i int, out Reserved) error {
	at := in.Lines[i]
	s := Short{SKU: at.SKU}
	for j, l := range in.Lines {
		if l.SKU == at.SKU && l.Location == at.Location && l.Owner == at.Owner {
			s.Wanted += l.Quantity
			s.Left += out.Quantities[j]
		}
	}
	lines, parts, err := facts.apart(at)
	if err != nil {
		return err
	}
	left, err := uc.left(book, in, lines, parts, Location{})
	if err != nil {
		return err
	}
	s.Left += left
	return s
}

// ExtendInput gives held lines of a document a later deadline; no lines: all that have one.
type ExtendInput struct {
	Document    string
	Lines       []string
	ExpiresAtUS int64
}

// ExtendReservation moves deadlines to later. What is confirmed, or never expires, needs none and is left as it is.
type ExtendReservation struct{}

// Need locks the document. No stock changes.
func (ExtendReservation) Need(in ExtendInput) Need {
	return Need{Documents: []DocumentLock{{Document: in.Document}}}
}

// Decide moves the deadlines on the Book, of all lines that are asked for or of none. It refuses a deadline that is past
// or earlier than the one that is there, with Invalid; a line of which nothing is held any more, also because its deadline
// has passed, with NotHeld; a document of which nothing was ever held with UnknownReservation.
func (ExtendReservation) Decide(book *Book, actor string, in ExtendInput) ([]*Reservation, error) {
	book.As(actor)
	if in.ExpiresAtUS <= book.NowUS() {
		return nil, Invalid{"expires_at_us", "must be in the future"}
	}
	asked := book.Of(in.Document)
	if len(in.Lines) > 0 {
		asked = slices.DeleteFunc(asked, func(r *Reservation) bool { return !slices.Contains(in.Lines, r.terms.LineID) })
		for _, line := range in.Lines {
			if !slices.ContainsFunc(asked, func(r *Reservation) bool { return r.terms.LineID == line }) {
				return nil, UnknownReservation{in.Document, line}
			}
		}
	}
	if len(asked) == 0 {
		return nil, UnknownReservation{Document: in.Document}
	}
	var active []*Reservation
	for _, r := range asked {
		if r.state.Active() && !r.Due(book.NowUS()) {
			active = append(active, r)
		}
	}
	for _, r := range asked {
		held := slices.ContainsFunc(active, func(a *Reservation) bool { return a.terms.LineID == r.terms.LineID })
		if !held && (len(in.Lines) > 0 || len(active) == 0) {
			return nil, NotHeld{in.Document, r.terms.LineID, cmp.Or(r.past(book.NowUS()), r.state)}
		}
	}
	for _, r := range active {
		if err := book.Extend(r, in.ExpiresAtUS); err != nil {
			return nil, err
		}
	}
	return active, nil
}
