package biz

import (
	"encoding/json"
	"fmt"
	"strings"
)

// MaxRulesetBytes is how long the body of a strategy or of a freight table may be.
const MaxRulesetBytes = 1 << 20

type strategyBody struct {
	For          []Selector        `json:"for"`
	Filters      []json.RawMessage `json:"filters"`
	Stages       []json.RawMessage `json:"stages"`
	Nodes        int               `json:"nodes"`
	LocalRadiusM *int64            `json:"local_radius_m"`
	Freight      string            `json:"freight"`
	FairDays     int64             `json:"fair_share_days"`
	Decline      *DeclineRules     `json:"decline"`
}

type stageBody struct {
	Name        string            `json:"name"`
	Filters     []json.RawMessage `json:"filters"`
	Preferences []json.RawMessage `json:"preferences"`
	Split       splitBody         `json:"split"`
}

type splitBody struct {
	Parcels        json.RawMessage `json:"parcels"` // "never", "any" or a number
	MinParcelMinor int64           `json:"min_parcel_minor"`
	BackOrder      bool            `json:"back_order"`
}

// ParseStrategy reads a body. It refuses what it does not know, and whatever cannot be, with the path of the field.
func ParseStrategy(name string, version int64, body []byte) (Strategy, error) {
	var b strategyBody
	if err := decode("", body, &b); err != nil {
		return Strategy{}, err
	}
	s := NearThenSplit()
	s.Name, s.Version, s.For, s.Freight, s.stages = name, version, b.For, b.Freight, nil
	if err := s.bounds(b); err != nil {
		return Strategy{}, err
	}
	var err error
	if s.filters, err = parseFilters("filters", b.Filters); err != nil {
		return Strategy{}, err
	}
	if len(b.Stages) == 0 || len(b.Stages) > maxStages {
		return Strategy{}, Invalid{"stages", fmt.Sprintf("must have 1 to %d entries", maxStages)}
	}
	seen := map[string]bool{}
	for i, raw := range b.Stages {
		field := fmt.Sprintf("stages[%d]", i)
		g, err := parseStage(field, raw)
		if err != nil {
			return Strategy{}, err
		}
		if seen[g.name] {
			return Strategy{}, Invalid{field + ".name", "occurs twice: " + g.name}
		}
		seen[g.name] = true
		if i < len(b.Stages)-1 && g.split.BackOrder {
			return Strategy{}, Invalid{field + ".split.back_order", "can only be in the last stage: nothing is tried after it"}
		}
		if s.Freight == "" && has(g.preferences, ruleCheapestFreight) {
			return Strategy{}, Invalid{"freight", "must name a freight table: a preference needs it"}
		}
		s.stages = append(s.stages, g)
	}
	return s, nil
}

// bounds checks the numbers and selectors of a body.
func (s *Strategy) bounds(b strategyBody) error {
	if len(b.For) > maxSelectors {
		return Invalid{"for", fmt.Sprintf("must have at most %d entries", maxSelectors)}
	}
	for i, sel := range b.For {
		field := fmt.Sprintf("for[%d]", i)
		if len(sel.Channel) > maxCodeLen || len(sel.Region) > maxCodeLen {
			return Invalid{field, "channel and region must have at most 64 characters"}
		}
		if sel.Way != "" && wayOf(sel.Way) == 0 {
			return Invalid{field + ".way", "must be parcel, local_delivery, pickup or carry_out"}
		}
		for _, other := range b.For[:i] {
			if other == sel {
				return Invalid{field, "occurs twice"}
			}
		}
	}
	if b.Nodes != 0 {
		s.Nodes = b.Nodes
	}
	if b.LocalRadiusM != nil {
		s.LocalRadiusM = *b.LocalRadiusM
	}
	if b.FairDays != 0 {
		s.FairDays = b.FairDays
	}
	if b.Decline != nil {
		s.Decline = *b.Decline
	}
	switch {
	case s.Nodes < 1 || s.Nodes > maxNodes:
		return Invalid{"nodes", fmt.Sprintf("must be between 1 and %d", maxNodes)}
	case s.LocalRadiusM < 0 || s.LocalRadiusM > 20_100_000:
		return Invalid{"local_radius_m", "must be between 0 and 20100000"}
	case s.FairDays < 1 || s.FairDays > 366:
		return Invalid{"fair_share_days", "must be between 1 and 366"}
	case len(s.Freight) > maxCodeLen:
		return Invalid{"freight", "must have at most 64 characters"}
	case s.Decline.Rounds < 0 || s.Decline.Rounds > maxRounds:
		return Invalid{"decline.rounds", fmt.Sprintf("must be between 0 and %d", maxRounds)}
	case s.Decline.AnswerWithinS < 0 || s.Decline.AnswerWithinS > 30*86_400:
		return Invalid{"decline.answer_within_s", "must be between 0 and 2592000"}
	case len(s.Decline.LastResort) > maxCodeLen:
		return Invalid{"decline.last_resort", "must have at most 64 characters"}
	}
	return nil
}

