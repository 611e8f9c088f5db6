package command_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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
	_ "github.com/onepool/onepool/app/internal/entsample/ent/runtime"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
)

// request is a message with a request id beside its body.
type request struct {
	*wrapperspb.StringValue
	id string
}

func (r request) GetRequestId() string { return r.id }

func ask(id, body string) request { return request{wrapperspb.String(body), id} }

type answer = *wrapperspb.StringValue

// shop is a database with one shelf; to sell is to take one from it.
type shop struct {
	t       *testing.T
	db      *database.DB
	c       *ent.Client
	decided atomic.Int64
}

var (
	seller = tenancy.Principal{Kind: tenancy.Franchisee, ID: "usr_1", Org: "org_1"}.WithScope()
	other  = tenancy.Principal{Kind: tenancy.Franchisee, ID: "usr_2", Org: "org_1"}.WithScope()
)

func newShop(t *testing.T, db *database.DB, onHand int64) *shop {
	s := &shop{t: t, db: db, c: ent.NewClient(ent.Driver(db.EntDriver()))}
	require.NoError(t, db.InTx(s.as(seller), func(ctx context.Context) error {
		return s.c.Shelf.Create().SetID("shf").SetSku("tea").SetOnHand(onHand).Exec(ctx)
	}))
	return s
}

func engines(t *testing.T, rule func(t *testing.T, s *shop)) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		rule(t, newShop(t, open(entsample.Migrations()), 10))
	})
}

func (s *shop) as(p tenancy.Principal) context.Context { return tenancy.NewContext(s.t.Context(), p) }

func (s *shop) onHand() int64 { return s.c.Shelf.GetX(s.as(seller), "shf").OnHand }

// sell is a command that takes one piece, and then calls more.
func (s *shop) sell(req command.Request, more func(ctx context.Context) error) command.Local[int, answer] {
	return command.Local[int, answer]{Method: "/test/Sell", Request: req, Decide: func(ctx context.Context, _ int) (answer, error) {
		n := s.decided.Add(1)
		if err := s.c.Shelf.UpdateOneID("shf").AddOnHand(-1).Exec(ctx); err != nil {
			return nil, err
		}
		if more != nil {
			if err := more(ctx); err != nil {
				return nil, err
			}
		}
		return wrapperspb.String(fmt.Sprintf("sale %d", n)), nil
	}}
}

func TestARepeatGetsTheFirstAnswerAndHasNoEffect(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		for range 3 {
			a, err := s.sell(ask("r1", "x"), nil).Run(s.as(seller), s.db)
			require.NoError(t, err)
			require.Equal(t, "sale 1", a.GetValue())
		}
		require.EqualValues(t, 9, s.onHand())
		// Another caller, another method, another id: three other commands.
		_, err := s.sell(ask("r1", "x"), nil).Run(s.as(other), s.db)
		require.NoError(t, err)
		_, err = s.sell(ask("r2", "x"), nil).Run(s.as(seller), s.db)
		require.NoError(t, err)
		c := s.sell(ask("r1", "x"), nil)
		c.Method = "/test/Sell2"
		_, err = c.Run(s.as(seller), s.db)
		require.NoError(t, err)
		require.EqualValues(t, 6, s.onHand())
	})
}

func TestAnotherBodyUnderTheSameIDIsRefused(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		_, err := s.sell(ask("r1", "x"), nil).Run(s.as(seller), s.db)
		require.NoError(t, err)
		_, err = s.sell(ask("r1", "y"), nil).Run(s.as(seller), s.db)
		require.Equal(t, fault.ReasonRequestIDReused, kratos.Reason(err))
		require.Equal(t, 409, kratos.Code(err))
		require.EqualValues(t, 9, s.onHand())
	})
}

func TestARefusalUndoesTheEffectAndStays(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		hooks := 0
		refuse := func(ctx context.Context) error {
			require.NoError(t, s.db.AfterCommit(ctx, func() { hooks++ }))
			return fmt.Errorf("wrapped: %w", kratos.Conflict("STOCK_INSUFFICIENT", "none left").WithMetadata(map[string]string{"left": "0"}))
		}
		for _, more := range []func(context.Context) error{refuse, nil} { // it would succeed the second time
			a, err := s.sell(ask("r1", "x"), more).Run(s.as(seller), s.db)
			require.Nil(t, a)
			r := kratos.FromError(err)
			require.Equal(t, "STOCK_INSUFFICIENT", r.Reason)
			require.EqualValues(t, 409, r.Code)
			require.Equal(t, "none left", r.Message)
			require.Equal(t, map[string]string{"left": "0"}, r.Metadata)
		}
		require.EqualValues(t, 10, s.onHand())
		require.EqualValues(t, 1, s.decided.Load())
		require.Zero(t, hooks)
	})
}

