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

type resolver struct {
	asked atomic.Int64
	gate  chan struct{}
	fail  atomic.Bool
	// homeless has no organisation yet.
	homeless atomic.Bool
}

const goodKey = "opk_dev1_secret"

func (r *resolver) ResolveKey(_ context.Context, key string) (tenancy.Principal, error) {
	r.asked.Add(1)
	if r.gate != nil {
		<-r.gate
	}
	if r.fail.Load() {
		return tenancy.Principal{}, fault.Unavailable()
	}
	if key != goodKey {
		return tenancy.Principal{}, fault.NotFound("key")
	}
	if r.homeless.Load() {
		return tenancy.Principal{Kind: "hq", ID: "admin"}, nil
	}
	return tenancy.Principal{Kind: "device", ID: "dev1", Org: "org_1"}, nil
}

func TestAnOrganisationThatComesIsSeenAtOnce(t *testing.T) {
	r := &resolver{}
	r.homeless.Store(true)
	k := NewKeys(r, func() time.Time { return now })
	p, err := k.Verify(t.Context(), goodKey)
	require.NoError(t, err)
	require.Empty(t, p.Org)
	r.homeless.Store(false)
	p, err = k.Verify(t.Context(), goodKey)
	require.NoError(t, err)
	require.Equal(t, "org_1", p.Org)
}

func TestAKeyIsAskedForOnceInFiveSeconds(t *testing.T) {
	r, at := &resolver{}, now
	k := NewKeys(r, func() time.Time { return at })
	for range 3 {
		p, err := k.Verify(t.Context(), goodKey)
		require.NoError(t, err)
		require.Equal(t, "dev1", p.ID)
	}
	require.EqualValues(t, 1, r.asked.Load())
	at = at.Add(answerTTL)
	_, err := k.Verify(t.Context(), goodKey)
	require.NoError(t, err)
	require.EqualValues(t, 2, r.asked.Load())
}

func TestAKeyThatNobodyHas(t *testing.T) {
	r := &resolver{}
	k := NewKeys(r, func() time.Time { return now })
	for range 3 {
		_, err := k.Verify(t.Context(), "opk_dev1_wrong")
		require.Equal(t, "UNAUTHENTICATED", errors.Reason(err))
	}
	require.EqualValues(t, 1, r.asked.Load())
	for _, key := range []string{"", "dev1_secret", "opk_" + string(make([]byte, maxKeyBytes))} {
		_, err := k.Verify(t.Context(), key)
		require.Equal(t, 401, errors.Code(err))
	}
	require.EqualValues(t, 1, r.asked.Load(), "what cannot be a key is not asked for")
}

func TestNotKnowingIsNotRemembered(t *testing.T) {
	r := &resolver{}
	r.fail.Store(true)
	k := NewKeys(r, func() time.Time { return now })
	_, err := k.Verify(t.Context(), goodKey)
	require.Equal(t, 503, errors.Code(err), "the key is not wrong, the answer is unknown")
	r.fail.Store(false)
	_, err = k.Verify(t.Context(), goodKey)
	require.NoError(t, err)
}

func TestManyAskAtOnceOneQuestionIsSent(t *testing.T) {
	r := &resolver{gate: make(chan struct{})}
	k := NewKeys(r, func() time.Time { return now })
	var started, done sync.WaitGroup
	for range 20 {
		started.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			started.Done()
			_, err := k.Verify(context.Background(), goodKey)
			require.NoError(t, err)
		}()
	}
	started.Wait()
	close(r.gate)
	done.Wait()
	// Whoever comes after the answer finds it in the cache.
	require.EqualValues(t, 1, r.asked.Load())
}

func TestGuessingDoesNotGrowTheCacheOrPushKeysOut(t *testing.T) {
	r := &resolver{}
	k := NewKeys(r, func() time.Time { return now })
	_, err := k.Verify(t.Context(), goodKey)
	require.NoError(t, err)
	for i := range maxCachedMisses + 50 {
		_, _ = k.Verify(t.Context(), fmt.Sprintf("opk_guess_%d", i))
	}
	require.Len(t, k.misses, maxCachedMisses)
	asked := r.asked.Load()
	_, err = k.Verify(t.Context(), goodKey)
	require.NoError(t, err)
	require.Equal(t, asked, r.asked.Load())
}
