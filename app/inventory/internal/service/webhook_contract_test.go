package service

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/webhook"
	"github.com/onepool/onepool/app/internal/webhook/hooks"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// covers fails unless the messages that were taken leave no commit out between two positions.
func covers(t testing.TB, taken []message, from, to int64) {
	t.Helper()
	slices.SortStableFunc(taken, func(a, b message) int { return int(a.From - b.From) })
	for _, m := range taken {
		require.LessOrEqual(t, m.From, from, "commits after %d were left out", from)
		from = max(from, m.To)
	}
	require.Equal(t, to, from)
}

func TestAWebhookMissesNothingWhileItsReceiverFails(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *feedRig) {
		a.city(t)
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		var ill atomic.Bool
		ill.Store(true)
		to := newReceiver(t)
		var chances sync.Mutex
		chance := rand.New(rand.NewPCG(seed, 0))
		to.mood = func(w http.ResponseWriter, r *http.Request, m message) bool {
			chances.Lock()
			pick := chance.IntN(5)
			chances.Unlock()
			if !ill.Load() {
				return false
			}
			switch pick {
			case 0:
				w.WriteHeader(http.StatusInternalServerError)
			case 1: // it has crashed
				panic(http.ErrAbortHandler)
			case 2: // it hangs
				<-r.Context().Done()
			case 3: // it takes the message, but its answer is lost
				to.take(m)
				panic(http.ErrAbortHandler)
			default:
				return false
			}
			return true
		}
		hook := a.subscribe(t, to, "tmall")
		const writers, each, skus = 4, 10, 3
		var writing, delivering sync.WaitGroup
		for w := range writers {
			at := []*feedRig{a, b}[w%2]
			writing.Go(func() {
				for i := range each {
					_, err := at.ReceiveStock(hq(t.Context(), "operator"), &inventoryv1.ReceiveStockRequest{RequestId: requestID(), Document: "d",
						Lines: []*inventoryv1.StockLine{{Location: "S-01", Sku: fmt.Sprintf("SKU-%d", (w+i)%skus), Quantity: int64(1 + i)}}})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		stop := make(chan struct{})
		for _, at := range []*feedRig{a, b} {
			d, _ := at.deliverer(t)
			d.One.Receiver = impatient{d.One.Receiver}
			delivering.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						at.number(t)
						if _, err := d.Turn(t.Context()); err != nil {
							t.Error(err)
						}
						a.clock.Advance(16 * time.Minute) // past the longest pause
					}
				}
			})
		}
		writing.Wait()
		ill.Store(false)
		require.Eventually(t, func() bool {
			_, last, err := a.rig.store.ChangeEnds(t.Context())
			return err == nil && a.hook(t, hook.Id).Position == last && last == hook.Position+writers*each
		}, 60*time.Second, 10*time.Millisecond)
		close(stop)
		delivering.Wait()
		_, taken := to.messages()
		covers(t, taken, hook.Position, hook.Position+writers*each)
		for i := range skus {
			sku := fmt.Sprintf("SKU-%d", i)
			require.Equal(t, a.onShelves(t, sku), to.stock[sku], sku)
		}
		require.Zero(t, a.hook(t, hook.Id).Failures)
		require.Empty(t, a.hook(t, hook.Id).LastError)
	})
}

