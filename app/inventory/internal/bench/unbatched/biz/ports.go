package biz

import "context"

// LocationFinder knows where stock can be.
type LocationFinder interface {
	// Directory is at most a second behind the rows.
	Directory(ctx context.Context) (*Directory, error)
	// Fresh reads the rows of these locations; unknown ones are missing from the answer.
	Fresh(ctx context.Context, codes []string) ([]Location, error)
}

// StockReader reads without locking: what it says is a hint.
type StockReader interface {
	// AtLocations returns what these locations have of the SKUs.
	AtLocations(ctx context.Context, skus, locations []string) ([]*Stock, error)
	// WithSome returns rows of the SKUs that may have something left, at most limit; more says that there are others.
	WithSome(ctx context.Context, skus []string, limit int) (rows []*Stock, more bool, err error)
}

// StockWriter locks rows and writes what a Book has decided, in the context's transaction. It is the seam of the hot path:
// whoever implements it may decide many commands on one Book and write them together.
type StockWriter interface {
	// Open starts a Book at the database's time; actor is named on what it writes.
	Open(ctx context.Context, actor string) (*Book, error)
	// LockDocuments takes the locks of these documents and their reservations in. Documents come before stock rows.
	LockDocuments(ctx context.Context, b *Book, documents []DocumentLock) error
	// LockStock locks the rows, in their one order, and takes them in. Absent ones are opened when org names the
	// location's organisation, and left out otherwise.
	LockStock(ctx context.Context, b *Book, keys []StockKey, org map[string]string) error
	// Booked says which of these entries are in the ledger already, and what was on hand after each.
	Booked(ctx context.Context, entries []Entry) (map[Entry]int64, error)
	// Write stores the changes of a Book: guarded, all or nothing.
	Write(ctx context.Context, c Changes) error
	// Explain stores why the locations of a document were chosen.
	Explain(ctx context.Context, org string, e Explanation) error
	// Discrepancy lists what cannot be booked on a stock row.
	Discrepancy(ctx context.Context, d Discrepancy) error
}

// DocumentLock names a document to lock; Seller opens it when it is new. Without a seller an unknown document stays unknown.
type DocumentLock struct{ Document, Seller string }

// Discrepancy is something between the books and the shelf that a person has to look at.
type Discrepancy struct {
	Org, Document, ReservationID string
	Key                          StockKey
	Kind                         string
	Size                         int64
}

// The kinds of discrepancies.
const (
	// KindShortfall: more is promised or gone than the books have. It closes by itself when stock comes in.
	KindShortfall = "SHORTFALL"
	// KindUnknown: goods left under a reservation that nobody knows. Only a person can book it.
	KindUnknown = "UNKNOWN_SHIPMENT"
)
