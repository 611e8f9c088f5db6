package biz

import (
	"context"
	"strconv"
	"strings"
)

// NamedStrategy finds the strategy that is meant by "name", the version that counts, or by "name@3", any version of it. The
// built-in one goes by its name while no other counts under it.
func (uc Rulesets) NamedStrategy(ctx context.Context, reference string) (Strategy, *Freight, error) {
	active, err := uc.Book.ActiveRulesets(ctx)
	if err != nil {
		return Strategy{}, nil, err
	}
	s, err := uc.strategyNamed(ctx, reference, active)
	if err != nil || s.Freight == "" {
		return s, nil, err
	}
	for _, r := range active {
		if r.Kind == FreightRules && r.Name == s.Freight {
			f, err := ParseFreight(r.Name, r.Version, r.Body)
			return s, f, err
		}
	}
	return s, nil, nil
}

func (uc Rulesets) strategyNamed(ctx context.Context, reference string, active []Ruleset) (Strategy, error) {
	name, at, versioned := strings.Cut(reference, "@")
	if versioned {
		version, err := strconv.ParseInt(at, 10, 64)
		if err != nil || version < 1 {
			return Strategy{}, Invalid{"strategies", reference + " is no name@version"}
		}
		r, known, err := uc.Book.Ruleset(ctx, RulesetKey{Kind: StrategyRules, Name: name, Version: version})
		if err != nil {
			return Strategy{}, err
		}
		if known {
			return ParseStrategy(r.Name, r.Version, r.Body)
		}
	}
	for _, r := range active {
		if !versioned && r.Kind == StrategyRules && r.Name == name {
			return ParseStrategy(r.Name, r.Version, r.Body)
		}
	}
	if builtIn := NearThenSplit(); builtIn.Name == name && (!versioned || at == strconv.FormatInt(builtIn.Version, 10)) {
		return builtIn, nil
	}
	return Strategy{}, UnknownStrategy{reference}
}

// UnknownStrategy says that there is no such strategy, or no version of it that counts.
type UnknownStrategy struct{ Reference string }

// Error names it.
func (u UnknownStrategy) Error() string { return "strategy " + u.Reference + " is not known" }

// Fault is the public face.
func (u UnknownStrategy) Fault() (int, string, string, map[string]string) {
	return 404, "NOT_FOUND", "there is no such strategy, or no version of it counts: name one of its versions as name@version", map[string]string{"kind": "strategy", "name": u.Reference}
}
