package data

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/order"
	"github.com/onepool/onepool/app/order/internal/data/ent/promotion"
	"github.com/onepool/onepool/app/order/internal/data/ent/promotionbuyer"
	"github.com/onepool/onepool/app/order/internal/data/ent/promotionversion"
	"github.com/onepool/onepool/app/order/pricing"
)

// What this process writes is seen by its next price; what another replica writes, after a second. What orders may use is
// decided when they take it, whatever a price was calculated with.
const (
	maxAgeUS = 1_000_000

	topicPromotions    = "order.promotions"     // terms were written
	topicPromotionUses = "order.promotion_uses" // something was taken or given back
)

// inUse are the promotions in use, decoded.
type inUse struct {
	mu sync.Mutex

	promotions      []versions
	limited         []string // those of which less can be left
	readUS          int64
	written, usedAt uint64 // signals that were given before it was read
	read            bool
}

// versions of one promotion, the latest first, down to the one that was in force when they were read.
type versions []biz.Promotion

func (v versions) at(nowUS int64) biz.Promotion { return biz.InForce(v, nowUS) }

// fresh reads what has changed, and calls use with what there is.
func (c *inUse) fresh(ctx context.Context, s *Promotions, nowUS int64, use func(c *inUse)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	written, used := s.db.Signaled(topicPromotions), s.db.Signaled(topicPromotionUses)
	var err error
	switch {
	case !c.read || written != c.written || nowUS < c.readUS || nowUS-c.readUS >= maxAgeUS:
		err = c.load(ctx, s, nowUS)
	case used != c.usedAt && len(c.limited) > 0:
		err = c.count(ctx, s)
	}
	if err != nil {
		c.read = false
		return err
	}
	c.written, c.usedAt = written, used
	use(c)
	return nil
}

func (c *inUse) load(ctx context.Context, s *Promotions, nowUS int64) error {
	rows, err := s.ent.Promotion.Query().Where(promotion.Ended(false), promotion.Or(promotion.UntilUs(0), promotion.UntilUsGT(nowUS))).Order(ent.Asc(promotion.FieldID)).All(ctx)
	if err != nil {
		return fmt.Errorf("promotions: %w", err)
	}
	latest := make([]biz.Promotion, len(rows))
	for i, row := range rows {
		if latest[i], err = toPromotion(row); err != nil {
			return err
		}
	}
	all, err := s.versions(ctx, latest, nowUS)
	if err != nil {
		return err
	}
	c.promotions, c.limited, c.readUS, c.read = all, nil, nowUS, true
	for _, v := range all {
		if slices.ContainsFunc(v, func(p biz.Promotion) bool { return p.BudgetMinor > 0 || p.Quota > 0 }) {
			c.limited = append(c.limited, v[0].ID)
		}
	}
	return nil
}

// count reads again what is used of the limited ones.
func (c *inUse) count(ctx context.Context, s *Promotions) error {
	rows, err := s.ent.Promotion.Query().Where(promotion.IDIn(c.limited...)).Select(promotion.FieldID, promotion.FieldUsedMinor, promotion.FieldUsedQuantity).All(ctx)
	if err != nil {
		return fmt.Errorf("used of promotions: %w", err)
	}
	used := make(map[string]*ent.Promotion, len(rows))
	for _, row := range rows {
		used[row.ID] = row
	}
	for _, v := range c.promotions {
		if row := used[v[0].ID]; row != nil {
			for i := range v {
				v[i].UsedMinor, v[i].UsedQuantity = row.UsedMinor, row.UsedQuantity
			}
		}
	}
	return nil
}

// versions adds to the latest versions those that are in force until these begin.
func (s *Promotions) versions(ctx context.Context, latest []biz.Promotion, nowUS int64) ([]versions, error) {
	all := make([]versions, len(latest))
	at := map[string]int{}
	for i, p := range latest {
		all[i] = versions{p}
		if p.FromUS > nowUS && p.Version > 1 {
			at[p.ID] = i
		}
	}
	if len(at) == 0 {
		return all, nil
	}
	codes := make([]string, 0, len(at))
	for code := range at {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	rows, err := s.ent.PromotionVersion.Query().Where(promotionversion.PromotionIn(codes...)).Order(promotionversion.ByPromotion(), promotionversion.ByVersion(sql.OrderDesc())).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("versions of promotions: %w", err)
	}
	for _, row := range rows {
		i := at[row.Promotion]
		v := all[i]
		if row.Version >= v[0].Version || v[len(v)-1].FromUS <= nowUS {
			continue
		}
		p := v[0]
		p.ChangedBy, p.ChangedAtUS = row.ChangedBy, row.ChangedUs
		if err := (terms{}).into(&p, row.Terms); err != nil {
			return nil, err
		}
		all[i] = append(v, p)
	}
	return all, nil
}

