package bench

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func quiet(pairs int) *Env {
	return &Env{Pairs: pairs, Span: 20 * time.Millisecond, Log: func(string, ...any) {}}
}

func TestSidesTakeTurnsAndTheMedianOfTheirRatiosCounts(t *testing.T) {
	var turns strings.Builder
	side := func(name string, figures ...float64) func(context.Context) (Sample, error) {
		n := 0
		return func(context.Context) (Sample, error) {
			turns.WriteString(name)
			n++
			return Sample{figures[n-1], 1}, nil
		}
	}
	got, err := quiet(3).Compare(t.Context(), []Figure{{Name: "rate", Unit: "1/s", Target: AtLeast(4)}, {Name: "cost", Target: AtMost(0.5)}},
		side("A", 10, 20, 5), side("B", 100, 80, 5))
	require.NoError(t, err)
	require.Equal(t, "ABABAB", turns.String())
	require.Equal(t, Result{Name: "rate", Value: 80, Unit: "1/s", Baseline: 10, Ratio: 4, Target: ">= 4", Met: true}, got[0], "ratios 10, 4 and 1")
	require.Equal(t, Result{Name: "cost", Value: 1, Baseline: 1, Ratio: 1, Target: "<= 0.5"}, got[1])

	_, err = quiet(1).Compare(t.Context(), []Figure{{Name: "x"}}, side("A", 1), side("B", 1))
	require.Error(t, err, "a figure without a name")
	broken := errors.New("broken")
	_, err = quiet(1).Compare(t.Context(), nil, side("A", 1), func(context.Context) (Sample, error) { return nil, broken })
	require.Error(t, err)
}

func TestMedian(t *testing.T) {
	require.InDelta(t, 2, Median([]float64{3, 1, 2}), 0)
	require.InDelta(t, 2.5, Median([]float64{4, 1, 2, 3}), 0)
}

func TestRateCountsCallsAndTheirCPUTime(t *testing.T) {
	perSecond, cpuUS, err := quiet(1).Rate(t.Context(), 2, Meter{Others: []int{os.Getpid()}}, func(context.Context, int) error {
		for end := time.Now().Add(time.Millisecond); time.Now().Before(end); {
		}
		return nil
	})
	require.NoError(t, err)
	require.Positive(t, perSecond)
	require.LessOrEqual(t, perSecond, 2001.0)
	require.Positive(t, cpuUS)
	broken := errors.New("broken")
	_, _, err = quiet(1).Rate(t.Context(), 2, Meter{}, func(context.Context, int) error { return broken })
	require.ErrorIs(t, err, broken)
	_, _, err = quiet(1).Rate(t.Context(), 1, Meter{Others: []int{-1}}, func(context.Context, int) error { return nil })
	require.Error(t, err)
}

func TestResultsReplaceThoseOfTheirNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bench", "results.json")
	require.NoError(t, Save(path, []Result{Value("b", "MiB", 3, AtMost(4)), Value("c", "s", 1, Target{})}))
	require.NoError(t, Save(path, []Result{Value("b", "MiB", 5, AtMost(4)), Value("a", "s", 1, Target{})}))
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var all []map[string]any
	require.NoError(t, json.Unmarshal(raw, &all))
	require.Len(t, all, 3)
	require.Equal(t, map[string]any{"name": "b", "value": 5.0, "unit": "MiB", "baseline": 0.0, "ratio": 0.0, "target": "<= 4", "met": false}, all[1])
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	require.Error(t, Save(path, nil), "a file that is none is not written over")
	var table strings.Builder
	require.NoError(t, Table(&table, []Result{Value("b", "MiB", 5, AtMost(4))}))
	require.Contains(t, table.String(), "NO")
}
