package service

import (
	"context"
	"slices"
	"strconv"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// ServiceLevels serves those who say how soon goods have to leave, and those who look what is late.
type ServiceLevels struct {
	orderv1.UnimplementedServiceLevelsServer
	order *Order
}

// NewServiceLevels shares the order center's work.
func NewServiceLevels(order *Order) *ServiceLevels { return &ServiceLevels{order: order} }

// PutServiceLevel says how soon a channel wants its goods.
func (s *ServiceLevels) PutServiceLevel(ctx context.Context, in *orderv1.PutServiceLevelRequest) (*orderv1.ServiceLevel, error) {
	p, err := promoter(ctx)
	if err != nil {
		return nil, err
	}
	level := biz.ServiceLevel{Channel: in.GetChannel(), AcceptUS: in.GetAcceptS() * 1_000_000, PickUS: in.GetPickS() * 1_000_000, ShipUS: in.GetShipS() * 1_000_000,
		CollectUS: in.GetCollectS() * 1_000_000, AnswerUS: in.GetAnswerS() * 1_000_000, ChangedBy: p.Actor()}
	if err := level.Check(); err != nil {
		return nil, err
	}
	return command.Local[struct{}, *orderv1.ServiceLevel]{
		Method: orderv1.ServiceLevels_PutServiceLevel_FullMethodName, Request: in,
		Decide: func(ctx context.Context, _ struct{}) (*orderv1.ServiceLevel, error) {
			now, err := s.order.DB.Now(ctx)
			if err != nil {
				return nil, err
			}
			level.ChangedAtUS = now
			changed, err := s.order.Levels.Put(ctx, level, in.GetExpectedVersion())
			if err != nil {
				return nil, err
			}
			return toLevel(changed), platform.AppendAudit(ctx, platform.AuditEntry{Actor: p.Actor(), Action: "order.service_level.put", Subject: in.GetChannel()})
		},
	}.Run(ctx, s.order.DB)
}

// ListServiceLevels returns all.
func (s *ServiceLevels) ListServiceLevels(ctx context.Context, _ *orderv1.ListServiceLevelsRequest) (*orderv1.ListServiceLevelsResponse, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	all, err := s.order.Levels.All(ctx)
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListServiceLevelsResponse{}
	for _, l := range all {
		out.Levels = append(out.Levels, toLevel(l))
	}
	return out, nil
}

func toLevel(l biz.ServiceLevel) *orderv1.ServiceLevel {
	return &orderv1.ServiceLevel{
		Channel: l.Channel, AcceptS: l.AcceptUS / 1_000_000, PickS: l.PickUS / 1_000_000, ShipS: l.ShipUS / 1_000_000,
		CollectS: l.CollectUS / 1_000_000, AnswerS: l.AnswerUS / 1_000_000, Version: int32(l.Version), ChangedBy: l.ChangedBy, ChangedAtUs: l.ChangedAtUS,
	}
}

// ListOverdue pages through what is late, the longest first: to a store's people what their store ships, to headquarters all.
func (s *ServiceLevels) ListOverdue(ctx context.Context, in *orderv1.ListOverdueRequest) (*orderv1.ListOverdueResponse, error) {
	p, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	location := in.GetLocation()
	switch {
	case p.Store != "" && location != "" && location != p.Store:
		return &orderv1.ListOverdueResponse{}, nil
	case p.Store != "":
		location = p.Store
	}
	query := page.Query("overdue", p.Caller(), location, in.GetChannel())
	after, err := s.order.after(in.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	size := page.Size(in.GetPageSize())
	found, keys, err := s.order.Orders.OverdueFulfilments(ctx, location, in.GetChannel(), after, size+1)
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListOverdueResponse{}
	if len(found) > size {
		found = found[:size]
		out.NextPageToken = page.Encode(s.order.settings.PageSecret, query, strconv.FormatInt(keys[size-1].US, 10), keys[size-1].ID)
	}
	records, err := s.order.ordersOf(ctx, found)
	if err != nil {
		return nil, err
	}
	for _, part := range found {
		r := records[part.OrderID]
		at := slices.IndexFunc(r.Fulfilments, func(f biz.Fulfilment) bool { return f.ID == part.PartID })
		if at >= 0 {
			out.Fulfilments = append(out.Fulfilments, toParcel(r.Header, r.Fulfilments[at]))
		}
	}
	return out, nil
}
