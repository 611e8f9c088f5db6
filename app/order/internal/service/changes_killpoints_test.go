//go:build failpoint

package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/failpoint"
)

// A cancel of a part breaks at each of its steps in this center, and is asked for again: it happens once, everywhere.
func TestACancelOfAPartSurvivesEachPoint(t *testing.T) {
	for _, point := range []string{"command.local.tx.before", "command.local.reply.before", "outbox.submit.before", "outbox.mark.before"} {
		t.Run(point, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, s *shop) {
				o := s.paid(300)
				s.leaving()
				cups := s.world.stock["S1"]["cup"] + s.world.stock["S2"]["cup"]
				req := less(o, of(o.Lines[1], 2))
				disarm, err := failpoint.Arm(point + "=error")
				require.NoError(t, err)
				_, failed := s.cancelLines(ann, req)
				_, relayed := s.relay.Once(t.Context())
				require.True(t, failed != nil || relayed != nil, "the point was hit")
				disarm()
				got, err := s.cancelLines(ann, req)
				require.NoError(t, err)
				require.Equal(t, int64(2), got.Lines[1].CancelledQuantity)
				s.clock.Advance(10 * time.Minute) // whoever had taken the message is gone
				require.Empty(t, s.audit())
				require.Equal(t, cups+2, s.world.stock["S1"]["cup"]+s.world.stock["S2"]["cup"])
			})
		})
	}
}
