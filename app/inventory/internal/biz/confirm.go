package biz

import "context"

// ConfirmHold takes the deadlines of a paid document away.
//
// It never refuses: what expired before the payment was known is held again at the same place, even if the books do not
// have it any more; the gap is then listed. A document that was released stays released.
type ConfirmHold struct{ Writer StockWriter }

// Decide confirms inside the transaction.
func (uc ConfirmHold) Decide(ctx context.Context, actor, document string) error {
	book, open, err := open(ctx, uc.Writer, actor, document, func(_ *Book, r *Reservation) bool {
		return r.state == Held || r.state == Expired
	})
	if err != nil {
		return err
	}
	for _, r := range open {
		if err := book.Confirm(r); err != nil {
			return err
		}
	}
	return uc.Writer.Write(ctx, book.Changes())
}
