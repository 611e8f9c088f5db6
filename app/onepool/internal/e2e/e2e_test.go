// Package e2e runs the platform as its operators do, as processes, and lets orders walk through it.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/onepool/internal/client"
	"github.com/onepool/onepool/app/onepool/internal/demo"
)

const (
	startLimit = 2 * time.Minute
	stopLimit  = 30 * time.Second
)

// programs builds each program once for all tests, with fail points compiled in.
var programs = struct {
	sync.Mutex
	dir   string
	built map[string]bool
}{built: map[string]bool{}}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "onepool-e2e-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	programs.dir = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// build answers the folder that holds the named programs.
func build(t *testing.T, names ...string) string {
	t.Helper()
	programs.Lock()
	defer programs.Unlock()
	for _, name := range names {
		if programs.built[name] {
			continue
		}
		target := filepath.Join(programs.dir, name)
		if ready := os.Getenv("ONEPOOL_DTM"); name == "dtm" && ready != "" {
			require.NoError(t, os.Symlink(ready, target))
		} else {
			cmd := exec.Command("go", "build", "-tags", "failpoint", "-o", target, "./app/"+name+"/cmd/"+name)
			cmd.Dir = root(t)
			if name == "dtm" {
				cmd = exec.Command("go", "build", "-o", target, ".")
				cmd.Dir = filepath.Join(root(t), "third_party", "dtm")
			}
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "build %s: %s", name, out)
		}
		programs.built[name] = true
	}
	return programs.dir
}

func root(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMOD").Output()
	require.NoError(t, err)
	return filepath.Dir(strings.TrimSpace(string(out)))
}

// one is the all-in-one platform as a process.
type one struct {
	cmd   *exec.Cmd
	data  string
	ready process.Ready
	log   *bytes.Buffer
	gone  chan error
}

// serve starts `onepool serve` on free ports and waits for its line.
func serve(t *testing.T, data string, env ...string) *one {
	t.Helper()
	bin := build(t, "onepool", "dtm")
	p := &one{data: data, log: &bytes.Buffer{}, gone: make(chan error, 1)}
	p.cmd = exec.Command(filepath.Join(bin, "onepool"), "serve", "--demo", "--data", data, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	p.cmd.Env = append(os.Environ(), append([]string{"ONEPOOL_TRADE__RETURN_WINDOW_S=3"}, env...)...)
	p.cmd.Stderr = p.log
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	lines := make(chan string, 16)
	go func() {
		scanner := bufio.NewScanner(stdout)
		for scanner.Scan() {
			lines <- scanner.Text()
		}
		p.gone <- p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		if t.Failed() {
			t.Logf("log of the platform:\n%s", tail(p.log.String(), 80))
		}
	})
	select {
	case line := <-lines:
		require.NoError(t, json.Unmarshal([]byte(line), &p.ready), "the first line on standard output: %s", line)
		require.True(t, p.ready.Ready)
	case err := <-p.gone:
		p.gone <- err
		require.FailNow(t, "the platform ended before it was ready", "%v\n%s", err, tail(p.log.String(), 40))
	case <-time.After(startLimit):
		require.FailNow(t, "the platform is not ready", tail(p.log.String(), 40))
	}
	return p
}

// interrupt does what Ctrl-C does and waits for a clean end.
func (p *one) interrupt(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGINT))
	select {
	case err := <-p.gone:
		require.NoError(t, err, tail(p.log.String(), 40))
	case <-time.After(stopLimit):
		require.FailNow(t, "the platform does not stop", tail(p.log.String(), 40))
	}
}

func admin(t *testing.T, url, data string) *client.Client {
	t.Helper()
	key, err := client.Credential("", filepath.Join(data, "admin.key"))
	require.NoError(t, err)
	c, err := client.New(context.Background(), url, key)
	require.NoError(t, err)
	return c
}

func tail(text string, lines int) string {
	all := strings.Split(text, "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return strings.Join(all, "\n")
}

// children are the process ids below a process.
func children(t *testing.T, pid int) []int {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	var ids []int
	for _, field := range strings.Fields(string(raw)) {
		id, err := strconv.Atoi(field)
		require.NoError(t, err)
		ids = append(ids, id)
	}
	return ids
}

func TestTheMainJobInOneProcess(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the whole platform")
	}
	p := serve(t, t.TempDir())
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()

	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/openapi.yaml": 200, "/reference": 200, "/nowhere": 404} {
		resp, err := http.Get(p.ready.HTTP + path)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, want, resp.StatusCode, path)
	}
	info, err := os.Stat(filepath.Join(p.data, "admin.key"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	var story bytes.Buffer
	err = demo.Run(ctx, admin(t, p.ready.HTTP, p.data), &story)
	require.NoError(t, err, story.String())

	// The commands that people and scripts use.
	onepool := filepath.Join(build(t, "onepool"), "onepool")
	out, err := exec.Command(onepool, "audit", "--server", p.ready.HTTP, "--token-file", filepath.Join(p.data, "admin.key")).CombinedOutput()
	require.NoError(t, err, string(out))
	last := strings.TrimSpace(tail(strings.TrimSpace(string(out)), 1))
	require.Regexp(t, `^invariants: [1-9][0-9]* checked, 0 violated$`, last)
	out, err = exec.Command(onepool, "audit", "--server", p.ready.HTTP, "--token", "opk_wrong_key").CombinedOutput()
	require.Error(t, err, "audit without a valid credential")
	require.Contains(t, string(out), "UNAUTHENTICATED")

	before := children(t, p.cmd.Process.Pid)
	p.interrupt(t)
	for _, pid := range before {
		require.NoDirExists(t, fmt.Sprintf("/proc/%d", pid), "a child outlived the platform")
	}

	// A second start finds everything again.
	again := serve(t, p.data)
	found, err := exec.Command(onepool, "audit", "--server", again.ready.HTTP, "--token-file", filepath.Join(p.data, "admin.key")).CombinedOutput()
	require.NoError(t, err, string(found))
	again.interrupt(t)
}
