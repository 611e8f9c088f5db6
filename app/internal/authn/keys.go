package authn

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"time"

	kerrors "github.com/go-kratos/kratos/v2/errors"

	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

const (
	keyPrefix = "opk_"
	// maxKeyBytes is above every key that was ever issued; longer ones are not worth a hash.
	maxKeyBytes = 200
)

// KeyResolver finds out whose an opaque key is. It answers a 401 or 404 error for a key that nobody has, and any other
// error when it cannot tell; the first is remembered for a while, the second never.
type KeyResolver interface {
	ResolveKey(ctx context.Context, key string) (tenancy.Principal, error)
}

// Keys puts a short memory before a KeyResolver: one question at a time for each key, answers for 5 s. When it cannot be
// asked, no key is accepted any more.
type Keys struct {
	resolver KeyResolver
	*answers[tenancy.Principal]
}

// NewKeys wraps a resolver. now is time.Now, or a test's clock.
func NewKeys(resolver KeyResolver, now func() time.Time) *Keys {
	k := &Keys{resolver, newAnswers[tenancy.Principal](0, now)}
	// Before the first import there is no headquarters that the administrator could belong to: the next request must see it
	// when there is.
	k.keep = func(p tenancy.Principal) bool { return p.Org != "" }
	return k
}

// Verify returns whose a key is.
func (k *Keys) Verify(ctx context.Context, key string) (tenancy.Principal, error) {
	if k.resolver == nil || !strings.HasPrefix(key, keyPrefix) || len(key) > maxKeyBytes {
		return tenancy.Principal{}, fault.Unauthenticated()
	}
	// The key itself is not kept in memory longer than its request.
	p, found, err := k.get(ctx, sha256.Sum256([]byte(key)), func(ctx context.Context) (tenancy.Principal, bool, error) {
		p, err := k.resolver.ResolveKey(ctx, key)
		if isUnknownKey(err) {
			return tenancy.Principal{}, false, nil
		}
		if p.Scope.Empty() {
			p = p.WithScope()
		}
		return p, err == nil, err
	})
	if err == nil && !found {
		err = fault.Unauthenticated()
	}
	return p, err
}

func isUnknownKey(err error) bool {
	if err == nil {
		return false
	}
	e := kerrors.FromError(fault.Public(err))
	return e.Code == http.StatusUnauthorized || e.Code == http.StatusNotFound
}
