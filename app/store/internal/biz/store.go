package biz

import (
	"slices"
	"strings"

	"github.com/onepool/onepool/app/internal/batch"
	"github.com/onepool/onepool/app/internal/geo"
)

// Ownership is whose shop it is.
type Ownership string

// The kinds of stores.
const (
	Direct    Ownership = "direct"
	Franchise Ownership = "franchise"
	Warehouse Ownership = "warehouse"
)

// The ways in which a store can hand goods over, in the order in which they are kept.
const (
	Parcel        = "parcel"
	Pickup        = "pickup"
	LocalDelivery = "local_delivery"
)

var capabilities = []string{Parcel, Pickup, LocalDelivery}

// maxRegion is the length of a region's code.
const maxRegion = 32

// Store is a shop, or a warehouse that holds stock and has no shop.
type Store struct {
	Code, Name                                 string
	Ownership                                  Ownership
	Org                                        string
	Address, City, Province, Country, Postcode string
	Region                                     string // administrative; a longer code lies in the shorter one
	Timezone                                   string
	Point                                      geo.Point
	Opens, Closes                              string // HH:MM, both empty when not known
	Capabilities                               []string
	Active                                     bool
	UpdatedUS                                  int64
}

// HasTill says whether customers can buy there and leave with the goods.
func (s Store) HasTill() bool { return s.Ownership != Warehouse }

// same compares everything but when it was changed.
func (s Store) same(o Store) bool {
	equal := slices.Equal(s.Capabilities, o.Capabilities)
	return equal && s.scalars() == o.scalars()
}

type scalars struct {
	code, name, org, address, city, province, country, postcode, region, timezone, opens, closes string
	ownership                                                                                    Ownership
	point                                                                                        geo.Point
	active                                                                                       bool
}

func (s Store) scalars() scalars {
	return scalars{s.Code, s.Name, s.Org, s.Address, s.City, s.Province, s.Country, s.Postcode, s.Region, s.Timezone, s.Opens, s.Closes,
		s.Ownership, s.Point, s.Active}
}

// StoreRow is a line of a store directory.
type StoreRow struct {
	Line                                       int64
	Code, Name, Ownership, OrgCode             string
	Address, City, Province, Country, Postcode string
	Timezone                                   string
	Lat, Lng                                   *float64
	Opens, Closes                              string
	Capabilities                               string // joined by |
	Region                                     string
}

// ParseStore turns a row into an active store, or says what is wrong with it. It does not look at the organisation.
func ParseStore(row StoreRow, zones *Zones) (s Store, refusal *batch.Refusal) {
	s.Active = true
	if s.Code, refusal = batch.Code("code", row.Code, maxCode); refusal != nil {
		return s, refusal
	}
	if s.Org, refusal = batch.Code("org_code", row.OrgCode, maxOrgCode); refusal != nil {
		return s, refusal
	}
	for _, c := range []struct {
		field, value string
		min, max     int
		into         *string
	}{
		{"name", row.Name, 1, maxName, &s.Name},
		{"address", row.Address, 0, 512, &s.Address},
		{"city", row.City, 0, maxName, &s.City},
		{"province", row.Province, 0, maxName, &s.Province},
		{"country", row.Country, 0, 64, &s.Country},
		{"postcode", row.Postcode, 0, 32, &s.Postcode},
	} {
		if *c.into, refusal = batch.Text(c.field, c.value, c.min, c.max); refusal != nil {
			return s, refusal
		}
	}
	switch s.Ownership = Ownership(fold(row.Ownership)); s.Ownership {
	case Direct, Franchise, Warehouse:
	default:
		return s, batch.Refuse(batch.ReasonValidator, "ownership", "must be direct, franchise or warehouse")
	}
	if row.Region != "" {
		if s.Region, refusal = batch.Code("region", row.Region, maxRegion); refusal != nil {
			return s, refusal
		}
	}
	if s.Timezone, refusal = zones.Normalize("timezone", row.Timezone); refusal != nil {
		return s, refusal
	}
	if row.Lat == nil || row.Lng == nil {
		return s, batch.Refuse(batch.ReasonGeoInvalid, "lat", "latitude and longitude are needed: stock cannot be sent from nowhere")
	}
	s.Point = geo.Point{Lat: *row.Lat, Lng: *row.Lng}
	if err := s.Point.Validate(); err != nil {
		return s, batch.Refuse(batch.ReasonGeoInvalid, "lat", "%v", err)
	}
	if s.Opens, s.Closes, refusal = hours(row.Opens, row.Closes); refusal != nil {
		return s, refusal
	}
	s.Capabilities, refusal = parseCapabilities(row.Capabilities, s.Ownership)
	return s, refusal
}

// parseCapabilities reads what is joined by |; nothing means what such a place can do as a rule.
func parseCapabilities(joined string, ownership Ownership) ([]string, *batch.Refusal) {
	if strings.TrimSpace(joined) == "" {
		if ownership == Warehouse {
			return []string{Parcel}, nil
		}
		return []string{Parcel, Pickup}, nil
	}
	asked := map[string]bool{}
	for _, word := range strings.Split(joined, "|") {
		word = fold(word)
		if !slices.Contains(capabilities, word) {
			return nil, batch.Refuse(batch.ReasonValidator, "capabilities", "%.40q is none of %s", word, strings.Join(capabilities, ", "))
		}
		asked[word] = true
	}
	var got []string
	for _, c := range capabilities {
		if asked[c] {
			got = append(got, c)
		}
	}
	return got, nil
}

// hours checks opening hours in local time: both or none, and it closes after it opens, at 24:00 at the latest.
func hours(opens, closes string) (string, string, *batch.Refusal) {
	opens, closes = strings.TrimSpace(opens), strings.TrimSpace(closes)
	if opens == "" && closes == "" {
		return "", "", nil
	}
	from, ok := minutes(opens)
	if !ok {
		return "", "", batch.Refuse(batch.ReasonTimeInvalid, "opens", "must be HH:MM, 00:00 to 24:00")
	}
	to, ok := minutes(closes)
	if !ok {
		return "", "", batch.Refuse(batch.ReasonTimeInvalid, "closes", "must be HH:MM, 00:00 to 24:00")
	}
	if to <= from {
		return "", "", batch.Refuse(batch.ReasonTimeInvalid, "closes", "must be after %s", opens)
	}
	return opens, closes, nil
}

// minutes reads HH:MM as minutes since midnight.
func minutes(text string) (int, bool) {
	if len(text) != 5 || text[2] != ':' {
		return 0, false
	}
	for _, i := range []int{0, 1, 3, 4} {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
	}
	h, m := int(text[0]-'0')*10+int(text[1]-'0'), int(text[3]-'0')*10+int(text[4]-'0')
	return h*60 + m, m < 60 && h*60+m <= 24*60
}

// fold makes a word of a list comparable.
func fold(word string) string { return strings.ToLower(strings.TrimSpace(word)) }
