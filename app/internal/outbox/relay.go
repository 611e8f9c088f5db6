package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/platform"
)

const (
	// PollInterval is how soon a message that another process has committed is found.
	PollInterval = 500 * time.Millisecond
	// Retention is how long submitted messages are kept.
	Retention = 7 * 24 * time.Hour

	batchSize    = 64
	parallel     = 8
	leaseTime    = 15 * time.Second // a relay that died holds its batch no longer; one that is slow may submit twice, which is harmless
	submitTime   = 10 * time.Second
	databaseTime = 10 * time.Second // of taking a batch, and of marking it: a database that went silent must not keep us
	backoffFirst = 250 * time.Millisecond
	backoffMost  = 5 * time.Second
)

// Submitter hands a message to the transaction coordinator. Submitting a gid that it has already must succeed.
type Submitter interface {
	SubmitMessage(ctx context.Context, gid string, calls []Call) error
}

// Relay submits the messages of one database.
type Relay struct {
	db     *database.DB
	to     Submitter
	report func(context.Context, error)
	// turn surrounds one batch.
	turn  func(context.Context) (context.Context, func())
	owner string

	submitted, failed prometheus.Counter
	lag               prometheus.Gauge
}

// NewRelay makes a relay. report gets each failure; the message is tried again after it.
func NewRelay(db *database.DB, to Submitter, report func(context.Context, error)) *Relay {
	labels := prometheus.Labels{"database": db.Name()}
	return &Relay{
		db: db, to: to, report: report, turn: func(ctx context.Context) (context.Context, func()) { return ctx, func() {} }, owner: ids.New("rel"),
		submitted: prometheus.NewCounter(prometheus.CounterOpts{Name: "onepool_outbox_submitted_total", Help: "Messages handed to the coordinator.", ConstLabels: labels}),
		failed:    prometheus.NewCounter(prometheus.CounterOpts{Name: "onepool_outbox_failed_total", Help: "Submissions that failed and will be tried again.", ConstLabels: labels}),
		lag:       prometheus.NewGauge(prometheus.GaugeOpts{Name: "onepool_outbox_lag_seconds", Help: "Age of the oldest message of the last batch.", ConstLabels: labels}),
	}
}

// Collectors are the metrics of the relay, to be registered once.
func (r *Relay) Collectors() []prometheus.Collector {
	return []prometheus.Collector{r.submitted, r.failed, r.lag}
}

// Turns surrounds each batch of Run, e.g. by a trace.
func (r *Relay) Turns(turn func(context.Context) (context.Context, func())) { r.turn = turn }

// Run works until ctx ends.
func (r *Relay) Run(ctx context.Context) {
	wake := r.db.Signals(topic)
	pause := backoffFirst
	for ctx.Err() == nil {
		turn, over := r.turn(ctx)
		n, err := r.Once(turn)
		wait := PollInterval
		switch {
		case err != nil && ctx.Err() == nil:
			r.report(turn, err)
			wait = pause
			pause = min(2*pause, backoffMost)
		case n == batchSize:
			pause = backoffFirst
			over()
			continue // there is more
		default:
			pause = backoffFirst
		}
		over()
		select {
		case <-ctx.Done():
		case <-wake:
		case <-time.After(wait):
		}
	}
}

// row is a leased message.
type row struct {
	id, kind, key string
	calls         []byte
	createdUS     int64
	attempts      int64
	failure       error
}

// Once submits one batch and returns how many messages it held. The error is that of the database; a message that could
// not be submitted is reported, and found again after its pause.
func (r *Relay) Once(ctx context.Context) (int, error) {
	leasing, taken := context.WithTimeout(ctx, databaseTime)
	batch, now, err := r.lease(leasing)
	taken()
	if err != nil || len(batch) == 0 {
		if err == nil {
			r.lag.Set(0)
		}
		return 0, err
	}
	oldest := batch[0].createdUS
	for _, m := range batch {
		oldest = min(oldest, m.createdUS)
	}
	r.lag.Set(time.Duration((now - oldest) * 1000).Seconds())
	if err := failpoint.Hit("outbox.submit.before"); err != nil {
		return 0, err
	}
	r.submit(ctx, batch)
	if err := failpoint.Hit("outbox.mark.before"); err != nil {
		return 0, err
	}
	// Also when this process is stopping: what is not marked is submitted again.
	marking, stop := context.WithTimeout(context.WithoutCancel(ctx), databaseTime)
	defer stop()
	return len(batch), r.mark(marking, batch)
}

