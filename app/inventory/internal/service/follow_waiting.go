package service

import (
	"context"
	"errors"

	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

const (
	// sweepTurns is how often all that waits is looked at whatever has come: what a location may deliver, and an outage that
	// is over, are in no change log. With a turn a second it stays far below the minute that is promised.
	sweepTurns = 20
	// changesATurn bounds the commits that one turn reads.
	changesATurn = 500
)

// FollowWaiting gives stock as it comes: to documents whose reserved pieces were sold over their heads, and then to those
// that wait. It follows the change log, which misses nothing, from the
// moment at which it begins; what came before, its first turn looks at.
type FollowWaiting struct {
	waiting  biz.AllocateWaiting
	relieve  biz.Relieve
	store    *data.Store
	position int64
	turns    int
}

// Follow begins anew.
func (w Workers) Follow() *FollowWaiting {
	return &FollowWaiting{waiting: w.Waiting, relieve: w.Relieve, store: w.store}
}

// Turn moves and allocates what can be now, and says how many documents were allocated.
func (f *FollowWaiting) Turn(ctx context.Context) (int, error) {
	sweep := f.turns%sweepTurns == 0
	f.turns++
	if sweep {
		_, last, err := f.store.ChangeEnds(ctx)
		if err != nil {
			return 0, err
		}
		f.position = max(f.position, last)
		return f.run(ctx, nil)
	}
	rose := map[string]bool{}
	changes, err := f.store.ChangesAfter(ctx, f.position, changesATurn)
	if err != nil {
		return 0, err
	}
	for _, c := range changes {
		for _, r := range c.Rows {
			if r.OnHand-r.Reserved-r.SafetyStock > 0 {
				rose[r.Key.SKU] = true
			}
		}
	}
	if len(rose) == 0 {
		f.seen(changes)
		return 0, nil
	}
	n, err := f.run(ctx, rose)
	if err == nil { // otherwise they are looked at again
		f.seen(changes)
	}
	return n, err
}

func (f *FollowWaiting) run(ctx context.Context, rose map[string]bool) (int, error) {
	_, relieved := f.relieve.Run(ctx, rose)
	n, err := f.waiting.Run(ctx, rose)
	return n, errors.Join(relieved, err)
}

func (f *FollowWaiting) seen(changes []data.Change) {
	if n := len(changes); n > 0 {
		f.position = changes[n-1].Position
	}
}
