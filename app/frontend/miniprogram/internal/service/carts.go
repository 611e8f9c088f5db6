package service

import (
	"context"

	"google.golang.org/grpc"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/server"
)

// Carts is the service of guests' carts, and of what becomes of them at sign-in.
type Carts struct {
	miniprogramv1.UnimplementedMiniProgramCartsServer
	Carts orderv1.CartsClient
}

// NewCarts makes the service.
func NewCarts(dial func(center string) grpc.ClientConnInterface) *Carts {
	return &Carts{Carts: orderv1.NewCartsClient(dial("order"))}
}

// OpenGuestCart gives out a guest.
func (s *Carts) OpenGuestCart(ctx context.Context, _ *miniprogramv1.OpenMyGuestCartRequest) (*orderv1.OpenGuestCartResponse, error) {
	return s.Carts.OpenGuestCart(ctx, &orderv1.OpenGuestCartRequest{})
}

// GetGuestCart shows a guest's cart to whoever has its token.
func (s *Carts) GetGuestCart(ctx context.Context, in *miniprogramv1.GetMyGuestCartRequest) (*orderv1.Cart, error) {
	return s.Carts.GetGuestCart(ctx, &orderv1.GetGuestCartRequest{GuestToken: in.GetGuestToken(), Channel: channel, ShopStoreCode: in.GetShopStoreCode()})
}

// SetGuestCartLine sets the quantity of one SKU.
func (s *Carts) SetGuestCartLine(ctx context.Context, in *miniprogramv1.SetMyGuestCartLineRequest) (*orderv1.Cart, error) {
	return s.Carts.SetGuestCartLine(ctx, &orderv1.SetGuestCartLineRequest{
		RequestId: in.GetRequestId(), GuestToken: in.GetGuestToken(), Sku: in.GetSku(), Quantity: in.GetQuantity(), Channel: channel,
		ShopStoreCode: in.GetShopStoreCode(), Address: server.ClientAddress(ctx),
	})
}

// MergeCart puts what a guest had into the carts of the member who signed in.
func (s *Carts) MergeCart(ctx context.Context, in *miniprogramv1.MergeMyCartRequest) (*orderv1.MergeCartResponse, error) {
	id, err := member(ctx)
	if err != nil {
		return nil, err
	}
	return s.Carts.MergeCart(ctx, &orderv1.MergeCartRequest{RequestId: in.GetRequestId(), MemberId: id, GuestToken: in.GetGuestToken()})
}

// SeeCart says that the member has seen today's prices.
func (s *Carts) SeeCart(ctx context.Context, in *miniprogramv1.SeeMyCartRequest) (*orderv1.Cart, error) {
	id, err := member(ctx)
	if err != nil {
		return nil, err
	}
	return s.Carts.SeeCart(ctx, &orderv1.SeeCartRequest{RequestId: in.GetRequestId(), MemberId: id, Channel: channel, ShopStoreCode: in.GetShopStoreCode()})
}
