package service

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

func (s *shop) payWindows() *PayWindows { return NewPayWindows(s.terms()) }

func (s *shop) window(channel string, seconds, grace, fromUS int64) *orderv1.PayWindow {
	s.t.Helper()
	w, err := s.payWindows().PutPayWindow(s.as(promoting), &orderv1.PutPayWindowRequest{RequestId: requestID(), Channel: channel, PayWindowS: seconds, HoldGraceS: grace, FromUs: fromUS})
	require.NoError(s.t, err)
	return w
}

// ordered places an order of a cup in a channel.
func (s *shop) ordered(o *Order, channel string) *orderv1.OrderInfo {
	s.t.Helper()
	req := wish(line("cup", 1))
	req.Channel = channel
	placed, err := o.PlaceOrder(s.as(ann), req)
	require.NoError(s.t, err)
	return placed
}

// How long an order waits is its channel's terms at its placement, and how long its stock is held follows; it keeps both.
func TestEachChannelHasItsTimeToPay(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		waits := func(channel string) (seconds, held int64) {
			t.Helper()
			o := s.ordered(s.Order, channel)
			return (o.PayUntilUs - o.PlacedAtUs) / second, (s.world.holds[o.Id][0].ExpiresAtUs - o.PayUntilUs) / second
		}
		is := func(wantSeconds, wantHeld int64, channel string) {
			t.Helper()
			seconds, held := waits(channel)
			require.Equal(t, []int64{wantSeconds, wantHeld}, []int64{seconds, held}, channel)
		}
		is(600, 300, "miniprogram") // as configured
		s.window("", 3600, 0, 0)
		require.Equal(t, int64(1), s.window("flash", 120, 30, 0).Version)
		is(3600, 300, "miniprogram")
		is(120, 30, "flash")
		kept := s.ordered(s.Order, "flash")
		s.window("flash", 900, 60, start+time.Hour.Microseconds()) // from later on
		is(120, 30, "flash")
		s.clock.Advance(time.Hour)
		is(900, 60, "flash")
		require.Equal(t, kept.PayUntilUs, s.get(kept.Id).PayUntilUs)
		_, err := s.payWindows().PutPayWindow(s.as(promoting), &orderv1.PutPayWindowRequest{RequestId: requestID(), Channel: "flash", Withdrawn: true})
		require.NoError(t, err)
		is(3600, 300, "flash")
		s.later(time.Second)
		require.Equal(t, orderv1.OrderState_CANCELLED, s.get(kept.Id).State)
		s.audited()

		// Another process goes by what was put within a second.
		other := s.replica()
		s.ordered(other, "flash") // it has read the terms
		s.window("flash", 240, 0, 0)
		s.clock.Advance(time.Second)
		o := s.ordered(other, "flash")
		require.Equal(t, int64(240), (o.PayUntilUs-o.PlacedAtUs)/second)
	})
}

