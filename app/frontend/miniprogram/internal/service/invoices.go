package service

import (
	"context"

	"google.golang.org/grpc"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Invoices is the service of invoices of what a member has bought.
type Invoices struct {
	miniprogramv1.UnimplementedMiniProgramInvoicesServer
	Orders orderv1.InvoicesClient
}

// NewInvoices makes the service.
func NewInvoices(dial func(center string) grpc.ClientConnInterface) *Invoices {
	return &Invoices{Orders: orderv1.NewInvoicesClient(dial("order"))}
}

// RequestInvoice asks for one. The order center lets a member do this for its own orders only, as all that is below.
func (s *Invoices) RequestInvoice(ctx context.Context, in *miniprogramv1.RequestMyInvoiceRequest) (*orderv1.Invoice, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.Orders.RequestInvoice(ctx, &orderv1.RequestInvoiceRequest{RequestId: in.GetRequestId(), OrderId: in.GetOrderId(), Buyer: in.GetBuyer()})
}

// GetInvoices reads them.
func (s *Invoices) GetInvoices(ctx context.Context, in *miniprogramv1.GetMyInvoicesRequest) (*orderv1.GetOrderInvoicesResponse, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.Orders.GetOrderInvoices(ctx, &orderv1.GetOrderInvoicesRequest{OrderId: in.GetOrderId()})
}

// CorrectInvoice makes one out to somebody else.
func (s *Invoices) CorrectInvoice(ctx context.Context, in *miniprogramv1.CorrectMyInvoiceRequest) (*orderv1.Invoice, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.Orders.CorrectInvoice(ctx, &orderv1.CorrectInvoiceRequest{RequestId: in.GetRequestId(), InvoiceId: in.GetInvoiceId(), Buyer: in.GetBuyer()})
}

// WithdrawInvoice ends a request.
func (s *Invoices) WithdrawInvoice(ctx context.Context, in *miniprogramv1.WithdrawMyInvoiceRequest) (*orderv1.Invoice, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.Orders.WithdrawInvoice(ctx, &orderv1.WithdrawInvoiceRequest{RequestId: in.GetRequestId(), InvoiceId: in.GetInvoiceId()})
}
