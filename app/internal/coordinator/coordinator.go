// Package coordinator runs the transaction coordinator (third_party/dtm) as a child of this process, for the
// all-in-one platform and for tests.
//
// Always true:
//   - The child lives no longer than this process: it holds the other end of a pipe and exits when that closes, also
//     when this process is killed.
//   - Its address stays the one of the first start, so that clients need not be told of restarts.
//   - A child that dies is started again after a pause that doubles up to five seconds, until Close.
//   - Only one coordinator works on a data directory: the second one's start fails on the file's lock.
package coordinator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// BinaryEnv names the environment variable that says where the coordinator's executable is.
	BinaryEnv = "ONEPOOL_DTM"

	readyTimeout  = 20 * time.Second
	closeTimeout  = 8 * time.Second
	firstPause    = 100 * time.Millisecond
	maxPause      = 5 * time.Second
	steadyAfter   = 30 * time.Second
	maxLine_bytes = 4096

	branchesPrefix = "branches-"
)

// MySQL is a MySQL-protocol store. The coordinator makes the database if it is missing.
type MySQL struct {
	Host     string
	Port     int
	User     string
	Password string
	Database string
}

// Config says how to run the coordinator.
type Config struct {
	// Binary is the executable; empty is $ONEPOOL_DTM, else "dtm" beside this program's own executable.
	Binary string
	// DataDir is where the coordinator keeps its embedded store and where the addresses of the branches are written.
	DataDir string
	// Branches is the first SetBranches.
	Branches map[string]string
	// Addr is where it listens; empty is a free port of 127.0.0.1.
	Addr string
	// MySQL, if set, is used in place of the embedded store.
	MySQL *MySQL
	// Consul, if set, is asked for the addresses of the branches in place of SetBranches.
	Consul string
	// Token, if set, is what clients must show.
	Token string
	// Log receives what the child writes, a line at a time; nil is standard error.
	Log func(line string)
	// Alarm receives what an operator should know: the child ended by itself, or does not start again; nil is Log.
	Alarm func(line string)
}

// Child is a running coordinator.
type Child struct {
	cfg      Config
	branches string

	mu       sync.Mutex
	proc     *process
	addr     string
	restarts int

	writing sync.Mutex

	closing chan struct{}
	closed  sync.Once
	done    chan struct{}
}

// Binary finds the coordinator's executable.
func Binary(configured string) (string, error) {
	path := configured
	if path == "" {
		path = os.Getenv(BinaryEnv)
	}
	if path == "" {
		self, err := os.Executable()
		if err != nil {
			return "", fmt.Errorf("coordinator: find own executable: %w", err)
		}
		path = filepath.Join(filepath.Dir(self), "dtm")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("coordinator: %w", err)
	}
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return "", fmt.Errorf("coordinator: no executable at %s (set %s, or build it with make build)", path, BinaryEnv)
	}
	return path, nil
}

// Start runs the coordinator and returns when it is ready.
func Start(ctx context.Context, cfg Config) (*Child, error) {
	var err error
	if cfg.Binary, err = Binary(cfg.Binary); err != nil {
		return nil, err
	}
	if cfg.DataDir == "" {
		return nil, errors.New("coordinator: no data directory")
	}
	if cfg.DataDir, err = filepath.Abs(cfg.DataDir); err != nil {
		return nil, fmt.Errorf("coordinator: %w", err)
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("coordinator: %w", err)
	}
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if cfg.Log == nil {
		cfg.Log = func(line string) { fmt.Fprintln(os.Stderr, line) }
	}
	if cfg.Alarm == nil {
		cfg.Alarm = cfg.Log
	}
	c := &Child{cfg: cfg, addr: cfg.Addr, closing: make(chan struct{}), done: make(chan struct{})}
	if c.branches, err = newBranchesFile(cfg.DataDir); err != nil {
		return nil, err
	}
	if err = c.SetBranches(cfg.Branches); err == nil {
		c.proc, err = c.spawn(ctx)
	}
	if err != nil {
		_ = os.Remove(c.branches)
		return nil, err
	}
	c.addr = c.proc.addr
	c.forgetEarlierRuns()
	go c.supervise()
	return c, nil
}

// Addr is the coordinator's gRPC address. It does not change.
func (c *Child) Addr() string { return c.addr }

// Restarts is how often the coordinator had to be started again.
func (c *Child) Restarts() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.restarts
}

// PID is the process id of the child that runs now; 0 between two.
func (c *Child) PID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.proc == nil {
		return 0
	}
	return c.proc.cmd.Process.Pid
}

// SetBranches says where the branch service of each center listens (host:port). It replaces what was said before and
// holds from the next call on.
func (c *Child) SetBranches(addrs map[string]string) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	var text bytes.Buffer
	for _, center := range slices.Sorted(maps.Keys(addrs)) {
		fmt.Fprintf(&text, "%s=%s\n", center, addrs[center])
	}
	tmp := c.branches + ".new"
	err := os.WriteFile(tmp, text.Bytes(), 0o600)
	if err == nil {
		err = os.Rename(tmp, c.branches)
	}
	if err != nil {
		_ = os.Remove(tmp)
		return fmt.Errorf("coordinator: write branches: %w", err)
	}
	return nil
}

