package biz

import "context"

// open starts a Book with the locks of one document, its reservations, and the stock rows of those that keep accepts.
func open(ctx context.Context, w StockWriter, actor, document string, keep func(*Book, *Reservation) bool) (*Book, []*Reservation, error) {
	book, err := w.Open(ctx, actor)
	if err != nil {
		return nil, nil, err
	}
	if err := w.LockDocuments(ctx, book, []DocumentLock{{Document: document}}); err != nil {
		return nil, nil, err
	}
	var kept []*Reservation
	var keys []StockKey
	for _, r := range book.Of(document) {
		if keep(book, r) {
			kept = append(kept, r)
			keys = append(keys, r.terms.Key)
		}
	}
	return book, kept, w.LockStock(ctx, book, sortKeys(keys), nil)
}
