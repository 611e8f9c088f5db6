//go:build failpoint

package command_test

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/entsample"
	"github.com/onepool/onepool/app/internal/entsample/ent"
	"github.com/onepool/onepool/app/internal/testkit"
)

// At each kill point, the repeat of the request has one effect in the end, and the answer of the one that had it.
func TestEachKillPointOfACommandIsSurvived(t *testing.T) {
	for _, point := range []string{"command.local.tx.before", "command.local.reply.before", "command.intent.commit.after"} {
		t.Run(point, func(t *testing.T) {
			for _, engine := range testkit.AllEngines {
				t.Run(engine, func(t *testing.T) {
					conf := testkit.Config(t, engine)
					s := newShop(t, testkit.Migrated(t, conf, entsample.Migrations()), 10)
					cmd := exec.Command(os.Args[0], "-test.run=^TestKillPointHelper$")
					cmd.Env = append(os.Environ(), "FAILPOINT="+point+"=kill", "HELPER_POINT="+point, "HELPER_ENGINE="+conf.Engine, "HELPER_PATH="+conf.Path, "HELPER_DSN="+conf.DSN)
					out, err := cmd.CombinedOutput()
					exit, ok := errors.AsType[*exec.ExitError](err)
					require.True(t, ok && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL, "%v: %s", err, out)
					first, err := s.repeat(point)
					require.NoError(t, err)
					second, err := s.repeat(point)
					require.NoError(t, err)
					require.Equal(t, first, second)
					require.EqualValues(t, 9, s.onHand())
				})
			}
		})
	}
}

func (s *shop) repeat(point string) (string, error) {
	if point == "command.intent.commit.after" {
		c := s.order(ask("r1", "x"), nil)
		c.Lease = 100 * time.Millisecond
		for {
			a, err := c.Run(s.as(seller), s.db)
			if !errors.Is(err, command.ErrInProgress) {
				return a.GetValue(), err
			}
			time.Sleep(10 * time.Millisecond) // the lease of the one that was killed
		}
	}
	a, err := s.sell(ask("r1", "x"), nil).Run(s.as(seller), s.db)
	return a.GetValue(), err
}

// TestKillPointHelper is the process that is killed; in an ordinary run it does nothing.
func TestKillPointHelper(t *testing.T) {
	point := os.Getenv("HELPER_POINT")
	if point == "" {
		t.Skip("runs as a process of its own")
	}
	db := testkit.Open(t, database.Config{Name: "test", Engine: os.Getenv("HELPER_ENGINE"), Path: os.Getenv("HELPER_PATH"), DSN: os.Getenv("HELPER_DSN")})
	s := &shop{t: t, db: db, c: ent.NewClient(ent.Driver(db.EntDriver()))}
	_, err := s.repeat(point)
	t.Fatal("still alive", err)
}
