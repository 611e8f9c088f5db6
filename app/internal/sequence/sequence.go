// Package sequence numbers the rows of a feed, so that readers can follow it.
//
// Neither ids nor times order commits: a row with a smaller id may become visible later, and a reader that remembers the
// last id would miss it. So a feed's rows are committed without a position, and get one afterwards, here.
//
// Always true:
//   - Positions of a feed are 1, 2, 3, ... without gaps, each given once, also after rows were purged.
//   - A reader that has seen position n and reads on from n + 1 misses nothing, ever: a position becomes visible after all
//     smaller ones.
//   - Any number of processes may call Assign; the row of the feed's counter lets one work at a time.
//   - Among the rows of one batch, positions follow OrderBy. Rows that were committed in different batches may differ from
//     it: order is promised per aggregate only, by what the rows say.
package sequence

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/onepool/onepool/app/internal/database"
)

const (
	batchSize    = 256
	pollInterval = 200 * time.Millisecond
	pauseOnError = time.Second
	turnTime     = 10 * time.Second
)

// Feed is a table with a nullable, unique column position. All names are written by the programmer.
type Feed struct {
	Table   string
	ID      string // column of the primary key, a string
	OrderBy string // e.g. "created_us, id"
	Topic   string // of database.Signal: wakes Run; empty for none
}

// Assign numbers up to one batch of rows and returns how many.
func Assign(ctx context.Context, db *database.DB, f Feed) (n int, err error) {
	// A look first: an idle sequencer must not take SQLite's write lock.
	var found int
	err = db.Conn(ctx).QueryRowContext(ctx, "SELECT 1 FROM "+f.Table+" WHERE position IS NULL LIMIT 1").Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("sequence of %s: %w", f.Table, err)
	}
	err = db.InTx(ctx, func(ctx context.Context) error {
		n, err = f.assign(ctx, db)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sequence of %s: %w", f.Table, err)
	}
	return n, nil
}

func (f Feed) assign(ctx context.Context, db *database.DB) (int, error) {
	last, err := f.counter(ctx, db)
	if err != nil {
		return 0, err
	}
	ids, err := f.waiting(ctx, db)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	q := db.Conn(ctx)
	var set strings.Builder
	args := make([]any, 0, 3*len(ids))
	for i, id := range ids {
		set.WriteString(" WHEN ? THEN ?")
		args = append(args, id, last+int64(i)+1)
	}
	args = append(args, ids...)
	_, err = q.ExecContext(ctx, "UPDATE "+f.Table+" SET position = CASE "+f.ID+set.String()+" END WHERE position IS NULL AND "+f.ID+" IN (?"+strings.Repeat(", ?", len(ids)-1)+")", args...)
	if err != nil {
		return 0, err
	}
	_, err = q.ExecContext(ctx, "UPDATE sequences SET last = ? WHERE name = ?", last+int64(len(ids)), f.Table)
	return len(ids), err
}

// counter locks the feed's row and returns the last position. The first caller makes the row.
func (f Feed) counter(ctx context.Context, db *database.DB) (last int64, err error) {
	q := db.Conn(ctx)
	read := func() error {
		return q.QueryRowContext(ctx, "SELECT last FROM sequences WHERE name = ?"+db.ForUpdate(), f.Table).Scan(&last)
	}
	if err = read(); errors.Is(err, sql.ErrNoRows) {
		_, err = q.ExecContext(ctx, "INSERT INTO sequences (name, last) VALUES (?, 0)", f.Table)
		if err == nil || database.IsUniqueViolation(err) {
			err = read()
		}
	}
	return last, err
}

func (f Feed) waiting(ctx context.Context, db *database.DB) (ids []any, err error) {
	rows, err := db.Conn(ctx).QueryContext(ctx, "SELECT "+f.ID+" FROM "+f.Table+" WHERE position IS NULL ORDER BY "+f.OrderBy+" LIMIT ?", batchSize)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Run numbers rows until ctx ends: at once after a signal of the feed's topic, else by polling.
func Run(ctx context.Context, db *database.DB, f Feed, report func(context.Context, error)) {
	var wake <-chan struct{}
	if f.Topic != "" {
		wake = db.Signals(f.Topic)
	}
	for ctx.Err() == nil {
		turn, over := context.WithTimeout(ctx, turnTime) // a database that went silent must not keep us
		n, err := Assign(turn, db, f)
		over()
		pause := pollInterval
		switch {
		case err != nil && ctx.Err() == nil:
			report(ctx, err)
			pause = pauseOnError
		case n == batchSize:
			continue // there is more
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-time.After(pause):
		}
	}
}
