//go:build failpoint

package outbox

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/testkit"
)

// ledger is a coordinator whose memory survives the process.
type ledger struct{ path string }

func (l ledger) SubmitMessage(_ context.Context, gid string, _ []Call) error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(gid + "\n")
	return errors.Join(err, f.Close())
}

func (l ledger) gids(t *testing.T) (all []string) {
	f, err := os.Open(l.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	require.NoError(t, err)
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		all = append(all, s.Text())
	}
	return all
}

// A relay is killed before it submits, or after it has submitted and before it has said so. The message is neither lost
// nor given another gid.
func TestAKilledRelayLosesNoMessage(t *testing.T) {
	for point, submitted := range map[string]int{"outbox.submit.before": 0, "outbox.mark.before": 1} {
		t.Run(point, func(t *testing.T) {
			for _, engine := range testkit.AllEngines {
				t.Run(engine, func(t *testing.T) {
					conf := testkit.Config(t, engine)
					db := testkit.Migrated(t, conf, nil)
					require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error { return emit(ctx, "o1", "x") }))
					l := ledger{filepath.Join(t.TempDir(), "ledger")}
					cmd := exec.Command(os.Args[0], "-test.run=^TestKilledRelay$")
					cmd.Env = append(os.Environ(), "FAILPOINT="+point+"=kill", "HELPER_LEDGER="+l.path, "HELPER_ENGINE="+conf.Engine, "HELPER_PATH="+conf.Path, "HELPER_DSN="+conf.DSN)
					out, err := cmd.CombinedOutput()
					exit, ok := errors.AsType[*exec.ExitError](err)
					require.True(t, ok && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL, "%v: %s", err, out)
					require.Len(t, l.gids(t), submitted)

					require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
						_, err := db.Conn(ctx).ExecContext(ctx, "UPDATE outbox SET lease_until_us = 1") // as after the lease
						return err
					}))
					n, err := NewRelay(db, l, fatal(t)).Once(t.Context())
					require.NoError(t, err)
					require.Equal(t, 1, n)
					gids := l.gids(t)
					require.Len(t, gids, submitted+1)
					require.Equal(t, gids[0], gids[len(gids)-1])
					require.Zero(t, unsent(t, db))
				})
			}
		})
	}
}

// TestKilledRelay is the process that is killed; in an ordinary run it does nothing.
func TestKilledRelay(t *testing.T) {
	path := os.Getenv("HELPER_LEDGER")
	if path == "" {
		t.Skip("runs as a process of its own")
	}
	db := testkit.Open(t, database.Config{Name: "test", Engine: os.Getenv("HELPER_ENGINE"), Path: os.Getenv("HELPER_PATH"), DSN: os.Getenv("HELPER_DSN")})
	_, err := NewRelay(db, ledger{path}, fatal(t)).Once(t.Context())
	t.Fatal("still alive", err)
}
