package poolbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/onepool/onepool/app/internal/bench"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/migrate"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/data"
	"github.com/onepool/onepool/app/inventory/internal/data/migrations"
)

// The sizes that are promised.
const (
	manyLocations = 100_000
	manyStores    = 25_600
	manySKUs      = 2000
	onePart       = 0.2
	seed          = 7
)

// Cases are all of this package.
func Cases() []bench.Case {
	var cases []bench.Case
	for _, c := range []struct {
		name string
		part float64
	}{{"common SKUs, at 50 %", 0.5}, {"common SKUs, at 20 %", 0.2}, {"rare SKUs, at 0.1 %", 0.001}} {
		cases = append(cases, nearestCase("inventory/nearest 8 of 100,000 that have all 3, "+c.name, c.part))
	}
	return append(cases, promiseCase("inventory/what may be promised near a point, 200 SKUs, 25,600 stores"), startCase("inventory/pool of 25,600 stores x 2,000 SKUs, SQLite"))
}

func nearestCase(name string, part float64) bench.Case {
	return bench.Case{Name: name, Run: func(ctx context.Context, e *bench.Env) ([]bench.Result, error) {
		n, err := NewNearest(manyLocations, part, 4000, seed)
		if err != nil {
			return nil, err
		}
		if err := n.Same(); err != nil {
			return nil, err
		}
		figures := []bench.Figure{{Name: name + ", p50", Unit: "us", Target: bench.AtMost(0.1)}, {Name: name + ", p99 against the scan's p50", Unit: "us", Target: bench.AtMost(1)}}
		us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
		return e.Compare(ctx, figures,
			func(context.Context) (bench.Sample, error) {
				l := n.Scan()
				return bench.Sample{us(l.P50), us(l.P50)}, nil
			},
			func(context.Context) (bench.Sample, error) {
				l := n.Plan()
				return bench.Sample{us(l.P50), us(l.P99)}, nil
			})
	}}
}

func promiseCase(name string) bench.Case {
	return bench.Case{Name: name, Run: func(ctx context.Context, e *bench.Env) ([]bench.Result, error) {
		p, err := NewPromise(Stores(manyStores, seed), manySKUs, onePart, 1000, seed)
		if err != nil {
			return nil, err
		}
		var results []bench.Result
		for _, radiusM := range []int64{0, 20_000, 100_000} {
			var p99 []float64
			for range e.Pairs {
				l, err := p.Ask(ctx, radiusM, 20)
				if err != nil {
					return nil, err
				}
				p99 = append(p99, l.P99.Seconds()*1e3)
			}
			what := fmt.Sprintf("%s, p99 within %d km", name, radiusM/1000)
			if radiusM == 0 {
				what = name + ", p99 in total"
			}
			results = append(results, bench.Value(what, "ms", bench.Median(p99), bench.AtMost(5)))
		}
		return results, nil
	}}
}

func startCase(name string) bench.Case {
	return bench.Case{Name: name, Slow: true, Run: func(ctx context.Context, _ *bench.Env) (results []bench.Result, err error) {
		ctx = tenancy.WithService(ctx, "bench")
		folder, err := os.MkdirTemp("", "onepool-bench")
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
		db, err := database.Open(ctx, database.Config{Name: "bench", Engine: database.SQLite, Path: filepath.Join(folder, "pool.db")})
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		if err := migrate.Apply(ctx, db, migrations.Files); err != nil {
			return nil, err
		}
		if err := data.FillPool(ctx, data.New(db, nil), Stores(manyStores, seed), SKUs(manySKUs)); err != nil {
			return nil, err
		}
		m, err := data.MeasurePool(ctx, db)
		if err != nil {
			return nil, err
		}
		return []bench.Result{bench.Value(name+", memory", "MiB", float64(m.HeapBytes)/(1<<20), bench.AtMost(400)),
			bench.Value(name+", start to ready", "s", m.Took.Seconds(), bench.AtMost(30))}, nil
	}}
}
