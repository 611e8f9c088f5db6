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

func TestAMemberGivesAndTakesForItself(t *testing.T) {
	c := &centers{asked: map[string]proto.Message{}}
	s := NewGifts(func(string) grpc.ClientConnInterface { return c })
	toPay := int64(7)
	lines := []*orderv1.OrderLineInput{{Sku: "A", Quantity: 2}}
	receiver := &orderv1.Receiver{Name: "Lin", Address: "x"}
	for _, step := range []struct {
		call   func(ctx context.Context) error
		method string
		want   proto.Message
	}{
		{func(ctx context.Context) error {
			_, err := s.PlaceGift(ctx, &miniprogramv1.PlaceMyGiftRequest{RequestId: "r", ShopStoreCode: "S2", Lines: lines, Points: 5, ToPayMinor: &toPay, Remark: "x", CouponIds: []string{"c"},
				FinalSaleSkus: []string{"A"}, Message: "m", OpenS: 60})
			return err
		}, orderv1.GiftOrders_PlaceGift_FullMethodName, &orderv1.PlaceGiftRequest{RequestId: "r", Channel: "miniprogram", MemberId: "mbr_1", ShopStoreCode: "S2", Lines: lines, Points: 5, ToPayMinor: &toPay,
			Remark: "x", CouponIds: []string{"c"}, FinalSaleSkus: []string{"A"}, Message: "m", OpenS: 60}},
		{func(ctx context.Context) error {
			_, err := s.ShareGift(ctx, &miniprogramv1.ShareMyGiftRequest{RequestId: "r", OrderId: "o"})
			return err
		}, orderv1.GiftOrders_ShareGift_FullMethodName, &orderv1.ShareGiftRequest{RequestId: "r", OrderId: "o"}},
		{func(ctx context.Context) error {
			_, err := s.LookAtGift(ctx, &miniprogramv1.LookAtMyGiftRequest{Key: "k"})
			return err
		}, orderv1.GiftOrders_LookAtGift_FullMethodName, &orderv1.LookAtGiftRequest{Key: "k"}},
		{func(ctx context.Context) error {
			_, err := s.TakeGift(ctx, &miniprogramv1.TakeMyGiftRequest{RequestId: "r", Key: "k", Receiver: receiver})
			return err
		}, orderv1.GiftOrders_TakeGift_FullMethodName, &orderv1.TakeGiftRequest{RequestId: "r", Key: "k", Receiver: receiver}},
	} {
		require.NoError(t, step.call(me(t)), step.method)
		require.True(t, proto.Equal(step.want, c.asked[step.method]), "%s: %v", step.method, c.asked[step.method])
		clear(c.asked)
		err := step.call(tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.HQ, ID: "x", Org: "HQ", Roles: []string{"admin"}}.WithScope()))
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), step.method)
		require.Empty(t, c.asked)
	}
}
