package biz

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/onepool/onepool/app/internal/money"
)

// Silence says what happens when nobody decides about an order that is held.
type Silence string

// What may happen.
const (
	SilenceWaits     Silence = "WAIT"     // it is held until somebody decides
	SilenceReleases  Silence = "RELEASE"  // nobody has objected
	SilenceEscalates Silence = "ESCALATE" // it is listed as urgent, and held
)

// ReviewRule says which orders are held for a person before a location hears of them. All conditions that it has must be true.
type ReviewRule struct {
	Org  string `json:"-"` // whose rule it is
	Code string `json:"-"`
	Name string `json:"name"`
	// Everyone: it counts for the orders of all sellers; a rule of headquarters only.
	Everyone bool   `json:"everyone,omitempty"`
	Channel  string `json:"channel,omitempty"` // empty: all

	// AmountMinor of Currency, goods and freight, at least; PiecesFrom of all lines together, at least.
	AmountMinor int64  `json:"amount_minor,omitempty"`
	Currency    string `json:"currency,omitempty"`
	PiecesFrom  int64  `json:"pieces_from,omitempty"`
	// FirstOrder of its member: he has no other one that is not cancelled.
	FirstOrder bool `json:"first_order,omitempty"`
	WithRemark bool `json:"with_remark,omitempty"` // of the buyer
	// ToAddress orders of the seller, this one among them, go to one address, all placed within WithinUS.
	ToAddress int64 `json:"to_address,omitempty"`
	WithinUS  int64 `json:"within_us,omitempty"`
	// Regions that the goods go to, and what is in them; a line of one of these SKUs, categories (with what is below them) or brands.
	Regions    []string `json:"regions,omitempty"`
	SKUs       []string `json:"skus,omitempty"`
	Categories []string `json:"categories,omitempty"`
	Brands     []string `json:"brands,omitempty"`
	// BelowCost: another owner's goods cost the seller more than the buyer pays for them.
	BelowCost bool `json:"below_cost,omitempty"`

	// Silence AfterUS from when the order is held; 0 with SilenceWaits.
	Silence Silence `json:"silence"`
	AfterUS int64   `json:"after_us,omitempty"`
	// Withdrawn: the rule is over.
	Withdrawn bool `json:"withdrawn,omitempty"`
	Dated     `json:"-"`
}

// longestReviewUS bounds times of a rule.
const longestReviewUS = int64(90 * 24 * time.Hour / time.Microsecond)

// Validate refuses a rule that nobody can mean.
func (r ReviewRule) Validate() error {
	switch {
	case r.Code == "":
		return Invalid("code", "must be there")
	case r.Withdrawn:
		return nil
	case r.AmountMinor < 0 || (r.AmountMinor > 0) != (r.Currency != ""):
		return Invalid("amount_from", "must be above 0, in a currency")
	case r.PiecesFrom < 0:
		return Invalid("pieces_from", "must not be negative")
	case r.ToAddress != 0 && (r.ToAddress < 2 || r.WithinUS <= 0 || r.WithinUS > longestReviewUS):
		return Invalid("to_address", "needs at least 2 orders within at most 90 days")
	case r.ToAddress == 0 && r.WithinUS != 0:
		return Invalid("to_address", "needs a number of orders")
	case slices.Contains(slices.Concat(r.Regions, r.SKUs, r.Categories, r.Brands), ""):
		return Invalid("regions", "and SKUs, categories and brands must not be empty")
	}
	switch r.Silence {
	case SilenceWaits:
		if r.AfterUS != 0 {
			return Invalid("after_s", "must be 0 where silence decides nothing")
		}
	case SilenceReleases, SilenceEscalates:
		if r.AfterUS <= 0 || r.AfterUS > longestReviewUS {
			return Invalid("after_s", "must be above 0 and at most 90 days")
		}
	default:
		return Invalid("silence", "must be said")
	}
	if r.unconditional() && r.Silence != SilenceReleases {
		return Invalid("silence", "must release: a rule without a condition holds every order")
	}
	return nil
}

func (r ReviewRule) unconditional() bool {
	return r.AmountMinor == 0 && r.PiecesFrom == 0 && !r.FirstOrder && !r.WithRemark && r.ToAddress == 0 && !r.BelowCost &&
		len(r.Regions)+len(r.SKUs)+len(r.Categories)+len(r.Brands) == 0
}

