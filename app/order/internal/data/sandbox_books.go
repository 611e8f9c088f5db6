package data

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/sandboxentry"
	"github.com/onepool/onepool/app/order/internal/data/sandboxpay"
)

// SandboxBooks keeps the books of the sandbox payment provider, for all replicas.
type SandboxBooks struct {
	db  *database.DB
	ent *ent.Client
}

// NewSandboxBooks opens the client.
func NewSandboxBooks(db *database.DB) *SandboxBooks {
	return &SandboxBooks{db: db, ent: ent.NewClient(ent.Driver(db.EntDriver()))}
}

// Enter writes an entry and returns what stands under its id: the entry, or the one that was first.
func (b *SandboxBooks) Enter(ctx context.Context, e sandboxpay.Entry) (sandboxpay.Entry, error) {
	ctx = AsService(ctx)
	err := b.db.InTx(ctx, func(ctx context.Context) error {
		now, err := b.db.Now(ctx)
		if err != nil {
			return err
		}
		return b.ent.SandboxEntry.Create().SetID(e.ID).SetPaymentID(e.PaymentID).SetKind(string(e.Kind)).SetTransactionNo(e.TransactionNo).
			SetAmountMinor(e.AmountMinor).SetCurrency(e.Currency).SetPayee(e.Payee).SetAtUs(now).Exec(ctx)
	})
	if !database.IsUniqueViolation(err) {
		return e, err
	}
	row, err := b.ent.SandboxEntry.Query().Where(sandboxentry.ID(e.ID)).Only(ctx)
	if err != nil {
		return e, fmt.Errorf("sandbox books: %w", err)
	}
	return toSandboxEntry(row), nil
}

// Of reads the entries of a payment.
func (b *SandboxBooks) Of(ctx context.Context, paymentID string) ([]sandboxpay.Entry, error) {
	rows, err := b.ent.SandboxEntry.Query().Where(sandboxentry.PaymentID(paymentID)).All(AsService(ctx))
	if err != nil {
		return nil, fmt.Errorf("sandbox books: %w", err)
	}
	entries := make([]sandboxpay.Entry, len(rows))
	for i, row := range rows {
		entries[i] = toSandboxEntry(row)
	}
	return entries, nil
}

func toSandboxEntry(row *ent.SandboxEntry) sandboxpay.Entry {
	return sandboxpay.Entry{
		ID: row.ID, PaymentID: row.PaymentID, Kind: sandboxpay.Kind(row.Kind), TransactionNo: row.TransactionNo, AmountMinor: row.AmountMinor,
		Currency: row.Currency, Payee: row.Payee,
	}
}