func TestWhatSaysNothingAboutTheDecisionIsNotRecorded(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		for i, e := range []error{
			errors.New("broken"), kratos.InternalServer("X", ""), kratos.ServiceUnavailable("X", ""), kratos.New(429, "RATE_LIMITED", ""),
			kratos.Unauthorized("UNAUTHENTICATED", ""), kratos.ClientClosed("X", ""), context.DeadlineExceeded,
		} {
			id := fmt.Sprintf("r%d", i)
			_, err := s.sell(ask(id, "x"), func(context.Context) error { return e }).Run(s.as(seller), s.db)
			require.ErrorIs(t, err, e)
			require.EqualValues(t, 10-i, s.onHand())
			_, err = s.sell(ask(id, "x"), nil).Run(s.as(seller), s.db)
			require.NoError(t, err)
		}
	})
}

func TestDomainErrorsAreMappedBeforeTheyAreRecorded(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		short := errors.New("short")
		c := s.sell(ask("r1", "x"), func(context.Context) error { return short })
		c.Public = func(err error) error {
			if errors.Is(err, short) {
				return kratos.Conflict("STOCK_INSUFFICIENT", "")
			}
			return err
		}
		for range 2 {
			_, err := c.Run(s.as(seller), s.db)
			require.Equal(t, "STOCK_INSUFFICIENT", kratos.Reason(err))
		}
		require.EqualValues(t, 1, s.decided.Load())
	})
}

func TestFactsComeFirstAndOutsideTheTransaction(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		c := s.sell(ask("r1", "x"), func(ctx context.Context) error {
			require.True(t, database.InTransaction(ctx))
			_, err := s.sell(ask("r9", "x"), nil).Run(ctx, s.db)
			require.ErrorIs(t, err, database.ErrNested)
			return nil
		})
		down := kratos.NotFound("SKU_NOT_FOUND", "")
		c.Facts = func(ctx context.Context) (int, error) {
			require.False(t, database.InTransaction(ctx))
			return 0, down
		}
		_, err := c.Run(s.as(seller), s.db)
		require.ErrorIs(t, err, down)
		c.Facts = func(context.Context) (int, error) { return 1, nil }
		_, err = c.Run(s.as(seller), s.db)
		require.NoError(t, err)
		c.Facts = func(context.Context) (int, error) { t.Error("asked again"); return 0, nil }
		_, err = c.Run(s.as(seller), s.db)
		require.NoError(t, err)
	})
}

func TestACommandNeedsACallerAndAnID(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		_, err := s.sell(ask("r1", "x"), nil).Run(t.Context(), s.db)
		require.ErrorIs(t, err, tenancy.ErrNoPrincipal)
		for _, id := range []string{"", string(make([]byte, 65))} {
			_, err = s.sell(ask(id, "x"), nil).Run(s.as(seller), s.db)
			require.Equal(t, fault.ReasonValidator, kratos.Reason(err))
		}
		require.EqualValues(t, 10, s.onHand())
	})
}

func TestManyAtOnceHaveOneEffectAndOneAnswer(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		const callers = 32
		answers := make([]string, callers)
		errs := make([]error, callers)
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range callers {
			all.Go(func() {
				<-start
				a, err := s.sell(ask("r1", "x"), func(context.Context) error { time.Sleep(2 * time.Millisecond); return nil }).Run(s.as(seller), s.db)
				answers[i], errs[i] = a.GetValue(), err
			})
		}
		close(start)
		all.Wait()
		for i := range callers {
			require.NoError(t, errs[i])
			require.Equal(t, answers[0], answers[i])
		}
		require.EqualValues(t, 9, s.onHand())
	})
}

func TestManyAtOnceAreRefusedAlike(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				said := fmt.Sprint(i)
				_, err := s.sell(ask("r1", "x"), func(context.Context) error { return kratos.Conflict("NO", said) }).Run(s.as(seller), s.db)
				if kratos.Reason(err) != "NO" {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		said := s.decided.Load()
		_, err := s.sell(ask("r1", "x"), nil).Run(s.as(seller), s.db)
		require.Equal(t, "NO", kratos.Reason(err), "one refusal is recorded, and stays")
		require.Equal(t, said, s.decided.Load())
		require.EqualValues(t, 10, s.onHand())
	})
}

