package observe

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/go-kratos/kratos/v2/errors"
	"github.com/go-kratos/kratos/v2/middleware"
	"github.com/go-kratos/kratos/v2/transport"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/onepool/onepool/app/internal/fault"
)

// HeaderTraceID answers the trace id, so that a client can report it.
const HeaderTraceID = "x-trace-id"

// w3c carries the trace between processes. Baggage is not carried: it is data of strangers.
var w3c = propagation.TraceContext{}

type requestMetrics struct {
	total    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
	shed     *prometheus.CounterVec
}

func newRequestMetrics() *requestMetrics {
	return &requestMetrics{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "onepool_requests_total", Help: "Requests answered, by side, transport, operation and outcome.",
		}, []string{"side", "transport", "operation", "code", "reason"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "onepool_request_seconds", Help: "Time to answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"side", "transport", "operation"}),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "onepool_requests_in_flight", Help: "Requests being worked on.",
		}, []string{"server"}),
		shed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "onepool_requests_shed_total", Help: "Requests refused because the server was full.",
		}, []string{"server"}),
	}
}

// InFlight counts the requests of a server, Shed those that it refused because it was full.
func (o *Observer) InFlight(server string) prometheus.Gauge {
	return o.requests.inFlight.WithLabelValues(server)
}

// Shed counts the requests that a server refused because it was full.
func (o *Observer) Shed(server string) prometheus.Counter {
	return o.requests.shed.WithLabelValues(server)
}

// ServerTracing continues the caller's trace or starts one, and answers its id.
func (o *Observer) ServerTracing() middleware.Middleware {
	return func(next middleware.Handler) middleware.Handler {
		return func(ctx context.Context, req any) (reply any, err error) {
			tr, ok := transport.FromServerContext(ctx)
			if !ok {
				return next(ctx, req)
			}
			ctx = w3c.Extract(ctx, tr.RequestHeader())
			ctx, span := o.tracer.Start(ctx, tr.Operation(), trace.WithSpanKind(trace.SpanKindServer),
				trace.WithAttributes(attribute.String("rpc.system", tr.Kind().String())))
			tr.ReplyHeader().Set(HeaderTraceID, TraceID(ctx))
			reply, err = next(ctx, req)
			end(span, err)
			return reply, err
		}
	}
}

// ClientTracing passes the trace on.
func (o *Observer) ClientTracing() middleware.Middleware {
	return func(next middleware.Handler) middleware.Handler {
		return func(ctx context.Context, req any) (reply any, err error) {
			tr, ok := transport.FromClientContext(ctx)
			if !ok {
				return next(ctx, req)
			}
			ctx, span := o.tracer.Start(ctx, tr.Operation(), trace.WithSpanKind(trace.SpanKindClient))
			w3c.Inject(ctx, tr.RequestHeader())
			reply, err = next(ctx, req)
			end(span, err)
			return reply, err
		}
	}
}

// end closes a span. The error's text stays out of it: traces leave the house.
func end(span trace.Span, err error) {
	if err != nil {
		e := errors.FromError(fault.Public(err))
		span.SetAttributes(attribute.Int("rpc.status_code", int(e.Code)), attribute.String("onepool.reason", e.Reason))
		if e.Code >= 500 {
			span.SetStatus(codes.Error, e.Reason)
		}
	}
	span.End()
}

// ServerMetrics counts and times the requests of a server.
func (o *Observer) ServerMetrics() middleware.Middleware {
	return func(next middleware.Handler) middleware.Handler {
		return func(ctx context.Context, req any) (any, error) {
			tr, ok := transport.FromServerContext(ctx)
			if !ok {
				return next(ctx, req)
			}
			return o.measure(ctx, req, "server", tr, next)
		}
	}
}

// ClientMetrics counts and times the calls to other centers.
func (o *Observer) ClientMetrics() middleware.Middleware {
	return func(next middleware.Handler) middleware.Handler {
		return func(ctx context.Context, req any) (any, error) {
			tr, ok := transport.FromClientContext(ctx)
			if !ok {
				return next(ctx, req)
			}
			return o.measure(ctx, req, "client", tr, next)
		}
	}
}

func (o *Observer) measure(ctx context.Context, req any, side string, tr transport.Transporter, next middleware.Handler) (any, error) {
	begin := time.Now()
	reply, err := next(ctx, req)
	code, reason := 200, ""
	if err != nil {
		e := errors.FromError(fault.Public(err))
		code, reason = int(e.Code), e.Reason
	}
	kind, operation := tr.Kind().String(), tr.Operation()
	o.requests.total.WithLabelValues(side, kind, operation, strconv.Itoa(code), reason).Inc()
	o.requests.seconds.WithLabelValues(side, kind, operation).Observe(time.Since(begin).Seconds())
	return reply, err
}

// ServerLogging writes one record for each request: failures of ours as errors with their cause, refusals as
// information, successes for debugging only.
func (o *Observer) ServerLogging() middleware.Middleware {
	return func(next middleware.Handler) middleware.Handler {
		return func(ctx context.Context, req any) (any, error) {
			begin := time.Now()
			reply, err := next(ctx, req)
			level, attrs := slog.LevelDebug, make([]slog.Attr, 0, 6)
			if tr, ok := transport.FromServerContext(ctx); ok {
				attrs = append(attrs, slog.String("transport", tr.Kind().String()), slog.String("operation", tr.Operation()))
			}
			attrs = append(attrs, slog.Int64("duration_us", time.Since(begin).Microseconds()))
			if err != nil {
				e := errors.FromError(fault.Public(err))
				attrs = append(attrs, slog.Int("code", int(e.Code)), slog.String("reason", e.Reason))
				level = slog.LevelInfo
				if e.Code >= 500 {
					level = slog.LevelError
					attrs = append(attrs, slog.String("error", err.Error()))
				}
			}
			o.log.LogAttrs(ctx, level, "request", attrs...)
			return reply, err
		}
	}
}