// lease takes up to batchSize messages that nobody holds, oldest first. Messages whose key somebody else holds are among
// them: see the package's promise about order.
func (r *Relay) lease(ctx context.Context) (batch []*row, now int64, err error) {
	// A look first: an idle relay must not take SQLite's write lock twice a second.
	if now, err = r.db.Now(ctx); err != nil {
		return nil, 0, fmt.Errorf("outbox: clock: %w", err)
	}
	var found int
	err = r.db.Conn(ctx).QueryRowContext(ctx, "SELECT 1 FROM outbox WHERE done_us = 0 AND lease_until_us < ? LIMIT 1", now).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, now, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("outbox: look: %w", err)
	}
	err = r.db.InTx(ctx, func(ctx context.Context) error {
		batch = batch[:0]
		if now, err = r.db.Now(ctx); err != nil {
			return err
		}
		rows, err := r.db.Conn(ctx).QueryContext(ctx, "SELECT id, kind, msg_key, calls, created_us, attempts FROM outbox WHERE done_us = 0 AND lease_until_us < ? ORDER BY lease_until_us, id LIMIT ?"+r.db.SkipLocked(),
			now, batchSize)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			m := &row{}
			if err := rows.Scan(&m.id, &m.kind, &m.key, &m.calls, &m.createdUS, &m.attempts); err != nil {
				return err
			}
			batch = append(batch, m)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(batch) == 0 {
			return err
		}
		args := []any{r.owner, now + leaseTime.Microseconds()}
		_, err = r.db.Conn(ctx).ExecContext(ctx, "UPDATE outbox SET lease_owner = ?, lease_until_us = ?, attempts = attempts + 1 WHERE id IN ("+marks(len(batch))+")",
			append(args, keys(batch)...)...)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("outbox: lease: %w", err)
	}
	// They were taken by when their turn is; what was tried before comes back in another order.
	slices.SortFunc(batch, func(a, b *row) int { return strings.Compare(a.id, b.id) })
	return batch, now, nil
}

// submit sends the batch, at most parallel keys at a time, each key in order.
func (r *Relay) submit(ctx context.Context, batch []*row) {
	var order []string
	byKey := map[string][]*row{}
	for _, m := range batch {
		if byKey[m.key] == nil {
			order = append(order, m.key)
		}
		byKey[m.key] = append(byKey[m.key], m)
	}
	slots := make(chan struct{}, parallel)
	var all sync.WaitGroup
	for _, key := range order {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			var failed error
			for _, m := range byKey[key] {
				if failed == nil {
					failed = r.one(ctx, m)
				}
				m.failure = failed
			}
		})
	}
	all.Wait()
}

func (r *Relay) one(ctx context.Context, m *row) error {
	calls, err := decode(m.calls)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, submitTime)
	defer cancel()
	return r.to.SubmitMessage(ctx, GID(m.kind, m.id), calls)
}

// mark records what was submitted, and when the others are tried again.
func (r *Relay) mark(ctx context.Context, batch []*row) error {
	var sent, unsent []*row
	for _, m := range batch {
		if m.failure == nil {
			sent = append(sent, m)
			continue
		}
		unsent = append(unsent, m)
		r.failed.Inc()
		if ctx.Err() == nil {
			r.report(ctx, fmt.Errorf("outbox: submit %s of %s, attempt %d: %w", GID(m.kind, m.id), m.key, m.attempts+1, m.failure))
		}
	}
	err := r.db.InTx(ctx, func(ctx context.Context) error {
		now, err := r.db.Now(ctx)
		if err != nil {
			return err
		}
		q := r.db.Conn(ctx)
		if len(sent) > 0 {
			_, err := q.ExecContext(ctx, "UPDATE outbox SET done_us = ?, lease_owner = '' WHERE done_us = 0 AND id IN ("+marks(len(sent))+")",
				append([]any{now}, keys(sent)...)...)
			if err != nil {
				return err
			}
		}
		for _, m := range unsent {
			_, err := q.ExecContext(ctx, "UPDATE outbox SET lease_until_us = ?, lease_owner = '' WHERE id = ? AND lease_owner = ? AND done_us = 0",
				now+backoff(m.attempts).Microseconds(), m.id, r.owner)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("outbox: mark: %w", err)
	}
	r.submitted.Add(float64(len(sent)))
	return nil
}

func backoff(attempts int64) time.Duration {
	return min(backoffFirst<<min(attempts, 10), backoffMost)
}

func marks(n int) string { return strings.Repeat("?, ", n-1) + "?" }

func keys(batch []*row) []any {
	all := make([]any, len(batch))
	for i, m := range batch {
		all[i] = m.id
	}
	return all
}

// Purge deletes submitted messages older than retention (0 means Retention), in bounded batches.
func Purge(ctx context.Context, db *database.DB, retention time.Duration) (rows int64, err error) {
	if retention <= 0 {
		retention = Retention
	}
	now, err := db.Now(ctx)
	if err != nil {
		return 0, err
	}
	return platform.Purge(ctx, db, "outbox", "id", "done_us > 0 AND done_us < ?", now-retention.Microseconds())
}
