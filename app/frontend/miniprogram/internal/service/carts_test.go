package service

import (
	"context"
	"net"
	"testing"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/proto"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
)

// A guest is who has the token; what becomes of the cart at sign-in is for the member who signed in, whoever asks.
func TestCartsArePassedOn(t *testing.T) {
	c := &centers{asked: map[string]proto.Message{}}
	s := NewCarts(func(string) grpc.ClientConnInterface { return c })
	nobody := peer.NewContext(t.Context(), &peer.Peer{Addr: &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 4711}})
	for _, step := range []struct {
		call   func(ctx context.Context) error
		method string
		want   proto.Message
		member bool
	}{
		{func(ctx context.Context) error {
			_, err := s.OpenGuestCart(ctx, &miniprogramv1.OpenMyGuestCartRequest{})
			return err
		}, orderv1.Carts_OpenGuestCart_FullMethodName, &orderv1.OpenGuestCartRequest{}, false},
		{func(ctx context.Context) error {
			_, err := s.GetGuestCart(ctx, &miniprogramv1.GetMyGuestCartRequest{GuestToken: "t", ShopStoreCode: "S2"})
			return err
		}, orderv1.Carts_GetGuestCart_FullMethodName, &orderv1.GetGuestCartRequest{GuestToken: "t", Channel: "miniprogram", ShopStoreCode: "S2"}, false},
		{func(ctx context.Context) error {
			_, err := s.SetGuestCartLine(ctx, &miniprogramv1.SetMyGuestCartLineRequest{RequestId: "r", GuestToken: "t", Sku: "A", Quantity: 3, ShopStoreCode: "S2"})
			return err
		}, orderv1.Carts_SetGuestCartLine_FullMethodName, &orderv1.SetGuestCartLineRequest{RequestId: "r", GuestToken: "t", Sku: "A", Quantity: 3, Channel: "miniprogram", ShopStoreCode: "S2", Address: "203.0.113.7"}, false},
		{func(ctx context.Context) error {
			_, err := s.MergeCart(ctx, &miniprogramv1.MergeMyCartRequest{RequestId: "r", GuestToken: "t"})
			return err
		}, orderv1.Carts_MergeCart_FullMethodName, &orderv1.MergeCartRequest{RequestId: "r", MemberId: "mbr_1", GuestToken: "t"}, true},
		{func(ctx context.Context) error {
			_, err := s.SeeCart(ctx, &miniprogramv1.SeeMyCartRequest{RequestId: "r", ShopStoreCode: "S2"})
			return err
		}, orderv1.Carts_SeeCart_FullMethodName, &orderv1.SeeCartRequest{RequestId: "r", MemberId: "mbr_1", Channel: "miniprogram", ShopStoreCode: "S2"}, true},
	} {
		ctx := nobody
		if step.member {
			require.Equal(t, fault.ReasonUnauthenticated, kratos.Reason(step.call(nobody)), step.method)
			ctx = me(t)
		}
		require.NoError(t, step.call(ctx), step.method)
		require.True(t, proto.Equal(step.want, c.asked[step.method]), "%s: %v", step.method, c.asked[step.method])
	}
}
