package poolbench

import (
	"context"
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
