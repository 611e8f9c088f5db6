package service

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

func TestAPaidOrderGoesToItsLocations(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.placed(300)
		p := s.payment(o)
		require.Equal(t, "acct-hq", p.Payee)
		require.Equal(t, o.Total.AmountMinor-300, p.Amount.AmountMinor)
		require.Equal(t, p.Id, s.payment(o).Id, "two open payments could both be paid")
		for range 3 { // the provider may call any number of times
			require.Equal(t, int32(200), s.pay(p))
		}
		o = s.get(o.Id)
		require.Equal(t, orderv1.OrderState_PAID, o.State)
		require.Equal(t, p.Amount.AmountMinor, o.Paid.AmountMinor)
		for _, f := range o.Fulfilments {
			require.Equal(t, orderv1.FulfilmentState_ASSIGNED, f.State)
		}
		require.Equal(t, []string{"inventory.ConfirmHold", "member.SettlePaid", "rebate.Accrue"}, s.leaving())
	})
}

func TestAPaymentCallbackIsVerifiedAndCompared(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.placed(0)
		p := s.payment(o)
		body := map[string]any{
			"notification_id": "n", "payment_id": p.Id, "transaction_no": "tx-1", "amount_minor": p.Amount.AmountMinor, "currency": "CNY", "payee": p.Payee, "status": "PAID",
		}
		send := func(key string, value any) int {
			changed := map[string]any{}
			for k, v := range body {
				changed[k] = v
			}
			changed[key] = value
			raw, err := json.Marshal(changed)
			require.NoError(t, err)
			return s.notify(string(raw))
		}
		require.Equal(t, 400, send("amount_minor", p.Amount.AmountMinor-1))
		require.Equal(t, 400, send("currency", "USD"))
		require.Equal(t, 400, send("payee", "thief"))
		require.Equal(t, 404, send("payment_id", "pay_none"))
		var unknown int
		require.NoError(t, s.DB.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM audit_log WHERE subject = 'pay_none' AND action = 'order.payment.unknown'").Scan(&unknown))
		require.Equal(t, 1, unknown, "somebody has to look where that money is")
		require.Equal(t, 400, send("more", 1))
		require.Equal(t, orderv1.OrderState_UNPAID, s.get(o.Id).State)
		var recorded int
		require.NoError(t, s.DB.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM audit_log WHERE subject = ?", p.Id).Scan(&recorded))
		require.Equal(t, 3, recorded)

		raw, err := json.Marshal(body)
		require.NoError(t, err)
		s.clock.Advance(0)
		require.Equal(t, 401, s.forged(string(raw)))
		require.Equal(t, 200, s.notify(string(raw)))
		require.Equal(t, 200, s.notify(string(raw)))
		require.Equal(t, orderv1.OrderState_PAID, s.get(o.Id).State)

		// The same transaction cannot pay another order.
		s.world.stock["S1"]["cup"] = 50
		q := s.payment(s.placed(0))
		body["payment_id"], body["amount_minor"] = q.Id, q.Amount.AmountMinor
		raw, err = json.Marshal(body)
		require.NoError(t, err)
		require.Equal(t, 400, s.notify(string(raw)))
	})
}

func TestAnUnpaidOrderIsCancelled(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.placed(300)
		p := s.payment(o)
		_, err := s.CancelOrder(s.as(bob), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		requireReason(t, "ORDER_UNKNOWN", err)
		req := &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "changed my mind"}
		gone, err := s.CancelOrder(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_CANCELLED, gone.State)
		again, err := s.CancelOrder(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, gone.String(), again.String())
		require.Equal(t, []string{"inventory.Release", "member.Unfreeze"}, s.leaving())

		// The provider has closed it too. Money that comes nevertheless goes back, once.
		_, err = s.PayInSandbox(s.as(ann), &orderv1.PayInSandboxRequest{PaymentId: p.Id})
		requireReason(t, "STATE_CONFLICT", err)
		late := fmt.Sprintf(`{"payment_id":%q,"transaction_no":"late","amount_minor":%d,"currency":"CNY","payee":%q,"status":"PAID"}`, p.Id, p.Amount.AmountMinor, p.Payee)
		require.Equal(t, []int{200, 200}, []int{s.notify(late), s.notify(late)})
		s.later(time.Second)
		gone = s.get(o.Id)
		require.Equal(t, gone.Paid.AmountMinor, gone.Refunded.AmountMinor)
		require.Len(t, gone.Tenders, 2)
		require.Empty(t, s.leaving())
	})
}

func TestAPaidOrderIsCancelledWithAllItsMoney(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(300)
		s.leaving()
		_, err := s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		s.later(time.Second)
		o = s.get(o.Id)
		require.Equal(t, o.Paid.AmountMinor, o.Refunded.AmountMinor)
		require.Equal(t, "refund.pay", o.History[len(o.History)-1].Event)
		require.Equal(t, []string{"inventory.Release", "member.ClawBack", "rebate.ClawBack"}, s.leaving())
	})
}

func TestAnUnpaidOrderClosesOnceByItsDeadline(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.placed(0)
		s.later(599 * time.Second)
		require.Equal(t, orderv1.OrderState_UNPAID, s.get(o.Id).State)
		s.later(time.Second)
		s.later(time.Second)
		require.Equal(t, orderv1.OrderState_CANCELLED, s.get(o.Id).State)
		require.Equal(t, []string{"inventory.Release"}, s.leaving())
		_, err := s.CreatePayment(s.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "sandbox"})
		requireReason(t, "STATE_CONFLICT", err)
	})
}

func TestAnOrderPaidWithPointsNeedsNoPayment(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.settings.FreightMinor = 0
		s.world.points["mbr_ann"] = 100_000
		req := wish(line("tea", 1))
		req.Points = 100_000
		o, err := s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_PAID, o.State)
		require.Equal(t, int64(19900), o.Points)
		require.Equal(t, []string{"inventory.ConfirmHold", "member.SettlePaid", "rebate.Accrue"}, s.leaving())
	})
}

func TestAnOrderIsPaidByTwoPayments(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.placed(0)
		require.Equal(t, o.Total.AmountMinor, o.LeftToPay.AmountMinor)
		part := func(amount int64) (*orderv1.Payment, error) {
			return s.CreatePayment(s.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "sandbox", AmountMinor: amount})
		}
		_, err := part(o.Total.AmountMinor + 1)
		require.Equal(t, "amount_minor", requireReason(t, "VALIDATOR", err).Metadata["field"])
		first, err := part(10_000)
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(first))
		half := s.get(o.Id)
		require.Equal(t, []any{orderv1.OrderState_UNPAID, int64(10_000), o.Total.AmountMinor - 10_000}, []any{half.State, half.Paid.AmountMinor, half.LeftToPay.AmountMinor})
		require.Empty(t, s.audit())
		rest, err := part(0)
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(rest))
		paid := s.get(o.Id)
		require.Equal(t, orderv1.OrderState_PAID, paid.State)
		require.Nil(t, paid.LeftToPay)
		require.Len(t, paid.Tenders, 2)
		require.Empty(t, s.audit())

		// Another order is not paid in full in time: what came goes back.
		o = s.placed(0)
		first, err = part(500)
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(first))
		s.later(31 * time.Minute)
		s.later(time.Second)
		closed := s.get(o.Id)
		require.Equal(t, []any{orderv1.OrderState_CANCELLED, int64(500), int64(500)}, []any{closed.State, closed.Paid.AmountMinor, closed.Refunded.AmountMinor})
		require.Empty(t, s.audit())
	})
}
