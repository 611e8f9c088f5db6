package service

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/clock"
	"github.com/onepool/onepool/app/internal/sequence"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/inventory/internal/data"
	"github.com/onepool/onepool/app/inventory/internal/data/migrations"
)

var webhookKey = []byte("key of webhooks in tests 01234567")

// feedRig is a replica with its feed.
type feedRig struct {
	*rig
	*StockFeed
}

func newFeedRig(r *rig) *feedRig {
	return &feedRig{r, NewFeed(r.db, r.store, r.Inventory, FeedConfig{Key: webhookKey, Loopback: true, Hit: func(string) {}})}
}

// replicas runs a suite on each engine, with two replicas on one database.
func replicas(t *testing.T, suite func(t *testing.T, a, b *feedRig)) {
	for _, engine := range testkit.AllEngines {
		t.Run(engine, func(t *testing.T) {
			config := testkit.Config(t, engine)
			hands := clock.NewManual(time.Now().UnixMicro())
			config.Clock = hands
			a := newFeedRig(newRig(testkit.Migrated(t, config, migrations.Files)))
			b := newFeedRig(newRig(testkit.Open(t, config)))
			a.clock, b.clock = hands, hands
			suite(t, a, b)
		})
	}
}

func account(ctx context.Context, org, channel string) context.Context {
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: tenancy.Channel, ID: "acc-" + org + "-" + channel, Org: org, Channel: channel}.WithScope())
}

// number gives all commits so far their positions.
func (r *rig) number(t testing.TB) {
	t.Helper()
	for {
		n, err := sequence.Assign(t.Context(), r.db, data.ChangeFeed())
		require.NoError(t, err)
		if n == 0 {
			return
		}
	}
}

// now is the cursor of a follower that begins now.
func (r *feedRig) now(t testing.TB, ctx context.Context) string {
	t.Helper()
	r.number(t)
	got, err := r.ListStockChanges(ctx, &inventoryv1.ListStockChangesRequest{})
	require.NoError(t, err)
	require.Empty(t, got.Changes)
	require.NotEmpty(t, got.NextCursor)
	return got.NextCursor
}

// onShelves is what the rows say that may be promised of a SKU.
func (r *rig) onShelves(t testing.TB, sku string) (online int64) {
	t.Helper()
	got, err := r.ListStock(hq(t.Context()), &inventoryv1.ListStockRequest{Sku: sku, PageSize: 200})
	require.NoError(t, err)
	for _, row := range got.Stock {
		online += row.Online
	}
	return online
}

func (r *rig) total(t testing.TB, ctx context.Context, sku string) int64 {
	t.Helper()
	_, err := r.store.PoolNow(ctx)
	require.NoError(t, err)
	got, err := r.GetAvailability(ctx, &inventoryv1.GetAvailabilityRequest{Skus: []string{sku}})
	require.NoError(t, err)
	return got.Items[0].Online
}

