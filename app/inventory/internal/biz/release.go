package biz

// Release gives the stock of a document back to the pool.
type Release struct{}

// Need locks the document and the rows of what is open.
func (Release) Need(document string) Need {
	return Need{Documents: []DocumentLock{{Document: document}}, Touches: func(r *Reservation, _ int64) bool { return r.open > 0 }}
}

// Decide releases all that is open: the document was cancelled. A document that holds nothing is fine.
func (uc Release) Decide(book *Book, actor, document string) (int64, error) {
	released, err := uc.release(book, actor, document, func(*Reservation) bool { return true })
	if err != nil {
		return 0, err
	}
	return released, uc.stop(book, document, "")
}

// Undo releases what a distributed transaction held and nobody has confirmed; an empty gid stands for all of them.
func (uc Release) Undo(book *Book, actor, document, gid string) (int64, error) {
	released, err := uc.release(book, actor, document, func(r *Reservation) bool {
		return r.state == Held && (gid == "" || r.terms.GID == gid)
	})
	if err != nil {
		return 0, err
	}
	return released, uc.stop(book, document, gid)
}

// stop ends the wait of a document, of the transaction gid if one is named.
func (Release) stop(book *Book, document, gid string) error {
	d := book.Document(document)
	if d == nil || d.state == Settled || gid != "" && d.asked != nil && d.asked.GID != gid {
		return nil
	}
	return book.enter(d, Settled)
}

func (Release) release(book *Book, actor, document string, which func(*Reservation) bool) (int64, error) {
	book.As(actor)
	var released int64
	for _, r := range book.Of(document) {
		if r.open == 0 || !which(r) {
			continue
		}
		qty, err := book.Release(r)
		if err != nil {
			return 0, err
		}
		released += qty
	}
	return released, nil
}
