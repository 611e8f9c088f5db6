package service

import (
	"context"
	"strconv"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
	"github.com/onepool/onepool/app/order/pricing"
)

// TradeTerms is the service of terms that orders are priced by.
type TradeTerms struct {
	orderv1.UnimplementedTradeTermsServer
	db     *database.DB
	book   *data.TradeTerms
	secret []byte
}

// NewTradeTerms puts the use cases together; secret is the key of page tokens.
func NewTradeTerms(db *database.DB, book *data.TradeTerms, secret []byte) *TradeTerms {
	return &TradeTerms{db: db, book: book, secret: secret}
}

// putTerms runs a command of a promoter, and lists it in the audit log.
func putTerms[R proto.Message](ctx context.Context, s *TradeTerms, method, action, scope string, in command.Request, put func(ctx context.Context, d biz.Dated) (R, error)) (R, error) {
	var none R
	p, err := promoter(ctx)
	if err != nil {
		return none, err
	}
	return command.Local[struct{}, R]{
		Method: method, Request: in,
		Decide: func(ctx context.Context, _ struct{}) (R, error) {
			now, err := s.db.Now(ctx)
			if err != nil {
				return none, err
			}
			out, err := put(ctx, biz.Dated{FromUS: now, ChangedBy: p.Actor(), ChangedUS: now})
			if err != nil {
				return none, err
			}
			return out, platform.AppendAudit(ctx, platform.AuditEntry{Actor: p.Actor(), Action: action, Subject: scope})
		},
	}.Run(ctx, s.db)
}

// PutTaxRates stores rates.
func (s *TradeTerms) PutTaxRates(ctx context.Context, in *orderv1.PutTaxRatesRequest) (*orderv1.TaxRates, error) {
	r := biz.TaxRates{Taxpayer: in.GetTaxpayer(), Region: in.GetRegion(), OnTop: in.GetOnTop()}
	for _, rate := range in.GetRates() {
		r.Rates = append(r.Rates, biz.TaxRate{Class: rate.GetTaxClass(), BP: rate.GetRateBp()})
	}
	return putTerms(ctx, s, orderv1.TradeTerms_PutTaxRates_FullMethodName, "order.tax.put", r.Scope(), in, func(ctx context.Context, d biz.Dated) (*orderv1.TaxRates, error) {
		if r.Dated = d; in.GetFromUs() > 0 {
			r.FromUS = in.GetFromUs()
		}
		if err := r.Validate(); err != nil {
			return nil, err
		}
		kept, err := s.book.PutTax(ctx, r)
		return toTaxRates(kept), err
	})
}

// PutFreight stores terms.
func (s *TradeTerms) PutFreight(ctx context.Context, in *orderv1.PutFreightRequest) (*orderv1.FreightTerms, error) {
	f := biz.FreightTerms{Channel: in.GetChannel(), Region: in.GetRegion(), Withdrawn: in.GetWithdrawn(), Freight: pricing.Freight{
		FirstG: in.GetFirstG(), FirstMinor: in.GetFirstMinor(), StepG: in.GetStepG(), StepMinor: in.GetStepMinor(), FreeFromMinor: in.GetFreeFromMinor(),
	}}
	return putTerms(ctx, s, orderv1.TradeTerms_PutFreight_FullMethodName, "order.freight.put", f.Scope(), in, func(ctx context.Context, d biz.Dated) (*orderv1.FreightTerms, error) {
		if f.Dated = d; in.GetFromUs() > 0 {
			f.FromUS = in.GetFromUs()
		}
		if err := f.Validate(); err != nil {
			return nil, err
		}
		kept, err := s.book.PutFreight(ctx, f)
		return toFreightTerms(kept), err
	})
}

// ListTaxRates pages through all rates.
func (s *TradeTerms) ListTaxRates(ctx context.Context, in *orderv1.ListTaxRatesRequest) (*orderv1.ListTaxRatesResponse, error) {
	rates, next, err := listTerms(ctx, s, "tax rates", in, s.book.Taxes, toTaxRates)
	return &orderv1.ListTaxRatesResponse{Rates: rates, NextPageToken: next}, err
}

// ListFreight pages through all freight terms.
func (s *TradeTerms) ListFreight(ctx context.Context, in *orderv1.ListFreightRequest) (*orderv1.ListFreightResponse, error) {
	terms, next, err := listTerms(ctx, s, "freight", in, s.book.Freights, toFreightTerms)
	return &orderv1.ListFreightResponse{Terms: terms, NextPageToken: next}, err
}

// terms have a place in their list.
type terms interface {
	Scope() string
	Moment() (fromUS, version int64)
}

// listTerms reads a page of the terms of one kind, by scope, time and version, for whoever may read anything.
func listTerms[T terms, O any](ctx context.Context, s *TradeTerms, name string, in interface {
	GetPageToken() string
	GetPageSize() int32
}, read func(ctx context.Context, after *data.TermKey, limit int) ([]T, error), to func(T) O) (out []O, next string, err error) {
	p, err := reader(ctx)
	if err != nil {
		return nil, "", err
	}
	query := page.Query(name, p.Caller())
	after, err := s.after(in.GetPageToken(), query)
	if err != nil {
		return nil, "", err
	}
	size := page.Size(in.GetPageSize())
	list, err := read(ctx, after, size+1)
	if err != nil {
		return nil, "", err
	}
	if len(list) > size {
		list = list[:size]
		fromUS, version := list[size-1].Moment()
		next = page.Encode(s.secret, query, list[size-1].Scope(), strconv.FormatInt(fromUS, 10), strconv.FormatInt(version, 10))
	}
	for _, t := range list {
		out = append(out, to(t))
	}
	return out, next, nil
}

// after reads the token of a list; nil: it begins.
func (s *TradeTerms) after(token, query string) (*data.TermKey, error) {
	keys, err := page.Decode(s.secret, token, query)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	if len(keys) != 3 {
		return nil, fault.PageTokenInvalid()
	}
	key := &data.TermKey{Scope: keys[0]}
	if key.FromUS, err = strconv.ParseInt(keys[1], 10, 64); err == nil {
		key.Version, err = strconv.ParseInt(keys[2], 10, 64)
	}
	if err != nil {
		return nil, fault.PageTokenInvalid()
	}
	return key, nil
}

func toTaxRates(r biz.TaxRates) *orderv1.TaxRates {
	out := &orderv1.TaxRates{Taxpayer: r.Taxpayer, Region: r.Region, OnTop: r.OnTop, FromUs: r.FromUS, Version: r.Version, ChangedBy: r.ChangedBy, ChangedAtUs: r.ChangedUS}
	for _, rate := range r.Rates {
		out.Rates = append(out.Rates, &orderv1.TaxRate{TaxClass: rate.Class, RateBp: rate.BP})
	}
	return out
}

func toFreightTerms(f biz.FreightTerms) *orderv1.FreightTerms {
	return &orderv1.FreightTerms{
		Channel: f.Channel, Region: f.Region, FirstG: f.FirstG, FirstMinor: f.FirstMinor, StepG: f.StepG, StepMinor: f.StepMinor, FreeFromMinor: f.FreeFromMinor,
		Withdrawn: f.Withdrawn, FromUs: f.FromUS, Version: f.Version, ChangedBy: f.ChangedBy, ChangedAtUs: f.ChangedUS,
	}
}
