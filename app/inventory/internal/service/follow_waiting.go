package service

import (
	"context"

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

// FollowWaiting gives stock to documents that wait as it comes. It follows the change log, which misses nothing, from the
// moment at which it begins; what came before, its first turn looks at.
type FollowWaiting struct {
	waiting  biz.AllocateWaiting
	store    *data.Store
	position int64
	turns    int
}

// Follow begins anew.
func (w Workers) Follow() *FollowWaiting { return &FollowWaiting{waiting: w.Waiting, store: w.store} }

// Turn allocates what can be now, and says how many documents that were.
func (f *FollowWaiting) Turn(ctx context.Context) (int, error) {
	sweep := f.turns%sweepTurns == 0
	f.turns++
	if sweep {
		_, last, err := f.store.ChangeEnds(ctx)
		if err != nil {
			return 0, err
		}
		f.position = max(f.position, last)
		return f.waiting.Run(ctx, nil)
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
	n, err := f.waiting.Run(ctx, rose)
	if err == nil { // otherwise they are looked at again
		f.seen(changes)
	}
	return n, err
}

func (f *FollowWaiting) seen(changes []data.Change) {
	if n := len(changes); n > 0 {
		f.position = changes[n-1].Position
	}
}
