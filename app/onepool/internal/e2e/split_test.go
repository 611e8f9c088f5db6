package e2e

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/onepool/internal/client"
	"github.com/onepool/onepool/app/onepool/internal/demo"
	"github.com/onepool/onepool/app/onepool/internal/split"
	"github.com/onepool/onepool/configs"
)

// startSplit starts each center in a process of its own on the private MariaDB.
func startSplit(t *testing.T, prefix, consul string) *split.Platform {
	t.Helper()
	address, user := testkit.MariaDBAddress(t)
	return startSplitOn(t, address, user, prefix, consul)
}

func startSplitOn(t *testing.T, address, user, prefix, consul string) *split.Platform {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	bin := build(t, append([]string{split.Coordinator, split.Edge}, process.Centers...)...)
	data := t.TempDir()
	overlay := filepath.Join(data, "demo.yaml")
	require.NoError(t, os.WriteFile(overlay, configs.DemoOverlay, 0o600))
	log := &guarded{}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	p, err := split.Start(ctx, split.Options{
		Bin: bin, Data: data, Config: overlay, Consul: consul, Log: log, HTTP: "127.0.0.1:0", GRPC: "127.0.0.1:0",
		MySQL: split.MySQL{Host: host, Port: number, User: user, Prefix: prefix}, Env: []string{"ONEPOOL_TRADE__RETURN_WINDOW_S=3"},
	})
	t.Cleanup(func() {
		if p != nil {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
		if t.Failed() {
			t.Logf("logs of the processes:\n%s", tail(log.String(), 120))
		}
	})
	require.NoError(t, err)
	return p
}

// guarded is a buffer that several processes write to.
type guarded struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (g *guarded) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.Write(p)
}
func (g *guarded) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.String()
}

func TestTheMainJobInProcessesOfTheirOwn(t *testing.T) {
	if testing.Short() {
		t.Skip("starts every center as a process")
	}
	p := startSplit(t, "e2e_static_", "")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var story bytes.Buffer
	require.NoError(t, demo.Run(ctx, admin(t, p.HTTP, p.Data()), &story), &story)
}

func TestTheMainJobThroughConsul(t *testing.T) {
	if testing.Short() {
		t.Skip("starts every center as a process")
	}
	binary := consulBinary(t)
	if binary == "" {
		t.Skip("no consul on the PATH or in bin/: `make tools-consul` builds it; centers are found by fixed endpoints in the other test")
	}
	agent := startConsul(t, binary)
	p := startSplit(t, "e2e_consul_", agent)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var story bytes.Buffer
	require.NoError(t, demo.Run(ctx, admin(t, p.HTTP, p.Data()), &story), &story)
}

func consulBinary(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("consul"); err == nil {
		return path
	}
	path := filepath.Join(root(t), "bin", "consul")
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

func startConsul(t *testing.T, binary string) string {
	t.Helper()
	port := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	}
	http := port()
	cmd := exec.Command(binary, "agent", "-dev", "-client", "127.0.0.1", "-bind", "127.0.0.1", "-http-port", http, "-grpc-port", "-1", "-grpc-tls-port", "-1",
		"-dns-port", "-1", "-server-port", port(), "-serf-lan-port", port(), "-serf-wan-port", port())
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	address := net.JoinHostPort("127.0.0.1", http)
	require.Eventually(t, func() bool {
		status, _, err := mustClient(t, "http://"+address).Send(context.Background(), "GET", "/v1/status/leader", nil, nil)
		return err == nil && status == 200
	}, 30*time.Second, 200*time.Millisecond)
	return address
}

func mustClient(t *testing.T, url string) *client.Client {
	t.Helper()
	c, err := client.New(context.Background(), url, "")
	require.NoError(t, err)
	return c
}

func auditClean(t *testing.T, c *client.Client) {
	t.Helper()
	found, err := c.Console().CheckInvariants(context.Background(), &commonv1.CheckInvariantsRequest{})
	require.NoError(t, err)
	require.NotEmpty(t, found.Results)
	for _, r := range found.Results {
		require.Zero(t, r.Violations, "%s %s (%s): %v", r.Id, r.Title, r.Center, r.Examples)
	}
}
