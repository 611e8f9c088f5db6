package inventory

import (
	"github.com/onepool/onepool/app/internal/states"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// States are the center's state machines, as its code decides by them.
func States() []states.Machine {
	return []states.Machine{
		states.Of("reservation", "Units of one owner at one location, held for a line. One that stays in its state has shipped or released a part, or has got a later deadline.", biz.Transitions, biz.Held),
		states.Of("assignment", "A part of a document that a location was asked to ship. It may begin with the answer, where nobody had been asked.", biz.AssignmentTransitions,
			biz.Assigned, biz.Accepted, biz.Declined, biz.TimedOut),
		states.Of("document", "What an order waits for, beside what its reservations say.", biz.DocumentTransitions, biz.Settled),
		states.Of("transfer", "Goods on their way from one location to another.", biz.TransferSteps, biz.TransferDraft, biz.TransferRequested),
		states.Of("stocktake", "A count of what is on the shelves.", biz.StocktakeSteps, biz.StocktakeCounting),
		states.Of("simulation", "A comparison of strategies on the same orders.", biz.SimulationTransitions, biz.SimulationOpen),
	}
}
