package biz

import (
	"context"
	"slices"
	"strconv"
)

// RulesetKind says what a ruleset is.
type RulesetKind int8

// The kinds.
const (
	StrategyRules RulesetKind = 1
	FreightRules  RulesetKind = 2
)

// String names the kind, as it is stored.
func (k RulesetKind) String() string {
	if k == FreightRules {
		return "FREIGHT"
	}
	return "STRATEGY"
}

// RulesetState says whether a version counts.
type RulesetState int8

// The states. A draft can be changed; what was active once never is, but it can be taken back.
const (
	Draft    RulesetState = 1
	Active   RulesetState = 2
	Archived RulesetState = 3
)

// String names the state.
func (s RulesetState) String() string {
	switch s {
	case Draft:
		return "DRAFT"
	case Active:
		return "ACTIVE"
	case Archived:
		return "ARCHIVED"
	}
	return "UNKNOWN"
}

// RulesetKey is a version of a name.
type RulesetKey struct {
	Kind    RulesetKind
	Name    string
	Version int64
}

// Ruleset is a version of what allocation goes by.
type Ruleset struct {
	RulesetKey
	State                  RulesetState
	Body                   []byte
	Revision               int64
	CreatedBy, ActivatedBy string
	CreatedUS, UpdatedUS   int64
}

// RulesetBook keeps rulesets, in the context's transaction. One caller at a time changes them.
type RulesetBook interface {
	// LockRulesets lets one change rulesets at a time.
	LockRulesets(ctx context.Context) error
	// Ruleset returns a version; known is false when there is none.
	Ruleset(ctx context.Context, key RulesetKey) (r Ruleset, known bool, err error)
	// ActiveRulesets returns those that count, of both kinds, by kind and name.
	ActiveRulesets(ctx context.Context) ([]Ruleset, error)
	// LastVersion is the highest version of a name; 0: there is none.
	LastVersion(ctx context.Context, kind RulesetKind, name string) (int64, error)
	// AddRuleset stores a new version, and answers it with its times.
	AddRuleset(ctx context.Context, r Ruleset) (Ruleset, error)
	// ChangeRuleset stores what has changed of a version: body, state, revision, who activated it.
	ChangeRuleset(ctx context.Context, r Ruleset) (Ruleset, error)
}

// Rules are the strategies and freight tables that count, as they were at one moment. They never change: new ones take their
// place.
type Rules struct {
	strategies []Strategy
	freight    map[string]*Freight
	fair       bool // a strategy asks for fair shares
}

// NewRules reads the active rulesets.
func NewRules(active []Ruleset) (*Rules, error) {
	r := &Rules{freight: map[string]*Freight{}}
	for _, row := range active {
		if row.Kind == FreightRules {
			f, err := ParseFreight(row.Name, row.Version, row.Body)
			if err != nil {
				return nil, broken("active freight table %s: %v", row.Name, err)
			}
			r.freight[row.Name] = f
			continue
		}
		s, err := ParseStrategy(row.Name, row.Version, row.Body)
		if err != nil {
			return nil, broken("active strategy %s: %v", row.Name, err)
		}
		r.strategies = append(r.strategies, s)
		r.fair = r.fair || s.shares()
	}
	return r, nil
}

// For is the strategy of a demand, and its freight table.
func (r *Rules) For(d Demand) (Strategy, *Freight) {
	s := Select(r.strategies, d)
	return s, r.freight[s.Freight]
}

// shares says whether a preference counts what franchisees have been given.
func (s Strategy) shares() bool {
	return slices.ContainsFunc(s.stages, func(g stage) bool { return has(g.preferences, ruleFairShare) })
}

// Rulesets are written by headquarters' operators and administrators, and read by all of headquarters.
type Rulesets struct{ Book RulesetBook }

// MayRule says whether the caller may change what allocation goes by.
func (c Caller) MayRule() error {
	if !c.Headquarters || !c.any("operator", "admin") {
		return Forbidden{"operator or admin of headquarters"}
	}
	return nil
}

