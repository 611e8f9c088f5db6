package service

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

var fin = tenancy.Principal{Kind: tenancy.HQ, ID: "fin", Org: "hq", Roles: []string{"finance"}}.WithScope()

func (s *shop) unmatched(state orderv1.UnmatchedState) (list []*orderv1.UnmatchedPayment) {
	s.t.Helper()
	for token := ""; ; {
		got, err := NewUnmatched(s.Order).ListUnmatchedPayments(s.as(fin), &orderv1.ListUnmatchedPaymentsRequest{State: state, PageSize: 1, PageToken: token})
		require.NoError(s.t, err)
		list = append(list, got.Payments...)
		if token = got.NextPageToken; token == "" {
			return list
		}
	}
}

func (s *shop) refundUnmatched(by tenancy.Principal, id string) (*orderv1.UnmatchedPayment, error) {
	return NewUnmatched(s.Order).RefundUnmatchedPayment(s.as(by), &orderv1.RefundUnmatchedPaymentRequest{RequestId: requestID(), Id: id, Reason: "not ours"})
}

// Money of a wrong amount or for nothing of ours is recorded once, with what the provider says, and goes back once when finance says so.
func TestMoneyThatNoOrderCouldTakeWaitsForAPerson(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		b := withBank(s)
		o := s.placed(0)
		p := s.bankPayment(o, 0).Id
		b.takes(p, "acct-hq", o.Total.AmountMinor-1)
		for range 2 {
			status, _ := b.says(s, biz.Notification{PaymentID: p})
			require.Equal(t, 400, status)
		}
		b.takes("pay_foreign", "acct-hq", 777)
		for range 2 {
			status, _ := b.says(s, biz.Notification{PaymentID: "pay_foreign", TransactionNo: "tx-pay_foreign"})
			require.Equal(t, 404, status)
		}
		status, _ := b.says(s, biz.Notification{PaymentID: "pay_nobody"})
		require.Equal(t, 404, status, "of which no money came")
		require.Equal(t, 400, s.notify(fmt.Sprintf(`{"payment_id":%q,"transaction_no":"sb","amount_minor":5,"currency":"CNY","payee":"thief","status":"PAID"}`, s.payment(o).Id)))

		list := s.unmatched(0)
		require.Len(t, list, 3)
		byNo := map[string]*orderv1.UnmatchedPayment{}
		for _, u := range list {
			require.Equal(t, orderv1.UnmatchedState_UNMATCHED_OPEN, u.State)
			byNo[u.TransactionNo] = u
		}
		wrong, foreign, thief := byNo["tx-"+p], byNo["tx-pay_foreign"], byNo["sb"]
		require.Equal(t, []any{"bank", "MISMATCH", o.Id, o.Total.AmountMinor - 1}, []any{wrong.Provider, wrong.Why, wrong.OrderId, wrong.Amount.AmountMinor})
		require.Equal(t, []any{"UNKNOWN", "", int64(777), "acct-hq"}, []any{foreign.Why, foreign.OrderId, foreign.Amount.AmountMinor, foreign.Payee}, "as the bank says when it is asked")
		require.Empty(t, s.audit())

		// Who decides, decides once.
		for _, who := range []tenancy.Principal{ann, keeper, till, tmall, promoting} {
			_, err := s.refundUnmatched(who, foreign.Id)
			requireReason(t, "FORBIDDEN", err)
		}
		_, err := s.refundUnmatched(fin, "unm_none")
		requireReason(t, "NOT_FOUND", err)
		got, err := s.refundUnmatched(fin, foreign.Id)
		require.NoError(t, err)
		require.Equal(t, []any{orderv1.UnmatchedState_UNMATCHED_PENDING, "hq:fin", "not ours"}, []any{got.State, got.DecidedBy, got.Note})
		_, err = s.refundUnmatched(fin, foreign.Id)
		requireReason(t, "STATE_CONFLICT", err)
		b.after["refund"] = errLine // it had its effect, and its answer is lost
		s.clock.Advance(time.Second)
		require.Error(t, s.TickPayments(t.Context()))
		b.after = map[string]error{}
		s.later(time.Minute)
		s.later(time.Minute)
		require.Equal(t, int64(777), b.amounts[foreign.Id])
		require.Len(t, b.refunds, 1, "one refund")
		done := s.unmatched(orderv1.UnmatchedState_UNMATCHED_REFUNDED)
		require.Len(t, done, 1)
		require.Equal(t, "ref", done[0].Reference)

		// The bank refuses; later it pays, under another number; a third is settled by hand.
		b.verdict = biz.RefundAnswer{Standing: biz.RefundRefused, Failure: "account is empty", Spent: true}
		_, err = s.refundUnmatched(fin, wrong.Id)
		require.NoError(t, err)
		s.later(time.Second)
		failed := s.unmatched(orderv1.UnmatchedState_UNMATCHED_FAILED)
		require.Equal(t, "account is empty", failed[0].Failure)
		b.verdict = biz.RefundAnswer{Standing: biz.RefundUnderWay, Reference: "r2"}
		_, err = s.refundUnmatched(fin, wrong.Id)
		require.NoError(t, err)
		s.later(time.Second)
		require.Len(t, s.unmatched(orderv1.UnmatchedState_UNMATCHED_WAITING), 1)
		b.refunds[wrong.Id+"_1"] = biz.RefundAnswer{Standing: biz.RefundPaidOut, Reference: "r2", Number: wrong.Id + "_1"}
		status, _ = b.says(s, biz.Notification{RefundNumber: wrong.Id + "_1"})
		require.Equal(t, 200, status)
		require.Len(t, s.unmatched(orderv1.UnmatchedState_UNMATCHED_REFUNDED), 2)
		settled, err := NewUnmatched(s.Order).SettleUnmatchedPayment(s.as(fin), &orderv1.SettleUnmatchedPaymentRequest{RequestId: requestID(), Id: thief.Id, Note: "paid back by hand"})
		require.NoError(t, err)
		require.Equal(t, orderv1.UnmatchedState_UNMATCHED_SETTLED, settled.State)
		_, err = s.refundUnmatched(fin, thief.Id)
		requireReason(t, "STATE_CONFLICT", err)
		require.Empty(t, s.audit())
	})
}

