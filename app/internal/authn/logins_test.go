package authn

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

const goodLogin = "version-1"

// logins knows one version of the guide's login.
type logins struct {
	asked   atomic.Int64
	gate    chan struct{}
	down    atomic.Bool
	revoked atomic.Bool
}

func (l *logins) LoginInForce(_ context.Context, staff, version string) (bool, error) {
	l.asked.Add(1)
	if l.gate != nil {
		<-l.gate
	}
	if l.down.Load() {
		return false, fault.Timeout()
	}
	return staff == guide.ID && version == goodLogin && !l.revoked.Load(), nil
}

// clocked is a Logins at a time that the test sets.
func clocked(l *logins) (*Logins, *time.Time) {
	at := now
	return NewLogins(l, func() time.Time { return at }), &at
}

func TestARevokedLoginIsOfNoUseAfterFiveSeconds(t *testing.T) {
	store := &logins{}
	l, at := clocked(store)
	for range 3 {
		require.NoError(t, l.Verify(t.Context(), guide, goodLogin))
	}
	require.EqualValues(t, 1, store.asked.Load())
	store.revoked.Store(true)
	*at = at.Add(answerTTL - time.Nanosecond)
	require.NoError(t, l.Verify(t.Context(), guide, goodLogin))
	*at = at.Add(time.Nanosecond)
	require.Equal(t, "UNAUTHENTICATED", errors.Reason(l.Verify(t.Context(), guide, goodLogin)))
}

func TestAnotherVersionIsAskedForAtOnce(t *testing.T) {
	store := &logins{}
	l, _ := clocked(store)
	for range 3 {
		require.Equal(t, 401, errors.Code(l.Verify(t.Context(), guide, "version-0")))
	}
	require.EqualValues(t, 1, store.asked.Load(), "a refusal is remembered too")
	require.NoError(t, l.Verify(t.Context(), guide, goodLogin), "who signed in anew does not wait")
	other := guide
	other.ID = "stf_2"
	require.Equal(t, 401, errors.Code(l.Verify(t.Context(), other, goodLogin)), "a version is one person's")
}

func TestWhileTheStoreCenterIsDownAnswersCountForAMinute(t *testing.T) {
	store := &logins{}
	l, at := clocked(store)
	require.NoError(t, l.Verify(t.Context(), guide, goodLogin))
	require.Equal(t, 401, errors.Code(l.Verify(t.Context(), guide, "version-0")))
	store.down.Store(true)
	asked := store.asked.Load()

	*at = at.Add(answerTTL)
	for range 3 {
		require.NoError(t, l.Verify(t.Context(), guide, goodLogin))
		require.Equal(t, 401, errors.Code(l.Verify(t.Context(), guide, "version-0")), "what was refused is not let pass")
	}
	require.EqualValues(t, 2, store.asked.Load()-asked, "a center that is down is not asked for each request")
	unknown := guide
	unknown.ID = "stf_2"
	require.Equal(t, "UNAVAILABLE", errors.Reason(l.Verify(t.Context(), unknown, goodLogin)), "nothing is known: neither let pass nor called wrong")

	*at = now.Add(loginGrace - time.Nanosecond)
	require.NoError(t, l.Verify(t.Context(), guide, goodLogin))
	*at = now.Add(loginGrace)
	for _, version := range []string{goodLogin, "version-0"} {
		err := l.Verify(t.Context(), guide, version)
		require.Equal(t, 503, errors.Code(err))
		require.Equal(t, "UNAVAILABLE", errors.Reason(err), "whatever the center's failure was")
	}
	store.down.Store(false)
	store.revoked.Store(true)
	require.Equal(t, 401, errors.Code(l.Verify(t.Context(), guide, goodLogin)))
}

func TestManyTokensOfOneLoginOneQuestion(t *testing.T) {
	store := &logins{gate: make(chan struct{})}
	l, _ := clocked(store)
	var started, done sync.WaitGroup
	for range 20 {
		started.Add(1)
		done.Go(func() {
			started.Done()
			require.NoError(t, l.Verify(context.Background(), guide, goodLogin))
		})
	}
	started.Wait()
	close(store.gate)
	done.Wait()
	require.EqualValues(t, 1, store.asked.Load())
}

func TestTheMemoryOfLoginsIsBounded(t *testing.T) {
	l, _ := clocked(&logins{})
	require.NoError(t, l.Verify(t.Context(), guide, goodLogin))
	for i := range maxCachedMisses + 50 {
		_ = l.Verify(t.Context(), guide, fmt.Sprint("old-", i))
	}
	require.Len(t, l.answers.misses, maxCachedMisses)
	require.Len(t, l.answers.known, 1)
}

func TestStaffTokensNeedALoginInForceMembersDoNot(t *testing.T) {
	tk, err := NewTokens(secret, nil)
	require.NoError(t, err)
	a := New(tk, nil)
	with := func(token string) error {
		_, err := call(t, a, "/x/Op", "Authorization", "Bearer "+token)
		return err
	}
	good, _, err := tk.IssueStaff(guide, goodLogin, time.Hour)
	require.NoError(t, err)
	require.Equal(t, 401, errors.Code(with(good)), "nobody can be asked: no token of staff is accepted")

	store := &logins{}
	a.UseLogins(store)
	require.NoError(t, with(good))
	for _, kind := range []tenancy.Kind{tenancy.HQ, tenancy.Dealer, tenancy.Franchisee} {
		p := guide
		p.Kind = kind
		without, _, err := tk.Issue(p, time.Hour)
		require.NoError(t, err)
		require.Equal(t, 401, errors.Code(with(without)), "%s without a login", kind)
	}
	_, _, err = tk.IssueStaff(guide, "", time.Hour)
	require.Error(t, err)

	store.down.Store(true)
	member, _, err := tk.Issue(tenancy.Principal{Kind: tenancy.Member, ID: "mem_1", Member: "mem_1"}, time.Hour)
	require.NoError(t, err)
	asked := store.asked.Load()
	require.NoError(t, with(member), "a member's token does not depend on the store center")
	require.Equal(t, asked, store.asked.Load())
}
