package service

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// MergedParcels is the service of orders to one address that travel in one parcel.
type MergedParcels struct {
	orderv1.UnimplementedMergedParcelsServer
	order *Order
}

// NewMergedParcels shares the order center's work.
func NewMergedParcels(order *Order) *MergedParcels { return &MergedParcels{order: order} }

// maxNeighbours bounds the orders that are shown beside one.
const maxNeighbours = 50

// ListMergeable pages through a location's fulfilments, and shows those that could travel with younger ones.
func (s *MergedParcels) ListMergeable(ctx context.Context, in *orderv1.ListMergeableRequest) (*orderv1.ListMergeableResponse, error) {
	p, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	location, err := ownLocation(p, in.GetLocation())
	if err != nil {
		return nil, err
	}
	secret, query := s.order.settings.PageSecret, page.Query("mergeable", p.Caller(), location)
	after, err := afterOf(secret, in.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	size := page.Size(in.GetPageSize())
	found, keys, err := s.order.Orders.ToMerge(ctx, location, after, size+1)
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListMergeableResponse{}
	if len(found) > size {
		found = found[:size]
		out.NextPageToken = page.Encode(secret, query, strconv.FormatInt(keys[size-1].US, 10), keys[size-1].ID)
	}
	orders, here := make([]string, len(found)), map[string]bool{}
	for i, part := range found {
		orders[i], here[part.PartID] = part.OrderID, true
	}
	records, err := s.order.Orders.Neighbours(ctx, orders)
	if err != nil {
		return nil, err
	}
	for _, group := range biz.Mergeable(records, location) {
		if !here[group[0].FulfilmentID] { // on the page of its oldest, which is the caller's to see; all are of one location
			continue
		}
		m := &orderv1.Mergeable{}
		for _, member := range group {
			m.Fulfilments = append(m.Fulfilments, &orderv1.MergeableFulfilment{OrderId: member.OrderID, FulfilmentId: member.FulfilmentID})
		}
		out.Groups = append(out.Groups, m)
	}
	return out, nil
}

// ListOrderNeighbours shows the seller what else goes to the same receiver.
func (s *MergedParcels) ListOrderNeighbours(ctx context.Context, in *orderv1.ListOrderNeighboursRequest) (*orderv1.ListOrderNeighboursResponse, error) {
	p, r, err := s.order.orderFor(ctx, in.GetOrderId())
	if err == nil && !hasRole(p, staffRoles) {
		err = biz.Forbidden("staff")
	}
	if err != nil {
		return nil, err
	}
	records, err := s.order.Orders.Neighbours(ctx, []string{r.ID})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(records, func(a, b biz.Record) int {
		return cmp.Or(cmp.Compare(b.PlacedAtUS, a.PlacedAtUS), cmp.Compare(b.ID, a.ID))
	})
	out := &orderv1.ListOrderNeighboursResponse{}
	for _, other := range records {
		if other.ID == r.ID || !other.Neighbours(r.Header) || !reaches(p, other) || len(out.Orders) == maxNeighbours {
			continue
		}
		n := &orderv1.OrderNeighbour{OrderId: other.ID, State: orderStates[other.State], Review: reviewStates[other.Review], PlacedAtUs: other.PlacedAtUS}
		for _, f := range other.Fulfilments {
			if f.Open() && !slices.Contains(n.Locations, f.Location) {
				n.Locations = append(n.Locations, f.Location)
			}
		}
		if len(n.Locations) > 0 || other.Unallocated {
			out.Orders = append(out.Orders, n)
		}
	}
	return out, nil
}

// MergeFulfilments puts fulfilments together: their orders are locked in the order of their ids, and nothing changes unless all fit.
func (s *MergedParcels) MergeFulfilments(ctx context.Context, in *orderv1.MergeFulfilmentsRequest) (*orderv1.MergedParcel, error) {
	var orders []string
	return decide(ctx, s.order, orderv1.MergedParcels_MergeFulfilments_FullMethodName, in,
		func(ctx context.Context) error {
			for _, id := range in.GetFulfilmentIds() {
				orderID, err := s.order.fulfilmentStaff(ctx, id)
				if err != nil {
					return err
				}
				orders = append(orders, orderID)
			}
			slices.Sort(orders)
			orders = slices.Compact(orders)
			return nil
		},
		func(ctx context.Context) (*orderv1.MergedParcel, error) {
			records := make([]biz.Record, len(orders))
			for i, id := range orders {
				var err error
				if records[i], err = s.order.Orders.Load(ctx, id); err != nil {
					return nil, err
				}
			}
			now, err := s.order.DB.Now(ctx)
			if err != nil {
				return nil, err
			}
			m, err := biz.NewMergedParcel(records, in.GetFulfilmentIds(), actor(ctx), now)
			if err != nil {
				return nil, err
			}
			if err := s.order.Orders.AddMergedParcel(ctx, m); err != nil {
				return nil, err
			}
			changed, err := s.each(ctx, m, func(o *biz.Order, id string) error { return o.Merge(id, m.ID) })
			return toMergedParcel(m, changed), err
		})
}

// GetMergedParcel shows what is in it.
func (s *MergedParcels) GetMergedParcel(ctx context.Context, in *orderv1.GetMergedParcelRequest) (*orderv1.MergedParcel, error) {
	m, err := s.order.mergedFor(ctx, in.GetMergedParcelId())
	if err != nil {
		return nil, err
	}
	records, err := s.order.Orders.LoadAll(ctx, m.Orders())
	return toMergedParcel(m, records), err
}

// SplitMergedParcel takes fulfilments out.
func (s *MergedParcels) SplitMergedParcel(ctx context.Context, in *orderv1.SplitMergedParcelRequest) (*orderv1.MergedParcel, error) {
	return s.on(ctx, orderv1.MergedParcels_SplitMergedParcel_FullMethodName, in, in.GetMergedParcelId(), in.GetFulfilmentIds(),
		func(o *biz.Order, id string) error { return o.TakeOut(id, in.GetMergedParcelId()) })
}

// ShipMergedParcel says that it has left.
func (s *MergedParcels) ShipMergedParcel(ctx context.Context, in *orderv1.ShipMergedParcelRequest) (*orderv1.MergedParcel, error) {
	var m biz.MergedParcel
	return decide(ctx, s.order, orderv1.MergedParcels_ShipMergedParcel_FullMethodName, in,
		func(ctx context.Context) (err error) {
			m, err = s.order.mergedFor(ctx, in.GetMergedParcelId())
			return err
		},
		func(ctx context.Context) (*orderv1.MergedParcel, error) {
			var left []string
			changed, err := s.each(ctx, m, func(o *biz.Order, id string) error {
				address, err := s.order.Orders.AddressOf(ctx, o.Record().ID)
				if err != nil {
					return err
				}
				inIt, err := o.LeavesMerged(id, m.ID, in.GetFulfilmentIds(), address)
				if err != nil || !inIt {
					return err
				}
				left = append(left, id)
				return o.ShipMerged(id, m.ID, in.GetCarrier(), in.GetTrackingNo())
			})
			if err == nil && len(left) == 0 {
				err = biz.Overtaken("nothing is in the parcel any more")
			}
			if err == nil && slices.ContainsFunc(in.GetFulfilmentIds(), func(id string) bool { return !slices.Contains(left, id) }) {
				err = biz.NotFound("fulfilment")
			}
			return toMergedParcel(m, changed), err
		})
}

// DeliverMergedParcel says that the carrier has handed it over.
func (s *MergedParcels) DeliverMergedParcel(ctx context.Context, in *orderv1.DeliverMergedParcelRequest) (*orderv1.MergedParcel, error) {
	return s.on(ctx, orderv1.MergedParcels_DeliverMergedParcel_FullMethodName, in, in.GetMergedParcelId(), nil,
		func(o *biz.Order, id string) error { return o.Deliver(id, in.GetNote()) })
}

// GetMergedWaybill is what goes onto it.
func (s *MergedParcels) GetMergedWaybill(ctx context.Context, in *orderv1.GetMergedWaybillRequest) (*orderv1.MergedWaybill, error) {
	m, err := s.order.mergedFor(ctx, in.GetMergedParcelId())
	if err != nil {
		return nil, err
	}
	records, err := s.order.Orders.LoadAll(ctx, m.Orders())
	if err != nil {
		return nil, err
	}
	var skus []string
	inIt(m, records, func(_ biz.Record, f biz.Fulfilment) {
		for _, l := range f.Lines {
			skus = append(skus, l.SKU)
		}
	})
	slices.Sort(skus)
	goods, err := s.order.Packing.Goods(ctx, slices.Compact(skus))
	if err != nil {
		return nil, err
	}
	sender, err := s.order.Packing.Sender(ctx, m.Location)
	if err != nil {
		return nil, err
	}
	out, refused := &orderv1.MergedWaybill{MergedParcelId: m.ID}, error(nil)
	var bills []biz.Waybill
	inIt(m, records, func(r biz.Record, f biz.Fulfilment) {
		bill, err := r.Waybill(f.ID, "", goods)
		if err != nil {
			refused = err
			return
		}
		bills = append(bills, bill)
		out.Orders = append(out.Orders, &orderv1.MergedOrder{OrderId: r.ID, FulfilmentId: f.ID, ExternalNo: bill.ExternalNo, Remark: bill.Remark})
	})
	switch {
	case refused != nil:
		return nil, refused
	case len(bills) == 0:
		return nil, biz.Overtaken("nothing is in the parcel any more")
	}
	out.Waybill = toWaybill(biz.MergedWaybill(bills), sender)
	return out, nil
}

// mergedFor finds a merged parcel of the caller's location.
func (s *Order) mergedFor(ctx context.Context, id string) (biz.MergedParcel, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return biz.MergedParcel{}, err
	}
	m, err := s.Orders.VisibleMergedParcel(ctx, id)
	switch {
	case err != nil:
		return m, err
	case p.Store != "" && p.Store != m.Location:
		return m, biz.NotFound("merged parcel")
	case !isStaff(p):
		return m, biz.Forbidden("staff or till")
	}
	return m, nil
}

