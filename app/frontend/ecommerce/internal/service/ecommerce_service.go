// Package service serves connectors of e-commerce platforms. Who calls was found out by the signature of the request.
package service

import (
	"context"

	"google.golang.org/grpc"

	ecommercev1 "github.com/onepool/onepool/api/frontend/ecommerce/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// Ecommerce is the service.
type Ecommerce struct {
	ecommercev1.UnimplementedEcommerceServer
	Orders    orderv1.OrderClient
	Inventory inventoryv1.InventoryClient
	Addresses orderv1.AddressChangesClient
}

// New makes the service.
func New(dial func(center string) grpc.ClientConnInterface) *Ecommerce {
	return &Ecommerce{Orders: orderv1.NewOrderClient(dial("order")), Inventory: inventoryv1.NewInventoryClient(dial("inventory")),
		Addresses: orderv1.NewAddressChangesClient(dial("order"))}
}

// account is the channel account that signed.
func account(ctx context.Context) (tenancy.Principal, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return p, err
	}
	if p.Kind != tenancy.Channel || p.Channel == "" {
		return p, fault.Forbidden("channel account")
	}
	return p, nil
}

// PostOrder takes a paid order of the platform. What makes a repeat the same order is its external number, for ever; the
// request id is new each time, so that an order that was refused for a SKU nobody knew yet is taken when it comes again.
func (s *Ecommerce) PostOrder(ctx context.Context, in *ecommercev1.PostOrderRequest) (*orderv1.OrderInfo, error) {
	p, err := account(ctx)
	if err != nil {
		return nil, err
	}
	return s.Orders.ImportChannelOrder(ctx, &orderv1.ImportChannelOrderRequest{
		RequestId: ids.New("ecr"), Channel: p.Channel, ExternalNo: in.GetExternalNo(), SellerOrg: p.Org, Receiver: in.GetReceiver(),
		Lines: in.GetLines(), FreightMinor: in.GetFreightMinor(), PaidMinor: in.GetPaidMinor(), PaidAtUs: in.GetPaidAtUs(),
		ShipByUs: in.GetShipByUs(), Currency: in.GetCurrency(),
	})
}

// GetOrder reads an order by the platform's number.
func (s *Ecommerce) GetOrder(ctx context.Context, in *ecommercev1.GetExternalOrderRequest) (*orderv1.OrderInfo, error) {
	p, err := account(ctx)
	if err != nil {
		return nil, err
	}
	return s.Orders.GetChannelOrder(ctx, &orderv1.GetChannelOrderRequest{Channel: p.Channel, ExternalNo: in.GetExternalNo()})
}

// ChangeAddress passes on whom the buyer of an order wants it to go to now.
func (s *Ecommerce) ChangeAddress(ctx context.Context, in *ecommercev1.ChangeExternalAddressRequest) (*orderv1.OrderInfo, error) {
	p, err := account(ctx)
	if err != nil {
		return nil, err
	}
	o, err := s.Orders.GetChannelOrder(ctx, &orderv1.GetChannelOrderRequest{Channel: p.Channel, ExternalNo: in.GetExternalNo()})
	if err != nil {
		return nil, err
	}
	return s.Addresses.ChangeAddress(ctx, &orderv1.ChangeAddressRequest{RequestId: in.GetRequestId(), OrderId: o.GetId(), Receiver: in.GetReceiver()})
}

// GetStock says what this channel may promise now.
func (s *Ecommerce) GetStock(ctx context.Context, in *ecommercev1.GetChannelStockRequest) (*ecommercev1.GetChannelStockResponse, error) {
	p, err := account(ctx)
	if err != nil {
		return nil, err
	}
	got, err := s.Inventory.GetAvailability(ctx, &inventoryv1.GetAvailabilityRequest{Skus: in.GetSkus(), Channel: p.Channel})
	if err != nil {
		return nil, err
	}
	out := &ecommercev1.GetChannelStockResponse{}
	for _, item := range got.GetItems() {
		out.Items = append(out.Items, &ecommercev1.ChannelStock{Sku: item.GetSku(), Available: item.GetOnline()})
	}
	return out, nil
}
