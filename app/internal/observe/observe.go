// Package observe is how a process tells what it does: log, metrics, traces.
//
// Always true:
//   - Every record is one JSON line on standard error, with phones masked in every value and a trace id when there is one.
//   - Nothing is registered globally: each process part gets the Observer that it writes to.
//   - Requests and replies are never logged; a failed request is logged once, at the edge, with its cause.
//   - Label values are bounded: operations are names that were registered, never paths as they came.
package observe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/go-kratos/kratos/v2/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/onepool/onepool/app/internal/mask"
)

// Config says where to.
type Config struct {
	// Service is the process's name in logs and traces.
	Service string
	Version string
	// Level is debug, info, warn or error; empty is info.
	Level string
	// OTLPEndpoint is the host:port of a trace collector (gRPC, no TLS); empty: traces have ids but go nowhere.
	OTLPEndpoint string
	// TraceRatio of new traces is exported, 0..1; 0 means all.
	TraceRatio float64
}

// Observer is the process's log, metrics and traces.
type Observer struct {
	log      *slog.Logger
	registry *prometheus.Registry
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	requests *requestMetrics
}

// New opens the log on out (os.Stderr when nil), a metrics registry and a tracer.
func New(ctx context.Context, c Config, out io.Writer) (*Observer, error) {
	if out == nil {
		out = os.Stderr
	}
	level, err := parseLevel(c.Level)
	if err != nil {
		return nil, err
	}
	provider, err := newProvider(ctx, c)
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	requests := newRequestMetrics()
	for _, collector := range []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		requests.total, requests.seconds, requests.inFlight, requests.shed,
	} {
		if err := registry.Register(collector); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	handler := slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: mask.Attr})
	return &Observer{
		log:      slog.New(traced{handler}).With("service", c.Service),
		registry: registry,
		provider: provider,
		tracer:   provider.Tracer("onepool"),
		requests: requests,
	}, nil
}

// Close sends what is left of the traces.
func (o *Observer) Close(ctx context.Context) error { return o.provider.Shutdown(ctx) }

// Log is the structured log. Use its ...Context methods, so that records carry the trace id.
func (o *Observer) Log() *slog.Logger { return o.log }

// Kratos is the same log for Kratos' own messages.
func (o *Observer) Kratos() log.Logger { return kratosLogger{o.log} }

// Registry is what /metrics shows.
func (o *Observer) Registry() *prometheus.Registry { return o.registry }

// Register adds collectors, e.g. those of a database.
func (o *Observer) Register(cs ...prometheus.Collector) error {
	var errs []error
	for _, c := range cs {
		if err := o.registry.Register(c); err != nil {
			errs = append(errs, fmt.Errorf("register metrics: %w", err))
		}
	}
	return errors.Join(errs...)
}

// Turn begins a trace of its own for one turn of a worker, so that what it does, and what it could not do, can be followed
// through the centers as a request can. The function returned ends it.
func (o *Observer) Turn(ctx context.Context, what string) (context.Context, func()) {
	ctx, span := o.tracer.Start(ctx, what, trace.WithNewRoot())
	return ctx, func() { span.End() }
}

// TraceID of the context's span, empty without one.
func TraceID(ctx context.Context) string {
	if sc := trace.SpanContextFromContext(ctx); sc.HasTraceID() {
		return sc.TraceID().String()
	}
	return ""
}

func parseLevel(name string) (slog.Level, error) {
	switch strings.ToLower(name) {
	case "debug":
		return slog.LevelDebug, nil
	case "", "info":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, fmt.Errorf("log level %q: debug, info, warn or error", name)
}

func newProvider(ctx context.Context, c Config) (*sdktrace.TracerProvider, error) {
	if c.OTLPEndpoint == "" {
		// Not sampled: spans cost next to nothing, yet each request has a trace id that all centers log.
		return sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())), nil
	}
	exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(c.OTLPEndpoint), otlptracegrpc.WithInsecure())
	if err != nil {
		return nil, fmt.Errorf("trace exporter %s: %w", c.OTLPEndpoint, err)
	}
	ratio := c.TraceRatio
	if ratio <= 0 || ratio > 1 {
		ratio = 1
	}
	return sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter), // its queue is bounded (2048) and drops when full
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(ratio))),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", c.Service), attribute.String("service.version", c.Version))),
	), nil
}

// traced adds the trace id to every record.
type traced struct{ slog.Handler }

func (t traced) Handle(ctx context.Context, r slog.Record) error {
	if id := TraceID(ctx); id != "" {
		r.AddAttrs(slog.String("trace_id", id))
	}
	return t.Handler.Handle(ctx, r)
}

func (t traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{t.Handler.WithAttrs(attrs)} }
func (t traced) WithGroup(name string) slog.Handler       { return traced{t.Handler.WithGroup(name)} }

// kratosLogger writes Kratos' key-value records.
type kratosLogger struct{ log *slog.Logger }

func (k kratosLogger) Log(level log.Level, keyvals ...any) error {
	msg, rest := "", make([]any, 0, len(keyvals))
	for i := 0; i+1 < len(keyvals); i += 2 {
		if keyvals[i] == log.DefaultMessageKey {
			msg = fmt.Sprint(keyvals[i+1])
			continue
		}
		rest = append(rest, fmt.Sprint(keyvals[i]), keyvals[i+1])
	}
	if len(keyvals)%2 == 1 {
		rest = append(rest, "extra", keyvals[len(keyvals)-1])
	}
	k.log.Log(context.Background(), slogLevel(level), msg, rest...)
	return nil
}

func slogLevel(level log.Level) slog.Level {
	switch level {
	case log.LevelDebug:
		return slog.LevelDebug
	case log.LevelWarn:
		return slog.LevelWarn
	case log.LevelError, log.LevelFatal:
		return slog.LevelError
	}
	return slog.LevelInfo
}
