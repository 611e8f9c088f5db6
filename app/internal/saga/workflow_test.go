package saga_test

import (
	"context"
	"errors"
	"sync"
	"syscall"
	"testing"
	"time"

	kerrors "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/onepool/onepool/app/internal/coordinator"
	"github.com/onepool/onepool/app/internal/coordinator/coordinatortest"
	"github.com/onepool/onepool/app/internal/saga"
)

// effects stands for two centers and the initiator's own rows: idempotent, with the door that an undo shuts.
type effects struct {
	mu      sync.Mutex
	log     []string
	done    map[string]bool
	shut    map[string]bool
	fail    map[string]error // what the next calls of an operation answer
	final   bool
	refused error
}

func newEffects() *effects {
	return &effects{done: map[string]bool{}, shut: map[string]bool{}, fail: map[string]error{}}
}

func (e *effects) set(op string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fail[op] = err
}

func (e *effects) operations() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.log...)
}

func (e *effects) do(name string) func(context.Context) error {
	return func(context.Context) error {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.log = append(e.log, "do "+name)
		if err := e.fail["do "+name]; err != nil {
			return err
		}
		if e.shut[name] {
			return kerrors.Conflict("LATE_TRY", "undone before")
		}
		e.done[name] = true
		return nil
	}
}

func (e *effects) undo(name string) func(context.Context) error {
	return func(context.Context) error {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.log = append(e.log, "undo "+name)
		if err := e.fail["undo "+name]; err != nil {
			return err
		}
		e.done[name], e.shut[name] = false, true
		return nil
	}
}

func (e *effects) workflow(gid string) saga.Workflow {
	return saga.Workflow{
		GID:    gid,
		Resume: saga.Call{Center: "order", Method: "place", Payload: wrapperspb.String(gid)},
		Steps: []saga.Step{
			{Name: "stock", Do: e.do("stock"), Undo: e.undo("stock")},
			{Name: "points", Do: e.do("points"), Undo: e.undo("points")},
		},
		Decided: func(context.Context) (bool, error) {
			e.mu.Lock()
			defer e.mu.Unlock()
			return e.final, e.refused
		},
		Final: func(ctx context.Context) error {
			if err := e.do("final")(ctx); err != nil {
				return err
			}
			e.mu.Lock()
			defer e.mu.Unlock()
			if e.refused == nil {
				e.final = true
			}
			return e.refused
		},
		Abandon: func(_ context.Context, refusal error) error {
			e.mu.Lock()
			defer e.mu.Unlock()
			if e.final {
				return saga.ErrCommitted
			}
			if e.refused != nil {
				return e.refused
			}
			e.refused = refusal
			return nil
		},
	}
}

// place is an order center: its branch listener and its client of the coordinator.
type place struct {
	*effects
	dtm *coordinator.Child
	c   *saga.Coordinator
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{effects: newEffects()}
	b := listen(t, "127.0.0.1:0", secret, map[string]saga.Handler{
		"place": func(ctx context.Context, gid string, payload []byte) error {
			if want := "\n\x20" + gid; string(payload) != want {
				return errors.New("payload lost")
			}
			return p.c.Run(ctx, p.workflow(gid))
		},
	})
	p.dtm = coordinatortest.Start(t, coordinator.Config{Branches: map[string]string{"order": b.addr}})
	p.c = client(t, p.dtm.Addr())
	return p
}

func TestAWorkflowSucceedsOnce(t *testing.T) {
	t.Parallel()
	p, gid := newPlace(t), newGID("wf")
	require.NoError(t, p.c.Run(t.Context(), p.workflow(gid)))
	require.Equal(t, saga.Succeeded, statusOf(t, p.c, gid))
	require.NoError(t, p.c.Run(t.Context(), p.workflow(gid)), "again")
	require.Equal(t, []string{"do stock", "do points", "do final"}, p.operations())

	require.NoError(t, p.c.Finish(t.Context(), gid, true, ""))
	require.ErrorIs(t, p.c.Finish(t.Context(), gid, false, "x"), saga.ErrEnded)
}