func TestManyChangesWithinTheWindowAreOneMessage(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *feedRig) {
		a.city(t)
		to := newReceiver(t)
		hook := a.subscribe(t, to, "tmall")
		d, _ := a.deliverer(t)
		a.stock(t, "S-01", "LJ", 1)
		a.number(t)
		require.Equal(t, 1, turn(t, d), "what comes after a quiet time is told at once")
		const writers, changes = 8, 1000
		var writing sync.WaitGroup
		for w := range writers {
			at := []*feedRig{a, b}[w%2]
			writing.Go(func() {
				for range changes / writers {
					_, err := at.ReceiveStock(hq(t.Context(), "operator"), &inventoryv1.ReceiveStockRequest{RequestId: requestID(), Document: "d",
						Lines: []*inventoryv1.StockLine{{Location: "S-01", Sku: "LJ", Quantity: 1}}})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		writing.Wait()
		a.number(t)
		require.Zero(t, turn(t, d), "the window is open")
		a.clock.Advance(time.Second - time.Millisecond)
		require.Zero(t, turn(t, d))
		a.clock.Advance(2 * time.Minute) // also past what a receiver may rest
		require.Equal(t, 1, turn(t, d))
		_, taken := to.messages()
		require.Len(t, taken, 2)
		require.Equal(t, []int64{hook.Position + 1, hook.Position + 1 + changes}, []int64{taken[1].From, taken[1].To})
		require.Len(t, taken[1].Changes, 1)
		require.EqualValues(t, 1001, taken[1].Changes[0].Online)
		require.Equal(t, "tmall", taken[1].Channel)
		a.clock.Advance(time.Hour)
		require.Zero(t, turn(t, d), "there is nothing to tell")
	})
}

func TestReplicasTellEachRangeOnce(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *feedRig) {
		a.city(t)
		to := newReceiver(t)
		hook := a.subscribe(t, to, "tmall")
		one, _ := a.deliverer(t)
		two, _ := b.deliverer(t)
		const rounds = 20
		for range rounds {
			a.stock(t, "S-01", "LJ", 1)
			a.number(t)
			a.clock.Advance(2 * time.Minute)
			var both sync.WaitGroup
			for _, d := range []*hooks.Deliverer{one, two} {
				both.Go(func() {
					if _, err := d.Turn(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			both.Wait()
		}
		all, _ := to.messages()
		require.Len(t, all, rounds)
		for i, m := range all {
			require.Equal(t, []int64{hook.Position + int64(i), hook.Position + int64(i) + 1}, []int64{m.From, m.To})
		}
	})
}

// dying is a process that ends after the receiver has answered.
type dying struct{ webhook.Queue }

var errDied = errors.New("died")

func (dying) Settle(context.Context, string, string, func(int64) webhook.Row) (bool, error) {
	return false, errDied
}

func TestWhatACrashLeftOpenIsToldAgainByAnotherReplica(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *feedRig) {
		a.city(t)
		to := newReceiver(t)
		hook := a.subscribe(t, to, "tmall")
		a.stock(t, "S-01", "LJ", 3)
		a.number(t)
		dies, _ := a.deliverer(t)
		dies.One.Queue = dying{dies.One.Queue}
		require.ErrorIs(t, dies.One.One(t.Context(), hook.Id), errDied)
		lives, told := b.deliverer(t)
		require.Zero(t, turn(t, lives), "its lease lasts")
		a.clock.Advance(31 * time.Second)
		require.Equal(t, 1, turn(t, lives))
		all, _ := to.messages()
		require.Len(t, all, 2)
		require.Equal(t, all[0], all[1])
		require.Equal(t, 1, told.of(webhook.Told))
		require.Equal(t, hook.Position+1, b.hook(t, hook.Id).Position)
	})
}

func TestAChangeOfTheWebhookTakesADeliverysSay(t *testing.T) {
	replicas(t, func(t *testing.T, a, _ *feedRig) {
		a.city(t)
		old, next := newReceiver(t), newReceiver(t)
		hook := a.subscribe(t, old, "tmall")
		old.mood = func(http.ResponseWriter, *http.Request, message) bool {
			put, err := a.PutWebhook(hq(t.Context(), "operator"), &inventoryv1.PutWebhookRequest{RequestId: requestID(), Id: hook.Id, Url: next.URL, Active: true, RotateSecret: true})
			if err != nil || put.Secret == "" || put.Secret == hook.Secret || put.SecretId == hook.SecretId {
				t.Error(put, err)
			}
			next.secret = put.GetSecret()
			return false
		}
		a.stock(t, "S-01", "LJ", 3)
		a.number(t)
		d, told := a.deliverer(t)
		require.Equal(t, 1, turn(t, d))
		require.Equal(t, 1, told.of(webhook.LeaseOff))
		require.Equal(t, hook.Position, a.hook(t, hook.Id).Position, "the new receiver knows nothing yet")
		require.Equal(t, 1, turn(t, d))
		_, taken := next.messages()
		require.Len(t, taken, 1)
		require.Equal(t, hook.Position, taken[0].From)
	})
}

func TestASlowReceiverDelaysNobody(t *testing.T) {
	replicas(t, func(t *testing.T, a, _ *feedRig) {
		a.city(t)
		slow, quick := newReceiver(t), newReceiver(t)
		a.subscribe(t, slow, "tmall")
		a.subscribe(t, quick, "jd")
		entered, release, heard := make(chan struct{}), make(chan struct{}), make(chan struct{}, 2)
		slow.mood = func(http.ResponseWriter, *http.Request, message) bool { close(entered); <-release; return false }
		quick.mood = func(http.ResponseWriter, *http.Request, message) bool { heard <- struct{}{}; return false }
		d, told := a.deliverer(t)
		var under sync.WaitGroup
		start := func() {
			a.number(t)
			_, err := d.Start(t.Context(), &under)
			require.NoError(t, err)
		}
		a.stock(t, "S-01", "LJ", 3)
		start()
		<-entered
		<-heard
		require.Eventually(t, func() bool { return told.of(webhook.Told) == 1 }, 10*time.Second, time.Millisecond)
		a.stock(t, "S-01", "LJ", 3)
		a.clock.Advance(20 * time.Second) // the slow one's lease lasts
		start()
		<-heard
		close(release)
		under.Wait()
		require.Equal(t, 3, told.of(webhook.Told))
	})
}

func TestAReceiverThatFailsForADayIsParkedAndTakenUpAgain(t *testing.T) {
	replicas(t, func(t *testing.T, a, _ *feedRig) {
		a.city(t)
		to := newReceiver(t)
		hook := a.subscribe(t, to, "tmall")
		var ill atomic.Bool
		ill.Store(true)
		to.mood = func(w http.ResponseWriter, _ *http.Request, _ message) bool {
			if ill.Load() {
				http.Redirect(w, &http.Request{}, to.URL, http.StatusTemporaryRedirect)
			}
			return ill.Load()
		}
		a.stock(t, "S-01", "LJ", 3)
		a.number(t)
		d, told := a.deliverer(t)
		began, err := a.clock.NowUS(t.Context())
		require.NoError(t, err)
		var before int64
		for n := int64(1); n <= 100; n++ {
			require.Equal(t, 1, turn(t, d), "attempt %d", n)
			require.Zero(t, turn(t, d), "not at once again")
			h := a.hook(t, hook.Id)
			require.Equal(t, n, h.Failures)
			now, err := a.clock.NowUS(t.Context())
			require.NoError(t, err)
			pause := h.NextUs - now
			require.LessOrEqual(t, pause, (15 * time.Minute).Microseconds())
			require.Greater(t, 4*pause, before, "later and later")
			before = pause
			if n < 100 {
				require.True(t, h.Active)
				require.Equal(t, "answered 307", h.LastError, "a redirect is not followed")
			}
			a.clock.Set(h.NextUs)
		}
		parked := a.hook(t, hook.Id)
		require.False(t, parked.Active)
		require.Equal(t, "parked after 100 failures in a row, at last: answered 307", parked.LastError)
		require.Equal(t, 1, told.of(webhook.GivenUp))
		require.InDelta(t, 24*time.Hour, time.Duration(parked.NextUs-began)*time.Microsecond, float64(11*time.Hour))
		a.clock.Advance(time.Hour)
		require.Zero(t, turn(t, d))

		// It comes back after what it missed is no longer kept: it is told to read all.
		ill.Store(false)
		a.clock.Advance(data.ChangesKept)
		a.stock(t, "S-01", "LJ", 4)
		a.number(t)
		require.NoError(t, a.rig.store.PurgeChanges(tenancy.WithService(t.Context(), "inventory")))
		_, err = a.PutWebhook(account(t.Context(), "HQ", "tmall"), &inventoryv1.PutWebhookRequest{RequestId: requestID(), Id: hook.Id, Url: to.URL, Active: true})
		require.NoError(t, err)
		require.Equal(t, 1, turn(t, d))
		_, taken := to.messages()
		require.Len(t, taken, 1)
		require.True(t, taken[0].Reset)
		require.Equal(t, []int64{hook.Position, hook.Position + 2}, []int64{taken[0].From, taken[0].To})
		require.Zero(t, a.hook(t, hook.Id).Failures)
	})
}

// manySKUs books pieces of many SKUs in, in one commit.
func (r *feedRig) manySKUs(t testing.TB, n int) {
	t.Helper()
	keys := make([]biz.StockKey, n)
	for i := range keys {
		keys[i] = biz.StockKey{SKU: fmt.Sprintf("SKU-%d", i), Location: "S-01", Owner: "HQ"}
	}
	require.NoError(t, r.rig.db.InTx(t.Context(), func(ctx context.Context) error {
		book, err := r.rig.store.Open(ctx, "test")
		if err != nil {
			return err
		}
		if err := r.rig.store.LockStock(ctx, book, keys, map[string]string{"S-01": "HQ"}); err != nil {
			return err
		}
		for _, key := range keys {
			if err := book.Receive(key, 1, biz.Movement{Reason: biz.ReasonReceive, Document: "d", Ref: key.SKU}); err != nil {
				return err
			}
		}
		return r.rig.store.Write(ctx, book.Changes())
	}))
}

func TestACommitLargerThanAMessageComesInParts(t *testing.T) {
	replicas(t, func(t *testing.T, a, _ *feedRig) {
		a.city(t)
		to := newReceiver(t)
		hook := a.subscribe(t, to, "tmall")
		const skus = 1100
		a.stock(t, "S-01", "LJ", 3)
		a.manySKUs(t, skus)
		a.number(t)
		d, _ := a.deliverer(t)
		refuse := true
		to.mood = func(w http.ResponseWriter, _ *http.Request, m message) bool {
			if m.Part == 2 && refuse {
				refuse = false
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			}
			return false
		}
		for a.hook(t, hook.Id).Position < hook.Position+2 {
			turn(t, d)
			a.clock.Advance(time.Hour)
		}
		_, taken := to.messages()
		parts := map[int]int{}
		for _, m := range taken {
			if m.To == hook.Position+2 {
				parts[m.Part] += len(m.Changes)
				require.Equal(t, 3, m.Parts)
			}
		}
		require.Equal(t, map[int]int{1: 1000, 2: 500, 3: 100}, parts, "the first part came twice")
	})
}

func TestWebhooksAreTheChannelsOwnAndHeadquarters(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *feedRig) {
		tmall, boss := account(t.Context(), "HQ", "tmall"), hq(t.Context(), "operator")
		put := func(ctx context.Context, in *inventoryv1.PutWebhookRequest) (*inventoryv1.Webhook, string) {
			in.RequestId, in.Url = requestID(), "https://shop.example/stock"
			got, err := a.PutWebhook(ctx, in)
			return got, reasonOf(err)
		}
		own, reason := put(tmall, &inventoryv1.PutWebhookRequest{})
		require.Empty(t, reason)
		require.Equal(t, []string{"tmall", "HQ"}, []string{own.Channel, own.Org})
		require.EqualValues(t, 1000, own.CoalesceMs)
		theirs, reason := put(boss, &inventoryv1.PutWebhookRequest{Channel: "jd", Org: "FR1", CoalesceMs: 60_000})
		require.Empty(t, reason)
		require.Equal(t, []string{"jd", "FR1"}, []string{theirs.Channel, theirs.Org})

		for name, refused := range map[string]struct {
			ctx    context.Context
			in     *inventoryv1.PutWebhookRequest
			reason string
		}{
			"another channel":             {tmall, &inventoryv1.PutWebhookRequest{Channel: "jd"}, "FORBIDDEN"},
			"another organisation":        {tmall, &inventoryv1.PutWebhookRequest{Org: "FR1"}, "FORBIDDEN"},
			"another's webhook":           {tmall, &inventoryv1.PutWebhookRequest{Id: theirs.Id}, "NOT_FOUND"},
			"no webhook":                  {tmall, &inventoryv1.PutWebhookRequest{Id: "whk_none"}, "NOT_FOUND"},
			"one that belongs elsewhere":  {boss, &inventoryv1.PutWebhookRequest{Id: own.Id, Channel: "jd"}, "NOT_FOUND"},
			"the channel of another org":  {account(t.Context(), "FR1", "tmall"), &inventoryv1.PutWebhookRequest{Id: own.Id}, "NOT_FOUND"},
			"a franchisee":                {franchisee(t.Context(), "FR1", "manager"), &inventoryv1.PutWebhookRequest{Channel: "tmall"}, "FORBIDDEN"},
			"a member":                    {member(t.Context()), &inventoryv1.PutWebhookRequest{Channel: "tmall"}, "FORBIDDEN"},
			"finance":                     {hq(t.Context(), "finance"), &inventoryv1.PutWebhookRequest{Channel: "tmall"}, "FORBIDDEN"},
			"no channel":                  {boss, &inventoryv1.PutWebhookRequest{}, "VALIDATOR"},
			"a window that is too narrow": {tmall, &inventoryv1.PutWebhookRequest{CoalesceMs: 99}, "VALIDATOR"},
			"a window that is too wide":   {tmall, &inventoryv1.PutWebhookRequest{CoalesceMs: 60_001}, "VALIDATOR"},
		} {
			_, reason := put(refused.ctx, refused.in)
			require.Equal(t, refused.reason, reason, name)
		}
		_, err := a.PutWebhook(tmall, &inventoryv1.PutWebhookRequest{RequestId: requestID(), Url: "http://shop.example/"})
		require.Equal(t, "WEBHOOK_URL_REFUSED", reasonOf(err))

		listed := func(ctx context.Context, channel string) (ids []string) {
			for token := ""; ; {
				got, err := b.ListWebhooks(ctx, &inventoryv1.ListWebhooksRequest{PageSize: 1, PageToken: token, Channel: channel})
				require.NoError(t, err)
				for _, h := range got.Webhooks {
					ids = append(ids, h.Id)
				}
				if token = got.NextPageToken; token == "" {
					return ids
				}
			}
		}
		require.ElementsMatch(t, []string{own.Id, theirs.Id}, listed(boss, ""))
		require.Equal(t, []string{theirs.Id}, listed(boss, "jd"))
		require.Equal(t, []string{own.Id}, listed(tmall, ""))
		require.Empty(t, listed(tmall, "jd"))
		require.Empty(t, listed(account(t.Context(), "FR1", "tmall"), ""))
		_, err = a.ListWebhooks(franchisee(t.Context(), "FR1", "manager"), &inventoryv1.ListWebhooksRequest{})
		require.Equal(t, "FORBIDDEN", reasonOf(err))

		remove := func(ctx context.Context, id string) string {
			_, err := a.DeleteWebhook(ctx, &inventoryv1.DeleteWebhookRequest{RequestId: requestID(), Id: id})
			return reasonOf(err)
		}
		require.Equal(t, "NOT_FOUND", remove(tmall, theirs.Id))
		require.Equal(t, "FORBIDDEN", remove(member(t.Context()), own.Id))
		require.Empty(t, remove(tmall, own.Id))
		require.Equal(t, "NOT_FOUND", remove(tmall, own.Id))
		for range webhook.Most {
			_, reason := put(tmall, &inventoryv1.PutWebhookRequest{})
			require.Empty(t, reason)
		}
		_, reason = put(tmall, &inventoryv1.PutWebhookRequest{})
		require.Equal(t, "WEBHOOK_LIMIT", reason)
	})
}

