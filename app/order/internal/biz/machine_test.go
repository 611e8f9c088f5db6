package biz

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryEdgeBelongsToASubjectThatIsExplained(t *testing.T) {
	for _, e := range Edges {
		require.True(t, slices.ContainsFunc(Subjects, func(s struct {
			Subject Subject
			What    string
		}) bool {
			return s.Subject == e.Subject && s.What != ""
		}), "%s is missing in Subjects", e.Subject)
		require.LessOrEqual(t, max(len(e.Subject), len(e.From), len(e.Event), len(e.To)), 16, "%v: a column of the history has 16 characters", e)
	}
}

func TestEventsHaveTheirSources(t *testing.T) {
	require.Equal(t, []string{"LOCKED", "USED"}, Sources(SubjectCoupon, EventGiveBack))
	require.Equal(t, []string{"PENDING", "CLOSED", "CAPTURED"}, Sources(SubjectPayment, EventCapture))
	require.Empty(t, Sources(SubjectCoupon, EventShip))
}

func TestAnEventLeadsFromAStateToOneStateOnly(t *testing.T) {
	type way struct {
		Subject Subject
		From    State
		Event   Event
	}
	seen := map[way]bool{}
	for _, e := range Edges {
		w := way{e.Subject, e.From, e.Event}
		require.False(t, seen[w], "%v", w)
		seen[w] = true
	}
}
