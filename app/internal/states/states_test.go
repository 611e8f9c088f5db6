package states

import (
	"testing"

	"github.com/stretchr/testify/require"
)

type light int8

func (l light) String() string { return []string{"OFF", "ON", "BROKEN"}[l] }

func TestADiagramShowsEveryEdgeOnceAndWhereThingsEnd(t *testing.T) {
	machine := Machine{Name: "door", What: "A door.", Edges: []Edge{{"", "build", "OPEN"}, {"OPEN", "push", "SHUT"}, {"OPEN", "blow", "SHUT"}, {"OPEN", "paint", "OPEN"}}}
	drawn := Draw([]Center{{"House", []Machine{machine}}})
	require.Contains(t, drawn, "## House\n\n### door\n\nA door.\n\n```mermaid\nstateDiagram-v2\n  [*] --> OPEN: build\n  OPEN --> SHUT: push, blow\n  OPEN --> OPEN: paint\n  SHUT --> [*]\n```\n")
	require.Contains(t, drawn, "| – | build | OPEN |\n| OPEN | push | SHUT |\n| OPEN | blow | SHUT |\n| OPEN | paint | OPEN |\n")
}

func TestATableWithoutEventsIsReadInTheOrderOfItsStates(t *testing.T) {
	m := Of("light", "", map[light][]light{1: {0, 2}, 0: {1}}, light(0))
	require.Equal(t, []Edge{{"", "", "OFF"}, {"OFF", "", "ON"}, {"ON", "", "OFF"}, {"ON", "", "BROKEN"}}, m.Edges)
	require.NotContains(t, Draw([]Center{{"House", []Machine{m}}}), "| from |")
}