// MayReadRules says whether the caller may read it.
func (c Caller) MayReadRules() error {
	if !c.Headquarters {
		return Forbidden{"headquarters"}
	}
	return nil
}

// Create stores the next version of a name as a draft: of a body, or as a copy.
func (uc Rulesets) Create(ctx context.Context, by Caller, kind RulesetKind, name string, body []byte, copyOf int64) (Ruleset, error) {
	if (len(body) == 0) == (copyOf == 0) {
		return Ruleset{}, Invalid{"body", "or copy_of_version is needed, and not both"}
	}
	if err := uc.Book.LockRulesets(ctx); err != nil {
		return Ruleset{}, err
	}
	if copyOf > 0 {
		from, err := uc.get(ctx, RulesetKey{kind, name, copyOf})
		if err != nil {
			return Ruleset{}, err
		}
		body = from.Body
	}
	if err := parses(kind, name, body); err != nil {
		return Ruleset{}, err
	}
	last, err := uc.Book.LastVersion(ctx, kind, name)
	if err != nil {
		return Ruleset{}, err
	}
	return uc.Book.AddRuleset(ctx, Ruleset{RulesetKey: RulesetKey{kind, name, last + 1}, State: Draft, Body: body, Revision: 1, CreatedBy: by.Name})
}

// Update puts another body in place of a draft's, if it still is the revision that the caller has seen.
func (uc Rulesets) Update(ctx context.Context, key RulesetKey, body []byte, expected int64) (Ruleset, error) {
	if err := parses(key.Kind, key.Name, body); err != nil {
		return Ruleset{}, err
	}
	r, err := uc.locked(ctx, key)
	switch {
	case err != nil:
		return Ruleset{}, err
	case r.State != Draft:
		return Ruleset{}, RulesetIs{r.State, r.Revision}
	case r.Revision != expected:
		return Ruleset{}, RulesetIs{r.State, r.Revision}
	}
	r.Body = body
	r.Revision++
	return uc.Book.ChangeRuleset(ctx, r)
}

// Activate makes a version the one that counts and archives the one that did. It refuses a body that cannot be, a selector
// that another active strategy has too, and a freight table that is not active.
func (uc Rulesets) Activate(ctx context.Context, by Caller, key RulesetKey, expected int64) (Ruleset, error) {
	r, err := uc.locked(ctx, key)
	switch {
	case err != nil:
		return Ruleset{}, err
	case r.State == Active || r.Revision != expected:
		return Ruleset{}, RulesetIs{r.State, r.Revision}
	}
	active, err := uc.Book.ActiveRulesets(ctx)
	if err != nil {
		return Ruleset{}, err
	}
	if err := fitting(r, active); err != nil {
		return Ruleset{}, err
	}
	for _, other := range active {
		if other.Kind == r.Kind && other.Name == r.Name {
			other.State = Archived
			if _, err := uc.Book.ChangeRuleset(ctx, other); err != nil {
				return Ruleset{}, err
			}
		}
	}
	r.State, r.ActivatedBy = Active, by.Name
	return uc.Book.ChangeRuleset(ctx, r)
}

// Archive takes a version out of use. It refuses a freight table that an active strategy names.
func (uc Rulesets) Archive(ctx context.Context, key RulesetKey) (Ruleset, error) {
	r, err := uc.locked(ctx, key)
	switch {
	case err != nil:
		return Ruleset{}, err
	case r.State == Archived:
		return Ruleset{}, RulesetIs{r.State, r.Revision}
	}
	if r.State == Active && r.Kind == FreightRules {
		active, err := uc.Book.ActiveRulesets(ctx)
		if err != nil {
			return Ruleset{}, err
		}
		rules, err := NewRules(active)
		if err != nil {
			return Ruleset{}, err
		}
		for _, s := range rules.strategies {
			if s.Freight == r.Name {
				return Ruleset{}, RulesetInUse{s.Name}
			}
		}
	}
	r.State = Archived
	return uc.Book.ChangeRuleset(ctx, r)
}

