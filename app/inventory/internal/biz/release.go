package biz

import "context"

// Release gives the stock of a document back to the pool.
type Release struct{ Writer StockWriter }

// Decide releases all that is open: the document was cancelled. A document that holds nothing is fine.
func (uc Release) Decide(ctx context.Context, actor, document string) (int64, error) {
	return uc.release(ctx, actor, document, func(*Reservation) bool { return true })
}

// Undo releases what a distributed transaction held and nobody has confirmed; an empty gid stands for all of them.
func (uc Release) Undo(ctx context.Context, actor, document, gid string) (int64, error) {
	return uc.release(ctx, actor, document, func(r *Reservation) bool {
		return r.state == Held && (gid == "" || r.terms.GID == gid)
	})
}

func (uc Release) release(ctx context.Context, actor, document string, which func(*Reservation) bool) (int64, error) {
	book, open, err := open(ctx, uc.Writer, actor, document, func(_ *Book, r *Reservation) bool { return r.open > 0 && which(r) })
	if err != nil {
		return 0, err
	}
	var released int64
	for _, r := range open {
		qty, err := book.Release(r)
		if err != nil {
			return 0, err
		}
		released += qty
	}
	return released, uc.Writer.Write(ctx, book.Changes())
}
