//go:build failpoint

package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/failpoint"
)

// A gift is taken at a center that breaks at each of its steps, and the receiver asks again: it is taken once, everywhere.
func TestTakingAGiftSurvivesEachPoint(t *testing.T) {
	for _, point := range []string{"command.local.tx.before", "command.local.reply.before", "outbox.submit.before", "outbox.mark.before"} {
		t.Run(point, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, s *shop) {
				o := s.given()
				s.leaving()
				req := &orderv1.TakeGiftRequest{RequestId: requestID(), Key: s.share(o), Receiver: bobs()}
				disarm, err := failpoint.Arm(point + "=error")
				require.NoError(t, err)
				_, failed := s.giftOrders().TakeGift(s.as(bob), req)
				_, relayed := s.relay.Once(t.Context())
				require.True(t, failed != nil || relayed != nil, "the point was hit")
				disarm()
				gift, err := s.giftOrders().TakeGift(s.as(bob), req)
				require.NoError(t, err)
				require.Len(t, gift.Parcels, 2)
				s.clock.Advance(10 * time.Minute) // whoever had taken the message is gone
				require.Equal(t, []string{"inventory.ConfirmHold"}, s.leaving())
				require.Empty(t, s.audit())
			})
		})
	}
}
