package order

import (
	"github.com/onepool/onepool/app/internal/states"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// States are the center's state machines, as its code decides by them.
func States() []states.Machine {
	var list []states.Machine
	for _, subject := range biz.Subjects {
		m := states.Machine{Name: string(subject.Subject), What: subject.What}
		for _, e := range biz.Edges {
			if e.Subject == subject.Subject {
				m.Edges = append(m.Edges, states.Edge{From: string(e.From), Event: string(e.Event), To: string(e.To)})
			}
		}
		list = append(list, m)
	}
	return list
}