func TestAFollowerMissesNothingUnderManyWriters(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *feedRig) {
		a.city(t)
		tmall := account(t.Context(), "HQ", "tmall")
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		cursor := a.now(t, tmall)
		const writers, each, skus = 6, 12, 5
		var writing sync.WaitGroup
		for w := range writers {
			chance := rand.New(rand.NewPCG(seed, uint64(w)))
			at := []*feedRig{a, b}[w%2]
			writing.Go(func() {
				for range each {
					_, err := at.ReceiveStock(hq(t.Context(), "operator"), &inventoryv1.ReceiveStockRequest{RequestId: requestID(), Document: "d", Lines: []*inventoryv1.StockLine{
						{Location: []string{"S-01", "F-01"}[chance.IntN(2)], Sku: fmt.Sprintf("SKU-%d", chance.IntN(skus)), Quantity: 1 + chance.Int64N(5)}}})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		written := make(chan struct{})
		go func() { writing.Wait(); close(written) }()
		told := map[string]int64{}
		for done, rest := false, false; !rest; {
			select {
			case <-written:
				done = true
			default:
			}
			a.number(t)
			from := []*feedRig{a, b}[rand.IntN(2)]
			got, err := from.ListStockChanges(tmall, &inventoryv1.ListStockChangesRequest{Cursor: cursor, Limit: 2})
			require.NoError(t, err)
			require.LessOrEqual(t, len(got.Changes), 2)
			seen := map[string]bool{}
			for _, c := range got.Changes {
				require.Empty(t, c.Location)
				require.False(t, seen[c.Sku], "each once")
				told[c.Sku], seen[c.Sku] = c.Online, true
			}
			// The answer was lost: the same cursor tells at least the same again.
			again, err := from.ListStockChanges(tmall, &inventoryv1.ListStockChangesRequest{Cursor: cursor, Limit: 2})
			require.NoError(t, err)
			for i, c := range got.Changes {
				require.Equal(t, c.Sku, again.Changes[i].Sku)
				require.GreaterOrEqual(t, again.Changes[i].Online, c.Online, "stock only comes in here")
			}
			cursor, rest = got.NextCursor, done && len(got.Changes) == 0 && got.Behind == 0
		}
		for i := range skus {
			sku := fmt.Sprintf("SKU-%d", i)
			require.Equal(t, a.onShelves(t, sku), told[sku], sku)
		}
	})
}

func TestEachFollowerIsToldWhatItMaySee(t *testing.T) {
	replicas(t, func(t *testing.T, a, _ *feedRig) {
		a.city(t)
		tmall, franchise, boss := account(t.Context(), "HQ", "tmall"), franchisee(t.Context(), "FR1", "manager"), hq(t.Context(), "operator")
		a.number(t)
		read := func(ctx context.Context, in *inventoryv1.ListStockChangesRequest) []string {
			in.Begin = inventoryv1.FeedBegin_BEGIN_OLDEST
			got, err := a.ListStockChanges(ctx, in)
			require.NoError(t, err)
			var all []string
			for _, c := range got.Changes {
				text := fmt.Sprintf("%s %s %d", c.Sku, c.Location, c.Online)
				if c.AtTheTill != nil {
					text += fmt.Sprintf("/%d", *c.AtTheTill)
				}
				all = append(all, text)
			}
			return all
		}
		a.stock(t, "S-01", "LJ", 7)
		a.stock(t, "F-01", "LJ", 9)
		a.stock(t, "F-01", "TG", 2)
		_, err := a.AdjustStock(boss, &inventoryv1.AdjustStockRequest{RequestId: requestID(), Document: "d", Reason: "r", Location: "F-01", Sku: "LJ", Delta: -1, SafetyStock: new(int64(3))})
		require.NoError(t, err)
		a.number(t)
		require.Equal(t, []string{"LJ  12", "TG  2"}, read(tmall, &inventoryv1.ListStockChangesRequest{}), "totals only")
		require.Equal(t, []string{"LJ F-01 5/8", "TG F-01 2/2"}, read(franchise, &inventoryv1.ListStockChangesRequest{}), "its own location only")
		require.Empty(t, read(franchisee(t.Context(), "FR2", "manager"), &inventoryv1.ListStockChangesRequest{}))
		require.Empty(t, read(franchise, &inventoryv1.ListStockChangesRequest{Locations: []string{"S-01"}}), "another's location is not there")
		require.Equal(t, []string{"LJ S-01 7/7", "LJ F-01 5/8", "TG F-01 2/2"}, read(boss, &inventoryv1.ListStockChangesRequest{}))
		require.Equal(t, []string{"TG F-01 2/2"}, read(boss, &inventoryv1.ListStockChangesRequest{Skus: []string{"TG"}}))
		require.Equal(t, []string{"LJ S-01 7/7"}, read(order(t.Context()), &inventoryv1.ListStockChangesRequest{Locations: []string{"S-01"}}))
		for name, refused := range map[string]func() (*inventoryv1.ListStockChangesResponse, error){
			"a member": func() (*inventoryv1.ListStockChangesResponse, error) {
				return a.ListStockChanges(member(t.Context()), &inventoryv1.ListStockChangesRequest{})
			},
			"another channel": func() (*inventoryv1.ListStockChangesResponse, error) {
				return a.ListStockChanges(tmall, &inventoryv1.ListStockChangesRequest{Channel: "jd"})
			},
			"a channel that asks for shelves": func() (*inventoryv1.ListStockChangesResponse, error) {
				return a.ListStockChanges(tmall, &inventoryv1.ListStockChangesRequest{Locations: []string{"S-01"}})
			},
		} {
			_, err := refused()
			require.Equal(t, "FORBIDDEN", reasonOf(err), name)
		}
	})
}

func TestACommitLargerThanAnAnswerComesInPieces(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *feedRig) {
		a.city(t)
		tmall := account(t.Context(), "HQ", "tmall")
		cursor := a.now(t, tmall)
		in := &inventoryv1.ReceiveStockRequest{RequestId: requestID(), Document: "d"}
		for i := range 7 {
			in.Lines = append(in.Lines, &inventoryv1.StockLine{Location: "S-01", Sku: fmt.Sprintf("SKU-%d", i), Quantity: int64(i + 1)})
		}
		_, err := a.ReceiveStock(hq(t.Context(), "operator"), in)
		require.NoError(t, err)
		a.stock(t, "S-02", "SKU-0", 10)
		a.number(t)
		var told []string
		for _, behind := range []int64{2, 2, 2, 0} {
			got, err := b.ListStockChanges(tmall, &inventoryv1.ListStockChangesRequest{Cursor: cursor, Limit: 2})
			require.NoError(t, err)
			require.Equal(t, behind, got.Behind)
			for _, c := range got.Changes {
				told = append(told, fmt.Sprintf("%s %d", c.Sku, c.Online))
			}
			require.Len(t, got.Changes, 2)
			cursor = got.NextCursor
		}
		require.Equal(t, []string{"SKU-0 11", "SKU-1 2", "SKU-2 3", "SKU-3 4", "SKU-4 5", "SKU-5 6", "SKU-6 7", "SKU-0 11"}, told)
	})
}

