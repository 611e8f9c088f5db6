package biz

import "context"

// SubmitInput ends the counting. LeaveOut: lines that nobody has counted are not corrected.
type SubmitInput struct {
	ID       string
	LeaveOut bool
}

// SubmitStocktake ends the counting, and names what was missed.
type SubmitStocktake struct{ Counting }

// Decide submits it inside the transaction.
func (uc SubmitStocktake) Decide(ctx context.Context, by Caller, in SubmitInput) (StocktakeRow, error) {
	s, book, err := uc.lock(ctx, by, in.ID, 0, Caller.MayBook)
	if err != nil {
		return StocktakeRow{}, err
	}
	if err := s.enter(StocktakeSubmitted, book.NowUS()); err != nil {
		return StocktakeRow{}, err
	}
	lines, err := uc.Stocktakes.LinesOf(ctx, in.ID)
	if err != nil {
		return StocktakeRow{}, err
	}
	missed := Incomplete{}
	for _, l := range lines {
		if l.Counted != nil {
			continue
		}
		if missed.Missed++; missed.SKU == "" {
			missed.SKU = l.SKU
		}
	}
	if missed.Missed == len(lines) || missed.Missed > 0 && !in.LeaveOut {
		return StocktakeRow{}, missed
	}
	s.row.SubmittedBy = by.Name
	return s.row, uc.Stocktakes.SaveStocktake(ctx, s.row)
}
