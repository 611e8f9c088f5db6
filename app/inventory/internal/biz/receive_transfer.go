package biz

import "context"

// ReceiveTransferInput says what arrived. Last: nothing more will come.
type ReceiveTransferInput struct {
	Request, ID string
	Version     int64
	Lines       []Arrival
	Last        bool
}

// ReceiveTransfer books what has arrived, all of it or a part. What is missing leaves the books as a loss, and a person finds
// it in the list of discrepancies.
type ReceiveTransfer struct{ Moves }

// Decide books it inside the transaction.
func (uc ReceiveTransfer) Decide(ctx context.Context, by Caller, in ReceiveTransferInput) (TransferRow, error) {
	t, book, err := uc.lock(ctx, by, in.ID, in.Version, func(by Caller, t *Transfer) error { return t.atTarget(by) })
	if err != nil {
		return TransferRow{}, err
	}
	added, err := t.receive(in.Lines, in.Last, by.Name, book.NowUS())
	if err != nil {
		return TransferRow{}, err
	}
	if err := uc.lockRows(ctx, book, t, func(i int) bool { return added[i] != Arrival{} }); err != nil {
		return TransferRow{}, err
	}
	for i := range t.row.Lines {
		l, a := &t.row.Lines[i], added[i]
		if (a == Arrival{}) {
			continue
		}
		m := Movement{Document: t.row.ID, Ref: t.ref(i), Request: in.Request}
		came := Arrived{Received: l.off(a.Received), Damaged: l.off(a.Damaged), Missing: l.off(a.Missing)}
		if err := book.Arrive(t.target(*l), came, m); err != nil {
			return TransferRow{}, err
		}
	}
	return uc.store(ctx, book, t)
}
