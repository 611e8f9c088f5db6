package command_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/entsample"
	"github.com/onepool/onepool/app/internal/entsample/ent"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
)

func spec(req command.Request) command.Spec {
	return command.Spec{Method: "/test/Order", Request: req, BusinessID: ids.New("ord"), GID: func(id string, attempt int) string {
		return ids.GID("po", id, attempt)
	}}
}

// order is a distributed command whose effect is to take one piece, decided in one transaction with its outcome.
func (s *shop) order(req command.Request, before func(ctx context.Context, in *command.Intent) error) command.Distributed[answer] {
	return command.Distributed[answer]{Spec: spec(req), Lease: 300 * time.Millisecond, Execute: func(ctx context.Context, in *command.Intent) error {
		if before != nil {
			if err := before(ctx, in); err != nil {
				return err
			}
		}
		return s.finish(ctx, in)
	}}
}

func (s *shop) finish(ctx context.Context, in *command.Intent) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.c.Shelf.UpdateOneID("shf").AddOnHand(-1).Exec(ctx); err != nil {
			return err
		}
		return in.Finish(ctx, wrapperspb.String(in.BusinessID), nil)
	})
}

func TestADistributedCommandIsDoneOnce(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		first, err := s.order(ask("r1", "x"), nil).Run(s.as(seller), s.db)
		require.NoError(t, err)
		again, err := s.order(ask("r1", "x"), func(context.Context, *command.Intent) error { t.Error("ran again"); return nil }).Run(s.as(seller), s.db)
		require.NoError(t, err)
		require.Equal(t, first.GetValue(), again.GetValue())
		require.EqualValues(t, 9, s.onHand())
		_, err = s.order(ask("r1", "y"), nil).Run(s.as(seller), s.db)
		require.Equal(t, fault.ReasonRequestIDReused, kratos.Reason(err))
	})
}

func TestAnIntentIsThereBeforeTheFirstStep(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		_, err := s.order(ask("r1", "x"), func(ctx context.Context, in *command.Intent) error {
			require.False(t, database.InTransaction(ctx))
			found, err := command.ByGID(ctx, s.db, in.GID)
			require.NoError(t, err)
			require.Equal(t, in.BusinessID, found.BusinessID)
			require.Equal(t, seller, found.Principal)
			require.Equal(t, "/test/Order", found.Method())
			require.True(t, ids.ValidGID(found.GID))
			_, err = command.Answer[answer](found)
			require.ErrorIs(t, err, command.ErrUnfinished)
			return nil
		}).Run(s.as(seller), s.db)
		require.NoError(t, err)
		_, err = command.ByGID(t.Context(), s.db, "po-none")
		require.ErrorIs(t, err, command.ErrNoIntent)
	})
}

func TestARepeatWhileRunningIsToldSo(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		_, err := s.order(ask("r1", "x"), func(context.Context, *command.Intent) error {
			_, err := s.order(ask("r1", "x"), nil).Run(s.as(seller), s.db)
			require.Equal(t, fault.ReasonInProgress, kratos.Reason(err))
			require.Equal(t, 503, kratos.Code(err))
			return nil
		}).Run(s.as(seller), s.db)
		require.NoError(t, err)
		require.EqualValues(t, 9, s.onHand())
	})
}

func TestARepeatResumesWhatEndedEarlyUnderTheSameGID(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		var gid string
		_, err := s.order(ask("r1", "x"), func(_ context.Context, in *command.Intent) error {
			gid = in.GID
			return errors.New("lost the connection")
		}).Run(s.as(seller), s.db)
		require.ErrorContains(t, err, "lost the connection")
		_, err = s.order(ask("r1", "x"), func(_ context.Context, in *command.Intent) error {
			require.Equal(t, gid, in.GID)
			require.True(t, in.Existed)
			return nil
		}).Run(s.as(seller), s.db)
		require.NoError(t, err)
		require.EqualValues(t, 9, s.onHand())
	})
}

