package service

import (
	"context"
	"testing"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	posv1 "github.com/onepool/onepool/api/frontend/pos/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

type returnsCounter struct {
	found *orderv1.FindForReturnRequest
	taken *orderv1.ReturnAtCounterRequest
}

func (c *returnsCounter) FindForReturn(_ context.Context, in *orderv1.FindForReturnRequest, _ ...grpc.CallOption) (*orderv1.CounterSale, error) {
	c.found = in
	return &orderv1.CounterSale{}, nil
}

func (c *returnsCounter) ReturnAtCounter(_ context.Context, in *orderv1.ReturnAtCounterRequest, _ ...grpc.CallOption) (*orderv1.CounterReturn, error) {
	c.taken = in
	return &orderv1.CounterReturn{}, nil
}

func TestATillTakesBackForItsOwnStore(t *testing.T) {
	c := &returnsCounter{}
	s := &Returns{Counter: c}
	lines, found := []*orderv1.ReturnLineInput{{LineId: "l", Quantity: 1}}, []*orderv1.InspectedPieces{{LineId: "l", Damaged: 1}}
	find := &posv1.FindSaleRequest{OrderId: "o", SoldStoreCode: "S9", ReceiptNo: "R", TotalMinor: 7}
	take := &posv1.TakeBackRequest{RequestId: "r", Token: "t", Lines: lines, Reason: "x", Tender: orderv1.RefundTender_IN_CASH, Inspection: found}
	_, err := s.FindSale(device(t), find)
	require.NoError(t, err)
	require.True(t, proto.Equal(&orderv1.FindForReturnRequest{StoreCode: "S1", OrderId: "o", SoldStoreCode: "S9", ReceiptNo: "R", TotalMinor: 7}, c.found))
	_, err = s.TakeBack(device(t), take)
	require.NoError(t, err)
	require.True(t, proto.Equal(&orderv1.ReturnAtCounterRequest{RequestId: "r", StoreCode: "S1", Token: "t", Lines: lines, Reason: "x", Tender: orderv1.RefundTender_IN_CASH,
		Inspection: found}, c.taken))
	c.found, c.taken = nil, nil
	for _, kind := range []tenancy.Kind{tenancy.HQ, tenancy.Franchisee, tenancy.Member, tenancy.Service} {
		ctx := tenancy.NewContext(t.Context(), tenancy.Principal{Kind: kind, ID: "x", Org: "F1", Store: "S1", Roles: []string{"admin"}}.WithScope())
		_, err = s.FindSale(ctx, find)
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err))
		_, err = s.TakeBack(ctx, take)
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err))
	}
	require.Nil(t, c.found)
	require.Nil(t, c.taken)
}
