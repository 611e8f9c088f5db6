package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/onepool/onepool/app/inventory/internal/biz/pool"
)

const (
	// loadRange is how many ids one statement reads: each is a short read, so that nothing waits for the load.
	loadRange = 1 << 16
	// loaders read side by side, at most.
	loaders = 4
	// loadBuffer is how many rows of a SKU are gathered before the index is told.
	loadBuffer = 512
)

// loadPool tells the index the whole table, and the position of the log from which it goes on. The table is not read at one
// moment: what changes meanwhile is in the log.
func (s *Store) loadPool(ctx context.Context) error {
	k := &s.pool
	_, position, err := s.ChangeEnds(ctx)
	if err != nil {
		return err
	}
	directory, err := s.Directory(ctx)
	if err != nil {
		return err
	}
	k.charted.Store(&charted{directory, directory.Chart(k.index)}) // numbers follow the places
	if err := s.loadQuotas(ctx); err != nil {
		return err
	}
	var first, last sql.NullInt64
	if err := s.db.Conn(ctx).QueryRowContext(ctx, "SELECT (SELECT MIN(id) FROM stock), (SELECT MAX(id) FROM stock)").Scan(&first, &last); err != nil {
		return fmt.Errorf("read stock: %w", err)
	}
	if first.Valid {
		if err := s.scanPool(ctx, first.Int64, last.Int64); err != nil {
			return fmt.Errorf("read stock: %w", err)
		}
	}
	k.position = position
	k.loads.Add(1)
	return nil
}

// scanPool reads the ids from first to last in ranges, several at a time.
func (s *Store) scanPool(ctx context.Context, first, last int64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var next atomic.Int64
	next.Store(first)
	failures := make([]error, min(loaders, runtime.GOMAXPROCS(0)))
	var group sync.WaitGroup
	for i := range failures {
		group.Go(func() {
			l := loader{index: s.pool.index, numbers: map[string]uint32{}, shelves: map[string]*[]pool.Row{}}
			for {
				from := next.Add(loadRange) - loadRange
				if from > last || ctx.Err() != nil {
					break
				}
				if failures[i] = s.scanRange(ctx, &l, from, min(last, from+loadRange-1)); failures[i] != nil {
					cancel() // the others need not go on
					return
				}
			}
			l.tell()
		})
	}
	group.Wait()
	return errors.Join(errors.Join(failures...), ctx.Err())
}

func (s *Store) scanRange(ctx context.Context, l *loader, from, to int64) error {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, `SELECT sku, location, CASE WHEN owner = org THEN '' ELSE owner END, on_hand - reserved - blocked, safety, outage_until_us, version
		FROM stock WHERE id BETWEEN ? AND ?`, from, to)
	if err != nil {
		return err
	}
	defer rows.Close()
	var sku, location, owner sql.RawBytes
	var free, safety, outage, version any
	into := []any{&sku, &location, &owner, &free, &safety, &outage, &version}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		r := pool.Row{}
		if len(owner) > 0 {
			r.Owner = string(owner)
		}
		left := free.(int64)
		r.Online, r.Till = max(0, left-safety.(int64)), max(0, left)
		r.OutageUntilUS, r.Version = outage.(int64), version.(int64)
		l.add(sku, location, r)
	}
	return rows.Err()
}

// loader gathers rows by SKU.
type loader struct {
	index   *pool.Index
	numbers map[string]uint32
	shelves map[string]*[]pool.Row
}

func (l *loader) add(sku, location []byte, r pool.Row) {
	number, known := l.numbers[string(location)]
	if !known {
		code := string(location)
		number = l.index.Number(code)
		l.numbers[code] = number
	}
	shelf, known := l.shelves[string(sku)]
	if !known {
		shelf = new([]pool.Row)
		l.shelves[string(sku)] = shelf
	}
	r.At = number
	if len(*shelf) > 0 {
		r.SKU = (*shelf)[0].SKU
	} else {
		r.SKU = string(sku)
	}
	if *shelf = append(*shelf, r); len(*shelf) == loadBuffer {
		l.index.Tell(*shelf)
		*shelf = (*shelf)[:0]
	}
}

// tell hands over what is left.
func (l *loader) tell() {
	for _, shelf := range l.shelves {
		l.index.Tell(*shelf)
	}
}
