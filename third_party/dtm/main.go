// Command dtm runs the DTM server (github.com/dtm-labs/dtm, published module, unchanged) for onepool.
//
// DTM's own start function listens on all addresses, serves an HTTP API that asks nobody who they are, puts the
// transaction id into SQL text and keeps one retry loop. This main uses DTM's exported pieces (engine, storage)
// and replaces the rest. What holds here:
//
//   - One listener, on the configured address only. No HTTP, no JSON-RPC, no admin pages.
//   - A transaction id is 32 characters of [a-z0-9_-]: harmless in SQL, and no id can be a prefix of another, which
//     DTM's boltdb store would answer by losing branches.
//   - A branch address is logical, onepool:///<center>/<package.Service>/<Method>, and is resolved at each call: a
//     center may come back on another port and still gets what was recorded before.
//   - A submitted transaction is durable when Submit answers OK.
//   - A branch that does not answer is tried again every RetryInterval (10 s), for ever.
//   - Only what onepool uses is served: types "msg" and "workflow". Others are refused, not half done.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/dtm-labs/dtm/client/dtmgrpc/dtmgpb"
	"github.com/dtm-labs/dtm/dtmsvr"
	"github.com/dtm-labs/dtm/dtmsvr/config"
	"github.com/dtm-labs/dtm/dtmsvr/storage/registry"
	"github.com/dtm-labs/logger"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

const (
	version           = "v1.19.0"
	retryInterval_s   = 10 // DTM accepts no less
	maxMessage_bytes  = 4 << 20
	shutdown_s        = 5
	passwordEnv       = "DTM_MYSQL_PASSWORD"
	tokenEnv          = "DTM_TOKEN"
	consulTokenEnv    = "CONSUL_HTTP_TOKEN"
	defaultRetryLoops = 16
)

// options is what the command line says.
type options struct {
	grpcAddr       string
	store          string
	dataDir        string
	mysql          mysqlOptions
	requestTimeout time.Duration
	retryLoops     int
	branches       string
	branchesFile   string
	consul         string
	exitWithStdin  bool
	logLevel       string
}

func parseOptions(args []string) (options, error) {
	var o options
	fs := flag.NewFlagSet("dtm", flag.ContinueOnError)
	fs.StringVar(&o.grpcAddr, "grpc", "127.0.0.1:36790", "address to listen on; port 0 takes a free one")
	fs.StringVar(&o.store, "store", config.BoltDb, "boltdb | mysql")
	fs.StringVar(&o.dataDir, "data", ".", "directory of the boltdb file")
	fs.StringVar(&o.mysql.host, "mysql-host", "127.0.0.1", "MySQL host")
	fs.IntVar(&o.mysql.port, "mysql-port", 3306, "MySQL port")
	fs.StringVar(&o.mysql.user, "mysql-user", "root", "MySQL user; its password comes from $"+passwordEnv)
	fs.StringVar(&o.mysql.database, "mysql-database", "dtm", "MySQL database, made if missing")
	fs.DurationVar(&o.requestTimeout, "request-timeout", 3*time.Second, "bound of one branch call, if the transaction sets none")
	fs.IntVar(&o.retryLoops, "retry-loops", defaultRetryLoops, "concurrent retry loops")
	fs.StringVar(&o.branches, "branches", "", "center=host:port,... where branch calls go")
	fs.StringVar(&o.branchesFile, "branches-file", "", "file of lines center=host:port, read again when it changes")
	fs.StringVar(&o.consul, "consul", "", "host:port of Consul: branch calls of a center go to service onepool-<center>-branch")
	fs.BoolVar(&o.exitWithStdin, "exit-with-stdin", false, "exit when standard input ends, so that a dead parent leaves nothing behind")
	fs.StringVar(&o.logLevel, "log-level", "warn", "debug | info | warn | error (info and debug log payloads)")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	return o, o.validate(fs.NArg())
}

