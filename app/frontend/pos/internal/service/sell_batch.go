package service

import (
	"context"

	kratos "github.com/go-kratos/kratos/v2/errors"

	posv1 "github.com/onepool/onepool/api/frontend/pos/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// SellBatch books sales that were made offline, one after the other, as they were made.
func (s *Pos) SellBatch(ctx context.Context, in *posv1.SellBatchRequest) (*posv1.SellBatchResponse, error) {
	p, err := till(ctx)
	if err != nil {
		return nil, err
	}
	out := &posv1.SellBatchResponse{}
	for _, sale := range in.GetSales() {
		booked := &posv1.OfflineBooked{ReceiptNo: sale.GetReceiptNo()}
		order, err := s.sellOffline(ctx, p, sale)
		if err != nil {
			why := kratos.FromError(fault.Public(err))
			booked.Reason, booked.Message = why.GetReason(), why.GetMessage()
		}
		booked.OrderId = order.GetId()
		out.Sales = append(out.Sales, booked)
		if ctx.Err() != nil {
			return nil, ctx.Err() // who asks does not wait any more: it sends all of them again
		}
	}
	return out, nil
}

func (s *Pos) sellOffline(ctx context.Context, p tenancy.Principal, sale *posv1.OfflineSale) (*orderv1.OrderInfo, error) {
	scanned := make([]*posv1.SaleLine, len(sale.GetLines()))
	for i, l := range sale.GetLines() {
		scanned[i] = &posv1.SaleLine{Barcode: l.GetBarcode(), Sku: l.GetSku(), Quantity: l.GetQuantity()}
	}
	lines, err := s.lines(ctx, scanned)
	if err != nil {
		return nil, err
	}
	req := &orderv1.BookOfflineSaleRequest{
		StoreCode: p.Store, DeviceId: p.ID, ReceiptNo: sale.GetReceiptNo(), SoldAtUs: sale.GetSoldAtUs(),
		CashMinor: sale.GetCashMinor(), Clerk: sale.GetClerk(), TermsVersion: sale.GetTermsVersion(),
	}
	for i, l := range lines {
		req.Lines = append(req.Lines, &orderv1.OfflineLine{Sku: l.GetSku(), Quantity: l.GetQuantity(), PaidMinor: sale.GetLines()[i].GetPaidMinor()})
	}
	if sale.GetMemberPhone() != "" {
		found, err := s.Members.FindByPhone(ctx, &memberv1.FindByPhoneRequest{Phone: sale.GetMemberPhone()})
		if err != nil && kratos.Reason(err) != fault.ReasonNotFound {
			return nil, err
		}
		req.MemberId = found.GetId()
	}
	// The receipt's own: sent again, it is the same request; where its member has become known meanwhile, it is found by its number.
	req.RequestId = ids.Derived("off", p.Store, sale.GetReceiptNo(), req.GetMemberId())
	return s.Tills.BookOfflineSale(ctx, req)
}
