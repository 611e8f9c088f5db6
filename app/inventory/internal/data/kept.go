package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// keptAge is how old a table in memory may be before its generation is looked at again: with the time of a read it stays
// below the second that is promised.
const keptAge = 500 * time.Millisecond

// kept holds a small table in memory. What it says are hints, so replicas need not agree at every moment: whoever changes
// the table counts its generation up in the same commit, and all others see that.
type kept[T any] struct {
	of      string     // the generation's id
	mu      sync.Mutex // one loads, the others wait
	current atomic.Pointer[keptValue[T]]
	stale   atomic.Bool // this process has just changed it
}

type keptValue[T any] struct {
	value      T
	generation int64
	checked    time.Time
}

func (k *kept[T]) fresh() *keptValue[T] {
	if v := k.current.Load(); v != nil && !k.stale.Load() && time.Since(v.checked) < keptAge {
		return v
	}
	return nil
}

// get returns the table as it was less than a second ago; load reads it in a snapshot. It must not be called inside a
// transaction.
func (k *kept[T]) get(ctx context.Context, s *Store, load func(ctx context.Context) (T, error)) (value T, err error) {
	if v := k.fresh(); v != nil {
		return v.value, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if v := k.fresh(); v != nil {
		return v.value, nil
	}
	v := k.current.Load()
	next := &keptValue[T]{checked: time.Now()}
	k.stale.Store(false)
	next.generation, err = s.generation(ctx, k.of)
	switch {
	case err != nil:
	case v != nil && v.generation == next.generation:
		next.value = v.value
	default:
		err = s.db.InSnapshot(ctx, func(ctx context.Context) (err error) {
			if next.generation, err = s.generation(ctx, k.of); err != nil {
				return err
			}
			next.value, err = load(ctx)
			return err
		})
	}
	if err != nil {
		k.stale.Store(true)
		return value, fmt.Errorf("load %s: %w", k.of, err)
	}
	k.current.Store(next)
	return next.value, nil
}

// changed counts the generation up in the context's transaction, which has locked it.
func (k *kept[T]) changed(ctx context.Context, s *Store) error {
	if _, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE generations SET number = number + 1 WHERE id = ?", k.of); err != nil {
		return fmt.Errorf("change %s: %w", k.of, err)
	}
	return s.db.AfterCommit(ctx, func() { k.stale.Store(true) })
}

func (s *Store) generation(ctx context.Context, of string) (number int64, err error) {
	err = s.db.Conn(ctx).QueryRowContext(ctx, "SELECT number FROM generations WHERE id = ?", of).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return number, err
}

// generations reads several; what has never changed is 0.
func (s *Store) generations(ctx context.Context, of ...string) (map[string]int64, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT id, number FROM generations WHERE id IN ("+marks(len(of))+")", anys(of)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	numbers := make(map[string]int64, len(of))
	for rows.Next() {
		var id string
		var number int64
		if err := rows.Scan(&id, &number); err != nil {
			return nil, err
		}
		numbers[id] = number
	}
	return numbers, rows.Err()
}

// lockGeneration lets one change a table at a time, until the transaction ends.
func (s *Store) lockGeneration(ctx context.Context, of string) error {
	q := s.db.Conn(ctx)
	if _, err := q.ExecContext(ctx, "INSERT INTO generations (id, number) VALUES (?, 0)"+s.orIgnore("id"), of); err != nil {
		return err
	}
	var number int64
	return q.QueryRowContext(ctx, "SELECT number FROM generations WHERE id = ?"+s.db.ForUpdate(), of).Scan(&number)
}
