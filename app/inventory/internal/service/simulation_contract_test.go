package service

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

func (r *rig) simulations() *Simulations { return NewSimulations(r.db, r.store, nil) }

func simulated(number int64, lines ...*inventoryv1.SimulationLine) *inventoryv1.SimulationOrder {
	return &inventoryv1.SimulationOrder{Number: number, Document: fmt.Sprintf("SO-%d", number), Channel: "tmall", Way: inventoryv1.DeliveryWay_PARCEL, Destination: square, Region: "31", Lines: lines}
}

func wants(sku string, qty int64) *inventoryv1.SimulationLine {
	return &inventoryv1.SimulationLine{Sku: sku, Quantity: qty, WeightG: 500}
}

// simulate creates one over the orders, runs it, and returns it.
func (r *rig) simulate(t testing.TB, strategies []string, orders ...*inventoryv1.SimulationOrder) *inventoryv1.Simulation {
	t.Helper()
	boss, s := hq(t.Context(), "operator"), r.simulations()
	sim, err := s.CreateSimulation(boss, &inventoryv1.CreateSimulationRequest{RequestId: requestID(), Strategies: strategies})
	require.NoError(t, err)
	for range 2 { // sent twice, taken once
		sim, err = s.AddSimulationOrders(boss, &inventoryv1.AddSimulationOrdersRequest{RequestId: requestID(), Id: sim.Id, Orders: orders})
		require.NoError(t, err)
	}
	require.Equal(t, int64(len(orders)), sim.Orders)
	_, err = s.StartSimulation(boss, &inventoryv1.StartSimulationRequest{RequestId: requestID(), Id: sim.Id})
	require.NoError(t, err)
	_, err = s.AddSimulationOrders(boss, &inventoryv1.AddSimulationOrdersRequest{RequestId: requestID(), Id: sim.Id, Orders: orders})
	require.Equal(t, "STATE_CONFLICT", reasonOf(err))
	require.NoError(t, s.Work(t.Context()))
	sim, err = s.GetSimulation(boss, &inventoryv1.GetSimulationRequest{Id: sim.Id})
	require.NoError(t, err)
	return sim
}

func TestStrategiesAreTriedBeforeTheyGoLive(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		for _, at := range []string{"F-01", "S-01"} {
			r.stock(t, at, "LJ", 3)
		}
		r.stock(t, "W-01", "LJ", 100)
		r.activate(t, inventoryv1.RulesetKind_FREIGHT, "standard", `{"currency": "CNY", "zones": [{"zone": "EAST", "regions": ["31"]}],
			"rows": [{"from": "*", "to": "EAST", "steps": [{"up_to_g": 1000, "price_minor": 600}, {"up_to_g": 20000, "price_minor": 1500}]}]}`)
		r.activate(t, strategyKind, "warehouse", `{"for": [{"channel": "jd"}], "freight": "standard", "stages": [{"name": "only", "filters": [{"rule": "kind", "in": ["warehouse"]}], "split": {"parcels": "never"}}]}`)

		done := r.simulate(t, []string{"near-then-split", "warehouse"}, simulated(1, wants("LJ", 2)), simulated(2, wants("LJ", 3)), simulated(3, wants("LJ", 99)), simulated(4, wants("TG", 1)))
		require.Equal(t, inventoryv1.SimulationState_SIMULATION_DONE, done.State, done.Failure)
		require.Equal(t, int64(8), done.Decided)
		near, house := done.Results[0], done.Results[1]
		require.Equal(t, []int64{4, 3, 105, 104}, []int64{near.Orders, near.FilledOrders, near.Pieces, near.FilledPieces}, "%s", near)
		require.Equal(t, []int64{2, 5, 0}, []int64{house.FilledOrders, house.FilledPieces, house.EmptiedLocations}, "%s", house)
		require.Equal(t, int64(600+1500), house.FreightMinor, "1,000 g, then 1,500 g")
		require.Equal(t, int64(3), house.DifferingOrders)
		require.Equal(t, "W-01", house.Load[0].Location)
		require.Greater(t, house.MeanM, near.P50M)

		listed, err := r.simulations().ListSimulationOrders(hq(t.Context(), "admin"), &inventoryv1.ListSimulationOrdersRequest{Id: done.Id, OnlyDiffering: true, PageSize: 2})
		require.NoError(t, err)
		require.Equal(t, []int64{1, 2}, []int64{listed.Orders[0].Number, listed.Orders[1].Number})
		require.Equal(t, "F-01", listed.Orders[0].Outcomes[0].Parcels[0].Location)
		require.Equal(t, "W-01", listed.Orders[0].Outcomes[1].Parcels[0].Location)
		rest, err := r.simulations().ListSimulationOrders(hq(t.Context(), "admin"), &inventoryv1.ListSimulationOrdersRequest{Id: done.Id, OnlyDiffering: true, PageSize: 2, PageToken: listed.NextPageToken})
		require.NoError(t, err)
		require.Len(t, rest.Orders, 1)
		require.Contains(t, rest.Orders[0].Outcomes[1].Reason, "LJ")
		require.Equal(t, int64(3), r.rows(t, "F-01", "LJ").Online, "nothing is held")
		r.audit(t)
	})
}