// What an order has taken after all is refunded there, not twice.
func TestMoneyThatAnOrderTookIsNotRefundedAsUnmatched(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.placed(0)
		p := s.payment(o)
		say := func(amount int64) int {
			return s.notify(fmt.Sprintf(`{"payment_id":%q,"transaction_no":"t1","amount_minor":%d,"currency":"CNY","payee":%q,"status":"PAID"}`, p.Id, amount, p.Payee))
		}
		require.Equal(t, []int{400, 200}, []int{say(1), say(p.Amount.AmountMinor)})
		list := s.unmatched(orderv1.UnmatchedState_UNMATCHED_OPEN)
		require.Len(t, list, 1)
		_, err := s.refundUnmatched(fin, list[0].Id)
		requireReason(t, "STATE_CONFLICT", err)
		require.Empty(t, s.audit())
	})
}

// A real provider has money of a payment that is not ours, and pays it back once though its answer is lost.
func TestForeignMoneyOfARealProviderGoesBack(t *testing.T) {
	eachGateway(t, func(t *testing.T, s *shop, g gateway) {
		_, err := g.Create(t.Context(), biz.PaymentOrder{
			PaymentRef: biz.PaymentRef{ID: "pay_01foreign", Payee: "acct-hq", Currency: "CNY", AmountMinor: 4321}, Title: "x", Scene: biz.SceneApp, Buyer: "openid-ann", ExpiresAtUS: time.Now().Add(time.Hour).UnixMicro(),
		})
		require.NoError(t, err)
		require.NoError(t, g.pay("pay_01foreign"))
		header, raw := g.notice("pay_01foreign", time.Now())
		status, _ := g.says(s, header, raw)
		require.Equal(t, 404, status)
		list := s.unmatched(orderv1.UnmatchedState_UNMATCHED_OPEN)
		require.Len(t, list, 1)
		require.Equal(t, []any{int64(4321), "CNY", g.Name()}, []any{list[0].Amount.AmountMinor, list[0].Amount.Currency, list[0].Provider})
		_, err = s.refundUnmatched(fin, list[0].Id)
		require.NoError(t, err)
		g.lost()
		require.Error(t, s.TickPayments(t.Context()))
		s.later(time.Minute)
		s.later(2 * time.Hour)
		require.Equal(t, int64(4321), g.refunded("pay_01foreign"), "once")
		require.Len(t, s.unmatched(orderv1.UnmatchedState_UNMATCHED_REFUNDED), 1)
		require.Empty(t, s.audit())
	})
}
