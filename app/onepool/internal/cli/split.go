package cli

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/onepool/internal/platform"
	"github.com/onepool/onepool/app/onepool/internal/split"
	"github.com/onepool/onepool/configs"
)

func splitCommand() *cobra.Command {
	var (
		o     split.Options
		mysql string
		demo  bool
	)
	cmd := &cobra.Command{
		Use:   "split",
		Short: "Run each center in a process of its own, on this machine",
		Long: "Starts the transaction coordinator, the six centers and the edge as processes of their own, each center with its own database on a\n" +
			"MySQL-protocol server. They find each other through Consul, or by fixed endpoints. Ctrl-C stops all of them.",
		Example: "  onepool split --mysql root@127.0.0.1:3306 --demo\n  MYSQL_PWD=secret onepool split --mysql onepool@db:3306 --consul 127.0.0.1:8500",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if o.MySQL, err = mysqlAt(mysql); err != nil {
				return err
			}
			if o.Bin == "" {
				self, err := os.Executable()
				if err != nil {
					return err
				}
				o.Bin = filepath.Dir(self)
			}
			o.Log = cmd.ErrOrStderr()
			if demo {
				overlay := filepath.Join(o.Data, "demo.yaml")
				if err := os.MkdirAll(o.Data, 0o700); err != nil {
					return err
				}
				if err := os.WriteFile(overlay, configs.DemoOverlay, 0o600); err != nil {
					return err
				}
				o.Config = overlay
			}
			p, err := split.Start(cmd.Context(), o)
			if err != nil {
				return err
			}
			defer func() {
				if cerr := p.Close(); cerr != nil {
					fmt.Fprintln(cmd.ErrOrStderr(), "onepool:", cerr)
				}
			}()
			keyFile := filepath.Join(o.Data, platform.AdminKeyFile)
			if demo {
				if err := loadDemo(cmd.Context(), p.HTTP, keyFile, filepath.Join(o.Data, "demo-loaded"), cmd.ErrOrStderr()); err != nil {
					return fmt.Errorf("demo brand: %w", err)
				}
			}
			welcome(cmd.ErrOrStderr(), p.HTTP, p.GRPC, keyFile)
			if err := process.PrintReady(cmd.OutOrStdout(), p.HTTP, p.GRPC); err != nil {
				return err
			}
			return p.Wait(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&o.Bin, "bin", "", "folder of the programs; default: that of this one")
	cmd.Flags().StringVar(&o.Data, "data", "data-split", "folder of keys")
	cmd.Flags().StringVar(&mysql, "mysql", "root@127.0.0.1:3306", "database server, user@host:port; its password in $MYSQL_PWD")
	cmd.Flags().StringVar(&o.Consul, "consul", "", "host:port of a Consul agent; empty: fixed endpoints")
	cmd.Flags().StringVar(&o.HTTP, "http", "127.0.0.1:8000", "HTTP address of the edge")
	cmd.Flags().StringVar(&o.GRPC, "grpc", "127.0.0.1:9000", "gRPC address of the edge")
	cmd.Flags().BoolVar(&demo, "demo", false, "load the demo brand, switch the sandbox on, let time run fast")
	return cmd
}

func mysqlAt(text string) (split.MySQL, error) {
	user, address, ok := strings.Cut(text, "@")
	host, port, err := net.SplitHostPort(address)
	if !ok || err != nil {
		return split.MySQL{}, fmt.Errorf("--mysql %q: want user@host:port", text)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return split.MySQL{}, fmt.Errorf("--mysql %q: want user@host:port", text)
	}
	return split.MySQL{Host: host, Port: n, User: user, Password: os.Getenv("MYSQL_PWD")}, nil
}
