package data

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	dayUS = 86_400 * 1_000_000
	// servedAge is how old the counts of the running day may be.
	servedAge = time.Minute
	// settledUS after its end a day's counts do not change any more: no transaction that began in it is still open.
	settledUS = 3_600 * 1_000_000
)

// servedCounts are the documents that each organisation's locations have been given, by day (UTC). Days that are over are
// counted once.
type servedCounts struct {
	mu      sync.Mutex
	over    map[int64]map[string]int64
	days    int64 // of the window
	sum     map[string]int64
	counted time.Time
}

// Served counts the documents that each organisation's locations have been given in a window of days that ends now, up to a
// minute ago. It must not be called inside a transaction.
func (s *Store) Served(ctx context.Context, days int64) (map[string]int64, error) {
	c := &s.served
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sum != nil && c.days == days && time.Since(c.counted) < servedAge {
		return c.sum, nil
	}
	counted := time.Now()
	now, err := s.db.Now(ctx)
	if err != nil {
		return nil, err
	}
	today := now / dayUS
	over, sum := map[int64]map[string]int64{}, map[string]int64{}
	for day := today - days + 1; day <= today; day++ {
		served := c.over[day]
		if served == nil {
			if served, err = s.servedOn(ctx, day); err != nil {
				return nil, err
			}
		}
		if (day+1)*dayUS+settledUS < now {
			over[day] = served
		}
		for org, n := range served {
			sum[org] += n
		}
	}
	c.over, c.days, c.sum, c.counted = over, days, sum, counted
	return sum, nil
}

// servedOn counts one day, by the index of when documents were given to whom.
func (s *Store) servedOn(ctx context.Context, day int64) (map[string]int64, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT org, COUNT(DISTINCT document) FROM reservations WHERE created_us >= ? AND created_us < ? GROUP BY org", day*dayUS, (day+1)*dayUS)
	if err != nil {
		return nil, fmt.Errorf("count what was given: %w", err)
	}
	defer rows.Close()
	served := map[string]int64{}
	for rows.Next() {
		var org string
		var n int64
		if err := rows.Scan(&org, &n); err != nil {
			return nil, fmt.Errorf("count what was given: %w", err)
		}
		served[org] = n
	}
	return served, rows.Err()
}