func TestASimulationOfADeadProcessIsBegunAnew(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 3)
		boss, s := hq(t.Context(), "operator"), r.simulations()
		sim, err := s.CreateSimulation(boss, &inventoryv1.CreateSimulationRequest{RequestId: requestID(), Strategies: []string{"near-then-split"}})
		require.NoError(t, err)
		_, err = s.StartSimulation(boss, &inventoryv1.StartSimulationRequest{RequestId: requestID(), Id: sim.Id})
		require.Equal(t, "VALIDATOR", reasonOf(err), "without orders")
		_, err = s.AddSimulationOrders(boss, &inventoryv1.AddSimulationOrdersRequest{RequestId: requestID(), Id: sim.Id, Orders: []*inventoryv1.SimulationOrder{simulated(1, wants("LJ", 1))}})
		require.NoError(t, err)
		_, err = s.StartSimulation(boss, &inventoryv1.StartSimulationRequest{RequestId: requestID(), Id: sim.Id})
		require.NoError(t, err)
		// Its process dies after it took the simulation.
		require.NoError(t, r.db.InTx(t.Context(), func(ctx context.Context) error {
			taken, found, err := r.store.LeaseSimulation(ctx, "dead", simulationLease.Microseconds())
			require.True(t, found)
			require.NoError(t, taken.Go(biz.SimulationRunning))
			taken.Done = 7
			return errors.Join(err, r.store.SaveSimulation(ctx, taken))
		}))
		found, err := s.RunNext(t.Context())
		require.NoError(t, err)
		require.False(t, found, "it is somebody's")
		r.clock.Advance(simulationLease + time.Second)
		found, err = s.RunNext(t.Context())
		require.NoError(t, err)
		require.True(t, found)
		done, err := s.GetSimulation(boss, &inventoryv1.GetSimulationRequest{Id: sim.Id})
		require.NoError(t, err)
		require.Equal(t, []any{inventoryv1.SimulationState_SIMULATION_DONE, int64(1), int64(1)}, []any{done.State, done.Decided, done.Results[0].FilledOrders})
		// The dead one comes back: it is not its any more.
		require.ErrorIs(t, s.end(boss, sim.Id, "dead", biz.SimulationFailed, nil, "late"), errTaken)
	})
}

func TestWhatCannotBeSimulatedIsRefusedByName(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		boss, s := hq(t.Context(), "operator"), r.simulations()
		create := func(ctx context.Context, past *inventoryv1.PastOrders, strategies ...string) (*inventoryv1.Simulation, error) {
			return s.CreateSimulation(ctx, &inventoryv1.CreateSimulationRequest{RequestId: requestID(), Strategies: strategies, Past: past})
		}
		for _, unknown := range []string{"moon", "near-then-split@2"} {
			_, err := create(boss, nil, unknown)
			require.Equal(t, "NOT_FOUND", reasonOf(err))
			require.Equal(t, unknown, metadataOf(err)["name"])
		}
		_, err := create(boss, nil, "near-then-split@x")
		require.Equal(t, "VALIDATOR", reasonOf(err))
		_, err = create(boss, &inventoryv1.PastOrders{FromUs: 5, UntilUs: 5}, "near-then-split")
		require.Equal(t, "TIME_INVALID", reasonOf(err))
		for _, ctx := range []context.Context{franchisee(t.Context(), "FR1", "manager"), hq(t.Context(), "finance"), member(t.Context())} {
			_, err = create(ctx, nil, "near-then-split")
			require.Equal(t, "FORBIDDEN", reasonOf(err))
		}
		sim, err := create(boss, nil, "near-then-split@1")
		require.NoError(t, err)
		off := simulated(1, wants("LJ", 1))
		off.Destination = &commonv1.GeoPoint{Lat: 91}
		_, err = s.AddSimulationOrders(boss, &inventoryv1.AddSimulationOrdersRequest{RequestId: requestID(), Id: sim.Id, Orders: []*inventoryv1.SimulationOrder{off}})
		require.Equal(t, "GEO_INVALID", reasonOf(err))
		_, err = s.GetSimulation(boss, &inventoryv1.GetSimulationRequest{Id: "sim_none"})
		require.Equal(t, "NOT_FOUND", reasonOf(err))
	})
}
