package service

import (
	"context"
	"slices"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Packing serves those who take goods from the shelves and address them.
type Packing struct {
	orderv1.UnimplementedPackingServer
	order *Order
}

// NewPacking shares the order center's work.
func NewPacking(order *Order) *Packing { return &Packing{order: order} }

// mostPicked bounds the fulfilments of a picking list.
const mostPicked = 200

// GetPickingList groups by SKU what is to be taken from a location's shelves.
func (s *Packing) GetPickingList(ctx context.Context, in *orderv1.GetPickingListRequest) (*orderv1.PickingList, error) {
	p, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	location, err := ownLocation(p, in.GetLocation())
	if err != nil {
		return nil, err
	}
	wanted := in.GetFulfilmentIds()
	if in.GetMergedParcelId() != "" {
		if len(wanted) > 0 {
			return nil, biz.Invalid("fulfilment_ids", "are not for a merged parcel: it says itself what is in it")
		}
		if wanted, err = s.merged(ctx, in.GetMergedParcelId()); err != nil {
			return nil, err
		}
	}
	found, err := s.order.Orders.ToPick(ctx, location, wanted, mostPicked+1)
	if err != nil {
		return nil, err
	}
	out := &orderv1.PickingList{Location: location, More: len(found) > mostPicked}
	found = found[:min(len(found), mostPicked)]
	records, err := s.order.ordersOf(ctx, found)
	if err != nil {
		return nil, err
	}
	var list []biz.Fulfilment
	for _, part := range found {
		fulfilments := records[part.OrderID].Fulfilments
		at := slices.IndexFunc(fulfilments, func(f biz.Fulfilment) bool { return f.ID == part.PartID })
		if at < 0 {
			continue
		}
		if err := fulfilments[at].ToPick(); err != nil {
			return nil, err
		}
		list = append(list, fulfilments[at])
		out.FulfilmentIds = append(out.FulfilmentIds, part.PartID)
	}
	for _, id := range wanted {
		if !slices.Contains(out.FulfilmentIds, id) {
			return nil, biz.NotFound("fulfilment")
		}
	}
	picks := biz.PickingList(list)
	skus := make([]string, len(picks))
	for i, pick := range picks {
		skus[i] = pick.SKU
	}
	goods, err := s.order.Packing.Goods(ctx, skus)
	if err != nil {
		return nil, err
	}
	for _, pick := range picks {
		line := &orderv1.PickedSku{Sku: pick.SKU, Title: goods[pick.SKU].Title, Barcode: goods[pick.SKU].Barcode, Quantity: pick.Quantity}
		for _, part := range pick.For {
			line.For = append(line.For, &orderv1.PickedFor{FulfilmentId: part.FulfilmentID, Quantity: part.Quantity})
		}
		out.Skus = append(out.Skus, line)
	}
	return out, nil
}

// merged are the fulfilments in a merged parcel.
func (s *Packing) merged(ctx context.Context, id string) (list []string, err error) {
	m, err := s.order.mergedFor(ctx, id)
	if err != nil {
		return nil, err
	}
	records, err := s.order.Orders.LoadAll(ctx, m.Orders())
	inIt(m, records, func(_ biz.Record, f biz.Fulfilment) { list = append(list, f.ID) })
	if err == nil && len(list) == 0 {
		err = biz.Overtaken("nothing is in the parcel any more")
	}
	return list, err
}

// ownLocation is the one that is asked for, or where the caller works.
func ownLocation(p tenancy.Principal, location string) (string, error) {
	switch {
	case p.Store != "" && (location == "" || location == p.Store):
		return p.Store, nil
	case p.Store != "":
		return "", biz.NotFound("location")
	case location == "":
		return "", biz.Invalid("location", "is needed: you work for several")
	}
	return location, nil
}

// GetWaybill says what goes onto a fulfilment, or onto one of its parcels.
func (s *Packing) GetWaybill(ctx context.Context, in *orderv1.GetWaybillRequest) (*orderv1.Waybill, error) {
	// The version first: one that is older than the address is refused when the parcel leaves, a newer one would not be.
	orderID, err := s.order.Orders.OrderOfFulfilment(ctx, in.GetFulfilmentId())
	if err != nil {
		return nil, err
	}
	address, err := s.order.Orders.AddressOf(ctx, orderID)
	if err != nil {
		return nil, err
	}
	p, r, f, err := s.order.fulfilmentFor(ctx, in.GetFulfilmentId())
	if err != nil {
		return nil, err
	}
	if !isStaff(p) {
		return nil, biz.Forbidden("staff or till")
	}
	var skus []string
	for _, l := range f.Lines {
		if !slices.Contains(skus, l.SKU) {
			skus = append(skus, l.SKU)
		}
	}
	goods, err := s.order.Packing.Goods(ctx, skus)
	if err != nil {
		return nil, err
	}
	bill, err := r.Waybill(f.ID, in.GetParcelId(), goods)
	if err != nil {
		return nil, err
	}
	sender, err := s.order.Packing.Sender(ctx, f.Location)
	if err != nil {
		return nil, err
	}
	out := toWaybill(bill, sender)
	out.AddressVersion = address.Version()
	return out, nil
}

func toWaybill(w biz.Waybill, s biz.Sender) *orderv1.Waybill {
	out := &orderv1.Waybill{
		FulfilmentId: w.FulfilmentID, ParcelId: w.ParcelID, OrderId: w.OrderID, ExternalNo: w.ExternalNo, Way: toWay(w.Way),
		Sender:   &orderv1.Sender{Code: s.Code, Name: s.Name, Address: s.Address, City: s.City, Province: s.Province, Country: s.Country, Postcode: s.Postcode},
		Receiver: toReceiver(w.Receiver), ShownName: w.ShownName, ShownPhone: w.ShownPhone,
		Pieces: w.Pieces, WeightG: w.WeightG, Weightless: w.Weightless, Remark: w.Remark, Carrier: w.Carrier, TrackingNo: w.TrackingNo, GiftMessage: w.GiftMessage,
	}
	for _, l := range w.Lines {
		out.Lines = append(out.Lines, &orderv1.WaybillLine{Sku: l.SKU, Title: l.Title, Quantity: l.Quantity})
	}
	return out
}
