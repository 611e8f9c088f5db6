package biz

import (
	"cmp"
	"fmt"
	"strings"
)

const (
	// defaultNodes bounds the exact search of a split; its optimum is proven within it for almost every order.
	defaultNodes = 2_000
	maxNodes     = 100_000
	maxParcels   = 200
	maxStages    = 16
	maxRules     = 16
	maxSelectors = 50
	maxRounds    = 20
)

// Strategy says how a demand is allocated: a ladder of stages that are tried in order. It is data with a version, which
// the explanation names, and it never changes.
type Strategy struct {
	Name         string
	Version      int64
	For          []Selector // empty: of nobody, unless it is the built-in one
	Nodes        int        // bound of the exact search for a split
	LocalRadiusM int64      // how far local delivery goes from a location that does not say
	Freight      string     // name of its freight table
	FairDays     int64      // the rolling window in which franchisees' shares are counted
	Decline      DeclineRules

	filters []filter // of every stage
	stages  []stage
}

// DeclineRules say what becomes of an order that a location does not take.
type DeclineRules struct {
	Rounds        int64  `json:"rounds,omitempty"`          // how often it is given to another one
	AnswerWithinS int64  `json:"answer_within_s,omitempty"` // silence after it counts as a decline; 0: nobody has to answer
	LastResort    string `json:"last_resort,omitempty"`     // the location that gets it in the end; empty: a person decides
}

// defaultRounds is how often an order is given to another location when its strategy does not say.
const defaultRounds = 3

// over says whether a round, the first allocation being number 1, comes after the last one.
func (r DeclineRules) over(round int64) bool { return round-1 > r.most() }

func (r DeclineRules) most() int64 {
	if r.Rounds > 0 {
		return r.Rounds
	}
	return defaultRounds
}

// Selector says which demands a strategy is for. What it leaves empty fits all.
type Selector struct {
	Channel string `json:"channel,omitempty"`
	Region  string `json:"region,omitempty"` // of the destination; a longer code lies in the shorter one
	Way     string `json:"way,omitempty"`
}

// fits says whether a demand is one of those.
func (s Selector) fits(d Demand) bool {
	return (s.Channel == "" || s.Channel == d.Channel) && strings.HasPrefix(d.Region, s.Region) && (s.Way == "" || s.Way == d.Way.code())
}

// compare puts the more specific selector first: the channel before the region, the longer region before the shorter one,
// then the way. Two different selectors that fit one demand are never equal.
func (s Selector) compare(o Selector) int {
	named := func(v string) int { return min(len(v), 1) }
	return cmp.Or(named(o.Channel)-named(s.Channel), len(o.Region)-len(s.Region), named(o.Way)-named(s.Way))
}

// stage is a step of the ladder.
type stage struct {
	name        string
	filters     []filter
	preferences []preference
	split       Split
}

// filter drops candidates. A soft one does so only if something remains.
type filter struct {
	name string
	soft bool
	rule filterRule
}

// preference orders what is left. Rules are compared in their strict order.
type preference struct {
	name string
	rule preferenceRule
}

// Split says how far a demand may be taken apart.
type Split struct {
	Parcels        int   // at most; 1: never; 0: as many as it takes
	MinParcelMinor int64 // what each parcel must be worth at list prices, when there are several
	BackOrder      bool  // what is not there stays open, for a demand that takes parts
}

// NearThenSplit is built in, for when no strategy is active: the nearest location that has all lines; else the fewest
// parcels, then the nearest.
func NearThenSplit() Strategy {
	near := preference{ruleNearest, &nearest{}}
	return Strategy{Name: "near-then-split", Version: 1, Nodes: defaultNodes, LocalRadiusM: 20_000, FairDays: 30, Decline: DeclineRules{Rounds: 3},
		stages: []stage{
			{name: "single", preferences: []preference{near}, split: Split{Parcels: 1}},
			{name: "split", preferences: []preference{{ruleFewestParcels, &fewestParcels{}}, near}, split: Split{Parcels: 5}},
		}}
}

// atTheTill is the ladder for a customer who stands in the shop with the goods: no rule of a strategy stops him.
var atTheTill = []stage{{name: "at the till", split: Split{Parcels: 1}}}

// Label is the name and version by which people know it.
func (s Strategy) Label() string { return fmt.Sprintf("%s v%d", s.Name, s.Version) }

func (s Strategy) ladder(d Demand) []stage {
	if d.Way == CarryOut {
		return atTheTill
	}
	return s.stages
}

// parcels is how many parcels a stage may make of a demand, with n candidates.
func (g stage) parcels(d Demand, n int) int {
	most := g.split.Parcels
	if d.Way.AtTheStore() {
		most = 1
	}
	if most == 0 || most > n {
		most = min(n, maxParcels)
	}
	if d.MaxParcels > 0 {
		most = min(most, d.MaxParcels)
	}
	return most
}

// Select chooses the strategy of a demand: the most specific one; the built-in one when none fits. Strategies come in any
// order; no two have an equal selector.
func Select(strategies []Strategy, d Demand) Strategy {
	best, found := Strategy{}, false
	var most Selector
	for _, s := range strategies {
		for _, sel := range s.For {
			if sel.fits(d) && (!found || sel.compare(most) < 0) {
				best, most, found = s, sel, true
			}
		}
	}
	if !found {
		return NearThenSplit()
	}
	return best
}

// Clash finds a selector that two strategies have.
func Clash(a, b Strategy) (Selector, bool) {
	for _, x := range a.For {
		for _, y := range b.For {
			if x == y {
				return x, true
			}
		}
	}
	return Selector{}, false
}

// Named are locations that must be looked at wherever they are: rules of the strategy speak of them.
func (s Strategy) Named(d Demand) []string {
	var codes []string
	if d.HomeStore != "" {
		codes = append(codes, d.HomeStore)
	}
	for _, g := range s.stages {
		for _, f := range append(s.filters, g.filters...) {
			if named, ok := f.rule.(*locations); ok {
				codes = append(codes, named.Only...)
			}
		}
	}
	return codes
}

// ByDistance says whether the nearest location that has everything is always the choice, so that nobody needs to look
// farther once it is found: the first stage neither drops by anything but distance nor prefers anything but the nearest.
func (s Strategy) ByDistance() bool {
	if len(s.stages) == 0 || len(s.filters) > 0 {
		return false
	}
	for _, f := range s.stages[0].filters {
		if _, ok := f.rule.(*distance); !ok || f.soft {
			return false
		}
	}
	first := s.stages[0].preferences
	if len(first) > 0 && first[0].name == ruleFewestParcels {
		first = first[1:]
	}
	if len(first) == 0 {
		return true
	}
	near, ok := first[0].rule.(*nearest)
	return ok && near.StepM <= 1
}

// code names a way in data.
func (w Way) code() string {
	switch w {
	case Parcel:
		return "parcel"
	case LocalDelivery:
		return "local_delivery"
	case Pickup:
		return "pickup"
	case CarryOut:
		return "carry_out"
	}
	return ""
}

// code names a kind in data.
func (k LocationKind) code() string {
	switch k {
	case Warehouse:
		return "warehouse"
	case DirectStore:
		return "direct_store"
	case FranchiseStore:
		return "franchise_store"
	}
	return ""
}
