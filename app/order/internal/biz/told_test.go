package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever keeps a copy of an order's state by its events has to be told of every change of it.
func TestEveryChangeOfAnOrdersStateIsTold(t *testing.T) {
	for _, e := range Edges {
		topic, told := e.Told()
		if e.Subject == SubjectOrder {
			require.Equal(t, e.From != e.To || e.Event == EventCancelPart || e.Event == EventReaddress || e.Event == EventBalanceDue, told, "%v", e)
		}
		if told {
			require.Equal(t, topic, TopicOf(topic.Name()))
			require.LessOrEqual(t, len(topic), 16)
		}
	}
	topic, told := Edge{SubjectOrder, OrderUnpaid, "check", "CHECKED"}.Told()
	require.True(t, told)
	require.Equal(t, TopicChanged, topic)
}