func TestARefusedStepUndoesItselfAndThoseBefore(t *testing.T) {
	t.Parallel()
	p, gid := newPlace(t), newGID("wf")
	refusal := kerrors.New(409, "POINTS_INSUFFICIENT", "3 left").WithMetadata(map[string]string{"left": "3"})
	p.set("do points", refusal)
	err := p.c.Run(t.Context(), p.workflow(gid))
	require.Same(t, refusal, err)
	require.Equal(t, []string{"do stock", "do points", "undo points", "undo stock"}, p.operations())
	require.Same(t, refusal, p.refused)
	require.Equal(t, saga.Failed, statusOf(t, p.c, gid))

	t.Run("asked again it gives the same refusal, though the points are there now", func(t *testing.T) {
		p.set("do points", nil)
		err := p.c.Run(t.Context(), p.workflow(gid))
		var again *kerrors.Error
		require.ErrorAs(t, err, &again)
		require.Equal(t, refusal.Status.String(), again.Status.String())
		require.Len(t, p.operations(), 4)
	})
}

func TestARefusalOfFinalUndoesAll(t *testing.T) {
	t.Parallel()
	p, gid := newPlace(t), newGID("wf")
	p.set("do final", kerrors.BadRequest("PRICE_CHANGED", "now 12.00"))
	require.True(t, saga.IsRefusal(p.c.Run(t.Context(), p.workflow(gid))))
	require.Equal(t, []string{"do stock", "do points", "do final", "undo points", "undo stock"}, p.operations())
}

func TestWhatDecidesNothingIsFinishedByTheCallBack(t *testing.T) {
	t.Parallel()
	t.Run("a step without an answer", func(t *testing.T) {
		t.Parallel()
		p, gid := newPlace(t), newGID("wf")
		p.set("do points", kerrors.ServiceUnavailable("UNAVAILABLE", "down"))
		require.ErrorIs(t, p.c.Run(t.Context(), p.workflow(gid)), saga.ErrUnknown)
		require.Equal(t, []string{"do stock", "do points"}, p.operations(), "nothing is undone: it may have happened")
		p.set("do points", nil)
		began := time.Now()
		eventually(t, 30*time.Second, "final within 30 s", func() bool { return statusOf(t, p.c, gid) == saga.Succeeded })
		t.Logf("committed after %v", time.Since(began))
		require.True(t, p.final)
	})
	t.Run("an undo that failed", func(t *testing.T) {
		t.Parallel()
		p, gid := newPlace(t), newGID("wf")
		p.set("do points", kerrors.Conflict("POINTS_INSUFFICIENT", "none"))
		p.set("undo stock", kerrors.Conflict("ODD", "an undo must not refuse"))
		err := p.c.Run(t.Context(), p.workflow(gid))
		require.ErrorIs(t, err, saga.ErrUnknown)
		require.False(t, saga.IsRefusal(err))
		p.set("do points", nil) // now it could be done, but it has been decided
		p.set("undo stock", nil)
		began := time.Now()
		eventually(t, 30*time.Second, "final within 30 s", func() bool { return statusOf(t, p.c, gid) == saga.Failed })
		t.Logf("rolled back after %v", time.Since(began))
		require.False(t, p.done["stock"] || p.done["points"] || p.final)
		require.Equal(t, "POINTS_INSUFFICIENT", kerrors.Reason(p.refused))
	})
	t.Run("a caller that went away", func(t *testing.T) {
		t.Parallel()
		p, gid := newPlace(t), newGID("wf")
		ctx, cancel := context.WithCancel(t.Context())
		w := p.workflow(gid)
		do := w.Steps[1].Do
		w.Steps[1].Do = func(ctx context.Context) error { cancel(); _ = do(ctx); return ctx.Err() }
		require.ErrorIs(t, p.c.Run(ctx, w), saga.ErrUnknown)
		eventually(t, 30*time.Second, "final within 30 s", func() bool { return statusOf(t, p.c, gid) == saga.Succeeded })
	})
}

func TestAnInitiatorThatDiedAfterPrepareIsTakenOver(t *testing.T) {
	t.Parallel()
	p, gid := newPlace(t), newGID("wf")
	s, err := p.c.Prepare(t.Context(), gid, p.workflow(gid).Resume)
	require.NoError(t, err)
	require.Equal(t, saga.Prepared, s)
	began := time.Now()
	require.NoError(t, syscall.Kill(p.dtm.PID(), syscall.SIGKILL))
	eventually(t, 30*time.Second, "final within 30 s", func() bool {
		s, err := p.c.Query(t.Context(), gid)
		return err == nil && s == saga.Succeeded
	})
	t.Logf("committed %v after both died", time.Since(began))
	require.Equal(t, 1, p.dtm.Restarts())
}

