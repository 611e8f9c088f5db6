package member

import (
	"github.com/onepool/onepool/app/internal/states"
	"github.com/onepool/onepool/app/member/internal/biz"
)

// States are the center's state machines, as its code decides by them.
func States() []states.Machine {
	m := states.Machine{Name: "points of a document", What: "What an order holds of a member's points."}
	for _, e := range biz.DocumentEdges {
		m.Edges = append(m.Edges, states.Edge{From: string(e.From), Event: string(e.Event), To: string(e.To)})
	}
	return []states.Machine{m}
}
