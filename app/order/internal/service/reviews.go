package service

import (
	"context"
	"slices"
	"strconv"
	"strings"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// Reviews is the service of orders that wait for a person of their seller.
type Reviews struct {
	orderv1.UnimplementedReviewsServer
	order *Order
	rules *data.ReviewRules
}

// NewReviews shares the order center's work.
func NewReviews(order *Order, rules *data.ReviewRules) *Reviews {
	return &Reviews{order: order, rules: rules}
}

var (
	reviewStates = map[biz.State]orderv1.ReviewState{
		biz.ReviewHeld: orderv1.ReviewState_REVIEW_HELD, biz.ReviewReleased: orderv1.ReviewState_REVIEW_RELEASED,
		biz.ReviewRejected: orderv1.ReviewState_REVIEW_REJECTED, biz.ReviewCancelled: orderv1.ReviewState_REVIEW_CANCELLED,
	}
	silences = map[orderv1.ReviewSilence]biz.Silence{
		orderv1.ReviewSilence_REVIEW_WAITS: biz.SilenceWaits, orderv1.ReviewSilence_REVIEW_RELEASES: biz.SilenceReleases,
		orderv1.ReviewSilence_REVIEW_ESCALATES: biz.SilenceEscalates,
	}
)

// flagPrefix is what the API puts before a flag's name.
const flagPrefix = "REMARK_"

// reviewed says which rules hold an order that is being placed. Of one that no rule can touch nothing is asked.
func (s *Order) reviewed(ctx context.Context, d biz.Draft, held []biz.Reservation, nowUS int64) ([]biz.ReviewHit, error) {
	if s.Seeker.Reviews == nil {
		return nil, nil
	}
	all, err := s.Seeker.Reviews.Rules(ctx, nowUS)
	if err != nil {
		return nil, err
	}
	rules := all.For(d.Record.Header, nowUS)
	if len(rules) == 0 {
		return nil, nil
	}
	var facts biz.ReviewFacts
	known := biz.ReviewFacts{Goods: d.Goods, Region: d.Region, Held: held}
	if needs := biz.Needs(d.Record, known, rules); needs != (biz.ReviewNeeds{}) {
		if facts, err = s.Orders.ReviewFacts(ctx, d.Record.Header, needs, nowUS); err != nil {
			return nil, err
		}
	}
	facts.Goods, facts.Region, facts.Held = known.Goods, known.Region, known.Held
	return biz.ReviewHits(d.Record, facts, rules, nowUS), nil
}

// ruleEditor is who may write rules for his organisation's orders: of headquarters those who write its other terms.
func ruleEditor(ctx context.Context, everyone bool) (tenancy.Principal, error) {
	p, err := tenancy.FromContext(ctx)
	switch {
	case err != nil:
		return p, err
	case p.Kind == tenancy.HQ:
		return promoter(ctx)
	case everyone || p.Direct: // a store of headquarters' own has no orders but headquarters'
		return p, biz.Forbidden("admin or operator of headquarters")
	case !hasRole(p, approverRoles):
		return p, biz.Forbidden(strings.Join(approverRoles, " or "))
	}
	return p, nil
}

// PutReviewRule adds a version of a rule, and lists it in the audit log.
func (s *Reviews) PutReviewRule(ctx context.Context, in *orderv1.PutReviewRuleRequest) (*orderv1.ReviewRule, error) {
	p, err := ruleEditor(ctx, in.GetEveryone())
	if err != nil {
		return nil, err
	}
	rule := fromReviewRule(in)
	rule.Org, rule.ChangedBy = p.Org, p.Actor()
	if err := rule.Validate(); err != nil {
		return nil, err
	}
	return command.Local[struct{}, *orderv1.ReviewRule]{
		Method: orderv1.Reviews_PutReviewRule_FullMethodName, Request: in,
		Decide: func(ctx context.Context, _ struct{}) (*orderv1.ReviewRule, error) {
			now, err := s.order.DB.Now(ctx)
			if err != nil {
				return nil, err
			}
			if rule.ChangedUS = now; in.GetFromUs() > 0 && in.GetFromUs() < now {
				return nil, biz.Invalid("from_us", "must not be in the past")
			}
			if rule.FromUS = in.GetFromUs(); rule.FromUS == 0 {
				rule.FromUS = now
			}
			kept, err := s.rules.Put(ctx, rule)
			if err != nil {
				return nil, err
			}
			return toReviewRule(kept), platform.AppendAudit(ctx, platform.AuditEntry{Actor: p.Actor(), Action: "order.review_rule.put", Subject: rule.Org + "/" + rule.Code})
		},
	}.Run(ctx, s.order.DB)
}

// ListReviewRules pages through the rules of the caller's organisation.
func (s *Reviews) ListReviewRules(ctx context.Context, in *orderv1.ListReviewRulesRequest) (*orderv1.ListReviewRulesResponse, error) {
	p, err := people(ctx)
	if err != nil {
		return nil, err
	}
	secret, query := s.order.settings.PageSecret, page.Query("review rules", p.Caller())
	after, err := ruleKey(secret, in.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	size := page.Size(in.GetPageSize())
	list, err := s.rules.List(ctx, after, size+1)
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListReviewRulesResponse{}
	if len(list) > size {
		list = list[:size]
		last := list[size-1]
		out.NextPageToken = page.Encode(secret, query, last.Code, last.Org, strconv.FormatInt(last.Version, 10))
	}
	for _, r := range list {
		out.Rules = append(out.Rules, toReviewRule(r))
	}
	return out, nil
}

func ruleKey(secret []byte, token, query string) (*data.RuleKey, error) {
	keys, err := page.Decode(secret, token, query)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	if len(keys) != 3 {
		return nil, fault.PageTokenInvalid()
	}
	version, err := strconv.ParseInt(keys[2], 10, 64)
	if err != nil {
		return nil, fault.PageTokenInvalid()
	}
	return &data.RuleKey{Code: keys[0], Org: keys[1], Version: version}, nil
}

// people are those who work on orders, no machine.
func people(ctx context.Context) (tenancy.Principal, error) {
	p, err := tenancy.FromContext(ctx)
	if err == nil && !hasRole(p, staffRoles) {
		err = biz.Forbidden(strings.Join(staffRoles, " or "))
	}
	return p, err
}

// ListReviews pages through what is held, or was.
func (s *Reviews) ListReviews(ctx context.Context, in *orderv1.ListReviewsRequest) (*orderv1.ListReviewsResponse, error) {
	p, err := people(ctx)
	if err != nil {
		return nil, err
	}
	f := data.ReviewFilter{
		State: fromState(reviewStates, in.GetState()), Channel: in.GetChannel(), ShopStore: in.GetShopStoreCode(), Org: in.GetSellerOrg(),
		OrderID: in.GetOrderId(), Escalated: in.GetEscalated(),
	}
	if f.State == biz.None && f.OrderID == "" {
		f.State = biz.ReviewHeld
	}
	out := &orderv1.ListReviewsResponse{}
	if p.Store != "" {
		if f.ShopStore != "" && f.ShopStore != p.Store {
			return out, nil
		}
		f.ShopStore = p.Store
	}
	secret := s.order.settings.PageSecret
	query := page.Query("reviews", p.Caller(), string(f.State), f.Channel, f.ShopStore, f.Org, f.OrderID, strconv.FormatBool(f.Escalated))
	after, err := afterOf(secret, in.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	size := page.Size(in.GetPageSize())
	list, err := s.order.Orders.VisibleReviews(ctx, f, after, size+1)
	if err != nil {
		return nil, err
	}
	if len(list) > size {
		list = list[:size]
		out.NextPageToken = page.Encode(secret, query, strconv.FormatInt(list[size-1].HeldAtUS, 10), list[size-1].ID)
	}
	parts := make([]data.Due, len(list))
	for i, v := range list {
		parts[i] = data.Due{OrderID: v.OrderID, PartID: v.ID}
	}
	records, err := s.order.ordersOf(ctx, parts)
	if err != nil {
		return nil, err
	}
	for _, v := range list {
		out.Reviews = append(out.Reviews, toReview(v, records[v.OrderID]))
	}
	return out, nil
}

// HoldOrder stops an order for a person.
func (s *Reviews) HoldOrder(ctx context.Context, in *orderv1.HoldOrderRequest) (*orderv1.OrderInfo, error) {
	return s.decide(ctx, orderv1.Reviews_HoldOrder_FullMethodName, "order.review.hold", in, in.GetOrderId(), nil,
		func(o *biz.Order) error { return o.Hold(in.GetReason()) })
}

// ReleaseOrder lets it go on.
func (s *Reviews) ReleaseOrder(ctx context.Context, in *orderv1.ReleaseOrderRequest) (*orderv1.OrderInfo, error) {
	return s.decide(ctx, orderv1.Reviews_ReleaseOrder_FullMethodName, "order.review.release", in, in.GetOrderId(), nil,
		func(o *biz.Order) error { return o.Release(in.GetAnswer()) })
}

// RejectOrder cancels it. What could still be paid is closed at its provider first.
func (s *Reviews) RejectOrder(ctx context.Context, in *orderv1.RejectOrderRequest) (*orderv1.OrderInfo, error) {
	var closed []string
	return s.decide(ctx, orderv1.Reviews_RejectOrder_FullMethodName, "order.review.reject", in, in.GetOrderId(),
		func(ctx context.Context, r biz.Record) (err error) {
			if r.Held() {
				closed, err = s.order.closeThere(ctx, r)
			}
			return err
		},
		func(o *biz.Order) error {
			err := o.Reject(in.GetReason(), in.GetAnswer())
			o.ClosedThere(closed...)
			return err
		})
}

// decide runs a decision of those who decide about the seller's money, and lists it in the audit log.
func (s *Reviews) decide(ctx context.Context, method, action string, in command.Request, orderID string,
	before func(ctx context.Context, r biz.Record) error, change func(o *biz.Order) error) (*orderv1.OrderInfo, error) {
	answer, err := decide(ctx, s.order, method, in,
		func(ctx context.Context) error {
			p, r, err := s.order.orderFor(ctx, orderID)
			if err == nil {
				err = approves(p, r)
			}
			if err == nil && before != nil {
				err = before(ctx, r)
			}
			return err
		},
		func(ctx context.Context) (*orderv1.OrderInfo, error) {
			r, err := s.order.change(ctx, orderID, change)
			if err != nil {
				return nil, err
			}
			if err := platform.AppendAudit(ctx, platform.AuditEntry{Actor: actor(ctx), Action: action, Subject: orderID}); err != nil {
				return nil, err
			}
			return s.order.kept(ctx, r)
		})
	return s.order.addressed(ctx, answer, err)
}

// AddOrderRemark writes on an order.
func (s *Reviews) AddOrderRemark(ctx context.Context, in *orderv1.AddOrderRemarkRequest) (*orderv1.OrderRemark, error) {
	var org string
	return decide(ctx, s.order, orderv1.Reviews_AddOrderRemark_FullMethodName, in,
		func(ctx context.Context) error {
			p, r, err := s.order.orderFor(ctx, in.GetOrderId())
			switch {
			case err != nil:
				return err
			case !hasRole(p, staffRoles):
				return biz.Forbidden(strings.Join(staffRoles, " or "))
			case p.Org != r.Org:
				return biz.Forbidden("the seller's organisation")
			}
			org = r.Org
			return nil
		},
		func(ctx context.Context) (*orderv1.OrderRemark, error) {
			now, err := s.order.DB.Now(ctx)
			if err != nil {
				return nil, err
			}
			flag := biz.Flag("")
			if in.GetFlag() != orderv1.RemarkFlag_REMARK_FLAG_NONE {
				flag = biz.Flag(strings.TrimPrefix(in.GetFlag().String(), flagPrefix))
			}
			r, err := biz.NewRemark(in.GetOrderId(), org, in.GetText(), flag, in.GetInternal(), actor(ctx), now)
			if err != nil {
				return nil, err
			}
			return toRemark(r), s.order.Orders.AddRemark(ctx, r)
		})
}

// ListOrderRemarks pages through the remarks on an order. Its member sees those that are meant for him, and not who wrote them.
func (s *Reviews) ListOrderRemarks(ctx context.Context, in *orderv1.ListOrderRemarksRequest) (*orderv1.ListOrderRemarksResponse, error) {
	p, r, err := s.order.orderFor(ctx, in.GetOrderId())
	switch {
	case err != nil:
		return nil, err
	case p.Kind != tenancy.Member && !hasRole(p, staffRoles):
		return nil, biz.Forbidden(strings.Join(staffRoles, " or "))
	}
	internal := p.Kind != tenancy.Member
	secret, query := s.order.settings.PageSecret, page.Query("remarks", p.Caller(), r.ID)
	after, err := afterOf(secret, in.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	size := page.Size(in.GetPageSize())
	list, err := s.order.Orders.Remarks(ctx, r.ID, internal, after, size+1)
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListOrderRemarksResponse{}
	if len(list) > size {
		list = list[:size]
		out.NextPageToken = page.Encode(secret, query, strconv.FormatInt(list[size-1].AtUS, 10), list[size-1].ID)
	}
	for _, m := range list {
		remark := toRemark(m)
		if !internal {
			remark.By = ""
		}
		out.Remarks = append(out.Remarks, remark)
	}
	return out, nil
}

func toRemark(r biz.OrderRemark) *orderv1.OrderRemark {
	return &orderv1.OrderRemark{
		Id: r.ID, OrderId: r.OrderID, Text: r.Text, Flag: orderv1.RemarkFlag(orderv1.RemarkFlag_value[flagPrefix+string(r.Flag)]), Internal: r.Internal, By: r.Actor, AtUs: r.AtUS,
	}
}

func toReview(v data.ListedReview, r biz.Record) *orderv1.Review {
	out := &orderv1.Review{
		Id: v.ID, OrderId: v.OrderID, SellerOrg: v.Org, Channel: v.Channel, ShopStoreCode: v.ShopStore, State: reviewStates[v.State], Reason: v.Reason,
		OpenedBy: v.OpenedBy, OpenedAtUs: v.OpenedAtUS, HeldAtUs: v.HeldAtUS, DueAtUs: v.DueAtUS, EscalatedAtUs: v.EscalatedAtUS, DoneAtUs: v.DoneAtUS,
		DoneBy: v.DoneBy, Answer: v.Answer, Total: toMoney(r.TotalMinor, r.Currency),
	}
	for _, h := range v.Hits {
		out.Hits = append(out.Hits, &orderv1.ReviewHit{Code: h.Code, Org: h.Org, Version: int32(h.Version), Name: h.Name, Why: h.Why})
	}
	return out
}

func fromReviewRule(in *orderv1.PutReviewRuleRequest) biz.ReviewRule {
	r := biz.ReviewRule{Code: in.GetCode(), Name: in.GetName(), Withdrawn: in.GetWithdrawn()}
	if r.Withdrawn {
		return r
	}
	c := in.GetConditions()
	r.Everyone, r.Channel = in.GetEveryone(), in.GetChannel()
	r.AmountMinor, r.Currency, r.PiecesFrom = c.GetAmountFrom().GetAmountMinor(), c.GetAmountFrom().GetCurrency(), c.GetPiecesFrom()
	r.FirstOrder, r.WithRemark, r.BelowCost = c.GetFirstOrder(), c.GetWithRemark(), c.GetBelowCost()
	r.ToAddress, r.WithinUS = int64(c.GetToAddress()), c.GetWithinS()*1_000_000
	r.Regions, r.SKUs, r.Categories, r.Brands = c.GetRegions(), c.GetSkus(), c.GetCategories(), c.GetBrands()
	r.Silence, r.AfterUS = silences[in.GetSilence()], in.GetAfterS()*1_000_000
	return r
}

func toReviewRule(r biz.ReviewRule) *orderv1.ReviewRule {
	out := &orderv1.ReviewRule{
		Code: r.Code, Org: r.Org, Version: int32(r.Version), Name: r.Name, Everyone: r.Everyone, Channel: r.Channel, AfterS: r.AfterUS / 1_000_000,
		Withdrawn: r.Withdrawn, FromUs: r.FromUS, ChangedBy: r.ChangedBy, ChangedAtUs: r.ChangedUS,
		Conditions: &orderv1.ReviewConditions{
			PiecesFrom: r.PiecesFrom, FirstOrder: r.FirstOrder, WithRemark: r.WithRemark, ToAddress: int32(r.ToAddress), WithinS: r.WithinUS / 1_000_000,
			Regions: r.Regions, Skus: r.SKUs, Categories: r.Categories, Brands: r.Brands, BelowCost: r.BelowCost,
		},
	}
	if r.AmountMinor > 0 {
		out.Conditions.AmountFrom = toMoney(r.AmountMinor, r.Currency)
	}
	for proto, s := range silences {
		if s == r.Silence {
			out.Silence = proto
		}
	}
	return out
}

// hideReview takes out of an order's history, for its buyer and its channel, who of the seller's has looked at it.
func hideReview(history []biz.HistoryEvent) []biz.HistoryEvent {
	return slices.DeleteFunc(slices.Clone(history), func(e biz.HistoryEvent) bool { return e.Subject == biz.SubjectReview })
}
