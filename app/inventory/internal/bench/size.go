package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/onepool/onepool/app/internal/bench"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/inventory/internal/service"
)

// tenMillion rows are sold by as many clients as ten thousand are.
var tenMillion = spread{"10,000,000 rows", 1000, 10_000}

// sizeCase compares what a reservation costs in a large table with what it costs in a small one, each in a database of its
// own.
func sizeCase(on engine) bench.Case {
	on.cache = "4G"
	name := "inventory/reserve, " + tenMillion.name + " against " + manyRows.name + ", " + on.name
	figures := []bench.Figure{
		{Name: name + ", time", Unit: "us/reservation", Target: bench.AtMost(1.5)},
		{Name: name + ", CPU of platform and database", Unit: "us/reservation", Target: bench.AtMost(1.5)},
	}
	return bench.Case{Name: name, Slow: true, Run: func(ctx context.Context, e *bench.Env) (results []bench.Result, closed error) {
		var sides [2]func(ctx context.Context) (bench.Sample, error)
		for i, rows := range []spread{manyRows, tenMillion} {
			e.Log("  fill %s", rows.name)
			w, err := open(ctx, on, rows)
			if err != nil {
				return nil, err
			}
			defer func() { closed = errors.Join(closed, w.close()) }()
			if err := w.settle(ctx); err != nil {
				return nil, err
			}
			sides[i] = w.reserving(e, rows)
		}
		return e.Compare(ctx, figures, sides[0], sides[1])
	}}
}

// reserving measures how long a reservation takes, and its CPU time.
func (w *world) reserving(e *bench.Env, rows spread) func(ctx context.Context) (bench.Sample, error) {
	reservations := service.NewReservations(w.db, w.store, nil)
	return func(ctx context.Context) (bench.Sample, error) {
		rate, cpu, err := e.Rate(asOrder(ctx), batchedClients, w.meter, func(ctx context.Context, _ int) error {
			_, err := reservations.Reserve(ctx, reserveRequest(rows))
			return err
		})
		if err != nil {
			return nil, err
		}
		return bench.Sample{1e6 / rate, cpu}, nil
	}
}

// settle waits until what was filled in is on the disk: otherwise the first measurements pay for its writing.
func (w *world) settle(ctx context.Context) error {
	if w.db.Engine() == database.SQLite {
		return nil
	}
	set := func(percent int) error {
		return w.db.InTx(ctx, func(ctx context.Context) error {
			_, err := w.db.Conn(ctx).ExecContext(ctx, fmt.Sprintf("SET GLOBAL innodb_max_dirty_pages_pct = %d", percent))
			return err
		})
	}
	if err := set(0); err != nil {
		return err
	}
	for {
		var name string
		var dirty int64
		err := w.db.Conn(ctx).QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'").Scan(&name, &dirty)
		if err != nil {
			return fmt.Errorf("dirty pages: %w", err)
		}
		if dirty < settledPages {
			return set(90)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// settledPages may still be dirty: something always is.
const settledPages = 100