func parseStage(field string, raw json.RawMessage) (stage, error) {
	var b stageBody
	if err := decode(field, raw, &b); err != nil {
		return stage{}, err
	}
	if b.Name == "" || len(b.Name) > maxCodeLen || strings.ContainsAny(b.Name, "\n\r\"") {
		return stage{}, Invalid{field + ".name", "must have 1 to 64 characters, without quotes and line ends"}
	}
	g := stage{name: b.Name}
	var err error
	if g.filters, err = parseFilters(field+".filters", b.Filters); err != nil {
		return stage{}, err
	}
	if g.preferences, err = parsePreferences(field+".preferences", b.Preferences); err != nil {
		return stage{}, err
	}
	if g.split, err = parseSplit(field+".split", b.Split); err != nil {
		return stage{}, err
	}
	return g, nil
}

func parseSplit(field string, b splitBody) (Split, error) {
	s := Split{Parcels: 1, MinParcelMinor: b.MinParcelMinor, BackOrder: b.BackOrder}
	var n int
	switch text := string(b.Parcels); {
	case text == "" || text == `"never"`:
	case text == `"any"`:
		s.Parcels = 0
	case json.Unmarshal(b.Parcels, &n) == nil && n >= 1 && n <= maxParcels:
		s.Parcels = n
	default:
		return Split{}, Invalid{field + ".parcels", fmt.Sprintf("must be \"never\", \"any\" or a number from 1 to %d", maxParcels)}
	}
	if b.MinParcelMinor < 0 || b.MinParcelMinor > 1_000_000_000_000 {
		return Split{}, Invalid{field + ".min_parcel_minor", "must be between 0 and 1000000000000"}
	}
	return s, nil
}

func parseFilters(field string, raws []json.RawMessage) ([]filter, error) {
	if len(raws) > maxRules {
		return nil, Invalid{field, fmt.Sprintf("must have at most %d entries", maxRules)}
	}
	var all []filter
	for i, raw := range raws {
		at := fmt.Sprintf("%s[%d]", field, i)
		head, rest, err := headOf(at, raw)
		if err != nil {
			return nil, err
		}
		rule := newFilter(head.Rule)
		if rule == nil {
			return nil, Invalid{at + ".rule", "is no filter: " + head.Rule}
		}
		if err := decode(at, rest, rule); err != nil {
			return nil, err
		}
		if err := rule.check(at); err != nil {
			return nil, err
		}
		if _, lessens := rule.(lessener); lessens && head.Soft {
			return nil, Invalid{at + ".soft", "is for filters that drop locations; this one lowers what may be taken"}
		}
		all = append(all, filter{name: head.Rule, soft: head.Soft, rule: rule})
	}
	return all, nil
}

func parsePreferences(field string, raws []json.RawMessage) ([]preference, error) {
	if len(raws) > maxPreferences {
		return nil, Invalid{field, fmt.Sprintf("must have at most %d entries", maxPreferences)}
	}
	var all []preference
	for i, raw := range raws {
		at := fmt.Sprintf("%s[%d]", field, i)
		head, rest, err := headOf(at, raw)
		if err != nil {
			return nil, err
		}
		if head.Soft {
			return nil, Invalid{at + ".soft", "is for filters"}
		}
		rule := newPreference(head.Rule)
		if rule == nil {
			return nil, Invalid{at + ".rule", "is no preference: " + head.Rule}
		}
		if err := decode(at, rest, rule); err != nil {
			return nil, err
		}
		if err := rule.check(at); err != nil {
			return nil, err
		}
		if has(all, head.Rule) {
			return nil, Invalid{at + ".rule", "occurs twice: " + head.Rule}
		}
		all = append(all, preference{name: head.Rule, rule: rule})
	}
	return all, nil
}

func has(list []preference, name string) bool {
	for _, p := range list {
		if p.name == name {
			return true
		}
	}
	return false
}

type head struct {
	Rule string
	Soft bool
}

// headOf takes a rule's name off its parameters.
func headOf(field string, raw json.RawMessage) (h head, rest json.RawMessage, err error) {
	var parts map[string]json.RawMessage
	if err := decode(field, raw, &parts); err != nil {
		return h, nil, err
	}
	if err := json.Unmarshal(parts["rule"], &h.Rule); parts["rule"] == nil || err != nil {
		return h, nil, Invalid{field + ".rule", "must name a rule"}
	}
	if parts["soft"] != nil {
		if err := json.Unmarshal(parts["soft"], &h.Soft); err != nil {
			return h, nil, Invalid{field + ".soft", "must be true or false"}
		}
	}
	delete(parts, "rule")
	delete(parts, "soft")
	rest, err = json.Marshal(parts)
	return h, rest, err
}

// ParseFreight reads the body of a freight table, as strictly.
func ParseFreight(name string, version int64, body []byte) (*Freight, error) {
	var b FreightBody
	if err := decode("", body, &b); err != nil {
		return nil, err
	}
	return NewFreight(name, version, b)
}

// ParseProfile reads a profile as it is kept.
func ParseProfile(body []byte) (*Profile, error) {
	var b ProfileBody
	if err := decode("", body, &b); err != nil {
		return nil, err
	}
	return NewProfile(b)
}

func wayOf(code string) Way {
	for w := Parcel; w <= CarryOut; w++ {
		if w.code() == code {
			return w
		}
	}
	return 0
}

func kindOf(code string) LocationKind {
	for k := Warehouse; k <= FranchiseStore; k++ {
		if k.code() == code {
			return k
		}
	}
	return 0
}
