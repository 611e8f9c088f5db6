package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dtm-labs/logger"
)

const (
	maxDirectoryFile = 1 << 20
	maxCenters       = 256
	consulWait       = 30 * time.Second
	consulRetry      = 2 * time.Second
	maxConsulAnswer  = 4 << 20
)

// directory tells where a center's branch service stands now. None: not known (yet).
type directory interface {
	lookup(center string) []string
	// version grows when an address has changed: what waits may be deliverable now.
	version() uint64
}

func newDirectory(ctx context.Context, o options) (directory, error) {
	given := 0
	for _, s := range []string{o.branches, o.branchesFile, o.consul} {
		if s != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, errors.New("--branches, --branches-file, --consul: only one of them")
	case o.branchesFile != "":
		return newFileDirectory(o.branchesFile)
	case o.consul != "":
		return newConsulDirectory(ctx, o.consul, os.Getenv(consulTokenEnv))
	}
	d, err := parseDirectory(strings.ReplaceAll(o.branches, ",", "\n"))
	if err != nil {
		return nil, fmt.Errorf("--branches: %w", err)
	}
	return d, nil
}

// fixed is a directory that does not change. A center on several lines has several instances.
type fixed map[string][]string

func (f fixed) lookup(center string) []string { return f[center] }
func (f fixed) version() uint64               { return 0 }

func parseDirectory(text string) (fixed, error) {
	f := fixed{}
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		center, addr, ok := strings.Cut(line, "=")
		center, addr = strings.TrimSpace(center), strings.TrimSpace(addr)
		if _, _, err := net.SplitHostPort(addr); !ok || err != nil || center == "" {
			return nil, fmt.Errorf("%q is not center=host:port", line)
		}
		f[center] = append(f[center], addr)
	}
	return f, lines.Err()
}

// fileDirectory looks at each call (one stat) whether its file has changed, and then reads it again. A file that is gone or broken leaves what was known.
type fileDirectory struct {
	path  string
	mu    sync.Mutex
	stamp string
	known fixed
	read  uint64
}

func newFileDirectory(path string) (*fileDirectory, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("--branches-file: %w", err)
	}
	d := &fileDirectory{path: abs, known: fixed{}}
	d.reload()
	return d, nil
}

func (d *fileDirectory) lookup(center string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reload()
	return d.known[center]
}

func (d *fileDirectory) version() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reload()
	return d.read
}

func (d *fileDirectory) reload() {
	info, err := os.Stat(d.path)
	if err != nil {
		return // not written yet
	}
	stamp := fmt.Sprint(info.ModTime().UnixNano(), info.Size())
	if stamp == d.stamp || info.Size() > maxDirectoryFile {
		return
	}
	text, err := os.ReadFile(d.path)
	if err != nil {
		logger.Warnf("branches file: %v", err)
		return
	}
	known, err := parseDirectory(string(text))
	if err != nil {
		logger.Warnf("branches file: %v", err)
		return
	}
	d.stamp, d.known = stamp, known
	d.read++
}

// consulDirectory watches the healthy instances of each center that was asked for. When Consul is gone, or knows no
// healthy instance, the last known ones stay: a call to one that is really gone only costs a retry.
type consulDirectory struct {
	ctx    context.Context
	base   *url.URL
	token  string
	client *http.Client
	mu     sync.Mutex
	known  map[string]*watched
	change uint64
}

type watched struct {
	addrs []string
	first chan struct{} // closed after the first answer, or the first failure
}

func newConsulDirectory(ctx context.Context, addr, token string) (*consulDirectory, error) {
	if !strings.Contains(addr, "://") {
		addr = "http://" + addr
	}
	base, err := url.Parse(addr)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("--consul: %q is not host:port", addr)
	}
	return &consulDirectory{ctx: ctx, base: base, token: token, client: &http.Client{Timeout: consulWait + 15*time.Second}, known: map[string]*watched{}}, nil
}

func (d *consulDirectory) lookup(center string) []string {
	d.mu.Lock()
	w := d.known[center]
	if w == nil {
		if len(d.known) >= maxCenters {
			d.mu.Unlock()
			return nil
		}
		w = &watched{first: make(chan struct{})}
		d.known[center] = w
		go d.watch(center, w)
	}
	d.mu.Unlock()
	select {
	case <-w.first:
	case <-time.After(2 * time.Second):
	case <-d.ctx.Done():
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return w.addrs
}

func (d *consulDirectory) version() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.change
}

func (d *consulDirectory) watch(center string, w *watched) {
	var index uint64
	for answered := false; d.ctx.Err() == nil; {
		addrs, next, err := d.healthy(center, index)
		if err == nil && len(addrs) > 0 {
			d.mu.Lock()
			if !slices.Equal(addrs, w.addrs) {
				d.change++
			}
			w.addrs = addrs
			d.mu.Unlock()
		}
		if !answered {
			answered = true
			close(w.first)
		}
		if err != nil {
			next = 0
			logger.Warnf("consul: %v", err)
		}
		if err != nil || next == index {
			select {
			case <-d.ctx.Done():
			case <-time.After(consulRetry):
			}
		}
		if next < index { // Consul's rule: an index that went back starts afresh
			next = 0
		}
		index = next
	}
}

func (d *consulDirectory) healthy(center string, index uint64) (addrs []string, next uint64, err error) {
	u := d.base.JoinPath("/v1/health/service/onepool-" + center + "-branch")
	u.RawQuery = url.Values{"passing": {"1"}, "index": {strconv.FormatUint(index, 10)}, "wait": {consulWait.String()}}.Encode()
	req, err := http.NewRequestWithContext(d.ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, 0, err
	}
	if d.token != "" {
		req.Header.Set("X-Consul-Token", d.token)
	}
	res, err := d.client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("%s: %s", u.Path, res.Status)
	}
	var entries []struct {
		Node    struct{ Address string }
		Service struct {
			Address string
			Port    int
		}
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxConsulAnswer)).Decode(&entries); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", u.Path, err)
	}
	for _, e := range entries {
		host := e.Service.Address
		if host == "" {
			host = e.Node.Address
		}
		addrs = append(addrs, net.JoinHostPort(host, strconv.Itoa(e.Service.Port)))
	}
	slices.Sort(addrs)
	next, _ = strconv.ParseUint(res.Header.Get("X-Consul-Index"), 10, 64)
	return addrs, next, nil
}
