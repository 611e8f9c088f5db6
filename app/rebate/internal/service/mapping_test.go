package service

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"github.com/onepool/onepool/app/rebate/internal/biz"
	"github.com/onepool/onepool/app/rebate/internal/data"
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
	full(t, fromAccrual(&biz.Accrual{ID: "a", Order: "o", Line: "l", PolicyCode: "p", PolicyVersion: 1, Role: biz.RoleGuide, Payee: "g", Org: "f", Reason: "r", Seller: "s", Channel: "c",
		Currency: "CNY", BaseMinor: 1, AccruedMinor: 2, ClawedBackMinor: 3, SettledMinor: 4, AccruedUS: 5, EarnedUS: 6}))
	full(t, fromSupply(biz.Supply{ID: "s", Order: "o", Line: "l", Document: "d", SKU: "k", Owner: "a", Seller: "b", Currency: "CNY", Quantity: 1, PriceMinor: 2,
		AmountMinor: 3, FeeMinor: 4, AtUS: 5}))
	statement, err := fromStatement(biz.Statement{ID: "s", Period: "2026-09", Payee: biz.Payee{Org: "o", Code: "p", Role: biz.RoleGuide, Currency: "CNY"},
		EarnedMinor: 10, ClawedBackMinor: 2, CarriedMinor: -3, Closed: true, ClosedUS: 4})
	require.NoError(t, err)
	full(t, statement)
	require.EqualValues(t, 5, statement.TotalMinor)
	full(t, fromBalance(data.Balance{Account: "a", Org: "o", Currency: "CNY", DebitMinor: 1, CreditMinor: 2}))
	full(t, fromPolicy(biz.Policy{Code: "c", Version: 1, Name: "n", Shares: []biz.Share{{Role: biz.RoleGuide, RateBP: 1}}, Channels: []string{"pos"}, InForceFromUS: 1}))

	call := &rebatev1.AccrueCall{OrderId: "o", Channel: "pos", SellerOrg: "HQ", Currency: "CNY", PaidAtUs: 1, Lines: []*rebatev1.AccrueLine{{LineId: "l", Sku: "s", Quantity: 2, BaseMinor: 3}},
		Attributions: []*rebatev1.Attribution{{Role: rebatev1.Role_DEALER_ABOVE, Payee: "p", PayeeOrg: "o", Reason: "r"}}}
	full(t, call)
	full(t, call.Lines[0])
	full(t, call.Attributions[0])
	require.Equal(t, biz.Order{ID: "o", Channel: "pos", Seller: "HQ", Currency: "CNY", PaidUS: 1, Lines: []biz.SoldLine{{ID: "l", SKU: "s", Quantity: 2, BaseMinor: 3}},
		Attributions: []biz.Attribution{{Role: biz.RoleDealerAbove, Payee: "p", Org: "o", Reason: "r"}}}, toOrder(call))
	line := &rebatev1.SupplyLine{LineId: "l", Sku: "s", OwnerOrg: "o", Quantity: 1, PriceMinor: 2, FeeMinor: 3}
	full(t, line)
	require.Equal(t, []biz.Shipped{{Line: "l", SKU: "s", Owner: "o", Quantity: 1, PriceMinor: 2, FeeMinor: 3}}, toShipped([]*rebatev1.SupplyLine{line}))
}

func TestEveryRoleIsTheSameWordInBothWorlds(t *testing.T) {
	values := rebatev1.Role(0).Descriptor().Values()
	for i := range values.Len() {
		role := rebatev1.Role(values.Get(i).Number())
		if role == rebatev1.Role_ROLE_UNSPECIFIED {
			continue
		}
		require.Equal(t, role, fromRole(toRole(role)))
		require.NoError(t, biz.Policy{Shares: []biz.Share{{Role: toRole(role), RateBP: 1}}}.Validate(), protoreflect.Name(role.String()))
	}
}
