package data

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/onepool/onepool/app/internal/barrier"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/promotion"
	"github.com/onepool/onepool/app/order/internal/data/ent/promotionbuyer"
	"github.com/onepool/onepool/app/order/internal/data/ent/promotionuse"
	"github.com/onepool/onepool/app/order/internal/data/ent/promotionversion"
	"github.com/onepool/onepool/app/order/pricing"
)

// branchPromotions is the step of a placement that takes budgets and quotas.
const branchPromotions = "promotions"

// Promotions keeps promotions and what orders hold of them.
type Promotions struct {
	db      *database.DB
	ent     *ent.Client
	current *database.Recent[[]versions]
	used    *database.Recent[used]
}

// NewPromotions opens the client.
func NewPromotions(db *database.DB) *Promotions {
	return &Promotions{db: db, ent: ent.NewClient(ent.Driver(db.EntDriver())),
		current: database.NewRecent[[]versions](db, topicPromotions), used: database.NewRecent[used](db, topicPromotionUses)}
}

// terms are what a version says, as they are stored.
type terms struct {
	pricing.Promotion
	Coupons biz.CouponTerms `json:"coupons"`
}

func (t terms) into(p *biz.Promotion, raw []byte) error {
	if err := json.Unmarshal(raw, &t); err != nil {
		return fmt.Errorf("terms of promotion %s: %w", p.ID, err)
	}
	p.Promotion, p.Coupons = t.Promotion, t.Coupons
	return nil
}

func toPromotion(row *ent.Promotion) (biz.Promotion, error) {
	p := biz.Promotion{Ended: row.Ended, UsedMinor: row.UsedMinor, UsedQuantity: row.UsedQuantity, Claimed: row.Claimed, ChangedBy: row.ChangedBy, ChangedAtUS: row.ChangedUs}
	p.ID = row.ID
	return p, terms{}.into(&p, row.Terms)
}

// Lock returns the latest version, locked.
func (s *Promotions) Lock(ctx context.Context, code string) (biz.Promotion, bool, error) {
	row, err := s.ent.Promotion.Query().Where(promotion.ID(code)).ForUpdate().Only(AsService(ctx))
	if ent.IsNotFound(err) {
		return biz.Promotion{}, false, nil
	}
	if err != nil {
		return biz.Promotion{}, false, fmt.Errorf("promotion %s: %w", code, err)
	}
	p, err := toPromotion(row)
	return p, true, err
}

// Save stores the latest version, and keeps it among the versions when it is a new one.
func (s *Promotions) Save(ctx context.Context, p biz.Promotion, isNew bool) error {
	raw, err := json.Marshal(terms{p.Promotion, p.Coupons})
	if err != nil {
		return fmt.Errorf("terms of promotion %s: %w", p.ID, err)
	}
	ctx = AsService(ctx)
	if err := s.db.AfterCommit(ctx, func() { s.db.Signal(topicPromotions) }); err != nil {
		return err
	}
	if isNew {
		err = s.ent.Promotion.Create().SetID(p.ID).SetVersion(p.Version).SetEnded(p.Ended).SetTerms(raw).SetUntilUs(p.UntilUS).SetBudgetMinor(p.BudgetMinor).
			SetQuota(p.Quota).SetPerBuyer(p.PerBuyer).SetChangedBy(p.ChangedBy).SetChangedUs(p.ChangedAtUS).Exec(ctx)
	} else {
		err = s.ent.Promotion.UpdateOneID(p.ID).SetVersion(p.Version).SetEnded(p.Ended).SetTerms(raw).SetUntilUs(p.UntilUS).SetBudgetMinor(p.BudgetMinor).
			SetQuota(p.Quota).SetPerBuyer(p.PerBuyer).SetChangedBy(p.ChangedBy).SetChangedUs(p.ChangedAtUS).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("save promotion %s: %w", p.ID, err)
	}
	if p.Ended {
		return nil
	}
	return s.ent.PromotionVersion.Create().SetID(ids.New("prv")).SetPromotion(p.ID).SetVersion(p.Version).SetTerms(raw).SetChangedBy(p.ChangedBy).SetChangedUs(p.ChangedAtUS).Exec(ctx)
}