// ReviewRules are rules of all sellers and times.
type ReviewRules []ReviewRule

// ReviewRuleReader knows the rules.
type ReviewRuleReader interface {
	// Rules are as old as a second; nowUS is the database's time, 0: it is asked.
	Rules(ctx context.Context, nowUS int64) (ReviewRules, error)
}

// For are the rules that may hold an order, by their codes.
func (all ReviewRules) For(h Header, nowUS int64) []ReviewRule {
	if len(all) == 0 || h.Kind == KindTill || h.OriginReturn != "" { // the goods have left, or are for others that came back
		return nil
	}
	rules := current(all, nowUS, func(r ReviewRule) string { return r.Org + "/" + r.Code }, func(r ReviewRule) Dated { return r.Dated })
	rules = slices.DeleteFunc(rules, func(r ReviewRule) bool {
		return r.Withdrawn || !r.Everyone && r.Org != h.Org || r.Channel != "" && r.Channel != h.Channel
	})
	slices.SortFunc(rules, func(a, b ReviewRule) int {
		return cmp.Or(strings.Compare(a.Code, b.Code), strings.Compare(a.Org, b.Org))
	})
	return rules
}

// GoodsFacts are what rules go by of a SKU.
type GoodsFacts struct {
	Category string `json:"category,omitempty"`
	Brand    string `json:"brand,omitempty"`
}

// goodsFor are the facts of a draft's goods, if a rule asks for them.
func goodsFor(rules []ReviewRule, skus map[string]SKU, r Record) map[string]GoodsFacts {
	if !slices.ContainsFunc(rules, func(r ReviewRule) bool { return len(r.Categories)+len(r.Brands) > 0 }) {
		return nil
	}
	goods := make(map[string]GoodsFacts, len(r.Lines))
	for _, l := range r.Lines {
		goods[l.SKU] = GoodsFacts{skus[l.SKU].Category, skus[l.SKU].Brand}
	}
	return goods
}

// reviewed notes in a draft what rules ask about its goods.
func (s Seeker) reviewed(ctx context.Context, d *Draft, skus map[string]SKU) error {
	if s.Reviews == nil {
		return nil
	}
	all, err := s.Reviews.Rules(ctx, 0)
	d.Goods = goodsFor(all, skus, d.Record)
	return err
}

// ReviewFacts are what rules go by beside the order itself.
type ReviewFacts struct {
	Goods  map[string]GoodsFacts
	Region string
	Held   []Reservation // that the order is made with
	// FirstOrder of its member; Placed are when other orders to its address were placed. Both are asked for only where a rule
	// needs them.
	FirstOrder bool
	Placed     []int64
}

// ReviewNeeds is what has to be asked for before rules are decided. The zero value: nothing.
type ReviewNeeds struct {
	FirstOrder bool
	WithinUS   int64 // other orders to the address, so far back
}

// Needs says what rules need to know that would hold the order if it was so: an order that no rule can touch needs nothing.
func Needs(r Record, f ReviewFacts, rules []ReviewRule) (n ReviewNeeds) {
	for _, rule := range rules {
		if !rule.holdsAlone(r, f) {
			continue
		}
		if rule.FirstOrder && r.MemberID != "" {
			n.FirstOrder = true
		}
		if rule.ToAddress > 0 && r.Place() != "" {
			n.WithinUS = max(n.WithinUS, rule.WithinUS)
		}
	}
	return n
}

// ReviewHit is a rule that holds an order, as it was then, and why in words.
type ReviewHit struct {
	Code    string  `json:"code"`
	Org     string  `json:"org"`
	Version int64   `json:"version"`
	Name    string  `json:"name,omitempty"`
	Why     string  `json:"why"`
	Silence Silence `json:"silence"`
	AfterUS int64   `json:"after_us,omitempty"`
}

