package biz

import "context"

// Moment is a time at which what may be promised becomes different though nobody does anything: an outage ends, a sharing
// policy begins or ends. It is stored with what sets it, so that a wake-up survives the process that planned it. One that
// turns out to change nothing, because the outage was extended or the policy ended early, wakes followers for nothing.
type Moment struct {
	AtUS int64
	// StockID is the row that it is about; 0: more than can be listed.
	StockID int64
}

// MomentFinder takes moments that have come.
type MomentFinder interface {
	// TellMoments tells followers of up to limit moments that have come by nowUS, once whatever the number of replicas, and
	// returns how many they were.
	TellMoments(ctx context.Context, nowUS int64, limit int) (int, error)
}

// momentBatch is how many moments are told in a transaction, momentRounds how many transactions a run makes at most.
const (
	momentBatch  = 1000
	momentRounds = 50
)

// TellMoments tells followers of the stock what time alone has changed.
type TellMoments struct {
	Due MomentFinder
	// NowUS is the database's time.
	NowUS func(ctx context.Context) (int64, error)
	// Hit counts that a run has left some for the next.
	Hit func(bound string)
}

// Run tells all that have come, in bounded batches.
func (uc TellMoments) Run(ctx context.Context) error {
	now, err := uc.NowUS(ctx)
	if err != nil {
		return err
	}
	for range momentRounds {
		if n, err := uc.Due.TellMoments(ctx, now, momentBatch); err != nil || n < momentBatch {
			return err
		}
	}
	uc.Hit("moment_rounds")
	return nil
}
