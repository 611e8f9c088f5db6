package biz

import (
	"cmp"
	"context"
	"slices"
)

// DecideInput is a decision about a stocktake. Version is what the caller has seen; 0: any.
type DecideInput struct {
	Request, ID string
	Version     int64
	Recount     bool // of a rejection: it is counted again
}

// DecideStocktake approves, rejects or cancels a stocktake. However it ends, what was frozen is not any more.
type DecideStocktake struct{ Counting }

// Approve books the differences inside the transaction. Those of goods of another owner need headquarters.
func (uc DecideStocktake) Approve(ctx context.Context, by Caller, in DecideInput) (StocktakeRow, error) {
	s, book, err := uc.lock(ctx, by, in.ID, in.Version, Caller.MayDecide)
	if err != nil {
		return StocktakeRow{}, err
	}
	if err := s.enter(StocktakeApproved, book.NowUS()); err != nil {
		return StocktakeRow{}, err
	}
	if err := uc.second(ctx, by, s); err != nil {
		return StocktakeRow{}, err
	}
	lines, err := uc.Stocktakes.LinesOf(ctx, in.ID)
	if err != nil {
		return StocktakeRow{}, err
	}
	var differing []StocktakeLine
	for _, l := range lines {
		if l.Difference = l.Differs(); l.Difference == 0 {
			continue
		}
		if err := by.MayName(l.Owner, s.at()); err != nil {
			return StocktakeRow{}, err
		}
		differing = append(differing, l)
	}
	// What was found first, so that what is missing is never taken from what the row does not have yet.
	slices.SortStableFunc(differing, func(x, y StocktakeLine) int { return cmp.Compare(y.Difference, x.Difference) })
	touched := differing
	if s.row.Frozen {
		touched = lines
	}
	if err := uc.Writer.LockStock(ctx, book, lineKeys(s.row.Location, touched), nil); err != nil {
		return StocktakeRow{}, err
	}
	for _, l := range differing {
		m := Movement{Reason: ReasonStocktake, Document: in.ID, Ref: l.Batch, Note: s.row.Note, Batch: l.Batch, Request: in.Request}
		if err := book.Count(StockKey{l.SKU, s.row.Location, l.Owner}, l.Difference, m); err != nil {
			return StocktakeRow{}, err
		}
	}
	s.row.DecidedBy = by.Name
	if err := uc.end(ctx, book, s, lines); err != nil {
		return StocktakeRow{}, err
	}
	return s.row, uc.Stocktakes.SaveDifferences(ctx, in.ID, differing)
}

// Reject books nothing inside the transaction: it is counted again, or it is over.
func (uc DecideStocktake) Reject(ctx context.Context, by Caller, in DecideInput) (StocktakeRow, error) {
	s, book, err := uc.lock(ctx, by, in.ID, in.Version, Caller.MayDecide)
	if err != nil {
		return StocktakeRow{}, err
	}
	if s.row.State != StocktakeSubmitted {
		return StocktakeRow{}, WrongState{"stocktake", s.row.State.String()}
	}
	if err := uc.second(ctx, by, s); err != nil {
		return StocktakeRow{}, err
	}
	if in.Recount {
		if err := s.enter(StocktakeCounting, book.NowUS()); err != nil {
			return StocktakeRow{}, err
		}
		s.row.SubmittedBy = ""
		return s.row, uc.Stocktakes.SaveStocktake(ctx, s.row)
	}
	return uc.over(ctx, by, s, book, StocktakeRejected)
}

// Cancel ends it inside the transaction.
func (uc DecideStocktake) Cancel(ctx context.Context, by Caller, in DecideInput) (StocktakeRow, error) {
	s, book, err := uc.lock(ctx, by, in.ID, in.Version, Caller.MayDecide)
	if err != nil {
		return StocktakeRow{}, err
	}
	return uc.over(ctx, by, s, book, StocktakeCancelled)
}

func (uc DecideStocktake) over(ctx context.Context, by Caller, s *Stocktake, book *Book, to StocktakeState) (StocktakeRow, error) {
	if err := s.enter(to, book.NowUS()); err != nil {
		return StocktakeRow{}, err
	}
	lines, err := uc.Stocktakes.LinesOf(ctx, s.row.ID)
	if err != nil {
		return StocktakeRow{}, err
	}
	s.row.DecidedBy = by.Name
	return s.row, uc.end(ctx, book, s, lines)
}

// EndFreezes ends stocktakes that have kept stock from being promised for too long. Several may run.
type EndFreezes struct {
	Counting
	// InTx runs one in a transaction of its own.
	InTx func(ctx context.Context, fn func(ctx context.Context) error) error
	// NowUS is the database's time.
	NowUS func(ctx context.Context) (int64, error)
}

// endFreezesBatch bounds a run; what is left goes with the next.
const endFreezesBatch = 20

// Run ends those that are due and says how many it was.
func (uc EndFreezes) Run(ctx context.Context) (int, error) {
	now, err := uc.NowUS(ctx)
	if err != nil {
		return 0, err
	}
	due, err := uc.Stocktakes.FrozenBefore(ctx, now-FreezeMost.Microseconds(), endFreezesBatch)
	if err != nil {
		return 0, err
	}
	ended := 0
	for _, id := range due {
		err := uc.InTx(ctx, func(ctx context.Context) error {
			s, err := uc.Stocktakes.LockStocktake(ctx, id)
			if err != nil || !s.row.State.Open() { // somebody has decided meanwhile
				return err
			}
			by := Caller{Name: "service:inventory-stocktakes"}
			book, err := uc.Writer.Open(ctx, by.Name)
			if err != nil {
				return err
			}
			ended++
			_, err = DecideStocktake{uc.Counting}.over(ctx, by, s, book, StocktakeCancelled)
			return err
		})
		if err != nil {
			return ended, err
		}
	}
	return ended, nil
}
