package service

import (
	"context"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// Kits says what is in a kit.
type Kits struct {
	inventoryv1.UnimplementedKitsServer
	db    *database.DB
	store *data.Store

	put    biz.PutKit
	retire biz.RetireKit
}

// NewKits puts the use cases together.
func NewKits(db *database.DB, store *data.Store, catalogue biz.Catalogue) *Kits {
	return &Kits{db: db, store: store, put: biz.PutKit{Catalogue: catalogue, Book: store, NowUS: db.Now}, retire: biz.RetireKit{Book: store, NowUS: db.Now}}
}

// PutKit makes a kit or changes its parts.
func (s *Kits) PutKit(ctx context.Context, in *inventoryv1.PutKitRequest) (*inventoryv1.Kit, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := by.MayChangeKits(); err != nil {
		return nil, err
	}
	input := biz.PutKitInput{SKU: in.GetSku(), Expected: in.GetExpectedVersion()}
	for _, p := range in.GetParts() {
		input.Parts = append(input.Parts, biz.KitPart{SKU: p.GetSku(), Pieces: p.GetPieces(), Weight: p.GetPriceWeight()})
	}
	return command.Local[biz.SKUs, *inventoryv1.Kit]{
		Method:  inventoryv1.Kits_PutKit_FullMethodName,
		Request: in,
		Facts:   func(ctx context.Context) (biz.SKUs, error) { return s.put.Gather(ctx, input) },
		Decide: func(ctx context.Context, known biz.SKUs) (*inventoryv1.Kit, error) {
			kit, err := s.put.Decide(ctx, by, input, known)
			if err != nil {
				return nil, err
			}
			return toKit(kit.Row()), nil
		},
	}.Run(ctx, s.db)
}

// GetKit returns a kit, whatever its state.
func (s *Kits) GetKit(ctx context.Context, in *inventoryv1.GetKitRequest) (*inventoryv1.Kit, error) {
	kit, err := s.store.Kit(ctx, in.GetSku())
	if err != nil {
		return nil, err
	}
	if kit == nil {
		return nil, biz.UnknownKit{SKU: in.GetSku()}
	}
	return toKit(kit.Row()), nil
}

// ListKits lists by SKU.
func (s *Kits) ListKits(ctx context.Context, in *inventoryv1.ListKitsRequest) (*inventoryv1.ListKitsResponse, error) {
	rows, next, err := s.store.ListKits(ctx, in.GetRetired(), in.GetPart(), data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListKitsResponse{Kits: all(rows, toKit), NextPageToken: next}, nil
}

// RetireKit takes a kit out of sale.
func (s *Kits) RetireKit(ctx context.Context, in *inventoryv1.RetireKitRequest) (*inventoryv1.Kit, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	return command.Local[nothing, *inventoryv1.Kit]{
		Method:  inventoryv1.Kits_RetireKit_FullMethodName,
		Request: in,
		Decide: func(ctx context.Context, _ nothing) (*inventoryv1.Kit, error) {
			kit, err := s.retire.Decide(ctx, by, in.GetSku(), in.GetExpectedVersion())
			if err != nil {
				return nil, err
			}
			return toKit(kit.Row()), nil
		},
	}.Run(ctx, s.db)
}

func toKit(r biz.KitRow) *inventoryv1.Kit {
	out := &inventoryv1.Kit{Sku: r.SKU, Active: r.Active, Version: r.Version, ChangedBy: r.ChangedBy, UpdatedAtUs: r.UpdatedUS}
	for _, p := range r.Parts {
		out.Parts = append(out.Parts, &inventoryv1.KitPart{Sku: p.SKU, Pieces: p.Pieces, PriceWeight: p.Weight})
	}
	return out
}
