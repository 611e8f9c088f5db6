package data

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/onepool/onepool/app/internal/persons"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/invoice"
)

// errBuyer says no more: a decoder's error quotes what it read.
var errBuyer = errors.New("buyer of an invoice cannot be read")

// sealBuyer encrypts whom an invoice is made out to, for that invoice; nothing for nobody.
func (s *Receivers) sealBuyer(b biz.InvoiceBuyer, invoiceID string) ([]byte, error) {
	if b == (biz.InvoiceBuyer{}) {
		return nil, nil
	}
	raw, err := json.Marshal(b)
	if err != nil {
		return nil, errBuyer
	}
	return append([]byte(s.safe.KeyName()), s.safe.Seal(raw, invoiceID)...), nil
}

// openBuyer decrypts what was sealed for the invoice.
func (s *Receivers) openBuyer(sealed []byte, invoiceID string) (b biz.InvoiceBuyer, err error) {
	switch {
	case len(sealed) == 0:
		return b, nil
	case len(sealed) < persons.NameLen:
		return b, fmt.Errorf("buyer: %w", persons.ErrCipher)
	case string(sealed[:persons.NameLen]) != s.safe.KeyName():
		return b, fmt.Errorf("buyer of %s: %w", invoiceID, ErrKey)
	}
	raw, err := s.safe.Open(sealed[persons.NameLen:], invoiceID)
	if err != nil {
		return b, fmt.Errorf("buyer: %w", err)
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		return biz.InvoiceBuyer{}, errBuyer
	}
	return b, nil
}

func (s *Orders) toInvoice(v *ent.Invoice) (biz.Invoice, error) {
	buyer, err := s.openBuyer(v.BuyerCipher, v.ID)
	return biz.Invoice{
		ID: v.ID, Of: v.RedOf, State: biz.State(v.State), Profile: v.Profile, When: biz.InvoiceMoment(v.Moment), Buyer: buyer, AmountMinor: v.AmountMinor, TaxMinor: v.TaxMinor,
		Lines: v.Lines, Round: v.Round, AskedAtUS: v.AskedUs, AcceptedAtUS: v.AcceptedUs, Attempts: v.Attempts, NextAtUS: v.NextUs, Failure: v.Failure,
		OfficialNo: v.OfficialNo, URL: v.URL, AskedBy: v.AskedBy, RequestedAtUS: v.RequestedUs, IssuedAtUS: v.IssuedUs,
	}, err
}

func (s *Orders) saveInvoices(ctx context.Context, h biz.Header, before, now []biz.Invoice) error {
	return each(before, now, func(v biz.Invoice, no int) error {
		buyer, err := s.sealBuyer(v.Buyer, v.ID)
		if err != nil {
			return err
		}
		return s.ent.Invoice.Create().SetID(v.ID).SetOrg(h.Org).SetOrderID(h.ID).SetNo(int64(no)).SetState(string(v.State)).SetRedOf(v.Of).SetProfile(v.Profile).
			SetMoment(string(v.When)).SetBuyerCipher(buyer).SetAmountMinor(v.AmountMinor).SetTaxMinor(v.TaxMinor).SetLines(v.Lines).SetRound(v.Round).SetAskedUs(v.AskedAtUS).
			SetAcceptedUs(v.AcceptedAtUS).SetAttempts(v.Attempts).SetNextUs(v.NextAtUS).SetFailure(v.Failure).SetOfficialNo(v.OfficialNo).SetURL(v.URL).SetAskedBy(v.AskedBy).
			SetRequestedUs(v.RequestedAtUS).SetIssuedUs(v.IssuedAtUS).Exec(ctx)
	}, func(was, v biz.Invoice) error {
		change := s.ent.Invoice.UpdateOneID(v.ID)
		if was.Buyer != v.Buyer {
			buyer, err := s.sealBuyer(v.Buyer, v.ID)
			if err != nil {
				return err
			}
			change = change.SetBuyerCipher(buyer)
		}
		return change.SetState(string(v.State)).SetAmountMinor(v.AmountMinor).SetTaxMinor(v.TaxMinor).SetLines(v.Lines).SetRound(v.Round).SetAskedUs(v.AskedAtUS).
			SetAcceptedUs(v.AcceptedAtUS).SetAttempts(v.Attempts).SetNextUs(v.NextAtUS).SetFailure(v.Failure).SetOfficialNo(v.OfficialNo).SetURL(v.URL).SetIssuedUs(v.IssuedAtUS).Exec(ctx)
	})
}

