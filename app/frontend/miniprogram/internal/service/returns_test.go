package service

import (
	"context"
	"testing"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func TestAMemberGivesBackForItself(t *testing.T) {
	c := &centers{asked: map[string]proto.Message{}}
	s := NewReturns(func(string) grpc.ClientConnInterface { return c })
	for _, step := range []struct {
		call   func(ctx context.Context) error
		method string
		want   proto.Message
	}{
		{func(ctx context.Context) error {
			_, err := s.DelayReceipt(ctx, &miniprogramv1.DelayMyReceiptRequest{RequestId: "r", FulfilmentId: "f"})
			return err
		}, orderv1.ReturnWindows_DelayReceipt_FullMethodName, &orderv1.DelayReceiptRequest{RequestId: "r", FulfilmentId: "f"}},
		{func(ctx context.Context) error {
			_, err := s.WithdrawReturn(ctx, &miniprogramv1.WithdrawMyReturnRequest{RequestId: "r", ReturnId: "ret"})
			return err
		}, orderv1.AfterSales_WithdrawReturn_FullMethodName, &orderv1.WithdrawReturnRequest{RequestId: "r", ReturnId: "ret"}},
		{func(ctx context.Context) error {
			_, err := s.SendReturn(ctx, &miniprogramv1.SendMyReturnRequest{RequestId: "r", ReturnId: "ret", Carrier: "SF", TrackingNo: "1"})
			return err
		}, orderv1.AfterSales_SendReturn_FullMethodName, &orderv1.SendReturnRequest{RequestId: "r", ReturnId: "ret", Carrier: "SF", TrackingNo: "1"}},
		{func(ctx context.Context) error {
			_, err := s.ChangeAddress(ctx, &miniprogramv1.ChangeMyAddressRequest{RequestId: "r", OrderId: "o", Receiver: &orderv1.Receiver{Name: "n"}, DestinationRegion: "33"})
			return err
		}, orderv1.AddressChanges_ChangeAddress_FullMethodName, &orderv1.ChangeAddressRequest{RequestId: "r", OrderId: "o", Receiver: &orderv1.Receiver{Name: "n"}, DestinationRegion: "33"}},
	} {
		require.NoError(t, step.call(me(t)), step.method)
		require.True(t, proto.Equal(step.want, c.asked[step.method]), "%s: %v", step.method, c.asked[step.method])
		clear(c.asked)
		err := step.call(tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.HQ, ID: "x", Org: "HQ", Roles: []string{"admin"}}.WithScope()))
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), step.method)
		require.Empty(t, c.asked)
	}
}
