package service

import (
	"context"
	"slices"
	"strings"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// Goodwills is the service of money beyond the price.
type Goodwills struct {
	orderv1.UnimplementedGoodwillsServer
	order *Order
}

// NewGoodwills shares the order center's work.
func NewGoodwills(order *Order) *Goodwills { return &Goodwills{order: order} }

// payerRoles may give the money out.
var payerRoles = []string{"admin", "operator", "manager", "finance"}

// RequestGoodwill asks for money beyond the price.
func (s *Goodwills) RequestGoodwill(ctx context.Context, in *orderv1.RequestGoodwillRequest) (*orderv1.Goodwill, error) {
	var decides bool
	var alone int64
	return s.change(ctx, orderv1.Goodwills_RequestGoodwill_FullMethodName, "order.goodwill.request", in,
		func(ctx context.Context) (string, error) {
			p, r, err := s.order.orderFor(ctx, in.GetOrderId())
			switch {
			case err != nil:
				return "", err
			case !hasRole(p, staffRoles):
				return "", biz.Forbidden(strings.Join(staffRoles, " or "))
			case p.Org != r.Org:
				return "", biz.Forbidden("the seller's organisation")
			}
			decides = approves(p, r) == nil
			alone, err = s.order.Seeker.Returns.GoodwillAlone(ctx, r.Channel)
			return r.ID, err
		},
		func(o *biz.Order) (string, error) {
			return o.RequestGoodwill(in.GetAmountMinor(), fromGoodwillWay(in.GetWay()), in.GetReason(), decides, alone)
		})
}

// ApproveGoodwill approves what another person has asked for.
func (s *Goodwills) ApproveGoodwill(ctx context.Context, in *orderv1.ApproveGoodwillRequest) (*orderv1.Goodwill, error) {
	return s.on(ctx, orderv1.Goodwills_ApproveGoodwill_FullMethodName, "order.goodwill.approve", in, in.GetGoodwillId(), approves,
		func(o *biz.Order) error { return o.ApproveGoodwill(in.GetGoodwillId()) })
}

// RefuseGoodwill says that it is not given.
func (s *Goodwills) RefuseGoodwill(ctx context.Context, in *orderv1.RefuseGoodwillRequest) (*orderv1.Goodwill, error) {
	return s.on(ctx, orderv1.Goodwills_RefuseGoodwill_FullMethodName, "order.goodwill.refuse", in, in.GetGoodwillId(), approves,
		func(o *biz.Order) error { return o.RefuseGoodwill(in.GetGoodwillId(), in.GetReason()) })
}

// PayGoodwill says that the buyer has the money.
func (s *Goodwills) PayGoodwill(ctx context.Context, in *orderv1.PayGoodwillRequest) (*orderv1.Goodwill, error) {
	return s.on(ctx, orderv1.Goodwills_PayGoodwill_FullMethodName, "order.goodwill.pay", in, in.GetGoodwillId(), paysOut,
		func(o *biz.Order) error { return o.PayGoodwill(in.GetGoodwillId(), in.GetReference()) })
}

// ListGoodwills pages through the goodwill of the caller's organisation; people of a store see that of its own orders.
func (s *Goodwills) ListGoodwills(ctx context.Context, in *orderv1.ListGoodwillsRequest) (*orderv1.ListGoodwillsResponse, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if !hasRole(p, payerRoles) {
		return nil, biz.Forbidden(strings.Join(payerRoles, " or "))
	}
	out := &orderv1.ListGoodwillsResponse{}
	out.NextPageToken, err = s.order.parts(ctx, partsQuery{
		name: "goodwill", state: in.GetState().String(), token: in.GetPageToken(), size: in.GetPageSize(),
		find: func(after data.After, limit int) ([]data.Due, []data.After, error) {
			return s.order.Orders.VisibleGoodwills(ctx, fromState(goodwillStates, in.GetState()), after, limit)
		},
		add: func(r biz.Record, id string) error {
			g, err := goodwillOf(r, id)
			out.Goodwills = append(out.Goodwills, g)
			return err
		},
	})
	return out, err
}

// on changes goodwill that there is, by a caller whom may lets.
func (s *Goodwills) on(ctx context.Context, method, action string, in command.Request, id string,
	may func(p tenancy.Principal, r biz.Record) error, change func(o *biz.Order) error) (*orderv1.Goodwill, error) {
	return s.change(ctx, method, action, in,
		func(ctx context.Context) (string, error) {
			orderID, err := s.order.Orders.OrderOfGoodwill(ctx, id)
			if err != nil {
				return "", err
			}
			p, r, err := s.order.orderFor(ctx, orderID)
			if err = hidden(err, "goodwill"); err == nil {
				err = may(p, r)
			}
			return r.ID, err
		},
		func(o *biz.Order) (string, error) { return id, change(o) })
}

// change runs a command about goodwill, and lists it in the audit log.
func (s *Goodwills) change(ctx context.Context, method, action string, in command.Request,
	allowed func(ctx context.Context) (string, error), change func(o *biz.Order) (string, error)) (*orderv1.Goodwill, error) {
	var orderID string
	return decide(ctx, s.order, method, in,
		func(ctx context.Context) (err error) { orderID, err = allowed(ctx); return err },
		func(ctx context.Context) (*orderv1.Goodwill, error) {
			id := ""
			r, err := s.order.change(ctx, orderID, func(o *biz.Order) (err error) {
				id, err = change(o)
				return err
			})
			if err != nil {
				return nil, err
			}
			if err := platform.AppendAudit(ctx, platform.AuditEntry{Actor: actor(ctx), Action: action, Subject: id}); err != nil {
				return nil, err
			}
			return goodwillOf(r, id)
		})
}

// hasRole says whether a person, not a machine, has one of these roles.
func hasRole(p tenancy.Principal, roles []string) bool {
	switch p.Kind {
	case tenancy.HQ, tenancy.Dealer, tenancy.Franchisee:
		return slices.ContainsFunc(p.Roles, func(role string) bool { return slices.Contains(roles, role) })
	}
	return false
}

// paysOut refuses who does not give out money of an order's seller.
func paysOut(p tenancy.Principal, r biz.Record) error {
	switch {
	case !hasRole(p, payerRoles):
		return biz.Forbidden(strings.Join(payerRoles, " or "))
	case p.Org != r.Org:
		return biz.Forbidden("the seller's organisation")
	}
	return nil
}

var goodwillStates = map[biz.State]orderv1.GoodwillState{
	biz.GoodwillRequested: orderv1.GoodwillState_GOODWILL_REQUESTED, biz.GoodwillApproved: orderv1.GoodwillState_GOODWILL_APPROVED,
	biz.GoodwillRefused: orderv1.GoodwillState_GOODWILL_REFUSED, biz.GoodwillPaid: orderv1.GoodwillState_GOODWILL_PAID,
}

const goodwillPrefix = "GOODWILL_"

func fromGoodwillWay(w orderv1.GoodwillWay) biz.GoodwillWay {
	return biz.GoodwillWay(strings.TrimPrefix(w.String(), goodwillPrefix))
}

func toGoodwill(r biz.Record, g biz.Goodwill) *orderv1.Goodwill {
	return &orderv1.Goodwill{
		Id: g.ID, OrderId: r.ID, State: goodwillStates[g.State], Amount: toMoney(g.AmountMinor, r.Currency), Reason: g.Reason, AskedBy: g.AskedBy, ApprovedBy: g.ApprovedBy,
		Way: orderv1.GoodwillWay(orderv1.GoodwillWay_value[goodwillPrefix+string(g.Way)]), Refusal: g.Refusal, Reference: g.Reference,
		AskedAtUs: g.AskedAtUS, ApprovedAtUs: g.ApprovedAtUS, PaidAtUs: g.DoneAtUS,
	}
}

func goodwillOf(r biz.Record, id string) (*orderv1.Goodwill, error) {
	for _, g := range r.Goodwills {
		if g.ID == id {
			return toGoodwill(r, g), nil
		}
	}
	return nil, biz.NotFound("goodwill")
}
