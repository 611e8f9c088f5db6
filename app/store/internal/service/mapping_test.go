package service

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/store/internal/biz"
)

// Every field of a row reaches the answer: a field that is added to the proto and forgotten in the mapping is seen here.
func TestMappingForgetsNoField(t *testing.T) {
	org := &storev1.ImportOrganisationRow{Line: 1, Code: "F1", Name: "n", Kind: "franchisee", ParentCode: "HQ", SettlementRateBp: 5, FulfilmentFeeMinor: 6, ShareStock: true, Taxpayer: "general"}
	full(t, org)
	o, refusal := biz.ParseOrganisation(toOrganisationRows([]*storev1.ImportOrganisationRow{org})[0])
	require.Nil(t, refusal)
	full(t, toOrganisation(o))

	store := storeRow("S1", "direct", "HQ")
	full(t, store)
	s, refusal := biz.ParseStore(toStoreRows([]*storev1.ImportStoreRow{store})[0], biz.NewZones())
	require.Nil(t, refusal)
	full(t, toStore(s))
	require.Equal(t, []string{"parcel", "pickup"}, toStore(s).Capabilities)

	staff := staffRow("G1", "S1", "guide")
	full(t, staff)
	p, refusal := biz.ParseStaff(toStaffRows([]*storev1.ImportStaffRow{staff})[0])
	require.Nil(t, refusal)
	p.Org = "F1"
	full(t, toStaff(p))
	full(t, toStanding(biz.StorePlace{Store: s, Organisation: o, Dealer: "D1"}))
}

func full(t *testing.T, message proto.Message) {
	t.Helper()
	m := message.ProtoReflect()
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		require.True(t, m.Has(fields.Get(i)), "%s is not filled", fields.Get(i).FullName())
	}
}
