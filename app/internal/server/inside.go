package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-kratos/kratos/v2/middleware"
	"github.com/go-kratos/kratos/v2/selector"
	"github.com/go-kratos/kratos/v2/transport"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/onepool/onepool/app/internal/fault"
)

// Inside is how the centers of one process call each other: the same chain as for every request, the same errors, copies of
// all messages, and no wire between.
//
// Always true: nothing passes from the caller to the callee but the message, the headers and the deadline, as over the wire;
// so a center that works in one process works in a process of its own.
type Inside struct {
	chain   middleware.Middleware
	timeout time.Duration
	methods map[string]insideMethod

	opened chan struct{} // closed by Start
	start  sync.Once

	mu     sync.Mutex
	closed bool
	calls  sync.WaitGroup
	ending context.Context
	end    context.CancelFunc
}

type insideMethod struct {
	handler grpc.MethodHandler
	impl    any
}

func newInside(chain []middleware.Middleware, timeout time.Duration) *Inside {
	in := &Inside{chain: middleware.Chain(chain...), timeout: timeout, methods: map[string]insideMethod{}, opened: make(chan struct{})}
	in.ending, in.end = context.WithCancel(context.Background())
	return in
}

// RegisterService takes a service in; all must be registered before Start.
func (in *Inside) RegisterService(desc *grpc.ServiceDesc, impl any) {
	for _, m := range desc.Methods {
		in.methods["/"+desc.ServiceName+"/"+m.MethodName] = insideMethod{m.Handler, impl}
	}
}

// Start lets calls in, those that wait for it too, until ctx ends or Stop is called.
func (in *Inside) Start(ctx context.Context) error {
	in.start.Do(func() { close(in.opened) })
	select {
	case <-ctx.Done():
	case <-in.ending.Done():
	}
	return nil
}

// Stop lets no more calls in and waits for those that run.
func (in *Inside) Stop(ctx context.Context) error {
	in.mu.Lock()
	in.closed = true
	in.mu.Unlock()
	defer in.end()
	ended := make(chan struct{})
	go func() { in.calls.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("calls inside the process: %w", ctx.Err())
	}
}

// enter counts a call, unless none are let in any more. One that comes before Start waits for it, as for a server that is not
// there yet.
func (in *Inside) enter(ctx context.Context) error {
	select {
	case <-in.opened:
	case <-in.ending.Done():
	case <-ctx.Done():
		return ctx.Err()
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		return fault.Unavailable()
	}
	in.calls.Add(1)
	return nil
}

// call runs a method with the headers that the caller's side has set. It answers when ctx ends, also if the method does not.
func (in *Inside) call(ctx context.Context, method string, headers metadata.MD, args, reply proto.Message) error {
	m, known := in.methods[method]
	if !known {
		return fault.NotFound("method")
	}
	if err := in.enter(ctx); err != nil {
		return err
	}
	type outcome struct {
		answer any
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		defer in.calls.Done()
		answer, err := in.run(ctx, m, method, headers, args)
		done <- outcome{answer, err}
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case o := <-done:
		if o.err != nil {
			return status.Convert(o.err).Err()
		}
		answer, ok := o.answer.(proto.Message)
		if !ok {
			return fault.Internal().WithCause(fmt.Errorf("%s answers %T", method, o.answer))
		}
		proto.Reset(reply)
		proto.Merge(reply, answer)
		return nil
	}
}

func (in *Inside) run(ctx context.Context, m insideMethod, method string, headers metadata.MD, args proto.Message) (any, error) {
	ctx, cancel := context.WithTimeout(bare{ctx}, in.timeout)
	defer cancel()
	release := context.AfterFunc(in.ending, cancel)
	defer release()
	ctx = transport.NewServerContext(ctx, &insideTransport{operation: method, request: headers, reply: metadata.MD{}})
	return m.handler(m.impl, ctx, func(to any) error { return hand(args, to) }, in.intercept)
}

// hand copies a message to where the callee decodes it.
func hand(from proto.Message, to any) error {
	if in, ok := to.(*incoming); ok {
		if proto.Size(from) > internalMaxBytes {
			in.tooLarge = internalMaxBytes
			return nil
		}
		to = in.to
	}
	message, ok := to.(proto.Message)
	if !ok {
		return fmt.Errorf("server: %T is no message", to)
	}
	proto.Merge(message, from)
	return nil
}

func (in *Inside) intercept(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	return in.chain(middleware.Handler(handler))(ctx, req)
}

// bare is a context without the caller's values.
type bare struct{ context.Context }

// Value knows nothing.
func (bare) Value(any) any { return nil }

// insideTransport tells middlewares about a call inside the process. It is gRPC to them.
type insideTransport struct {
	operation      string
	request, reply metadata.MD
}

// Kind is that of the wire which there would be.
func (*insideTransport) Kind() transport.Kind { return transport.KindGRPC }

// Endpoint has a name only.
func (*insideTransport) Endpoint() string { return "inside" }

// Operation is the method's full name.
func (t *insideTransport) Operation() string { return t.operation }

// RequestHeader is the caller's.
func (t *insideTransport) RequestHeader() transport.Header { return header(t.request) }

// ReplyHeader is what nobody reads: no call of ours asks for headers.
func (t *insideTransport) ReplyHeader() transport.Header { return header(t.reply) }

// NodeFilters are none.
func (*insideTransport) NodeFilters() []selector.NodeFilter { return nil }

// header is metadata as Kratos sees it.
type header metadata.MD

// Get returns the first value.
func (h header) Get(key string) string {
	if values := metadata.MD(h).Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}

// Set replaces all values.
func (h header) Set(key, value string) { metadata.MD(h).Set(key, value) }

// Add appends one.
func (h header) Add(key, value string) { metadata.MD(h).Append(key, value) }

// Keys lists the names.
func (h header) Keys() []string {
	keys := make([]string, 0, len(h))
	for k := range h {
		keys = append(keys, k)
	}
	return keys
}

// Values returns all of one name.
func (h header) Values(key string) []string { return metadata.MD(h).Get(key) }

// callInside calls a center of this process, by the same steps as over the wire.
func (d *Dialer) callInside(ctx context.Context, in *Inside, chain middleware.Middleware, method string, args, reply any) error {
	from, ok := args.(proto.Message)
	to, also := reply.(proto.Message)
	if !ok || !also {
		return fmt.Errorf("server: %s is called with %T and %T, which are no messages", method, args, reply)
	}
	ctx, cancel := context.WithTimeout(ctx, d.network.config.CallTimeout)
	defer cancel()
	headers := metadata.MD{}
	ctx = transport.NewClientContext(ctx, &insideTransport{operation: method, request: headers, reply: metadata.MD{}})
	_, err := chain(func(ctx context.Context, _ any) (any, error) {
		return reply, in.call(ctx, method, headers, from, to)
	})(ctx, args)
	return err
}
