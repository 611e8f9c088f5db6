package biz

import (
	"fmt"
	"strings"
)

const (
	maxFreightRows  = 5_000
	maxFreightSteps = 50
	// anyZone stands for every zone that has no row of its own.
	anyZone = "*"
	// unpriced is dearer than any parcel: a place to which nobody knows the price comes after all others.
	unpriced int64 = 1_000_000_000_000
	// MaxFreightMinor is the most that a parcel may cost.
	MaxFreightMinor int64 = 1_000_000_000
)

// FreightBody is a freight table as it is kept: what a parcel costs from one zone to another, by weight.
type FreightBody struct {
	Currency string        `json:"currency"`
	Zones    []ZoneRegions `json:"zones,omitempty"` // the most specific region says in which zone a place is
	Rows     []FreightRow  `json:"rows"`
}

// ZoneRegions says which regions a zone has.
type ZoneRegions struct {
	Zone    string   `json:"zone"`
	Regions []string `json:"regions"`
}

// FreightRow is the price of one pair of zones. Above the last step each started unit costs extra.
type FreightRow struct {
	From  string        `json:"from"` // a zone, or * for any
	To    string        `json:"to"`
	Steps []FreightStep `json:"steps"`
	Extra *FreightExtra `json:"extra,omitempty"`
}

// FreightStep is the price up to a weight.
type FreightStep struct {
	UpToG      int64 `json:"up_to_g"`
	PriceMinor int64 `json:"price_minor"`
}

// FreightExtra is the price of each started unit of weight above the last step.
type FreightExtra struct {
	EachG      int64 `json:"each_g"`
	PriceMinor int64 `json:"price_minor"`
}

// Freight is a table that was checked, with its version.
type Freight struct {
	Name    string
	Version int64
	zones   map[string]string // of regions
	rows    map[[2]string]FreightRow
	body    FreightBody
}

// NewFreight checks a body. It refuses with the path of the field that is wrong.
func NewFreight(name string, version int64, body FreightBody) (*Freight, error) {
	f := &Freight{Name: name, Version: version, body: body, zones: map[string]string{}, rows: map[[2]string]FreightRow{}}
	if len(body.Currency) != 3 || strings.ToUpper(body.Currency) != body.Currency {
		return nil, Invalid{"currency", "must be a code such as CNY"}
	}
	if len(body.Rows) == 0 || len(body.Rows) > maxFreightRows {
		return nil, Invalid{"rows", fmt.Sprintf("must have 1 to %d entries", maxFreightRows)}
	}
	for i, z := range body.Zones {
		field := fmt.Sprintf("zones[%d]", i)
		if z.Zone == "" || z.Zone == anyZone || len(z.Zone) > maxCodeLen {
			return nil, Invalid{field + ".zone", "must have 1 to 64 characters and not be *"}
		}
		if err := codes(field+".regions", z.Regions, maxFreightRows); err != nil {
			return nil, err
		}
		for j, r := range z.Regions {
			if other, twice := f.zones[r]; twice {
				return nil, Invalid{fmt.Sprintf("%s.regions[%d]", field, j), "is in zone " + other + " already"}
			}
			f.zones[r] = z.Zone
		}
	}
	for i, row := range body.Rows {
		field := fmt.Sprintf("rows[%d]", i)
		if err := row.validate(field); err != nil {
			return nil, err
		}
		key := [2]string{row.From, row.To}
		if _, twice := f.rows[key]; twice {
			return nil, Invalid{field, "is the second from " + row.From + " to " + row.To}
		}
		f.rows[key] = row
	}
	return f, nil
}

func (r FreightRow) validate(field string) error {
	if r.From == "" || len(r.From) > maxCodeLen {
		return Invalid{field + ".from", "must have 1 to 64 characters"}
	}
	if r.To == "" || len(r.To) > maxCodeLen {
		return Invalid{field + ".to", "must have 1 to 64 characters"}
	}
	if len(r.Steps) == 0 || len(r.Steps) > maxFreightSteps {
		return Invalid{field + ".steps", fmt.Sprintf("must have 1 to %d entries", maxFreightSteps)}
	}
	last := FreightStep{UpToG: 0, PriceMinor: 0}
	for i, s := range r.Steps {
		at := fmt.Sprintf("%s.steps[%d]", field, i)
		if s.UpToG <= last.UpToG || s.UpToG > maxWeightG {
			return Invalid{at + ".up_to_g", "must grow from step to step, up to 1000000000"}
		}
		if s.PriceMinor < last.PriceMinor || s.PriceMinor > MaxFreightMinor {
			return Invalid{at + ".price_minor", "must not fall from step to step, and be at most 1000000000"}
		}
		last = s
	}
	if r.Extra != nil && (r.Extra.EachG < 1 || r.Extra.PriceMinor < 0 || r.Extra.PriceMinor > MaxFreightMinor) {
		return Invalid{field + ".extra", "must have each_g of at least 1 and a price that is not negative"}
	}
	return nil
}

// Zone is the zone of a region: that of the longest code that it lies in; empty when there is none.
func (f *Freight) Zone(region string) string {
	for end := len(region); end > 0; end-- {
		if zone, ok := f.zones[region[:end]]; ok {
			return zone
		}
	}
	return ""
}

// origin is the zone of a location: its own word first, then its region's.
func (f *Freight) origin(l Location) string {
	if zone := l.Profile.Body().FreightZone; zone != "" {
		return zone
	}
	return f.Zone(l.region())
}

// Price is what a parcel of that weight costs. ok is false when the table does not say.
func (f *Freight) Price(from, to string, weightG int64) (minor int64, ok bool) {
	for _, key := range [][2]string{{from, to}, {from, anyZone}, {anyZone, to}, {anyZone, anyZone}} {
		if key[0] == "" || key[1] == "" {
			continue
		}
		if row, known := f.rows[key]; known {
			return row.price(weightG)
		}
	}
	return 0, false
}

func (r FreightRow) price(weightG int64) (minor int64, ok bool) {
	for _, s := range r.Steps {
		if weightG <= s.UpToG {
			return s.PriceMinor, true
		}
	}
	if r.Extra == nil {
		return 0, false
	}
	last := r.Steps[len(r.Steps)-1]
	units := (weightG - last.UpToG + r.Extra.EachG - 1) / r.Extra.EachG
	if r.Extra.PriceMinor > 0 && units > (unpriced-1-last.PriceMinor)/r.Extra.PriceMinor {
		return 0, false
	}
	return last.PriceMinor + units*r.Extra.PriceMinor, true
}
