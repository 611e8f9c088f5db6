package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dtm-labs/dtm/client/dtmcli"
	"github.com/dtm-labs/dtm/client/dtmgrpc"
	"github.com/dtm-labs/dtm/client/dtmgrpc/dtmgimp"
	"github.com/dtm-labs/dtm/dtmsvr/storage"
	"github.com/dtm-labs/dtmdriver"
	"github.com/dtm-labs/logger"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/status"
)

const (
	driverName        = "onepool"
	scheme            = "onepool"
	maxConnections    = 1024
	reconnectBackoff  = time.Second
	connectTimeout    = 2 * time.Second
	maxTimeoutSeconds = 60
)

var branchURL = regexp.MustCompile(`^onepool:///([a-z][a-z0-9-]{0,62})(/[A-Za-z_][A-Za-z0-9_.]{0,254}/[A-Za-z_][A-Za-z0-9_]{0,127})$`)

// parseBranchURL splits onepool:///<center>/<package.Service>/<Method>. Nothing else is called by this server.
func parseBranchURL(u string) (center, method string, err error) {
	m := branchURL.FindStringSubmatch(u)
	if m == nil {
		return "", "", fmt.Errorf("branch address %q is not onepool:///<center>/<package.Service>/<Method>", u)
	}
	return m[1], m[2], nil
}

// caller makes all branch calls, DTM's own included.
//
// DTM keeps a connection per target with gRPC's default reconnect backoff of up to two minutes, logs whole payloads
// on errors, doubles the wait after each failure and announces a codec that gRPC servers will refuse one day. So an
// interceptor takes its calls over: an address looked up at each call, reconnects within a second, a log line
// without payload, and "not yet" (FailedPrecondition, on which DTM keeps the interval) for all that did not work.
type caller struct {
	directory directory
	timeout   time.Duration
	turn      atomic.Uint64
	hung      suspensions
	mu        sync.Mutex
	conns     map[string]*grpc.ClientConn
}

func newCaller(d directory, timeout time.Duration) *caller {
	return &caller{directory: d, timeout: timeout, hung: suspensions{of: map[string]*suspension{}}, conns: map[string]*grpc.ClientConn{}}
}

// install puts the caller into DTM's client side. Once a process: DTM keeps these globally.
func (c *caller) install() error {
	resolver.Register(inert{})
	dtmdriver.Register(driver{})
	if err := dtmdriver.Use(driverName); err != nil {
		return err
	}
	dtmgrpc.AddUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, _ grpc.UnaryInvoker, _ ...grpc.CallOption) error {
		timeout := c.timeout
		if s := dtmgimp.RequestTimeoutFromContext(ctx); s > 0 {
			timeout = time.Duration(min(s, maxTimeoutSeconds)) * time.Second
		}
		payload, ok := req.([]byte)
		if !ok {
			return status.Errorf(codes.Internal, "branch payload is %T", req)
		}
		return c.call(ctx, strings.TrimPrefix(cc.Target(), scheme+":///"), method, payload, timeout)
	})
	return nil
}

// deliver calls one branch of a message, with the metadata that DTM gives.
func (c *caller) deliver(ctx context.Context, gid string, b storage.TransBranchStore, o dtmcli.TransOptions) error {
	center, method, err := parseBranchURL(b.URL)
	if err != nil {
		return err
	}
	timeout := c.timeout
	if o.RequestTimeout > 0 {
		timeout = time.Duration(min(o.RequestTimeout, maxTimeoutSeconds)) * time.Second
	}
	ctx = dtmgimp.TransInfo2Ctx(ctx, gid, typeMessage, b.BranchID, b.Op, "")
	ctx = metadata.AppendToOutgoingContext(ctx, dtmgimp.Map2Kvs(o.BranchHeaders)...)
	return c.call(ctx, center, method, b.BinData, timeout)
}

func (c *caller) call(ctx context.Context, center, method string, payload []byte, timeout time.Duration) error {
	if !c.hung.admit(center+method, timeout, time.Now()) {
		return status.Error(codes.FailedPrecondition, "not yet: "+center+method+" does not answer")
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began := time.Now()
	err := c.invoke(ctx, center, method, payload)
	if c.hung.observe(center+method, err, time.Since(began), time.Now()) {
		c.disconnect(center) // it may be the connection: a peer that vanished says nothing
	}
	if err == nil {
		return nil
	}
	md, _ := metadata.FromOutgoingContext(ctx)
	logger.Warnf("branch %s %s%s of %v/%v: %s", center, method, note(md), md.Get("dtm-gid"), md.Get("dtm-branch_id"), clip(err.Error(), 300))
	return status.Error(codes.FailedPrecondition, "not yet: "+clip(err.Error(), 300))
}

func note(md metadata.MD) string {
	if op := md.Get("dtm-op"); len(op) == 1 && op[0] != "action" {
		return " (" + clip(op[0], 64) + ")"
	}
	return ""
}

func (c *caller) invoke(ctx context.Context, center, method string, payload []byte) error {
	addrs := c.directory.lookup(center)
	if len(addrs) == 0 {
		return status.Errorf(codes.Unavailable, "no address of center %q", center)
	}
	start := c.turn.Add(1)
	var err error
	for i := range min(len(addrs), 2) { // an instance that is gone costs no interval, when there is another
		var conn *grpc.ClientConn
		if conn, err = c.conn(addrs[(start+uint64(i))%uint64(len(addrs))]); err != nil {
			continue
		}
		reply := new([]byte)
		if err = conn.Invoke(ctx, method, payload, reply, grpc.ForceCodec(rawCodec{})); status.Code(err) != codes.Unavailable {
			return err
		}
	}
	return err
}

func (c *caller) disconnect(center string) {
	addrs := c.directory.lookup(center)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, addr := range addrs {
		if conn := c.conns[addr]; conn != nil {
			_ = conn.Close()
			delete(c.conns, addr)
		}
	}
}

func (c *caller) conn(addr string) (*grpc.ClientConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn := c.conns[addr]; conn != nil {
		return conn, nil
	}
	if len(c.conns) >= maxConnections { // addresses changed very often: start afresh, running calls are tried again
		for a, conn := range c.conns {
			_ = conn.Close()
			delete(c.conns, a)
		}
	}
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: reconnectBackoff / 5, Multiplier: 1.6, Jitter: 0.2, MaxDelay: reconnectBackoff},
			MinConnectTimeout: connectTimeout,
		}))
	if err != nil {
		return nil, err
	}
	c.conns[addr] = conn
	return conn, nil
}

// rawCodec passes bytes that are protobuf already.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) {
	b, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("raw codec: %T", v)
	}
	return b, nil
}

func (rawCodec) Unmarshal(data []byte, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("raw codec: %T", v)
	}
	*b = append((*b)[:0], data...)
	return nil
}

func (rawCodec) Name() string { return "proto" }

// driver teaches DTM our addresses.
type driver struct{}

func (driver) GetName() string                      { return driverName }
func (driver) RegisterAddrResolver()                {}
func (driver) RegisterService(string, string) error { return nil }
func (driver) ParseServerMethod(u string) (server, method string, err error) {
	center, method, err := parseBranchURL(u)
	return scheme + ":///" + center, method, err
}

// inert is the resolver of the connections that DTM opens itself: they carry the center's name to the interceptor
// and never connect.
type inert struct{}

func (inert) Scheme() string { return scheme }
func (inert) Build(resolver.Target, resolver.ClientConn, resolver.BuildOptions) (resolver.Resolver, error) {
	return inert{}, nil
}
func (inert) ResolveNow(resolver.ResolveNowOptions) {}
func (inert) Close()                                {}
