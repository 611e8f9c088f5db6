package service

import (
	"context"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// pastLimit bounds the past orders that one simulation takes.
const pastLimit = 100_000

// Simulations tries strategies on orders. It is for those who answer for all stores.
type Simulations struct {
	inventoryv1.UnimplementedSimulationsServer
	db         *database.DB
	store      *data.Store
	rulesets   biz.Rulesets
	categories biz.CategoryFinder
}

// NewSimulations puts the service together.
func NewSimulations(db *database.DB, store *data.Store, categories biz.CategoryFinder) *Simulations {
	return &Simulations{db: db, store: store, rulesets: biz.Rulesets{Book: store}, categories: categories}
}

func forOperators(ctx context.Context) error {
	if err := authn.Require(ctx, "admin", "operator"); err != nil {
		return fault.Public(err)
	}
	return nil
}

// CreateSimulation begins one.
func (s *Simulations) CreateSimulation(ctx context.Context, in *inventoryv1.CreateSimulationRequest) (*inventoryv1.Simulation, error) {
	if err := forOperators(ctx); err != nil {
		return nil, err
	}
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	past := in.GetPast()
	if past != nil && past.GetUntilUs() <= past.GetFromUs() {
		return nil, fault.TimeInvalid("past.until_us", "must be after from_us")
	}
	return command.Local[[]biz.Demand, *inventoryv1.Simulation]{
		Method: inventoryv1.Simulations_CreateSimulation_FullMethodName, Request: in,
		Facts: func(ctx context.Context) ([]biz.Demand, error) {
			for _, reference := range in.GetStrategies() {
				if _, _, err := s.rulesets.NamedStrategy(ctx, reference); err != nil {
					return nil, err
				}
			}
			if past == nil {
				return nil, nil
			}
			return s.store.PastDemands(ctx, past.GetFromUs(), past.GetUntilUs(), past.GetChannel(), pastLimit)
		},
		Decide: func(ctx context.Context, demands []biz.Demand) (*inventoryv1.Simulation, error) {
			now, err := s.db.Now(ctx)
			if err != nil {
				return nil, err
			}
			sim := biz.Simulation{ID: ids.New("sim"), State: biz.SimulationOpen, Strategies: in.GetStrategies(), Orders: int64(len(demands)), CreatedBy: by.Name, CreatedUS: now}
			if err := s.store.CreateSimulation(ctx, sim); err != nil {
				return nil, err
			}
			numbered := make([]biz.NumberedDemand, len(demands))
			for i, d := range demands {
				numbered[i] = biz.NumberedDemand{Number: int64(i + 1), Demand: d}
			}
			return toSimulation(sim), s.store.AddSimulated(ctx, sim.ID, numbered)
		},
	}.Run(ctx, s.db)
}

// AddSimulationOrders adds orders of a file.
func (s *Simulations) AddSimulationOrders(ctx context.Context, in *inventoryv1.AddSimulationOrdersRequest) (*inventoryv1.Simulation, error) {
	if err := forOperators(ctx); err != nil {
		return nil, err
	}
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	orders := make([]biz.NumberedDemand, len(in.GetOrders()))
	for i, o := range in.GetOrders() {
		orders[i] = biz.NumberedDemand{Number: o.GetNumber(), Demand: fromSimulationOrder(o, by)}
		if err := orders[i].Demand.Validate(); err != nil {
			return nil, err
		}
		if p := orders[i].Demand.Destination; p != nil {
			if err := p.Validate(); err != nil {
				return nil, err
			}
		}
	}
	return s.change(ctx, inventoryv1.Simulations_AddSimulationOrders_FullMethodName, in, in.GetId(), func(ctx context.Context, sim *biz.Simulation) error {
		if sim.State != biz.SimulationOpen {
			return biz.SimulationNot{State: sim.State}
		}
		if err := s.store.AddSimulated(ctx, sim.ID, orders); err != nil {
			return err
		}
		var err error
		if sim.Orders, err = s.store.CountSimulated(ctx, sim.ID); err == nil && sim.Orders > biz.MaxSimulated {
			err = biz.Invalid{Field: "orders", Rule: "one simulation takes at most 1000000"}
		}
		return err
	})
}

// StartSimulation lets the worker begin.
func (s *Simulations) StartSimulation(ctx context.Context, in *inventoryv1.StartSimulationRequest) (*inventoryv1.Simulation, error) {
	if err := forOperators(ctx); err != nil {
		return nil, err
	}
	return s.change(ctx, inventoryv1.Simulations_StartSimulation_FullMethodName, in, in.GetId(), func(_ context.Context, sim *biz.Simulation) error {
		if sim.Orders == 0 {
			return biz.Invalid{Field: "orders", Rule: "there are none in this simulation: add some first"}
		}
		return sim.Go(biz.SimulationWaiting)
	})
}

// change locks a simulation, changes it, and stores it.
func (s *Simulations) change(ctx context.Context, method string, in command.Request, id string, fn func(context.Context, *biz.Simulation) error) (*inventoryv1.Simulation, error) {
	return command.Local[nothing, *inventoryv1.Simulation]{
		Method: method, Request: in,
		Decide: func(ctx context.Context, _ nothing) (*inventoryv1.Simulation, error) {
			sim, err := s.store.Simulation(ctx, id, true)
			if err != nil {
				return nil, err
			}
			if err := fn(ctx, &sim); err != nil {
				return nil, err
			}
			return toSimulation(sim), s.store.SaveSimulation(ctx, sim)
		},
	}.Run(ctx, s.db)
}

// GetSimulation says how far one is.
func (s *Simulations) GetSimulation(ctx context.Context, in *inventoryv1.GetSimulationRequest) (*inventoryv1.Simulation, error) {
	if err := forOperators(ctx); err != nil {
		return nil, err
	}
	sim, err := s.store.Simulation(ctx, in.GetId(), false)
	if err != nil {
		return nil, err
	}
	return toSimulation(sim), nil
}

// ListSimulationOrders lists what each strategy made of each order.
func (s *Simulations) ListSimulationOrders(ctx context.Context, in *inventoryv1.ListSimulationOrdersRequest) (*inventoryv1.ListSimulationOrdersResponse, error) {
	if err := forOperators(ctx); err != nil {
		return nil, err
	}
	if _, err := s.store.Simulation(ctx, in.GetId(), false); err != nil {
		return nil, err
	}
	rows, next, err := s.store.ListSimulated(ctx, in.GetId(), in.GetOnlyDiffering(), data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListSimulationOrdersResponse{Orders: all(rows, toSimulated), NextPageToken: next}, nil
}

func fromSimulationOrder(in *inventoryv1.SimulationOrder, by biz.Caller) biz.Demand {
	d := biz.Demand{Document: in.GetDocument(), Channel: in.GetChannel(), Seller: in.GetSellerOrg(), Way: biz.Way(in.GetWay()),
		Destination: fromPoint(in.GetDestination()), Location: in.GetLocation(), Region: in.GetRegion()}
	if d.Seller == "" {
		d.Seller = by.Org
	}
	for i, l := range in.GetLines() {
		d.Lines = append(d.Lines, biz.DemandLine{ID: lineID(i), SKU: l.GetSku(), Quantity: l.GetQuantity(), ListPriceMinor: l.GetPriceMinor(), WeightG: l.GetWeightG()})
	}
	return d
}

func toSimulation(s biz.Simulation) *inventoryv1.Simulation {
	out := &inventoryv1.Simulation{Id: s.ID, State: inventoryv1.SimulationState(s.State), Strategies: s.Strategies, Orders: s.Orders, Decided: s.Done,
		Failure: s.Failure, CreatedBy: s.CreatedBy, CreatedUs: s.CreatedUS}
	for _, r := range s.Results {
		result := &inventoryv1.SimulationResult{Strategy: r.Strategy, Orders: r.Orders, FilledOrders: r.FilledOrders, Pieces: r.Pieces, FilledPieces: r.FilledPieces,
			Parcels: r.Parcels, FillRateBp: r.FillRateBP, ParcelsPerOrderBp: r.ParcelsPerOrderBP, MeanM: r.MeanM, P50M: r.P50M, P90M: r.P90M, MaxM: r.MaxM,
			FreightMinor: r.FreightMinor, EmptiedLocations: r.EmptiedLocations, DifferingOrders: r.DifferingOrders}
		for _, l := range r.Load {
			result.Load = append(result.Load, &inventoryv1.SimulationLoad{Location: l.Location, Name: l.Name, Orders: l.Orders, Pieces: l.Pieces})
		}
		out.Results = append(out.Results, result)
	}
	return out
}

func toSimulated(o data.SimulatedOutcome) *inventoryv1.SimulatedOrder {
	out := &inventoryv1.SimulatedOrder{Number: o.Number, Document: o.Document, Differs: o.Differs}
	for _, t := range o.Outcomes {
		outcome := &inventoryv1.SimulatedOutcome{Strategy: t.Strategy, Filled: t.Filled, Reason: t.Reason, FreightMinor: t.FreightMinor}
		for _, p := range t.Parcels {
			outcome.Parcels = append(outcome.Parcels, &inventoryv1.SimulatedParcel{Location: p.Location, DistanceM: p.DistanceM, Pieces: p.Pieces})
		}
		out.Outcomes = append(out.Outcomes, outcome)
	}
	return out
}
