package outbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/testkit"
)

// coordinator remembers what it was given, and fails as told.
type coordinator struct {
	mu   sync.Mutex
	got  map[string][]Call
	seen []string // payload of the first call, in order
	n    int
	fail func(gid string, calls []Call, n int) error
}

func (c *coordinator) SubmitMessage(_ context.Context, gid string, calls []Call) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	if c.fail != nil {
		if err := c.fail(gid, calls, c.n); err != nil {
			return err
		}
	}
	if c.got == nil {
		c.got = map[string][]Call{}
	}
	c.got[gid] = calls
	c.seen = append(c.seen, string(calls[0].Payload))
	return nil
}

func emit(ctx context.Context, key string, bodies ...string) error {
	var calls []Call
	for _, b := range bodies {
		calls = append(calls, Call{Center: "inventory", Method: "/x/Confirm", Payload: []byte(b)})
	}
	return Emit(ctx, Message{Kind: "pd", Key: key, Calls: calls})
}

func unsent(t *testing.T, db *database.DB) (n int) {
	require.NoError(t, db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM outbox WHERE done_us = 0").Scan(&n))
	return n
}

func engines(t *testing.T, rule func(t *testing.T, db *database.DB)) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) { rule(t, open(nil)) })
}

func fatal(t *testing.T) func(context.Context, error) {
	return func(_ context.Context, err error) { t.Error(err) }
}

// Messages that were tried before come back in another order than they were written in.
func TestMessagesOfAKeyLeaveInTheOrderOfTheirIDs(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		for _, body := range []string{"1", "2", "3"} {
			require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error { return emit(ctx, "o1", body) }))
			time.Sleep(2 * time.Millisecond) // ids follow milliseconds
		}
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := db.Conn(ctx).ExecContext(ctx, "UPDATE outbox SET lease_until_us = 1000 WHERE id = (SELECT first FROM (SELECT MIN(id) AS first FROM outbox) AS o)")
			return err
		}))
		c := &coordinator{}
		_, err := NewRelay(db, c, fatal(t)).Once(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"1", "2", "3"}, c.seen)
	})
}

func TestAMessageIsThereWithItsCommitOnly(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		c := &coordinator{}
		r := NewRelay(db, c, fatal(t))
		require.Error(t, db.InTx(t.Context(), func(ctx context.Context) error {
			require.NoError(t, emit(ctx, "o1", "lost"))
			return errors.New("undone")
		}))
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			require.NoError(t, db.Savepoint(ctx, func(ctx context.Context) error { return emit(ctx, "o1", "a", "b") }))
			require.Error(t, db.Savepoint(ctx, func(ctx context.Context) error {
				require.NoError(t, emit(ctx, "o1", "lost"))
				return errors.New("undone")
			}))
			return nil
		}))
		n, err := r.Once(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Len(t, c.got, 1)
		for gid, calls := range c.got {
			require.True(t, ids.ValidGID(gid), gid)
			require.Equal(t, []Call{{"inventory", "/x/Confirm", []byte("a")}, {"inventory", "/x/Confirm", []byte("b")}}, calls)
		}
		n, err = r.Once(t.Context())
		require.NoError(t, err)
		require.Zero(t, n)
		require.Zero(t, unsent(t, db))
	})
}

func TestEmitNeedsATransactionAndAWellFormedMessage(t *testing.T) {
	require.ErrorIs(t, emit(t.Context(), "o", "x"), database.ErrNoTransaction)
	db := testkit.SQLite(t, nil)
	for _, m := range []Message{{Kind: "pd"}, {Kind: "toolong", Calls: []Call{{"a", "b", nil}}}, {Kind: "pd", Calls: []Call{{"", "b", nil}}}, {Kind: "pd", Calls: make([]Call, 51)}} {
		require.Error(t, db.InTx(t.Context(), func(ctx context.Context) error { return Emit(ctx, m) }))
	}
}

