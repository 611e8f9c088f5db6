package biz

import "context"

// Clock tells the database's time; within a transaction always the same.
type Clock interface {
	Now(ctx context.Context) (int64, error)
}

// PointsBook keeps accounts, documents and lines. All its methods run in the context's transaction.
type PointsBook interface {
	// Account locks a member's account and returns it with the lots that still hold points and those named. Everything
	// else of the member is read after this lock and cannot change until the transaction ends. Unknown if there is none.
	Account(ctx context.Context, member string, lots ...string) (*Account, error)
	SaveAccount(ctx context.Context, a *Account) error
	// Document returns nil when the document has no points yet.
	Document(ctx context.Context, document string) (*Document, error)
	SaveDocument(ctx context.Context, d *Document) error
	// Lines returns the lines of a document that have accrued.
	Lines(ctx context.Context, document string) ([]*Line, error)
	// AddLines writes lines that have accrued just now.
	AddLines(ctx context.Context, lines []*Line) error
	SaveLine(ctx context.Context, l *Line) error
	// LotUses returns what a document spent of each lot and has not been given back.
	LotUses(ctx context.Context, member, document string) ([]LotUse, error)
	// Acquaint lights a channel of a member and gives one without a home store its first.
	Acquaint(ctx context.Context, member, channel, store string) error
}

// Guide is a guide as the store center knows it.
type Guide struct {
	Code, StoreCode, OrgCode string
	// Active: still at work, and in a store.
	Active bool
}

// Directory knows the brand's guides and stores; it is asked before a transaction begins.
type Directory interface {
	// Guides returns the known ones of the codes, by code.
	Guides(ctx context.Context, codes []string) (map[string]Guide, error)
	// Stores returns which of the codes are stores.
	Stores(ctx context.Context, codes []string) (map[string]bool, error)
}

// Known is what the directory says of an import's guides and stores.
type Known struct {
	Guides map[string]Guide
	Stores map[string]bool
}

// SMSGateway sends one-time codes.
type SMSGateway interface {
	// SendCode sends the code. A sandbox sends nothing and returns it instead, to be shown.
	SendCode(ctx context.Context, phone, code string) (shown string, err error)
}
