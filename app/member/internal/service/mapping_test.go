package service

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/member/internal/biz"
	"github.com/onepool/onepool/app/member/internal/data"
)

// full fails for a field that is not filled: one that is added to the proto and forgotten in the mapping is seen here.
func full(t *testing.T, m proto.Message) {
	t.Helper()
	fields := m.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		require.True(t, m.ProtoReflect().Has(fields.Get(i)), "%s is not filled", fields.Get(i).FullName())
	}
}

func TestMappingForgetsNoField(t *testing.T) {
	full(t, toHeadquarters(&biz.Member{ID: "m", Name: "n", PhoneMasked: "1", HomeStoreCode: "s", Binding: biz.Binding{GuideCode: "g"}, Channels: []string{"pos"}, Tier: "gold", Segments: []string{"s"}, CreatedUS: 1}))
	full(t, toPoints(biz.Balances{Balance: 3, Frozen: 1, Pending: 1, Debt: 1}))
	full(t, toEntry(data.Entry{ID: "e", Entry: biz.Entry{Reason: biz.ReasonEarn, Document: "d", LineID: "l", Points: 1, Pending: 2, Debt: 3, BalanceAfter: 4, AtUS: 5}}))
	document := toDocument(data.DocumentWithLines{Document: biz.Document{ID: "d", State: biz.DocumentFrozen, Frozen: 1, Spent: 2, GivenBack: 3},
		Lines: []*biz.Line{{ID: "l", Accrued: 1, Earned: 2, ClawedBack: 3}}})
	full(t, document)
	full(t, document.Lines[0])
	require.Zero(t, toDocument(data.DocumentWithLines{Document: biz.Document{State: biz.DocumentReleased, Frozen: 5}}).Frozen, "what was released is not frozen")

	row := &memberv1.ImportMemberRow{Line: 1, Phone: "p", Name: "n", HomeStoreCode: "h", GuideCode: "g", Points: 2, Tier: "t", Segments: "s"}
	full(t, row)
	require.Equal(t, []biz.ImportRow{{Line: 1, Phone: "p", Name: "n", HomeStoreCode: "h", GuideCode: "g", Points: 2, Tier: "t", Segments: "s"}}, toRows([]*memberv1.ImportMemberRow{row}))
}
