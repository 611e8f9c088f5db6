package pricing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/internal/money"
)

// Kind is what a promotion does.
type Kind string

// The kinds of promotions.
const (
	// MoneyOff takes OffMinor off each piece.
	MoneyOff Kind = "MONEY_OFF"
	// PercentOff takes OffBP basis points off.
	PercentOff Kind = "PERCENT_OFF"
	// Threshold takes off what the highest step says that the goods reach: in money, or in percent.
	Threshold Kind = "THRESHOLD"
	// NthItem takes OffBP off every Nth piece, the cheapest pieces first.
	NthItem Kind = "NTH_ITEM"
	// Bundle sells the pieces of its parts together for PriceMinor, as often as they are there.
	Bundle Kind = "BUNDLE"
	// Gift adds pieces of a SKU that cost nothing, for each time the threshold is reached.
	Gift Kind = "GIFT"
	// FreeFreight takes the freight off, or OffMinor of it.
	FreeFreight Kind = "FREE_FREIGHT"
	// FlashSale sells pieces for PriceMinor each, as many as its quota and its limit for one buyer leave.
	FlashSale Kind = "FLASH_SALE"
)

// Stacking says what a promotion goes together with on a line.
type Stacking string

// The ways of stacking.
const (
	// WithAll goes together with others.
	WithAll Stacking = "WITH_ALL"
	// WithCoupons goes together with coupons only.
	WithCoupons Stacking = "WITH_COUPONS"
	// Alone goes together with none.
	Alone Stacking = "ALONE"
)

// The roles of those who bear a discount.
const (
	Headquarters    = "HEADQUARTERS"
	Franchisee      = "FRANCHISEE"
	Supplier        = "SUPPLIER"
	Platform        = "PLATFORM"
	PaymentProvider = "PAYMENT_PROVIDER"
)

var parties = []string{Headquarters, Franchisee, Supplier, Platform, PaymentProvider}

// Party is who bears a discount: a role, and which one of them where that is not the order's own.
type Party struct {
	Role string `json:"role"`
	Code string `json:"code,omitempty"`
}

// Bearer is a party's share of a discount in basis points.
type Bearer struct {
	Party
	ShareBP int64
}

// Scope says what a promotion is for. An empty list is no limit.
type Scope struct {
	SKUs, Categories, Brands, ExceptSKUs []string
	Channels, Stores, Regions            []string
	Tiers, Segments                      []string
	// FirstOrder: for members who have not bought before.
	FirstOrder bool
	// MembersOnly: not for guests.
	MembersOnly bool
}

// Level is a step of a threshold: from so much money, or so many pieces, so much is off.
type Level struct {
	FromMinor, FromQuantity int64
	OffMinor, OffBP         int64
}

// Part is a SKU of a bundle, and how many pieces of it.
type Part struct {
	SKU      string
	Quantity int64
}

// Promotion is one version of a promotion's terms.
type Promotion struct {
	ID      string
	Version int64
	Name    string
	Kind    Kind
	// In force from FromUS until before UntilUS; 0: without end.
	FromUS, UntilUS int64
	// Priority: the higher one first. Of a Group one applies: the first of it that takes something off.
	Priority int64
	Group    string
	Stacking Stacking
	// Coupon: only with a coupon for it.
	Coupon bool
	Scope  Scope

	OffMinor, OffBP int64
	Levels          []Level
	// Every: the level applies again for each time the goods reach it.
	Every      bool
	Nth        int64
	Parts      []Part
	PriceMinor int64
	GiftSKU    string
	GiftPieces int64
	// GiftRequired: without the gift nothing is sold; otherwise it is given while stocks last.
	GiftRequired bool
	// CapMinor is the most that it takes off one order; 0: no cap.
	CapMinor int64
	// BudgetMinor is the most that it takes off all orders, Quota the pieces of a flash sale, PerBuyer what one member may have
	// of them; 0: no limit. What is left of them comes with the Input.
	BudgetMinor, Quota, PerBuyer int64
	Bearers                      []Bearer
}

// Invalid refuses terms: which field, and what it has to be.
type Invalid struct{ Field, Rule string }

// Error names the field.
func (i Invalid) Error() string { return i.Field + " " + i.Rule }

// The bounds of terms.
const (
	maxNth    = 100
	maxLevels = 20
	maxParts  = 20
	maxGifts  = 100
)

// Validate refuses terms that say nothing, or two things at once.
func (p Promotion) Validate() error {
	if p.Name == "" {
		return Invalid{"name", "must not be empty"}
	}
	if p.UntilUS != 0 && p.UntilUS <= p.FromUS {
		return Invalid{"until_us", "must be after from_us"}
	}
	for name, v := range map[string]int64{"off_minor": p.OffMinor, "price_minor": p.PriceMinor, "cap_minor": p.CapMinor, "budget_minor": p.BudgetMinor, "quota": p.Quota, "per_buyer": p.PerBuyer} {
		if v < 0 {
			return Invalid{name, "must not be negative"}
		}
	}
	if p.OffBP < 0 || p.OffBP > money.BasisPoints {
		return Invalid{"off_bp", "must be 0 to 10000"}
	}
	if !slices.Contains([]Stacking{WithAll, WithCoupons, Alone}, p.Stacking) {
		return Invalid{"stacking", "must be one of the ways of stacking"}
	}
	if p.Kind != FlashSale && (p.Quota > 0 || p.PerBuyer > 0) {
		return Invalid{"quota", "and per_buyer are of a flash sale"}
	}
	if p.CapMinor > 0 && (p.Kind == FlashSale || p.Kind == Gift) {
		return Invalid{"cap_minor", "is not of a flash sale or a gift"}
	}
	if p.Kind == FlashSale && p.Coupon {
		return Invalid{"coupon", "does not open a flash sale"}
	}
	if p.GiftRequired && p.Kind != Gift {
		return Invalid{"gift_required", "is of a gift"}
	}
	if p.PerBuyer > 0 && !p.Scope.MembersOnly {
		return Invalid{"scope.members_only", "is needed for a limit per buyer"}
	}
	if err := p.validateKind(); err != nil {
		return err
	}
	return p.validateBearers()
}

