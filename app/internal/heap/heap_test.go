package heap

import (
	"runtime"
	"runtime/metrics"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheCollectorWaitsForTwiceTheFloor(t *testing.T) {
	goal := func() uint64 {
		runtime.GC()
		s := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	t.Setenv("GOMEMLIMIT", "1GiB")
	Floor()
	require.Less(t, goal(), uint64(2*floor), "the operator has decided")
	t.Setenv("GOMEMLIMIT", "")
	t.Setenv("GOGC", "")
	Floor()
	Floor()
	require.GreaterOrEqual(t, goal(), uint64(2*floor))
	require.Less(t, goal(), uint64(3*floor), "it is there once")
}
