package biz

import "slices"

// SimulationState says how far a simulation is.
type SimulationState int8

// The states. What was running when its process died is begun anew.
const (
	SimulationOpen    SimulationState = 1
	SimulationWaiting SimulationState = 2
	SimulationRunning SimulationState = 3
	SimulationDone    SimulationState = 4
	SimulationFailed  SimulationState = 5
)

// SimulationTransitions is the state machine.
var SimulationTransitions = map[SimulationState][]SimulationState{
	SimulationOpen:    {SimulationWaiting},
	SimulationWaiting: {SimulationRunning},
	SimulationRunning: {SimulationRunning, SimulationDone, SimulationFailed},
}

// MaxSimulated bounds the orders of one simulation.
const MaxSimulated = 1_000_000

// Simulation is a comparison of strategies on the same orders.
type Simulation struct {
	ID         string
	State      SimulationState
	Strategies []string // as they were asked for: name, or name@version
	Orders     int64
	Done       int64 // decisions made, over all strategies
	Results    []TrialResult
	Failure    string
	CreatedBy  string
	CreatedUS  int64
	Version    int64
}

// Go moves it to another state, or refuses.
func (s *Simulation) Go(to SimulationState) error {
	if !slices.Contains(SimulationTransitions[s.State], to) {
		return SimulationNot{s.State}
	}
	s.State = to
	return nil
}

// String names the state as the API does.
func (s SimulationState) String() string {
	switch s {
	case SimulationOpen:
		return "SIMULATION_OPEN"
	case SimulationWaiting:
		return "SIMULATION_WAITING"
	case SimulationRunning:
		return "SIMULATION_RUNNING"
	case SimulationDone:
		return "SIMULATION_DONE"
	case SimulationFailed:
		return "SIMULATION_FAILED"
	}
	return "UNKNOWN"
}

// SimulationNot refuses what cannot be done to a simulation in this state.
type SimulationNot struct{ State SimulationState }

// Error names the state.
func (s SimulationNot) Error() string { return "the simulation is " + s.State.String() }

// Fault is the public face.
func (s SimulationNot) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "this cannot be done to a simulation in this state: create another one", map[string]string{"state": s.State.String()}
}

// UnknownSimulation says that there is no such simulation.
type UnknownSimulation struct{ ID string }

// Error names it.
func (u UnknownSimulation) Error() string { return "simulation " + u.ID + " is not known" }

// Fault is the public face.
func (u UnknownSimulation) Fault() (int, string, string, map[string]string) {
	return 404, "NOT_FOUND", "there is no such simulation", map[string]string{"kind": "simulation"}
}

// NumberedDemand is an order of a simulation.
type NumberedDemand struct {
	Number int64
	Demand Demand
}
