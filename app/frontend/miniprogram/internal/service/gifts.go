package service

import (
	"context"

	"google.golang.org/grpc"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Gifts is the service of what members give to each other.
type Gifts struct {
	miniprogramv1.UnimplementedMiniProgramGiftsServer
	Gifts orderv1.GiftOrdersClient
}

// NewGifts makes the service.
func NewGifts(dial func(center string) grpc.ClientConnInterface) *Gifts {
	return &Gifts{Gifts: orderv1.NewGiftOrdersClient(dial("order"))}
}

// PlaceGift places the order.
func (s *Gifts) PlaceGift(ctx context.Context, in *miniprogramv1.PlaceMyGiftRequest) (*orderv1.OrderInfo, error) {
	id, err := member(ctx)
	if err != nil {
		return nil, err
	}
	return s.Gifts.PlaceGift(ctx, &orderv1.PlaceGiftRequest{
		RequestId: in.GetRequestId(), Channel: channel, MemberId: id, ShopStoreCode: in.GetShopStoreCode(), Lines: in.GetLines(), Points: in.GetPoints(), ToPayMinor: in.ToPayMinor,
		Remark: in.GetRemark(), CouponIds: in.GetCouponIds(), FinalSaleSkus: in.GetFinalSaleSkus(), Message: in.GetMessage(), OpenS: in.GetOpenS(),
	})
}

// ShareGift makes the link's key. The order center makes it for the gift's buyer only.
func (s *Gifts) ShareGift(ctx context.Context, in *miniprogramv1.ShareMyGiftRequest) (*orderv1.GiftLink, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.Gifts.ShareGift(ctx, &orderv1.ShareGiftRequest{RequestId: in.GetRequestId(), OrderId: in.GetOrderId()})
}

// LookAtGift shows what a key is for.
func (s *Gifts) LookAtGift(ctx context.Context, in *miniprogramv1.LookAtMyGiftRequest) (*orderv1.Gift, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.Gifts.LookAtGift(ctx, &orderv1.LookAtGiftRequest{Key: in.GetKey()})
}

// TakeGift says where it goes.
func (s *Gifts) TakeGift(ctx context.Context, in *miniprogramv1.TakeMyGiftRequest) (*orderv1.Gift, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.Gifts.TakeGift(ctx, &orderv1.TakeGiftRequest{RequestId: in.GetRequestId(), Key: in.GetKey(), Receiver: in.GetReceiver()})
}
