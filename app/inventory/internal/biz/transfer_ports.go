package biz

import "context"

// TransferBook keeps transfers. A transfer's row is locked before stock rows.
type TransferBook interface {
	// AddTransfer stores a new one; TransferNumberTaken if the sending organisation has used its number.
	AddTransfer(ctx context.Context, r TransferRow) error
	// LockTransfer locks one that the caller's organisations send or receive; UnknownTransfer if there is none.
	LockTransfer(ctx context.Context, id string) (*Transfer, error)
	// SaveTransfer stores a step of a locked one.
	SaveTransfer(ctx context.Context, r TransferRow) error
}

// Moves is what the commands of a transfer work with.
type Moves struct {
	Transfers TransferBook
	Writer    StockWriter
}

// lock takes a transfer that the caller may act on, at the version that he has seen, and opens a Book.
func (uc Moves) lock(ctx context.Context, by Caller, id string, version int64, may func(Caller, *Transfer) error) (*Transfer, *Book, error) {
	t, err := uc.Transfers.LockTransfer(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if err := may(by, t); err != nil {
		return nil, nil, err
	}
	if err := t.seen(version); err != nil {
		return nil, nil, err
	}
	book, err := uc.Writer.Open(ctx, by.Name)
	return t, book, err
}

// lockRows locks the stock rows of these lines at both ends. Absent ones are opened where the goods go.
func (uc Moves) lockRows(ctx context.Context, book *Book, t *Transfer, which func(i int) bool) error {
	var keys []StockKey
	for i, l := range t.row.Lines {
		if which(i) {
			keys = append(keys, t.source(l), t.target(l))
		}
	}
	return uc.Writer.LockStock(ctx, book, sortKeys(keys), map[string]string{t.row.To: t.row.ToOrg})
}

// store writes what was booked and the transfer's step.
func (uc Moves) store(ctx context.Context, book *Book, t *Transfer) (TransferRow, error) {
	if err := uc.Writer.Write(ctx, book.Changes()); err != nil {
		return TransferRow{}, err
	}
	return t.Row(), uc.Transfers.SaveTransfer(ctx, t.Row())
}

// atSource and atTarget say who may act at which end. The transfer is visible to both, so that a refusal says what it takes.
func (t *Transfer) atSource(by Caller) error {
	return atEnd(by, Location{Code: t.row.From, Org: t.row.FromOrg}, "staff of the location that sends")
}

func (t *Transfer) atTarget(by Caller) error {
	return atEnd(by, Location{Code: t.row.To, Org: t.row.ToOrg}, "staff of the location that receives")
}

func atEnd(by Caller, l Location, need string) error {
	if _, elsewhere := by.MayBook(l).(UnknownLocation); elsewhere {
		return Forbidden{need}
	}
	return by.MayBook(l)
}