// Get returns a promotion, in its latest or an earlier version.
func (s *Promotions) Get(ctx context.Context, code string, version int64) (biz.Promotion, error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return biz.Promotion{}, err
	}
	ctx = AsService(ctx)
	row, err := s.ent.Promotion.Get(ctx, code)
	if ent.IsNotFound(err) {
		return biz.Promotion{}, biz.NotFound("promotion")
	}
	if err != nil {
		return biz.Promotion{}, fmt.Errorf("promotion %s: %w", code, err)
	}
	p, err := toPromotion(row)
	if err != nil {
		return p, err
	}
	if err := s.Running(ctx, &p, now); err != nil || version == 0 || version == p.Version {
		return p, err
	}
	was, err := s.ent.PromotionVersion.Query().Where(promotionversion.Promotion(code), promotionversion.Version(version)).Only(ctx)
	if ent.IsNotFound(err) {
		return biz.Promotion{}, biz.NotFound("version")
	}
	if err != nil {
		return biz.Promotion{}, fmt.Errorf("version of promotion %s: %w", code, err)
	}
	p.ChangedBy, p.ChangedAtUS = was.ChangedBy, was.ChangedUs
	return p, terms{}.into(&p, was.Terms)
}

// List reads a page by code; inUse leaves out what is ended or over.
func (s *Promotions) List(ctx context.Context, inUse bool, after string, limit int) ([]biz.Promotion, error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return nil, err
	}
	q := s.ent.Promotion.Query().Where(promotion.IDGT(after)).Order(ent.Asc(promotion.FieldID)).Limit(limit)
	if inUse {
		q = q.Where(promotion.Ended(false), promotion.Or(promotion.UntilUs(0), promotion.UntilUsGT(now)))
	}
	rows, err := q.All(AsService(ctx))
	if err != nil {
		return nil, fmt.Errorf("promotions: %w", err)
	}
	list := make([]biz.Promotion, len(rows))
	for i, row := range rows {
		if list[i], err = toPromotion(row); err != nil {
			return nil, err
		}
	}
	return list, s.running(AsService(ctx), list, now)
}

// Take takes what an order uses, in a transaction of its own.
func (s *Promotions) Take(ctx context.Context, gid, orderID, memberID string, uses []biz.PromotionUse, coupons []biz.CouponUse) error {
	ctx = AsService(ctx)
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		return barrier.Do(ctx, gid, branchPromotions, func(ctx context.Context) error {
			now, err := s.db.Now(ctx)
			if err != nil {
				return err
			}
			if len(uses) > 0 {
				if err := s.db.AfterCommit(ctx, func() { s.db.Signal(topicPromotionUses) }); err != nil {
					return err
				}
			}
			for _, u := range biz.SortUses(uses) {
				if err := s.takeOne(ctx, gid, orderID, memberID, u, now); err != nil {
					return err
				}
			}
			return s.takeCoupons(ctx, gid, orderID, memberID, coupons, now)
		})
	})
	if biz.IsPriceChanged(err) { // another replica has made a version
		s.db.Signal(topicPromotions)
	} else if err != nil {
		s.db.Signal(topicPromotionUses)
	}
	return err
}

func (s *Promotions) takeOne(ctx context.Context, gid, orderID, memberID string, u biz.PromotionUse, nowUS int64) error {
	p, known, err := s.Lock(ctx, u.Promotion)
	if err != nil {
		return err
	}
	if !known {
		return biz.NotFound("promotion")
	}
	if p, err = s.InForce(ctx, p, nowUS); err != nil {
		return err
	}
	// The promotion's lock is that of its counts of buyers too.
	count, had := (*ent.PromotionBuyer)(nil), int64(0)
	if p.PerBuyer > 0 {
		count, err = s.ent.PromotionBuyer.Query().Where(promotionbuyer.Promotion(p.ID), promotionbuyer.MemberID(memberID)).Only(ctx)
		switch {
		case err == nil:
			had = count.Quantity
		case !ent.IsNotFound(err):
			return fmt.Errorf("what the member has had: %w", err)
		}
	}
	if p.Scope.FirstOrder {
		n, err := s.ent.PromotionUse.Query().Where(promotionuse.Promotion(p.ID), promotionuse.MemberID(memberID), promotionuse.GivenBack(false)).Count(ctx)
		if err != nil {
			return fmt.Errorf("first orders of the member: %w", err)
		}
		had = max(had, int64(n))
	}
	if err := p.CheckUse(u, had); err != nil {
		return err
	}
	if p.PerBuyer > 0 && count == nil {
		err = s.ent.PromotionBuyer.Create().SetID(ids.New("prb")).SetPromotion(p.ID).SetMemberID(memberID).SetQuantity(u.Quantity).Exec(ctx)
	} else if p.PerBuyer > 0 {
		err = s.ent.PromotionBuyer.UpdateOne(count).AddQuantity(u.Quantity).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("what the member has: %w", err)
	}
	if err := s.ent.Promotion.UpdateOneID(p.ID).AddUsedMinor(u.AmountMinor).AddUsedQuantity(u.Quantity).Exec(ctx); err != nil {
		return fmt.Errorf("use promotion %s: %w", p.ID, err)
	}
	return s.ent.PromotionUse.Create().SetID(ids.New("pru")).SetGid(gid).SetOrderID(orderID).SetPromotion(p.ID).SetVersion(u.Version).SetMemberID(memberID).
		SetAmountMinor(u.AmountMinor).SetQuantity(u.Quantity).SetAtUs(nowUS).Exec(ctx)
}

