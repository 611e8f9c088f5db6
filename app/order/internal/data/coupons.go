package data

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/coupon"
	"github.com/onepool/onepool/app/order/internal/data/ent/promotion"
)

func toCoupon(row *ent.Coupon) biz.Coupon {
	return biz.Coupon{ID: row.ID, Promotion: row.Promotion, MemberID: row.MemberID, OrderID: row.OrderID, State: biz.State(row.State), ClaimedAtUS: row.ClaimedUs, ExpiresAtUS: row.ExpiresUs}
}

// usable are the member's coupons of these ids, each once.
func (s *Promotions) usable(ctx context.Context, memberID string, couponIDs []string, nowUS int64) ([]biz.Coupon, error) {
	var usable []biz.Coupon
	seen := map[string]bool{}
	for _, id := range couponIDs {
		row, err := s.ent.Coupon.Get(ctx, id)
		if ent.IsNotFound(err) || err == nil && (row.MemberID != memberID || memberID == "") {
			return nil, biz.NotFound("coupon")
		}
		if err != nil {
			return nil, fmt.Errorf("coupon %s: %w", id, err)
		}
		c := toCoupon(row)
		if seen[c.Promotion] {
			return nil, biz.Invalid("coupon_ids", "must name one coupon of a promotion")
		}
		seen[c.Promotion] = true
		if err := c.Usable(nowUS); err != nil {
			return nil, err
		}
		usable = append(usable, c)
	}
	return usable, nil
}

// Held is how many coupons of a promotion a member has had.
func (s *Promotions) Held(ctx context.Context, promotionCode, memberID string) (int64, error) {
	n, err := s.ent.Coupon.Query().Where(coupon.Promotion(promotionCode), coupon.MemberID(memberID)).Count(AsService(ctx))
	if err != nil {
		return 0, fmt.Errorf("coupons of the member: %w", err)
	}
	return int64(n), nil
}

// Claim stores a new coupon and counts it. Its promotion is locked.
func (s *Promotions) Claim(ctx context.Context, c biz.Coupon) error {
	ctx = AsService(ctx)
	if err := s.ent.Promotion.UpdateOneID(c.Promotion).AddClaimed(1).Exec(ctx); err != nil {
		return fmt.Errorf("claim coupon: %w", err)
	}
	return s.ent.Coupon.Create().SetID(c.ID).SetPromotion(c.Promotion).SetMemberID(c.MemberID).SetState(string(c.State)).SetClaimedUs(c.ClaimedAtUS).SetExpiresUs(c.ExpiresAtUS).Exec(ctx)
}

// Coupons reads a page of a member's coupons, the newest first; open: only those that may be used at nowUS.
func (s *Promotions) Coupons(ctx context.Context, memberID string, open bool, after After, limit int, nowUS int64) ([]biz.Coupon, error) {
	ctx = AsService(ctx)
	q := s.ent.Coupon.Query().Where(coupon.MemberID(memberID), after.before(coupon.FieldClaimedUs, coupon.FieldID))
	if open {
		q = q.Where(coupon.State(string(biz.CouponOpen)), coupon.Or(coupon.ExpiresUs(0), coupon.ExpiresUsGT(nowUS)))
	}
	rows, err := q.Order(coupon.ByClaimedUs(sql.OrderDesc()), coupon.ByID(sql.OrderDesc())).Limit(limit).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("coupons: %w", err)
	}
	names, err := s.names(ctx, rows)
	if err != nil {
		return nil, err
	}
	list := make([]biz.Coupon, len(rows))
	for i, row := range rows {
		list[i] = toCoupon(row)
		list[i].Name = names[row.Promotion]
	}
	return list, nil
}

// names are those of the coupons' promotions.
func (s *Promotions) names(ctx context.Context, rows []*ent.Coupon) (map[string]string, error) {
	var codes []string
	for _, row := range rows {
		codes = append(codes, row.Promotion)
	}
	slices.Sort(codes)
	found, err := s.ent.Promotion.Query().Where(promotion.IDIn(slices.Compact(codes)...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("promotions of coupons: %w", err)
	}
	names := map[string]string{}
	for _, row := range found {
		p, err := toPromotion(row)
		if err != nil {
			return nil, err
		}
		names[p.ID] = p.Name
	}
	return names, nil
}

// takeCoupons locks coupons for an order. Whoever takes one at the same time waits for its row and finds it taken.
func (s *Promotions) takeCoupons(ctx context.Context, gid, orderID, memberID string, uses []biz.CouponUse, nowUS int64) error {
	for _, u := range slices.SortedFunc(slices.Values(uses), func(a, b biz.CouponUse) int { return cmp.Compare(a.ID, b.ID) }) {
		n, err := s.ent.Coupon.Update().Where(coupon.ID(u.ID), coupon.MemberID(memberID), coupon.StateIn(biz.Sources(biz.SubjectCoupon, biz.EventLock)...), coupon.Or(coupon.ExpiresUs(0), coupon.ExpiresUsGT(nowUS))).
			SetState(string(biz.CouponLocked)).SetOrderID(orderID).SetGid(gid).Save(ctx)
		if err != nil {
			return fmt.Errorf("take coupon %s: %w", u.ID, err)
		}
		if n == 1 {
			continue
		}
		row, err := s.ent.Coupon.Get(ctx, u.ID)
		if err != nil {
			return fmt.Errorf("coupon %s: %w", u.ID, err)
		}
		if err := toCoupon(row).Usable(nowUS); err != nil {
			return err
		}
		return fmt.Errorf("take coupon %s: %w", u.ID, errLost)
	}
	return nil
}

// openCoupons gives the coupons of an order back, used ones too: it is cancelled in full. gid: those of one attempt only.
func openCoupons(ctx context.Context, client *ent.Client, orderID, gid string) error {
	q := client.Coupon.Update().Where(coupon.OrderID(orderID), coupon.StateIn(biz.Sources(biz.SubjectCoupon, biz.EventGiveBack)...))
	if gid != "" {
		q = q.Where(coupon.Gid(gid))
	}
	if _, err := q.SetState(string(biz.CouponOpen)).SetOrderID("").SetGid("").Save(ctx); err != nil {
		return fmt.Errorf("give back the coupons of order %s: %w", orderID, err)
	}
	return nil
}

// useCoupons says that the order of these coupons is paid.
func useCoupons(ctx context.Context, client *ent.Client, orderID string) error {
	_, err := client.Coupon.Update().Where(coupon.OrderID(orderID), coupon.StateIn(biz.Sources(biz.SubjectCoupon, biz.EventUse)...)).SetState(string(biz.CouponUsed)).Save(ctx)
	if err != nil {
		return fmt.Errorf("use the coupons of order %s: %w", orderID, err)
	}
	return nil
}
