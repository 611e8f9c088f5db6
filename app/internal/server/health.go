package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/onepool/onepool/app/internal/fault"
)

const (
	opHealthz = "healthz"
	opReadyz  = "readyz"
	opMetrics = "metrics"

	checkTimeout = 2 * time.Second
	healthEvery  = time.Second
)

type check struct {
	name string
	fn   func(context.Context) error
}

// registerOwnRoutes adds what every process answers.
func (s *Servers) registerOwnRoutes() {
	// Alive: the process answers. Nothing else is asked, or a broken database would restart all processes.
	s.raw(http.MethodGet, "/healthz", opHealthz, func(w http.ResponseWriter, _ *http.Request) error {
		return writeJSON(w, `{"status":"ok"}`)
	})
	// Ready: what it needs is there, so it should get requests.
	s.raw(http.MethodGet, "/readyz", opReadyz, func(w http.ResponseWriter, r *http.Request) error {
		if failing := s.failing(r.Context()); len(failing) > 0 {
			e := fault.Unavailable()
			causes := make([]error, 0, len(failing))
			for name, err := range failing {
				e.Metadata[name] = "failing"
				causes = append(causes, fmt.Errorf("%s: %w", name, err))
			}
			return e.WithCause(errors.Join(causes...))
		}
		return writeJSON(w, `{"status":"ready"}`)
	})
	metrics := promhttp.HandlerFor(s.deps.Observe.Registry(), promhttp.HandlerOpts{})
	s.raw(http.MethodGet, "/metrics", opMetrics, func(w http.ResponseWriter, r *http.Request) error {
		metrics.ServeHTTP(w, r)
		return nil
	})
}

// registerHealth puts gRPC health on the server that clients and centers reach.
func (s *Servers) registerHealth() {
	if s.grpc != nil {
		healthv1.RegisterHealthServer(s.grpc, s.health)
	}
}

func writeJSON(w http.ResponseWriter, body string) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(body + "\n"))
	return nil
}

// failing returns the checks that fail or are late. Who asks at the same time shares one run: strangers may ask, and must
// not keep the database busy with it.
func (s *Servers) failing(ctx context.Context) map[string]error {
	found, _, _ := s.checking.Do("", func() (any, error) { return s.runChecks(context.WithoutCancel(ctx)), nil })
	return found.(map[string]error)
}

// runChecks runs all checks at once.
func (s *Servers) runChecks(ctx context.Context) map[string]error {
	s.mu.Lock()
	checks := append([]check(nil), s.checks...)
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	errs := make([]error, len(checks))
	var done sync.WaitGroup
	for i, c := range checks {
		done.Go(func() { errs[i] = c.fn(ctx) })
	}
	done.Wait()
	failing := map[string]error{}
	for i, err := range errs {
		if err != nil {
			failing[checks[i].name] = err
		}
	}
	return failing
}

// watchHealth keeps gRPC health as /readyz says, until ctx ends.
func (s *Servers) watchHealth(ctx context.Context) {
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for {
		state := healthv1.HealthCheckResponse_SERVING
		if len(s.failing(ctx)) > 0 {
			state = healthv1.HealthCheckResponse_NOT_SERVING
		}
		if ctx.Err() != nil {
			return
		}
		s.health.SetServingStatus("", state)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