// Validate says whether a body could be activated now; nothing is stored.
func (uc Rulesets) Validate(ctx context.Context, kind RulesetKind, name string, body []byte) error {
	active, err := uc.Book.ActiveRulesets(ctx)
	if err != nil {
		return err
	}
	return fitting(Ruleset{RulesetKey: RulesetKey{kind, name, 0}, Body: body}, active)
}

func (uc Rulesets) locked(ctx context.Context, key RulesetKey) (Ruleset, error) {
	if err := uc.Book.LockRulesets(ctx); err != nil {
		return Ruleset{}, err
	}
	return uc.get(ctx, key)
}

func (uc Rulesets) get(ctx context.Context, key RulesetKey) (Ruleset, error) {
	r, known, err := uc.Book.Ruleset(ctx, key)
	if err == nil && !known {
		err = UnknownRuleset{key}
	}
	return r, err
}

func parses(kind RulesetKind, name string, body []byte) (err error) {
	if kind == FreightRules {
		_, err = ParseFreight(name, 0, body)
	} else {
		_, err = ParseStrategy(name, 0, body)
	}
	return err
}

// fitting says whether a version can count beside those that do.
func fitting(r Ruleset, active []Ruleset) error {
	if r.Kind == FreightRules {
		return parses(r.Kind, r.Name, r.Body)
	}
	s, err := ParseStrategy(r.Name, r.Version, r.Body)
	if err != nil {
		return err
	}
	if len(s.For) == 0 {
		return Invalid{"for", "must have at least one entry; {} fits every document"}
	}
	rules, err := NewRules(active)
	if err != nil {
		return err
	}
	for _, other := range rules.strategies {
		if other.Name == s.Name {
			continue
		}
		if sel, clash := Clash(s, other); clash {
			return Invalid{"for", "the active strategy " + other.Name + " has an equal entry: " + sel.String()}
		}
	}
	if s.Freight != "" && rules.freight[s.Freight] == nil {
		return Invalid{"freight", "is no active freight table: " + s.Freight}
	}
	return nil
}

// String names what a selector fits.
func (s Selector) String() string {
	return "channel " + strconv.Quote(s.Channel) + ", region " + strconv.Quote(s.Region) + ", way " + strconv.Quote(s.Way)
}

// UnknownRuleset says that there is no such version.
type UnknownRuleset struct{ Key RulesetKey }

// Error names it.
func (u UnknownRuleset) Error() string {
	return u.Key.Kind.String() + " " + u.Key.Name + " version " + strconv.FormatInt(u.Key.Version, 10) + " is not known"
}

// Fault is the public face.
func (u UnknownRuleset) Fault() (int, string, string, map[string]string) {
	return 404, "NOT_FOUND", "there is no such version: list them", map[string]string{"kind": "ruleset"}
}

// RulesetIs refuses a change of a version that is in another state, or was changed meanwhile.
type RulesetIs struct {
	State    RulesetState
	Revision int64
}

// Error says how it is.
func (r RulesetIs) Error() string {
	return "the version is " + r.State.String() + ", revision " + strconv.FormatInt(r.Revision, 10)
}

// Fault is the public face.
func (r RulesetIs) Fault() (int, string, string, map[string]string) {
	return 409, reasonState, r.Error() + ": read it again", map[string]string{"state": r.State.String(), "revision": strconv.FormatInt(r.Revision, 10)}
}

// RulesetInUse refuses to archive a freight table that a strategy goes by.
type RulesetInUse struct{ Strategy string }

// Error names the strategy.
func (r RulesetInUse) Error() string {
	return "the active strategy " + r.Strategy + " goes by this table"
}

// Fault is the public face.
func (r RulesetInUse) Fault() (int, string, string, map[string]string) {
	return 409, reasonState, r.Error() + ": archive the strategy first", map[string]string{"state": "IN_USE", "strategy": r.Strategy}
}

const reasonState = "STATE_CONFLICT"
