package biz

import (
	"cmp"
	"context"
	"slices"
)

// DeclineReason says why a location does not ship.
type DeclineReason int8

// The reasons.
const (
	ShelfEmpty    DeclineReason = 1
	GoodsDamaged  DeclineReason = 2
	NoCapacity    DeclineReason = 3
	StoreClosed   DeclineReason = 4
	CannotDeliver DeclineReason = 5
	OtherReason   DeclineReason = 6
)

var declineReasons = map[DeclineReason]string{ShelfEmpty: "SHELF_EMPTY", GoodsDamaged: "GOODS_DAMAGED", NoCapacity: "NO_CAPACITY",
	StoreClosed: "STORE_CLOSED", CannotDeliver: "CANNOT_DELIVER", OtherReason: "OTHER_REASON"}

// StockEffect says what a decline means for the books.
type StockEffect int8

// The effects.
const (
	NoEffect      StockEffect = 0 // the books are right
	MinusQuantity StockEffect = 1 // the missing pieces leave the books
	ToZero        StockEffect = 2 // the location has none
	Outage        StockEffect = 3 // nothing is promised online until a time
)

const (
	// maxOthers bounds the documents that are declined together with one.
	maxOthers = 20
	// maxOutageUS bounds an outage: a location that does not sell a SKU for longer has a policy for that.
	maxOutageUS = 90 * 24 * 3600 * 1_000_000
)

// DeclineInput says what a location does not ship.
type DeclineInput struct {
	Request, Document, Location string
	Lines                       []ShortLine // empty: all that is open there
	Reservations                []string    // only pieces of these, and of what has taken their place there; empty: of any
	Reason                      DeclineReason
	Text                        string
	Effect                      StockEffect
	OutageUntilUS               int64
	OthersToo                   bool // other open lines of these SKUs there as well
}

// ShortLine is missing pieces of a line. SKU may be empty where the line has one.
type ShortLine struct {
	LineID, SKU string
	Quantity    int64
}

// Validate refuses what says too little.
func (in DeclineInput) Validate() error {
	switch {
	case declineReasons[in.Reason] == "":
		return Invalid{"reason", "must be one of the reasons"}
	case in.Reason == OtherReason && in.Text == "":
		return Invalid{"text", "is needed when the reason is another"}
	case in.Effect < NoEffect || in.Effect > Outage:
		return Invalid{"effect", "must be one of the effects"}
	case (in.Effect == Outage) != (in.OutageUntilUS > 0):
		return Invalid{"outage_until_us", "is needed with an outage, and only then"}
	case in.OthersToo && in.Effect != ToZero && in.Effect != Outage:
		return Invalid{"others_too", "needs an effect that leaves nothing to others"}
	}
	return nil
}

// because is the reason for the explanation and the records.
func (in DeclineInput) because() string {
	if in.Text == "" {
		return declineReasons[in.Reason]
	}
	return declineReasons[in.Reason] + ": " + in.Text
}

// DeclineResult is what came of a decline.
type DeclineResult struct {
	Reallocations []Reallocation
	More          bool  // other documents hold these SKUs there still
	Lost          int64 // pieces that left the books
}

// Reallocation is what became of what a document's location does not ship.
type Reallocation struct {
	Document string
	Round    int64
	State    DocumentState
	Held     []*Reservation
	Open     []DemandLine // without a location now
}

// Decline takes what a location does not ship away from it, and finds it another place.
//
// The stock effect of the reason is applied in the same transaction and before the re-allocation: a shelf that is empty must
// not be chosen for the next document either. Only what is missing moves. After the strategy's last round its last resort
// follows. A kit lacks a piece as a whole: its other parts, which are there, move with it. Pickup is never moved. A document that is not paid yet keeps what it holds unless all of the missing can be held
// elsewhere: the decline is refused with what is left, since nobody can wait for what may never be paid.
type Decline struct {
	Work       WorkFinder
	Reallocate Reallocate
	Writer     StockWriter
}

// DeclineFacts is what is known before the transaction.
type DeclineFacts struct {
	others []string
	more   bool
	look   map[string]HoldFacts
}

// freed is a part of a reservation that its location does not ship.
type freed struct {
	r   *Reservation
	qty int64
	// along: the pieces are there, but belong to a kit of which others are not, and move with them.
	along bool
}

