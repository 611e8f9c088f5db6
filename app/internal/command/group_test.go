package command_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"time"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/onepool/onepool/app/internal/barrier"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/entsample"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/testkit"
)

// counter is the work of a group: one locked shelf, and what its members take from it.
type counter struct{ left, taken int64 }

func (c *counter) Mark() func() { was := *c; return func() { *c = was } }

// want is what a member needs: nothing but its weight.
type want struct{ weight int }

// till is a shop whose sales share transactions.
type till struct {
	*shop
	group *command.Group[*counter, want]
	// gate, when set, holds the writer before it opens its work; opened counts transactions.
	gate   chan struct{}
	mu     sync.Mutex
	sizes  []int
	broken func(needs int) error // fails the write of a transaction
}

func newTill(s *shop) *till {
	tl := &till{shop: s}
	tl.group = command.NewGroup(command.GroupConfig[*counter, want]{
		DB: s.db,
		Open: func(ctx context.Context, needs []want) (*counter, error) {
			if tl.gate != nil {
				<-tl.gate
			}
			tl.mu.Lock()
			tl.sizes = append(tl.sizes, len(needs))
			size := len(needs)
			tl.mu.Unlock()
			if tl.broken != nil {
				if err := tl.broken(size); err != nil {
					return nil, err
				}
			}
			c := &counter{}
			return c, s.db.Conn(ctx).QueryRowContext(ctx, "SELECT on_hand FROM shelves WHERE id = 'shf'"+s.db.ForUpdate()).Scan(&c.left)
		},
		Write: func(ctx context.Context, c *counter) error {
			_, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE shelves SET on_hand = on_hand - ? WHERE id = 'shf'", c.taken)
			return err
		},
		Weight: func(w want) int { return w.weight },
	})
	return tl
}

func tills(t *testing.T, rule func(t *testing.T, tl *till)) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		rule(t, newTill(newShop(t, open(entsample.Migrations()), 10)))
	})
}

var errSoldOut = kratos.Conflict("STOCK_INSUFFICIENT", "none left")

// sale takes n pieces, and then does more.
func (tl *till) sale(req command.Request, n int64, more func(c *counter) error) command.Grouped[*counter, want, int, answer] {
	return command.Grouped[*counter, want, int, answer]{Method: "/test/Sell", Request: req,
		Facts: func(_ context.Context, round int) (int, error) { return round, nil },
		Need:  func(int) want { return want{1} },
		Decide: func(c *counter, _ int) (answer, error) {
			c.taken += n // before the check, so that a refusal has something to undo
			if more != nil {
				if err := more(c); err != nil {
					return nil, err
				}
			}
			if c.taken > c.left {
				return nil, errSoldOut
			}
			return wrapperspb.String(fmt.Sprintf("left %d", c.left-c.taken)), nil
		}}
}

// together queues calls behind a writer that is held, so that they share the next transaction, and waits for all.
func (tl *till) together(calls ...func()) {
	tl.gate = make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		_, _ = tl.sale(ask(fmt.Sprintf("front %d", len(tl.sizes)), "x"), 0, nil).Run(tl.as(seller), tl.group)
	})
	tl.await(0)
	for i, call := range calls {
		all.Go(call)
		tl.await(i + 1)
	}
	close(tl.gate)
	all.Wait()
}

// await waits until n members are in the queue behind the one that runs.
func (tl *till) await(n int) {
	tl.t.Helper()
	require.Eventually(tl.t, func() bool { return tl.group.Waiting() == n && tl.group.Busy() }, 10*time.Second, 100*time.Microsecond)
}

func (tl *till) last() int {
	tl.mu.Lock()
	defer tl.mu.Unlock()
	return tl.sizes[len(tl.sizes)-1]
}

func TestMembersOfAGroupDecideInTheirOrderAndSeeEachOther(t *testing.T) {
	tills(t, func(t *testing.T, tl *till) {
		said := make([]string, 12)
		var calls []func()
		for i := range said {
			calls = append(calls, func() {
				a, err := tl.sale(ask(fmt.Sprintf("r%d", i), "x"), 1, nil).Run(tl.as(seller), tl.group)
				said[i] = a.GetValue() + kratos.Reason(err)
			})
		}
		tl.together(calls...)
		require.Equal(t, 12, tl.last(), "one transaction")
		for i, s := range said[:10] {
			require.Equal(t, fmt.Sprintf("left %d", 9-i), s)
		}
		require.Equal(t, []string{"STOCK_INSUFFICIENT", "STOCK_INSUFFICIENT"}, said[10:])
		require.Zero(t, tl.onHand(), "a refusal has left nothing")
		// Each is asked again, in another group, and by a command that runs alone: the same answer, no effect.
		second := newTill(tl.shop)
		for i, s := range said {
			a, err := second.sale(ask(fmt.Sprintf("r%d", i), "x"), 1, nil).Run(tl.as(seller), second.group)
			require.Equal(t, s, a.GetValue()+kratos.Reason(err))
			a, err = tl.sell(ask(fmt.Sprintf("r%d", i), "x"), nil).Run(tl.as(seller), tl.db)
			require.Equal(t, s, a.GetValue()+kratos.Reason(err))
		}
		require.Zero(t, tl.onHand())
	})
}