// Orders of channels with different windows close each at its own deadline, once, whichever of the replicas sees it; and a
// payment that comes at the deadline either pays the order or goes back whole, never both.
func TestWindowsCloseOnceAndRaceWithLatePayments(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.window("flash", 120, 60, 0)
		s.window("slow", 1800, 600, 0)
		replicas := []*Order{s.Order, s.replica()}
		tick := func(d time.Duration) {
			s.clock.Advance(d)
			var all sync.WaitGroup
			failed := make([]error, len(replicas))
			for i, r := range replicas {
				all.Go(func() { failed[i] = r.Tick(t.Context()) })
			}
			all.Wait()
			require.NoError(t, errors.Join(failed...))
		}
		flash, slow := s.ordered(s.Order, "flash"), s.ordered(s.Order, "slow")
		tick(119 * time.Second)
		require.Equal(t, orderv1.OrderState_UNPAID, s.get(flash.Id).State)
		tick(time.Second)
		require.Equal(t, orderv1.OrderState_CANCELLED, s.get(flash.Id).State)
		require.Equal(t, orderv1.OrderState_UNPAID, s.get(slow.Id).State, "it has more time")
		tick(1680 * time.Second)
		require.Equal(t, orderv1.OrderState_CANCELLED, s.get(slow.Id).State)
		require.Equal(t, []string{"inventory.Release", "inventory.Release"}, s.leaving(), "each once")

		// Past the deadline money still pays an order that nobody has closed, until half of its own grace.
		for channel, c := range map[string]struct {
			window, after int64
			state         orderv1.OrderState
		}{"flash": {120, 30, orderv1.OrderState_PAID}, "slow": {1800, 300, orderv1.OrderState_PAID}, "flash-late": {120, 31, orderv1.OrderState_CANCELLED}, "slow-late": {1800, 301, orderv1.OrderState_CANCELLED}} {
			o := s.ordered(s.Order, map[bool]string{true: "flash", false: "slow"}[c.window == 120])
			p := s.payment(o)
			s.clock.Advance(time.Duration(c.window+c.after) * time.Second)
			require.Equal(t, 200, s.notify(fmt.Sprintf(`{"payment_id":%q,"transaction_no":%q,"amount_minor":%d,"currency":"CNY","payee":%q,"status":"PAID"}`, p.Id, "tx"+channel, p.Amount.AmountMinor, p.Payee)))
			o = s.get(o.Id)
			require.Equal(t, c.state, o.State, channel)
			if c.state == orderv1.OrderState_CANCELLED {
				require.Equal(t, o.Paid.AmountMinor, o.Refunded.AmountMinor)
			}
		}

		// At once: both timers and the payment.
		for i := range 6 {
			o := s.ordered(s.Order, "flash")
			p := s.payment(o)
			s.clock.Advance(120 * time.Second)
			var all sync.WaitGroup
			status := 0
			all.Go(func() {
				status = s.notify(fmt.Sprintf(`{"payment_id":%q,"transaction_no":"race%d","amount_minor":%d,"currency":"CNY","payee":%q,"status":"PAID"}`, p.Id, i, p.Amount.AmountMinor, p.Payee))
			})
			for _, r := range replicas {
				all.Go(func() { _ = r.Tick(t.Context()) })
			}
			all.Wait()
			require.Equal(t, 200, status)
			s.later(time.Second)
			o = s.get(o.Id)
			kept := o.Paid.AmountMinor - o.Refunded.AmountMinor
			if o.State == orderv1.OrderState_PAID {
				require.Equal(t, o.Total.AmountMinor, kept)
			} else {
				require.Equal(t, orderv1.OrderState_CANCELLED, o.State)
				require.Zero(t, kept)
			}
		}
		s.audited()
	})
}

func TestPayWindowsAreListedAndRefusedByName(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.window("a", 120, 0, 5)
		s.window("a", 180, 0, 5)
		s.window("", 240, 40, 9)
		var seen []string
		for token := ""; ; {
			page, err := s.payWindows().ListPayWindows(s.as(till), &orderv1.ListPayWindowsRequest{PageSize: 1, PageToken: token})
			require.NoError(t, err)
			for _, w := range page.Windows {
				seen = append(seen, fmt.Sprint(w.Channel, " ", w.FromUs, " v", w.Version, " ", w.PayWindowS, "+", w.HoldGraceS, " ", w.ChangedBy))
			}
			if token = page.NextPageToken; token == "" {
				break
			}
		}
		require.Equal(t, []string{" 9 v1 240+40 hq:pia", "a 5 v1 120+0 hq:pia", "a 5 v2 180+0 hq:pia"}, seen)
		for _, p := range []tenancy.Principal{ann, keeper, tmall} {
			_, err := s.payWindows().PutPayWindow(s.as(p), &orderv1.PutPayWindowRequest{RequestId: requestID(), PayWindowS: 120})
			requireReason(t, "FORBIDDEN", err)
		}
		_, err := s.payWindows().ListPayWindows(s.as(ann), &orderv1.ListPayWindowsRequest{})
		requireReason(t, "FORBIDDEN", err)
		for field, bad := range map[string]*orderv1.PutPayWindowRequest{
			"pay_window_s": {PayWindowS: 59}, "hold_grace_s": {PayWindowS: 60, HoldGraceS: 29}, "withdrawn": {PayWindowS: 60, Withdrawn: true},
		} {
			bad.RequestId = requestID()
			_, err := s.payWindows().PutPayWindow(s.as(promoting), bad)
			require.Equal(t, field, requireReason(t, "VALIDATOR", err).Metadata["field"])
		}
		require.Error(t, biz.PayTerms{WindowUS: 31 * 86_400 * second}.Validate())
	})
}
