package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/onepool/onepool/app/internal/conf"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/onepool/internal/client"
	"github.com/onepool/onepool/app/onepool/internal/importer"
	"github.com/onepool/onepool/app/onepool/internal/platform"
	"github.com/onepool/onepool/configs"
)

func serveCommand() *cobra.Command {
	var (
		file string
		demo bool
		set  = map[string]*string{"storage.dir": new(string), "server.http": new(string), "server.grpc": new(string)}
	)
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the whole platform in one process",
		Long: "Runs all six centers, the frontends and the transaction coordinator, with embedded databases unless the configuration says otherwise.\n" +
			"When it is ready it prints one line of JSON on standard output; logs go to standard error. Ctrl-C stops all of it.",
		Example: "  onepool serve --demo\n  onepool serve --data /var/lib/onepool --http 0.0.0.0:8000 --grpc 0.0.0.0:9000 --config onepool.yaml\n" +
			"  ONEPOOL_TRADE__RETURN_WINDOW_S=604800 onepool serve --http 127.0.0.1:0 --grpc 127.0.0.1:0",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			layers := [][]byte{configs.Default}
			if demo {
				layers = append(layers, configs.DemoOverlay)
			}
			overrides := map[string]string{}
			for key, value := range set {
				if *value != "" {
					overrides[key] = *value
				}
			}
			config, err := conf.Load(layers, file, os.Environ(), overrides)
			if err != nil {
				return err
			}
			return serve(cmd.Context(), config, demo, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "configuration file laid over the defaults")
	cmd.Flags().BoolVar(&demo, "demo", false, "load the demo brand on first start, switch the sandbox on, let time run fast")
	cmd.Flags().StringVar(set["storage.dir"], "data", "", "folder of databases and keys (default data)")
	cmd.Flags().StringVar(set["server.http"], "http", "", "HTTP address; port 0 picks a free one (default 127.0.0.1:8000)")
	cmd.Flags().StringVar(set["server.grpc"], "grpc", "", "gRPC address; port 0 picks a free one (default 127.0.0.1:9000)")
	return cmd
}

func serve(ctx context.Context, config *conf.Config, demo bool, stdout, stderr io.Writer) error {
	keyFile := filepath.Join(config.Storage.Dir, platform.AdminKeyFile)
	return process.Run(ctx, process.Options{
		Name: "onepool", Config: config, Doors: platform.Doors(), Resolver: process.KeysOfStore, Log: stderr,
		Ready: func(ctx context.Context, p *process.Process) error {
			if demo {
				if err := loadDemo(ctx, p.HTTPURL(), keyFile, filepath.Join(config.Storage.Dir, "demo-loaded"), stderr); err != nil {
					return fmt.Errorf("demo brand: %w", err)
				}
			}
			welcome(stderr, p.HTTPURL(), p.GRPCAddr(), keyFile)
			return process.PrintReady(stdout, p.HTTPURL(), p.GRPCAddr())
		},
	})
}

// loadDemo imports the demo brand into a platform that has not had it yet; the marker file says so.
func loadDemo(ctx context.Context, url, keyFile, marker string, stderr io.Writer) error {
	if _, err := os.Stat(marker); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	key, err := client.Credential("", keyFile)
	if err != nil {
		return err
	}
	c, err := client.New(ctx, url, key)
	if err != nil {
		return err
	}
	sums, err := importer.Brand(ctx, c, configs.Demo, "demo")
	if err != nil {
		return err
	}
	for _, s := range sums {
		fmt.Fprintf(stderr, "demo brand: %s: %d rows\n", s.Kind, s.Rows)
		if len(s.Errors) > 0 {
			return fmt.Errorf("%s: line %d: %s: %s", s.Kind, s.Errors[0].Line, s.Errors[0].Reason, s.Errors[0].Message)
		}
	}
	return os.WriteFile(marker, []byte("The demo brand was loaded; without this file the next start with --demo loads it again.\n"), 0o600)
}

func welcome(out io.Writer, http, grpc, keyFile string) {
	fmt.Fprintf(out, `
onepool is ready.

  HTTP        %[1]s
  gRPC        %[2]s
  API         %[1]s/reference
  operator    credential in %[3]s

Try:
  curl -s '%[1]s/m/v1/products?page_size=3&lat=31.2304&lng=121.4737'
  curl -s -H "Authorization: Bearer $(cat %[3]s)" '%[1]s/v1/store/stores?page_size=3'
  curl -s -H "Authorization: Bearer $(cat %[3]s)" '%[1]s/v1/audit/check'

`, http, grpc, keyFile)
}
