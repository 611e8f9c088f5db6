// Package split runs the platform as it runs in production, on one machine: each center in a process of its own with a
// database of its own, the transaction coordinator with its store in the database, and an edge before all.
//
// Always true: a process that is started again listens where it listened before; closing stops every process that was
// started, by its process id.
package split

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/onepool/onepool/app/internal/process"
)

// Coordinator and Edge are the names of the processes that are no centers.
const (
	Coordinator = "dtm"
	Edge        = "frontend"
)

const (
	startLimit = 60 * time.Second
	stopLimit  = 15 * time.Second
)

// MySQL says where the database server is. Each center gets a database onepool_<center>, the coordinator onepool_dtm.
type MySQL struct {
	Host     string
	Port     int
	User     string
	Password string
	// Prefix of the databases' names, onepool_ when empty.
	Prefix string
}

func (m MySQL) prefix() string {
	if m.Prefix == "" {
		return "onepool_"
	}
	return m.Prefix
}

func (m MySQL) dsn() string {
	return fmt.Sprintf("%s:%s@tcp(%s)/%s{center}", m.User, m.Password, net.JoinHostPort(m.Host, strconv.Itoa(m.Port)), m.prefix())
}

// Options say what to start.
type Options struct {
	// Bin is the folder of the programs, Data that of keys and logs.
	Bin, Data string
	MySQL     MySQL
	// Consul is the host:port of an agent; empty: fixed endpoints.
	Consul string
	// HTTP and GRPC are the edge's addresses.
	HTTP, GRPC string
	// Config is a configuration file of all processes; empty: the defaults.
	Config string
	// Env are further settings of all processes, ONEPOOL_SECTION__KEY=value.
	Env []string
	Log io.Writer
}

// Platform is a running split platform.
type Platform struct {
	options Options
	ports   map[string]map[string]string // process -> http, grpc, branch -> address
	mu      sync.Mutex
	running map[string]*member
	HTTP    string
	GRPC    string
}

type member struct {
	cmd   *exec.Cmd
	stdin io.Closer
	gone  chan struct{}
}

// Start starts everything and returns when the edge accepts requests.
func Start(ctx context.Context, o Options) (p *Platform, err error) {
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return nil, err
	}
	p = &Platform{options: o, ports: map[string]map[string]string{}, running: map[string]*member{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	if err := createDatabases(ctx, o.MySQL, append([]string{Coordinator}, process.Centers...)); err != nil {
		return nil, err
	}
	if err := p.choosePorts(); err != nil {
		return nil, err
	}
	for _, name := range append([]string{Coordinator}, process.Centers...) {
		if err := p.Start(ctx, name); err != nil {
			return nil, err
		}
	}
	return p, p.Start(ctx, Edge)
}

// choosePorts fixes every address before anything runs: the others must know it, and a restart must find it again.
func (p *Platform) choosePorts() error {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	free := func() (string, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", fmt.Errorf("find a free port: %w", err)
		}
		held = append(held, l)
		return l.Addr().String(), nil
	}
	for _, name := range append([]string{Coordinator, Edge}, process.Centers...) {
		p.ports[name] = map[string]string{}
		for _, kind := range []string{"http", "grpc", "branch"} {
			address, err := free()
			if err != nil {
				return err
			}
			p.ports[name][kind] = address
		}
	}
	if p.options.HTTP != "" {
		p.ports[Edge]["http"] = p.options.HTTP
	}
	if p.options.GRPC != "" {
		p.ports[Edge]["grpc"] = p.options.GRPC
	}
	return nil
}

// command is how a process is started.
func (p *Platform) command(name string) *exec.Cmd {
	if name == Coordinator {
		args := []string{"--grpc", p.ports[name]["grpc"], "--store", "mysql", "--mysql-host", p.options.MySQL.Host,
			"--mysql-port", strconv.Itoa(p.options.MySQL.Port), "--mysql-user", p.options.MySQL.User, "--mysql-database", p.options.MySQL.prefix() + "dtm",
			"--exit-with-stdin"}
		if p.options.Consul != "" {
			args = append(args, "--consul", p.options.Consul)
		} else {
			var branches []string
			for _, center := range process.Centers {
				branches = append(branches, center+"="+p.ports[center]["branch"])
			}
			args = append(args, "--branches", strings.Join(branches, ","))
		}
		cmd := exec.Command(filepath.Join(p.options.Bin, "dtm"), args...)
		cmd.Env = append(os.Environ(), "DTM_MYSQL_PASSWORD="+p.options.MySQL.Password)
		return cmd
	}
	own := p.ports[name]
	cmd := exec.Command(filepath.Join(p.options.Bin, name), "--data", p.options.Data, "--http", own["http"], "--grpc", own["grpc"], "--branch", own["branch"])
	if p.options.Config != "" {
		cmd.Args = append(cmd.Args, "--config", p.options.Config)
	}
	cmd.Env = append(os.Environ(), "ONEPOOL_STORAGE__ENGINE=mysql", "ONEPOOL_STORAGE__DSN="+p.options.MySQL.dsn(),
		"ONEPOOL_COORDINATOR__MODE=external", "ONEPOOL_COORDINATOR__ADDRESS="+p.ports[Coordinator]["grpc"])
	if p.options.Consul != "" {
		cmd.Env = append(cmd.Env, "ONEPOOL_DISCOVERY__MODE=consul", "ONEPOOL_DISCOVERY__CONSUL="+p.options.Consul)
	} else {
		cmd.Env = append(cmd.Env, "ONEPOOL_DISCOVERY__MODE=static")
		for _, center := range process.Centers {
			key := strings.ToUpper(center)
			cmd.Env = append(cmd.Env, "ONEPOOL_DISCOVERY__GRPC__"+key+"="+p.ports[center]["grpc"], "ONEPOOL_DISCOVERY__HTTP__"+key+"="+p.ports[center]["http"])
		}
	}
	cmd.Env = append(cmd.Env, p.options.Env...)
	return cmd
}

