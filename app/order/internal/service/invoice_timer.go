package service

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// issuerName is what the issuer of invoices is called where silent parties are remembered.
const issuerName = "issuer of invoices"

// TickInvoices asks the issuer of invoices what is due to be asked. It is slow at times: it keeps no other timer.
func (s *Order) TickInvoices(ctx context.Context) error {
	if s.Issuer == nil {
		return nil
	}
	now, err := s.DB.Now(ctx)
	if err != nil || s.silent.at(issuerName, now) {
		return err // its silence was reported when it began
	}
	return s.work(ctx, []due{{name: "invoice", wide: wideAsks, find: s.Orders.InvoicesDue, do: s.askInvoice}})
}

// askInvoice asks for one invoice or red letter. What is asked is written down before: who comes after a break asks how it stands
// before asking again. Two that ask at a time get the same answer, since the number is the same.
func (s *Order) askInvoice(ctx context.Context, d data.Due) error {
	now, err := s.DB.Now(ctx)
	if err != nil {
		return err
	}
	if s.silent.at(issuerName, now) {
		return nil // it was reported when it happened
	}
	var ask biz.InvoiceAsk
	var again, due bool
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		_, err := s.change(ctx, d.OrderID, func(o *biz.Order) error {
			stored, err := s.Orders.StoredValue(ctx, o.Record())
			if err != nil {
				return err
			}
			ask, again, due, err = o.AskInvoice(d.PartID, stored)
			return err
		})
		return err
	})
	if err != nil || !due {
		return err
	}
	if ask.Seller, err = s.Seeker.Terms.TaxProfile(ctx, ask.Seller.ID); err != nil {
		return err
	}
	if err := failpoint.Hit("order.invoice.ask.before"); err != nil {
		return err
	}
	answer, err := s.issue(ctx, ask, again)
	if err != nil {
		s.silent.note(issuerName, now+silenceFor.Microseconds())
		return fmt.Errorf("%s: %w", ask.Number, err)
	}
	if err := failpoint.Hit("order.invoice.ask.after"); err != nil {
		return err
	}
	return s.inTx(ctx, d.OrderID, func(o *biz.Order) error { return o.InvoiceAnswered(d.PartID, answer) })
}

// issue asks the issuer: first how it stands, where the issuer may have heard of it.
func (s *Order) issue(ctx context.Context, ask biz.InvoiceAsk, again bool) (biz.InvoiceAnswer, error) {
	if again {
		answer, err := s.Issuer.Query(ctx, ask)
		if err != nil || answer.Standing != biz.InvoiceUnknown {
			return answer, err
		}
	}
	if ask.Of != "" {
		return s.Issuer.Redden(ctx, ask)
	}
	return s.Issuer.Issue(ctx, ask)
}
