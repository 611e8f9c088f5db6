package data

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/sandboxinvoice"
	"github.com/onepool/onepool/app/order/internal/data/invoicing"
)

// InvoiceBooks keeps the books of the sandbox issuer of invoices, for all replicas.
type InvoiceBooks struct {
	db  *database.DB
	ent *ent.Client
}

// NewInvoiceBooks opens the client.
func NewInvoiceBooks(db *database.DB) *InvoiceBooks {
	return &InvoiceBooks{db: db, ent: ent.NewClient(ent.Driver(db.EntDriver()))}
}

// Enter writes an entry and returns what stands under its number: the entry, or the one that was first.
func (b *InvoiceBooks) Enter(ctx context.Context, e invoicing.Entry) (invoicing.Entry, error) {
	ctx = AsService(ctx)
	err := b.db.InTx(ctx, func(ctx context.Context) error {
		now, err := b.db.Now(ctx)
		if err != nil {
			return err
		}
		return b.ent.SandboxInvoice.Create().SetID(e.Number).SetRedOf(e.Of).SetFingerprint(e.Fingerprint).SetRefusal(e.Refusal).SetMessage(e.Message).
			SetAmountMinor(e.AmountMinor).SetOfficialNo(e.OfficialNo).SetAtUs(now).Exec(ctx)
	})
	if !database.IsUniqueViolation(err) {
		return e, err
	}
	first, _, err := b.Entry(ctx, e.Number)
	return first, err
}

// Entry is what stands under a number; false: nothing.
func (b *InvoiceBooks) Entry(ctx context.Context, number string) (invoicing.Entry, bool, error) {
	row, err := b.ent.SandboxInvoice.Query().Where(sandboxinvoice.ID(number)).Only(AsService(ctx))
	if ent.IsNotFound(err) {
		return invoicing.Entry{}, false, nil
	}
	if err != nil {
		return invoicing.Entry{}, false, fmt.Errorf("sandbox of invoices: %w", err)
	}
	return toInvoiceEntry(row), true, nil
}

// Reds are the red letters of an invoice.
func (b *InvoiceBooks) Reds(ctx context.Context, number string) ([]invoicing.Entry, error) {
	rows, err := b.ent.SandboxInvoice.Query().Where(sandboxinvoice.RedOf(number)).All(AsService(ctx))
	if err != nil {
		return nil, fmt.Errorf("sandbox of invoices: %w", err)
	}
	list := make([]invoicing.Entry, len(rows))
	for i, row := range rows {
		list[i] = toInvoiceEntry(row)
	}
	return list, nil
}

func toInvoiceEntry(row *ent.SandboxInvoice) invoicing.Entry {
	return invoicing.Entry{
		Number: row.ID, Of: row.RedOf, Fingerprint: row.Fingerprint, Refusal: row.Refusal, Message: row.Message, AmountMinor: row.AmountMinor, OfficialNo: row.OfficialNo,
	}
}
