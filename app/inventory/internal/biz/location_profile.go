package biz

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/onepool/onepool/app/internal/clock"
	"github.com/onepool/onepool/app/internal/geo"
)

const (
	maxGroups     = 20
	maxExceptions = 400
	maxRegions    = 200
	maxCodeLen    = 64
)

// ProfileBody is how a location works, as it is kept: what its people say of it, not what the store center does.
type ProfileBody struct {
	TimeZone    string        `json:"time_zone,omitempty"` // IANA name
	Weekly      []WeeklyHours `json:"weekly,omitempty"`    // empty: always open
	Exceptions  []DayHours    `json:"exceptions,omitempty"`
	CutOff      string        `json:"cut_off,omitempty"` // HH:MM: until then today's work is taken
	DailyOrders int64         `json:"daily_orders,omitempty"`
	DailyLines  int64         `json:"daily_lines,omitempty"` // 0: no limit
	Groups      []string      `json:"groups,omitempty"`
	Region      string        `json:"region,omitempty"` // code of its district; a longer code lies in the shorter one
	FreightZone string        `json:"freight_zone,omitempty"`
	Delivery    *AreaBody     `json:"delivery,omitempty"`  // where local delivery goes
	Territory   *AreaBody     `json:"territory,omitempty"` // what is the franchisee's own
}

// WeeklyHours are hours of some days of the week; 1 is Monday.
type WeeklyHours struct {
	Days  []int  `json:"days"`
	Open  string `json:"open"`  // HH:MM
	Close string `json:"close"` // HH:MM, at most 24:00
}

// DayHours are the hours of one date, in place of the weekly ones. Without hours it is closed.
type DayHours struct {
	Date  string  `json:"date"` // YYYY-MM-DD
	Hours []Hours `json:"hours,omitempty"`
}

// Hours are open from Open until just before Close, by the clock on the wall.
type Hours struct {
	Open  string `json:"open"`
	Close string `json:"close"`
}

// AreaBody is a part of the earth: what any of its ways to say it covers.
type AreaBody struct {
	RadiusM int64        `json:"radius_m,omitempty"` // around the location
	Polygon [][2]float64 `json:"polygon,omitempty"`  // latitude, longitude
	Regions []string     `json:"regions,omitempty"`
}

// Profile is a body that was checked. It never changes. A nil profile says nothing: always open, without limits.
type Profile struct {
	body       ProfileBody
	zone       *time.Location
	weekly     [7][]span // by time.Weekday
	exceptions map[int64][]span
	cutOff     int // minutes; -1: none
	delivery   *area
	territory  *area
}

// span is a part of a day in minutes by the wall clock.
type span struct{ from, to int }

// area is an AreaBody ready to be asked.
type area struct {
	radiusM int64
	polygon *geo.Polygon
	regions []string
}

// NewProfile checks a body. It refuses with the path of the field that is wrong.
func NewProfile(body ProfileBody) (*Profile, error) {
	p := &Profile{body: body, cutOff: -1, exceptions: map[int64][]span{}}
	var err error
	if body.TimeZone != "" {
		if p.zone, err = clock.Zone(body.TimeZone); err != nil {
			return nil, refuseTime("time_zone", "must be an IANA time zone such as Asia/Shanghai")
		}
	} else if len(body.Weekly) > 0 || len(body.Exceptions) > 0 || body.CutOff != "" || body.DailyOrders > 0 || body.DailyLines > 0 {
		return nil, refuseTime("time_zone", "is needed for opening hours, a cut-off or a daily capacity")
	}
	if err := p.readHours(); err != nil {
		return nil, err
	}
	if body.CutOff != "" {
		if p.cutOff, err = minuteOf(body.CutOff); err != nil {
			return nil, refuseTime("cut_off", "must be a time of day such as 16:00")
		}
	}
	if body.DailyOrders < 0 || body.DailyOrders > MaxQuantity {
		return nil, Invalid{"daily_orders", "must be between 0 and 1000000"}
	}
	if body.DailyLines < 0 || body.DailyLines > MaxQuantity {
		return nil, Invalid{"daily_lines", "must be between 0 and 1000000"}
	}
	if err := codes("groups", body.Groups, maxGroups); err != nil {
		return nil, err
	}
	if len(body.Region) > maxCodeLen || len(body.FreightZone) > maxCodeLen {
		return nil, Invalid{"region", "and freight_zone must have at most 64 characters"}
	}
	if p.delivery, err = newArea("delivery", body.Delivery); err != nil {
		return nil, err
	}
	p.territory, err = newArea("territory", body.Territory)
	return p, err
}