func TestOneRequestIDTwiceInOneGroup(t *testing.T) {
	tills(t, func(t *testing.T, tl *till) {
		said := make([]string, 4)
		call := func(i int, as, body string) func() {
			return func() {
				p := seller
				p.ID = as
				a, err := tl.sale(ask("r1", body), 1, nil).Run(tl.as(p), tl.group)
				said[i] = a.GetValue() + kratos.Reason(err)
			}
		}
		tl.together(call(0, "ann", "x"), call(1, "ann", "x"), call(2, "ann", "y"), call(3, "bob", "x"))
		require.Equal(t, []string{"left 9", "left 9", fault.ReasonRequestIDReused, "left 8"}, said)
		require.EqualValues(t, 8, tl.onHand())
	})
}

func TestWhatFailsInAGroupHarmsNobodyElse(t *testing.T) {
	tills(t, func(t *testing.T, tl *till) {
		said := make([]string, 5)
		call := func(i int, more func(*counter) error) func() {
			return func() {
				defer func() {
					if v := recover(); v != nil {
						said[i] = fmt.Sprint("panic ", v)
					}
				}()
				a, err := tl.sale(ask(fmt.Sprintf("r%d", i), "x"), 1, more).Run(tl.as(seller), tl.group)
				said[i] = a.GetValue()
				if err != nil {
					said[i] = err.Error()
				}
			}
		}
		broken := errors.New("broken")
		tl.together(call(0, nil), call(1, func(*counter) error { return broken }), call(2, func(*counter) error { panic("oh") }),
			call(3, func(*counter) error { return fault.Unavailable() }), call(4, nil))
		require.Equal(t, "left 9", said[0])
		require.Contains(t, said[1], fault.ReasonInternal)
		require.Equal(t, "panic oh", said[2])
		require.Contains(t, said[3], fault.ReasonUnavailable)
		require.Equal(t, "left 8", said[4])
		tl.gate = nil
		for i := 1; i <= 3; i++ { // what says nothing about the decision was not recorded
			_, err := tl.sale(ask(fmt.Sprintf("r%d", i), "x"), 1, nil).Run(tl.as(seller), tl.group)
			require.NoError(t, err)
		}
		require.EqualValues(t, 5, tl.onHand())
	})
}

func TestAGroupThatFailsAsAWholeIsTriedOneByOne(t *testing.T) {
	tills(t, func(t *testing.T, tl *till) {
		poison := errors.New("poison")
		tl.broken = func(needs int) error {
			if needs > 1 {
				return poison
			}
			return nil
		}
		errs := make([]error, 5)
		var calls []func()
		for i := range errs {
			calls = append(calls, func() { _, errs[i] = tl.sale(ask(fmt.Sprintf("r%d", i), "x"), 1, nil).Run(tl.as(seller), tl.group) })
		}
		tl.together(calls...)
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.EqualValues(t, 5, tl.onHand())
	})
}

// Two groups on one database: whoever is second finds the first's row, whatever both thought when they looked.
func TestTwoGroupsGiveOneRequestIDOneAnswer(t *testing.T) {
	tills(t, func(t *testing.T, tl *till) {
		groups := []*till{tl, newTill(tl.shop)}
		for round := range 20 {
			said := make([]string, 8)
			var all sync.WaitGroup
			for i := range said {
				all.Go(func() {
					a, err := groups[i%2].sale(ask(fmt.Sprintf("round%d-%d", round, i/4), "x"), 1, nil).Run(tl.as(seller), groups[i%2].group)
					said[i] = a.GetValue() + kratos.Reason(err)
				})
			}
			all.Wait()
			for i, s := range said {
				require.Equal(t, said[i/4*4], s)
			}
		}
		require.Zero(t, tl.onHand())
	})
}

func TestACallerThatGoesAwayTakesItsCommandBack(t *testing.T) {
	tills(t, func(t *testing.T, tl *till) {
		ctx, cancel := context.WithCancel(tl.as(seller))
		var gone error
		tl.together(func() {
			_, gone = tl.sale(ask("r1", "x"), 1, nil).Run(ctx, tl.group)
		}, func() {
			cancel()
			_, err := tl.sale(ask("r2", "x"), 1, nil).Run(tl.as(seller), tl.group)
			require.NoError(t, err)
		})
		require.ErrorIs(t, gone, context.Canceled)
		require.EqualValues(t, 9, tl.onHand())
		tl.gate = nil
		_, err := tl.sale(ask("r1", "x"), 1, nil).Run(tl.as(seller), tl.group)
		require.NoError(t, err)
		require.EqualValues(t, 8, tl.onHand())
	})
}

