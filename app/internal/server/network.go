package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-kratos/kratos/contrib/registry/consul/v2"
	kerrors "github.com/go-kratos/kratos/v2/errors"
	"github.com/go-kratos/kratos/v2/middleware"
	"github.com/go-kratos/kratos/v2/registry"
	"github.com/go-kratos/kratos/v2/transport"
	kgrpc "github.com/go-kratos/kratos/v2/transport/grpc"
	"github.com/go-kratos/kratos/v2/transport/grpc/resolver/discovery"
	"github.com/hashicorp/consul/api"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// Peer is where a center listens.
type Peer struct {
	GRPC string // host:port
	HTTP string // base address; only the edge needs it
}

// NetworkConfig says how to find centers that are not in this process: by a fixed table, else by discovery.
type NetworkConfig struct {
	Static    map[string]Peer
	Discovery registry.Discovery
	// CallTimeout bounds a call whose context has no earlier deadline, 5 s.
	CallTimeout time.Duration
}

const (
	defaultCallTimeout = 5 * time.Second
	dialTimeout        = 3 * time.Second
)

// Network finds centers: in this process, at fixed addresses, or through a registry. What was found stays known while the
// registry is gone.
type Network struct {
	config NetworkConfig
	peers  *httpPeers

	mu    sync.Mutex
	local map[string]*Inside
	open  []*grpc.ClientConn
}

// NewNetwork connects to nobody yet.
func NewNetwork(c NetworkConfig) *Network {
	setDefault(&c.CallTimeout, defaultCallTimeout)
	return &Network{config: c, peers: newHTTPPeers(c), local: map[string]*Inside{}}
}

// ConsulRegistry is a registry for Deps.Registry and NetworkConfig.Discovery.
type ConsulRegistry struct {
	*consul.Registry
	fresh func() *consul.Registry
}

// Consul returns the registry at an address. Processes say themselves that they are alive: a check from Consul's side
// would have them wait for its first round before anybody finds them.
func Consul(address string) (*ConsulRegistry, error) {
	config := api.DefaultConfig()
	config.Address = address
	client, err := api.NewClient(config)
	if err != nil {
		return nil, fmt.Errorf("consul at %s: %w", address, err)
	}
	fresh := func() *consul.Registry {
		return consul.New(client, consul.WithHealthCheck(false), consul.WithHeartbeat(true), consul.WithHealthCheckInterval(5))
	}
	return &ConsulRegistry{Registry: fresh(), fresh: fresh}, nil
}

// Watch follows a service. Each watch has a registry of its own: the library's remembers a service whose first question
// failed as watched, and never asks again.
func (c *ConsulRegistry) Watch(ctx context.Context, name string) (registry.Watcher, error) {
	return c.fresh().Watch(ctx, name)
}

// Local says that these centers are served in this process (Servers.Inside).
func (n *Network) Local(inside *Inside, centers ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range centers {
		n.local[c] = inside
	}
}

// Close ends all connections.
func (n *Network) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	var errs []error
	for _, c := range n.open {
		errs = append(errs, c.Close())
	}
	n.open = nil
	return errors.Join(errs...)
}

func (n *Network) inside(center string) *Inside {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.local[center]
}

// connect opens a connection to a center; it does not wait for it to be there.
func (n *Network) connect(ctx context.Context, center string, timeout time.Duration, ms []middleware.Middleware) (*grpc.ClientConn, error) {
	options := []grpc.DialOption{
		grpc.WithConnectParams(grpc.ConnectParams{
			// A center that was killed is back in a second or two: do not wait longer than that to try again.
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: dialTimeout,
		}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(internalMaxBytes), grpc.MaxCallSendMsgSize(internalMaxBytes)),
	}
	endpoint := ""
	kopts := []kgrpc.ClientOption{kgrpc.WithTimeout(timeout), kgrpc.WithMiddleware(ms...)}
	switch {
	case n.config.Static[center].GRPC != "":
		endpoint = "passthrough:///" + n.config.Static[center].GRPC
		kopts = append(kopts, kgrpc.WithHealthCheck(false))
	case n.config.Discovery != nil:
		endpoint = "discovery:///" + ServiceName(center)
		kopts = append(kopts, kgrpc.WithHealthCheck(false))
		// Kratos would wait for the registry as long as for a call.
		options = append(options, grpc.WithResolvers(discovery.NewBuilder(n.config.Discovery,
			discovery.WithInsecure(true), discovery.WithTimeout(dialTimeout), discovery.PrintDebugLog(false))))
	default:
		return nil, fmt.Errorf("server: center %q is neither here, nor in the table of endpoints, nor is there a registry", center)
	}
	conn, err := kgrpc.DialInsecure(ctx, append(kopts, kgrpc.WithEndpoint(endpoint), kgrpc.WithOptions(options...))...)
	if err != nil {
		return nil, fmt.Errorf("reach center %s: %w", center, err)
	}
	n.mu.Lock()
	n.open = append(n.open, conn)
	n.mu.Unlock()
	return conn, nil
}

