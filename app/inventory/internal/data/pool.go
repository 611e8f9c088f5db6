package data

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/biz/pool"
)

// The pool in memory is told of stock rows in three ways: by a scan of the table when it is loaded, by the change log, and
// by this process's own commits. Since of each row the highest version counts, they need no order among them.
//
// Nothing is missed: the position of the log is read first, then the table. A commit whose row of the log has a position up
// to that one was there before the table was read, so the scan has seen it. Any other one gets a higher position, whether it
// was committed before, during or after the scan, and the log tells it afterwards.

const (
	// poolAge is how old the pool may be before who asks catches up himself: it stays below the second that is promised also
	// where nobody follows.
	poolAge = 500 * time.Millisecond
	// followEvery is how often the log is looked at for other processes' commits.
	followEvery = 100 * time.Millisecond
	// patience bounds the wait for a database that does not answer while there is a pool to go on with; afterwards it is left
	// alone for restFor.
	patience     = 250 * time.Millisecond
	restFor      = time.Second
	turnTime     = 2 * time.Minute // of the follower: the longest is a load
	pauseOnError = time.Second
	// changesATurn bounds the commits that are read by one statement.
	changesATurn = 256
)

// ErrChangesPurged says that the log no longer has what follows a position: begin anew.
var ErrChangesPurged = errors.New("inventory: the change log was purged beyond this position")

// poolKeeper is the pool of one process.
type poolKeeper struct {
	index    *pool.Index
	turn     chan struct{} // one loads or catches up
	position int64         // of the log, up to which the index was told; for whoever has the turn
	loads    atomic.Int64
	told     atomic.Pointer[moment] // nil until it is loaded
	failed   atomic.Pointer[time.Time]
	charted  atomic.Pointer[charted]
}

// moment is when the pool was up to date, by the process's clock and by the database's.
type moment struct {
	at    time.Time
	nowUS int64
}

type charted struct {
	directory *biz.Directory
	chart     *pool.Chart
}

// Pool is what is in memory, at most a second behind the rows.
func (s *Store) Pool(ctx context.Context) (biz.Pool, error) {
	k := &s.pool
	if m := k.told.Load(); m == nil || time.Since(m.at) > poolAge {
		if err := s.goOn(ctx, func(ctx context.Context) error { return s.catchUp(ctx, time.Now().Add(-poolAge/2)) }); err != nil {
			return biz.Pool{}, err
		}
	}
	return s.charted(ctx)
}

// PoolNow knows every commit before the call: it reads what the log has, numbered or not.
func (s *Store) PoolNow(ctx context.Context) (biz.Pool, error) {
	if err := s.catchUp(ctx, time.Now()); err != nil {
		return biz.Pool{}, err
	}
	return s.charted(ctx)
}

// goOn does what needs the database, but is content with the pool as it is when that does not answer.
func (s *Store) goOn(ctx context.Context, fn func(context.Context) error) error {
	k := &s.pool
	if k.told.Load() == nil {
		return fn(ctx)
	}
	if at := k.failed.Load(); at != nil && time.Since(*at) < restFor {
		return nil
	}
	short, over := context.WithTimeout(ctx, patience)
	defer over()
	if err := fn(short); err != nil && ctx.Err() == nil {
		now := time.Now()
		k.failed.Store(&now)
		return nil
	}
	return ctx.Err()
}

// charted puts the locations beside the stock.
func (s *Store) charted(ctx context.Context) (biz.Pool, error) {
	k := &s.pool
	var directory *biz.Directory
	err := s.goOn(ctx, func(ctx context.Context) (err error) {
		directory, err = s.Directory(ctx)
		return err
	})
	c := k.charted.Load()
	switch {
	case err != nil:
		return biz.Pool{}, err
	case directory == nil && c == nil:
		return biz.Pool{}, errors.New("inventory: the locations are not known yet")
	case directory != nil && (c == nil || c.directory != directory):
		c = &charted{directory, directory.Chart(k.index)}
		k.charted.Store(c)
	}
	m := k.told.Load()
	return biz.Pool{Directory: c.directory, Stock: k.index, Chart: c.chart, NowUS: m.nowUS + time.Since(m.at).Microseconds()}, nil
}

