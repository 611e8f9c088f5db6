package biz

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SharingMode says what part of a location's stock a channel may sell.
type SharingMode int8

// The modes. What they share out is what may be promised online (Stock.Promise) at a location, of all owners together.
const (
	// ShareAll shares all of it; so does no policy at all.
	ShareAll SharingMode = 1
	// SharePercentage shares Value basis points of it as it is now, rounded down.
	SharePercentage SharingMode = 2
	// ShareQuota keeps Value pieces of each SKU at each location for the channel alone, and gives it no others.
	ShareQuota SharingMode = 3
	// ShareAllBut shares all but Value pieces.
	ShareAllBut SharingMode = 4
	// ShareNone shares nothing.
	ShareNone SharingMode = 5
)

// PlaceKind says how a policy names its locations. The greater one is the more specific.
type PlaceKind int8

// The kinds of places.
const (
	Everywhere  PlaceKind = 0
	OfStoreType PlaceKind = 1
	InRegion    PlaceKind = 2
	AtLocation  PlaceKind = 3
)

// ProductKind says how a policy names its SKUs. The greater one is the more specific.
type ProductKind int8

// The kinds of products.
const (
	Everything ProductKind = 0
	OfCategory ProductKind = 1
	OfSKU      ProductKind = 2
)

const (
	maxChannel   = 32
	maxPlace     = 64
	basisPoints  = 10_000
	maxSharingUS = int64(1) << 61
)

// SharingScope says whom and what a policy is about.
type SharingScope struct {
	Channel     string // empty: every channel
	PlaceKind   PlaceKind
	Place       string // name of a store type, region or location; empty for everywhere
	ProductKind ProductKind
	Product     string // category or SKU; empty for everything
}

// String keeps different scopes apart: two policies with the same one must not be in force at the same time.
func (s SharingScope) String() string {
	return fmt.Sprintf("%d:%s/%d:%d:%s/%d:%d:%s", len(s.Channel), s.Channel, s.PlaceKind, len(s.Place), s.Place, s.ProductKind, len(s.Product), s.Product)
}

// SharingRow is a policy as it is stored.
type SharingRow struct {
	ID string
	SharingScope
	Mode SharingMode
	// Value is basis points of a percentage, pieces of a quota or a buffer, else 0.
	Value int64
	// FromUS is when it comes into force, UntilUS when it ends by itself: of a quota, its give-back time. 0: when it is ended.
	FromUS, UntilUS int64
	// EndedUS is when somebody ended it; 0: nobody has.
	EndedUS     int64
	CreatedBy   string
	CreatedAtUS int64
}

// SharingPolicy says what part of a location's stock a channel may sell, and when. It never changes, but ends.
type SharingPolicy struct{ row SharingRow }

// NewSharingPolicy makes a policy at the database's time. FromUS 0 stands for now.
func NewSharingPolicy(row SharingRow, nowUS int64) (*SharingPolicy, error) {
	if row.FromUS == 0 {
		row.FromUS = nowUS
	}
	if row.FromUS < nowUS {
		return nil, Invalid{"from_us", "must not be in the past: leave it out for now"}
	}
	row.CreatedAtUS, row.EndedUS = nowUS, 0
	if err := row.validate(); err != nil {
		return nil, err
	}
	return &SharingPolicy{row}, nil
}

// RestoreSharingPolicy takes over a stored row.
func RestoreSharingPolicy(row SharingRow) (*SharingPolicy, error) {
	if row.ID == "" {
		return nil, broken("sharing policy without an id")
	}
	if err := row.validate(); err != nil {
		return nil, broken("sharing policy %s: %v", row.ID, err)
	}
	return &SharingPolicy{row}, nil
}

// Row is the stored form.
func (p *SharingPolicy) Row() SharingRow { return p.row }

