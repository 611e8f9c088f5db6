package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/go-kratos/kratos/v2/middleware"
	"github.com/go-kratos/kratos/v2/registry"
	"github.com/go-kratos/kratos/v2/transport"
	kgrpc "github.com/go-kratos/kratos/v2/transport/grpc"
	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"golang.org/x/net/netutil"
	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/keepalive"

	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/observe"
)

// Deps are what the edge works with.
type Deps struct {
	Observe *observe.Observer
	Auth    *authn.Authenticator
	// Branch verifies calls of the transaction coordinator and puts the branch into the context. Required with
	// Config.BranchAddr.
	Branch grpc.UnaryServerInterceptor
	// Fallback answers what no service here answers (the edge of a split installation); may be nil.
	Fallback *Proxy
	// Registry announces the process (Consul); may be nil.
	Registry registry.Registrar
	// Centers that this process serves; each is announced by its name.
	Centers []string
}

// Servers are the listeners of one process. New binds them, Run serves.
type Servers struct {
	config Config
	deps   Deps
	valid  *validation
	health *health.Server

	http   *khttp.Server
	grpc   *kgrpc.Server
	inside *Inside
	branch *kgrpc.Server

	httpLis, grpcLis, branchLis net.Listener

	checking singleflight.Group

	mu     sync.Mutex
	checks []check
}

// New binds the addresses, so that ports are known and taken, and serves nothing yet.
func New(c Config, d Deps) (*Servers, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	if d.Observe == nil || d.Auth == nil {
		return nil, errors.New("server: observer and authenticator are required")
	}
	if (c.BranchAddr != "") != (d.Branch != nil) {
		return nil, errors.New("server: a branch listener and its verification come together")
	}
	valid, err := newValidation(c.MaxPage)
	if err != nil {
		return nil, err
	}
	s := &Servers{config: c, deps: d, valid: valid, health: health.NewServer()}
	if err := s.listen(); err != nil {
		s.closeListeners()
		return nil, err
	}
	s.inside = newInside(s.chain("internal", c.MaxConcurrent*internalFactor), c.Timeout)
	if s.grpcLis != nil {
		s.grpc = s.newGRPC("grpc", s.grpcLis, c.MaxConcurrent, int(c.MaxBodyBytes), d.Fallback)
	}
	if s.branchLis != nil {
		s.branch = s.newBranch()
	}
	if s.httpLis != nil {
		s.http = s.newHTTP()
		s.registerOwnRoutes()
	}
	s.registerHealth()
	d.Auth.Open(opHealthz, opReadyz, opMetrics, opHealthCheck)
	return s, nil
}

func (s *Servers) listen() error {
	for _, l := range []struct {
		key, addr string
		to        *net.Listener
	}{{"http", s.config.HTTPAddr, &s.httpLis}, {"grpc", s.config.GRPCAddr, &s.grpcLis}, {"branch", s.config.BranchAddr, &s.branchLis}} {
		if l.addr == "" {
			continue
		}
		lis, err := net.Listen("tcp", l.addr)
		if err != nil {
			return fmt.Errorf("listen for %s on %s: %w", l.key, l.addr, err)
		}
		*l.to = netutil.LimitListener(lis, s.config.MaxConnections)
	}
	return nil
}

func (s *Servers) closeListeners() {
	for _, l := range []net.Listener{s.httpLis, s.grpcLis, s.branchLis} {
		if l != nil {
			_ = l.Close()
		}
	}
}

func (s *Servers) newHTTP() *khttp.Server {
	notFound := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { encodeError(w, r, fault.NotFound("path")) }))
	if s.deps.Fallback != nil {
		notFound = s.deps.Fallback.httpHandler(notFound)
	}
	srv := khttp.NewServer(
		khttp.Listener(s.httpLis), khttp.Endpoint(s.endpoint("http", s.httpLis)),
		khttp.Timeout(s.config.Timeout), khttp.StrictSlash(false),
		khttp.Middleware(s.chain("http", s.config.MaxConcurrent)...),
		khttp.Filter(s.guardHTTP),
		khttp.RequestDecoder(decodeBody), khttp.RequestQueryDecoder(decodeQuery), khttp.RequestVarsDecoder(decodeVars),
		khttp.ResponseEncoder(encodeReply), khttp.ErrorEncoder(encodeError),
		khttp.NotFoundHandler(notFound),
		khttp.MethodNotAllowedHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			encodeError(w, r, fault.MethodNotAllowed())
		})),
	)
	srv.ReadHeaderTimeout = 5 * time.Second
	srv.ReadTimeout = 30 * time.Second
	srv.WriteTimeout = s.config.Timeout + 30*time.Second
	srv.IdleTimeout = 2 * time.Minute
	srv.MaxHeaderBytes = maxHeaderBytes
	return srv
}

