//go:build failpoint

package failpoint

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestErrorActsFromItsHitUntilDisarmed(t *testing.T) {
	disarm, err := Arm("test.error=error@2")
	require.NoError(t, err)
	require.NoError(t, Hit("test.error"))
	require.ErrorIs(t, Hit("test.error"), ErrInjected)
	require.ErrorIs(t, Hit("test.error"), ErrInjected)
	require.NoError(t, Hit("test.other"))
	disarm()
	require.NoError(t, Hit("test.error"))
}

func TestSleepDelays(t *testing.T) {
	disarm, err := Arm("test.sleep=sleep:30")
	require.NoError(t, err)
	defer disarm()
	start := time.Now()
	require.NoError(t, Hit("test.sleep"))
	require.GreaterOrEqual(t, time.Since(start), 30*time.Millisecond)
}

// The test binary starts itself: the child hits the point, must die by SIGKILL, and must have left its trace.
func TestKillEndsTheProcessAndLeavesATrace(t *testing.T) {
	if os.Getenv("FAILPOINT_CHILD") == "1" {
		Hit("test.passed")
		Hit("test.kill")
		os.Exit(0)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	child := exec.Command(os.Args[0], "-test.run=^TestKillEndsTheProcessAndLeavesATrace$")
	child.Env = append(os.Environ(), "FAILPOINT_CHILD=1", "FAILPOINT=test.kill=kill", "FAILPOINT_TRACE="+trace)
	var exit *exec.ExitError
	require.ErrorAs(t, child.Run(), &exit)
	require.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal())
	lines, err := os.ReadFile(trace)
	require.NoError(t, err)
	require.Equal(t, "test.passed\ntest.kill\n", string(lines))
}

func TestAWrongVariableEndsTheProcessAtStart(t *testing.T) {
	child := exec.Command(os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), "FAILPOINT=test.kill=explode")
	var exit *exec.ExitError
	require.ErrorAs(t, child.Run(), &exit)
	require.Equal(t, 2, exit.ExitCode())
}
