// Package service answers the inventory center's calls: it checks who asks, turns messages into the domain's words, and
// runs each command in its one shape (package command).
//
// Always true:
//   - A command's answer, effect and request id are one transaction; refusals are recorded too.
//   - Hold and ReleaseHold run in the name of the center that calls, so that its workers may repeat them.
//   - Branch calls never refuse: an error only makes the coordinator call again.
package service

import (
	"context"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/clock"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// Inventory is the center's service, public and between centers.
type Inventory struct {
	inventoryv1.UnimplementedInventoryServer
	db    *database.DB
	store *data.Store
	group *data.Group

	hold         biz.HoldStock
	release      biz.Release
	receive      biz.ReceiveStock
	adjust       biz.AdjustStock
	imports      biz.ImportStock
	availability biz.GetAvailability
}

// New puts the use cases together. hit counts bounds that were hit.
func New(db *database.DB, store *data.Store, catalogue biz.Catalogue, strategy biz.Strategy, categories biz.CategoryFinder, hit func(bound string)) *Inventory {
	shares := biz.PolicyShares{Sharing: store, Categories: categories}
	stockable := biz.Stockable{Catalogue: catalogue, Kits: store}
	return &Inventory{
		db: db, store: store, group: store.Group(),
		hold:         biz.HoldStock{Search: biz.Search{Locations: store, Stock: store, Pool: store, Shares: shares, Sharing: store, Categories: categories, ClockUS: db.Now, Rules: store, Strategy: strategy, Hit: hit}, Writer: store, Kits: store, Presales: store, ElapsedUS: clock.Stopwatch},
		receive:      biz.ReceiveStock{Catalogue: stockable, Waiting: store, Locations: store, Writer: store},
		adjust:       biz.AdjustStock{Catalogue: stockable, Stock: store, Locations: store, Writer: store},
		imports:      biz.ImportStock{Catalogue: stockable, Locations: store, Writer: store, Ledger: store},
		availability: biz.GetAvailability{Pool: store, Shares: shares, Kits: data.KitHints{Store: store}},
	}
}

// ListLocations lists by code.
func (s *Inventory) ListLocations(ctx context.Context, in *inventoryv1.ListLocationsRequest) (*inventoryv1.ListLocationsResponse, error) {
	rows, next, err := s.store.ListLocations(ctx, biz.LocationKind(in.GetKind()), data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListLocationsResponse{Locations: all(rows, toLocation), NextPageToken: next}, nil
}

// ListStock lists the stock of the caller's organisations.
func (s *Inventory) ListStock(ctx context.Context, in *inventoryv1.ListStockRequest) (*inventoryv1.ListStockResponse, error) {
	by, err := s.looker(ctx)
	if err != nil {
		return nil, err
	}
	rows, next, err := s.store.ListStock(ctx, in.GetLocation(), in.GetSku(), data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()})
	if err != nil {
		return nil, err
	}
	out := &inventoryv1.ListStockResponse{Stock: toStocks(rows), NextPageToken: next}
	hideStock(by.Blind, out.Stock...)
	return out, nil
}

// looker says who asks for rows of stock, of those who see shelves.
func (s *Inventory) looker(ctx context.Context) (biz.Caller, error) {
	if err := scoped(ctx); err != nil {
		return biz.Caller{}, err
	}
	return looking(ctx, s.store)
}

// ListMovements lists the ledger of the caller's organisations, the newest first.
func (s *Inventory) ListMovements(ctx context.Context, in *inventoryv1.ListMovementsRequest) (*inventoryv1.ListMovementsResponse, error) {
	by, err := s.looker(ctx)
	if err != nil {
		return nil, err
	}
	f := data.MovementFilter{Location: in.GetLocation(), SKU: in.GetSku(), Document: in.GetDocument(), Reason: in.GetReason(), FromUS: in.GetFromUs(), UntilUS: in.GetUntilUs()}
	if bucket := in.GetBucket(); bucket == onHand {
		f.Bucket = new(string)
	} else if bucket != "" {
		f.Bucket = &bucket
	}
	rows, next, err := s.store.ListMovements(ctx, f, data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()})
	if err != nil {
		return nil, err
	}
	out := &inventoryv1.ListMovementsResponse{NextPageToken: next}
	out.Movements = all(rows, toMovement)
	hideMovements(by.Blind, out.Movements)
	return out, nil
}

