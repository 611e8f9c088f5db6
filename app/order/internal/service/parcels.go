package service

import (
	"context"
	"errors"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Parcels serves those who pack and ship in parts.
type Parcels struct {
	orderv1.UnimplementedParcelsServer
	order *Order
}

// NewParcels shares the order center's work.
func NewParcels(order *Order) *Parcels { return &Parcels{order: order} }

// PutParcels says in which parcels goods travel that have not left.
func (s *Parcels) PutParcels(ctx context.Context, in *orderv1.PutParcelsRequest) (*orderv1.Fulfilment, error) {
	contents := make([][]biz.Content, len(in.GetParcels()))
	for i, p := range in.GetParcels() {
		contents[i] = fromContent(p.GetLines())
	}
	return s.order.fulfil(ctx, orderv1.Parcels_PutParcels_FullMethodName, in, in.GetFulfilmentId(), s.order.fulfilmentStaff,
		func(o *biz.Order) error { return o.PutParcels(in.GetFulfilmentId(), contents) })
}

// ShipPart makes a parcel that leaves at once.
func (s *Parcels) ShipPart(ctx context.Context, in *orderv1.ShipPartRequest) (*orderv1.Fulfilment, error) {
	return s.order.leave(ctx, orderv1.Parcels_ShipPart_FullMethodName, in, in.GetFulfilmentId(), s.order.fulfilmentStaff,
		func(o *biz.Order) error {
			return o.ShipPart(in.GetFulfilmentId(), fromContent(in.GetLines()), in.GetCarrier(), in.GetTrackingNo())
		})
}

// ShipParcel says that a parcel has left.
func (s *Parcels) ShipParcel(ctx context.Context, in *orderv1.ShipParcelRequest) (*orderv1.Fulfilment, error) {
	fulfilmentID, err := s.order.Orders.FulfilmentOfParcel(ctx, in.GetParcelId())
	if err != nil {
		return nil, err
	}
	return s.order.leave(ctx, orderv1.Parcels_ShipParcel_FullMethodName, in, fulfilmentID, s.staff,
		func(o *biz.Order) error { return o.ShipParcel(in.GetParcelId(), in.GetCarrier(), in.GetTrackingNo()) })
}

// DeliverParcel says that the carrier has handed a parcel over.
func (s *Parcels) DeliverParcel(ctx context.Context, in *orderv1.DeliverParcelRequest) (*orderv1.Fulfilment, error) {
	return s.parcel(ctx, orderv1.Parcels_DeliverParcel_FullMethodName, in, in.GetParcelId(),
		func(o *biz.Order) error { return o.DeliverParcel(in.GetParcelId(), in.GetNote()) })
}

// FailParcel says that the carrier could not hand a parcel over.
func (s *Parcels) FailParcel(ctx context.Context, in *orderv1.FailParcelRequest) (*orderv1.Fulfilment, error) {
	return s.parcel(ctx, orderv1.Parcels_FailParcel_FullMethodName, in, in.GetParcelId(),
		func(o *biz.Order) error { return o.FailParcel(in.GetParcelId(), in.GetReason()) })
}

// TakeBackParcel says that a parcel which could not be handed over is back: it is refunded.
func (s *Parcels) TakeBackParcel(ctx context.Context, in *orderv1.TakeBackParcelRequest) (*orderv1.Fulfilment, error) {
	return s.parcel(ctx, orderv1.Parcels_TakeBackParcel_FullMethodName, in, in.GetParcelId(),
		func(o *biz.Order) error { return o.TakeBackParcel(in.GetParcelId()) })
}

// parcel changes a fulfilment by one of its parcels.
func (s *Parcels) parcel(ctx context.Context, method string, req command.Request, parcelID string, change func(o *biz.Order) error) (*orderv1.Fulfilment, error) {
	fulfilmentID, err := s.order.Orders.FulfilmentOfParcel(ctx, parcelID)
	if err != nil {
		return nil, err
	}
	return s.order.fulfil(ctx, method, req, fulfilmentID, s.staff, change)
}

// staff finds the order of a parcel's fulfilment for those who ship.
func (s *Parcels) staff(ctx context.Context, id string) (string, error) {
	if id == "" {
		return "", biz.NotFound("parcel")
	}
	orderID, err := s.order.fulfilmentStaff(ctx, id)
	if refusal, refused := errors.AsType[biz.Refusal](err); refused && refusal.Code == 404 {
		err = biz.NotFound("parcel") // in the same words
	}
	return orderID, err
}

func fromContent(in []*orderv1.ParcelContent) []biz.Content {
	content := make([]biz.Content, len(in))
	for i, l := range in {
		content[i] = biz.Content{LineID: l.GetLineId(), SKU: l.GetSku(), Quantity: l.GetQuantity()}
	}
	return content
}

var (
	parcelStates = map[biz.State]orderv1.ParcelState{
		biz.ParcelMade: orderv1.ParcelState_PARCEL_MADE, biz.ParcelShipped: orderv1.ParcelState_PARCEL_SHIPPED,
		biz.ParcelDelivered: orderv1.ParcelState_PARCEL_DELIVERED, biz.ParcelFailed: orderv1.ParcelState_PARCEL_FAILED,
		biz.ParcelBack: orderv1.ParcelState_PARCEL_BACK,
	}
	shippings = map[biz.Shipping]orderv1.Shipping{
		biz.NothingShipped: orderv1.Shipping_NOTHING_SHIPPED, biz.PartShipped: orderv1.Shipping_PART_SHIPPED,
		biz.AllShipped: orderv1.Shipping_ALL_SHIPPED, biz.AllDelivered: orderv1.Shipping_ALL_DELIVERED,
	}
)

// toParcelInfo is a parcel, with its content by order line and SKU.
func toParcelInfo(f biz.Fulfilment, p biz.Parcel) *orderv1.Parcel {
	out := &orderv1.Parcel{
		Id: p.ID, State: parcelStates[p.State], Carrier: p.Carrier, TrackingNo: p.TrackingNo, ShippedAtUs: p.ShippedAtUS,
		DeliveredAtUs: p.DeliveredAtUS, FailedAtUs: p.FailedAtUS, BackAtUs: p.BackAtUS, Failure: p.Failure,
	}
	for _, l := range f.Lines {
		n := f.Shipment(l, p.ID)
		if n == 0 {
			continue
		}
		if last := len(out.Lines) - 1; last >= 0 && out.Lines[last].LineId == l.LineID && out.Lines[last].Sku == l.SKU {
			out.Lines[last].Quantity += n // of another owner
			continue
		}
		out.Lines = append(out.Lines, &orderv1.ParcelContent{LineId: l.LineID, Sku: l.SKU, Quantity: n})
	}
	return out
}
