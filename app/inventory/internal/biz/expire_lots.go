package biz

import "context"

// LotFinder finds lots whose time has come.
type LotFinder interface {
	// DueLots names the rows of lots that are expired and not blocked, at most limit.
	DueLots(ctx context.Context, nowUS int64, limit int) ([]StockKey, error)
}

// BlockExpired blocks lots whose time has come, by the database's clock, so that what may be promised is known without a
// lock. Under the lock a lot is blocked at that very moment, whether this has run or not. Several may run.
type BlockExpired struct {
	Due    LotFinder
	Writer StockWriter
	// InTx runs a batch in a transaction of its own.
	InTx func(ctx context.Context, fn func(ctx context.Context) error) error
	// NowUS is the database's time.
	NowUS func(ctx context.Context) (int64, error)
	// Hit counts that a run has left some for the next.
	Hit func(bound string)
}

const (
	blockBatch  = 100 // rows a transaction
	blockRounds = 50
)

// Run blocks what is due, in bounded batches.
func (uc BlockExpired) Run(ctx context.Context) error {
	for range blockRounds {
		now, err := uc.NowUS(ctx)
		if err != nil {
			return err
		}
		keys, err := uc.Due.DueLots(ctx, now, blockBatch)
		if err != nil || len(keys) == 0 {
			return err
		}
		err = uc.InTx(ctx, func(ctx context.Context) error {
			book, err := uc.Writer.Open(ctx, "service:inventory-lots")
			if err != nil {
				return err
			}
			if err := uc.Writer.LockStock(ctx, book, keys, nil); err != nil {
				return err
			}
			return uc.Writer.Write(ctx, book.Changes())
		})
		if err != nil {
			return err
		}
	}
	uc.Hit("block_rounds")
	return nil
}
