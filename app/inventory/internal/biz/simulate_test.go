package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// trialOrders want A and B, A and B, A.
func trialOrders() []Demand {
	one := demand(want("1", "A", 1), want("2", "B", 1))
	one.Document = "one"
	two := demand(want("1", "A", 1), want("2", "B", 1))
	two.Document = "two"
	three := demand(want("1", "A", 1))
	three.Document = "three"
	return []Demand{one, two, three}
}

func TestATrialTakesFromItsOwnCopy(t *testing.T) {
	w := street(t, 3, map[int]string{0: "A", 1: "AB", 2: "B"})
	stock := NewStockCopy(w.stock)
	never := NearThenSplit()
	never.Name, never.stages = "never-split", never.stages[:1]
	split, single := NewTrial(TrialOf{Strategy: NearThenSplit(), Directory: w.Directory, Stock: stock}), NewTrial(TrialOf{Strategy: never, Directory: w.Directory, Stock: stock})
	var differing int64
	var reasons []string
	for _, d := range trialOrders() {
		a, err := split.Order(t.Context(), d)
		require.NoError(t, err)
		b, err := single.Order(t.Context(), d)
		require.NoError(t, err)
		if a.Differs(b) {
			differing++
		}
		reasons = append(reasons, b.Reason)
	}
	a, b := split.Result(0), single.Result(differing)
	// Both serve the first from store 1. Then one splits over 0 and 2, and nothing is left; the other refuses, and has A for the third.
	require.Equal(t, []int64{3, 2, 5, 4, 3}, []int64{a.Orders, a.FilledOrders, a.Pieces, a.FilledPieces, a.Parcels})
	require.Equal(t, []int64{3, 2, 5, 3, 2}, []int64{b.Orders, b.FilledOrders, b.Pieces, b.FilledPieces, b.Parcels})
	require.Equal(t, []int64{6667, 15000}, []int64{a.FillRateBP, a.ParcelsPerOrderBP})
	require.Equal(t, int64(2), differing)
	require.Equal(t, int64(3), a.EmptiedLocations)
	require.Equal(t, int64(2), b.EmptiedLocations)
	require.Equal(t, "", reasons[0])
	require.Contains(t, reasons[1], "left")
	require.Equal(t, a.MaxM, a.P90M)
	require.Less(t, a.P50M, a.MaxM)
	require.Equal(t, TrialLoad{Location: "S-00001", Name: "", Orders: 1, Pieces: 2}, a.Load[0])
	for _, s := range w.stock {
		require.Zero(t, s.Row().Reserved, "the stock itself is untouched")
	}
}

func TestRanksAreNearest(t *testing.T) {
	var hundred []int64
	for i := range int64(100) {
		hundred = append(hundred, i+1)
	}
	require.Equal(t, []int64{50, 90, 1}, []int64{percentile(hundred, 50), percentile(hundred, 90), percentile(hundred[:1], 90)})
	require.Equal(t, []int64{0, 3333, 6667, 10_000}, []int64{inBasisPoints(0, 0), inBasisPoints(1, 3), inBasisPoints(2, 3), inBasisPoints(3, 3)})
}
