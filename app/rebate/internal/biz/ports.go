package biz

import "context"

// Clock tells the database's time; within a transaction always the same.
type Clock interface {
	Now(ctx context.Context) (int64, error)
}

// Ledger keeps accruals, their entries, supplies and the journal. All its methods run in the context's transaction.
type Ledger interface {
	// Begin notes that an order has accrued and says false if it had before. It locks the order.
	Begin(ctx context.Context, o Order, atUS int64) (bool, error)
	// Lock locks an order that has accrued; false if it has not.
	Lock(ctx context.Context, order string) (bool, error)
	// PoliciesAt returns the versions that were in force at a time.
	PoliciesAt(ctx context.Context, atUS int64) ([]Policy, error)
	AddAccruals(ctx context.Context, accruals []*Accrual) error
	// Accruals returns those of an order's lines; of all lines when none is named.
	Accruals(ctx context.Context, order string, lines []string) ([]*Accrual, error)
	SaveAccrual(ctx context.Context, a *Accrual) error
	AddEntry(ctx context.Context, a *Accrual, e Entry) error
	// AddSupply says false when the supply exists.
	AddSupply(ctx context.Context, s Supply) (bool, error)
	AddJournal(ctx context.Context, j JournalEntry) error
}