func TestACoordinatorKilledInTheMiddleChangesNothingForTheCaller(t *testing.T) {
	t.Parallel()
	p, gid := newPlace(t), newGID("wf")
	w := p.workflow(gid)
	do := w.Steps[1].Do
	w.Steps[1].Do = func(ctx context.Context) error {
		require.NoError(t, syscall.Kill(p.dtm.PID(), syscall.SIGKILL))
		return do(ctx)
	}
	require.NoError(t, p.c.Run(t.Context(), w))
	eventually(t, 30*time.Second, "final within 30 s", func() bool {
		s, err := p.c.Query(t.Context(), gid)
		return err == nil && s == saga.Succeeded
	})
	require.True(t, p.final)
}

func TestARunningWorkflowIsNotRunTwiceHere(t *testing.T) {
	t.Parallel()
	p, gid := newPlace(t), newGID("wf")
	entered, release := make(chan struct{}), make(chan struct{})
	w := p.workflow(gid)
	do := w.Steps[0].Do
	w.Steps[0].Do = func(ctx context.Context) error { close(entered); <-release; return do(ctx) }
	first := make(chan error, 1)
	go func() { first <- p.c.Run(t.Context(), w) }()
	<-entered
	err := p.c.Run(t.Context(), p.workflow(gid))
	require.ErrorIs(t, err, saga.ErrRunning)
	require.ErrorIs(t, err, saga.ErrUnknown)
	require.Never(t, func() bool { return len(p.operations()) > 0 }, 13*time.Second, time.Second, "the call back keeps off, too")
	close(release)
	require.NoError(t, <-first)
}

func TestTwoProcessesEndAWorkflowAlike(t *testing.T) {
	t.Parallel()
	short := kerrors.Conflict("POINTS_INSUFFICIENT", "none")
	for name, slow := range map[string]int{"one is slow before a step": 1, "one is slow before Final": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, gid := newPlace(t), newGID("wf")
			other := client(t, p.dtm.Addr())
			entered, release := make(chan struct{}), make(chan struct{})
			w := p.workflow(gid)
			wait := func(do func(context.Context) error) func(context.Context) error {
				return func(ctx context.Context) error { close(entered); <-release; return do(ctx) }
			}
			if slow == 1 {
				w.Steps[1].Do = wait(w.Steps[1].Do)
			} else {
				w.Final = wait(w.Final)
			}
			first := make(chan error, 1)
			go func() { first <- p.c.Run(t.Context(), w) }()
			<-entered
			p.set("do points", short)
			require.Same(t, short, other.Run(t.Context(), p.workflow(gid)))
			p.set("do points", nil)
			close(release)
			require.Equal(t, "POINTS_INSUFFICIENT", kerrors.Reason(<-first))
			require.False(t, p.final || p.done["stock"] || p.done["points"])
			require.Equal(t, saga.Failed, statusOf(t, p.c, gid))
		})
	}
	t.Run("the slow one meets a refusal after the other has committed", func(t *testing.T) {
		t.Parallel()
		p, gid := newPlace(t), newGID("wf")
		other := client(t, p.dtm.Addr())
		entered, release := make(chan struct{}), make(chan struct{})
		w := p.workflow(gid)
		w.Steps[1].Do = func(context.Context) error { close(entered); <-release; return short }
		first := make(chan error, 1)
		go func() { first <- p.c.Run(t.Context(), w) }()
		<-entered
		require.NoError(t, other.Run(t.Context(), p.workflow(gid)))
		close(release)
		require.NoError(t, <-first)
		require.True(t, p.final && p.done["stock"] && p.done["points"])
		require.Equal(t, saga.Succeeded, statusOf(t, p.c, gid))
	})
}

func TestAWorkflowOfOneProcessNeedsNoAbandon(t *testing.T) {
	t.Parallel()
	p, gid := newPlace(t), newGID("wf")
	w := p.workflow(gid)
	w.Abandon, w.Decided = nil, nil
	p.set("do stock", kerrors.Conflict("STOCK_INSUFFICIENT", "none"))
	require.Equal(t, "STOCK_INSUFFICIENT", kerrors.Reason(p.c.Run(t.Context(), w)))
	require.Equal(t, []string{"do stock", "undo stock"}, p.operations(), "what was not reached is not undone")
}

func TestWhatIsARefusal(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]bool{400: true, 401: false, 403: true, 404: true, 408: false, 409: true, 422: true, 429: false, 499: false, 500: false, 503: false, 504: false} {
		require.Equal(t, want, saga.IsRefusal(kerrors.New(code, "REASON", "text")), "%d", code)
	}
	require.False(t, saga.IsRefusal(nil))
	require.False(t, saga.IsRefusal(errors.New("anything")))
	require.False(t, saga.IsRefusal(context.DeadlineExceeded))
}
