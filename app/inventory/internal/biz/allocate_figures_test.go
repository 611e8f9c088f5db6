package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheSplitOfTwentyLinesOverSixtyStoresIsProven(t *testing.T) {
	f, err := MeasureSplit(100, 20, 60, defaultNodes, 1)
	require.NoError(t, err)
	t.Logf("proven %d of %d, better than local search %d, nodes p50 %d, p90 %d, max %d", f.Proven, f.Instances, f.Better, f.Nodes[len(f.Nodes)/2], f.Nodes[len(f.Nodes)*9/10], f.Nodes[len(f.Nodes)-1])
	require.Zero(t, f.Worse)
	require.Zero(t, f.Wrong)
	require.GreaterOrEqual(t, f.Proven*100, f.Instances*97)
}