// Dialer calls other centers in the name of one center.
type Dialer struct {
	network *Network
	self    string
	tokens  *authn.Tokens
	observe *observe.Observer
}

// Dialer returns the way from center self to the others.
func (n *Network) Dialer(self string, tokens *authn.Tokens, o *observe.Observer) *Dialer {
	return &Dialer{network: n, self: self, tokens: tokens, observe: o}
}

// Dial returns a connection for the generated clients: inventoryv1.NewInventoryClient(d.Dial("inventory")). The center is
// looked for at the first call, so that processes and centers may start in any order. Its errors are *errors.Error.
func (d *Dialer) Dial(center string) grpc.ClientConnInterface {
	return &lazyConn{dialer: d, center: center, chain: middleware.Chain(d.chain()...)}
}

func (d *Dialer) chain() []middleware.Middleware {
	return []middleware.Middleware{d.observe.ClientTracing(), d.observe.ClientMetrics(), clientErrors(), d.propagate()}
}

// ErrInTransaction is a defect in the code: a remote call would hold the transaction's locks for as long as the other
// side likes, and cannot be undone with it.
var ErrInTransaction = errors.New("server: call to another center inside a database transaction")

// clientErrors gives callers what the other center's fault.Public made. A time-out or a lost peer means unknown.
func clientErrors() middleware.Middleware {
	return func(next middleware.Handler) middleware.Handler {
		return func(ctx context.Context, req any) (any, error) {
			reply, err := next(ctx, req)
			if err != nil {
				return nil, kerrors.FromError(fault.Public(err))
			}
			return reply, nil
		}
	}
}

// propagate says which center calls, and on whose behalf. Without a caller the center calls on its own, with no scope.
func (d *Dialer) propagate() middleware.Middleware {
	return func(next middleware.Handler) middleware.Handler {
		return func(ctx context.Context, req any) (any, error) {
			p, err := tenancy.FromContext(ctx)
			if err != nil {
				p = tenancy.Principal{Kind: tenancy.Service, ID: d.self}
			}
			token, err := d.tokens.IssueInternal(d.self, p)
			if err != nil {
				return nil, err
			}
			tr, ok := transport.FromClientContext(ctx)
			if !ok {
				return nil, errors.New("server: a call without a transport")
			}
			tr.RequestHeader().Set(authn.HeaderInternal, "Bearer "+token)
			return next(ctx, req)
		}
	}
}

// lazyConn calls a center in this process, or connects at its first call. A failure is not kept: the next call tries again.
type lazyConn struct {
	dialer *Dialer
	center string
	chain  middleware.Middleware
	shared sharedConn
}

func (l *lazyConn) get(ctx context.Context) (*grpc.ClientConn, error) {
	conn, err := l.shared.get(ctx, func(ctx context.Context) (*grpc.ClientConn, error) {
		return l.dialer.network.connect(ctx, l.center, l.dialer.network.config.CallTimeout, l.dialer.chain())
	})
	if err != nil {
		return nil, fault.Unavailable().WithCause(err)
	}
	return conn, nil
}

func (l *lazyConn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if database.InTransaction(ctx) {
		return ErrInTransaction // before connecting, which is a remote call too
	}
	if inside := l.dialer.network.inside(l.center); inside != nil {
		return l.dialer.callInside(ctx, inside, l.chain, method, args, reply)
	}
	conn, err := l.get(ctx)
	if err != nil {
		return err
	}
	return conn.Invoke(ctx, method, args, reply, opts...)
}

func (l *lazyConn) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errors.New("server: no service of ours has streams")
}
