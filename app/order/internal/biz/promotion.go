package biz

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/onepool/onepool/app/order/pricing"
)

// Promotion is the latest version of a promotion, or an earlier one, and what orders hold of it.
type Promotion struct {
	pricing.Promotion
	// InForce is the version that orders are priced by; 0: none, it has not begun or is over.
	InForce                 int64
	Ended                   bool
	Coupons                 CouponTerms
	Claimed                 int64
	UsedMinor, UsedQuantity int64
	ChangedBy               string
	ChangedAtUS             int64
}

// PromotionReader knows the promotions.
type PromotionReader interface {
	// Facts are the promotions that may apply now, as they stand for a member; empty: a guest. A coupon that is not the
	// member's, or cannot be used, is refused.
	Facts(ctx context.Context, memberID string, coupons []string) (PromotionFacts, error)
	// InUse are the versions of the promotions in use, by code, of each the latest first down to the one in force; and the
	// database's time.
	InUse(ctx context.Context) (versions [][]pricing.Promotion, nowUS int64, err error)
}

// PromotionBook keeps promotions, in the context's transaction.
type PromotionBook interface {
	// Lock returns the latest version, locked until the transaction ends; false: there is none.
	Lock(ctx context.Context, code string) (Promotion, bool, error)
	// InForce is the version of a promotion, given in its latest one, that orders are priced by at nowUS: see InForce.
	InForce(ctx context.Context, latest Promotion, nowUS int64) (Promotion, error)
	// Save stores the latest version; isNew: it was not there.
	Save(ctx context.Context, p Promotion, isNew bool) error
}

// PromotionUses keeps what orders hold of budgets and quotas.
type PromotionUses interface {
	// Take takes what an order uses, all or nothing. It refuses with PROMOTION_USED_UP or PROMOTION_LIMIT, and with
	// PRICE_CHANGED what another version has replaced, with COUPON_UNUSABLE a coupon that another order has taken. The same
	// gid again takes nothing more.
	Take(ctx context.Context, gid, orderID, memberID string, uses []PromotionUse, coupons []CouponUse) error
	// Undo gives back what gid took, also when that has not arrived yet.
	Undo(ctx context.Context, gid, orderID string) error
}

// InForce is, of a promotion's versions, the latest first, the latest whose start has come; the last of them if none has
// begun. Orders may use of it what it and those that are to follow leave: used goes on over versions.
func InForce(versions []Promotion, nowUS int64) Promotion {
	at := versions[len(versions)-1]
	for i, p := range versions {
		if p.FromUS > nowUS {
			continue
		}
		at = p
		for _, next := range versions[:i] {
			at.BudgetMinor, at.Quota = lower(at.BudgetMinor, next.BudgetMinor), lower(at.Quota, next.Quota)
		}
		break
	}
	return at
}