// on changes what is in a merged parcel: those that are named, or all that are in it still.
func (s *MergedParcels) on(ctx context.Context, method string, in command.Request, id string, named []string, change func(o *biz.Order, fulfilmentID string) error) (*orderv1.MergedParcel, error) {
	var m biz.MergedParcel
	return decide(ctx, s.order, method, in,
		func(ctx context.Context) (err error) { m, err = s.order.mergedFor(ctx, id); return err },
		func(ctx context.Context) (*orderv1.MergedParcel, error) {
			for _, id := range named {
				if !slices.ContainsFunc(m.Members, func(x biz.MergedMember) bool { return x.FulfilmentID == id }) {
					return nil, biz.NotFound("fulfilment")
				}
			}
			n := 0
			changed, err := s.each(ctx, m, func(o *biz.Order, fulfilmentID string) error {
				if len(named) > 0 && !slices.Contains(named, fulfilmentID) || len(named) == 0 && !o.Record().In(fulfilmentID, m.ID) {
					return nil
				}
				n++
				return change(o, fulfilmentID)
			})
			if err == nil && n == 0 {
				err = biz.Overtaken("nothing is in the parcel any more")
			}
			return toMergedParcel(m, changed), err
		})
}

// each changes the orders of a merged parcel, locked in the order of their ids.
func (s *MergedParcels) each(ctx context.Context, m biz.MergedParcel, change func(o *biz.Order, fulfilmentID string) error) ([]biz.Record, error) {
	var records []biz.Record
	for _, orderID := range m.Orders() {
		r, err := s.order.change(ctx, orderID, func(o *biz.Order) error {
			for _, member := range m.Members {
				if member.OrderID != orderID {
					continue
				}
				if err := change(o, member.FulfilmentID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

// inIt goes through what is in a merged parcel, as it was put together.
func inIt(m biz.MergedParcel, records []biz.Record, each func(r biz.Record, f biz.Fulfilment)) {
	for _, member := range m.Members {
		for _, r := range records {
			for _, f := range r.Fulfilments {
				if f.ID == member.FulfilmentID && f.Merged == m.ID {
					each(r, f)
				}
			}
		}
	}
}

func toMergedParcel(m biz.MergedParcel, records []biz.Record) *orderv1.MergedParcel {
	out := &orderv1.MergedParcel{Id: m.ID, Location: m.Location, MergedBy: m.By, MergedAtUs: m.AtUS}
	inIt(m, records, func(r biz.Record, f biz.Fulfilment) {
		out.Fulfilments = append(out.Fulfilments, toFulfilment(r.Header, f))
	})
	return out
}
