//go:build failpoint

package failpoint

import (
	"fmt"
	"maps"
	"os"
	"sync"
	"syscall"
	"time"
)

// Enabled tells whether the binary carries the hooks.
const Enabled = true

var state = struct {
	sync.Mutex
	armed map[string]order
	hits  map[string]int64
	trace *os.File
}{armed: map[string]order{}, hits: map[string]int64{}}

// init reads the environment: only in this build, where the whole package is a test's tool.
func init() {
	armed, err := parse(os.Getenv("FAILPOINT"))
	if err == nil {
		state.armed = armed
		if path := os.Getenv("FAILPOINT_TRACE"); path != "" {
			state.trace, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

// Hit marks a point. It returns an error only where the point is armed with `error`.
func Hit(name string) error {
	state.Lock()
	state.hits[name]++
	hit := state.hits[name]
	if hit == 1 && state.trace != nil {
		// One short append per process and point: O_APPEND keeps lines of several processes whole.
		fmt.Fprintln(state.trace, name)
	}
	o, armed := state.armed[name]
	state.Unlock()

	if !armed || hit < o.from {
		return nil
	}
	switch o.act {
	case actKill:
		syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way: nothing after the point may run
	case actSleep:
		time.Sleep(o.sleep)
	case actError:
		return fmt.Errorf("%w at %s", ErrInjected, name)
	}
	return nil
}

// Arm adds the points of spec in this process, counting hits anew, until disarm is called.
func Arm(spec string) (disarm func(), err error) {
	orders, err := parse(spec)
	if err != nil {
		return nil, err
	}
	state.Lock()
	defer state.Unlock()
	before := maps.Clone(state.armed)
	maps.Copy(state.armed, orders)
	for name := range orders {
		delete(state.hits, name)
	}
	return func() {
		state.Lock()
		defer state.Unlock()
		state.armed = before
	}, nil
}
