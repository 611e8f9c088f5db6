package data

import (
	"context"
	"fmt"
	"slices"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/order"
	"github.com/onepool/onepool/app/order/internal/data/ent/promotion"
	"github.com/onepool/onepool/app/order/internal/data/ent/promotionbuyer"
	"github.com/onepool/onepool/app/order/internal/data/ent/promotionversion"
	"github.com/onepool/onepool/app/order/pricing"
)

// What orders may use is decided when they take it, whatever a price was calculated with.
const (
	topicPromotions    = "order.promotions"     // terms were written
	topicPromotionUses = "order.promotion_uses" // something was taken or given back
)

// used is what orders have taken of promotions, by promotion.
type used map[string]use

type use struct{ minor, quantity int64 }

// versions of one promotion, the latest first, down to the one that was in force when they were read.
type versions []biz.Promotion

func (v versions) at(nowUS int64) biz.Promotion { return biz.InForce(v, nowUS) }

// inUse are the promotions in use, decoded.
func (s *Promotions) inUse(ctx context.Context, nowUS int64) ([]versions, error) {
	return s.current.Get(nowUS, func([]versions) ([]versions, error) {
		rows, err := s.ent.Promotion.Query().Where(promotion.Ended(false), promotion.Or(promotion.UntilUs(0), promotion.UntilUsGT(nowUS))).Order(ent.Asc(promotion.FieldID)).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("promotions: %w", err)
		}
		latest := make([]biz.Promotion, len(rows))
		for i, row := range rows {
			if latest[i], err = toPromotion(row); err != nil {
				return nil, err
			}
		}
		return s.versions(ctx, latest, nowUS)
	})
}

// usedOf is what is used of the promotions of which less can be left.
func (s *Promotions) usedOf(ctx context.Context, all []versions, nowUS int64) (used, error) {
	var limited []string
	for _, v := range all {
		if slices.ContainsFunc(v, func(p biz.Promotion) bool { return p.BudgetMinor > 0 || p.Quota > 0 }) {
			limited = append(limited, v[0].ID)
		}
	}
	if len(limited) == 0 {
		return nil, nil
	}
	return s.used.Get(nowUS, func(used) (used, error) {
		rows, err := s.ent.Promotion.Query().Where(promotion.IDIn(limited...)).Select(promotion.FieldID, promotion.FieldUsedMinor, promotion.FieldUsedQuantity).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("used of promotions: %w", err)
		}
		count := make(used, len(rows))
		for _, row := range rows {
			count[row.ID] = use{row.UsedMinor, row.UsedQuantity}
		}
		return count, nil
	})
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
	all, err := s.inUse(ctx, now)
	if err != nil {
		return facts, err
	}
	used, err := s.usedOf(ctx, all, now)
	if err != nil {
		return facts, err
	}
	facts.Promotions = make([]pricing.Promotion, len(all))
	for i, v := range all {
		p := v.at(now)
		facts.Promotions[i] = p.Promotion
		firstOrder = firstOrder || p.Scope.FirstOrder
		if u, counted := used[p.ID]; counted {
			p.UsedMinor, p.UsedQuantity = u.minor, u.quantity
		}
		if p.BudgetMinor > 0 || p.Quota > 0 || p.PerBuyer > 0 {
			limited = append(limited, p)
		}
		if p.PerBuyer > 0 {
			perBuyer = append(perBuyer, p.ID)
		}
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
	promotions, err := s.inUse(AsService(ctx), nowUS)
	for _, v := range promotions {
		var list []pricing.Promotion
		for _, p := range v {
			if list = append(list, p.Promotion); p.FromUS <= nowUS {
				break
			}
		}
		all = append(all, list)
	}
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