// newBranchesFile is a name of this run's own: what an earlier run wrote must not be read (its ports may be others'
// now), and a start that fails on the data directory's lock must not disturb the run that holds it.
func newBranchesFile(dir string) (string, error) {
	f, err := os.CreateTemp(dir, branchesPrefix+"*")
	if err != nil {
		return "", fmt.Errorf("coordinator: %w", err)
	}
	return f.Name(), f.Close()
}

// forgetEarlierRuns removes the files of runs that were killed. The lock on the directory is ours by now.
func (c *Child) forgetEarlierRuns() {
	old, _ := filepath.Glob(filepath.Join(c.cfg.DataDir, branchesPrefix+"*"))
	for _, f := range old {
		if f != c.branches {
			_ = os.Remove(f)
		}
	}
}

// Close stops the coordinator and waits until it is gone.
func (c *Child) Close() error {
	c.closed.Do(func() { close(c.closing) })
	<-c.done
	return nil
}

// supervise starts the child again whenever it dies, until Close.
func (c *Child) supervise() {
	defer close(c.done)
	defer os.Remove(c.branches)
	p, pause, started := c.proc, firstPause, time.Now()
	for {
		select {
		case <-c.closing:
			p.stop()
			return
		case <-p.exited:
		}
		c.setProcess(nil)
		c.cfg.Alarm(fmt.Sprintf("coordinator: ended (%v): starting it again", p.err))
		if time.Since(started) > steadyAfter {
			pause = firstPause
		}
		for p = nil; p == nil; {
			select {
			case <-c.closing:
				return
			case <-time.After(pause):
			}
			pause = min(2*pause, maxPause)
			ctx, cancel := c.untilClosing()
			next, err := c.spawn(ctx)
			cancel()
			if err != nil {
				c.cfg.Alarm(err.Error())
				continue
			}
			p, started = next, time.Now()
		}
		c.setProcess(p)
	}
}

func (c *Child) setProcess(p *process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.proc = p; p != nil {
		c.restarts++
	}
}

func (c *Child) untilClosing() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		select {
		case <-c.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// process is one run of the executable.
type process struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	addr   string
	exited chan struct{}
	err    error // how it ended; read after exited
}

// spawn starts the executable and waits for its ready line.
func (c *Child) spawn(ctx context.Context) (*process, error) {
	p := &process{cmd: exec.Command(c.cfg.Binary, c.args()...), exited: make(chan struct{})}
	p.cmd.Env = c.environ()
	detach(p.cmd)
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("coordinator: %w", err)
	}
	p.stdin = stdin
	ready := make(chan string, 1)
	p.cmd.Stdout = &lines{line: func(s string) {
		select {
		case ready <- s:
		default:
		}
	}}
	p.cmd.Stderr = &lines{line: c.cfg.Log}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("coordinator: start %s: %w", c.cfg.Binary, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	select {
	case line := <-ready:
		var said struct {
			Ready bool   `json:"ready"`
			GRPC  string `json:"grpc"`
		}
		if err := json.Unmarshal([]byte(line), &said); err == nil && said.Ready {
			p.addr = said.GRPC
			return p, nil
		}
		err = fmt.Errorf("it said %q", line)
	case <-p.exited:
		err = fmt.Errorf("it ended: %v", p.err)
	case <-ctx.Done():
		err = fmt.Errorf("not ready: %w", ctx.Err())
	}
	p.stop()
	return nil, fmt.Errorf("coordinator: start %s: %w", c.cfg.Binary, err)
}

// stop asks, waits, then kills.
func (p *process) stop() {
	_ = p.stdin.Close()
	select {
	case <-p.exited:
	case <-time.After(closeTimeout):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

func (c *Child) args() []string {
	args := []string{"--grpc", c.addr, "--data", c.cfg.DataDir, "--exit-with-stdin"}
	if m := c.cfg.MySQL; m != nil {
		args = append(args, "--store", "mysql", "--mysql-host", m.Host, "--mysql-port", strconv.Itoa(m.Port), "--mysql-user", m.User, "--mysql-database", m.Database)
	}
	if c.cfg.Consul != "" {
		return append(args, "--consul", c.cfg.Consul)
	}
	return append(args, "--branches-file", c.branches)
}

// environ is ours, with the secrets that must not stand on a command line.
func (c *Child) environ() []string {
	env := slices.DeleteFunc(os.Environ(), func(s string) bool {
		return strings.HasPrefix(s, "DTM_MYSQL_PASSWORD=") || strings.HasPrefix(s, "DTM_TOKEN=")
	})
	env = append(env, "LOG_LEVEL=warn") // of the library's logger until the child has read its flags
	if c.cfg.MySQL != nil {
		env = append(env, "DTM_MYSQL_PASSWORD="+c.cfg.MySQL.Password)
	}
	if c.cfg.Token != "" {
		env = append(env, "DTM_TOKEN="+c.cfg.Token)
	}
	return env
}

// lines cuts what the child writes into lines of bounded length.
type lines struct {
	line func(string)
	rest []byte
}

func (l *lines) Write(b []byte) (int, error) {
	l.rest = append(l.rest, b...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		if end < 0 {
			if len(l.rest) > maxLine_bytes {
				l.line(string(l.rest[:maxLine_bytes]))
				l.rest = l.rest[:0]
			}
			return len(b), nil
		}
		l.line(strings.TrimRight(string(l.rest[:min(end, maxLine_bytes)]), "\r"))
		l.rest = append(l.rest[:0], l.rest[end+1:]...)
	}
}
