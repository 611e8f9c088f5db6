package biz

import (
	"fmt"
	"slices"

	"github.com/onepool/onepool/app/internal/geo"
)

// filterRule is what a filter asks. The zero value takes its parameters from JSON.
type filterRule interface {
	// check refuses parameters that cannot be; field is where they stand.
	check(field string) error
	// drop says why the candidate must not serve the demand, or nothing. What concerns others' figures stands in brackets.
	drop(d Demand, c *Candidate) string
}

// lessener is a filter that lowers what may be taken of a stock row instead of dropping the location.
type lessener interface {
	lessen(d Demand, c *Candidate, s *Stock, left int64) int64
}

// newFilter makes a rule by its name; nil when there is none.
func newFilter(name string) filterRule {
	switch name {
	case "kind":
		return &kinds{}
	case "group":
		return &groupsOf{}
	case "locations":
		return &locations{}
	case "organisation":
		return &organisation{}
	case "distance":
		return &distance{}
	case "area":
		return &inArea{}
	case "region":
		return &region{}
	case "open":
		return &opening{}
	case "cut_off":
		return &cutOff{}
	case "capacity":
		return &capacity{}
	case "territory":
		return &territory{}
	case "brokering_safety":
		return &brokeringSafety{}
	case "last_mile":
		return &lastMile{}
	}
	return nil
}

// kinds keeps warehouses, direct stores or franchise stores.
type kinds struct {
	In []string `json:"in"`
}

func (r *kinds) check(field string) error {
	if len(r.In) == 0 {
		return Invalid{field + ".in", "must not be empty"}
	}
	for i, k := range r.In {
		if kindOf(k) == 0 {
			return Invalid{fmt.Sprintf("%s.in[%d]", field, i), "must be warehouse, direct_store or franchise_store"}
		}
	}
	return nil
}

func (r *kinds) drop(_ Demand, c *Candidate) string {
	if slices.Contains(r.In, c.Location.Kind.code()) {
		return ""
	}
	return "not of this kind: " + c.Location.Kind.code()
}

// groupsOf keeps the locations of some groups, or those of none of them.
type groupsOf struct {
	In    []string `json:"in"`
	NotIn []string `json:"not_in"`
}

func (r *groupsOf) check(field string) error { return inOrNot(field, r.In, r.NotIn, maxRegions) }

func inOrNot(field string, in, notIn []string, most int) error {
	if (len(in) == 0) == (len(notIn) == 0) {
		return Invalid{field, "must have either in or not_in"}
	}
	if err := codes(field+".in", in, most); err != nil {
		return err
	}
	return codes(field+".not_in", notIn, most)
}

func (r *groupsOf) drop(_ Demand, c *Candidate) string {
	switch {
	case len(r.In) > 0 && !c.Location.in(r.In):
		return "in none of the groups"
	case c.Location.in(r.NotIn):
		return "in an excluded group"
	}
	return ""
}

// locations names them one by one.
type locations struct {
	Only  []string `json:"only"`
	Never []string `json:"never"`
}

func (r *locations) check(field string) error {
	if len(r.Only) == 0 && len(r.Never) == 0 {
		return Invalid{field, "must have only or never"}
	}
	if err := codes(field+".only", r.Only, maxRegions); err != nil {
		return err
	}
	return codes(field+".never", r.Never, maxFreightRows)
}

func (r *locations) drop(_ Demand, c *Candidate) string {
	switch {
	case slices.Contains(r.Never, c.Location.Code):
		return "excluded by name"
	case len(r.Only) > 0 && !slices.Contains(r.Only, c.Location.Code):
		return "not among those named"
	}
	return ""
}

// organisation keeps the seller's own locations, or all others.
type organisation struct {
	Of string `json:"of"` // seller, others
}

func (r *organisation) check(field string) error {
	if r.Of != "seller" && r.Of != "others" {
		return Invalid{field + ".of", "must be seller or others"}
	}
	return nil
}

func (r *organisation) drop(d Demand, c *Candidate) string {
	switch own := c.Location.Org == d.Seller; {
	case r.Of == "seller" && !own:
		return "not the seller's own location"
	case r.Of == "others" && own:
		return "the seller's own location"
	}
	return ""
}

