package service

import (
	"context"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/page"
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
	p, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	query := page.Query("pay windows", p.Caller())
	scope, d, begun, err := s.terms.after(in.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	var after *biz.PayTerms
	if begun {
		after = &biz.PayTerms{Channel: scope, Dated: d}
	}
	size := page.Size(in.GetPageSize())
	list, err := s.terms.book.Pays(ctx, after, size+1)
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListPayWindowsResponse{}
	if len(list) > size {
		list = list[:size]
		out.NextPageToken = s.terms.token(query, list[size-1].Scope(), list[size-1].Dated)
	}
	for _, t := range list {
		out.Windows = append(out.Windows, toPayWindow(t))
	}
	return out, nil
}

func toPayWindow(t biz.PayTerms) *orderv1.PayWindow {
	return &orderv1.PayWindow{
		Channel: t.Channel, PayWindowS: t.WindowUS / secondUS, HoldGraceS: t.GraceUS / secondUS, Withdrawn: t.Withdrawn, FromUs: t.FromUS, Version: t.Version,
		ChangedBy: t.ChangedBy, ChangedAtUs: t.ChangedUS,
	}
}
