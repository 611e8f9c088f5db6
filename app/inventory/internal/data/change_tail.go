package data

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// tailAge is how old the log's last position may be for those who wait: far below the second within which a change shows,
// and one look for all who wait in this process. A commit's own signal would be no help: a position comes after it.
const tailAge = 100 * time.Millisecond

// changeTail is the last position of the log, as it was a moment ago.
type changeTail struct {
	mu   sync.Mutex
	seen time.Time
	last int64
}

// AwaitChange says whether a position after this one was given before ctx ended, by whatever replica.
func (s *Store) AwaitChange(ctx context.Context, after int64) (bool, error) {
	tick := time.NewTicker(tailAge)
	defer tick.Stop()
	for {
		last, err := s.lastChange(ctx)
		switch {
		case ctx.Err() != nil:
			return false, nil
		case err != nil:
			return false, err
		case last > after:
			return true, nil
		}
		select {
		case <-ctx.Done():
			return false, nil
		case <-tick.C:
		}
	}
}

func (s *Store) lastChange(ctx context.Context) (int64, error) {
	t := &s.tail
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.seen) < tailAge {
		return t.last, nil
	}
	seen := time.Now()
	var last int64
	if err := s.db.Conn(ctx).QueryRowContext(ctx, "SELECT COALESCE(MAX(position), 0) FROM stock_changes").Scan(&last); err != nil {
		return 0, fmt.Errorf("end of the change log: %w", err)
	}
	t.seen, t.last = seen, last
	return last, nil
}
