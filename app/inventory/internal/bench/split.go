package bench

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/internal/bench"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

const (
	splitInstances = 500
	splitNodes     = 2_000
	splitSeed      = 1
)

// splitCase searches random orders of 20 lines among 60 stores.
func splitCase() bench.Case {
	return bench.Case{Name: "inventory/split, 20 lines x 60 stores", Run: func(_ context.Context, e *bench.Env) ([]bench.Result, error) {
		f, err := biz.MeasureSplit(splitInstances, 20, 60, splitNodes, splitSeed)
		if err != nil {
			return nil, err
		}
		if f.Wrong > 0 {
			return nil, fmt.Errorf("%d sets do not fill their order", f.Wrong)
		}
		e.Log("  %d orders, %d better than greedy choice with local search", f.Instances, f.Better)
		percent := func(n int) float64 { return 100 * float64(n) / float64(f.Instances) }
		return []bench.Result{
			bench.Value("inventory/split, 20 lines x 60 stores, optimum proven within 2,000 nodes", "%", percent(f.Proven), bench.AtLeast(97)),
			bench.Value("inventory/split, 20 lines x 60 stores, worse than greedy choice with local search", "%", percent(f.Worse), bench.AtMost(0)),
		}, nil
	}}
}
