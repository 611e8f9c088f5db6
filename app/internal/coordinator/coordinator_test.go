package coordinator_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/coordinator"
	"github.com/onepool/onepool/app/internal/coordinator/coordinatortest"
)

const parentEnv = "COORDINATOR_TEST_PARENT"

// TestMain can be a parent that starts a coordinator and is then killed by the test.
func TestMain(m *testing.M) {
	dir := os.Getenv(parentEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	child, err := coordinator.Start(context.Background(), coordinator.Config{DataDir: dir})
	if err != nil {
		panic(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pid"), []byte(strconv.Itoa(child.PID())), 0o600); err != nil {
		panic(err)
	}
	select {}
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestAKilledCoordinatorComesBackAtItsAddress(t *testing.T) {
	var alarms atomic.Int32
	c := coordinatortest.Start(t, coordinator.Config{Alarm: func(string) { alarms.Add(1) }})
	addr := c.Addr()
	for n := 1; n <= 3; n++ {
		pid := c.PID()
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		require.Eventually(t, func() bool { return c.Restarts() == n && c.PID() != 0 }, 15*time.Second, 10*time.Millisecond)
		require.NotEqual(t, pid, c.PID())
		require.Equal(t, addr, c.Addr())
		require.Equal(t, int32(n), alarms.Load(), "an operator is told")
	}
	last := c.PID()
	require.NoError(t, c.Close())
	require.NoError(t, c.Close(), "twice")
	require.False(t, alive(last))
}

func TestTheCoordinatorDoesNotOutliveAKilledParent(t *testing.T) {
	dir := t.TempDir()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentEnv+"="+dir, coordinator.BinaryEnv+"="+coordinatortest.Binary(t))
	require.NoError(t, parent.Start())
	var pid int
	require.Eventually(t, func() bool {
		b, err := os.ReadFile(filepath.Join(dir, "pid"))
		pid, _ = strconv.Atoi(string(b))
		return err == nil && pid > 0
	}, 20*time.Second, 10*time.Millisecond)
	require.True(t, alive(pid))
	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	require.Eventually(t, func() bool { return !alive(pid) || zombie(pid) }, 10*time.Second, 10*time.Millisecond)
}

// zombie tells a process that has ended and that nobody has waited for, as in a container without an init.
func zombie(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return strings.HasPrefix(rest, "Z")
}

func TestAStartThatFailsSaysWhy(t *testing.T) {
	_, err := coordinator.Start(t.Context(), coordinator.Config{Binary: filepath.Join(t.TempDir(), "dtm"), DataDir: t.TempDir()})
	require.ErrorContains(t, err, "no executable")
	_, err = coordinator.Start(t.Context(), coordinator.Config{Binary: coordinatortest.Binary(t), DataDir: t.TempDir(), Addr: "nowhere", Log: func(string) {}})
	require.ErrorContains(t, err, "it ended")

}

func branchFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "branches*"))
	require.NoError(t, err)
	text := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		text[f] = string(b)
	}
	return text
}

func TestASecondOneOnTheSameDataFailsAndDisturbsNothing(t *testing.T) {
	dir := t.TempDir()
	first := coordinatortest.Start(t, coordinator.Config{DataDir: dir, Branches: map[string]string{"order": "127.0.0.1:3"}})
	before := branchFiles(t, dir)
	_, err := coordinator.Start(t.Context(), coordinator.Config{Binary: coordinatortest.Binary(t), DataDir: dir, Log: func(string) {}})
	require.Error(t, err)
	require.Equal(t, before, branchFiles(t, dir))
	require.NoError(t, first.Close())
	require.Empty(t, branchFiles(t, dir))
}

func TestBranchesOfAnEarlierRunAreForgotten(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "branches-1"), []byte("stock=127.0.0.1:1\n"), 0o600))
	c := coordinatortest.Start(t, coordinator.Config{DataDir: dir, Branches: map[string]string{"order": "127.0.0.1:3", "member": "127.0.0.1:2"}})
	only := func() string {
		files := branchFiles(t, dir)
		require.Len(t, files, 1)
		for _, text := range files {
			return text
		}
		return ""
	}
	require.Equal(t, "member=127.0.0.1:2\norder=127.0.0.1:3\n", only())
	require.NoError(t, c.SetBranches(nil))
	require.Empty(t, only())
}
