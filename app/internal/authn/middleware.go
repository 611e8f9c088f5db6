package authn

import (
	"context"
	"strings"
	"sync"

	"github.com/go-kratos/kratos/v2/middleware"
	"github.com/go-kratos/kratos/v2/transport"

	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

const (
	headerAuthorization = "Authorization"
	// HeaderInternal carries the propagation token between centers.
	HeaderInternal = "x-onepool-internal"
	bearer         = "bearer "
	// maxCredentialBytes is far above any token of ours.
	maxCredentialBytes = 8 << 10
)

// Authenticator turns the headers of a request into a principal.
type Authenticator struct {
	tokens *Tokens
	keys   *Keys

	mu   sync.RWMutex
	open map[string]bool
}

// New returns an authenticator; without a resolver no opaque key is accepted.
func New(tokens *Tokens, resolver KeyResolver) *Authenticator {
	return &Authenticator{tokens: tokens, keys: NewKeys(resolver, nil), open: map[string]bool{}}
}

// Open registers operations that need no credentials ("/onepool.member.v1.Member/SignIn"). Credentials that come
// nevertheless are looked at, and wrong ones refused.
func (a *Authenticator) Open(operations ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, o := range operations {
		a.open[o] = true
	}
}

// IsOpen says whether an operation needs no credentials.
func (a *Authenticator) IsOpen(operation string) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.open[operation]
}

// Middleware puts the principal into the context or answers 401.
func (a *Authenticator) Middleware() middleware.Middleware {
	return func(next middleware.Handler) middleware.Handler {
		return func(ctx context.Context, req any) (any, error) {
			tr, ok := transport.FromServerContext(ctx)
			if !ok {
				return nil, fault.Unauthenticated()
			}
			// A context that comes in through a server never has a caller of its own.
			internal, public := tr.RequestHeader().Values(HeaderInternal), tr.RequestHeader().Values(headerAuthorization)
			ctx, found, err := a.identify(ctx, internal, public)
			if err != nil {
				return nil, err
			}
			if !found && !a.IsOpen(tr.Operation()) {
				return nil, fault.Unauthenticated()
			}
			return next(ctx, req)
		}
	}
}

func (a *Authenticator) identify(ctx context.Context, internal, public []string) (context.Context, bool, error) {
	if len(internal)+len(public) == 0 {
		return ctx, false, nil
	}
	if len(internal)+len(public) > 1 {
		return ctx, false, fault.Unauthenticated()
	}
	if len(internal) == 1 {
		token, ok := credential(internal[0])
		if !ok {
			return ctx, false, fault.Unauthenticated()
		}
		service, p, err := a.tokens.VerifyInternal(token)
		if err != nil {
			return ctx, false, err
		}
		return tenancy.NewContext(context.WithValue(ctx, serviceKey{}, service), p), true, nil
	}
	token, ok := credential(public[0])
	if !ok {
		return ctx, false, fault.Unauthenticated()
	}
	p, err := a.person(ctx, token)
	if err != nil {
		return ctx, false, err
	}
	return tenancy.NewContext(ctx, p), true, nil
}

func (a *Authenticator) person(ctx context.Context, token string) (tenancy.Principal, error) {
	if strings.HasPrefix(token, keyPrefix) {
		return a.keys.Verify(ctx, token)
	}
	return a.tokens.Verify(token)
}

func credential(header string) (string, bool) {
	if len(header) > maxCredentialBytes || len(header) <= len(bearer) || !strings.EqualFold(header[:len(bearer)], bearer) {
		return "", false
	}
	return header[len(bearer):], true
}

type serviceKey struct{}

// Service is the center that made this call, on its own or on behalf of the principal.
func Service(ctx context.Context) (string, bool) {
	s, ok := ctx.Value(serviceKey{}).(string)
	return s, ok
}

// RequireService refuses callers from outside: the operation is for other centers.
func RequireService(ctx context.Context) error {
	if _, ok := Service(ctx); !ok {
		return fault.Forbidden("service")
	}
	return nil
}

// Require refuses a caller that has none of the roles. A kind of caller (hq, member, device...) counts as a role too.
func Require(ctx context.Context, roles ...string) error {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return err
	}
	for _, role := range roles {
		if string(p.Kind) == role || p.HasRole(role) {
			return nil
		}
	}
	return fault.Forbidden(strings.Join(roles, " or "))
}
