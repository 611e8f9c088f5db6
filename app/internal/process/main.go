package process

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/onepool/onepool/app/internal/conf"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/configs"
)

// Ready is the line on standard output that says that a process accepts requests.
type Ready struct {
	Ready bool   `json:"ready"`
	HTTP  string `json:"http"`
	GRPC  string `json:"grpc"`
}

// PrintReady writes the one line that scripts wait for.
func PrintReady(out io.Writer, http, grpc string) error {
	return json.NewEncoder(out).Encode(Ready{Ready: true, HTTP: http, GRPC: grpc})
}

// Main is the main function of a program that runs one part of a split platform: a center, or the frontends with the
// routes to all centers. It answers the exit code.
func Main(name string, routes []string, doors ...Door) int {
	Quiet()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	config, err := parse(name, os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 2
	}
	options := Options{
		Name: name, Config: config, Doors: doors, Resolver: KeysOfStore, Log: os.Stderr,
		Ready: func(_ context.Context, p *Process) error { return PrintReady(os.Stdout, p.HTTPURL(), p.GRPCAddr()) },
	}
	if routes != nil {
		options.Routes = server.CenterRoutes(routes...)
	}
	if err := Run(ctx, options); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

func parse(name string, args []string, stderr io.Writer) (*conf.Config, error) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	var file string
	overrides := map[string]string{}
	flags.StringVar(&file, "config", "", "configuration `file` laid over the defaults")
	for key, usage := range map[string]string{
		"data": "folder of databases and keys", "http": "HTTP `address`", "grpc": "gRPC `address`", "branch": "`address` that the coordinator calls",
	} {
		target := "server." + key
		if key == "data" {
			target = "storage.dir"
		}
		flags.Func(key, usage, func(value string) error { overrides[target] = value; return nil })
	}
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return conf.Load([][]byte{configs.Default}, file, os.Environ(), overrides)
}
