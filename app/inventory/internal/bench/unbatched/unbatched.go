// Package unbatched is a hold, and a reservation at a given place, as they were before commands shared transactions: one
// transaction for each, with the same rows written. It is what benchmarks compare with, and nothing else uses it.
//
// It stands here a second time on purpose: were it made of the code that serves requests, each improvement of that would
// move the ground it is measured from. So it is never changed, except to compile.
package unbatched

import (
	"context"
	"time"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/barrier"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/bench/unbatched/biz"
	"github.com/onepool/onepool/app/inventory/internal/bench/unbatched/command"
	"github.com/onepool/onepool/app/inventory/internal/bench/unbatched/data"
)

// Holds answers Hold and Reserve.
type Holds struct {
	db      *database.DB
	hold    biz.HoldStock
	reserve biz.ReserveStock
}

// New puts it together.
func New(db *database.DB) *Holds {
	store := data.New(db)
	return &Holds{db: db, reserve: biz.ReserveStock{Locations: store, Writer: store}, hold: biz.HoldStock{Writer: store, ElapsedUS: stopwatch,
		Search: biz.Search{Locations: store, Stock: store, Strategy: biz.NearThenSplit(), Hit: func(string) {}}}}
}

func stopwatch() func() int64 {
	start := time.Now()
	return func() int64 { return time.Since(start).Microseconds() }
}

// Hold chooses locations and holds stock there.
func (s *Holds) Hold(ctx context.Context, in *inventoryv1.HoldRequest) (*inventoryv1.HoldResponse, error) {
	input := fromHold(in)
	by, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	return command.Local[biz.HoldFacts, *inventoryv1.HoldResponse]{
		Method:  inventoryv1.Inventory_Hold_FullMethodName,
		Request: in,
		Facts:   func(ctx context.Context) (biz.HoldFacts, error) { return s.hold.Gather(ctx, input) },
		Decide: func(ctx context.Context, facts biz.HoldFacts) (*inventoryv1.HoldResponse, error) {
			var held []*biz.Reservation
			hold := func(ctx context.Context) (err error) {
				held, err = s.hold.Decide(ctx, by.Caller(), input, facts)
				return err
			}
			if input.GID == "" {
				err = hold(ctx)
			} else {
				err = barrier.Do(ctx, input.GID, "hold", hold)
			}
			if err != nil {
				return nil, err
			}
			return toHeld(input.Document, held), nil
		},
	}.Run(ctx, s.db)
}

// Reserve holds stock of the seller's own at the one location that the lines name.
func (s *Holds) Reserve(ctx context.Context, in *inventoryv1.ReserveRequest) (*inventoryv1.ReserveResponse, error) {
	by, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	input := biz.ReserveInput{ExpiresAtUS: in.GetExpiresAtUs(), Demand: biz.Demand{Document: in.GetDocument(), Channel: in.GetChannel(), Seller: in.GetSellerOrg(), Way: biz.Way(in.GetWay())}}
	for _, l := range in.GetLines() {
		input.Location = l.GetLocation()
		input.Lines = append(input.Lines, biz.DemandLine{ID: l.GetLineId(), SKU: l.GetSku(), Quantity: l.GetQuantity(), ListPriceMinor: l.GetListPriceMinor()})
	}
	return command.Local[struct{}, *inventoryv1.ReserveResponse]{
		Method:  inventoryv1.Reservations_Reserve_FullMethodName,
		Request: in,
		Decide: func(ctx context.Context, _ struct{}) (*inventoryv1.ReserveResponse, error) {
			held, err := s.reserve.Decide(ctx, by.Caller(), input)
			if err != nil {
				return nil, err
			}
			out := &inventoryv1.ReserveResponse{Document: input.Document}
			for i, r := range held {
				out.Lines = append(out.Lines, &inventoryv1.ReservedLine{LineId: input.Lines[i].ID, Wanted: input.Lines[i].Quantity, Reserved: r.Row().Quantity})
				out.Reservations = append(out.Reservations, toReservation(r.Row()))
			}
			return out, nil
		},
	}.Run(ctx, s.db)
}

func toHeld(document string, held []*biz.Reservation) *inventoryv1.HoldResponse {
	out := &inventoryv1.HoldResponse{Document: document}
	for _, r := range held {
		out.Reservations = append(out.Reservations, toReservation(r.Row()))
	}
	return out
}

func fromHold(in *inventoryv1.HoldRequest) biz.HoldInput {
	demand := biz.Demand{Document: in.GetDocument(), Channel: in.GetChannel(), Seller: in.GetSellerOrg(), Way: biz.Way(in.GetWay()),
		Location: in.GetLocation(), MaxParcels: int(in.GetMaxParcels())}
	if p := in.GetDestination(); p != nil {
		demand.Destination = &geo.Point{Lat: p.GetLat(), Lng: p.GetLng()}
	}
	for _, l := range in.GetLines() {
		demand.Lines = append(demand.Lines, biz.DemandLine{ID: l.GetLineId(), SKU: l.GetSku(), Quantity: l.GetQuantity(), ListPriceMinor: l.GetListPriceMinor()})
	}
	return biz.HoldInput{Demand: demand, GID: in.GetGid(), ExpiresAtUS: in.GetExpiresAtUs()}
}

func toReservation(r biz.ReservationRow) *inventoryv1.Reservation {
	return &inventoryv1.Reservation{
		Id: r.ID, Document: r.Document, LineId: r.LineID, Sku: r.Key.SKU, Location: r.Key.Location, LocationName: r.LocationName, LocationOrg: r.LocationOrg,
		Owner: r.Key.Owner, Quantity: r.Quantity, Open: r.Open, Shipped: r.Shipped, State: inventoryv1.ReservationState(r.State), ExpiresAtUs: r.ExpiresAtUS,
		SettlementPriceMinor: r.SettlementPriceMinor, FulfilmentFeeMinor: r.FulfilmentFeeMinor, DistanceM: r.DistanceM,
	}
}