func TestOldAnswersAreForgottenInBatches(t *testing.T) {
	engines(t, func(t *testing.T, s *shop) {
		require.NoError(t, s.db.InTx(t.Context(), func(ctx context.Context) error {
			for i := range 1234 {
				_, err := s.db.Conn(ctx).ExecContext(ctx, "INSERT INTO commands (caller, method, request_id, hash, answer, created_us) VALUES ('c', 'm', ?, '', '', ?)", fmt.Sprint(i), i)
				if err != nil {
					return err
				}
			}
			return nil
		}))
		_, err := s.sell(ask("r1", "x"), nil).Run(s.as(seller), s.db)
		require.NoError(t, err)
		n, err := command.Purge(t.Context(), s.db, 0)
		require.NoError(t, err)
		require.EqualValues(t, 1234, n)
		_, err = s.sell(ask("r1", "x"), nil).Run(s.as(seller), s.db)
		require.NoError(t, err)
		require.EqualValues(t, 9, s.onHand())
	})
}

// A first one that holds its row for long must not make the second wait for ever.
func TestAWaitForTheFirstIsBounded(t *testing.T) {
	conf := testkit.Config(t, database.MySQL)
	conf.LockWait = time.Second
	s := newShop(t, testkit.Migrated(t, conf, entsample.Migrations()), 10)
	holding, let, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		_, err := s.sell(ask("r1", "x"), func(context.Context) error { close(holding); <-let; return nil }).Run(s.as(seller), s.db)
		done <- err
	}()
	<-holding
	start := time.Now()
	_, err := s.sell(ask("r1", "x"), nil).Run(s.as(seller), s.db)
	require.Equal(t, fault.ReasonInProgress, kratos.Reason(err))
	require.Less(t, time.Since(start), 3*time.Second)
	close(let)
	require.NoError(t, <-done)
	a, err := s.sell(ask("r1", "x"), nil).Run(s.as(seller), s.db)
	require.NoError(t, err)
	require.Equal(t, "sale 1", a.GetValue())
}

// helperEnv tells a process of this test binary to be the one that is killed.
const helperEnv = "COMMAND_TEST_HELPER"

// TestAKilledProcessLosesNothingAndDoesNothingTwice kills a process with SIGKILL, once inside the transaction and once
// between commit and reply, and repeats the request in this one.
func TestAKilledProcessLosesNothingAndDoesNothingTwice(t *testing.T) {
	for _, c := range []struct {
		point  string
		answer string
		left   int64
	}{{"before commit", "sale 1", 9}, {"before reply", "sale 41", 9}} {
		t.Run(c.point, func(t *testing.T) {
			for _, engine := range testkit.AllEngines {
				t.Run(engine, func(t *testing.T) {
					conf := testkit.Config(t, engine)
					db := testkit.Migrated(t, conf, entsample.Migrations())
					s := newShop(t, db, 10)
					cmd := exec.Command(os.Args[0], "-test.run=^TestKilledHelper$")
					cmd.Env = append(os.Environ(), helperEnv+"="+c.point, "HELPER_ENGINE="+conf.Engine, "HELPER_PATH="+conf.Path, "HELPER_DSN="+conf.DSN)
					out, err := cmd.CombinedOutput()
					exit, ok := errors.AsType[*exec.ExitError](err)
					require.True(t, ok && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL, "%v: %s", err, out)
					for range 2 {
						a, err := s.sell(ask("r1", "x"), nil).Run(s.as(seller), s.db)
						require.NoError(t, err)
						require.Equal(t, c.answer, a.GetValue())
						require.Equal(t, c.left, s.onHand())
					}
				})
			}
		})
	}
}

// TestKilledHelper is the process that is killed; in an ordinary run it does nothing.
func TestKilledHelper(t *testing.T) {
	point := os.Getenv(helperEnv)
	if point == "" || point == "intent" {
		t.Skip("runs as a process of its own")
	}
	db := testkit.Open(t, database.Config{Name: "test", Engine: os.Getenv("HELPER_ENGINE"), Path: os.Getenv("HELPER_PATH"), DSN: os.Getenv("HELPER_DSN")})
	s := &shop{t: t, db: db, c: ent.NewClient(ent.Driver(db.EntDriver()))}
	s.decided.Store(40)
	die := func() { _ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL); select {} }
	_, err := s.sell(ask("r1", "x"), func(ctx context.Context) error {
		if point == "before commit" {
			die()
		}
		return s.db.AfterCommit(ctx, die)
	}).Run(s.as(seller), s.db)
	t.Fatal("still alive", err)
}