func (r SharingRow) validate() error {
	if err := r.SharingScope.validate(); err != nil {
		return err
	}
	if r.FromUS < 0 || r.UntilUS < 0 || r.FromUS > maxSharingUS || r.UntilUS > maxSharingUS {
		return Invalid{"until_us", "must be a time"}
	}
	if r.UntilUS != 0 && r.UntilUS <= r.FromUS {
		return Invalid{"until_us", "must be after it comes into force"}
	}
	switch r.Mode {
	case ShareAll, ShareNone:
		if r.Value != 0 {
			return Invalid{"value", "must be left out: this mode has none"}
		}
	case SharePercentage:
		if r.Value < 1 || r.Value >= basisPoints {
			return Invalid{"value", "must be between 1 and 9999 basis points: share none or all instead"}
		}
	case ShareQuota:
		if r.Channel == "" {
			return Invalid{"channel", "must be named: a quota is one channel's alone"}
		}
		if r.Value < 1 || r.Value > MaxQuantity {
			return Invalid{"value", "must be between 1 and 1000000 pieces"}
		}
	case ShareAllBut:
		if r.Value < 1 || r.Value > MaxQuantity {
			return Invalid{"value", "must be between 1 and 1000000 pieces"}
		}
	default:
		return Invalid{"mode", "must be all, a percentage, an exclusive quota, all but a buffer, or none"}
	}
	return nil
}

func (s SharingScope) validate() error {
	if s.Channel != "" && !plain(s.Channel, maxChannel) {
		return Invalid{"channel", "must be a code of at most 32 characters"}
	}
	switch s.PlaceKind {
	case Everywhere:
		if s.Place != "" {
			return Invalid{"place", "must be left out for everywhere"}
		}
	case OfStoreType:
		if _, known := storeTypes[s.Place]; !known {
			return Invalid{"place", "must be WAREHOUSE, DIRECT_STORE or FRANCHISE_STORE"}
		}
	case InRegion, AtLocation:
		if !plain(s.Place, maxPlace) {
			return Invalid{"place", "must be a code of at most 64 characters"}
		}
	default:
		return Invalid{"place", "must be everywhere, a store type, a region or a location"}
	}
	switch s.ProductKind {
	case Everything:
		if s.Product != "" {
			return Invalid{"product", "must be left out for everything"}
		}
	case OfCategory, OfSKU:
		if !plain(s.Product, maxSKU) {
			return Invalid{"product", "must be a code of at most 64 characters"}
		}
	default:
		return Invalid{"product", "must be everything, a category or a SKU"}
	}
	return nil
}

// plain says that a code can be shown and compared: no blanks at its ends, no control characters.
func plain(code string, size int) bool {
	if code == "" || utf8.RuneCountInString(code) > size || code[0] == ' ' || code[len(code)-1] == ' ' {
		return false
	}
	for _, r := range code {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

var storeTypes = map[string]LocationKind{"WAREHOUSE": Warehouse, "DIRECT_STORE": DirectStore, "FRANCHISE_STORE": FranchiseStore}

// InForce says whether it counts at that moment.
func (p *SharingPolicy) InForce(atUS int64) bool {
	return p.row.FromUS <= atUS && atUS < p.overUS()
}

// overUS is the first moment at which it does not count any more.
func (p *SharingPolicy) overUS() int64 {
	over := maxSharingUS
	if p.row.UntilUS != 0 {
		over = min(over, p.row.UntilUS)
	}
	if p.row.EndedUS != 0 {
		over = min(over, p.row.EndedUS)
	}
	return over
}

// End takes it out of force now: a quota is given back. What is over already is refused.
func (p *SharingPolicy) End(nowUS int64) error {
	if p.overUS() <= nowUS {
		return PolicyOver{p.row.ID}
	}
	p.row.EndedUS = nowUS
	return nil
}

// Conflict returns the first of the others that is equal in channel, place and product and in force at a common moment.
//
// Only these can tie for a (channel, location, SKU): a location has one type, one code and one region, whose covering codes
// all differ in length; a SKU has one category. So two policies that both apply and differ in place or product differ in
// how specific they are, too.
func (p *SharingPolicy) Conflict(others []*SharingPolicy) *SharingPolicy {
	var found *SharingPolicy
	for _, o := range others {
		// What was ended before it began has never been in force.
		common := max(p.row.FromUS, o.row.FromUS) < min(p.overUS(), o.overUS())
		if o.row.ID != p.row.ID && o.row.SharingScope == p.row.SharingScope && common && (found == nil || comparePolicies(o, found) < 0) {
			found = o
		}
	}
	return found
}

func comparePolicies(a, b *SharingPolicy) int {
	return cmp.Or(cmp.Compare(a.row.CreatedAtUS, b.row.CreatedAtUS), cmp.Compare(a.row.ID, b.row.ID))
}

// Covers says whether a region's code covers another's: a longer code lies in the shorter one that it begins with, as
// administrative division codes do (31 is around 310101).
func Covers(code, region string) bool { return code != "" && strings.HasPrefix(region, code) }
