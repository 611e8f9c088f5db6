package biz

// ConfirmHold takes the deadlines of a paid document away.
//
// It never refuses: what expired before the payment was known is held again at the same place, even if the books do not
// have it any more; the gap is then listed. A document that was released stays released.
type ConfirmHold struct{}

// Need locks the document and the rows of what is held or expired.
func (ConfirmHold) Need(document string) Need {
	return Need{Documents: []DocumentLock{{Document: document}}, Touches: func(r *Reservation, _ int64) bool { return confirmable(r) }}
}

func confirmable(r *Reservation) bool { return r.state == Held || r.state == Expired }

// Decide confirms on the Book.
func (ConfirmHold) Decide(book *Book, actor, document string) error {
	book.As(actor)
	for _, r := range book.Of(document) {
		if !confirmable(r) {
			continue
		}
		if err := book.Confirm(r); err != nil {
			return err
		}
	}
	return nil
}
