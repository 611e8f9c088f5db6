package biz

import "context"

// CancelTransferInput ends a transfer.
type CancelTransferInput struct {
	Request, ID string
	Version     int64
}

// CancelTransfer ends a transfer that was not sent, as either side may; or takes what has not arrived back to where it came
// from, as the side that sent may.
type CancelTransfer struct{ Moves }

// Decide ends it inside the transaction.
func (uc CancelTransfer) Decide(ctx context.Context, by Caller, in CancelTransferInput) (TransferRow, error) {
	t, book, err := uc.lock(ctx, by, in.ID, in.Version, func(by Caller, t *Transfer) error {
		err := t.atSource(by)
		if err != nil && !t.row.State.OnItsWay() && t.atTarget(by) == nil {
			return nil
		}
		return err
	})
	if err != nil {
		return TransferRow{}, err
	}
	back, err := t.cancel(by.Name, book.NowUS())
	if err != nil {
		return TransferRow{}, err
	}
	if err := uc.lockRows(ctx, book, t, func(i int) bool { return back[i] > 0 }); err != nil {
		return TransferRow{}, err
	}
	for i := range t.row.Lines {
		l := &t.row.Lines[i]
		if back[i] == 0 {
			continue
		}
		m := Movement{Document: t.row.ID, Ref: t.ref(i), Request: in.Request}
		if err := book.SendBack(t.source(*l), t.target(*l), l.off(back[i]), m); err != nil {
			return TransferRow{}, err
		}
	}
	return uc.store(ctx, book, t)
}