func (p Promotion) validateKind() error {
	switch p.Kind {
	case MoneyOff:
		if p.OffMinor == 0 {
			return Invalid{"off_minor", "must be above 0"}
		}
	case PercentOff:
		if p.OffBP == 0 {
			return Invalid{"off_bp", "must be above 0"}
		}
	case Threshold:
		if p.Every && slices.ContainsFunc(p.Levels, func(l Level) bool { return l.OffBP > 0 }) {
			return Invalid{"every", "is of amounts, not of rates"}
		}
		return validateLevels(p.Levels, false)
	case NthItem:
		switch {
		case p.Nth < 2 || p.Nth > maxNth:
			return Invalid{"nth", "must be 2 to 100"}
		case p.OffBP == 0:
			return Invalid{"off_bp", "must be above 0"}
		}
	case Bundle:
		if len(p.Parts) == 0 || len(p.Parts) > maxParts {
			return Invalid{"parts", "must be 1 to 20"}
		}
		seen := map[string]bool{}
		for _, part := range p.Parts {
			if part.SKU == "" || part.Quantity < 1 || seen[part.SKU] {
				return Invalid{"parts", "must each have a SKU, once, and a quantity"}
			}
			seen[part.SKU] = true
		}
	case Gift:
		if p.GiftSKU == "" || p.GiftPieces < 1 || p.GiftPieces > maxGifts {
			return Invalid{"gift", "must have a SKU and 1 to 100 pieces"}
		}
		return validateLevels(p.Levels, true)
	case FreeFreight:
		if len(p.Levels) > 0 {
			return validateLevels(p.Levels, true)
		}
	case FlashSale:
	default:
		return Invalid{"kind", "must be a kind of promotion"}
	}
	return nil
}

// validateLevels refuses levels that do not rise, or mix money with pieces. bare ones take nothing off by themselves.
func validateLevels(levels []Level, bare bool) error {
	if len(levels) == 0 || len(levels) > maxLevels {
		return Invalid{"levels", "must be 1 to 20"}
	}
	for i, l := range levels {
		switch {
		case (l.FromMinor > 0) == (l.FromQuantity > 0) || l.FromMinor < 0 || l.FromQuantity < 0:
			return Invalid{"levels", "must each begin at an amount or at a quantity"}
		case bare && (l.OffMinor != 0 || l.OffBP != 0):
			return Invalid{"levels", "take nothing off here"}
		case !bare && (l.OffMinor > 0) == (l.OffBP > 0) || l.OffMinor < 0 || l.OffBP < 0 || l.OffBP > money.BasisPoints:
			return Invalid{"levels", "must each take off an amount or a rate up to 10000"}
		case i > 0 && ((l.FromMinor > 0) != (levels[0].FromMinor > 0) || l.FromMinor+l.FromQuantity <= levels[i-1].FromMinor+levels[i-1].FromQuantity):
			return Invalid{"levels", "must rise, all by amount or all by quantity"}
		}
	}
	return nil
}

func (p Promotion) validateBearers() error {
	sum := int64(0)
	seen := map[Party]bool{}
	for _, b := range p.Bearers {
		if !slices.Contains(parties, b.Role) || b.ShareBP < 1 || seen[b.Party] {
			return Invalid{"bearers", "must each have a role, once, and a share"}
		}
		if b.Role == Supplier && b.Code == "" {
			return Invalid{"bearers", "of role SUPPLIER must say which"}
		}
		seen[b.Party] = true
		sum += b.ShareBP
	}
	if sum != money.BasisPoints {
		return Invalid{"bearers", fmt.Sprintf("must bear 10000 in all, not %d", sum)}
	}
	return nil
}

// has says whether a limit allows a value; an empty list allows all.
func has(list []string, value string) bool { return len(list) == 0 || slices.Contains(list, value) }

// within says whether a path is one of the list, or below it.
func within(list []string, path string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(c string) bool { return path == c || strings.HasPrefix(path, c+"/") })
}

// inRegion says whether an administrative region is one of the list, or a part of one: its code begins with that one's.
func inRegion(list []string, code string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(c string) bool { return strings.HasPrefix(code, c) })
}

// covers says whether a line is of the scope.
func (s Scope) covers(l Line) bool {
	return !l.NoDiscount && has(s.SKUs, l.SKU) && within(s.Categories, l.Category) && has(s.Brands, l.Brand) && !slices.Contains(s.ExceptSKUs, l.SKU)
}

// allows says why the promotion is not for this sale at all, or nothing.
func (p Promotion) allows(in Input) (reason string) {
	switch s := p.Scope; {
	case in.AtUS < p.FromUS:
		return NotYet
	case p.UntilUS != 0 && in.AtUS >= p.UntilUS:
		return Over
	case !has(s.Channels, in.Channel) || !has(s.Stores, in.Store) || !inRegion(s.Regions, in.Region):
		return OutOfScope
	case s.MembersOnly && in.Buyer.Member == "", len(s.Tiers) > 0 && !slices.Contains(s.Tiers, in.Buyer.Tier), s.FirstOrder && !in.Buyer.FirstOrder,
		len(s.Segments) > 0 && !slices.ContainsFunc(s.Segments, func(g string) bool { return slices.Contains(in.Buyer.Segments, g) }):
		return NotTheBuyers
	}
	return ""
}
