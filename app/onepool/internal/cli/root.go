// Package cli is the command line: the same commands and flags for people and for scripts.
//
// Always true: results go to standard output, everything else to standard error; --json prints one JSON value and
// nothing else on standard output; the exit code is 0 for success, 1 for a refusal or a finding, 2 for wrong usage.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	kerrors "github.com/go-kratos/kratos/v2/errors"
	"github.com/spf13/cobra"

	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

const (
	exitOK = iota
	exitFailed
	exitUsage
)

// errFound ends a command that did its work and found something wrong, which it has printed already.
var errFound = errors.New("found")

// Main runs the command line and answers the exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	process.Quiet()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	usage := true
	root := &cobra.Command{
		Use:           "onepool",
		Short:         "Headless omnichannel commerce: one pool of stock for all channels",
		SilenceErrors: true,
		SilenceUsage:  true,
		// From here on the arguments were understood.
		PersistentPreRun: func(*cobra.Command, []string) { usage = false },
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetArgs(args)
	root.AddCommand(serveCommand(), splitCommand(), importCommand(), demoCommand(), auditCommand(), allocateCommand(), ordersCommand(), versionCommand())
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFound):
		return exitFailed
	case usage:
		fmt.Fprintln(stderr, "onepool:", err)
		fmt.Fprintln(stderr, "Run 'onepool --help' for the commands and their examples.")
		return exitUsage
	}
	fmt.Fprintln(stderr, "onepool:", readable(err))
	return exitFailed
}

// readable says what a server's refusal means to a person.
func readable(err error) string {
	var refusal *kerrors.Error
	if !errors.As(err, &refusal) {
		return err.Error()
	}
	text := fmt.Sprintf("%s (%d): %s", refusal.Reason, refusal.Code, refusal.Message)
	if len(refusal.Metadata) > 0 {
		text += fmt.Sprintf(" %v", refusal.Metadata)
	}
	if refusal.Code == 401 {
		text += "\nGive a credential: --token, $ONEPOOL_TOKEN or --token-file FILE (the first start writes admin.key in the data folder)."
	}
	return text
}

// remote is what every command needs that speaks to a server.
type remote struct {
	server    string
	token     string
	tokenFile string
	json      bool
}

func (r *remote) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.server, "server", "http://127.0.0.1:8000", "address of the platform")
	cmd.Flags().StringVar(&r.token, "token", "", "credential; default $ONEPOOL_TOKEN, then data/admin.key of this folder")
	cmd.Flags().StringVar(&r.tokenFile, "token-file", "", "file that holds the credential")
	cmd.Flags().BoolVar(&r.json, "json", false, "print JSON for programs")
}

func (r *remote) connect(ctx context.Context) (*client.Client, error) {
	token, err := client.Credential(r.token, r.tokenFile)
	if err != nil {
		return nil, err
	}
	return client.New(ctx, r.server, token)
}

func printJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
