package service

import (
	"context"
	"slices"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
	"github.com/onepool/onepool/app/order/pricing"
)

// promoterRoles of headquarters may make promotions: what they take off is other people's money.
var promoterRoles = []string{"admin", "operator"}

// Promotions is the service of what orders cost less by.
type Promotions struct {
	orderv1.UnimplementedPromotionsServer
	db     *database.DB
	book   *data.Promotions
	secret []byte
}

// NewPromotions puts the use cases together; secret is the key of page tokens.
func NewPromotions(db *database.DB, book *data.Promotions, secret []byte) *Promotions {
	return &Promotions{db: db, book: book, secret: secret}
}

// promoter is a caller who may make promotions.
func promoter(ctx context.Context) (tenancy.Principal, error) {
	p, err := tenancy.FromContext(ctx)
	if err == nil && (p.Kind != tenancy.HQ || p.Store != "" || !slices.ContainsFunc(p.Roles, func(role string) bool { return slices.Contains(promoterRoles, role) })) {
		err = biz.Forbidden("admin or operator of headquarters")
	}
	return p, err
}

// reader is a caller who may read promotions, with who bears them: staff, and tills, which price by them offline.
func reader(ctx context.Context) (tenancy.Principal, error) {
	p, err := tenancy.FromContext(ctx)
	if err == nil && !isStaff(p) {
		err = biz.Forbidden("staff or till")
	}
	return p, err
}

// change runs a command of a promoter, and lists it in the audit log.
func (s *Promotions) change(ctx context.Context, method, action, code string, in command.Request, decide func(ctx context.Context, by string, nowUS int64) (biz.Promotion, error)) (*orderv1.PromotionInfo, error) {
	p, err := promoter(ctx)
	if err != nil {
		return nil, err
	}
	return command.Local[struct{}, *orderv1.PromotionInfo]{
		Method: method, Request: in,
		Decide: func(ctx context.Context, _ struct{}) (*orderv1.PromotionInfo, error) {
			now, err := s.db.Now(ctx)
			if err != nil {
				return nil, err
			}
			changed, err := decide(ctx, p.Actor(), now)
			if err != nil {
				return nil, err
			}
			if err := s.book.Running(ctx, &changed, now); err != nil {
				return nil, err
			}
			return toPromotionInfo(changed), platform.AppendAudit(ctx, platform.AuditEntry{Actor: p.Actor(), Action: action, Subject: code})
		},
	}.Run(ctx, s.db)
}

// PutPromotion makes a promotion or a new version of it.
func (s *Promotions) PutPromotion(ctx context.Context, in *orderv1.PutPromotionRequest) (*orderv1.PromotionInfo, error) {
	return s.change(ctx, orderv1.Promotions_PutPromotion_FullMethodName, "order.promotion.put", in.GetCode(), in, func(ctx context.Context, by string, nowUS int64) (biz.Promotion, error) {
		c := in.GetTerms().GetCoupon()
		coupons := biz.CouponTerms{Total: c.GetTotal(), PerMember: c.GetPerMember(), ValidS: c.GetValidS()}
		return biz.PutPromotion(ctx, s.book, by, fromTerms(in.GetCode(), in.GetTerms()), coupons, in.GetExpectedVersion(), nowUS)
	})
}

// EndPromotion takes a promotion out of use.
func (s *Promotions) EndPromotion(ctx context.Context, in *orderv1.EndPromotionRequest) (*orderv1.PromotionInfo, error) {
	return s.change(ctx, orderv1.Promotions_EndPromotion_FullMethodName, "order.promotion.end", in.GetCode(), in, func(ctx context.Context, by string, nowUS int64) (biz.Promotion, error) {
		return biz.EndPromotion(ctx, s.book, by, in.GetCode(), nowUS)
	})
}

// GetPromotion returns a version.
func (s *Promotions) GetPromotion(ctx context.Context, in *orderv1.GetPromotionRequest) (*orderv1.PromotionInfo, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	p, err := s.book.Get(ctx, in.GetCode(), in.GetVersion())
	if err != nil {
		return nil, err
	}
	return toPromotionInfo(p), nil
}

