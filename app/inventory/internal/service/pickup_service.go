package service

import (
	"context"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// PickupOptions says where a buyer can collect a basket, and from when on.
type PickupOptions struct {
	inventoryv1.UnimplementedPickupOptionsServer
	store *data.Store
	get   biz.GetPickupOptions
}

// NewPickupOptions puts the use case together.
func NewPickupOptions(db *database.DB, store *data.Store, categories biz.CategoryFinder) *PickupOptions {
	return &PickupOptions{store: store, get: biz.GetPickupOptions{Pool: store, Shares: biz.PolicyShares{Sharing: store, Categories: categories},
		Kits: data.KitHints{Store: store}, Stock: store, Transfers: store, Loads: store, NowUS: db.Now}}
}

// GetPickupOptions answers store by store.
func (s *PickupOptions) GetPickupOptions(ctx context.Context, in *inventoryv1.GetPickupOptionsRequest) (*inventoryv1.GetPickupOptionsResponse, error) {
	by, err := looking(ctx, s.store)
	if err != nil {
		return nil, err
	}
	q := biz.PickupQuery{Channel: in.GetChannel(), Stores: in.GetStores(), Near: fromPoint(in.GetPoint()), RadiusM: in.GetRadiusM(), LeadUS: biz.PickupLeadUS}
	if in.LeadTimeUs != nil {
		q.LeadUS = in.GetLeadTimeUs()
	}
	for _, l := range in.GetLines() {
		q.Lines = append(q.Lines, biz.PickupLine{SKU: l.GetSku(), Quantity: l.GetQuantity()})
	}
	options, err := s.get.Get(ctx, by, q)
	if err != nil {
		return nil, err
	}
	return &inventoryv1.GetPickupOptionsResponse{Options: all(options, toPickupOption)}, nil
}

func toPickupOption(o biz.PickupOption) *inventoryv1.PickupOption {
	out := &inventoryv1.PickupOption{Location: o.Location.Code, Name: o.Location.Name, DistanceM: o.DistanceM,
		Readiness: inventoryv1.PickupReadiness(o.Readiness), ReadyAtUs: o.ReadyUS, DayFull: o.DayFull}
	for _, s := range o.Short {
		short := &inventoryv1.PickupShort{Line: int32(s.Line), Sku: s.SKU}
		if o.Exact {
			short.Missing = &s.Missing
		}
		out.Short = append(out.Short, short)
	}
	return out
}
