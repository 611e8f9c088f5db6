package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/onepool/onepool/app/internal/bench"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/onepool/internal/client"
	center "github.com/onepool/onepool/app/onepool/internal/platform"
)

const (
	startLimit = time.Minute
	stopLimit  = time.Minute
)

// platform is the whole platform as its operator runs it: one process with all centers, its coordinator, and the database.
type platform struct {
	url, key string
	data     string // its directory
	pids     []int
	log      *bytes.Buffer
	close    func() error
}

// engine is where the centers keep their rows.
type engine struct {
	name    string
	mariaDB bool
}

var (
	onMariaDB = engine{"MariaDB", true}
	onDefault = engine{"the embedded default", false}
)

// start starts the program beside this one.
func start(ctx context.Context, on engine) (p *platform, err error) {
	dir, remove, err := testkit.Scratch()
	if err != nil {
		return nil, err
	}
	p = &platform{log: &bytes.Buffer{}, close: remove}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	env := append(os.Environ(), "ONEPOOL_SANDBOX__PAYMENTS=true", "ONEPOOL_SANDBOX__SMS=true", "ONEPOOL_LIMITS__CONCURRENCY=4096", "ONEPOOL_OBSERVE__LOG_LEVEL=error")
	if on.mariaDB {
		server, err := testkit.StartDurable(dir, false, "1G")
		if err != nil {
			return nil, err
		}
		p.closing(server.Close)
		dsn, err := server.Databases(process.Centers...)
		if err != nil {
			return nil, err
		}
		env, p.pids = append(env, "ONEPOOL_STORAGE__ENGINE=mysql", "ONEPOOL_STORAGE__DSN="+dsn), append(p.pids, server.PID())
	}
	return p, p.run(ctx, filepath.Join(dir, "data"), env)
}

// closing adds what is to be closed first.
func (p *platform) closing(first func() error) {
	then := p.close
	p.close = func() error { return errors.Join(first(), then()) }
}

// run starts the process and waits until it is ready.
func (p *platform) run(ctx context.Context, data string, env []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(self), "onepool"), "serve", "--data", data, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	cmd.Env, cmd.Stderr = env, p.log
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(syscall.SIGTERM) }, stopLimit
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("the platform does not start: make build first: %w", err)
	}
	p.closing(func() error {
		err := cmd.Process.Signal(syscall.SIGTERM)
		if waited := cmd.Wait(); waited != nil {
			err = errors.Join(err, fmt.Errorf("the platform: %w: %s", waited, tail(p.log)))
		}
		return err
	})
	var ready struct{ HTTP string }
	lines := make(chan error, 1)
	go func() {
		line, err := bufio.NewReader(out).ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, &ready)
		}
		lines <- err
	}()
	select {
	case err := <-lines:
		if err != nil {
			return fmt.Errorf("the platform is not ready: %w: %s", err, tail(p.log))
		}
	case <-time.After(startLimit):
		return fmt.Errorf("the platform is not ready after %s: %s", startLimit, tail(p.log))
	}
	if p.key, err = client.Credential("", filepath.Join(data, center.AdminKeyFile)); err != nil {
		return err
	}
	children, err := childrenOf(cmd.Process.Pid)
	p.url, p.data, p.pids = ready.HTTP, data, append(append(p.pids, cmd.Process.Pid), children...)
	return err
}

// tail is the end of a log, for a person to read.
func tail(log *bytes.Buffer) []byte {
	raw := log.Bytes()
	return raw[max(0, len(raw)-2000):]
}

// childrenOf lists the processes that a process has started: the coordinator.
func childrenOf(pid int) (children []int, err error) {
	found, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	for _, name := range found {
		raw, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended meanwhile
		}
		_, rest, _ := strings.Cut(string(raw), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			if err != nil {
				return nil, err
			}
			children = append(children, child)
		}
	}
	return children, nil
}

// cpu is what all processes of the platform have used.
func (p *platform) cpu() (time.Duration, error) { return bench.CPUOf(p.pids...) }

// settled waits until the platform has nothing to do any more, and says what it has used by then: what follows an order is
// work for it too.
func (p *platform) settled(ctx context.Context) (time.Duration, error) {
	const look, idle = 500 * time.Millisecond, 25 * time.Millisecond // a twentieth of a core is what timers need
	before, err := p.cpu()
	for err == nil {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(look):
		}
		var now time.Duration
		if now, err = p.cpu(); err == nil && now-before < idle {
			return now, nil
		}
		before = now
	}
	return 0, err
}