// InForce is the version of a promotion, given in its latest one, that orders are priced by now.
func (s *Promotions) InForce(ctx context.Context, latest biz.Promotion, nowUS int64) (biz.Promotion, error) {
	all, err := s.versions(AsService(ctx), []biz.Promotion{latest}, nowUS)
	if err != nil {
		return biz.Promotion{}, err
	}
	return all[0].at(nowUS), nil
}

// running says of latest versions which ones are in force.
func (s *Promotions) running(ctx context.Context, list []biz.Promotion, nowUS int64) error {
	all, err := s.versions(ctx, list, nowUS)
	if err != nil {
		return err
	}
	for i, v := range all {
		if p := v.at(nowUS); !p.Ended && p.FromUS <= nowUS && (p.UntilUS == 0 || nowUS < p.UntilUS) {
			list[i].InForce = p.Version
		}
	}
	return nil
}

// Running says of a promotion, given in its latest version, which one is in force.
func (s *Promotions) Running(ctx context.Context, p *biz.Promotion, nowUS int64) error {
	one := []biz.Promotion{*p}
	err := s.running(AsService(ctx), one, nowUS)
	*p = one[0]
	return err
}

// Facts are the promotions in use, as they stand for a member with these coupons.
func (s *Promotions) Facts(ctx context.Context, memberID string, coupons []string) (biz.PromotionFacts, error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return biz.PromotionFacts{}, err
	}
	ctx = AsService(ctx)
	facts := biz.PromotionFacts{AtUS: now, Left: map[string]pricing.Left{}}
	var limited []biz.Promotion
	var perBuyer []string
	firstOrder := false
	err = s.inUse.fresh(ctx, s, now, func(c *inUse) {
		facts.Promotions = make([]pricing.Promotion, len(c.promotions))
		for i, v := range c.promotions {
			p := v.at(now)
			facts.Promotions[i] = p.Promotion
			firstOrder = firstOrder || p.Scope.FirstOrder
			if p.BudgetMinor > 0 || p.Quota > 0 || p.PerBuyer > 0 {
				limited = append(limited, p)
			}
			if p.PerBuyer > 0 {
				perBuyer = append(perBuyer, p.ID)
			}
		}
	})
	if err != nil {
		return facts, err
	}
	had, err := s.had(ctx, memberID, perBuyer)
	if err != nil {
		return facts, err
	}
	for _, p := range limited {
		facts.Left[p.ID] = p.LeftFor(had[p.ID])
	}
	if facts.Coupons, err = s.usable(ctx, memberID, coupons, now); err != nil {
		return facts, err
	}
	if firstOrder && memberID != "" {
		before, err := s.ent.Order.Query().Where(order.MemberID(memberID), order.StateNEQ(string(biz.OrderCancelled))).Exist(ctx)
		if err != nil {
			return facts, fmt.Errorf("first order: %w", err)
		}
		facts.FirstOrder = !before
	}
	return facts, nil
}

// InUse are the versions of the promotions in use.
func (s *Promotions) InUse(ctx context.Context) (all [][]pricing.Promotion, nowUS int64, err error) {
	if nowUS, err = s.db.Now(ctx); err != nil {
		return nil, 0, err
	}
	err = s.inUse.fresh(AsService(ctx), s, nowUS, func(c *inUse) {
		for _, v := range c.promotions {
			var list []pricing.Promotion
			for _, p := range v {
				if list = append(list, p.Promotion); p.FromUS <= nowUS {
					break
				}
			}
			all = append(all, list)
		}
	})
	return all, nowUS, err
}

// had is what a member holds of promotions with a limit for each.
func (s *Promotions) had(ctx context.Context, memberID string, codes []string) (map[string]int64, error) {
	had := map[string]int64{}
	if memberID == "" || len(codes) == 0 {
		return had, nil
	}
	counts, err := s.ent.PromotionBuyer.Query().Where(promotionbuyer.MemberID(memberID), promotionbuyer.PromotionIn(codes...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("what the member has had: %w", err)
	}
	for _, c := range counts {
		had[c.Promotion] = c.Quantity
	}
	return had, nil
}
