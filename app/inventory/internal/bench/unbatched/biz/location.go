package biz

import (
	"strings"
	"unicode/utf8"

	"github.com/onepool/onepool/app/internal/geo"
)

// MaxOrg is how long an organisation's code may be.
const MaxOrg = 40

// LocationKind says what sort of place holds stock.
type LocationKind int8

// The kinds.
const (
	Warehouse      LocationKind = 1
	DirectStore    LocationKind = 2
	FranchiseStore LocationKind = 3
)

// Way is a way of delivery.
type Way int8

// The ways.
const (
	Parcel        Way = 1
	LocalDelivery Way = 2
	Pickup        Way = 3
	CarryOut      Way = 4
)

// String names the way as people say it.
func (w Way) String() string {
	switch w {
	case Parcel:
		return "parcel"
	case LocalDelivery:
		return "local delivery"
	case Pickup:
		return "pickup"
	case CarryOut:
		return "carry-out"
	}
	return "no way of delivery"
}

// AtTheStore says that the buyer comes to a location of his choice: it is never moved elsewhere.
func (w Way) AtTheStore() bool { return w == Pickup || w == CarryOut }

// Ways is a set of ways, a bit each.
type Ways int64

// WaysOf makes a set.
func WaysOf(ways ...Way) Ways {
	var set Ways
	for _, w := range ways {
		set |= 1 << w
	}
	return set
}

// Has says whether w is in the set.
func (s Ways) Has(w Way) bool { return w > 0 && s&(1<<w) != 0 }

// List returns the ways in their order.
func (s Ways) List() []Way {
	var list []Way
	for w := Parcel; w <= CarryOut; w++ {
		if s.Has(w) {
			list = append(list, w)
		}
	}
	return list
}

// Location is a warehouse or a store that holds stock, as the store center last told it.
type Location struct {
	Code, Name, Org    string
	Kind               LocationKind
	Point              *geo.Point // nil: not known, never chosen by distance
	Active             bool
	Ways               Ways
	Shared             bool  // other sellers' channels may sell its stock (contract in force)
	SettlementRateBP   int64 // of the list price, when its stock is supplied to another seller
	FulfilmentFeeMinor int64
	Version            int64 // an older one never overwrites a newer one
}

// Validate refuses what cannot be.
func (l Location) Validate() error {
	switch {
	case l.Code == "" || len(l.Code) > 64:
		return Invalid{"code", "must have 1 to 64 characters"}
	case utf8.RuneCountInString(l.Name) > 200:
		return Invalid{"name", "must have at most 200 characters"}
	case l.Org == "" || len(l.Org) > MaxOrg:
		return Invalid{"org", "must have 1 to 40 characters"}
	case l.Kind < Warehouse || l.Kind > FranchiseStore:
		return Invalid{"kind", "must be a warehouse, a direct store or a franchise store"}
	case l.SettlementRateBP < 0 || l.SettlementRateBP > 10_000_000:
		return Invalid{"settlement_rate_bp", "must be between 0 and 10000000"}
	case l.FulfilmentFeeMinor < 0:
		return Invalid{"fulfilment_fee_minor", "must not be negative"}
	case l.Point != nil && l.Point.Validate() != nil:
		return Invalid{"point", "must be on earth"}
	}
	return nil
}

// delivers says whether the location can deliver this way. A shop has a till, whatever else it can do.
func (l Location) delivers(w Way) bool {
	return l.Ways.Has(w) || w == CarryOut && l.Kind != Warehouse
}

// drop says why the location must not serve the demand, or nothing. Stock is not looked at.
func (l Location) drop(d Demand) string {
	switch {
	case !l.Active:
		return "not active"
	case l.Org != d.Seller && !l.Shared:
		return "its organisation does not share stock"
	case !l.delivers(d.Way):
		return "no " + d.Way.String()
	case d.Way.AtTheStore() && l.Code != d.Location:
		return "not the chosen store"
	case d.Destination != nil && !d.Way.AtTheStore() && l.Point == nil:
		return "its position is not known"
	}
	return ""
}

// ownersFirst orders owners for taking: the seller's own goods, then the location's, then others by code.
func (l Location) ownersFirst(seller, a, b string) int {
	rank := func(owner string) int {
		switch owner {
		case seller:
			return 0
		case l.Org:
			return 1
		}
		return 2
	}
	if d := rank(a) - rank(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}