func (s *Orders) gatherInvoices(ctx context.Context, _ []string, at map[string]*biz.Record) error {
	wanted := these(at, func(h biz.Header) bool { return h.InvoiceCount != 0 })
	if len(wanted) == 0 {
		return nil
	}
	rows, err := s.ent.Invoice.Query().Where(invoice.OrderIDIn(wanted...)).Order(ent.Asc(invoice.FieldNo)).All(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		v, err := s.toInvoice(row)
		if err != nil {
			return err
		}
		r := at[row.OrderID]
		r.Invoices = append(r.Invoices, v)
	}
	return nil
}

// StoredValue are the captures of money from other orders that stored value had paid in the end.
func (s *Orders) StoredValue(ctx context.Context, r biz.Record) (map[string]bool, error) {
	var stored map[string]bool
	for _, c := range r.Captures {
		if c.Provider != biz.ProviderExchange {
			continue
		}
		origin, err := s.OriginOf(ctx, c.TransactionNo)
		if err != nil {
			return nil, err
		}
		if origin.Provider == biz.ProviderWallet {
			if stored == nil {
				stored = map[string]bool{}
			}
			stored[c.ID] = true
		}
	}
	return stored, nil
}

// settleInvoices draws the conclusions of a change for the order's invoices, if there are any.
func (s *Orders) settleInvoices(ctx context.Context, o *biz.Order) error {
	r := o.Record()
	if len(r.Invoices) == 0 {
		return nil
	}
	stored, err := s.StoredValue(ctx, r)
	if err != nil {
		return err
	}
	return o.SettleInvoices(stored)
}

// InvoicesDue are invoices and red letters that the issuer has to be asked for, or about.
func (s *Orders) InvoicesDue(ctx context.Context, nowUS int64, limit int) ([]Due, error) {
	rows, err := s.ent.Invoice.Query().Where(invoice.State(string(biz.InvoiceRequested)), invoice.NextUsGT(0), invoice.NextUsLTE(nowUS)).
		Order(ent.Asc(invoice.FieldNextUs)).Limit(limit).All(AsService(ctx))
	due := make([]Due, len(rows))
	for i, row := range rows {
		due[i] = Due{row.OrderID, row.ID}
	}
	return due, wrapDue(err)
}

// OrderOfInvoice finds the order of an invoice or red letter; empty if there is none.
func (s *Orders) OrderOfInvoice(ctx context.Context, id string) (string, error) {
	row, err := s.ent.Invoice.Query().Where(invoice.ID(id)).Only(AsService(ctx))
	if ent.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("invoice %s: %w", id, err)
	}
	return row.OrderID, nil
}

// VisibleInvoices reads a page of the invoices and red letters that the caller may see, the newest first.
func (s *Orders) VisibleInvoices(ctx context.Context, state biz.State, after After, limit int) ([]Due, []After, error) {
	q := s.ent.Invoice.Query().Where(after.before(invoice.FieldRequestedUs, invoice.FieldID))
	if state != biz.None {
		q = q.Where(invoice.State(string(state)))
	}
	rows, err := q.Order(ent.Desc(invoice.FieldRequestedUs), ent.Desc(invoice.FieldID)).Limit(limit).All(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list invoices: %w", err)
	}
	found, keys := make([]Due, len(rows)), make([]After, len(rows))
	for i, row := range rows {
		found[i], keys[i] = Due{row.OrderID, row.ID}, After{row.RequestedUs, row.ID}
	}
	return found, keys, nil
}
