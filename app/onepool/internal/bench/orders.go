// Package bench measures what an order costs the whole platform: the program as an operator runs it, called over HTTP as a
// mini-program does, with its coordinator and its database beside it.
//
// CPU is that of the platform's processes, from the first call until nothing is left to do: messages that follow an order
// are part of it. The clients' own CPU is not counted, but takes its share of the machine.
package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	"github.com/onepool/onepool/app/internal/bench"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

// Cases are all of this package.
func Cases() []bench.Case {
	return []bench.Case{ordersCase(onMariaDB), ordersCase(onDefault), flashCase(onMariaDB), flashCase(onDefault), exportCase()}
}

const (
	buyers   = 64
	warmUp   = 200 // orders before the clock starts
	ordersOf = 5   // spans a measurement takes
)

// ordersCase has buyers place and pay orders of three lines, one after the other each.
func ordersCase(on engine) bench.Case {
	name := "order/placed and paid, 3 lines, 5,000 stores, " + on.name
	return bench.Case{Name: name, Run: func(ctx context.Context, e *bench.Env) (results []bench.Result, err error) {
		p, err := start(ctx, on)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, p.close()) }()
		e.Log("  filling")
		all, err := p.fill(ctx, size{stores: 5000, skus: 50, members: buyers})
		if err != nil {
			return nil, err
		}
		one := func(ctx context.Context, b *buyer, n int64) error {
			order, err := b.place(ctx, line{skuOf(0), 1}, line{skuOf(1), 2}, line{skuOf(3 + int(n%47)), 1})
			if err != nil {
				return err
			}
			return b.pay(ctx, order)
		}
		if _, err := crowd(ctx, all, func(n int64) bool { return n < warmUp }, one); err != nil {
			return nil, err
		}
		before, err := p.settled(ctx)
		if err != nil {
			return nil, err
		}
		from, end := time.Now(), time.Now().Add(ordersOf*e.Span)
		took, err := crowd(ctx, all, func(int64) bool { return time.Now().Before(end) }, one)
		if err != nil {
			return nil, err
		}
		rate := float64(len(took)) / time.Since(from).Seconds()
		after, err := p.settled(ctx)
		if err != nil {
			return nil, err
		}
		if err := p.audit(ctx); err != nil {
			return nil, err
		}
		return []bench.Result{
			bench.Value(name, "orders/s", rate, bench.AtLeast(400)),
			bench.Value(name+", p50", "ms", quantile(took, 0.5), bench.Target{}),
			bench.Value(name+", p99", "ms", quantile(took, 0.99), bench.Target{}),
			bench.Value(name+", CPU of all processes", "ms/order", (after-before).Seconds()*1000/float64(len(took)), bench.AtMost(5)),
		}, nil
	}}
}

// crowd has each buyer do one thing after the other while more says so, and returns how long each took. more is asked with
// a number that goes up.
func crowd(ctx context.Context, all []*buyer, more func(n int64) bool, do func(ctx context.Context, b *buyer, n int64) error) ([]time.Duration, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	took := make([][]time.Duration, len(all))
	var running sync.WaitGroup
	for i, b := range all {
		running.Go(func() {
			for n := next.Add(1) - 1; more(n) && ctx.Err() == nil; n = next.Add(1) - 1 {
				began := time.Now()
				if err := do(ctx, b, n); err != nil {
					cancel(err)
					return
				}
				took[i] = append(took[i], time.Since(began))
			}
		})
	}
	running.Wait()
	list := slices.Concat(took...)
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("nothing was done in time")
	}
	return list, nil
}

// quantile in milliseconds.
func quantile(took []time.Duration, q float64) float64 {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Seconds() * 1000
}

// audit fails a measurement that was fast and wrong.
func (p *platform) audit(ctx context.Context) error {
	operator, err := client.New(ctx, p.url, p.key)
	if err != nil {
		return err
	}
	found, err := operator.Console().CheckInvariants(ctx, &commonv1.CheckInvariantsRequest{})
	if err != nil {
		return err
	}
	for _, r := range found.Results {
		if r.Violations > 0 {
			return fmt.Errorf("%s of %s is broken %d times: %v", r.Id, r.Center, r.Violations, r.Examples)
		}
	}
	return nil
}