func TestACursorIsOfOneQueryOnly(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *feedRig) {
		a.city(t)
		a.stock(t, "S-01", "LJ", 1)
		tmall := account(t.Context(), "HQ", "tmall")
		cursor := a.now(t, tmall)
		ask := func(ctx context.Context, in *inventoryv1.ListStockChangesRequest) string {
			if in.Cursor == "" {
				in.Cursor = cursor
			}
			_, err := b.ListStockChanges(ctx, in)
			return reasonOf(err)
		}
		require.Empty(t, ask(tmall, &inventoryv1.ListStockChangesRequest{}), "another replica takes it")
		require.Empty(t, ask(tmall, &inventoryv1.ListStockChangesRequest{Channel: "tmall", Limit: 7, WaitMs: 1}))
		for i := range cursor {
			altered := []byte(cursor)
			if altered[i]++; altered[i] == '{' || altered[i] == '[' || altered[i] == ':' {
				altered[i] = 'A'
			}
			require.Equal(t, "CURSOR_INVALID", ask(tmall, &inventoryv1.ListStockChangesRequest{Cursor: string(altered)}), "%d", i)
		}
		require.Equal(t, "CURSOR_INVALID", ask(tmall, &inventoryv1.ListStockChangesRequest{Cursor: "x"}))
		require.Equal(t, "CURSOR_INVALID", ask(tmall, &inventoryv1.ListStockChangesRequest{Skus: []string{"LJ"}}))
		require.Equal(t, "CURSOR_INVALID", ask(account(t.Context(), "HQ", "jd"), &inventoryv1.ListStockChangesRequest{}))
		require.Equal(t, "CURSOR_INVALID", ask(account(t.Context(), "FR1", "tmall"), &inventoryv1.ListStockChangesRequest{}))
		require.Equal(t, "CURSOR_INVALID", ask(hq(t.Context(), "operator"), &inventoryv1.ListStockChangesRequest{Channel: "tmall"}))
		require.Equal(t, "VALIDATOR", ask(tmall, &inventoryv1.ListStockChangesRequest{Begin: inventoryv1.FeedBegin_BEGIN_NOW}))
	})
}

func TestACursorThatIsTooOldBeginsAnew(t *testing.T) {
	replicas(t, func(t *testing.T, a, _ *feedRig) {
		a.city(t)
		tmall := account(t.Context(), "HQ", "tmall")
		begin := a.now(t, tmall)
		a.stock(t, "S-01", "LJ", 1)
		after1 := a.now(t, tmall)
		a.stock(t, "S-01", "LJ", 1)
		a.number(t)
		a.clock.Advance(data.ChangesKept + time.Hour)
		a.stock(t, "S-01", "LJ", 1)
		a.number(t)
		require.NoError(t, a.rig.store.PurgeChanges(tenancy.WithService(t.Context(), "inventory")))
		for _, cursor := range []string{begin, after1} {
			_, err := a.ListStockChanges(tmall, &inventoryv1.ListStockChangesRequest{Cursor: cursor})
			require.Equal(t, "FEED_EXPIRED", reasonOf(err))
		}
		got, err := a.ListStockChanges(tmall, &inventoryv1.ListStockChangesRequest{Begin: inventoryv1.FeedBegin_BEGIN_OLDEST})
		require.NoError(t, err)
		require.Len(t, got.Changes, 1)
		require.EqualValues(t, 3, got.Position)
		// A log that was put back to an earlier state knows nothing of later cursors.
		require.NoError(t, a.rig.db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := a.rig.db.Conn(ctx).ExecContext(ctx, "DELETE FROM stock_changes")
			return err
		}))
		_, err = a.ListStockChanges(tmall, &inventoryv1.ListStockChangesRequest{Cursor: got.NextCursor})
		require.Equal(t, "FEED_EXPIRED", reasonOf(err))
	})
}

