package service

import (
	"context"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/order/internal/biz"
)

const secondUS = 1_000_000

// PayWindows is the service of how long orders wait for their payment.
type PayWindows struct {
	orderv1.UnimplementedPayWindowsServer
	terms *TradeTerms
}

// NewPayWindows shares the work of the trade terms.
func NewPayWindows(terms *TradeTerms) *PayWindows { return &PayWindows{terms: terms} }

// PutPayWindow stores terms.
func (s *PayWindows) PutPayWindow(ctx context.Context, in *orderv1.PutPayWindowRequest) (*orderv1.PayWindow, error) {
	p := biz.PayTerms{Channel: in.GetChannel(), WindowUS: in.GetPayWindowS() * secondUS, GraceUS: in.GetHoldGraceS() * secondUS, Withdrawn: in.GetWithdrawn()}
	return putTerms(ctx, s.terms, orderv1.PayWindows_PutPayWindow_FullMethodName, "order.pay_window.put", p.Scope(), in, func(ctx context.Context, d biz.Dated) (*orderv1.PayWindow, error) {
		if p.Dated = d; in.GetFromUs() > 0 {
			p.FromUS = in.GetFromUs()
		}
		if err := p.Validate(); err != nil {
			return nil, err
		}
		kept, err := s.terms.book.PutPay(ctx, p)
		return toPayWindow(kept), err
	})
}

// ListPayWindows pages through all terms.
func (s *PayWindows) ListPayWindows(ctx context.Context, in *orderv1.ListPayWindowsRequest) (*orderv1.ListPayWindowsResponse, error) {
	windows, next, err := listTerms(ctx, s.terms, "pay windows", in, s.terms.book.Pays, toPayWindow)
	return &orderv1.ListPayWindowsResponse{Windows: windows, NextPageToken: next}, err
}

func toPayWindow(t biz.PayTerms) *orderv1.PayWindow {
	return &orderv1.PayWindow{
		Channel: t.Channel, PayWindowS: t.WindowUS / secondUS, HoldGraceS: t.GraceUS / secondUS, Withdrawn: t.Withdrawn, FromUs: t.FromUS, Version: t.Version,
		ChangedBy: t.ChangedBy, ChangedAtUs: t.ChangedUS,
	}
}
