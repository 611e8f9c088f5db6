package service

import (
	"context"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
)

// GetCart reads the member's cart of a shop.
func (s *MiniProgram) GetCart(ctx context.Context, in *miniprogramv1.GetMyCartRequest) (*orderv1.Cart, error) {
	id, err := member(ctx)
	if err != nil {
		return nil, err
	}
	return s.Orders.GetCart(ctx, &orderv1.GetCartRequest{Channel: channel, MemberId: id, ShopStoreCode: in.GetShopStoreCode()})
}

// SetCartLine sets the quantity of one SKU.
func (s *MiniProgram) SetCartLine(ctx context.Context, in *miniprogramv1.SetMyCartLineRequest) (*orderv1.Cart, error) {
	id, err := member(ctx)
	if err != nil {
		return nil, err
	}
	return s.Orders.SetCartLine(ctx, &orderv1.SetCartLineRequest{Channel: channel, RequestId: in.GetRequestId(), MemberId: id, Sku: in.GetSku(), Quantity: in.GetQuantity(), ShopStoreCode: in.GetShopStoreCode()})
}

// PreviewCheckout says what the cart costs, or what would be bought at once.
func (s *MiniProgram) PreviewCheckout(ctx context.Context, in *miniprogramv1.PreviewCheckoutRequest) (*orderv1.Calculation, error) {
	id, err := member(ctx)
	if err != nil {
		return nil, err
	}
	lines := in.GetLines()
	if len(lines) == 0 {
		if lines, err = s.inCart(ctx, id, in.GetShopStoreCode()); err != nil {
			return nil, err
		}
	}
	return s.Orders.Calculate(ctx, &orderv1.CalculateRequest{Channel: channel, MemberId: id, Points: in.GetPoints(), ShopStoreCode: in.GetShopStoreCode(),
		CouponIds: in.GetCouponIds(), Lines: lines, Way: in.GetWay(), PickupStoreCode: in.GetPickupStoreCode(), DestinationRegion: in.GetDestinationRegion()})
}

func (s *MiniProgram) inCart(ctx context.Context, memberID, shop string) ([]*orderv1.OrderLineInput, error) {
	cart, err := s.Orders.GetCart(ctx, &orderv1.GetCartRequest{Channel: channel, MemberId: memberID, ShopStoreCode: shop})
	if err != nil {
		return nil, err
	}
	if len(cart.GetLines()) == 0 {
		return nil, fault.StateConflict("empty", "the cart is empty: put something in")
	}
	var lines []*orderv1.OrderLineInput
	for _, line := range cart.GetLines() {
		lines = append(lines, &orderv1.OrderLineInput{Sku: line.GetSku(), Quantity: line.GetQuantity()})
	}
	return lines, nil
}

// Checkout places the order of what is in the cart, or of what is bought at once. The order center reads the cart: a repeat,
// for which the cart is empty already, must be the same request to get the same answer.
func (s *MiniProgram) Checkout(ctx context.Context, in *miniprogramv1.CheckoutRequest) (*orderv1.OrderInfo, error) {
	id, err := member(ctx)
	if err != nil {
		return nil, err
	}
	return s.Orders.PlaceOrder(ctx, &orderv1.PlaceOrderRequest{
		RequestId: in.GetRequestId(), Channel: channel, MemberId: id, ShopStoreCode: in.GetShopStoreCode(), Way: in.GetWay(),
		Receiver: in.GetReceiver(), PickupStoreCode: in.GetPickupStoreCode(), Points: in.GetPoints(), ToPayMinor: in.ToPayMinor,
		Remark: in.GetRemark(), Lines: in.GetLines(), FromCart: len(in.GetLines()) == 0, CouponIds: in.GetCouponIds(),
		FinalSaleSkus: in.GetFinalSaleSkus(), DestinationRegion: in.GetDestinationRegion(), DepositMinor: in.DepositMinor,
	})
}

// PayOrder opens a payment.
func (s *MiniProgram) PayOrder(ctx context.Context, in *miniprogramv1.PayOrderRequest) (*orderv1.Payment, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.Orders.CreatePayment(ctx, &orderv1.CreatePaymentRequest{
		RequestId: in.GetRequestId(), OrderId: in.GetOrderId(), Provider: in.GetProvider(), AmountMinor: in.GetAmountMinor(),
		Scene: in.GetScene(), BuyerId: in.GetBuyerId(),
	})
}

// ListOrders pages through the member's orders.
func (s *MiniProgram) ListOrders(ctx context.Context, in *miniprogramv1.ListMyOrdersRequest) (*orderv1.ListOrdersResponse, error) {
	id, err := member(ctx)
	if err != nil {
		return nil, err
	}
	return s.Orders.ListOrders(ctx, &orderv1.ListOrdersRequest{PageSize: in.GetPageSize(), PageToken: in.GetPageToken(), MemberId: id, State: in.GetState()})
}

// GetOrder reads one of the member's orders. The order center shows a member its own only.
func (s *MiniProgram) GetOrder(ctx context.Context, in *miniprogramv1.GetMyOrderRequest) (*orderv1.OrderInfo, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.Orders.GetOrder(ctx, &orderv1.GetOrderRequest{OrderId: in.GetOrderId()})
}

// CancelOrder cancels before shipment.
func (s *MiniProgram) CancelOrder(ctx context.Context, in *miniprogramv1.CancelMyOrderRequest) (*orderv1.OrderInfo, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.Orders.CancelOrder(ctx, &orderv1.CancelOrderRequest{RequestId: in.GetRequestId(), OrderId: in.GetOrderId(), Reason: in.GetReason()})
}

// ConfirmReceipt says that the goods have come.
func (s *MiniProgram) ConfirmReceipt(ctx context.Context, in *miniprogramv1.ConfirmMyReceiptRequest) (*orderv1.Fulfilment, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.Orders.ConfirmReceipt(ctx, &orderv1.ConfirmReceiptRequest{RequestId: in.GetRequestId(), FulfilmentId: in.GetFulfilmentId()})
}

// RequestReturn asks to return lines.
func (s *MiniProgram) RequestReturn(ctx context.Context, in *miniprogramv1.RequestReturnRequest) (*orderv1.ReturnInfo, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.Orders.CreateReturn(ctx, &orderv1.CreateReturnRequest{RequestId: in.GetRequestId(), OrderId: in.GetOrderId(), Lines: in.GetLines(), Reason: in.GetReason(), Pictures: in.GetPictures(), RefundOnly: in.GetRefundOnly(), Exchange: in.GetExchange()})
}