// Start starts one process, for the first time or again, and waits until it is ready. env is added to its environment.
func (p *Platform) Start(ctx context.Context, name string, env ...string) error {
	cmd := p.command(name)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = p.log(name)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is ours to pass on, in order
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	m := &member{cmd: cmd, stdin: stdin, gone: make(chan struct{})}
	p.mu.Lock()
	p.running[name] = m
	p.mu.Unlock()
	ready := make(chan process.Ready, 1)
	go func() {
		defer close(m.gone)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			var line process.Ready
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Ready {
				select {
				case ready <- line:
				default:
				}
			}
		}
		_ = cmd.Wait() // its end is seen by whoever waits on gone
	}()
	limit, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	select {
	case line := <-ready:
		if name == Edge {
			p.HTTP, p.GRPC = line.HTTP, line.GRPC
		}
		return nil
	case <-m.gone:
		return fmt.Errorf("%s ended before it was ready: see its log", name)
	case <-limit.Done():
		return fmt.Errorf("%s is not ready: %w", name, limit.Err())
	}
}

// Kill ends a process at once, as a crash does, and waits until it is gone.
func (p *Platform) Kill(name string) error { return p.end(name, syscall.SIGKILL) }

func (p *Platform) end(name string, signal syscall.Signal) error {
	p.mu.Lock()
	m := p.running[name]
	delete(p.running, name)
	p.mu.Unlock()
	if m == nil {
		return nil
	}
	if err := m.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", name, err)
	}
	select {
	case <-m.gone:
	case <-time.After(stopLimit):
		_ = m.cmd.Process.Kill()
		<-m.gone
		return fmt.Errorf("%s did not stop within %s and was killed", name, stopLimit)
	}
	return nil
}

// Data is the folder of keys.
func (p *Platform) Data() string { return p.options.Data }

// Gone says whether a process that was started has ended by itself.
func (p *Platform) Gone(name string) bool {
	p.mu.Lock()
	m := p.running[name]
	p.mu.Unlock()
	if m == nil {
		return true
	}
	select {
	case <-m.gone:
		return true
	default:
		return false
	}
}

// Wait returns when ctx ends, or with the name of a process that ended by itself.
func (p *Platform) Wait(ctx context.Context) error {
	ended := make(chan string, 16)
	p.mu.Lock()
	for name, m := range p.running {
		go func() {
			<-m.gone
			ended <- name
		}()
	}
	p.mu.Unlock()
	select {
	case <-ctx.Done():
		return nil
	case name := <-ended:
		return fmt.Errorf("%s has ended: see its log", name)
	}
}

// Close stops every process, the edge first and the coordinator last.
func (p *Platform) Close() error {
	var errs []error
	errs = append(errs, p.end(Edge, syscall.SIGTERM))
	for i := len(process.Centers) - 1; i >= 0; i-- {
		errs = append(errs, p.end(process.Centers[i], syscall.SIGTERM))
	}
	errs = append(errs, p.end(Coordinator, syscall.SIGTERM))
	return errors.Join(errs...)
}

func (p *Platform) log(name string) io.Writer {
	if p.options.Log == nil {
		return os.Stderr
	}
	return &prefixed{out: p.options.Log, prefix: name + ": "}
}

// prefixed writes whole lines with the process's name before them.
type prefixed struct {
	mu     sync.Mutex
	out    io.Writer
	prefix string
	rest   []byte
}

func (w *prefixed) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, b...)
	for {
		i := strings.IndexByte(string(w.rest), '\n')
		if i < 0 {
			return len(b), nil
		}
		if _, err := fmt.Fprintf(w.out, "%s%s\n", w.prefix, w.rest[:i]); err != nil {
			return 0, err
		}
		w.rest = w.rest[i+1:]
	}
}
