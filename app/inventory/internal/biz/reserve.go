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
// that is held already is refused with LiveHold.
type Reserve struct {
	Locations  LocationFinder
	Sharing    SharingReader
	Categories CategoryFinder
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
	d := Demand{Channel: in.Channel, Way: in.Way}
	for _, l := range in.Lines {
		d.Lines = append(d.Lines, DemandLine{SKU: l.SKU})
	}
	limits, err := Search{Sharing: uc.Sharing, Categories: uc.Categories, ClockUS: uc.NowUS}.limits(ctx, d)
	return ReserveFacts{limits}, err
}

// ReserveFacts is what is known before the transaction.
type ReserveFacts struct{ limits *limits }

// Need locks the document and what the lines name.
func (Reserve) Need(in ReserveInput, facts ReserveFacts) Need {
	n := Need{Documents: []DocumentLock{{in.Document, in.Seller}}}
	if in.Way != CarryOut {
		n.Channels, n.Categories = []string{in.Channel}, facts.limits.known()
	}
	for _, l := range in.Lines {
		if l.Owner == "" || facts.limits != nil { // policies share out what all owners have there
			n.Shelves = append(n.Shelves, Shelf{l.SKU, l.Location})
		} else {
			n.Keys = append(n.Keys, StockKey{l.SKU, l.Location, l.Owner})
		}
		n.Locations = append(n.Locations, l.Location)
	}
	return n
}

// Reserved is what became of the lines, in their order.
type Reserved struct {
	Quantities   []int64
	Reservations []*Reservation
}

// Decide reserves on the Book. It refuses with Short, which says what all lines of that SKU and place want and how much
// there was for them.
func (uc Reserve) Decide(book *Book, actor string, in ReserveInput) (Reserved, error) {
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
		if err := uc.take(book, in, i, at, &out); err != nil {
			return Reserved{}, err
		}
		if out.Quantities[i] < l.Quantity && !in.Partial {
			return Reserved{}, uc.short(book, in, i, out)
		}
		total += out.Quantities[i]
	}
	if total == 0 {
		return Reserved{}, uc.short(book, in, 0, out)
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

// take reserves what there is for a line.
func (Reserve) take(book *Book, in ReserveInput, i int, at Location, out *Reserved) error {
	l := in.Lines[i]
	for _, s := range l.rows(book, in.Seller, at) {
		limit, err := book.Limit(in.Channel, in.Way, s.key.Shelf())
		if err != nil {
			return err
		}
		qty := min(l.Quantity-out.Quantities[i], s.Left(in.Way), limit)
		if qty <= 0 {
			continue
		}
		t := Terms{Document: in.Document, LineID: l.ID, Key: s.key, LocationName: at.Name, LocationOrg: at.Org, Seller: in.Seller, Channel: in.Channel,
			Way: in.Way, Quantity: qty, ExpiresAtUS: in.ExpiresAtUS}
		if s.key.Owner != in.Seller {
			price, err := money.Rate(l.ListPriceMinor, at.SettlementRateBP)
			if err != nil {
				return err
			}
			t.SettlementPriceMinor, t.FulfilmentFeeMinor = price, at.FulfilmentFeeMinor
		}
		r, err := book.HoldLots(t)
		if err != nil {
			return err
		}
		out.Reservations = append(out.Reservations, r...)
		out.Quantities[i] += qty
	}
	return nil
}

// short sums up what the lines of one SKU, place and owner want, and what there was before they took.
func (Reserve) short(book *Book, in ReserveInput, i int, out Reserved) error {
	at := in.Lines[i]
	s := Short{SKU: at.SKU}
	for j, l := range in.Lines {
		if l.SKU == at.SKU && l.Location == at.Location && l.Owner == at.Owner {
			s.Wanted += l.Quantity
			s.Left += out.Quantities[j]
		}
	}
	left := int64(0)
	for _, row := range at.rows(book, in.Seller, Location{}) {
		left += row.Left(in.Way)
	}
	limit, err := book.Limit(in.Channel, in.Way, Shelf{at.SKU, at.Location})
	if err != nil {
		return err
	}
	s.Left += min(left, limit)
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
