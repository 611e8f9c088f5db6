package biz

import (
	"context"
	"slices"
)

const (
	serveBatch = 100 // reservations that are served in one transaction
	serveRows  = 200 // stock rows of a run; what is left goes with the next
)

// ServeWaiting gives stock that has come in to those who wait for it (presales), paid ones first, then the oldest. It takes only
// what nobody holds. Several may run: the locks decide who serves.
type ServeWaiting struct {
	Waiting WaitingFinder
	// Together runs a decision on a Book, in a transaction that may be shared with others.
	Together func(ctx context.Context, need Need, fn func(*Book) error) error
	// Hit counts that a run has left some for the next.
	Hit func(bound string)
}

// WaitingFinder finds reservations that wait for stock to arrive.
type WaitingFinder interface {
	// WaitingFor returns documents with reservations that wait for these rows, those who are served first first, at most
	// limit.
	WaitingFor(ctx context.Context, keys []StockKey, limit int) ([]string, error)
	// Servable returns stock rows that have something nobody holds and for which somebody waits, at most limit.
	Servable(ctx context.Context, limit int) ([]StockKey, error)
}

// Run serves all that can be served, in bounded batches, and says how many pieces that were.
func (uc ServeWaiting) Run(ctx context.Context) (int64, error) {
	keys, err := uc.Waiting.Servable(ctx, serveRows)
	if err != nil {
		return 0, err
	}
	if len(keys) == serveRows {
		uc.Hit("serve_rows")
	}
	total := int64(0)
	for _, key := range keys {
		documents, err := uc.Waiting.WaitingFor(ctx, []StockKey{key}, serveBatch)
		if err != nil {
			return total, err
		}
		need := Need{Keys: []StockKey{key}}
		for _, d := range documents {
			need.Documents = append(need.Documents, DocumentLock{Document: d})
		}
		served := int64(0)
		err = uc.Together(ctx, need, func(book *Book) (err error) {
			book.As(servingActor)
			served, err = book.Serve(need.Keys)
			return err
		})
		if err != nil {
			return total, err
		}
		total += served
	}
	return total, nil
}

// servingActor is named in the history.
const servingActor = "service:inventory-arrivals"

// lockWaiting locks the documents that wait for these rows. It comes before the rows' own locks.
func lockWaiting(ctx context.Context, waiting WaitingFinder, w StockWriter, book *Book, keys []StockKey) error {
	documents, err := waiting.WaitingFor(ctx, keys, serveBatch)
	if err != nil || len(documents) == 0 {
		return err
	}
	locks := make([]DocumentLock, len(documents))
	for i, d := range documents {
		locks[i].Document = d
	}
	return w.LockDocuments(ctx, book, locks)
}

// Serve gives what is there of locked rows to those of locked documents who wait for it, and says how many pieces that were.
func (b *Book) Serve(keys []StockKey) (int64, error) {
	var waiting []*Reservation
	for _, r := range b.reservations {
		if r.Waits() && r.open > 0 && slices.Contains(keys, r.terms.Key) {
			waiting = append(waiting, r)
		}
	}
	slices.SortFunc(waiting, servedFirst)
	served := int64(0)
	for _, r := range waiting {
		qty, err := b.serve(r)
		if err != nil {
			return served, err
		}
		served += qty
	}
	return served, nil
}
