package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

const (
	simulatedPage = 200
	// simulationLease is how long a simulation is left to a process that says nothing; it is extended with each page.
	simulationLease = 60 * time.Second
)

// errTaken means that another process has taken the simulation over.
var errTaken = errors.New("the simulation has been taken over")

func lineID(i int) string { return strconv.Itoa(i + 1) }

// RunNext works on the oldest simulation that waits, if there is one, and says whether there was. Several replicas may call
// it; each simulation is one's at a time.
func (s *Simulations) RunNext(ctx context.Context) (found bool, err error) {
	ctx = tenancy.WithService(ctx, "inventory-simulation")
	owner := ids.New("own")
	var sim biz.Simulation
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if sim, found, err = s.store.LeaseSimulation(ctx, owner, simulationLease.Microseconds()); err != nil || !found {
			return err
		}
		if err := sim.Go(biz.SimulationRunning); err != nil {
			return err
		}
		sim.Done = 0
		return s.store.SaveSimulation(ctx, sim)
	})
	if err != nil || !found {
		return false, err
	}
	results, err := s.run(ctx, sim, owner)
	switch {
	case errors.Is(err, errTaken) || ctx.Err() != nil:
		return true, err // whoever comes next begins anew
	case err != nil:
		return true, errors.Join(err, s.end(ctx, sim.ID, owner, biz.SimulationFailed, nil, err.Error()))
	}
	return true, s.end(ctx, sim.ID, owner, biz.SimulationDone, results, "")
}

// end stores how a simulation has ended, if it is still ours.
func (s *Simulations) end(ctx context.Context, id, owner string, to biz.SimulationState, results []biz.TrialResult, failure string) error {
	return s.keep(ctx, id, owner, func(ctx context.Context, sim *biz.Simulation) error {
		sim.Results, sim.Failure = results, failure
		return sim.Go(to)
	})
}

// keep changes a simulation that is ours.
func (s *Simulations) keep(ctx context.Context, id, owner string, fn func(context.Context, *biz.Simulation) error) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		sim, err := s.store.Simulation(ctx, id, true)
		if err != nil {
			return err
		}
		ours, err := s.store.KeepSimulation(ctx, id, owner, simulationLease.Microseconds())
		if err != nil {
			return err
		}
		if !ours {
			return errTaken
		}
		if err := fn(ctx, &sim); err != nil {
			return err
		}
		return s.store.SaveSimulation(ctx, sim)
	})
}

// run decides all orders under each strategy.
func (s *Simulations) run(ctx context.Context, sim biz.Simulation, owner string) ([]biz.TrialResult, error) {
	stock, err := s.stock(ctx, sim.ID)
	if err != nil {
		return nil, err
	}
	trials, err := s.trials(ctx, sim, stock)
	if err != nil {
		return nil, err
	}
	differing := make([]int64, len(trials))
	for after := int64(0); ; {
		orders, err := s.store.Simulated(ctx, sim.ID, after, simulatedPage)
		if err != nil {
			return nil, err
		}
		if len(orders) == 0 {
			break
		}
		after = orders[len(orders)-1].Number
		outcomes, err := decideAll(ctx, trials, orders, differing)
		if err != nil {
			return nil, err
		}
		err = s.keep(ctx, sim.ID, owner, func(ctx context.Context, sim *biz.Simulation) error {
			sim.Done += int64(len(orders) * len(trials))
			return s.store.SaveOutcomes(ctx, sim.ID, outcomes)
		})
		if err != nil {
			return nil, err
		}
	}
	results := make([]biz.TrialResult, len(trials))
	for i, t := range trials {
		results[i] = t.Result(differing[i])
	}
	return results, nil
}

// decideAll lets every strategy decide a page of orders, and counts for each how often it differs from the first.
func decideAll(ctx context.Context, trials []*biz.Trial, orders []biz.NumberedDemand, differing []int64) ([]data.SimulatedOutcome, error) {
	outcomes := make([]data.SimulatedOutcome, len(orders))
	for n, o := range orders {
		out := data.SimulatedOutcome{Number: o.Number, Document: o.Demand.Document}
		for i, t := range trials {
			outcome, err := t.Order(ctx, o.Demand)
			if err != nil {
				return nil, fmt.Errorf("order %d (%s): %w", o.Number, o.Demand.Document, err)
			}
			out.Outcomes = append(out.Outcomes, outcome)
			if i > 0 && outcome.Differs(out.Outcomes[0]) {
				out.Differs = true
				differing[i]++
			}
		}
		outcomes[n] = out
	}
	return outcomes, nil
}

// trials begin each with a copy of the stock.
func (s *Simulations) trials(ctx context.Context, sim biz.Simulation, stock *biz.StockCopy) ([]*biz.Trial, error) {
	directory, err := s.store.Directory(ctx)
	if err != nil {
		return nil, err
	}
	now, err := s.db.Now(ctx)
	if err != nil {
		return nil, err
	}
	trials := make([]*biz.Trial, len(sim.Strategies))
	for i, reference := range sim.Strategies {
		strategy, freight, err := s.rulesets.NamedStrategy(ctx, reference)
		if err != nil {
			return nil, err
		}
		trials[i] = biz.NewTrial(biz.TrialOf{Strategy: strategy, Freight: freight, Directory: directory, Stock: stock, Sharing: s.store, Categories: s.categories, NowUS: now})
	}
	return trials, nil
}

// stock copies the stock of all SKUs that the orders name.
func (s *Simulations) stock(ctx context.Context, id string) (*biz.StockCopy, error) {
	known := map[string]bool{}
	for after := int64(0); ; {
		orders, err := s.store.Simulated(ctx, id, after, simulatedPage)
		if err != nil {
			return nil, err
		}
		if len(orders) == 0 {
			break
		}
		after = orders[len(orders)-1].Number
		for _, o := range orders {
			for _, sku := range o.Demand.SKUs() {
				known[sku] = true
			}
		}
	}
	skus := make([]string, 0, len(known))
	for sku := range known {
		skus = append(skus, sku)
	}
	slices.Sort(skus)
	return s.store.CopyOf(ctx, skus)
}

// Work runs simulations until none waits.
func (s *Simulations) Work(ctx context.Context) error {
	for {
		found, err := s.RunNext(ctx)
		if err != nil || !found {
			return err
		}
	}
}