// validate names the flag that is wrong.
func (o options) validate(extra int) error {
	switch {
	case extra > 0:
		return errors.New("unexpected arguments")
	case o.store != config.BoltDb && o.store != config.Mysql:
		return fmt.Errorf("--store: %q is neither boltdb nor mysql", o.store)
	case o.retryLoops < 1 || o.retryLoops > 256:
		return errors.New("--retry-loops: must be 1 to 256")
	case o.requestTimeout < time.Second || o.requestTimeout > time.Minute:
		return errors.New("--request-timeout: must be 1s to 1m")
	}
	if _, _, err := net.SplitHostPort(o.grpcAddr); err != nil {
		return fmt.Errorf("--grpc: %w", err)
	}
	if o.store == config.Mysql {
		return o.mysql.validate()
	}
	return nil
}

func main() {
	o, err := parseOptions(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = run(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "dtm:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if o.exitWithStdin {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	directory, err := newDirectory(ctx, o)
	if err != nil {
		return err
	}
	lis, err := net.Listen("tcp", o.grpcAddr)
	if err != nil {
		return fmt.Errorf("--grpc: %w", err)
	}
	if err := openStore(o); err != nil {
		return err
	}
	calls := newCaller(directory, o.requestTimeout)
	if err := calls.install(); err != nil {
		return err
	}
	e := newEngine(calls)
	srv := grpc.NewServer(grpc.ChainUnaryInterceptor(recoverPanics, requireToken(os.Getenv(tokenEnv))), grpc.MaxRecvMsgSize(maxMessage_bytes),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}))
	dtmgpb.RegisterDtmServer(srv, &server{engine: e})
	registerTransactions(srv, e)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(lis) }()
	e.start(ctx, o.retryLoops)
	if o.store == config.Mysql {
		db, err := o.mysql.open(o.mysql.database)
		if err != nil {
			return err
		}
		go purgeRegularly(ctx, db)
	}

	ready, _ := json.Marshal(map[string]any{"ready": true, "grpc": lis.Addr().String(), "version": version})
	fmt.Println(string(ready))
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	stopServer(srv)
	return nil
}

// stopServer lets running requests end, but not for ever: everything that was answered is already stored.
func stopServer(srv *grpc.Server) {
	t := time.AfterFunc(shutdown_s*time.Second, srv.Stop)
	defer t.Stop()
	srv.GracefulStop()
}

// openStore configures DTM's engine and opens its storage.
func openStore(o options) (err error) {
	time.Local = time.UTC // DTM's MySQL store writes and reads local time
	// In a container DTM would replace 127.0.0.1 by the host's name.
	_ = os.Unsetenv("IS_DOCKER")
	logger.InitLog2(o.logLevel, "stderr", 0, "")
	config.Config = config.Type{
		Store: config.Store{
			Driver: o.store, MaxOpenConns: 32, MaxIdleConns: 32, ConnMaxLifeTime: 5,
			DataExpire: int64((7 * 24 * time.Hour).Seconds()), // finished transactions in boltdb; unfinished ones stay
		},
		TransCronInterval: 1, TimeoutToFail: 35, RetryInterval: retryInterval_s,
		RequestTimeout:   int64(o.requestTimeout / time.Second),
		MicroService:     config.MicroService{Driver: driverName},
		HTTPMicroService: config.HTTPMicroService{Driver: "default"},
		UpdateBranchSync: 1, // a branch's end is stored before the next one starts
		LogLevel:         o.logLevel, AlertRetryLimit: 3,
	}
	dtmsvr.Version = version
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("open %s store: %v", o.store, p)
		}
	}()
	if o.store == config.Mysql {
		return openMySQL(o.mysql)
	}
	if err := os.MkdirAll(o.dataDir, 0o700); err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	if err := os.Chdir(o.dataDir); err != nil { // the store's path is ./dtm.bolt
		return fmt.Errorf("--data: %w", err)
	}
	if err := registry.GetStore().Ping(); err != nil {
		return fmt.Errorf("open boltdb store: %w", err)
	}
	return os.Chmod("dtm.bolt", 0o600)
}

func (m mysqlOptions) validate() error {
	switch {
	case m.host == "" || strings.ContainsAny(m.host, "/()@"):
		return errors.New("--mysql-host: not a host")
	case m.port < 1 || m.port > 65535:
		return errors.New("--mysql-port: " + strconv.Itoa(m.port))
	case m.user == "":
		return errors.New("--mysql-user: empty")
	case !databaseName.MatchString(m.database):
		return errors.New("--mysql-database: only letters, digits and underscores")
	}
	return nil
}