// ReviewHits are the rules that hold an order which is being placed at nowUS.
func ReviewHits(r Record, f ReviewFacts, rules []ReviewRule, nowUS int64) (hits []ReviewHit) {
	for _, rule := range rules {
		if !rule.holdsAlone(r, f) || rule.FirstOrder && (r.MemberID == "" || !f.FirstOrder) {
			continue
		}
		if rule.ToAddress > 0 && (r.Place() == "" || rule.near(f.Placed, nowUS) < rule.ToAddress) {
			continue
		}
		hits = append(hits, ReviewHit{
			Code: rule.Code, Org: rule.Org, Version: rule.Version, Name: rule.Name, Why: rule.why(), Silence: rule.Silence, AfterUS: rule.AfterUS,
		})
	}
	return hits
}

// near counts orders to the address, with the one that is being placed.
func (r ReviewRule) near(placed []int64, nowUS int64) int64 {
	n := int64(1)
	for _, at := range placed {
		if at >= nowUS-r.WithinUS {
			n++
		}
	}
	return n
}

// holdsAlone says whether all is true that needs nothing but the order and its goods.
func (r ReviewRule) holdsAlone(o Record, f ReviewFacts) bool {
	var pieces int64
	for _, l := range o.Lines {
		pieces += l.Quantity
	}
	switch {
	case r.AmountMinor > 0 && (o.Currency != r.Currency || o.TotalMinor < r.AmountMinor),
		pieces < r.PiecesFrom,
		r.WithRemark && strings.TrimSpace(o.Remark) == "",
		len(r.Regions) > 0 && !slices.ContainsFunc(r.Regions, func(region string) bool { return strings.HasPrefix(f.Region, region) }),
		r.BelowCost && !belowCost(o, f.Held):
		return false
	}
	if len(r.SKUs)+len(r.Categories)+len(r.Brands) == 0 {
		return true
	}
	return slices.ContainsFunc(o.Lines, func(l Line) bool {
		g := f.Goods[l.SKU]
		return slices.Contains(r.SKUs, l.SKU) || below(r.Categories, g.Category) || g.Brand != "" && slices.Contains(r.Brands, g.Brand)
	})
}

// below says whether a category is one of those, or in one of them.
func below(list []string, x string) bool {
	return slices.ContainsFunc(list, func(top string) bool { return x == top || strings.HasPrefix(x, top+"/") })
}

// belowCost says whether other owners get more for what is held of a line than the buyer pays for it. What is not held yet is not known.
func belowCost(o Record, held []Reservation) bool {
	for _, l := range o.Lines {
		var cost, foreign, all int64
		for _, h := range held {
			if h.LineID != l.ID {
				continue
			}
			all += h.Quantity
			if h.Owner != o.Org {
				foreign, cost = foreign+h.Quantity, cost+h.SettlementMinor*h.Quantity
			}
		}
		if foreign > 0 && cost > money.Proportion(l.PayableMinor, foreign, all) {
			return true
		}
	}
	return false
}

// why names the conditions of a rule, for those who read what it holds.
func (r ReviewRule) why() string {
	var said []string
	say := func(is bool, what string) {
		if is {
			said = append(said, what)
		}
	}
	say(r.AmountMinor > 0, "amount")
	say(r.PiecesFrom > 0, "pieces")
	say(r.FirstOrder, "first order")
	say(r.WithRemark, "remark")
	say(r.ToAddress > 0, "orders to one address")
	say(len(r.Regions) > 0, "region")
	say(len(r.SKUs)+len(r.Categories)+len(r.Brands) > 0, "goods")
	say(r.BelowCost, "below cost")
	say(r.unconditional(), "waits for others")
	return strings.Join(said, ", ")
}

// silenceOf is what silence about an order means that several rules hold: the strictest of them counts.
func silenceOf(hits []ReviewHit) (s Silence, afterUS int64) {
	s = SilenceReleases
	for _, h := range hits {
		switch {
		case h.Silence == SilenceEscalates && s != SilenceEscalates:
			s, afterUS = SilenceEscalates, h.AfterUS
		case h.Silence == SilenceEscalates:
			afterUS = min(afterUS, h.AfterUS)
		case h.Silence == SilenceReleases && s == SilenceReleases:
			afterUS = max(afterUS, h.AfterUS)
		case h.Silence == SilenceWaits && s == SilenceReleases:
			s, afterUS = SilenceWaits, 0
		}
	}
	if len(hits) == 0 {
		s = SilenceWaits
	}
	return s, afterUS
}
