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

// Who decides about money, rules and held orders is in the audit log, each time and under his name.
func TestEachDecisionIsInTheAuditLog(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		logged := func(action, subject string, actors ...string) {
			t.Helper()
			var got []string
			for _, row := range s.rows(fmt.Sprintf("SELECT actor FROM audit_log WHERE action = '%s' AND subject = '%s'", action, subject)) {
				got = append(got, row[0])
			}
			require.ElementsMatch(t, actors, got, "%s of %s", action, subject)
		}
		s.ruled(rule("all", &orderv1.ReviewConditions{PiecesFrom: 1}))
		logged("order.review_rule.put", "hq/all", "hq:boss")
		o, rejected := s.paid(0), s.paid(0)
		_, err := s.release(boss, o.Id)
		require.NoError(t, err)
		_, err = s.holdBack(boss, o.Id)
		require.NoError(t, err)
		_, err = s.reject(boss, rejected.Id)
		require.NoError(t, err)
		logged("order.review.release", o.Id, "hq:boss")
		logged("order.review.hold", o.Id, "hq:boss")
		logged("order.review.reject", rejected.Id, "hq:boss")

		s.presale("tea", 500)
		logged("order.deposit.put", "/sku:tea", "hq:boss")
		s.taxed("general", "", false, 0, 900, 1300)
		logged("order.tax.put", "general/", "hq:pia")
		s.window("tmall", 600, 60, 0)
		logged("order.pay_window.put", "tmall", "hq:pia")
		_, err = s.profile(boss, "hq", "general", 0)
		require.NoError(t, err)
		logged("order.tax_profile.put", "hq", "hq:boss")

		b := withBank(s)
		for _, id := range []string{"pay_x", "pay_y"} {
			b.takes(id, "acct-hq", 777)
			status, _ := b.says(s, biz.Notification{PaymentID: id, TransactionNo: "tx-" + id})
			require.Equal(t, 404, status)
			s.clock.Advance(time.Second)
		}
		list := s.unmatched(orderv1.UnmatchedState_UNMATCHED_OPEN)
		require.Len(t, list, 2)
		_, err = s.refundUnmatched(fin, list[0].Id)
		require.NoError(t, err)
		_, err = NewUnmatched(s.Order).SettleUnmatchedPayment(s.as(fin), &orderv1.SettleUnmatchedPaymentRequest{RequestId: requestID(), Id: list[1].Id, Note: "by hand"})
		require.NoError(t, err)
		logged("order.unmatched.refund", list[0].Id, "hq:fin")
		logged("order.unmatched.settle", list[1].Id, "hq:fin")
	})
}

// What a rule counts stands, and is its seller's.
func TestRulesCountWhatStandsOfTheirSeller(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.stock["S1"]["cup"], s.world.stock["S2"]["cup"] = 1000, 1000
		hit := func(by tenancy.Principal, store string) (id, code string) {
			req := wish(line("cup", 1))
			req.MemberId, req.ShopStoreCode = by.Member, store
			o, err := s.PlaceOrder(s.as(by), req)
			require.NoError(t, err)
			r, err := s.Orders.Load(t.Context(), o.Id)
			require.NoError(t, err)
			if len(r.Reviews) > 0 {
				code = r.Reviews[0].Hits[0].Code
			}
			return o.Id, code
		}
		cancel := func(by tenancy.Principal, id string) {
			_, err := s.CancelOrder(s.as(by), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: id, Reason: "x"})
			require.NoError(t, err)
		}
		s.ruled(rule("first", &orderv1.ReviewConditions{FirstOrder: true}))
		s.clock.Advance(2 * time.Second)
		for range 2 {
			id, code := hit(bob, "")
			require.Equal(t, "first", code, "what was cancelled was none")
			cancel(bob, id)
		}
		s.ruled(&orderv1.PutReviewRuleRequest{RequestId: requestID(), Code: "first", Withdrawn: true})
		s.ruled(rule("address", &orderv1.ReviewConditions{ToAddress: 2, WithinS: 600}))
		s.clock.Advance(2 * time.Second)
		_, code := hit(ann, "S2")
		require.Empty(t, code)
		id, code := hit(ann, "")
		require.Empty(t, code, "the other one is another seller's")
		cancel(ann, id)
		_, code = hit(ann, "")
		require.Empty(t, code, "the one before was cancelled")
		_, code = hit(ann, "")
		require.Equal(t, "address", code)
	})
}
