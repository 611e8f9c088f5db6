package observe

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
)

// collected is an OTLP collector that hands on what it is sent.
type collected struct {
	collector.UnimplementedTraceServiceServer
	requests chan *collector.ExportTraceServiceRequest
}

func (c collected) Export(_ context.Context, req *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	c.requests <- req
	return &collector.ExportTraceServiceResponse{}, nil
}

func TestSpansReachACollector(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	defer server.Stop()
	c := collected{requests: make(chan *collector.ExportTraceServiceRequest, 1)}
	collector.RegisterTraceServiceServer(server, c)
	go func() { _ = server.Serve(lis) }()

	o, err := New(t.Context(), Config{Service: "order", Version: "1", OTLPEndpoint: lis.Addr().String()}, &bytes.Buffer{})
	require.NoError(t, err)
	ctx, over := o.Turn(t.Context(), "sweep")
	id := TraceID(ctx)
	over()
	require.NoError(t, o.Close(t.Context()), "closing sends what is left")
	select {
	case req := <-c.requests:
		scope := req.ResourceSpans[0]
		require.Contains(t, scope.Resource.String(), "order")
		span := scope.ScopeSpans[0].Spans[0]
		require.Equal(t, "sweep", span.Name)
		require.Len(t, span.TraceId, 16)
		require.Len(t, id, 32)
	case <-time.After(10 * time.Second):
		t.Fatal("no span arrived")
	}
}
