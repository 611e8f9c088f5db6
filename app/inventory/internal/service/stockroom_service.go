package service

import (
	"context"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// Stockroom is the work behind the shelf: what is damaged, and what a person has to look at.
type Stockroom struct {
	inventoryv1.UnimplementedStockroomServer
	db     *database.DB
	store  *data.Store
	damage biz.Damage
	closes biz.CloseDiscrepancy
	blocks biz.BlockExpired
}

// NewStockroom puts the use cases together. hit counts bounds that were hit.
func NewStockroom(db *database.DB, store *data.Store, hit func(bound string)) *Stockroom {
	return &Stockroom{db: db, store: store, damage: biz.Damage{Locations: store, Writer: store}, closes: biz.CloseDiscrepancy{Book: store},
		blocks: biz.BlockExpired{Due: store, Writer: store, InTx: db.InTx, NowUS: db.Now, Hit: hit}}
}

// MarkDamaged puts pieces aside.
func (s *Stockroom) MarkDamaged(ctx context.Context, in *inventoryv1.DamageRequest) (*inventoryv1.DamageResponse, error) {
	return s.move(ctx, inventoryv1.Stockroom_MarkDamaged_FullMethodName, in, s.damage.Mark)
}

// RestoreDamaged puts damaged pieces back.
func (s *Stockroom) RestoreDamaged(ctx context.Context, in *inventoryv1.DamageRequest) (*inventoryv1.DamageResponse, error) {
	return s.move(ctx, inventoryv1.Stockroom_RestoreDamaged_FullMethodName, in, s.damage.Restore)
}

// WriteOffDamaged gives damaged pieces up.
func (s *Stockroom) WriteOffDamaged(ctx context.Context, in *inventoryv1.DamageRequest) (*inventoryv1.DamageResponse, error) {
	return s.move(ctx, inventoryv1.Stockroom_WriteOffDamaged_FullMethodName, in, s.damage.WriteOff)
}

// WriteOffLot gives pieces of a lot up.
func (s *Stockroom) WriteOffLot(ctx context.Context, in *inventoryv1.DamageRequest) (*inventoryv1.DamageResponse, error) {
	return s.move(ctx, inventoryv1.Stockroom_WriteOffLot_FullMethodName, in, s.damage.WriteOffLot)
}

// BlockExpired blocks lots whose time has come. Several replicas may do so at once.
func (s *Stockroom) BlockExpired(ctx context.Context) error { return s.blocks.Run(ctx) }

// ListLots lists by expiry, within the caller's organisations.
func (s *Stockroom) ListLots(ctx context.Context, in *inventoryv1.ListLotsRequest) (*inventoryv1.ListLotsResponse, error) {
	if err := scoped(ctx); err != nil {
		return nil, err
	}
	by, err := looking(ctx, s.store)
	if err != nil {
		return nil, err
	}
	f := data.LotFilter{Location: in.GetLocation(), SKU: in.GetSku(), ExpiresBeforeUS: in.GetExpiresBeforeUs(), EmptyToo: in.GetEmptyToo()}
	rows, next, err := s.store.ListLots(ctx, f, data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()})
	if err != nil {
		return nil, err
	}
	out := &inventoryv1.ListLotsResponse{NextPageToken: next}
	out.Lots = all(rows, toLot)
	hideLots(by.Blind, out.Lots)
	return out, nil
}

func toLot(l biz.LotRow) *inventoryv1.Lot {
	return &inventoryv1.Lot{Location: l.Key.Location, Sku: l.Key.SKU, Owner: l.Key.Owner, Code: l.Code, ProducedDay: l.ProducedDay, ExpiresDay: l.ExpiresDay,
		ExpiresUs: l.ExpiresUS, OnHand: l.OnHand, Reserved: l.Reserved, Blocked: l.Blocked}
}

func (s *Stockroom) move(ctx context.Context, method string, in *inventoryv1.DamageRequest, decide func(context.Context, biz.Caller, biz.DamageInput) (*biz.Stock, error)) (*inventoryv1.DamageResponse, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	return command.Local[nothing, *inventoryv1.DamageResponse]{
		Method:  method,
		Request: in,
		Decide: func(ctx context.Context, _ nothing) (*inventoryv1.DamageResponse, error) {
			seen, err := looking(ctx, s.store)
			if err != nil {
				return nil, err
			}
			row, err := decide(ctx, by, fromDamage(in))
			if err != nil {
				return nil, hideRefusal(seen.Blind, shelfOf(in), err)
			}
			out := &inventoryv1.DamageResponse{Stock: toStock(row)}
			hideStock(seen.Blind, out.Stock)
			return out, nil
		},
	}.Run(ctx, s.db)
}

// ListDiscrepancies lists what a person has to look at, within the caller's organisations.
func (s *Stockroom) ListDiscrepancies(ctx context.Context, in *inventoryv1.ListDiscrepanciesRequest) (*inventoryv1.ListDiscrepanciesResponse, error) {
	if err := scoped(ctx); err != nil {
		return nil, err
	}
	f := data.DiscrepancyFilter{Location: in.GetLocation(), Kind: in.GetKind(), ClosedToo: in.GetClosedToo()}
	rows, next, err := s.store.ListDiscrepancies(ctx, f, data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListDiscrepanciesResponse{Discrepancies: all(rows, toDiscrepancy), NextPageToken: next}, nil
}

// CloseDiscrepancy takes note that a person has looked into it.
func (s *Stockroom) CloseDiscrepancy(ctx context.Context, in *inventoryv1.CloseDiscrepancyRequest) (*inventoryv1.Discrepancy, error) {
	by, err := staffOf(ctx)
	if err != nil {
		return nil, err
	}
	return command.Local[nothing, *inventoryv1.Discrepancy]{
		Method:  inventoryv1.Stockroom_CloseDiscrepancy_FullMethodName,
		Request: in,
		Decide: func(ctx context.Context, _ nothing) (*inventoryv1.Discrepancy, error) {
			d, err := s.closes.Decide(ctx, by, in.GetId())
			if err != nil {
				return nil, err
			}
			return toDiscrepancy(d), nil
		},
	}.Run(ctx, s.db)
}

func fromDamage(in *inventoryv1.DamageRequest) biz.DamageInput {
	return biz.DamageInput{Request: in.GetRequestId(), Document: in.GetDocument(), Reason: in.GetReason(),
		Key: biz.StockKey{SKU: in.GetSku(), Location: in.GetLocation(), Owner: in.GetOwner()}, Quantity: in.GetQuantity(), Batch: in.GetBatch()}
}

func toDiscrepancy(d biz.Listed) *inventoryv1.Discrepancy {
	return &inventoryv1.Discrepancy{Id: d.ID, Kind: d.Kind, Location: d.Key.Location, Sku: d.Key.SKU, Owner: d.Key.Owner, Document: d.Document,
		ReservationId: d.ReservationID, Size: d.Size, Open: d.Open, OpenedUs: d.OpenedUS, ClosedUs: d.ClosedUS}
}
