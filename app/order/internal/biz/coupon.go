package biz

import (
	"context"
	"slices"

	"github.com/onepool/onepool/app/order/pricing"
)

// CouponTerms say how the coupons of a promotion are given out: how many in all and to one member, 0: without limit; and for
// how many seconds from its claim one is good, 0: until the promotion ends.
type CouponTerms struct {
	Total     int64 `json:"total,omitempty"`
	PerMember int64 `json:"per_member,omitempty"`
	ValidS    int64 `json:"valid_s,omitempty"`
}

// The states of a coupon. That it is expired is a matter of time, not of state.
const (
	CouponOpen   State = "OPEN"
	CouponLocked State = "LOCKED" // by an order that is not paid yet
	CouponUsed   State = "USED"
)

// Coupon opens a promotion to a member, for one order.
type Coupon struct {
	ID, Promotion, Name, MemberID, OrderID string
	State                                  State
	ClaimedAtUS, ExpiresAtUS               int64 // expires 0: never
}

// Expired says whether its time is over. One that an order holds was good when it was taken.
func (c Coupon) Expired(nowUS int64) bool {
	return c.State == CouponOpen && c.ExpiresAtUS > 0 && c.ExpiresAtUS <= nowUS
}

// Usable refuses a coupon that an order cannot take.
func (c Coupon) Usable(nowUS int64) error {
	switch {
	case c.State != CouponOpen:
		return couponUnusable(c.ID, string(c.State))
	case c.Expired(nowUS):
		return couponUnusable(c.ID, "EXPIRED")
	}
	return nil
}

// CouponUse is a coupon that an order takes.
type CouponUse struct{ ID, Promotion string }

// CouponBook keeps coupons, in the context's transaction.
type CouponBook interface {
	PromotionBook
	// Held is how many coupons of a promotion a member has had, used ones too.
	Held(ctx context.Context, promotion, memberID string) (int64, error)
	// Claim stores a new coupon and counts it.
	Claim(ctx context.Context, c Coupon) error
}

// ClaimCoupon gives a member a coupon of a promotion. The promotion's lock keeps the counts.
func ClaimCoupon(ctx context.Context, book CouponBook, id, memberID, promotion string, nowUS int64) (Coupon, error) {
	p, known, err := book.Lock(ctx, promotion)
	if err != nil {
		return Coupon{}, err
	}
	if !known || !p.Coupon {
		return Coupon{}, NotFound("promotion")
	}
	if p, err = book.InForce(ctx, p, nowUS); err != nil {
		return Coupon{}, err
	}
	if p.Ended || nowUS < p.FromUS || p.UntilUS > 0 && nowUS >= p.UntilUS {
		return Coupon{}, refuse(409, reasonState, "coupons of "+promotion+" are not given out now", "state", "CLOSED")
	}
	had, err := book.Held(ctx, promotion, memberID)
	if err != nil {
		return Coupon{}, err
	}
	if p.Coupons.Total > 0 && p.Claimed >= p.Coupons.Total || p.Coupons.PerMember > 0 && had >= p.Coupons.PerMember {
		return Coupon{}, refuse(409, reasonCouponGone, "no coupon of "+promotion+" is left for this member", "promotion", promotion)
	}
	c := Coupon{ID: id, Promotion: promotion, Name: p.Name, MemberID: memberID, State: CouponOpen, ClaimedAtUS: nowUS, ExpiresAtUS: p.UntilUS}
	if p.Coupons.ValidS > 0 {
		if until := nowUS + p.Coupons.ValidS*1_000_000; c.ExpiresAtUS == 0 || until < c.ExpiresAtUS {
			c.ExpiresAtUS = until
		}
	}
	return c, book.Claim(ctx, c)
}

// couponUses are the coupons that took something off; reasons say of the others why they did not.
func couponUses(coupons []Coupon, steps []pricing.Step) (uses []CouponUse, reasons map[string]string) {
	reasons = map[string]string{}
	for _, c := range coupons {
		why := "OVER" // its promotion is not in use any more
		for _, s := range steps {
			if s.Promotion == c.Promotion {
				why = s.Reason
			}
		}
		if why == "" {
			uses = append(uses, CouponUse{c.ID, c.Promotion})
		} else {
			reasons[c.ID] = why
		}
	}
	return uses, reasons
}

// CheckCoupons refuses an order of which a coupon takes nothing off: the buyer would lose what it is good for elsewhere.
func (p Price) CheckCoupons(wanted []string) error {
	for _, id := range wanted {
		if why := p.IdleCoupons[id]; why != "" {
			return couponUnusable(id, why)
		}
	}
	return nil
}

func couponUnusable(id, why string) Refusal {
	return refuse(409, reasonCouponUnusable, "coupon "+id+" cannot be used for this order: "+why, "coupon", id, "why", why)
}

// HasCoupons says whether coupons may have opened a promotion of the order: one that takes something off, or gives something.
func (r Record) HasCoupons() bool {
	coupon := func(d pricing.Discount) bool { return d.Coupon }
	return slices.ContainsFunc(r.FreightDiscounts, coupon) ||
		slices.ContainsFunc(r.Lines, func(l Line) bool { return l.GiftOf != "" || slices.ContainsFunc(l.Discounts, coupon) })
}