// ListPromotions pages through the latest versions, by code.
func (s *Promotions) ListPromotions(ctx context.Context, in *orderv1.ListPromotionsRequest) (*orderv1.ListPromotionsResponse, error) {
	p, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	query := page.Query("promotions", p.Caller(), map[bool]string{true: "in use"}[in.GetInUse()])
	after := ""
	if in.GetPageToken() != "" {
		values, err := page.Decode(s.secret, in.GetPageToken(), query)
		if err != nil {
			return nil, err
		}
		after = values[0]
	}
	size := page.Size(in.GetPageSize())
	list, err := s.book.List(ctx, in.GetInUse(), after, size+1)
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListPromotionsResponse{}
	if len(list) > size {
		list = list[:size]
		out.NextPageToken = page.Encode(s.secret, query, list[size-1].ID)
	}
	for _, promotion := range list {
		out.Promotions = append(out.Promotions, toPromotionInfo(promotion))
	}
	return out, nil
}

var (
	promotionKinds = map[pricing.Kind]orderv1.PromotionKind{
		pricing.MoneyOff: orderv1.PromotionKind_MONEY_OFF, pricing.PercentOff: orderv1.PromotionKind_PERCENT_OFF, pricing.Threshold: orderv1.PromotionKind_THRESHOLD,
		pricing.NthItem: orderv1.PromotionKind_NTH_ITEM, pricing.Bundle: orderv1.PromotionKind_BUNDLE, pricing.Gift: orderv1.PromotionKind_GIFT,
		pricing.FreeFreight: orderv1.PromotionKind_FREE_FREIGHT, pricing.FlashSale: orderv1.PromotionKind_FLASH_SALE,
	}
	stackings = map[pricing.Stacking]orderv1.Stacking{
		pricing.WithAll: orderv1.Stacking_WITH_ALL, pricing.WithCoupons: orderv1.Stacking_WITH_COUPONS, pricing.Alone: orderv1.Stacking_ALONE,
	}
	bearerRoles = map[string]orderv1.BearerRole{
		pricing.Headquarters: orderv1.BearerRole_HEADQUARTERS, pricing.Franchisee: orderv1.BearerRole_FRANCHISEE, pricing.Supplier: orderv1.BearerRole_SUPPLIER,
		pricing.Platform: orderv1.BearerRole_PLATFORM_BEARS, pricing.PaymentProvider: orderv1.BearerRole_PAYMENT_PROVIDER,
	}
)

// keyOf finds what an enum's value stands for; the zero value for the unspecified one.
func keyOf[K, V comparable](names map[K]V, value V) (key K) {
	for k, v := range names {
		if v == value {
			return k
		}
	}
	return key
}

func fromTerms(code string, t *orderv1.PromotionTerms) pricing.Promotion {
	s := t.GetScope()
	p := pricing.Promotion{
		ID: code, Name: t.GetName(), Kind: keyOf(promotionKinds, t.GetKind()), FromUS: t.GetFromUs(), UntilUS: t.GetUntilUs(), Priority: t.GetPriority(),
		Group: t.GetGroup(), Stacking: keyOf(stackings, t.GetStacking()), Coupon: t.GetCoupon() != nil,
		Scope: pricing.Scope{
			SKUs: s.GetSkus(), Categories: s.GetCategories(), ExceptSKUs: s.GetExceptSkus(), Channels: s.GetChannels(), Stores: s.GetStoreCodes(),
			FirstOrder: s.GetFirstOrder(), MembersOnly: s.GetMembersOnly(),
			Brands: s.GetBrands(), Regions: s.GetRegions(), Tiers: s.GetTiers(), Segments: s.GetSegments(),
		},
		OffMinor: t.GetOffMinor(), OffBP: t.GetOffBp(), Every: t.GetEvery(), Nth: t.GetNth(), PriceMinor: t.GetPriceMinor(), GiftSKU: t.GetGiftSku(),
		GiftPieces: t.GetGiftPieces(), GiftRequired: t.GetGiftRequired(), CapMinor: t.GetCapMinor(), BudgetMinor: t.GetBudgetMinor(), Quota: t.GetQuota(), PerBuyer: t.GetPerBuyer(),
	}
	for _, l := range t.GetLevels() {
		p.Levels = append(p.Levels, pricing.Level{FromMinor: l.GetFromMinor(), FromQuantity: l.GetFromQuantity(), OffMinor: l.GetOffMinor(), OffBP: l.GetOffBp()})
	}
	for _, part := range t.GetParts() {
		p.Parts = append(p.Parts, pricing.Part{SKU: part.GetSku(), Quantity: part.GetQuantity()})
	}
	for _, b := range t.GetBearers() {
		p.Bearers = append(p.Bearers, pricing.Bearer{Party: pricing.Party{Role: keyOf(bearerRoles, b.GetRole()), Code: b.GetCode()}, ShareBP: b.GetShareBp()})
	}
	return p
}

