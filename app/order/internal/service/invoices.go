package service

import (
	"context"
	"strings"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// Invoices is the service of tax invoices and red letters.
type Invoices struct {
	orderv1.UnimplementedInvoicesServer
	order *Order
}

// NewInvoices shares the order center's work.
func NewInvoices(order *Order) *Invoices { return &Invoices{order: order} }

// RequestInvoice asks for an order's invoice.
func (s *Invoices) RequestInvoice(ctx context.Context, in *orderv1.RequestInvoiceRequest) (*orderv1.Invoice, error) {
	var profile biz.TaxProfile
	return s.change(ctx, orderv1.Invoices_RequestInvoice_FullMethodName, "order.invoice.request", in,
		func(ctx context.Context) (biz.Record, error) {
			_, r, err := s.order.orderFor(ctx, in.GetOrderId())
			if err == nil {
				err = s.asks(ctx, r)
			}
			if err == nil {
				profile, err = s.seller(ctx, r)
			}
			return r, err
		},
		func(o *biz.Order) (string, error) { return o.RequestInvoice(fromBuyer(in.GetBuyer()), profile) })
}

// seller is the tax profile that an order's invoice is issued under: the one that was frozen, or today's. It refuses an order of
// which no invoice can be issued.
func (s *Invoices) seller(ctx context.Context, r biz.Record) (biz.TaxProfile, error) {
	none := biz.TaxProfile{}
	if s.order.Issuer == nil {
		return none, biz.InvoicesOff()
	}
	if r.PaidAtUS != 0 {
		stored, err := s.order.Orders.StoredValue(ctx, r)
		if err != nil {
			return none, err
		}
		if r.Invoiceable(stored) == 0 {
			return none, biz.InvoiceNothing()
		}
	}
	if r.TaxProfile != "" {
		return s.order.Seeker.Terms.TaxProfile(ctx, r.TaxProfile)
	}
	now, err := s.order.DB.Now(ctx)
	if err != nil {
		return none, err
	}
	terms, err := s.order.Seeker.Terms.Terms(ctx, now)
	if err != nil {
		return none, err
	}
	profile := terms.Profile(r.Org, now)
	if profile.ID == "" {
		return none, biz.InvoiceSellerUnknown(r.Org)
	}
	return profile, nil
}

// asks refuses who is neither the order's member nor of its seller: staff, finance, or the till that sold.
func (s *Invoices) asks(ctx context.Context, r biz.Record) error {
	p, err := tenancy.FromContext(ctx)
	switch {
	case err != nil, p.Kind == tenancy.Member:
		return err
	case !isStaff(p) && !hasRole(p, payerRoles):
		return biz.Forbidden(strings.Join(staffRoles, ", ") + " or finance")
	case p.Org != r.Org:
		return biz.Forbidden("the seller's organisation")
	}
	return nil
}

// GetOrderInvoices reads an order's invoices and red letters.
func (s *Invoices) GetOrderInvoices(ctx context.Context, in *orderv1.GetOrderInvoicesRequest) (*orderv1.GetOrderInvoicesResponse, error) {
	_, r, err := s.order.orderFor(ctx, in.GetOrderId())
	if err == nil {
		err = s.asks(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	out := &orderv1.GetOrderInvoicesResponse{}
	for _, v := range r.Invoices {
		out.Invoices = append(out.Invoices, s.full(r, v))
	}
	return out, nil
}

// ListInvoices pages through the invoices and red letters of the caller's organisations; people of a store see those of its orders.
func (s *Invoices) ListInvoices(ctx context.Context, in *orderv1.ListInvoicesRequest) (*orderv1.ListInvoicesResponse, error) {
	if _, err := treasurer(ctx); err != nil {
		return nil, err
	}
	var err error
	out := &orderv1.ListInvoicesResponse{}
	out.NextPageToken, err = s.order.parts(ctx, partsQuery{
		name: "invoices", state: in.GetState().String(), token: in.GetPageToken(), size: in.GetPageSize(),
		find: func(after data.After, limit int) ([]data.Due, []data.After, error) {
			return s.order.Orders.VisibleInvoices(ctx, fromState(invoiceStates, in.GetState()), after, limit)
		},
		add: func(r biz.Record, id string) error {
			v, err := invoiceOf(r, id)
			out.Invoices = append(out.Invoices, v)
			return err
		},
	})
	return out, err
}

// CorrectInvoice makes an invoice out to somebody else.
func (s *Invoices) CorrectInvoice(ctx context.Context, in *orderv1.CorrectInvoiceRequest) (*orderv1.Invoice, error) {
	return s.on(ctx, orderv1.Invoices_CorrectInvoice_FullMethodName, "order.invoice.correct", in, in.GetInvoiceId(), s.asks,
		func(o *biz.Order) error { return o.CorrectInvoice(in.GetInvoiceId(), fromBuyer(in.GetBuyer())) })
}

// RetryInvoice has the issuer asked again.
func (s *Invoices) RetryInvoice(ctx context.Context, in *orderv1.RetryInvoiceRequest) (*orderv1.Invoice, error) {
	return s.on(ctx, orderv1.Invoices_RetryInvoice_FullMethodName, "order.invoice.retry", in, in.GetInvoiceId(),
		func(ctx context.Context, r biz.Record) error {
			p, err := tenancy.FromContext(ctx)
			if err == nil {
				err = paysOut(p, r)
			}
			return err
		},
		func(o *biz.Order) error { return o.RetryInvoice(in.GetInvoiceId(), in.GetNote()) })
}

// WithdrawInvoice ends a request.
func (s *Invoices) WithdrawInvoice(ctx context.Context, in *orderv1.WithdrawInvoiceRequest) (*orderv1.Invoice, error) {
	return s.on(ctx, orderv1.Invoices_WithdrawInvoice_FullMethodName, "order.invoice.withdraw", in, in.GetInvoiceId(), s.asks,
		func(o *biz.Order) error { return o.WithdrawInvoice(in.GetInvoiceId(), "") })
}

// on changes an invoice that there is, by a caller whom may lets.
func (s *Invoices) on(ctx context.Context, method, action string, in command.Request, id string, may func(ctx context.Context, r biz.Record) error,
	change func(o *biz.Order) error) (*orderv1.Invoice, error) {
	return s.change(ctx, method, action, in,
		func(ctx context.Context) (biz.Record, error) {
			orderID, err := s.order.Orders.OrderOfInvoice(ctx, id)
			if err != nil {
				return biz.Record{}, err
			}
			_, r, err := s.order.orderFor(ctx, orderID)
			if err = hidden(err, "invoice"); err == nil {
				err = may(ctx, r)
			}
			return r, err
		},
		func(o *biz.Order) (string, error) { return id, change(o) })
}

// change runs a command about an invoice, and lists it in the audit log. The answer that is kept for repeats has nobody in it.
func (s *Invoices) change(ctx context.Context, method, action string, in command.Request, allowed func(ctx context.Context) (biz.Record, error),
	change func(o *biz.Order) (string, error)) (*orderv1.Invoice, error) {
	var orderID string
	out, err := decide(ctx, s.order, method, in,
		func(ctx context.Context) error {
			r, err := allowed(ctx)
			orderID = r.ID
			return err
		},
		func(ctx context.Context) (*orderv1.Invoice, error) {
			id := ""
			r, err := s.order.change(ctx, orderID, func(o *biz.Order) (err error) {
				id, err = change(o)
				return err
			})
			if err != nil {
				return nil, err
			}
			if err := platform.AppendAudit(ctx, platform.AuditEntry{Actor: actor(ctx), Action: action, Subject: id}); err != nil {
				return nil, err
			}
			return invoiceOf(r, id)
		})
	if err != nil {
		return nil, err
	}
	r, err := s.order.Orders.Load(ctx, out.GetOrderId())
	if err != nil {
		return nil, err
	}
	for _, v := range r.Invoices {
		if v.ID == out.GetId() {
			out.Buyer = toBuyer(v.Buyer)
		}
	}
	return out, nil
}

// full is an invoice with whom it is made out to.
func (s *Invoices) full(r biz.Record, v biz.Invoice) *orderv1.Invoice {
	out := toInvoice(r, v)
	out.Buyer, out.FailureMessage = toBuyer(v.Buyer), v.Buyer.Message
	return out
}

var invoiceStates = map[biz.State]orderv1.InvoiceState{
	biz.InvoiceRequested: orderv1.InvoiceState_INVOICE_REQUESTED, biz.InvoiceIssued: orderv1.InvoiceState_INVOICE_ISSUED, biz.InvoicePartRed: orderv1.InvoiceState_INVOICE_PART_RED,
	biz.InvoiceRed: orderv1.InvoiceState_INVOICE_RED, biz.InvoiceFailed: orderv1.InvoiceState_INVOICE_FAILED, biz.InvoiceWithdrawn: orderv1.InvoiceState_INVOICE_WITHDRAWN,
}

func fromBuyer(b *orderv1.InvoiceBuyer) biz.InvoiceBuyer {
	return biz.InvoiceBuyer{Title: b.GetTitle(), TaxNo: b.GetTaxNo(), Email: b.GetEmail()}
}

func toBuyer(b biz.InvoiceBuyer) *orderv1.InvoiceBuyer {
	if b.Title == "" {
		return nil // of a red letter: its invoice says
	}
	return &orderv1.InvoiceBuyer{Title: b.Title, TaxNo: b.TaxNo, Email: b.Email}
}

func invoiceOf(r biz.Record, id string) (*orderv1.Invoice, error) {
	for _, v := range r.Invoices {
		if v.ID == id {
			return toInvoice(r, v), nil
		}
	}
	return nil, biz.NotFound("invoice")
}

// toInvoice is an invoice without whom it is made out to.
func toInvoice(r biz.Record, v biz.Invoice) *orderv1.Invoice {
	out := &orderv1.Invoice{
		Id: v.ID, OrderId: r.ID, RedOf: v.Of, State: invoiceStates[v.State], SellerTaxProfile: v.Profile, OfficialNo: v.OfficialNo, Url: v.URL, Failure: v.Failure,
		AskedBy: v.AskedBy, RequestedAtUs: v.RequestedAtUS, IssuedAtUs: v.IssuedAtUS, NextAtUs: v.NextAtUS,
	}
	if v.AmountMinor != 0 {
		out.Amount, out.Tax = toMoney(v.AmountMinor, r.Currency), toMoney(v.TaxMinor, r.Currency)
	}
	for _, l := range v.Lines {
		out.Lines = append(out.Lines, &orderv1.InvoiceLine{
			LineId: l.LineID, Sku: l.SKU, Title: l.Title, TaxClass: l.TaxClass, Quantity: l.Quantity, RateBp: l.RateBP, Amount: toMoney(l.AmountMinor, r.Currency), Tax: toMoney(l.TaxMinor, r.Currency),
		})
	}
	return out
}