// GetAvailability tells what may be promised now.
func (s *Inventory) GetAvailability(ctx context.Context, in *inventoryv1.GetAvailabilityRequest) (*inventoryv1.GetAvailabilityResponse, error) {
	by, err := looking(ctx, s.store)
	if err != nil {
		return nil, err
	}
	q := biz.AvailabilityQuery{SKUs: in.GetSkus(), Channel: in.GetChannel(), RadiusM: in.GetRadiusM(), Locations: int(in.GetLocations()), Location: in.GetLocation()}
	switch {
	case in.Lat != nil && in.Lng == nil:
		return nil, biz.Invalid{Field: "lng", Rule: "must be given with lat"}
	case in.Lat == nil && in.Lng != nil:
		return nil, biz.Invalid{Field: "lat", Rule: "must be given with lng"}
	case in.Lat == nil && in.RadiusM != 0:
		return nil, biz.Invalid{Field: "radius_m", Rule: "is of a point: lat and lng must be given"}
	case in.Lat != nil:
		q.Near = fromPoint(&commonv1.GeoPoint{Lat: in.GetLat(), Lng: in.GetLng()})
		if err := q.Near.Validate(); err != nil {
			return nil, err
		}
	}
	items, err := s.availability.Get(ctx, by, q)
	if err != nil {
		return nil, err
	}
	return &inventoryv1.GetAvailabilityResponse{Items: all(items, toAvailability)}, nil
}

// ListReservations returns what documents hold and held.
func (s *Inventory) ListReservations(ctx context.Context, in *inventoryv1.ListReservationsRequest) (*inventoryv1.ListReservationsResponse, error) {
	ctx, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.store.ListReservations(ctx, in.GetDocuments())
	if err != nil {
		return nil, err
	}
	out := &inventoryv1.ListReservationsResponse{Reservations: toReservations(rows)}
	if err := s.arrivals(ctx, out.Reservations); err != nil {
		return nil, err
	}
	if by, err := callerOf(ctx); err != nil || !by.Service {
		return out, err
	}
	out.Waiting, err = s.store.WaitingOf(ctx, in.GetDocuments())
	return out, err
}

// GetAllocation says why the locations of a document were chosen. How many another party's location has is not in it.
func (s *Inventory) GetAllocation(ctx context.Context, in *inventoryv1.GetAllocationRequest) (*inventoryv1.Allocation, error) {
	ctx, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	by, err := looking(ctx, s.store)
	if err != nil {
		return nil, err
	}
	e, text, err := s.store.Allocation(ctx, in.GetDocument())
	if err != nil {
		return nil, err
	}
	directory, err := s.store.Directory(ctx)
	if err != nil {
		return nil, err
	}
	e, text = e.Discreet(text, func(location string) bool {
		l, known := directory.Get(location)
		return known && by.SeesExactly(l) && !by.Blind.At(location) || by.Headquarters || by.Service
	})
	return toAllocation(e, text), nil
}

// CheckInvariants proves what must always hold. It looks at all organisations' rows, so it is for headquarters.
func (s *Inventory) CheckInvariants(ctx context.Context, in *commonv1.CheckInvariantsRequest) (*commonv1.CheckInvariantsResponse, error) {
	if err := authn.Require(ctx, "admin", "operator", string(tenancy.Service)); err != nil {
		return nil, fault.Public(err)
	}
	out, err := s.store.CheckInvariants(ctx, in.GetLimit())
	if err != nil {
		return nil, err
	}
	served, err := s.checkServed(ctx, in.GetLimit())
	if err != nil {
		return nil, err
	}
	out.Results = append(out.Results, served)
	return out, nil
}

// checkServed looks whether stock that is there goes to those who wait for it. It decides as the worker does, by what is in
// memory: that is no query, and not in the snapshot of the others.
func (s *Inventory) checkServed(ctx context.Context, limit int32) (*commonv1.InvariantResult, error) {
	late := biz.Unserved{Waiting: s.waiting(), Recent: s.store, NowUS: s.db.Now, GraceUS: data.GraceUS}
	return invariant.Look("inventory", "I3b", "a document that waits gets its stock within 60 s", limit, func(violation func(subject, detail string)) (int64, error) {
		checked, found, err := late.Find(tenancy.WithService(ctx, "inventory-audit"))
		for _, l := range found {
			violation(l.Document, l.String())
		}
		return checked, err
	})
}