// distance keeps what is near the destination, or not too near. It says nothing when the destination is not known.
type distance struct {
	AtMostM  int64 `json:"at_most_m"` // 0: however far
	AtLeastM int64 `json:"at_least_m"`
}

func (r *distance) check(field string) error {
	if r.AtMostM < 0 || r.AtLeastM < 0 || r.AtMostM == 0 && r.AtLeastM == 0 || r.AtMostM > 0 && r.AtLeastM > r.AtMostM {
		return Invalid{field, "must have at_most_m or at_least_m, the first not below the second"}
	}
	return nil
}

func (r *distance) drop(d Demand, c *Candidate) string {
	switch {
	case d.Destination == nil || d.Way.AtTheStore():
	case r.AtMostM > 0 && c.DistanceM > r.AtMostM:
		return fmt.Sprintf("farther than %d.%03d km", r.AtMostM/1000, r.AtMostM%1000)
	case c.DistanceM < r.AtLeastM:
		return fmt.Sprintf("nearer than %d.%03d km", r.AtLeastM/1000, r.AtLeastM%1000)
	}
	return ""
}

// inArea keeps locations in a polygon, or only the demands that go into it.
type inArea struct {
	Polygon [][2]float64 `json:"polygon"`
	Of      string       `json:"of"` // location (if empty), destination
	area    *geo.Polygon
}

func (r *inArea) check(field string) (err error) {
	if r.Of != "" && r.Of != "location" && r.Of != "destination" {
		return Invalid{field + ".of", "must be location or destination"}
	}
	r.area, err = polygon(field+".polygon", r.Polygon)
	return err
}

func (r *inArea) drop(d Demand, c *Candidate) string {
	if r.Of == "destination" {
		if d.Destination == nil || r.area.Contains(*d.Destination) {
			return ""
		}
		return "the destination is outside the area"
	}
	if c.Location.Point != nil && r.area.Contains(*c.Location.Point) {
		return ""
	}
	return "outside the area"
}

// region keeps locations of some regions, or those whose region begins like the destination's.
type region struct {
	In   []string `json:"in"`
	Same int      `json:"same"` // so many letters of the code are equal
}

func (r *region) check(field string) error {
	if (len(r.In) == 0) == (r.Same == 0) || r.Same < 0 || r.Same > maxCodeLen {
		return Invalid{field, "must have either in, or same from 1 to 64"}
	}
	return codes(field+".in", r.In, maxRegions)
}

func (r *region) drop(d Demand, c *Candidate) string {
	code := c.Location.region()
	switch {
	case len(r.In) > 0 && !inRegions(r.In, code):
		return "in another region"
	case r.Same > 0 && d.Region != "" && !d.Way.AtTheStore() && (len(code) < r.Same || len(d.Region) < r.Same || code[:r.Same] != d.Region[:r.Same]):
		return "not in the destination's region"
	}
	return ""
}

// opening keeps locations that are open: now, or at some moment until the promised time.
type opening struct {
	By string `json:"by"` // now, promised
}

func (r *opening) check(field string) error {
	if r.By != "now" && r.By != "promised" {
		return Invalid{field + ".by", "must be now or promised"}
	}
	return nil
}

func (r *opening) drop(d Demand, c *Candidate) string {
	switch p := c.Location.Profile; {
	case r.By == "now" && !p.openAt(d.Facts.NowUS):
		return "closed now"
	case r.By == "promised" && d.PromisedUS > 0 && !p.openBy(d.Facts.NowUS, d.PromisedUS):
		return "closed until the promised time"
	}
	return ""
}

// cutOff keeps locations that still work on the order today.
type cutOff struct{}

func (*cutOff) check(string) error { return nil }

func (*cutOff) drop(d Demand, c *Candidate) string {
	if c.Location.Profile.beforeCutOff(d.Facts.NowUS) {
		return ""
	}
	return "after today's cut-off"
}

// capacity keeps locations whose day is filled to at most a part of its limit. That nobody gets more than the limit itself
// needs no rule.
type capacity struct {
	AtMostPercent int64 `json:"at_most_percent"`
}