// Undo gives back what gid took.
func (s *Promotions) Undo(ctx context.Context, gid, orderID string) error {
	ctx = AsService(ctx)
	return s.db.InTx(ctx, func(ctx context.Context) error {
		return barrier.Undo(ctx, gid, branchPromotions, func(ctx context.Context) error { return giveBack(ctx, s.db, s.ent, orderID, gid) })
	})
}

// giveBackPart returns what an order holds less of promotions after a part of it was cancelled.
func giveBackPart(ctx context.Context, client *ent.Client, orderID string, back []biz.PromotionBack) error {
	for _, b := range back {
		u, err := client.PromotionUse.Query().Where(promotionuse.OrderID(orderID), promotionuse.Promotion(b.Promotion), promotionuse.GivenBack(false)).Only(ctx)
		if ent.IsNotFound(err) {
			continue // without budget, quota and limit nothing is counted
		}
		if err != nil {
			return fmt.Errorf("promotion %s of order %s: %w", b.Promotion, orderID, err)
		}
		amount, pieces := min(b.AmountMinor, u.AmountMinor), b.Quota(u.Quantity)
		if err := client.Promotion.UpdateOneID(u.Promotion).AddUsedMinor(-amount).AddUsedQuantity(-pieces).Exec(ctx); err != nil {
			return fmt.Errorf("give back of promotion %s: %w", u.Promotion, err)
		}
		if err := client.PromotionUse.UpdateOneID(u.ID).AddAmountMinor(-amount).AddQuantity(-pieces).Exec(ctx); err != nil {
			return fmt.Errorf("give back of promotion %s: %w", u.Promotion, err)
		}
		_, err = client.PromotionBuyer.Update().Where(promotionbuyer.Promotion(u.Promotion), promotionbuyer.MemberID(u.MemberID)).AddQuantity(-pieces).Save(ctx)
		if err != nil {
			return fmt.Errorf("give back of promotion %s: %w", u.Promotion, err)
		}
	}
	return nil
}

// giveBack returns what an order holds of promotions, in the context's transaction; gid: of one attempt only.
func giveBack(ctx context.Context, db *database.DB, client *ent.Client, orderID, gid string) error {
	q := client.PromotionUse.Query().Where(promotionuse.OrderID(orderID), promotionuse.GivenBack(false)).Order(ent.Asc(promotionuse.FieldPromotion))
	if gid != "" {
		q = q.Where(promotionuse.Gid(gid))
	}
	uses, err := q.All(ctx)
	if err != nil {
		return fmt.Errorf("promotions of order %s: %w", orderID, err)
	}
	if len(uses) > 0 {
		if err := db.AfterCommit(ctx, func() { db.Signal(topicPromotionUses) }); err != nil {
			return err
		}
	}
	for _, u := range uses {
		if err := client.Promotion.UpdateOneID(u.Promotion).AddUsedMinor(-u.AmountMinor).AddUsedQuantity(-u.Quantity).Exec(ctx); err != nil {
			return fmt.Errorf("give back of promotion %s: %w", u.Promotion, err)
		}
		// A use that somebody else gave back meanwhile waited for the promotion's row: it shows now.
		n, err := client.PromotionUse.Update().Where(promotionuse.ID(u.ID), promotionuse.GivenBack(false)).SetGivenBack(true).Save(ctx)
		if err != nil || n != 1 {
			return fmt.Errorf("give back of promotion %s: %d uses: %w (%v)", u.Promotion, n, errLost, err)
		}
		_, err = client.PromotionBuyer.Update().Where(promotionbuyer.Promotion(u.Promotion), promotionbuyer.MemberID(u.MemberID)).AddQuantity(-u.Quantity).Save(ctx)
		if err != nil {
			return fmt.Errorf("give back of promotion %s: %w", u.Promotion, err)
		}
	}
	return openCoupons(ctx, client, orderID, gid) // after the promotions, as they were taken
}