// Body is what the profile was made of.
func (p *Profile) Body() ProfileBody {
	if p == nil {
		return ProfileBody{}
	}
	return p.body
}

func newArea(field string, body *AreaBody) (*area, error) {
	if body == nil {
		return nil, nil
	}
	if body.RadiusM < 0 || body.RadiusM > 20_100_000 {
		return nil, refuseGeo(field+".radius_m", "must be between 0 and 20100000")
	}
	if err := codes(field+".regions", body.Regions, maxRegions); err != nil {
		return nil, err
	}
	if body.RadiusM == 0 && len(body.Polygon) == 0 && len(body.Regions) == 0 {
		return nil, refuseGeo(field, "must have a radius, a polygon or regions")
	}
	a := &area{radiusM: body.RadiusM, regions: body.Regions}
	if len(body.Polygon) > 0 {
		var err error
		if a.polygon, err = polygon(field+".polygon", body.Polygon); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func polygon(field string, corners [][2]float64) (*geo.Polygon, error) {
	points := make([]geo.Point, len(corners))
	for i, c := range corners {
		points[i] = geo.Point{Lat: c[0], Lng: c[1]}
	}
	p, err := geo.NewPolygon(points)
	if err != nil {
		return nil, refuseGeo(field, err.Error())
	}
	return p, nil
}

// covers says whether a place is in the area of a location at center. What is not known is not covered.
func (a *area) covers(center, place *geo.Point, region string) bool {
	if place != nil {
		if a.radiusM > 0 && center != nil && metres(geo.Haversine(*center, *place)) <= a.radiusM {
			return true
		}
		if a.polygon != nil && a.polygon.Contains(*place) {
			return true
		}
	}
	return inRegions(a.regions, region)
}

// inRegions says whether a region is one of the list, or lies in one of it.
func inRegions(list []string, region string) bool {
	return region != "" && slices.ContainsFunc(list, func(r string) bool { return strings.HasPrefix(region, r) })
}

// codes refuses a list that is too long, or has an empty, long or repeated code in it.
func codes(field string, list []string, most int) error {
	if len(list) > most {
		return Invalid{field, fmt.Sprintf("must have at most %d entries", most)}
	}
	for i, c := range list {
		if c == "" || len(c) > maxCodeLen {
			return Invalid{fmt.Sprintf("%s[%d]", field, i), "must have 1 to 64 characters"}
		}
		if slices.Contains(list[:i], c) {
			return Invalid{fmt.Sprintf("%s[%d]", field, i), "occurs twice: " + c}
		}
	}
	return nil
}

// in says whether the location is in a group.
func (l Location) in(groups []string) bool {
	return l.Profile != nil && slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(l.Profile.body.Groups, g) })
}

// region is the code of its district; empty: not known.
func (l *Location) region() string {
	if l.Profile == nil {
		return ""
	}
	return l.Profile.body.Region
}

// reaches says whether local delivery gets to the destination. A location that does not say goes by the strategy's radius.
func (l Location) reaches(d Demand) (says, reaches bool) {
	if l.Profile == nil || l.Profile.delivery == nil {
		return false, false
	}
	return true, l.Profile.delivery.covers(l.Point, d.Destination, d.Region)
}

// guards says whether the demand's place lies in the territory of this location's franchisee.
func (l Location) guards(d Demand) bool {
	return l.Active && l.Kind == FranchiseStore && l.Profile != nil && l.Profile.territory != nil && l.Profile.territory.covers(l.Point, d.Destination, d.Region)
}

// refusedField is a field that is refused with a reason of its own.
type refusedField struct {
	Invalid
	reason string
}

// Fault is the public face.
func (r refusedField) Fault() (int, string, string, map[string]string) {
	return 400, r.reason, r.Error(), map[string]string{"field": r.Field}
}

func refuseTime(field, rule string) error { return refusedField{Invalid{field, rule}, "TIME_INVALID"} }
func refuseGeo(field, rule string) error  { return refusedField{Invalid{field, rule}, "GEO_INVALID"} }

// FieldOf says which field an error refuses, and by what rule.
func FieldOf(err error) (field, rule string, refused bool) {
	var coded refusedField
	if errors.As(err, &coded) {
		return coded.Field, coded.Rule, true
	}
	var plain Invalid
	if errors.As(err, &plain) {
		return plain.Field, plain.Rule, true
	}
	return "", "", false
}