func TestAFailedMessageIsTriedAgainUnderTheSameGID(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		var gids []string
		c := &coordinator{fail: func(gid string, _ []Call, n int) error {
			gids = append(gids, gid)
			if n < 3 {
				return errors.New("coordinator is down")
			}
			return nil
		}}
		failures := 0
		r := NewRelay(db, c, func(context.Context, error) { failures++ })
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error { return emit(ctx, "o1", "x") }))
		require.Eventually(t, func() bool {
			_, err := r.Once(t.Context())
			require.NoError(t, err)
			return len(c.got) == 1
		}, 10*time.Second, 20*time.Millisecond)
		require.Equal(t, 2, failures)
		require.Len(t, gids, 3)
		require.Equal(t, gids[0], gids[2])
		require.Zero(t, unsent(t, db))
	})
}

func TestMessagesOfOneKeyKeepTheirOrderInABatch(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		c := &coordinator{fail: func(_ string, calls []Call, n int) error {
			if string(calls[0].Payload) == "a2" {
				return errors.New("no")
			}
			return nil
		}}
		r := NewRelay(db, c, func(context.Context, error) {})
		for _, b := range []string{"a1", "a2", "a3"} {
			require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error { return emit(ctx, "a", b) }))
			time.Sleep(2 * time.Millisecond) // ids order by millisecond
		}
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error { return emit(ctx, "b", "b1") }))
		_, err := r.Once(t.Context())
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"a1", "b1"}, c.seen, "a3 waits for a2")
		require.Equal(t, 2, unsent(t, db))
	})
}

func TestSeveralRelaysShareTheWork(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		const messages = 300
		for i := range messages / 10 {
			require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
				for j := range 10 {
					if err := emit(ctx, fmt.Sprint(i, j), "x"); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		c := &coordinator{}
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		defer stop()
		var all sync.WaitGroup
		for range 3 {
			r := NewRelay(db, c, fatal(t))
			all.Go(func() { r.Run(ctx) })
		}
		require.Eventually(t, func() bool { return unsent(t, db) == 0 }, 15*time.Second, 20*time.Millisecond)
		stop()
		all.Wait()
		require.Len(t, c.got, messages)
		require.Equal(t, messages, c.n, "a healthy relay submits each once")
	})
}

func TestACommitWakesTheRelay(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		wake := db.Signals(topic)
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			require.NoError(t, emit(ctx, "o", "x"))
			select {
			case <-wake:
				t.Error("woken before the commit")
			default:
			}
			return nil
		}))
		select {
		case <-wake:
		default:
			t.Error("not woken by the commit")
		}
	})
}

func TestALeaseThatEndedIsTakenOver(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error { return emit(ctx, "o", "x") }))
		dead := NewRelay(db, nil, fatal(t))
		batch, _, err := dead.lease(t.Context())
		require.NoError(t, err)
		require.Len(t, batch, 1)
		c := &coordinator{}
		r := NewRelay(db, c, fatal(t))
		n, err := r.Once(t.Context())
		require.NoError(t, err)
		require.Zero(t, n, "it is leased")
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := db.Conn(ctx).ExecContext(ctx, "UPDATE outbox SET lease_until_us = 1")
			return err
		}))
		_, err = r.Once(t.Context())
		require.NoError(t, err)
		require.Len(t, c.got, 1)
	})
}

func TestSubmittedMessagesArePurgedOthersNot(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error { return emit(ctx, "o", "x") }))
		r := NewRelay(db, &coordinator{}, fatal(t))
		_, err := r.Once(t.Context())
		require.NoError(t, err)
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error { return emit(ctx, "o", "y") }))
		time.Sleep(3 * time.Millisecond)
		n, err := Purge(t.Context(), db, time.Microsecond)
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
		require.Equal(t, 1, unsent(t, db))
	})
}

func TestCallsSurviveTheirEncoding(t *testing.T) {
	call, err := NewCall("order", "/a/B", wrapperspb.String("hello"))
	require.NoError(t, err)
	calls := []Call{call, {"member", "/c/D", nil}}
	body, err := encode(Message{Kind: "pd", Calls: calls})
	require.NoError(t, err)
	got, err := decode(body)
	require.NoError(t, err)
	require.Equal(t, calls[0], got[0])
	require.Equal(t, "member", got[1].Center)
	require.Empty(t, got[1].Payload)
	for i := range len(body) {
		if _, err := decode(body[:i]); err != nil {
			require.ErrorIs(t, err, errCorrupt)
		}
	}
}
