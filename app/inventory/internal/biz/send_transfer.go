package biz

import "context"

// SendTransferInput says what leaves. Nothing named: all that is wanted.
type SendTransferInput struct {
	Request, ID string
	Version     int64 // that the caller has seen; 0: any
	Lines       []Sending
	ExpectedUS  int64
}

// SendTransfer books goods out at one location and on their way to another.
type SendTransfer struct{ Moves }

// Decide books it inside the transaction. It refuses with Short where the shelf has less that nobody holds.
func (uc SendTransfer) Decide(ctx context.Context, by Caller, in SendTransferInput) (TransferRow, error) {
	t, book, err := uc.lock(ctx, by, in.ID, in.Version, func(by Caller, t *Transfer) error { return t.atSource(by) })
	if err != nil {
		return TransferRow{}, err
	}
	sendings, err := t.send(in.Lines, in.ExpectedUS, by.Name, book.NowUS())
	if err != nil {
		return TransferRow{}, err
	}
	if err := uc.lockRows(ctx, book, t, func(i int) bool { return t.row.Lines[i].Sent > 0 }); err != nil {
		return TransferRow{}, err
	}
	for i, s := range sendings {
		l := &t.row.Lines[s.Line-1]
		if book.Stock(t.source(*l)) == nil {
			return TransferRow{}, Short{SKU: l.SKU, Wanted: s.Quantity}
		}
		m := Movement{Document: t.row.ID, Ref: t.ref(i), Note: t.row.Note, Request: in.Request, Batch: s.Batch}
		list, err := book.Send(t.source(*l), t.target(*l), s.Quantity, m)
		if err != nil {
			return TransferRow{}, err
		}
		l.load(list)
	}
	return uc.store(ctx, book, t)
}