func TestALongPollWakesForACommitOfAnotherReplica(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *feedRig) {
		a.city(t)
		tmall := account(t.Context(), "HQ", "tmall")
		cursor := a.now(t, tmall)
		ctx, stop := context.WithCancel(t.Context())
		var numbering sync.WaitGroup
		defer numbering.Wait()
		defer stop()
		numbering.Go(func() { b.rig.store.Sequence(ctx, func(_ context.Context, err error) { t.Error(err) }) })
		best := time.Hour
		for round := range int64(3) {
			type answer struct {
				got *inventoryv1.ListStockChangesResponse
				err error
				at  time.Time
			}
			answered := make(chan answer, 1)
			go func() {
				got, err := a.ListStockChanges(tmall, &inventoryv1.ListStockChangesRequest{Cursor: cursor, WaitMs: 25_000})
				answered <- answer{got, err, time.Now()}
			}()
			require.Eventually(t, func() bool { return len(a.waiters) == 1 }, 10*time.Second, time.Millisecond, "it waits")
			b.stock(t, "S-01", "LJ", 4)
			committed := time.Now()
			got := <-answered
			require.NoError(t, got.err)
			require.Len(t, got.got.Changes, 1)
			require.Equal(t, 4*(round+1), got.got.Changes[0].Online)
			cursor, best = got.got.NextCursor, min(best, got.at.Sub(committed))
		}
		require.Less(t, best, time.Second, "seen on another replica within a second")
	})
}

func TestALongPollEndsBeforeTheRequestDoes(t *testing.T) {
	r := newFeedRig(newRig(testkit.SQLite(t, migrations.Files)))
	tmall := account(t.Context(), "HQ", "tmall")
	cursor := r.now(t, tmall)
	ctx, cancel := context.WithTimeout(tmall, answerRoom+200*time.Millisecond)
	defer cancel()
	got, err := r.ListStockChanges(ctx, &inventoryv1.ListStockChangesRequest{Cursor: cursor, WaitMs: 25_000})
	require.NoError(t, err)
	require.NoError(t, ctx.Err())
	require.Empty(t, got.Changes)
	require.NotEmpty(t, got.NextCursor)
	require.Empty(t, r.waiters, "its place is free again")
}

func TestMoreWaitersThanPlacesAreAnsweredAtOnce(t *testing.T) {
	r := newFeedRig(newRig(testkit.SQLite(t, migrations.Files)))
	hits := 0
	r.config.Hit = func(string) { hits++ }
	tmall := account(t.Context(), "HQ", "tmall")
	cursor := r.now(t, tmall)
	for range waitersMost {
		r.waiters <- struct{}{}
	}
	got, err := r.ListStockChanges(tmall, &inventoryv1.ListStockChangesRequest{Cursor: cursor, WaitMs: 25_000})
	require.NoError(t, err)
	require.Empty(t, got.Changes)
	require.Equal(t, 1, hits)
}

func TestALocationThatClosesIsTold(t *testing.T) {
	replicas(t, func(t *testing.T, a, _ *feedRig) {
		a.city(t)
		tmall := account(t.Context(), "HQ", "tmall")
		a.stock(t, "S-01", "LJ", 5)
		cursor := a.now(t, tmall)
		same := location("S-01", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2310, 121.4740)
		same.Version = 2
		a.rig.put(t, same)
		a.number(t)
		got, err := a.ListStockChanges(tmall, &inventoryv1.ListStockChangesRequest{Cursor: cursor})
		require.NoError(t, err)
		require.False(t, got.Reset_, "nothing that matters has changed")
		closed := location("S-01", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2310, 121.4740)
		closed.Version, closed.Active = 3, false
		a.rig.put(t, closed)
		a.number(t)
		got, err = a.ListStockChanges(tmall, &inventoryv1.ListStockChangesRequest{Cursor: got.NextCursor})
		require.NoError(t, err)
		require.True(t, got.Reset_)
		require.Zero(t, a.total(t, tmall, "LJ"))
	})
}
