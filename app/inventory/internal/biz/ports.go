package biz

import "context"

// LocationFinder knows where stock can be.
type LocationFinder interface {
	// Directory is at most a second behind the rows.
	Directory(ctx context.Context) (*Directory, error)
	// Fresh reads the rows of these locations; unknown ones are missing from the answer.
	Fresh(ctx context.Context, codes []string) ([]Location, error)
}

// Catalogue knows what is sold. It is another center's: it is asked before a transaction, never in one.
type Catalogue interface {
	// Existing returns those of the codes, at most 200, that are SKUs. An error means that nobody knows now.
	Existing(ctx context.Context, codes []string) (SKUs, error)
}

// StockReader reads without locking: what it says is a hint.
type StockReader interface {
	// AtLocations returns what these locations have of the SKUs.
	AtLocations(ctx context.Context, skus, locations []string) ([]*Stock, error)
}

// StockWriter locks rows and writes what a Book has decided, in the context's transaction: for a command that is decided
// alone. Those of the hot path say what they need (Need) and are decided on a Book that many share.
type StockWriter interface {
	// Open starts a Book at the database's time; actor is named on what it writes.
	Open(ctx context.Context, actor string) (*Book, error)
	// LockDocuments takes the locks of these documents and their reservations in. Documents come before stock rows.
	LockDocuments(ctx context.Context, b *Book, documents []DocumentLock) error
	// LockAssignments takes the assignments of locked documents in.
	LockAssignments(ctx context.Context, b *Book, documents []string) error
	// LockStock locks the rows, in their one order, and takes them in. Absent ones are opened when org names the
	// location's organisation, and left out otherwise. A key without an owner stands for the rows of all owners.
	LockStock(ctx context.Context, b *Book, keys []StockKey, org map[string]string) error
	// LockShares takes the policies in, and locks the counts of quotas that a channel's holds on these shelves depend on.
	// Counts come after stock rows and locations.
	LockShares(ctx context.Context, b *Book, n Need) error
	// LockLoads locks what locations have been given on these days, and takes it in.
	LockLoads(ctx context.Context, b *Book, keys []LoadKey) error
	// LockPresales locks presales, in the order of their ids, and takes them in. They come after stock rows.
	LockPresales(ctx context.Context, b *Book, ids []string) error
	// Booked says which of these entries are in the ledger already, and what was on hand after each.
	Booked(ctx context.Context, entries []Entry) (map[Entry]int64, error)
	// Write stores the changes of a Book: guarded, all or nothing.
	Write(ctx context.Context, c Changes) error
}

// WorkFinder finds documents and assignments that something has to be done about. It reads without locks: what it says is a
// hint.
type WorkFinder interface {
	// Standing returns documents with their reservations and assignments; unknown ones are missing.
	Standing(ctx context.Context, documents []string) (map[string]Standing, error)
	// Holders returns documents with open reservations of the SKUs at a location, oldest first, at most limit.
	Holders(ctx context.Context, location string, skus []string, limit int) ([]string, error)
	// Silent returns assignments whose time to answer is over, the longest first, at most limit.
	Silent(ctx context.Context, nowUS int64, limit int) ([]AssignmentRow, error)
	// WaitingAfter returns documents that wait for stock in the order in which they get it, after one of them (nil: from the
	// first), at most limit.
	WaitingAfter(ctx context.Context, after *DocumentRow, limit int) ([]DocumentRow, error)
}

// DocumentLock names a document to lock; Seller opens it when it is new. Without a seller an unknown document stays unknown.
type DocumentLock struct{ Document, Seller string }

// DueFinder finds reservations whose deadline has passed.
type DueFinder interface {
	// DueDocuments returns documents with such reservations, oldest deadline first, at most limit.
	DueDocuments(ctx context.Context, nowUS int64, limit int) ([]string, error)
}

// LocationBook stores what the store center tells.
type LocationBook interface {
	// Put stores the locations that are newer than what is there, and says how many were.
	Put(ctx context.Context, locations []Location) (int, error)
}

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
	// KindTransferShort: less arrived than was sent. It is booked; a person finds out where it is.
	KindTransferShort = "TRANSFER_SHORT"
	// KindShortPick: a store did not find what other documents hold there. Only a person can book it.
	KindShortPick = "SHORT_PICK"
)

// SharingReader knows the policies.
type SharingReader interface {
	// Sharing is at most a second behind the rows.
	Sharing(ctx context.Context) (*SharingSet, error)
	// QuotasUsed reads what is drawn from quotas for these SKUs at these locations.
	QuotasUsed(ctx context.Context, skus, locations []string) (QuotasUsed, error)
}

// SharingBook stores policies, in the context's transaction.
type SharingBook interface {
	// LockSharing lets one change policies at a time, until the transaction ends. It returns the database's time and the
	// policies that are not over then.
	LockSharing(ctx context.Context) (nowUS int64, live []*SharingPolicy, err error)
	// SharingPolicy reads one, also when it is over; nil when there is none.
	SharingPolicy(ctx context.Context, id string) (*SharingPolicy, error)
	// AddSharing stores a new one.
	AddSharing(ctx context.Context, p *SharingPolicy) error
	// EndSharing stores the end of one.
	EndSharing(ctx context.Context, p *SharingPolicy) error
}

// CategoryFinder knows the categories of SKUs. They are another center's: it is asked before a transaction, never in one.
type CategoryFinder interface {
	// Categories returns the category of each code, as it was some minutes ago at most; empty for what is no SKU. An error
	// means that nobody knows now.
	Categories(ctx context.Context, skus []string) (map[string]string, error)
	// HasCategory says whether any SKU is of this category.
	HasCategory(ctx context.Context, category string) (bool, error)
}
