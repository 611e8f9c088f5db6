// Package process turns centers into a running process: keys, observer, listeners, the way to the other centers and to
// the transaction coordinator, migrations, workers, and a clean stop.
//
// It is the one code path for all forms of the platform: all centers in one process, or each in its own. They differ in
// which centers are given and in the configuration, in nothing else.
//
// Always true:
//   - Nothing is served before every center's migrations are applied.
//   - When Run returns, listeners, workers, databases and the coordinator child are closed, in this order: a call of the
//     coordinator that comes meanwhile is made again.
//   - A worker that fails ends the process: a platform whose timers stand still must not look healthy.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	klog "github.com/go-kratos/kratos/v2/log"
	"google.golang.org/grpc"

	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/conf"
	"github.com/onepool/onepool/app/internal/coordinator"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/heap"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/secret"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/app/internal/version"
)

// Centers of the platform, in the order in which they start.
var Centers = []string{"product", "store", "inventory", "member", "rebate", "order"}

// Deps are what a center's door gets from its process.
type Deps struct {
	Config  *conf.Config
	Observe *observe.Observer
	Tokens  *authn.Tokens
	Keys    *secret.Keyring
	// Dial is the way to another center, in the name of this one.
	Dial func(center string) grpc.ClientConnInterface
	Saga *saga.Coordinator
	// PublicURL is the base address of the process's HTTP server, for callbacks of payment providers.
	PublicURL func() string
	// GRPCAddr is where the process's gRPC server listens.
	GRPCAddr func() string
}

// Module is a center, or a frontend, as its process sees it.
type Module interface {
	// Migrate brings the database to the schema of this build. It may run in several processes at once.
	Migrate(ctx context.Context) error
	// Register puts the services on the process's servers, and says which operations are open to strangers.
	Register(r *server.Registrar)
	// Ready says whether the module can serve now.
	Ready(ctx context.Context) error
	// Workers run until their context ends; an error ends the process.
	Workers() []func(context.Context) error
	Close() error
}

// Door opens a module.
type Door struct {
	Name string
	// Center says that others may dial it by its name and the coordinator may call it.
	Center bool
	Open   func(ctx context.Context, d Deps) (Module, error)
}

// Options say what runs in the process.
type Options struct {
	Name   string
	Config *conf.Config
	Doors  []Door
	// Resolver finds out whose an opaque key is.
	Resolver func(dial func(center string) grpc.ClientConnInterface) authn.KeyResolver
	// Routes that are passed on to centers of other processes; nil: none.
	Routes []server.Route
	Log    io.Writer
	// Ready is called when everything accepts requests.
	Ready func(ctx context.Context, p *Process) error
}

// Process is a running process.
type Process struct{ servers *server.Servers }

// HTTPURL and GRPCAddr are where the process listens.
func (p *Process) HTTPURL() string  { return p.servers.HTTPURL() }
func (p *Process) GRPCAddr() string { return p.servers.GRPCAddr() }

// Database is the database of a center by the configuration.
func Database(c *conf.Config, center string) database.Config {
	return database.Config{
		Name: center, Engine: c.Storage.Engine, Path: filepath.Join(c.Storage.Dir, center+".db"), DSN: c.Storage.DSNOf(center),
		MaxOpen: int(c.Storage.MaxConnections),
	}
}

// Quiet keeps the library's chatter off the terminal until a process has its own log. Programs call it first.
func Quiet() {
	klog.SetLogger(klog.NewFilter(klog.NewStdLogger(os.Stderr), klog.FilterLevel(klog.LevelError)))
}

// Run serves until ctx ends or something fails.
func Run(ctx context.Context, o Options) (err error) {
	heap.Floor()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var closing closers
	defer func() { err = errors.Join(err, closing.close()) }()

	ob, err := observe.New(ctx, observe.Config{Service: o.Name, Version: version.Get().Version, Level: o.Config.Observe.LogLevel, OTLPEndpoint: o.Config.Observe.Otlp}, o.Log)
	if err != nil {
		return err
	}
	klog.SetLogger(ob.Kratos()) // the library's own lines come from everywhere and know no other way
	closing.add(func() error {
		flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		return ob.Close(flush)
	})
	keys, err := secret.Load(secretFile(o.Config))
	if err != nil {
		return err
	}
	tokens, err := authn.NewTokens(keys.Key(secret.Tokens), time.Now)
	if err != nil {
		return err
	}
	network, registrar, err := newNetwork(o.Config)
	if err != nil {
		return err
	}
	closing.add(network.Close)
	dialer := network.Dialer(o.Name, tokens, ob)
	auth := authn.New(tokens, o.Resolver(dialer.Dial))
	auth.UseSignatures(SignaturesOfStore(dialer.Dial))
	auth.UseLogins(LoginsOfStore(dialer.Dial))

	sagas, child, err := startCoordinator(ctx, o, keys, ob)
	if err != nil {
		return err
	}
	if sagas != nil {
		closing.add(sagas.Close)
	}
	if child != nil {
		closing.add(child.Close)
	}

	serverDeps := server.Deps{Observe: ob, Auth: auth, Registry: registrar, Centers: centersOf(o.Doors)}
	serverConfig := server.Config{
		Name: o.Name, HTTPAddr: o.Config.Server.Http, GRPCAddr: o.Config.Server.Grpc, AdvertiseHost: o.Config.Server.Advertise,
		Timeout: time.Duration(o.Config.Server.TimeoutMs) * time.Millisecond, MaxBodyBytes: o.Config.Limits.BodyBytes, MaxConcurrent: int(o.Config.Limits.Concurrency), MaxPage: int(o.Config.Limits.PageSize),
	}
	if sagas != nil {
		serverConfig.BranchAddr, serverDeps.Branch = o.Config.Server.Branch, sagas.VerifyBranch()
	}
	if o.Routes != nil {
		serverDeps.Fallback = server.NewProxy(network, o.Routes, int(o.Config.Limits.Concurrency), ob)
	}
	servers, err := server.New(serverConfig, serverDeps)
	if err != nil {
		return err
	}
	network.Local(servers.Inside(), serverDeps.Centers...)
	if child != nil {
		branches := map[string]string{}
		for _, center := range serverDeps.Centers {
			branches[center] = servers.BranchAddr()
		}
		if err := child.SetBranches(branches); err != nil {
			return err
		}
	}

	modules, err := open(ctx, o, &closing, Deps{
		Config: o.Config, Observe: ob, Tokens: tokens, Keys: keys, Saga: sagas, PublicURL: servers.HTTPURL, GRPCAddr: servers.GRPCAddr,
	}, network, servers.Registrar())
	if err != nil {
		return err
	}
	return serve(ctx, stop, o, ob, servers, modules)
}

