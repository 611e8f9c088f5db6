package data

import (
	"context"
	"slices"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/parcel"
)

// gatherParcels reads the parcels of fulfilments, unless none can have any yet.
func (s *Orders) gatherParcels(ctx context.Context, wanted []string, rows []*ent.Fulfilment) (map[string][]biz.Parcel, error) {
	if !slices.ContainsFunc(rows, func(f *ent.Fulfilment) bool {
		return f.State != string(biz.FulfilmentPlanned) && f.State != string(biz.FulfilmentAssigned)
	}) {
		return nil, nil
	}
	found, err := s.ent.Parcel.Query().Where(parcel.OrderIDIn(wanted...)).Order(ent.Asc(parcel.FieldNo)).All(ctx)
	if err != nil {
		return nil, err
	}
	byFulfilment := make(map[string][]biz.Parcel)
	for _, row := range found {
		byFulfilment[row.FulfilmentID] = append(byFulfilment[row.FulfilmentID], biz.Parcel{
			ID: row.ID, State: biz.State(row.State), Carrier: row.Carrier, TrackingNo: row.TrackingNo, Lines: row.Lines, Failure: row.Failure,
			MadeAtUS: row.MadeUs, ShippedAtUS: row.ShippedUs, DeliveredAtUS: row.DeliveredUs, FailedAtUS: row.FailedUs, BackAtUS: row.BackUs,
		})
	}
	return byFulfilment, nil
}

// saveParcels writes parcels that are new or have changed.
func (s *Orders) saveParcels(ctx context.Context, h biz.Header, was []biz.Parcel, f biz.Fulfilment) error {
	return each(was, f.Parcels, func(p biz.Parcel, no int) error {
		return s.ent.Parcel.Create().SetID(p.ID).SetOrg(f.Org).SetOrderID(h.ID).SetFulfilmentID(f.ID).SetNo(int64(no)).SetState(string(p.State)).
			SetCarrier(p.Carrier).SetTrackingNo(p.TrackingNo).SetLines(p.Lines).SetFailure(p.Failure).SetMadeUs(p.MadeAtUS).
			SetShippedUs(p.ShippedAtUS).SetDeliveredUs(p.DeliveredAtUS).SetFailedUs(p.FailedAtUS).SetBackUs(p.BackAtUS).Exec(ctx)
	}, func(_, p biz.Parcel) error {
		return s.ent.Parcel.UpdateOneID(p.ID).SetState(string(p.State)).SetCarrier(p.Carrier).SetTrackingNo(p.TrackingNo).SetFailure(p.Failure).
			SetShippedUs(p.ShippedAtUS).SetDeliveredUs(p.DeliveredAtUS).SetFailedUs(p.FailedAtUS).SetBackUs(p.BackAtUS).Exec(ctx)
	})
}

// FulfilmentOfParcel finds the fulfilment of a parcel; empty if there is none. It is not asked whether the caller may see it.
func (s *Orders) FulfilmentOfParcel(ctx context.Context, id string) (string, error) {
	return ofPart(s.ent.Parcel.Query().Where(parcel.ID(id)).Select(parcel.FieldFulfilmentID).String(AsService(ctx)))
}
