package service

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// GetOrder shows an order to its member and its seller.
func (s *Order) GetOrder(ctx context.Context, req *orderv1.GetOrderRequest) (*orderv1.OrderInfo, error) {
	p, r, err := s.orderFor(ctx, req.GetOrderId())
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, p, r)
}

// shown leaves out the receiver where a machine asks, says who bears the discounts where staff does, and by which code to
// collect where the member does.
func (s *Order) shown(ctx context.Context, p tenancy.Principal, r biz.Record) (*orderv1.OrderInfo, error) {
	info, err := s.info(ctx, r)
	if err != nil {
		return nil, err
	}
	if p.Kind == tenancy.Device {
		info.Receiver = nil
	}
	buyerSees(p, info)
	if p.Kind == tenancy.Member {
		for i, f := range r.Fulfilments {
			if r.ReadyForPickup(f) {
				info.Fulfilments[i].Pickup = s.pickupCode(f.ID)
			}
		}
	}
	if seesReceipts(p, r.Org) {
		info.Receipts = toReceipts(r.Receipts(), r.Currency)
		for i, l := range r.Lines {
			info.Lines[i].Receipts = toReceipts(r.LineReceipts(l), r.Currency)
		}
	}
	if isStaff(p) {
		info.FreightDiscounts = toDiscounts(r.FreightDiscounts, true)
		for i, l := range r.Lines {
			info.Lines[i].Discounts = toDiscounts(l.Discounts, true)
		}
	}
	return info, nil
}

// GetChannelOrder finds an order by its number in a channel.
func (s *Order) GetChannelOrder(ctx context.Context, req *orderv1.GetChannelOrderRequest) (*orderv1.OrderInfo, error) {
	id, err := s.Orders.BySourceNo(ctx, "", req.GetChannel(), req.GetExternalNo())
	if err != nil {
		return nil, err
	}
	if id == "" {
		return nil, biz.OrderUnknown()
	}
	return s.GetOrder(ctx, &orderv1.GetOrderRequest{OrderId: id})
}

// ListFulfilments pages through the fulfilments that the caller may see, the newest first, or what is due first.
func (s *Order) ListFulfilments(ctx context.Context, req *orderv1.ListFulfilmentsRequest) (*orderv1.ListFulfilmentsResponse, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	f := data.FulfilmentFilter{Location: req.GetLocation(), OrderID: req.GetOrderId(), SKU: req.GetSku(), States: fulfilmentsIn(req), DueUntilUS: req.GetDueUntilUs()}
	out := &orderv1.ListFulfilmentsResponse{}
	if p.Store != "" {
		if f.Location != "" && f.Location != p.Store {
			return out, nil
		}
		f.Location = p.Store
	}
	if p.Kind == tenancy.Channel { // its own sales, not whatever its organisation ships
		f.Channel, f.SellerOrg = p.Channel, p.Org
	}
	query := page.Query("fulfilments", p.Caller(), f.Location, f.OrderID, fmt.Sprint(f.States), f.SKU, strconv.FormatInt(f.DueUntilUS, 10))
	after, err := s.after(req.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	size := page.Size(req.GetPageSize())
	found, keys, err := s.Orders.VisibleFulfilments(ctx, f, after, size+1)
	if err != nil {
		return nil, err
	}
	if len(found) > size {
		found = found[:size]
		out.NextPageToken = page.Encode(s.settings.PageSecret, query, strconv.FormatInt(keys[size-1].US, 10), keys[size-1].ID)
	}
	records, err := s.ordersOf(ctx, found)
	if err != nil {
		return nil, err
	}
	for _, part := range found {
		r := records[part.OrderID]
		at := slices.IndexFunc(r.Fulfilments, func(f biz.Fulfilment) bool { return f.ID == part.PartID })
		if at < 0 {
			continue
		}
		if isStaff(p) {
			out.Fulfilments = append(out.Fulfilments, toParcel(r.Header, r.Fulfilments[at]))
		} else {
			out.Fulfilments = append(out.Fulfilments, toFulfilment(r.Header, r.Fulfilments[at]))
		}
	}
	return out, nil
}

// fulfilmentsIn are the states that a request names.
func fulfilmentsIn(req *orderv1.ListFulfilmentsRequest) (states []biz.State) {
	for _, state := range slices.Concat(req.GetStates(), []orderv1.FulfilmentState{req.GetState()}) {
		if state != orderv1.FulfilmentState_FULFILMENT_STATE_UNSPECIFIED {
			states = append(states, fromState(fulfilmentStates, state))
		}
	}
	return states
}

func (s *Order) ordersOf(ctx context.Context, parts []data.Due) (map[string]biz.Record, error) {
	byID := map[string]biz.Record{}
	for _, part := range parts {
		byID[part.OrderID] = biz.Record{}
	}
	wanted := make([]string, 0, len(byID))
	for id := range byID {
		wanted = append(wanted, id)
	}
	if len(wanted) == 0 {
		return byID, nil
	}
	records, err := s.Orders.LoadAll(ctx, wanted)
	for _, r := range records {
		byID[r.ID] = r
	}
	return byID, err
}

func (s *Order) after(token, query string) (data.After, error) {
	return afterOf(s.settings.PageSecret, token, query)
}

// afterOf reads the token of a list that goes by time and id.
func afterOf(secret []byte, token, query string) (data.After, error) {
	keys, err := page.Decode(secret, token, query)
	if err != nil {
		return data.After{}, fault.PageTokenInvalid()
	}
	if len(keys) == 0 {
		return data.After{}, nil
	}
	us, err := strconv.ParseInt(keys[0], 10, 64)
	if err != nil || len(keys) != 2 {
		return data.After{}, fault.PageTokenInvalid()
	}
	return data.After{US: us, ID: keys[1]}, nil
}