// Gather reads who else holds these SKUs there, and where the documents could go instead.
func (uc Decline) Gather(ctx context.Context, in DeclineInput) (DeclineFacts, error) {
	facts := DeclineFacts{look: map[string]HoldFacts{}}
	if err := in.Validate(); err != nil {
		return facts, err
	}
	known, err := uc.Work.Standing(ctx, []string{in.Document})
	if err != nil {
		return facts, err
	}
	parts, err := in.missing(known[in.Document])
	if err != nil || len(parts) == 0 {
		return facts, nil // refused under the lock
	}
	if in.OthersToo {
		if facts.others, err = uc.Work.Holders(ctx, in.Location, skusOf(parts), maxOthers+2); err != nil {
			return facts, err
		}
		facts.others = slices.DeleteFunc(facts.others, func(d string) bool { return d == in.Document })
		if facts.more = len(facts.others) > maxOthers; facts.more {
			facts.others = facts.others[:maxOthers]
		}
		others, err := uc.Work.Standing(ctx, facts.others)
		if err != nil {
			return facts, err
		}
		for document, s := range others {
			if err := uc.look(ctx, facts, document, s, s.openAt(in.Location, skusOf(parts)), in.Location, in.because()); err != nil {
				return facts, err
			}
		}
	}
	return facts, uc.look(ctx, facts, in.Document, known[in.Document], parts, in.Location, in.because())
}

// look reads where a document could go instead: its next round, or the last resort.
func (uc Decline) look(ctx context.Context, facts DeclineFacts, document string, s Standing, parts []freed, location, why string) error {
	asked, known := s.asked()
	if !known || asked.Way.AtTheStore() || len(parts) == 0 {
		return nil
	}
	at := func(rules DeclineRules) (only string, none bool) {
		if !rules.over(s.Document.rounds() + 1) {
			return "", false
		}
		return rules.LastResort, rules.LastResort == ""
	}
	found, err := uc.Reallocate.Look(ctx, s, asked.lackOf(parts).Lines, map[string]string{location: " now (" + why + ")"}, at)
	facts.look[document] = found
	return err
}

// missing are the parts of the document's reservations that the location does not ship, and what goes along.
func (in DeclineInput) missing(s Standing) ([]freed, error) {
	open := in.openOf(s.Reservations)
	if len(in.Lines) == 0 {
		return open, nil
	}
	left := map[linePart]int64{}
	skus := map[string][]string{}
	for _, p := range open {
		k := linePart{p.r.terms.LineID, p.r.terms.Key.SKU}
		if left[k] == 0 {
			skus[k.line] = append(skus[k.line], k.sku)
		}
		left[k] += p.qty
	}
	var parts []freed
	for _, l := range in.Lines {
		if err := pieces(l.Quantity); err != nil {
			return nil, err
		}
		k := linePart{l.LineID, l.SKU}
		if k.sku == "" && len(skus[k.line]) == 1 {
			k.sku = skus[k.line][0]
		}
		switch {
		case k.sku == "" && len(skus[k.line]) > 1:
			return nil, Invalid{"lines.sku", "is needed: the line is a kit"}
		case left[k] < l.Quantity:
			return nil, Invalid{"lines.quantity", "must not be above what is open there"}
		}
		left[k] -= l.Quantity
		rest := l.Quantity
		for i := len(open) - 1; i >= 0 && rest > 0; i-- { // the newest first
			if r := open[i].r; r.terms.LineID == k.line && r.terms.Key.SKU == k.sku {
				n := min(rest, open[i].qty)
				if n > 0 {
					parts = append(parts, freed{r: r, qty: n})
				}
				open[i].qty, rest = open[i].qty-n, rest-n
			}
		}
	}
	return s.wholeKits(parts, open), nil
}

// openOf are the reservations of the document that are open at the location, of those that are named.
func (in DeclineInput) openOf(reservations []*Reservation) []freed {
	open := openAt(reservations, in.Location, nil)
	if len(in.Reservations) == 0 {
		return open
	}
	byID := make(map[string]*Reservation, len(reservations))
	for _, r := range reservations {
		byID[r.terms.ID] = r
	}
	return slices.DeleteFunc(open, func(p freed) bool {
		for r := p.r; r != nil && r.terms.Key.Location == in.Location; r = byID[r.terms.Replaces] {
			if slices.Contains(in.Reservations, r.terms.ID) {
				return false
			}
		}
		return true
	})
}

