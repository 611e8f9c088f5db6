package biz

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestARefundFollowsItsProvidersAnswers(t *testing.T) {
	b := placed(t, 0)
	b.tender(t, "wechat", 0)
	require.NoError(t, b.do(func(o *Order) error { return o.refundFrom(100, "", "return") }))
	id := b.r.Refunds[0].ID
	hear := func(a RefundAnswer) State {
		if a.Number == "" {
			a.Number = b.r.Refunds[0].Number()
		}
		require.NoError(t, b.do(func(o *Order) error { return o.RefundAnswered(id, a) }))
		return b.r.Refunds[0].State
	}
	require.Equal(t, RefundPending, hear(RefundAnswer{Standing: RefundUnknown}))
	require.Greater(t, b.r.Refunds[0].NextAtUS, b.nowUS)
	require.Equal(t, RefundWaiting, hear(RefundAnswer{Standing: RefundUnderWay, Reference: "50"}))
	require.Equal(t, RefundWaiting, hear(RefundAnswer{Standing: RefundUnderWay, Reference: "50"}))
	require.Equal(t, "50", b.r.Refunds[0].Reference)
	require.Equal(t, RefundWaiting, hear(RefundAnswer{Standing: RefundRefused, Number: id + "_7"}), "about another number")
	require.Equal(t, RefundFailed, hear(RefundAnswer{Standing: RefundRefused, Failure: strings.Repeat("满", 100), Spent: true}))
	require.Equal(t, strings.Repeat("满", 85), b.r.Refunds[0].Failure, "as much as fits, in whole characters")
	require.Equal(t, id+"_1", b.r.Refunds[0].Number())
	require.Equal(t, id, RefundOfNumber(id+"_1"))
	require.Equal(t, id, RefundOfNumber(id))
	require.Equal(t, RefundFailed, hear(RefundAnswer{Standing: RefundRefused}), "again")
	require.Equal(t, RefundFailed, hear(RefundAnswer{Standing: RefundPaidOut, Number: id}), "the number before is over")
	require.NoError(t, b.do(func(o *Order) error { _, err := o.RetryRefund(id, "x"); return err }))
	requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { _, err := o.RetryRefund(id, "x"); return err }))
	require.Equal(t, RefundDone, hear(RefundAnswer{Standing: RefundPaidOut, Reference: "51"}))
	require.Equal(t, RefundDone, hear(RefundAnswer{Standing: RefundRefused}), "late")
	require.Equal(t, []any{"51", ""}, []any{b.r.Refunds[0].Reference, b.r.Refunds[0].Failure})
	requireReason(t, "NOT_FOUND", b.do(func(o *Order) error { return o.RefundAnswered("rfd_none", RefundAnswer{}) }))
}