// catchUp tells the index all that was committed before since.
func (s *Store) catchUp(ctx context.Context, since time.Time) error {
	k := &s.pool
	select {
	case k.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-k.turn }()
	m := k.told.Load()
	if m != nil && m.at.After(since) {
		return nil // another has, meanwhile
	}
	begun := time.Now()
	nowUS, err := s.db.Now(ctx)
	if err != nil {
		return err
	}
	if m == nil {
		if err := s.loadPool(ctx); err != nil {
			return fmt.Errorf("load the pool: %w", err)
		}
	}
	// What has no position comes first: whatever gets one meanwhile is read by it.
	if err := s.tellUnnumbered(ctx); err != nil {
		return err
	}
	if err := s.advance(ctx); err != nil {
		return err
	}
	k.told.Store(&moment{begun, nowUS})
	return nil
}

// advance tells the index what follows its position in the log. When the log was purged in between, the table is read anew,
// into the index as it is: rows never go.
func (s *Store) advance(ctx context.Context) error {
	k := &s.pool
	for {
		changes, err := s.ChangesSince(ctx, k.position, changesATurn)
		if errors.Is(err, ErrChangesPurged) {
			if err := s.loadPool(ctx); err != nil {
				return fmt.Errorf("load the pool again: %w", err)
			}
			continue
		}
		if err != nil {
			return err
		}
		for _, c := range changes {
			k.tell(c.Rows)
			s.quotas.tell(c.Quotas)
			k.position = c.Position
		}
		if len(changes) < changesATurn {
			return nil
		}
	}
}

// tellUnnumbered tells the index what the sequencer has not numbered yet.
func (s *Store) tellUnnumbered(ctx context.Context) error {
	after := ""
	for {
		n := 0
		rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT id, body FROM stock_changes WHERE position IS NULL AND id > ? ORDER BY id LIMIT ?", after, changesATurn)
		if err != nil {
			return fmt.Errorf("read change log: %w", err)
		}
		for rows.Next() {
			var body []byte
			if err := rows.Scan(&after, &body); err != nil {
				return errors.Join(fmt.Errorf("read change log: %w", err), rows.Close())
			}
			changed, quotas, err := decodeChange(body)
			if err != nil {
				return errors.Join(fmt.Errorf("read change log, %s: %w", after, err), rows.Close())
			}
			s.pool.tell(changed)
			s.quotas.tell(quotas)
			n++
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return fmt.Errorf("read change log: %w", err)
		}
		if n < changesATurn {
			return nil
		}
	}
}

// ChangesSince is ChangesAfter for a follower that must not miss anything: it refuses with ErrChangesPurged when the log no
// longer has what comes next.
func (s *Store) ChangesSince(ctx context.Context, position int64, limit int) ([]Change, error) {
	changes, err := s.ChangesAfter(ctx, position, limit)
	if err == nil && len(changes) > 0 && changes[0].Position != position+1 {
		return nil, ErrChangesPurged
	}
	return changes, err
}

func newPoolKeeper() poolKeeper {
	return poolKeeper{index: pool.New(), turn: make(chan struct{}, 1)}
}

// tell takes rows of the log in.
func (k *poolKeeper) tell(rows []biz.StockRow) {
	hints := make([]pool.Row, len(rows))
	for i, r := range rows {
		hints[i] = r.Hint(k.index.Number(r.Key.Location))
	}
	k.index.Tell(hints)
}

// tellCommitted takes in what this process has committed: it sees its own work at once.
func (k *poolKeeper) tellCommitted(rows []biz.StockRow) {
	after := make([]biz.StockRow, len(rows))
	for i, r := range rows {
		r.Version++
		after[i] = r
	}
	k.tell(after)
}

// FollowStock keeps the pool up to date until ctx ends.
func (s *Store) FollowStock(ctx context.Context, report func(context.Context, error)) {
	for ctx.Err() == nil {
		pause := followEvery
		turn, over := context.WithTimeout(ctx, turnTime) // a database that went silent must not keep us
		if err := s.catchUp(turn, time.Now()); err != nil && ctx.Err() == nil {
			report(ctx, err)
			pause = pauseOnError
		}
		over()
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}