// lower is the lower of two limits; 0: none.
func lower(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// PutPromotion makes a version; the one before stays in force until it begins. seen is the version that the caller saw.
func PutPromotion(ctx context.Context, book PromotionBook, by string, terms pricing.Promotion, coupons CouponTerms, seen, nowUS int64) (Promotion, error) {
	if err := terms.Validate(); err != nil {
		if field, ok := errors.AsType[pricing.Invalid](err); ok {
			return Promotion{}, Invalid("terms."+field.Field, field.Rule)
		}
		return Promotion{}, err
	}
	was, known, err := book.Lock(ctx, terms.ID)
	switch {
	case err != nil:
		return Promotion{}, err
	case was.Version != seen:
		return Promotion{}, refuse(409, reasonState, "the promotion has another version: read it again", "version", itoa(was.Version))
	case was.Ended:
		return Promotion{}, refuse(409, reasonState, "the promotion is over: make another one", "state", "ENDED")
	case known && was.Coupon != terms.Coupon:
		return Promotion{}, Invalid("terms.coupon", "cannot come or go: make another promotion")
	case coupons.Total > 0 && coupons.Total < was.Claimed:
		return Promotion{}, Invalid("terms.coupon.total", "must not be below what is claimed: "+itoa(was.Claimed))
	case known && was.Kind != terms.Kind:
		return Promotion{}, Invalid("terms.kind", "cannot change: what orders used of it would mean something else")
	case terms.BudgetMinor > 0 && terms.BudgetMinor < was.UsedMinor:
		return Promotion{}, Invalid("terms.budget_minor", "must not be below what is used: "+itoa(was.UsedMinor))
	case terms.Quota > 0 && terms.Quota < was.UsedQuantity:
		return Promotion{}, Invalid("terms.quota", "must not be below what is used: "+itoa(was.UsedQuantity))
	}
	now := Promotion{Promotion: terms, Coupons: coupons, Claimed: was.Claimed, UsedMinor: was.UsedMinor, UsedQuantity: was.UsedQuantity, ChangedBy: by, ChangedAtUS: nowUS}
	now.Version = was.Version + 1
	return now, book.Save(ctx, now, !known)
}

// EndPromotion takes a promotion out of use. One that is over stays as it is.
func EndPromotion(ctx context.Context, book PromotionBook, by, code string, nowUS int64) (Promotion, error) {
	p, known, err := book.Lock(ctx, code)
	if err != nil {
		return p, err
	}
	if !known {
		return p, NotFound("promotion")
	}
	if p.Ended {
		return p, nil
	}
	p.Ended, p.ChangedBy, p.ChangedAtUS = true, by, nowUS
	return p, book.Save(ctx, p, false)
}

// CheckUse refuses what a promotion has no room for; had is what the member holds of it: pieces of a flash sale, or orders
// that it was the first order for.
func (p Promotion) CheckUse(u PromotionUse, had int64) error {
	switch {
	case p.Ended || p.Version != u.Version:
		return refuse(409, reasonPriceChanged, "promotion "+u.Promotion+" has changed: price the order again", "promotion", u.Promotion)
	case p.BudgetMinor > 0 && p.UsedMinor+u.AmountMinor > p.BudgetMinor:
		return refuse(409, reasonUsedUp, "promotion "+u.Promotion+" is used up: price the order again", "promotion", u.Promotion, "left_minor", itoa(p.BudgetMinor-p.UsedMinor))
	case p.Quota > 0 && p.UsedQuantity+u.Quantity > p.Quota:
		return refuse(409, reasonUsedUp, "promotion "+u.Promotion+" is sold out: price the order again", "promotion", u.Promotion, "left", itoa(p.Quota-p.UsedQuantity))
	case p.Scope.FirstOrder && had > 0:
		return refuse(409, reasonLimit, "promotion "+u.Promotion+" is for the first order: another one is being placed", "promotion", u.Promotion, "left", "0")
	case p.PerBuyer > 0 && had+u.Quantity > p.PerBuyer:
		return refuse(409, reasonLimit, "the member has had what promotion "+u.Promotion+" allows", "promotion", u.Promotion, "left", itoa(p.PerBuyer-had))
	}
	return nil
}

// LeftFor is what a member who holds had pieces may still have.
func (p Promotion) LeftFor(had int64) pricing.Left {
	left := pricing.Unlimited
	if p.BudgetMinor > 0 {
		left.BudgetMinor = max(0, p.BudgetMinor-p.UsedMinor)
	}
	if p.Quota > 0 {
		left.Quantity = max(0, p.Quota-p.UsedQuantity)
	}
	if p.PerBuyer > 0 {
		left.ForBuyer = max(0, p.PerBuyer-had)
	}
	return left
}

// SortUses puts uses in the order in which their promotions are locked.
func SortUses(uses []PromotionUse) []PromotionUse {
	return slices.SortedFunc(slices.Values(uses), func(a, b PromotionUse) int { return cmp.Compare(a.Promotion, b.Promotion) })
}
