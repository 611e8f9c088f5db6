package service

import (
	"context"
	"errors"
	"slices"
	"strconv"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/webhook/hooks"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// TradeEvents is the service of what systems beside the platform are told of orders.
type TradeEvents struct {
	orderv1.UnimplementedTradeEventsServer
	orders *data.Orders
	secret []byte
	store  hooks.Store
	hooks  *hooks.Subscriptions
}

// NewTradeEvents makes the service. pageSecret is the key of cursors, hookKey that of webhooks' secrets; loopback lets webhooks
// go to this machine.
func NewTradeEvents(orders *data.Orders, pageSecret, hookKey []byte, loopback bool) *TradeEvents {
	store := orders.Hooks()
	return &TradeEvents{orders: orders, secret: pageSecret, store: store, hooks: hooks.NewSubscriptions(store, hookKey, pageSecret, loopback, func(ctx context.Context) (int64, error) {
		_, last, err := orders.ToldEnds(ctx)
		return last, err
	})}
}

// ListTradeEvents tells what has happened since a cursor.
func (s *TradeEvents) ListTradeEvents(ctx context.Context, in *orderv1.ListTradeEventsRequest) (*orderv1.ListTradeEventsResponse, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	filter, err := toldFilter(p, in)
	if err != nil {
		return nil, err
	}
	query := page.Query("trade events", p.Caller(), p.Org, filter.Store, filter.Channel, page.Query(filter.Topics...))
	first, last, err := s.orders.ToldEnds(ctx)
	if err != nil {
		return nil, err
	}
	from := last
	switch {
	case in.GetCursor() != "":
		if in.GetBegin() != orderv1.TradeEventsBegin_TRADE_EVENTS_BEGIN_UNSPECIFIED {
			return nil, biz.Invalid("begin", "not together with a cursor")
		}
		if from, err = s.position(query, in.GetCursor()); err != nil {
			return nil, err
		}
	case in.GetBegin() == orderv1.TradeEventsBegin_TRADE_EVENTS_OLDEST:
		from = max(0, first-1)
	}
	found, to, err := s.orders.ToldAfter(ctx, filter, from, page.Size(in.GetLimit()))
	if errors.Is(err, data.ErrToldExpired) {
		err = biz.TradeEventsExpired(int64(data.ToldKept.Hours()) / 24)
	}
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListTradeEventsResponse{NextCursor: page.Encode(s.secret, query, strconv.FormatInt(to, 10)), Behind: max(0, last-to)}
	for _, e := range found {
		event := toTradeEvent(e)
		if !seesReceipts(p, e.SellerOrg) {
			event.Receipts = nil
		}
		out.Events = append(out.Events, event)
	}
	return out, nil
}

func (s *TradeEvents) position(query, cursor string) (int64, error) {
	keys, err := page.Decode(s.secret, cursor, query)
	if err != nil || len(keys) != 1 {
		return 0, page.ErrToken
	}
	at, err := strconv.ParseInt(keys[0], 10, 64)
	if err != nil || at < 0 {
		return 0, page.ErrToken
	}
	return at, nil
}

// toldFilter says what a caller is told, beside what its scope covers.
func toldFilter(p tenancy.Principal, in *orderv1.ListTradeEventsRequest) (data.ToldFilter, error) {
	f := data.ToldFilter{Channel: in.GetChannel()}
	if p.Kind != tenancy.Dealer { // who looks after those below, not only the store where he works
		f.Store = p.Store
	}
	for _, t := range in.GetTopics() {
		f.Topics = append(f.Topics, string(biz.TopicOf(t.String())))
	}
	slices.Sort(f.Topics)
	if !p.Scope.All {
		f.Orgs = p.Scope.Orgs
	}
	switch {
	case p.Kind == tenancy.Channel:
		if p.Channel == "" || f.Channel != "" && f.Channel != p.Channel {
			return f, biz.Forbidden("the channel's own account")
		}
		f.Channel, f.Sent = p.Channel, true
	case p.Kind == tenancy.Service:
	case p.Kind == tenancy.Device || !isStaff(p):
		return f, biz.Forbidden("staff, or a channel's account")
	}
	return f, nil
}

func toTradeEvent(e data.Told) *orderv1.TradeEvent {
	out := &orderv1.TradeEvent{
		Id: e.ID, Position: e.Position, Topic: orderv1.TradeTopic(orderv1.TradeTopic_value[e.Topic.Name()]), OrderId: e.OrderID, Version: e.Version,
		State: string(e.State), AtUs: e.AtUS, SellerOrg: e.SellerOrg, Channel: e.Channel, SourceNo: e.Body.SourceNo, ShopStoreCode: e.ShopStore, FulfilmentId: e.FulfilmentID,
		Location: e.Location, Way: toWay(e.Body.Way), Carrier: e.Body.Carrier, TrackingNo: e.Body.TrackingNo, ParcelId: e.Body.ParcelID, ReturnId: e.Body.ReturnID, RefundId: e.Body.RefundID, InvoiceId: e.Body.InvoiceID, RedOf: e.Body.RedOf,
	}
	if e.Body.Currency != "" {
		out.Amount = &commonv1.Money{AmountMinor: e.Body.AmountMinor, Currency: e.Body.Currency}
	}
	out.Late, out.DueAtUs = orderv1.OverdueStep(orderv1.OverdueStep_value["LATE_"+e.Body.Late]), e.Body.DueUS
	out.Receipts = toEventReceipts(e.Body.Receipts)
	for _, l := range e.Body.Lines {
		out.Lines = append(out.Lines, &orderv1.TradeEventLine{LineId: l.LineID, Sku: l.SKU, Quantity: l.Quantity})
	}
	return out
}
