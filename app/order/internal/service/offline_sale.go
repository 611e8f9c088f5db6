package service

import (
	"context"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// clockOffUS is how far ahead a till's clock may be.
const clockOffUS = 10 * 60 * 1_000_000

// BookOfflineSale books a sale that a till made offline.
func (s *Tills) BookOfflineSale(ctx context.Context, req *orderv1.BookOfflineSaleRequest) (*orderv1.OrderInfo, error) {
	if err := forTill(ctx, req.GetStoreCode()); err != nil {
		return nil, err
	}
	print, err := fingerprint(req, func(m proto.Message) {
		r := m.(*orderv1.BookOfflineSaleRequest)
		r.RequestId, r.MemberId = "", "" // whose phone it is may have become known meanwhile
	})
	if err != nil {
		return nil, err
	}
	return command.Local[*biz.Draft, *orderv1.OrderInfo]{
		Method: orderv1.Tills_BookOfflineSale_FullMethodName, Request: req,
		Facts: func(ctx context.Context) (*biz.Draft, error) { return s.bookOffline(ctx, req, print) },
		Decide: func(ctx context.Context, d *biz.Draft) (*orderv1.OrderInfo, error) {
			known, err := s.booked(ctx, req, print)
			if known != nil || err != nil {
				return known, err
			}
			now, err := s.order.DB.Now(ctx)
			if err != nil {
				return nil, err
			}
			o, err := biz.SellOffline(*d, req.GetTermsVersion(), s.order.settings.Terms, now, actor(ctx))
			if err != nil {
				return nil, err
			}
			if err := s.order.Orders.Create(ctx, o); err != nil {
				if database.IsUniqueViolation(err) { // sent twice at once: the other one books it
					return nil, command.ErrInProgress
				}
				return nil, err
			}
			return s.order.info(ctx, o.Record())
		},
	}.Run(ctx, s.order.DB)
}

// booked finds the order of a receipt; another sale under its number is refused.
func (s *Tills) booked(ctx context.Context, req *orderv1.BookOfflineSaleRequest, print string) (*orderv1.OrderInfo, error) {
	id, err := s.order.Orders.BySourceNo(ctx, "", biz.ChannelPOS, biz.TillSourceNo(req.GetStoreCode(), req.GetReceiptNo()))
	if id == "" || err != nil {
		return nil, err
	}
	r, err := s.order.Orders.Load(ctx, id)
	if err != nil {
		return nil, err
	}
	if r.Fingerprint != print {
		return nil, biz.NumberTaken(req.GetReceiptNo())
	}
	return s.order.info(ctx, r)
}

// bookOffline freezes the sale and books its stock, unless its order is there already. Both are the same however often they are
// done: whoever is interrupted here is sent again.
func (s *Tills) bookOffline(ctx context.Context, req *orderv1.BookOfflineSaleRequest, print string) (*biz.Draft, error) {
	known, err := s.booked(ctx, req, print)
	if known != nil || err != nil {
		return nil, err
	}
	now, err := s.order.DB.Now(ctx)
	if err != nil {
		return nil, err
	}
	if req.GetSoldAtUs() > now+clockOffUS {
		return nil, fault.TimeInvalid("sold_at_us", "is in the future")
	}
	in := biz.OfflineSale{
		Store: req.GetStoreCode(), Device: req.GetDeviceId(), ReceiptNo: req.GetReceiptNo(), MemberID: req.GetMemberId(), Clerk: req.GetClerk(),
		CashMinor: req.GetCashMinor(), SoldAtUS: req.GetSoldAtUs(), TermsVersion: req.GetTermsVersion(), Fingerprint: print,
	}
	for _, l := range req.GetLines() {
		in.Lines = append(in.Lines, biz.ChannelLine{SKU: l.GetSku(), Quantity: l.GetQuantity(), PaidMinor: l.GetPaidMinor()})
	}
	d, err := s.order.Seeker.OfflineDraft(ctx, in)
	if err != nil {
		return nil, err
	}
	return &d, s.order.Tills.BookTillSale(ctx, ids.Derived("tbs", d.Record.ID), d.Record, in.SoldAtUS)
}
