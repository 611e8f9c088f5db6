// Package center is what the centers have in common beside their subjects: one database with its migrations, and the work
// that goes on beside requests.
//
// Always true:
//   - Every center forgets answers, finished intents, barriers and messages that were handed on, when they are past their
//     retention.
//   - Work that failed is reported and done again at its next turn; it never ends the process.
package center

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/onepool/onepool/app/internal/barrier"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/migrate"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/outbox"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// purgeEvery is how often what is past its retention is removed.
const purgeEvery = time.Hour

// Config is what a center is made of.
type Config struct {
	Name       string
	DB         database.Config
	Migrations fs.FS
	// Outbox hands on what the center emits; nil: it emits nothing.
	Outbox outbox.Submitter
	// Metrics of its own.
	Metrics []prometheus.Collector
}

// Frame is the common part of a center in a process.
type Frame struct {
	name       string
	db         *database.DB
	migrations fs.FS
	observe    *observe.Observer
	relay      *outbox.Relay
}

// Open opens the database and registers the metrics. It does not migrate.
func Open(ctx context.Context, c Config, o *observe.Observer) (*Frame, error) {
	if c.DB.Name == "" {
		c.DB.Name = c.Name
	}
	db, err := database.Open(ctx, c.DB)
	if err != nil {
		return nil, err
	}
	f := &Frame{name: c.Name, db: db, migrations: c.Migrations, observe: o}
	metrics := append(db.Collectors(), c.Metrics...)
	if c.Outbox != nil {
		f.relay = outbox.NewRelay(db, c.Outbox, f.Report("hand messages on"))
		f.relay.Turns(func(ctx context.Context) (context.Context, func()) { return f.Turn(ctx, "hand messages on") })
		metrics = append(metrics, f.relay.Collectors()...)
	}
	if err := o.Register(metrics...); err != nil {
		return nil, errors.Join(fmt.Errorf("metrics of %s: %w", c.Name, err), db.Close())
	}
	return f, nil
}

// DB is the center's database.
func (f *Frame) DB() *database.DB { return f.db }

// Migrate brings the tables up to date.
func (f *Frame) Migrate(ctx context.Context) error { return migrate.Apply(ctx, f.db, f.migrations) }

// Ready says whether the database answers.
func (f *Frame) Ready(ctx context.Context) error { return f.db.Ping(ctx) }

// Close ends the connections.
func (f *Frame) Close() error { return f.db.Close() }

// Report logs an error that nobody gets: what failed will be tried again.
func (f *Frame) Report(what string) func(context.Context, error) {
	return func(ctx context.Context, err error) {
		f.observe.Log().ErrorContext(ctx, "will be tried again", "center", f.name, "what", what, "error", err)
	}
}

// Turn begins the trace of one turn of a worker; the function returned ends it.
func (f *Frame) Turn(ctx context.Context, what string) (context.Context, func()) {
	return f.observe.Turn(ctx, f.name+": "+what)
}

// Workers are what every center does. They run until their context ends.
func (f *Frame) Workers() []func(context.Context) error {
	all := []func(context.Context) error{f.Every(purgeEvery, "purge", f.purge)}
	if f.relay != nil {
		all = append(all, func(ctx context.Context) error { f.relay.Run(ctx); return nil })
	}
	return all
}

// Every is a worker that does fn at each interval, in the center's own name, also after an error. Replicas do not march
// in step: the first turn comes at some time within the first interval.
func (f *Frame) Every(interval time.Duration, what string, fn func(context.Context) error) func(context.Context) error {
	report := f.Report(what)
	return func(ctx context.Context) error {
		ctx = tenancy.WithService(ctx, f.name)
		next := time.NewTimer(rand.N(interval))
		defer next.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-next.C:
			}
			turn, over := f.Turn(ctx, what)
			if err := fn(turn); err != nil && ctx.Err() == nil {
				report(turn, err)
			}
			over()
			next.Reset(interval)
		}
	}
}

func (f *Frame) purge(ctx context.Context) error {
	_, answers := command.Purge(ctx, f.db, 0)
	_, barriers := barrier.Purge(ctx, f.db, 0)
	_, messages := outbox.Purge(ctx, f.db, 0)
	return errors.Join(answers, barriers, messages)
}