func toPromotionInfo(p biz.Promotion) *orderv1.PromotionInfo {
	t := &orderv1.PromotionTerms{
		Name: p.Name, Kind: promotionKinds[p.Kind], FromUs: p.FromUS, UntilUs: p.UntilUS, Priority: p.Priority, Group: p.Group, Stacking: stackings[p.Stacking],
		Scope: &orderv1.PromotionScope{
			Skus: p.Scope.SKUs, Categories: p.Scope.Categories, ExceptSkus: p.Scope.ExceptSKUs, Channels: p.Scope.Channels, StoreCodes: p.Scope.Stores,
			FirstOrder: p.Scope.FirstOrder, MembersOnly: p.Scope.MembersOnly,
			Brands: p.Scope.Brands, Regions: p.Scope.Regions, Tiers: p.Scope.Tiers, Segments: p.Scope.Segments,
		},
		OffMinor: p.OffMinor, OffBp: p.OffBP, Every: p.Every, Nth: p.Nth, PriceMinor: p.PriceMinor, GiftSku: p.GiftSKU, GiftPieces: p.GiftPieces, GiftRequired: p.GiftRequired,
		CapMinor: p.CapMinor, BudgetMinor: p.BudgetMinor, Quota: p.Quota, PerBuyer: p.PerBuyer,
	}
	for _, l := range p.Levels {
		t.Levels = append(t.Levels, &orderv1.PromotionLevel{FromMinor: l.FromMinor, FromQuantity: l.FromQuantity, OffMinor: l.OffMinor, OffBp: l.OffBP})
	}
	for _, part := range p.Parts {
		t.Parts = append(t.Parts, &orderv1.BundlePart{Sku: part.SKU, Quantity: part.Quantity})
	}
	for _, b := range p.Bearers {
		t.Bearers = append(t.Bearers, &orderv1.Bearer{Role: bearerRoles[b.Role], Code: b.Code, ShareBp: b.ShareBP})
	}
	if p.Coupon {
		t.Coupon = &orderv1.CouponTerms{Total: p.Coupons.Total, PerMember: p.Coupons.PerMember, ValidS: p.Coupons.ValidS}
	}
	return &orderv1.PromotionInfo{
		Claimed: p.Claimed, VersionInForce: p.InForce,
		Code: p.ID, Version: p.Version, Terms: t, Ended: p.Ended, UsedMinor: p.UsedMinor, UsedQuantity: p.UsedQuantity, ChangedBy: p.ChangedBy, ChangedAtUs: p.ChangedAtUS,
	}
}

// toDiscounts are discounts as their reader may see them: who bears them is the staff's.
func toDiscounts(all []biz.Discount, bearers bool) (out []*orderv1.LineDiscount) {
	for _, d := range all {
		o := &orderv1.LineDiscount{Promotion: d.Promotion, Version: d.Version, AmountMinor: d.AmountMinor, Coupon: d.Coupon}
		if bearers {
			for _, b := range d.Bearers {
				o.Bearers = append(o.Bearers, &orderv1.BorneDiscount{Role: bearerRoles[b.Role], Code: b.Code, AmountMinor: b.AmountMinor})
			}
		}
		out = append(out, o)
	}
	return out
}

func toSteps(steps []biz.PriceStep) (out []*orderv1.PriceStep) {
	for _, s := range steps {
		out = append(out, &orderv1.PriceStep{Kind: s.Kind, Promotion: s.Promotion, Name: s.Name, AmountMinor: s.AmountMinor, Applied: s.Applied, Reason: s.Reason, Skus: s.SKUs, List: s.List})
	}
	return out
}
