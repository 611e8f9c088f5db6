package biz

// Need is what a decision wants to find in a Book, locked: the parts of the Book read it before the first member decides.
type Need struct {
	// Documents are locked first. One without a seller that is not there stays unknown.
	Documents []DocumentLock
	// Answers: the documents' assignments are read too.
	Answers bool
	// Touches says which reservations of the documents will change: their stock rows are locked. nil: none.
	Touches func(r *Reservation, nowUS int64) bool
	// Keys are single rows; Shelves are the rows of all owners. What is not there is left out.
	Keys    []StockKey
	Shelves []Shelf
	// Presales are locked too, and so are those of the reservations that change.
	Presales []string
	// Locations are read as they are now.
	Locations []string
	// Channels hold on the shelves of Keys and Shelves: what exclusive quotas count there is locked. None: none does, or at the
	// till only. Categories are those of the SKUs, if a policy names one.
	Channels   []string
	Categories map[string]string
	// Open are rows that are made where they are not there, with the organisation of their location.
	Open map[StockKey]string
	// Loads are the days of locations whose capacity may be taken.
	Loads []LoadKey
	// Entries are looked up in the ledger; it is asked with the documents and their reservations in the Book.
	Entries func(b *Book) []Entry
}

// Weight is about how many rows are locked.
func (n Need) Weight() int {
	return 1 + len(n.Documents) + len(n.Keys) + len(n.Shelves) + len(n.Loads) + len(n.Presales)
}

// Elsewhere says that a decision needs rows that are not locked: it has to be made again with them.
type Elsewhere struct{ Document string }

// Error says for whom.
func (e Elsewhere) Error() string { return "the allocation of " + e.Document + " needs other rows" }

// Again asks for another round.
func (Elsewhere) Again() bool { return true }
