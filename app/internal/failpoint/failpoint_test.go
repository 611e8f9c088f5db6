package failpoint

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseReadsEveryAction(t *testing.T) {
	orders, err := parse("a.b, c=kill,d=sleep:250 ,e=error@3")
	require.NoError(t, err)
	require.Equal(t, map[string]order{
		"a.b": {act: actKill, from: 1},
		"c":   {act: actKill, from: 1},
		"d":   {act: actSleep, sleep: 250 * time.Millisecond, from: 1},
		"e":   {act: actError, from: 3},
	}, orders)
}

func TestParseRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, spec := range []string{"a=explode", "a=", "=kill", "A=kill", "a=sleep", "a=sleep:x", "a=sleep:-1", "a=sleep:99999999", "a=kill@0", "a=kill@x"} {
		_, err := parse(spec)
		require.Error(t, err, spec)
	}
}
