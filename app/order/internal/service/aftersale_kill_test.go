//go:build failpoint

package service

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/outbox"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// ledger is a provider that keeps what it has paid back, as a real one does: the same number is the same refund.
type ledger struct {
	biz.PaymentProvider
	paid map[string]int64
}

func (l *ledger) Refund(ctx context.Context, r biz.RefundOrder) (biz.RefundAnswer, error) {
	l.paid[r.Number] = r.AmountMinor
	return l.PaymentProvider.Refund(ctx, r)
}

// onceSent hands each message on once, as the coordinator does with one that is submitted again.
type onceSent struct {
	*sent
	known map[string]bool
}

func (o *onceSent) SubmitMessage(ctx context.Context, gid string, calls []outbox.Call) error {
	if o.known[gid] {
		return nil
	}
	o.known[gid] = true
	return o.sent.SubmitMessage(ctx, gid, calls)
}

// The center dies at each point of a return: before and after the commit that receives it, before and after its message is
// handed on, before and after the provider pays. It is asked again, and all has happened once.
func TestAReturnSurvivesEachPoint(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		provider := &ledger{PaymentProvider: s.Sandbox, paid: map[string]int64{}}
		s.providers["sandbox"] = provider
		s.relay = outbox.NewRelay(s.DB, &onceSent{s.sent, map[string]bool{}}, func(_ context.Context, err error) { t.Log(err) })
		o := s.bought()
		cup, want := o.Lines[1].LineId, int64(0)
		for _, point := range []string{
			"command.local.tx.before", "command.local.reply.before", "outbox.submit.before", "outbox.mark.before", "order.refund.ask.before", "order.refund.ask.after",
		} {
			ret := s.asked(o, cup, 1)
			s.approve(boss, ret)
			req := &orderv1.ReceiveReturnRequest{
				RequestId: requestID(), ReturnId: ret.Id, Location: "S1", Inspection: []*orderv1.InspectedPieces{{LineId: cup, Damaged: 1}},
			}
			disarm, err := failpoint.Arm(point + "=error")
			require.NoError(t, err)
			_, _ = s.ReceiveReturn(s.as(boss), req)
			_, _ = s.relay.Once(t.Context())
			_ = errors.Join(s.Tick(t.Context()), s.TickPayments(t.Context()))
			disarm()
			done, err := s.ReceiveReturn(s.as(boss), req)
			require.NoError(t, err, point)
			want++
			for range 3 { // the pauses after a failure
				s.later(time.Minute)
				s.leaving()
			}
			require.Equal(t, int64(1500), done.Refund.AmountMinor)
			require.Equal(t, want, s.world.damaged["S1/cup"], point)
			require.Len(t, provider.paid, int(want), point)
			require.Equal(t, 1500*want, s.get(o.Id).Refunded.AmountMinor, point)
			require.Empty(t, s.audit(), point)
		}
		for _, ret := range s.get(o.Id).Returns {
			require.Equal(t, orderv1.ReturnState_REFUNDED, ret.State)
		}
	})
}