// guardHTTP surrounds routing: it bounds the body, notes the raw bytes of a signed request, prepares the verdict of the
// decoders, and survives what panics outside the chain.
func (s *Servers) guardHTTP(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p) // net/http's own way to drop a connection
				}
				s.deps.Observe.Log().ErrorContext(r.Context(), "panic outside the chain", "error", fmt.Sprint(p))
				encodeError(w, r, fault.Internal())
			}
		}()
		r.Body = http.MaxBytesReader(w, r.Body, s.config.MaxBodyBytes)
		ctx := withConnection(withVerdict(r.Context()), r.Context())
		if r.Header.Get(authn.HeaderSignature) != "" {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				encodeError(w, r, err)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			ctx = authn.WithSignedRequest(ctx, r.Method, r.URL.RequestURI(), body)
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (s *Servers) chain(name string, slots int) []middleware.Middleware {
	return chain(name, slots, s.deps.Observe, s.deps.Auth, s.valid)
}

func (s *Servers) newGRPC(name string, lis net.Listener, slots, maxBytes int, fallback *Proxy) *kgrpc.Server {
	options := []grpc.ServerOption{
		grpc.ForceServerCodecV2(wireCodec{max: maxBytes}), grpc.MaxRecvMsgSize(hardLimit * maxBytes), grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.MaxConcurrentStreams(uint32(slots)),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	}
	if fallback != nil {
		options = append(options, grpc.UnknownServiceHandler(fallback.serveGRPC))
	}
	return kgrpc.NewServer(
		kgrpc.Listener(lis), kgrpc.Endpoint(s.endpoint("grpc", lis)), kgrpc.Timeout(s.config.Timeout),
		kgrpc.Middleware(s.chain(name, slots)...),
		kgrpc.UnaryInterceptor(onlyOurs()), kgrpc.StreamInterceptor(onlyHealthStreams(fallback)),
		kgrpc.DisableReflection(), kgrpc.CustomHealth(), kgrpc.Options(options...),
	)
}

func (s *Servers) newBranch() *kgrpc.Server {
	return kgrpc.NewServer(
		kgrpc.Listener(s.branchLis), kgrpc.Endpoint(s.endpoint("grpc", s.branchLis)), kgrpc.Timeout(s.config.Timeout),
		kgrpc.Middleware(branchChain(s.deps.Observe)...),
		kgrpc.UnaryInterceptor(onlyOurs(workflowService), s.deps.Branch), kgrpc.StreamInterceptor(onlyHealthStreams(nil)),
		kgrpc.DisableReflection(), kgrpc.CustomHealth(),
		kgrpc.Options(grpc.ForceServerCodecV2(wireCodec{}), grpc.MaxRecvMsgSize(internalMaxBytes), grpc.MaxHeaderListSize(maxHeaderBytes)),
	)
}

// endpoint is where others reach a listener.
func (s *Servers) endpoint(scheme string, lis net.Listener) *url.URL {
	return &url.URL{Scheme: scheme, Host: s.advertise(lis)}
}

func (s *Servers) advertise(lis net.Listener) string {
	if lis == nil {
		return ""
	}
	tcp, ok := lis.Addr().(*net.TCPAddr)
	if !ok {
		return "memory"
	}
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = s.config.AdvertiseHost
	}
	return net.JoinHostPort(host, strconv.Itoa(tcp.Port))
}

// HTTPURL is the base address of HTTP, empty without one.
func (s *Servers) HTTPURL() string {
	if s.httpLis == nil {
		return ""
	}
	return "http://" + s.advertise(s.httpLis)
}