func TestAFullQueueRefusesAndAClosedOneToo(t *testing.T) {
	tl := newTill(newShop(t, testkit.SQLite(t, entsample.Migrations()), 10))
	tl.gate = make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { _, _ = tl.sale(ask("front", "x"), 0, nil).Run(tl.as(seller), tl.group) })
	tl.await(0)
	for i := range command.MaxWaiting {
		all.Go(func() {
			_, _ = tl.sale(ask(fmt.Sprintf("r%d", i), "x"), 0, nil).Run(tl.as(seller), tl.group)
		})
	}
	tl.await(command.MaxWaiting)
	_, err := tl.sale(ask("one more", "x"), 1, nil).Run(tl.as(seller), tl.group)
	require.Equal(t, fault.ReasonRateLimited, kratos.Reason(err))
	require.Equal(t, 1, tl.group.Refused())

	closed := make(chan error)
	go func() { closed <- tl.group.Close(t.Context()) }()
	require.Eventually(t, func() bool {
		_, err := tl.sale(ask("late", "x"), 1, nil).Run(tl.as(seller), tl.group)
		return kratos.Reason(err) == fault.ReasonUnavailable
	}, 10*time.Second, time.Millisecond)
	close(tl.gate)
	require.NoError(t, <-closed)
	all.Wait() // all that were in the queue have been answered
	require.EqualValues(t, 10, tl.onHand())
	require.LessOrEqual(t, tl.sizes[1], command.MaxMembers)
	_, err = tl.sale(ask("r1", "x"), 0, nil).Run(tl.as(seller), newTill(tl.shop).group)
	require.NoError(t, err)
}

func TestABarrierHoldsWithinAGroup(t *testing.T) {
	tills(t, func(t *testing.T, tl *till) {
		const gid = "tt-00000000000000000000000001-01"
		step := func(i int, id string, s barrier.Step, n int64, said []string) func() {
			return func() {
				c := tl.sale(ask(id, "x"), n, nil)
				c.Step = &s
				c.Repeated = func(*counter) (answer, error) { return wrapperspb.String("before"), nil }
				a, err := c.Run(tl.as(seller), tl.group)
				said[i] = a.GetValue() + kratos.Reason(err)
			}
		}
		action, undo := barrier.Action(gid, "hold"), barrier.Undoing(gid, "hold")
		said := make([]string, 5)
		tl.together(step(0, "r0", action, 100, said), // refused: leaves no step
			step(1, "r1", action, 3, said), step(2, "r2", action, 3, said), step(3, "r3", undo, -3, said), step(4, "r4", undo, -3, said))
		require.Equal(t, []string{"STOCK_INSUFFICIENT", "left 7", "before", "left 10", "before"}, said)
		require.EqualValues(t, 10, tl.onHand())
		tl.gate = nil
		late := make([]string, 1)
		step(0, "r5", action, 3, late)()
		require.Equal(t, "LATE_TRY", late[0], "also in a later transaction")

		const never = "tt-00000000000000000000000002-01"
		said = make([]string, 2)
		tl.together(step(0, "r6", barrier.Undoing(never, "hold"), -3, said), step(1, "r7", barrier.Action(never, "hold"), 3, said))
		require.Equal(t, []string{"before", "LATE_TRY"}, said, "the undo of what never was leaves a tombstone")
		require.EqualValues(t, 10, tl.onHand())
	})
}

// elsewhere asks for another round.
type elsewhere struct{}

func (elsewhere) Error() string { return "elsewhere" }
func (elsewhere) Again() bool   { return true }

func TestFactsThatAreNotEnoughAreAskedAgainAFewTimes(t *testing.T) {
	tills(t, func(t *testing.T, tl *till) {
		rounds := 0
		c := tl.sale(ask("r1", "x"), 1, func(*counter) error {
			if rounds++; rounds < 3 {
				return elsewhere{}
			}
			return nil
		})
		a, err := c.Run(tl.as(seller), tl.group)
		require.NoError(t, err)
		require.Equal(t, "left 9", a.GetValue(), "what the rounds before did is undone")
		c = tl.sale(ask("r2", "x"), 1, func(*counter) error { return elsewhere{} })
		c.Last = func(ctx context.Context) (answer, error) { return tl.sell(ask("r2", "x"), nil).Run(ctx, tl.db) }
		_, err = c.Run(tl.as(seller), tl.group)
		require.NoError(t, err)
		require.EqualValues(t, 8, tl.onHand())
		c.Facts = func(context.Context, int) (int, error) { return 0, errors.New("nobody knows now") }
		_, err = c.Run(tl.as(seller), tl.group)
		require.NoError(t, err, "a repeat needs no facts")
		c.Request = ask("r3", "x")
		_, err = c.Run(tl.as(seller), tl.group)
		require.Error(t, err)
		require.EqualValues(t, 8, tl.onHand())
	})
}
