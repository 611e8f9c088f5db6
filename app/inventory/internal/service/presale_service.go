package service

import (
	"context"
	"slices"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// Presales promises stock that will arrive.
type Presales struct {
	inventoryv1.UnimplementedPresalesServer
	db    *database.DB
	store *data.Store

	open   biz.OpenPresale
	change biz.ChangePresale
}

// NewPresales puts the use cases together.
func NewPresales(db *database.DB, store *data.Store, catalogue biz.Catalogue) *Presales {
	return &Presales{db: db, store: store,
		open:   biz.OpenPresale{Catalogue: biz.Stockable{Catalogue: catalogue, Kits: store}, Locations: store, Writer: store, Book: store, NewID: ids.New},
		change: biz.ChangePresale{Locations: store, Writer: store}}
}

// OpenPresale promises stock of one owner at a location.
func (s *Presales) OpenPresale(ctx context.Context, in *inventoryv1.OpenPresaleRequest) (*inventoryv1.Presale, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	input := biz.OpenPresaleInput{Key: biz.StockKey{SKU: in.GetSku(), Location: in.GetLocation(), Owner: in.GetOwner()}, Quota: in.GetQuota(), ArrivesUS: in.GetArrivesUs()}
	return command.Local[biz.SKUs, *inventoryv1.Presale]{
		Method:  inventoryv1.Presales_OpenPresale_FullMethodName,
		Request: in,
		Facts:   func(ctx context.Context) (biz.SKUs, error) { return s.open.Gather(ctx, input) },
		Decide: func(ctx context.Context, known biz.SKUs) (*inventoryv1.Presale, error) {
			p, err := s.open.Decide(ctx, by, input, known)
			return s.now(ctx, p, err)
		},
	}.Run(ctx, s.db)
}

// ChangePresale changes quota and date.
func (s *Presales) ChangePresale(ctx context.Context, in *inventoryv1.ChangePresaleRequest) (*inventoryv1.Presale, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	return command.Local[nothing, *inventoryv1.Presale]{
		Method:  inventoryv1.Presales_ChangePresale_FullMethodName,
		Request: in,
		Decide: func(ctx context.Context, _ nothing) (*inventoryv1.Presale, error) {
			p, err := s.change.Change(ctx, by, in.GetId(), in.GetQuota(), in.GetArrivesUs())
			return s.now(ctx, p, err)
		},
	}.Run(ctx, s.db)
}

// ClosePresale ends the sale.
func (s *Presales) ClosePresale(ctx context.Context, in *inventoryv1.ClosePresaleRequest) (*inventoryv1.Presale, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	return command.Local[nothing, *inventoryv1.Presale]{
		Method:  inventoryv1.Presales_ClosePresale_FullMethodName,
		Request: in,
		Decide: func(ctx context.Context, _ nothing) (*inventoryv1.Presale, error) {
			p, err := s.change.Close(ctx, by, in.GetId())
			return s.now(ctx, p, err)
		},
	}.Run(ctx, s.db)
}

// now answers with a presale as it is listed.
func (s *Presales) now(ctx context.Context, p *biz.Presale, err error) (*inventoryv1.Presale, error) {
	if err != nil {
		return nil, err
	}
	row, err := s.store.Presale(ctx, p.Row().ID)
	if err != nil {
		return nil, err
	}
	return toPresale(row), nil
}

// ListPresales lists those of the caller's locations.
func (s *Presales) ListPresales(ctx context.Context, in *inventoryv1.ListPresalesRequest) (*inventoryv1.ListPresalesResponse, error) {
	if err := scoped(ctx); err != nil {
		return nil, err
	}
	q := data.PresaleQuery{SKU: in.GetSku(), Location: in.GetLocation(), Filter: int32(in.GetFilter())}
	rows, next, err := s.store.ListPresales(ctx, q, data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListPresalesResponse{Presales: all(rows, toPresale), NextPageToken: next}, nil
}

func toPresale(r data.Listed) *inventoryv1.Presale {
	return &inventoryv1.Presale{Id: r.ID, Sku: r.Key.SKU, Location: r.Key.Location, Owner: r.Key.Owner, Quota: r.Quota, Used: r.Used, Waiting: r.Waiting,
		ArrivesUs: r.ArrivesUS, Open: r.Open, Late: r.Late, CreatedBy: r.CreatedBy, CreatedAtUs: r.CreatedUS, UpdatedAtUs: r.UpdatedUS}
}

// arrivals says on reservations that wait when what they wait for will arrive, as their presales say now.
func (s *Inventory) arrivals(ctx context.Context, reservations []*inventoryv1.Reservation) error {
	waits := func(r *inventoryv1.Reservation) bool { return r.Presale != "" && r.Replaces == "" && r.Open > 0 }
	var presales []string
	for _, r := range reservations {
		if waits(r) {
			presales = append(presales, r.Presale)
		}
	}
	if len(presales) == 0 {
		return nil
	}
	slices.Sort(presales)
	arrives, err := s.store.ArrivalOf(ctx, slices.Compact(presales))
	if err != nil {
		return err
	}
	for _, r := range reservations {
		if waits(r) {
			r.ArrivesUs = arrives[r.Presale]
		}
	}
	return nil
}
