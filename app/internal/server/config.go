// Package server is the edge of every process: HTTP and gRPC for clients, gRPC in memory between the centers of one
// process, and a separate gRPC listener for the transaction coordinator; and the way from one center to another.
//
// Always true:
//   - Every request, on every server, also raw routes (downloads, callbacks), goes through the one chain: recovery,
//     tracing, metrics, logging, limits, authentication, decoding verdict, validation, deadline. A test walks all routes.
//   - What cannot be decoded exactly is refused: unknown fields, parameters and enum names are errors, not defaults. The
//     verdict is given after authentication, so that strangers learn nothing about the API and failures are counted.
//   - An error leaves as {code, reason, message, metadata}, made by fault.Public; nothing internal leaks.
//   - Branch services stand on a listener of their own and on no other.
//   - A call to another center fails when the context carries a database transaction.
//   - Bodies, concurrency, connections and time are bounded.
package server

import (
	"fmt"
	"time"

	"github.com/onepool/onepool/app/internal/page"
)

// Config has no zero that means unlimited: zeros become the defaults.
type Config struct {
	// Name of the process: a center's name, or "onepool" for all in one.
	Name string
	// Addresses to listen on, host:port; port 0 picks a free one. An empty address: no such server.
	HTTPAddr, GRPCAddr, BranchAddr string
	// AdvertiseHost is what others reach this process by when it listens on all addresses; default 127.0.0.1.
	AdvertiseHost string
	// Timeout of a request, 10 s.
	Timeout time.Duration
	// MaxBodyBytes of a request, 1 MiB.
	MaxBodyBytes int64
	// MaxPage is how many rows a list answers at once, 200.
	MaxPage int
	// MaxConcurrent requests on each public server, 512; four times as many between centers, because refusing there
	// wastes the work that was done before.
	MaxConcurrent int
	// MaxConnections on each listener, 4096.
	MaxConnections int
	// StopTimeout is how long running requests get when the process stops, 10 s.
	StopTimeout time.Duration
}

const (
	defaultTimeout        = 10 * time.Second
	defaultMaxBodyBytes   = 1 << 20
	defaultMaxConcurrent  = 512
	defaultMaxConnections = 4096
	defaultStopTimeout    = 10 * time.Second
	internalFactor        = 4
	// internalMaxBytes bounds messages between centers: an import of 1 MiB JSON and its answers fit.
	internalMaxBytes = 8 << 20
	maxHeaderBytes   = 64 << 10
)

func (c Config) complete() (Config, error) {
	if c.Name == "" {
		return c, fmt.Errorf("server: name is missing")
	}
	for key, n := range map[string]int64{
		"timeout": int64(c.Timeout), "max_body_bytes": c.MaxBodyBytes, "max_concurrent": int64(c.MaxConcurrent), "max_page": int64(c.MaxPage),
		"max_connections": int64(c.MaxConnections), "stop_timeout": int64(c.StopTimeout),
	} {
		if n < 0 {
			return c, fmt.Errorf("server: %s is negative", key)
		}
	}
	setDefault(&c.Timeout, defaultTimeout)
	setDefault(&c.MaxBodyBytes, defaultMaxBodyBytes)
	setDefault(&c.MaxPage, page.MaxSize)
	setDefault(&c.MaxConcurrent, defaultMaxConcurrent)
	setDefault(&c.MaxConnections, defaultMaxConnections)
	setDefault(&c.StopTimeout, defaultStopTimeout)
	setDefault(&c.AdvertiseHost, "127.0.0.1")
	return c, nil
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}
