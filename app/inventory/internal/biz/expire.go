package biz

import "context"

const (
	expireBatch  = 100 // documents a transaction
	expireRounds = 50  // transactions a run; what is left goes with the next
)

// Expire frees what was held past its deadline, by the database's clock. Several may run: the document's lock decides who
// frees it, and a reservation that has left the state Held is not due any more.
type Expire struct {
	Due    DueFinder
	Writer StockWriter
	// InTx runs a batch in a transaction of its own.
	InTx func(ctx context.Context, fn func(ctx context.Context) error) error
	// NowUS is the database's time.
	NowUS func(ctx context.Context) (int64, error)
	// Hit counts that a run has left some for the next.
	Hit func(bound string)
}

// Run frees what is due, in bounded batches, and says how many reservations that were.
func (uc Expire) Run(ctx context.Context) (int, error) {
	total := 0
	for range expireRounds {
		now, err := uc.NowUS(ctx)
		if err != nil {
			return total, err
		}
		documents, err := uc.Due.DueDocuments(ctx, now, expireBatch)
		if err != nil || len(documents) == 0 {
			return total, err
		}
		freed := 0
		err = uc.InTx(ctx, func(ctx context.Context) (err error) {
			freed, err = uc.Decide(ctx, documents)
			return err
		})
		if err != nil {
			return total, err
		}
		if total += freed; len(documents) < expireBatch {
			return total, nil
		}
	}
	uc.Hit("expire_rounds")
	return total, nil
}

// Decide frees the due reservations of these documents inside the transaction.
func (uc Expire) Decide(ctx context.Context, documents []string) (int, error) {
	book, err := uc.Writer.Open(ctx, "service:inventory-expiry")
	if err != nil {
		return 0, err
	}
	locks := make([]DocumentLock, len(documents))
	for i, d := range documents {
		locks[i].Document = d
	}
	if err := uc.Writer.LockDocuments(ctx, book, locks); err != nil {
		return 0, err
	}
	var due []*Reservation
	var keys []StockKey
	for _, d := range documents {
		for _, r := range book.Of(d) {
			if r.Due(book.NowUS()) {
				due, keys = append(due, r), append(keys, r.terms.Key)
			}
		}
	}
	if err := uc.Writer.LockStock(ctx, book, sortKeys(keys), nil); err != nil {
		return 0, err
	}
	for _, r := range due {
		if err := book.Expire(r); err != nil {
			return 0, err
		}
	}
	return len(due), uc.Writer.Write(ctx, book.Changes())
}