func TestARefusedIntentStaysRefused(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		c := s.order(ask("r1", "x"), nil)
		c.Execute = func(ctx context.Context, in *command.Intent) error {
			return s.db.InTx(ctx, func(ctx context.Context) error {
				require.Error(t, in.Finish(ctx, nil, errors.New("no refusal")))
				return in.Finish(ctx, nil, kratos.Conflict("STOCK_INSUFFICIENT", "none left"))
			})
		}
		for range 2 {
			_, err := c.Run(s.as(seller), s.db)
			require.Equal(t, "STOCK_INSUFFICIENT", kratos.Reason(err))
		}
	})
}

func TestTheFirstFinishCounts(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		in, err := command.Begin(s.as(seller), s.db, spec(ask("r1", "x")))
		require.NoError(t, err)
		require.NoError(t, s.finish(s.as(seller), in))
		require.ErrorIs(t, s.finish(s.as(seller), in), command.ErrFinished)
		require.EqualValues(t, 9, s.onHand())
		got, err := in.TryLease(t.Context(), "late", time.Minute)
		require.NoError(t, err)
		require.False(t, got)
	})
}

func TestOnlyOneOfManyRunsAnIntent(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		var running atomic.Int64
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				_, err := s.order(ask("r1", "x"), func(context.Context, *command.Intent) error {
					if running.Add(1) > 1 {
						t.Error("two at once")
					}
					time.Sleep(5 * time.Millisecond)
					running.Add(-1)
					return nil
				}).Run(s.as(seller), s.db)
				if err != nil && kratos.Reason(err) != fault.ReasonInProgress {
					t.Error(err)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 9, s.onHand())
	})
}

func TestALeaseIsExtendedAndItsLossEndsTheRun(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		_, err := s.order(ask("r1", "x"), func(ctx context.Context, in *command.Intent) error {
			time.Sleep(500 * time.Millisecond) // longer than the lease
			orphans, err := command.Orphans(ctx, s.db, 10, 0)
			require.NoError(t, err)
			require.Empty(t, orphans)
			require.NoError(t, s.db.InTx(ctx, func(ctx context.Context) error {
				_, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE intents SET lease_owner = 'thief'")
				return err
			}))
			<-ctx.Done()
			return context.Cause(ctx)
		}).Run(s.as(seller), s.db)
		require.ErrorContains(t, err, "lease of the intent was lost")
		require.EqualValues(t, 10, s.onHand())
	})
}

// The database hangs: whoever cannot extend must have stopped when the lease ends for the others.
func TestARunThatCannotExtendItsLeaseStopsInTime(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		release, hung := make(chan struct{}), make(chan error, 1)
		const lease = 6 * time.Second // a busy machine must not make the margin too small
		c := s.order(ask("r1", "x"), func(ctx context.Context, in *command.Intent) error {
			began := time.Now()
			go func() {
				hung <- s.db.InTx(t.Context(), func(ctx context.Context) error {
					_, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE intents SET attempts = attempts")
					<-release
					return err
				})
			}()
			<-ctx.Done()
			require.Less(t, time.Since(began), lease)
			close(release)
			return context.Cause(ctx)
		})
		c.Lease = lease
		_, err := c.Run(s.as(seller), s.db)
		require.ErrorContains(t, err, "lease of the intent was lost")
		require.NoError(t, <-hung)
	})
}

// Intents that cannot be finished now must not keep a worker from those that can.
func TestOrphansThatFailComeAfterTheOthers(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		ctx := s.as(seller)
		for i := range 5 {
			_, err := command.Begin(ctx, s.db, spec(ask(fmt.Sprint("r", i), "x")))
			require.NoError(t, err)
		}
		tried := map[string]bool{}
		for range 3 {
			orphans, err := command.Orphans(ctx, s.db, 2, 0)
			require.NoError(t, err)
			require.Len(t, orphans, 2)
			for _, in := range orphans {
				tried[in.GID] = true
				require.Error(t, command.Resume(ctx, in, 0, func(context.Context, *command.Intent) error { return errors.New("the other center is down") }))
			}
		}
		require.Len(t, tried, 5)
	})
}