func (r *capacity) check(field string) error {
	if r.AtMostPercent < 1 || r.AtMostPercent > 100 {
		return Invalid{field + ".at_most_percent", "must be between 1 and 100"}
	}
	return nil
}

func (r *capacity) drop(d Demand, c *Candidate) string { return c.full(d, r.AtMostPercent) }

// territory keeps a franchisee's territory to its own: where the destination lies in one, others do not serve it.
type territory struct {
	Against string `json:"against"` // franchisees, everyone
	Sellers string `json:"sellers"` // any (if empty), franchise
}

func (r *territory) check(field string) error {
	if r.Against != "franchisees" && r.Against != "everyone" {
		return Invalid{field + ".against", "must be franchisees or everyone"}
	}
	return sellersRule(field, r.Sellers)
}

func sellersRule(field, sellers string) error {
	if sellers != "" && sellers != "any" && sellers != "franchise" {
		return Invalid{field + ".sellers", "must be any or franchise"}
	}
	return nil
}

func (r *territory) drop(d Demand, c *Candidate) string {
	switch {
	case !d.protected(r.Sellers) || slices.Contains(d.Facts.Protectors, c.Location.Org):
		return ""
	case r.Against == "everyone" || c.Location.Kind == FranchiseStore:
		return "the destination is in another franchisee's territory"
	}
	return ""
}

// protected says whether a territory rule has something to say.
func (d Demand) protected(sellers string) bool {
	return len(d.Facts.Protectors) > 0 && !d.Way.AtTheStore() && (sellers != "franchise" || d.Facts.SellerFranchise)
}

// brokeringSafety keeps an extra safety stock where the goods are not the seller's own.
type brokeringSafety struct {
	Pieces  int64 `json:"pieces"`
	Percent int64 `json:"percent"` // of what could be promised
}

func (r *brokeringSafety) check(field string) error {
	if r.Pieces < 0 || r.Pieces > MaxQuantity || r.Percent < 0 || r.Percent > 100 || r.Pieces == 0 && r.Percent == 0 {
		return Invalid{field, "must have pieces up to 1000000 or percent up to 100"}
	}
	return nil
}

func (*brokeringSafety) drop(Demand, *Candidate) string { return "" }

func (r *brokeringSafety) lessen(d Demand, _ *Candidate, s *Stock, left int64) int64 {
	if s.key.Owner == d.Seller {
		return left
	}
	return max(0, left-max(r.Pieces, (left*r.Percent+99)/100))
}

// lastMile keeps goods from being sent in a way that does not suit them: what is cold does not go by parcel.
type lastMile struct {
	SKUs       []string `json:"skus"`
	Categories []string `json:"categories"`
	Ways       []string `json:"ways"`   // empty: all
	Groups     []string `json:"groups"` // of locations; empty: all
}

func (r *lastMile) check(field string) error {
	if len(r.SKUs) == 0 && len(r.Categories) == 0 {
		return Invalid{field, "must have skus or categories"}
	}
	for i, w := range r.Ways {
		if wayOf(w) == 0 {
			return Invalid{fmt.Sprintf("%s.ways[%d]", field, i), "must be parcel, local_delivery, pickup or carry_out"}
		}
	}
	if err := codes(field+".skus", r.SKUs, maxFreightRows); err != nil {
		return err
	}
	if err := codes(field+".categories", r.Categories, maxFreightRows); err != nil {
		return err
	}
	return codes(field+".groups", r.Groups, maxRegions)
}

func (*lastMile) drop(Demand, *Candidate) string { return "" }

func (r *lastMile) lessen(d Demand, c *Candidate, s *Stock, left int64) int64 {
	if len(r.Ways) > 0 && !slices.Contains(r.Ways, d.Way.code()) || len(r.Groups) > 0 && !c.Location.in(r.Groups) {
		return left
	}
	if slices.Contains(r.SKUs, s.key.SKU) {
		return 0
	}
	for _, l := range d.Lines {
		if l.SKU == s.key.SKU && l.Category != "" && slices.Contains(r.Categories, l.Category) {
			return 0
		}
	}
	return left
}