func TestASecretIsShownOnceAndStoredNowhere(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *feedRig) {
		tmall := account(t.Context(), "HQ", "tmall")
		in := &inventoryv1.PutWebhookRequest{RequestId: requestID(), Url: "https://shop.example/stock", Active: true}
		first, err := a.PutWebhook(tmall, in)
		require.NoError(t, err)
		require.Len(t, first.Secret, 64)
		again, err := b.PutWebhook(tmall, in)
		require.NoError(t, err)
		require.Equal(t, first.Secret, again.Secret, "the answer was lost: the same request gets it")
		var row, answer []byte
		q := a.rig.db.Conn(t.Context())
		require.NoError(t, q.QueryRowContext(t.Context(), "SELECT secret FROM webhooks WHERE id = ?", first.Id).Scan(&row))
		require.NoError(t, q.QueryRowContext(t.Context(), "SELECT answer FROM commands WHERE request_id = ?", in.RequestId).Scan(&answer))
		require.NotContains(t, fmt.Sprintf("%x %s", row, row), first.Secret)
		require.NotContains(t, string(answer), first.Secret)
		changed, err := a.PutWebhook(tmall, &inventoryv1.PutWebhookRequest{RequestId: requestID(), Id: first.Id, Url: first.Url})
		require.NoError(t, err)
		require.Empty(t, changed.Secret, "a change shows no secret")
		require.Equal(t, first.SecretId, changed.SecretId)
		rotated, err := a.PutWebhook(tmall, &inventoryv1.PutWebhookRequest{RequestId: requestID(), Id: first.Id, Url: first.Url, RotateSecret: true})
		require.NoError(t, err)
		require.NotEqual(t, first.Secret, rotated.Secret)
		require.Len(t, rotated.Secret, 64)
		late, err := a.PutWebhook(tmall, in)
		require.NoError(t, err)
		require.Empty(t, late.Secret, "what is no longer in force is not shown")
	})
}