// open opens, migrates and registers every module.
func open(ctx context.Context, o Options, closing *closers, deps Deps, network *server.Network, registrar *server.Registrar) ([]Module, error) {
	var modules []Module
	for _, door := range o.Doors {
		own := deps
		dialer := network.Dialer(door.Name, deps.Tokens, deps.Observe)
		own.Dial = dialer.Dial
		m, err := door.Open(ctx, own)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", door.Name, err)
		}
		closing.add(m.Close)
		if err := m.Migrate(ctx); err != nil {
			return nil, fmt.Errorf("%s: migrate: %w", door.Name, err)
		}
		m.Register(registrar)
		registrar.Ready(door.Name, m.Ready)
		modules = append(modules, m)
	}
	return modules, nil
}

func serve(ctx context.Context, stop context.CancelFunc, o Options, ob *observe.Observer, servers *server.Servers, modules []Module) error {
	var done sync.WaitGroup
	failures := make(chan error, 1)
	fail := func(err error) {
		select {
		case failures <- err:
		default: // the first one counts
		}
		stop()
	}
	for _, m := range modules {
		for _, work := range m.Workers() {
			done.Go(func() {
				if err := work(ctx); err != nil && ctx.Err() == nil {
					fail(fmt.Errorf("worker: %w", err))
				}
			})
		}
	}
	p := &Process{servers: servers}
	err := servers.Run(ctx, func() {
		ob.Log().InfoContext(ctx, "serving", "http", servers.HTTPURL(), "grpc", servers.GRPCAddr())
		if o.Ready == nil {
			return
		}
		done.Go(func() {
			if err := o.Ready(ctx, p); err != nil && ctx.Err() == nil {
				fail(err)
			}
		})
	})
	stop()
	done.Wait()
	select {
	case failure := <-failures:
		return errors.Join(failure, err)
	default:
		return err
	}
}

func centersOf(doors []Door) []string {
	var names []string
	for _, d := range doors {
		if d.Center {
			names = append(names, d.Name)
		}
	}
	return names
}

func secretFile(c *conf.Config) string {
	if c.Security.SecretFile != "" {
		return c.Security.SecretFile
	}
	return filepath.Join(c.Storage.Dir, "secret.key")
}

// startCoordinator connects to the transaction coordinator, and starts it first where it is this process's child.
func startCoordinator(ctx context.Context, o Options, keys *secret.Keyring, ob *observe.Observer) (*saga.Coordinator, *coordinator.Child, error) {
	if len(centersOf(o.Doors)) == 0 {
		return nil, nil, nil // a frontend changes nothing by itself
	}
	target := o.Config.Coordinator.Address
	var child *coordinator.Child
	if o.Config.Coordinator.Mode == "child" {
		binary, err := coordinator.Binary(o.Config.Coordinator.Binary)
		if err != nil {
			return nil, nil, err
		}
		child, err = coordinator.Start(ctx, coordinator.Config{
			Binary: binary, DataDir: filepath.Join(o.Config.Storage.Dir, "coordinator"), Addr: target,
			Log:   func(line string) { ob.Log().Info(line, "part", "coordinator") },
			Alarm: func(line string) { ob.Log().Warn(line, "part", "coordinator") },
		})
		if err != nil {
			return nil, nil, fmt.Errorf("coordinator: %w", err)
		}
		target = child.Addr()
	}
	sagas, err := saga.New(saga.Config{Target: target, Secret: keys.Key(secret.Branches), Token: o.Config.Coordinator.Token})
	if err != nil {
		if child != nil {
			err = errors.Join(err, child.Close())
		}
		return nil, nil, err
	}
	return sagas, child, nil
}

// closers run in the reverse order.
type closers struct{ all []func() error }

func (c *closers) add(fn func() error) { c.all = append(c.all, fn) }
func (c *closers) close() error {
	var errs []error
	for i := len(c.all) - 1; i >= 0; i-- {
		errs = append(errs, c.all[i]())
	}
	return errors.Join(errs...)
}
