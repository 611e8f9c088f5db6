// Package states draws state machines into the documentation, out of the tables by which the code decides.
//
// Always true: what is drawn is a function of the tables. The order of edges is that of the tables, or of the states.
package states

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Edge is one permitted change. From is empty before the thing exists; Event is empty where the table names none.
type Edge struct{ From, Event, To string }

// Machine is the states of one kind of thing.
type Machine struct {
	Name, What string
	Edges      []Edge
}

// Center is whose machines they are.
type Center struct {
	Name     string
	Machines []Machine
}

// Of reads a table that knows from where to where, and no events. starts are the states in which a thing begins.
func Of[S interface {
	cmp.Ordered
	fmt.Stringer
}](name, what string, table map[S][]S, starts ...S) Machine {
	m := Machine{Name: name, What: what}
	for _, to := range starts {
		m.Edges = append(m.Edges, Edge{To: to.String()})
	}
	for _, from := range slices.Sorted(maps.Keys(table)) {
		for _, to := range table[from] {
			m.Edges = append(m.Edges, Edge{From: from.String(), To: to.String()})
		}
	}
	return m
}

// Draw writes a section a center, a diagram and a table a machine.
func Draw(centers []Center) string {
	var b strings.Builder
	b.WriteString("# States\n\nEvery thing that has a state, and every change that can happen to it: what is not here is refused. Drawn by `make generate` from the tables in the code.\n")
	for _, c := range centers {
		fmt.Fprintf(&b, "\n## %s\n", c.Name)
		for _, m := range c.Machines {
			m.draw(&b)
		}
	}
	return b.String()
}

func (m Machine) draw(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n```mermaid\nstateDiagram-v2\n", m.Name, m.What)
	for _, a := range m.arrows() {
		fmt.Fprintf(b, "  %s --> %s", a.from, a.to)
		if a.events != "" {
			fmt.Fprintf(b, ": %s", a.events)
		}
		b.WriteByte('\n')
	}
	b.WriteString("```\n")
	if !slices.ContainsFunc(m.Edges, func(e Edge) bool { return e.Event != "" }) {
		return // a table would say no more than the arrows
	}
	b.WriteString("\n| from | event | to |\n| --- | --- | --- |\n")
	for _, e := range m.Edges {
		fmt.Fprintf(b, "| %s | %s | %s |\n", cmp.Or(e.From, "–"), e.Event, e.To)
	}
}

type arrow struct{ from, to, events string }

// arrows are the edges as mermaid has them, one for each pair of states. A state that nothing leaves is an end.
func (m Machine) arrows() []arrow {
	const outside = "[*]"
	var list []arrow
	left, entered := map[string]bool{}, []string{}
	for _, e := range m.Edges {
		from := cmp.Or(e.From, outside)
		if e.From != e.To {
			left[e.From] = true
		}
		if !slices.Contains(entered, e.To) {
			entered = append(entered, e.To)
		}
		i := slices.IndexFunc(list, func(a arrow) bool { return a.from == from && a.to == e.To })
		if i < 0 {
			list = append(list, arrow{from, e.To, e.Event})
			continue
		}
		list[i].events += ", " + e.Event
	}
	for _, s := range entered {
		if !left[s] {
			list = append(list, arrow{s, outside, ""})
		}
	}
	return list
}
