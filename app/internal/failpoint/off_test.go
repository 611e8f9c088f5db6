//go:build !failpoint

package failpoint

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWithoutTheTagNothingCanBeArmed(t *testing.T) {
	t.Setenv("FAILPOINT", "a=kill")
	require.False(t, Enabled)
	require.NoError(t, Hit("a"))
	_, err := Arm("a=error")
	require.Error(t, err)
}
