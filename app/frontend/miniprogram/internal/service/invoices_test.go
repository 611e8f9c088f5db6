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

func TestAMemberAsksForItsInvoices(t *testing.T) {
	c := &centers{asked: map[string]proto.Message{}}
	s := NewInvoices(func(string) grpc.ClientConnInterface { return c })
	buyer := &orderv1.InvoiceBuyer{Title: "Lin", TaxNo: "91330106MA2LINTRAD", Email: "lin@books.example"}
	for _, step := range []struct {
		call   func(ctx context.Context) error
		method string
		want   proto.Message
	}{
		{func(ctx context.Context) error {
			_, err := s.RequestInvoice(ctx, &miniprogramv1.RequestMyInvoiceRequest{RequestId: "r", OrderId: "o", Buyer: buyer})
			return err
		}, orderv1.Invoices_RequestInvoice_FullMethodName, &orderv1.RequestInvoiceRequest{RequestId: "r", OrderId: "o", Buyer: buyer}},
		{func(ctx context.Context) error {
			_, err := s.GetInvoices(ctx, &miniprogramv1.GetMyInvoicesRequest{OrderId: "o"})
			return err
		}, orderv1.Invoices_GetOrderInvoices_FullMethodName, &orderv1.GetOrderInvoicesRequest{OrderId: "o"}},
		{func(ctx context.Context) error {
			_, err := s.CorrectInvoice(ctx, &miniprogramv1.CorrectMyInvoiceRequest{RequestId: "r", InvoiceId: "i", Buyer: buyer})
			return err
		}, orderv1.Invoices_CorrectInvoice_FullMethodName, &orderv1.CorrectInvoiceRequest{RequestId: "r", InvoiceId: "i", Buyer: buyer}},
		{func(ctx context.Context) error {
			_, err := s.WithdrawInvoice(ctx, &miniprogramv1.WithdrawMyInvoiceRequest{RequestId: "r", InvoiceId: "i"})
			return err
		}, orderv1.Invoices_WithdrawInvoice_FullMethodName, &orderv1.WithdrawInvoiceRequest{RequestId: "r", InvoiceId: "i"}},
	} {
		require.NoError(t, step.call(me(t)), step.method)
		require.True(t, proto.Equal(step.want, c.asked[step.method]), "%s: %v", step.method, c.asked[step.method])
		clear(c.asked)
		err := step.call(tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.HQ, ID: "x", Org: "HQ", Roles: []string{"admin"}}.WithScope()))
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), step.method)
		require.Empty(t, c.asked)
	}
}
