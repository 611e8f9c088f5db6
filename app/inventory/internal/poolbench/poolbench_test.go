package poolbench

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/inventory/internal/data"
	"github.com/onepool/onepool/app/inventory/internal/data/migrations"
)

func TestThePlannerFindsWhatTheScanFinds(t *testing.T) {
	for _, part := range []float64{0.002, 0.02, 0.2, 0.5, 1} {
		n, err := NewNearest(20_000, part, 200, 7)
		require.NoError(t, err)
		require.NoError(t, n.Same(), "%v", part)
	}
}

func TestTheMeasuresRun(t *testing.T) {
	p, err := NewPromise(Stores(500, 1), 40, 0.2, 20, 1)
	require.NoError(t, err)
	for _, radius := range []int64{0, 20_000} {
		took, err := p.Ask(t.Context(), radius, 3)
		require.NoError(t, err)
		require.Positive(t, took.P50)
	}
	for _, engine := range testkit.AllEngines {
		m := measure(tenancy.WithService(t.Context(), "bench"), t, engine, 300, 40)
		require.Greater(t, m.Places, 300*40/7)
		require.Less(t, m.Places, 300*40/4)
	}
}

func measure(ctx context.Context, t *testing.T, engine string, stores, skus int) data.PoolMeasure {
	db := testkit.Migrated(t, testkit.Config(t, engine), migrations.Files)
	require.NoError(t, data.FillPool(ctx, data.New(db, nil), Stores(stores, 1), SKUs(skus)))
	m, err := data.MeasurePool(ctx, db)
	require.NoError(t, err)
	return m
}

// What is promised about speed and memory, in full size; it takes minutes.
func TestFullSize(t *testing.T) {
	if os.Getenv("ONEPOOL_FULL_SIZE") == "" {
		t.Skip("ONEPOOL_FULL_SIZE is not set")
	}
	t.Run("nearest", func(t *testing.T) {
		for _, part := range []float64{0.001, 0.01, 0.05, 0.2, 0.35, 0.5} {
			n, err := NewNearest(100_000, part, 4000, 7)
			require.NoError(t, err)
			for range 3 {
				scan, plan := n.Scan(), n.Plan()
				t.Logf("part %.3f: plan %v, scan %v: p50 1/%.1f, p99 %.2f of the scan's p50", part, plan, scan, float64(scan.P50)/float64(plan.P50), float64(plan.P99)/float64(scan.P50))
			}
		}
	})
	t.Run("promise", func(t *testing.T) {
		p, err := NewPromise(Stores(25_600, 1), 2000, 0.2, 300, 1)
		require.NoError(t, err)
		for _, radius := range []int64{0, 3_000, 20_000, 100_000, 1_000_000, 20_000_000} {
			for _, change := range []int{0, 200} {
				took, err := p.Ask(t.Context(), radius, change)
				require.NoError(t, err)
				t.Logf("radius %d m, %d rows changed in between: %v", radius, change, took)
			}
		}
	})
	for _, engine := range testkit.AllEngines {
		t.Run("start "+engine, func(t *testing.T) {
			m := measure(tenancy.WithService(t.Context(), "bench"), t, engine, 25_600, 2000)
			t.Logf("%d places, %d MiB, %v", m.Places, m.HeapBytes>>20, m.Took)
		})
	}
}
