package observe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/go-kratos/kratos/v2/log"
	"github.com/go-kratos/kratos/v2/middleware"
	"github.com/go-kratos/kratos/v2/transport"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/onepool/onepool/app/internal/fault"
)

type header http.Header

func (h header) Get(key string) string      { return http.Header(h).Get(key) }
func (h header) Set(key, value string)      { http.Header(h).Set(key, value) }
func (h header) Add(key, value string)      { http.Header(h).Add(key, value) }
func (h header) Values(key string) []string { return http.Header(h).Values(key) }
func (h header) Keys() (keys []string) {
	for k := range h {
		keys = append(keys, k)
	}
	return keys
}

type request struct{ in, out header }

func (request) Kind() transport.Kind              { return transport.KindGRPC }
func (request) Endpoint() string                  { return "" }
func (request) Operation() string                 { return "/x/Op" }
func (r request) RequestHeader() transport.Header { return r.in }
func (r request) ReplyHeader() transport.Header   { return r.out }

func observer(t *testing.T, c Config) (*Observer, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	o, err := New(t.Context(), c, &out)
	require.NoError(t, err)
	t.Cleanup(func() { _ = o.Close(context.Background()) })
	return o, &out
}

func records(t *testing.T, out *bytes.Buffer) (all []map[string]any) {
	t.Helper()
	for dec := json.NewDecoder(bytes.NewReader(out.Bytes())); dec.More(); {
		var r map[string]any
		require.NoError(t, dec.Decode(&r))
		all = append(all, r)
	}
	return all
}

func TestAFailureIsLoggedOnceWithItsCauseAndTraceIDAndWithoutPhones(t *testing.T) {
	o, out := observer(t, Config{Service: "order"})
	cause := fmt.Errorf("insert receiver 13812345678: %w", errors.New("disk"))
	var inside string
	h := middleware.Chain(o.ServerTracing(), o.ServerMetrics(), o.ServerLogging())(func(ctx context.Context, _ any) (any, error) {
		inside = TraceID(ctx)
		return nil, cause
	})
	tr := request{header{}, header{}}
	_, err := h(transport.NewServerContext(t.Context(), tr), struct{ Phone string }{"13900000000"})
	require.ErrorIs(t, err, cause)

	rs := records(t, out)
	require.Len(t, rs, 1)
	require.Equal(t, "ERROR", rs[0]["level"])
	require.Equal(t, "insert receiver 138****5678: disk", rs[0]["error"])
	require.Equal(t, "/x/Op", rs[0]["operation"])
	require.Equal(t, "order", rs[0]["service"])
	require.Len(t, inside, 32)
	require.Equal(t, inside, rs[0]["trace_id"])
	require.Equal(t, inside, tr.out.Get(HeaderTraceID))
	require.NotContains(t, out.String(), "13900000000", "requests are not logged")
	families, err := o.Registry().Gather()
	require.NoError(t, err)
	var seen string
	for _, f := range families {
		if f.GetName() == "onepool_requests_total" {
			seen = f.String()
		}
	}
	require.Contains(t, seen, "INTERNAL")
	require.Contains(t, seen, "/x/Op")
}

func TestRefusalsAreInformationSuccessesAreNotLogged(t *testing.T) {
	o, out := observer(t, Config{})
	answer := error(fault.NotFound("order"))
	h := o.ServerLogging()(func(context.Context, any) (any, error) { return nil, answer })
	_, _ = h(t.Context(), nil)
	answer = nil
	_, _ = h(t.Context(), nil)
	rs := records(t, out)
	require.Len(t, rs, 1)
	require.Equal(t, "INFO", rs[0]["level"])
	require.Equal(t, "NOT_FOUND", rs[0]["reason"])
	require.NotContains(t, rs[0], "error")
}

func TestOneTraceAcrossCenters(t *testing.T) {
	o, _ := observer(t, Config{})
	wire := request{header{}, header{}}
	var first, second string
	server := o.ServerTracing()(func(ctx context.Context, _ any) (any, error) { second = TraceID(ctx); return nil, nil })
	client := o.ClientTracing()(func(ctx context.Context, _ any) (any, error) {
		return server(transport.NewServerContext(context.Background(), wire), nil)
	})
	caller := o.ServerTracing()(func(ctx context.Context, _ any) (any, error) {
		first = TraceID(ctx)
		return client(transport.NewClientContext(ctx, wire), nil)
	})
	_, err := caller(transport.NewServerContext(t.Context(), request{header{}, header{}}), nil)
	require.NoError(t, err)
	require.NotEmpty(t, first)
	require.Equal(t, first, second)
}

func TestKratosWritesTheSameLog(t *testing.T) {
	o, out := observer(t, Config{Level: "warn"})
	l := log.NewHelper(o.Kratos())
	l.Info("not at this level")
	l.Warnw("msg", "call +86 138-1234-5678", "phone", "13812345678")
	rs := records(t, out)
	require.Len(t, rs, 1)
	require.Equal(t, "call 138****5678", rs[0]["msg"])
	require.Equal(t, "138****5678", rs[0]["phone"])
}

func TestTracesAreExportedOnlyWhenThereIsACollector(t *testing.T) {
	sampled := func(c Config) (is bool) {
		o, _ := observer(t, c)
		_, _ = o.ServerTracing()(func(ctx context.Context, _ any) (any, error) {
			is = trace.SpanFromContext(ctx).IsRecording()
			return nil, nil
		})(transport.NewServerContext(t.Context(), request{header{}, header{}}), nil)
		return is
	}
	require.False(t, sampled(Config{}))
}

func TestAWrongLevelStopsTheStart(t *testing.T) {
	_, err := New(t.Context(), Config{Level: "loud"}, nil)
	require.ErrorContains(t, err, "loud")
}
