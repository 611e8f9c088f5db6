package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onepool/onepool/app/internal/bench"
)

const (
	flashBuyers  = 20_000
	flashUnits   = 500
	flashStores  = 50
	flashClients = 512
	soldOut      = "STOCK_INSUFFICIENT"
)

// flashCase has many buyers want one of a few units at the same time: as many as there are get one and pay it, all others
// are told that there is none. Any other answer, or one unit more or less, is no result but an error.
func flashCase(on engine) bench.Case {
	name := fmt.Sprintf("order/flash sale, %d buyers, %d units, %d clients, %s", flashBuyers, flashUnits, flashClients, on.name)
	return bench.Case{Name: name, Run: func(ctx context.Context, e *bench.Env) (results []bench.Result, err error) {
		p, err := start(ctx, on)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, p.close()) }()
		e.Log("  filling")
		all, err := p.fill(ctx, size{stores: flashStores, skus: 1, members: flashBuyers, units: flashUnits})
		if err != nil {
			return nil, err
		}
		if _, err := p.settled(ctx); err != nil {
			return nil, err
		}
		from := time.Now()
		took, sold, err := rush(ctx, all)
		if err != nil {
			return nil, err
		}
		over := time.Since(from)
		if _, err := p.settled(ctx); err != nil {
			return nil, err
		}
		if sold != flashUnits {
			return nil, fmt.Errorf("%d units were sold, not %d", sold, flashUnits)
		}
		if err := p.audit(ctx); err != nil {
			return nil, err
		}
		return []bench.Result{
			bench.Value(name+", units sold", "units", float64(sold), bench.AtLeast(flashUnits)),
			bench.Value(name+", p99 of an answer", "ms", quantile(took, 0.99), bench.AtMost(1000)),
			bench.Value(name+", answers", "answers/s", float64(len(took))/over.Seconds(), bench.Target{}),
		}, nil
	}}
}

// rush has all buyers place an order, so many at a time, and pay it if they get one. It says how long each waited for the
// answer to the order, and how many got one.
func rush(ctx context.Context, all []*buyer) ([]time.Duration, int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	took := make([]time.Duration, len(all))
	var next, sold atomic.Int64
	var running sync.WaitGroup
	for range flashClients {
		running.Go(func() {
			for n := next.Add(1) - 1; n < int64(len(all)) && ctx.Err() == nil; n = next.Add(1) - 1 {
				began := time.Now()
				order, err := all[n].place(ctx, line{skuOf(0), 1})
				took[n] = time.Since(began)
				if no, is := errors.AsType[refused](err); is && no.Reason == soldOut {
					continue
				}
				if err == nil {
					sold.Add(1)
					err = all[n].pay(ctx, order)
				}
				if err != nil {
					cancel(fmt.Errorf("buyer %d: %w", n, err))
				}
			}
		})
	}
	running.Wait()
	return took, sold.Load(), context.Cause(ctx)
}