func TestAttemptsOnOneThingHaveDifferentGIDs(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		order := ids.New("ord")
		gids := make(chan string, 12)
		var all sync.WaitGroup
		for i := range cap(gids) {
			all.Go(func() {
				sp := spec(ask(fmt.Sprint("r", i), "x"))
				sp.BusinessID = order
				in, err := command.Begin(s.as(seller), s.db, sp)
				if err != nil {
					t.Error(err)
					return
				}
				gids <- in.GID
			})
		}
		all.Wait()
		close(gids)
		seen := map[string]bool{}
		for g := range gids {
			require.False(t, seen[g])
			seen[g] = true
		}
		require.True(t, seen[ids.GID("po", order, 1)] && seen[ids.GID("po", order, 12)])
		// A gap that purging has left is not used again.
		require.NoError(t, s.db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := s.db.Conn(ctx).ExecContext(ctx, "DELETE FROM intents WHERE gid = ?", ids.GID("po", order, 3))
			return err
		}))
		sp := spec(ask("r99", "x"))
		sp.BusinessID = order
		in, err := command.Begin(s.as(seller), s.db, sp)
		require.NoError(t, err)
		require.Equal(t, ids.GID("po", order, 13), in.GID)
	})
}

// TestAnOrphanOfAKilledProcessIsFinishedByTheWorker kills the process right after it has committed the intent.
func TestAnOrphanOfAKilledProcessIsFinishedByTheWorker(t *testing.T) {
	for _, engine := range testkit.AllEngines {
		t.Run(engine, func(t *testing.T) {
			conf := testkit.Config(t, engine)
			s := newShop(t, testkit.Migrated(t, conf, entsample.Migrations()), 10)
			cmd := exec.Command(os.Args[0], "-test.run=^TestKilledIntentHelper$")
			cmd.Env = append(os.Environ(), helperEnv+"=intent", "HELPER_ENGINE="+conf.Engine, "HELPER_PATH="+conf.Path, "HELPER_DSN="+conf.DSN)
			out, err := cmd.CombinedOutput()
			exit, ok := errors.AsType[*exec.ExitError](err)
			require.True(t, ok && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL, "%v: %s", err, out)

			worker := tenancy.WithService(t.Context(), "order-worker")
			young, err := command.Orphans(worker, s.db, 10, time.Hour)
			require.NoError(t, err)
			require.Empty(t, young)
			var orphans []*command.Intent
			require.Eventually(t, func() bool { // once the dead one's lease has ended
				orphans, err = command.Orphans(worker, s.db, 10, 0, "/test/Order")
				return err == nil && len(orphans) == 1
			}, 5*time.Second, 10*time.Millisecond)
			require.NoError(t, command.Resume(worker, orphans[0], 0, func(ctx context.Context, in *command.Intent) error {
				p, err := tenancy.FromContext(ctx)
				require.NoError(t, err)
				require.Equal(t, seller, p, "the worker acts for who asked")
				return s.finish(ctx, in)
			}))
			a, err := s.order(ask("r1", "x"), nil).Run(s.as(seller), s.db)
			require.NoError(t, err)
			require.Equal(t, orphans[0].BusinessID, a.GetValue())
			require.EqualValues(t, 9, s.onHand())
		})
	}
}

// TestKilledIntentHelper is the process that is killed; in an ordinary run it does nothing.
func TestKilledIntentHelper(t *testing.T) {
	if os.Getenv(helperEnv) != "intent" {
		t.Skip("runs as a process of its own")
	}
	db := testkit.Open(t, database.Config{Name: "test", Engine: os.Getenv("HELPER_ENGINE"), Path: os.Getenv("HELPER_PATH"), DSN: os.Getenv("HELPER_DSN")})
	s := &shop{t: t, db: db, c: ent.NewClient(ent.Driver(db.EntDriver()))}
	_, err := s.order(ask("r1", "x"), func(context.Context, *command.Intent) error {
		return syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	}).Run(s.as(seller), s.db)
	t.Fatal("still alive", err)
}

func TestFinishedIntentsArePurgedOpenOnesNot(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		_, err := s.order(ask("r1", "x"), nil).Run(s.as(seller), s.db)
		require.NoError(t, err)
		_, err = command.Begin(s.as(seller), s.db, spec(ask("r2", "x")))
		require.NoError(t, err)
		require.NoError(t, s.db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE intents SET updated_us = 1, created_us = 1")
			return err
		}))
		n, err := command.Purge(t.Context(), s.db, 0)
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
		orphans, err := command.Orphans(t.Context(), s.db, 10, 0)
		require.NoError(t, err)
		require.Len(t, orphans, 1)
	})
}