// openAt are the document's open reservations at a location, of these SKUs, and what goes along.
func (s Standing) openAt(location string, skus []string) []freed {
	all := openAt(s.Reservations, location, nil)
	var parts []freed
	for i, p := range all {
		if slices.Contains(skus, p.r.terms.Key.SKU) {
			parts = append(parts, p)
			all[i].qty = 0
		}
	}
	return s.wholeKits(parts, all)
}

// wholeKits adds what moves with parts of kits: a kit comes from one location, so that all of each kit goes that lacks a
// piece. left is what is open there besides the parts.
func (s Standing) wholeKits(parts, left []freed) []freed {
	asked, known := s.asked()
	if !known {
		return parts
	}
	kits := map[linePart]int64{} // how many of an order line's kit lack something
	gone := map[linePart]int64{}
	for _, p := range parts {
		gone[linePart{p.r.terms.LineID, p.r.terms.Key.SKU}] += p.qty
	}
	for _, l := range asked.Lines {
		if n := gone[linePart{l.ID, l.SKU}]; l.PerKit > 0 && n > 0 {
			k := linePart{l.ID, l.KitSKU}
			kits[k] = max(kits[k], (n+l.PerKit-1)/l.PerKit)
		}
	}
	for _, l := range asked.Lines {
		more := kits[linePart{l.ID, l.KitSKU}]*l.PerKit - gone[linePart{l.ID, l.SKU}]
		for i := len(left) - 1; i >= 0 && more > 0; i-- { // the newest first
			if t := left[i].r.terms; t.LineID == l.ID && t.KitSKU == l.KitSKU && t.Key.SKU == l.SKU {
				if n := min(more, left[i].qty); n > 0 {
					parts = append(parts, freed{r: left[i].r, qty: n, along: true})
					more -= n
				}
			}
		}
	}
	return parts
}

// openAt are the open reservations at a location, of these SKUs; nil: of all.
func openAt(reservations []*Reservation, location string, skus []string) []freed {
	var open []freed
	for _, r := range reservations {
		if r.open > 0 && !r.Waits() && r.terms.Key.Location == location && (skus == nil || slices.Contains(skus, r.terms.Key.SKU)) {
			open = append(open, freed{r: r, qty: r.open})
		}
	}
	return open
}

// skusOf are the SKUs that are missing.
func skusOf(parts []freed) []string {
	var skus []string
	for _, p := range parts {
		if sku := p.r.terms.Key.SKU; !p.along && !slices.Contains(skus, sku) {
			skus = append(skus, sku)
		}
	}
	slices.Sort(skus)
	return skus
}

// lackOf makes lines of freed parts, in the order of the demand.
func (a Asked) lackOf(parts []freed) Lack {
	lack := Lack{replaces: map[linePart]string{}}
	for _, p := range parts {
		k := linePart{p.r.terms.LineID, p.r.terms.Key.SKU}
		at := slices.IndexFunc(lack.Lines, func(l DemandLine) bool { return l.ID == k.line && l.SKU == k.sku })
		if at < 0 {
			at, lack.Lines = len(lack.Lines), append(lack.Lines, a.line(k, p.r.terms.KitSKU))
			lack.replaces[k] = p.r.terms.ID
		}
		lack.Lines[at].Quantity += p.qty
		lack.expiresAtUS = max(lack.expiresAtUS, p.r.terms.ExpiresAtUS)
	}
	order := func(l DemandLine) int {
		return slices.IndexFunc(a.Lines, func(x DemandLine) bool { return x.ID == l.ID })
	}
	slices.SortStableFunc(lack.Lines, func(x, y DemandLine) int { return cmp.Compare(order(x), order(y)) })
	lack.Lines = a.priced(lack.Lines)
	return lack
}

// line is the line that was asked for a part, without a quantity: how it is allocated is the same again.
func (a Asked) line(k linePart, kit string) DemandLine {
	for _, l := range a.Lines {
		if l.ID == k.line && l.SKU == k.sku && l.KitSKU == kit {
			l.Quantity = 0
			return l
		}
	}
	return DemandLine{ID: k.line, SKU: k.sku, KitSKU: kit}
}
