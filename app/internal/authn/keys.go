package authn

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"
	"time"

	kerrors "github.com/go-kratos/kratos/v2/errors"
	"golang.org/x/sync/singleflight"

	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

const (
	keyPrefix = "opk_"
	// maxKeyBytes is above every key that was ever issued; longer ones are not worth a hash.
	maxKeyBytes = 200
	// keyTTL is how long a revoked key may still work.
	keyTTL = 5 * time.Second
	// maxCachedKeys and maxCachedMisses bound the memory; when full, an arbitrary entry gives way.
	maxCachedKeys   = 10_000
	maxCachedMisses = 10_000
	resolveTimeout  = 3 * time.Second
)

// KeyResolver finds out whose an opaque key is. It answers a 401 or 404 error for a key that nobody has, and any other
// error when it cannot tell; the first is remembered for a while, the second never.
type KeyResolver interface {
	ResolveKey(ctx context.Context, key string) (tenancy.Principal, error)
}

// Keys puts a short cache before a KeyResolver: one question at a time for each key, answers for 5 s.
type Keys struct {
	resolver KeyResolver
	now      func() time.Time
	flight   singleflight.Group

	mu     sync.Mutex
	known  map[[sha256.Size]byte]entry
	misses map[[sha256.Size]byte]entry
}

type entry struct {
	principal tenancy.Principal
	expires   time.Time
}

// NewKeys wraps a resolver. now is time.Now, or a test's clock.
func NewKeys(resolver KeyResolver, now func() time.Time) *Keys {
	if now == nil {
		now = time.Now
	}
	return &Keys{resolver: resolver, now: now, known: map[[sha256.Size]byte]entry{}, misses: map[[sha256.Size]byte]entry{}}
}

// Verify returns whose a key is.
func (k *Keys) Verify(ctx context.Context, key string) (tenancy.Principal, error) {
	if k.resolver == nil || !strings.HasPrefix(key, keyPrefix) || len(key) > maxKeyBytes {
		return tenancy.Principal{}, fault.Unauthenticated()
	}
	// The key itself is not kept in memory longer than its request.
	sum := sha256.Sum256([]byte(key))
	if p, found, ok := k.lookup(sum); ok {
		if !found {
			return tenancy.Principal{}, fault.Unauthenticated()
		}
		return p, nil
	}
	// The question outlives the one who asked first: the others wait for the same answer.
	flight := k.flight.DoChan(string(sum[:]), func() (any, error) {
		// Whoever looked before the last answer came and got here after it finds it now.
		if p, found, ok := k.lookup(sum); ok && found {
			return p, nil
		}
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveTimeout)
		defer cancel()
		p, err := k.resolver.ResolveKey(detached, key)
		if p.Scope.Empty() {
			p = p.WithScope()
		}
		if err != nil && !isUnknownKey(err) {
			return nil, err
		}
		k.remember(sum, p, err == nil)
		if err != nil {
			return nil, fault.Unauthenticated().WithCause(err)
		}
		return p, nil
	})
	select {
	case <-ctx.Done():
		return tenancy.Principal{}, ctx.Err()
	case r := <-flight:
		if r.Err != nil {
			return tenancy.Principal{}, r.Err
		}
		return r.Val.(tenancy.Principal), nil
	}
}

func isUnknownKey(err error) bool {
	e := kerrors.FromError(fault.Public(err))
	return e.Code == http.StatusUnauthorized || e.Code == http.StatusNotFound
}

func (k *Keys) lookup(sum [sha256.Size]byte) (p tenancy.Principal, found, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	if e, hit := k.known[sum]; hit && now.Before(e.expires) {
		return e.principal, true, true
	}
	if e, hit := k.misses[sum]; hit && now.Before(e.expires) {
		return tenancy.Principal{}, false, true
	}
	return tenancy.Principal{}, false, false
}

func (k *Keys) remember(sum [sha256.Size]byte, p tenancy.Principal, found bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.known, sum)
	delete(k.misses, sum)
	// Wrong keys have a table of their own: guessing does not push the right ones out.
	table, limit := k.known, maxCachedKeys
	if !found {
		table, limit = k.misses, maxCachedMisses
	}
	if len(table) >= limit {
		k.evict(table)
	}
	table[sum] = entry{principal: p, expires: k.now().Add(keyTTL)}
}

// evict makes room: the first expired of a few, otherwise any.
func (k *Keys) evict(table map[[sha256.Size]byte]entry) {
	const look = 16
	seen, now := 0, k.now()
	var victim [sha256.Size]byte
	for sum, e := range table {
		victim = sum
		if seen++; seen >= look || !now.Before(e.expires) {
			break
		}
	}
	delete(table, victim)
}