// GRPCAddr is the host:port of public gRPC, empty without one.
func (s *Servers) GRPCAddr() string { return s.advertise(s.grpcLis) }

// BranchAddr is the host:port that the transaction coordinator calls, empty without one.
func (s *Servers) BranchAddr() string { return s.advertise(s.branchLis) }

// Inside is where the centers of this process reach each other; give it to Network.Local.
func (s *Servers) Inside() *Inside { return s.inside }

// Run serves until ctx ends or a server fails, then lets running requests finish for at most StopTimeout. ready, if not
// nil, is called when all servers accept.
func (s *Servers) Run(ctx context.Context, ready func()) error {
	defer s.closeListeners()
	type named struct {
		name string
		transport.Server
	}
	servers := []named{{"internal", s.inside}}
	if s.branch != nil {
		servers = append(servers, named{"branch", s.branch})
	}
	if s.grpc != nil {
		servers = append(servers, named{"grpc", s.grpc})
	}
	if s.http != nil {
		servers = append(servers, named{"http", s.http})
	}
	// Requests must be able to finish after ctx ended: they get a context of their own.
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	failed := make(chan error, len(servers))
	var done sync.WaitGroup
	for _, srv := range servers {
		done.Go(func() {
			if err := srv.Start(base); err != nil {
				failed <- fmt.Errorf("serve %s: %w", srv.name, err)
			}
		})
	}
	done.Go(func() { s.watchHealth(ctx) })
	errs := []error{s.announce(ctx)}
	if ready != nil && errs[0] == nil {
		ready()
	}
	if errs[0] == nil {
		select {
		case <-ctx.Done():
		case err := <-failed:
			errs = append(errs, err)
		}
	}
	stop, cancelStop := context.WithTimeout(context.WithoutCancel(ctx), s.config.StopTimeout)
	defer cancelStop()
	s.health.Shutdown()
	errs = append(errs, s.withdraw(stop))
	// From the outside in: what still runs may need the inner servers.
	for i := len(servers) - 1; i >= 0; i-- {
		if err := servers[i].Stop(stop); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", servers[i].name, err))
		}
	}
	cancel()
	if ctx.Err() == nil {
		// A server failed: watchHealth ends with the caller's ctx, which is about to end too.
		return errors.Join(errs...)
	}
	done.Wait()
	return errors.Join(errs...)
}

// ServiceName is the name under which a center is announced.
func ServiceName(center string) string { return "onepool-" + center }

func (s *Servers) instances() []*registry.ServiceInstance {
	var endpoints []string
	if s.grpcLis != nil {
		endpoints = append(endpoints, "grpc://"+s.GRPCAddr())
	}
	if s.httpLis != nil {
		endpoints = append(endpoints, s.HTTPURL())
	}
	all := make([]*registry.ServiceInstance, 0, len(s.deps.Centers))
	for _, center := range s.deps.Centers {
		all = append(all, &registry.ServiceInstance{ID: center + "-" + s.GRPCAddr(), Name: ServiceName(center), Endpoints: endpoints})
		if s.branchLis != nil {
			// A service of its own, because only the coordinator may look for it.
			all = append(all, &registry.ServiceInstance{
				ID: center + "-branch-" + s.BranchAddr(), Name: ServiceName(center) + "-branch", Endpoints: []string{"grpc://" + s.BranchAddr()},
			})
		}
	}
	return all
}

func (s *Servers) announce(ctx context.Context) error {
	if s.deps.Registry == nil {
		return nil
	}
	for _, instance := range s.instances() {
		if err := s.deps.Registry.Register(ctx, instance); err != nil {
			return fmt.Errorf("announce %s: %w", instance.Name, err)
		}
	}
	return nil
}

func (s *Servers) withdraw(ctx context.Context) error {
	if s.deps.Registry == nil {
		return nil
	}
	var errs []error
	for _, instance := range s.instances() {
		if err := s.deps.Registry.Deregister(ctx, instance); err != nil {
			errs = append(errs, fmt.Errorf("withdraw %s: %w", instance.Name, err))
		}
	}
	return errors.Join(errs...)
}
