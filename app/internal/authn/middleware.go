package authn

import (
	"context"
	"strconv"
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

// Headers of a signed request.
const (
	HeaderKeyID     = "x-onepool-key-id"
	HeaderTimestamp = "x-onepool-timestamp" // seconds since 1970
	HeaderNonce     = "x-onepool-nonce"
	HeaderSignature = "x-onepool-signature"
)

// SignatureVerifier finds out whose key signed a request and uses up its nonce: VerifySignature with the key's secret.
type SignatureVerifier interface {
	VerifySignature(ctx context.Context, keyID string, s Signed) (tenancy.Principal, error)
}

// Authenticator turns the headers of a request into a principal.
type Authenticator struct {
	tokens     *Tokens
	keys       *Keys
	logins     *Logins
	signatures SignatureVerifier

	mu   sync.RWMutex
	open map[string]bool
}

// New returns an authenticator; without a resolver no opaque key is accepted.
func New(tokens *Tokens, resolver KeyResolver) *Authenticator {
	return &Authenticator{tokens: tokens, keys: NewKeys(resolver, nil), logins: NewLogins(nil, nil), open: map[string]bool{}}
}

// UseSignatures accepts signed requests; without it none is. To be called before serving.
func (a *Authenticator) UseSignatures(v SignatureVerifier) { a.signatures = v }

// UseLogins accepts tokens of staff whose login is still in force; without it none is. To be called before serving.
func (a *Authenticator) UseLogins(v LoginVerifier) { a.logins = NewLogins(v, nil) }

// Open registers operations that need no credentials ("/onepool.member.v1.Member/SignIn"). Credentials that come
// nevertheless are looked at, and wrong ones refused.
func (a *Authenticator) Open(operations ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, o := range operations {
		a.open[o] = true
	}
}

// isOpen says whether an operation needs no credentials.
func (a *Authenticator) isOpen(operation string) bool {
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
			ctx, found, err := a.identify(ctx, tr.RequestHeader())
			if err != nil {
				return nil, err
			}
			if !found && !a.isOpen(tr.Operation()) {
				return nil, fault.Unauthenticated()
			}
			return next(ctx, req)
		}
	}
}

func (a *Authenticator) identify(ctx context.Context, h transport.Header) (context.Context, bool, error) {
	internal, public, signature := h.Values(HeaderInternal), h.Values(headerAuthorization), h.Values(HeaderSignature)
	switch len(internal) + len(public) + len(signature) {
	case 0:
		return ctx, false, nil
	case 1:
	default:
		return ctx, false, fault.Unauthenticated()
	}
	if len(signature) == 1 {
		p, err := a.signer(ctx, h, signature[0])
		if err != nil {
			return ctx, false, err
		}
		return tenancy.NewContext(ctx, p), true, nil
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
	p, login, err := a.tokens.verify(token)
	if err != nil {
		return tenancy.Principal{}, err
	}
	if p.Kind != tenancy.Member { // members' tokens end by their time only
		err = a.logins.Verify(ctx, p, login)
	}
	return p, err
}

// signer returns whose key signed the raw request that the server noted (WithSignedRequest).
func (a *Authenticator) signer(ctx context.Context, h transport.Header, signature string) (tenancy.Principal, error) {
	s, ok := ctx.Value(signedKey{}).(Signed)
	keyID := h.Get(HeaderKeyID)
	at, err := strconv.ParseInt(h.Get(HeaderTimestamp), 10, 64)
	if a.signatures == nil || !ok || keyID == "" || err != nil {
		return tenancy.Principal{}, fault.SignatureInvalid()
	}
	s.TimestampS, s.Nonce, s.Signature = at, h.Get(HeaderNonce), signature
	p, err := a.signatures.VerifySignature(ctx, keyID, s)
	if err != nil {
		return tenancy.Principal{}, err
	}
	if p.Scope.Empty() {
		p = p.WithScope()
	}
	return p, nil
}

type signedKey struct{}

// WithSignedRequest notes what was signed: the method, the path with its query, and the raw body, before anything is
// decoded. Servers call it for requests that carry HeaderSignature.
func WithSignedRequest(ctx context.Context, method, path string, body []byte) context.Context {
	return context.WithValue(ctx, signedKey{}, Signed{Method: method, Path: path, BodySHA256: BodySHA256Of(body)})
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

// RequireHQ refuses who is not one of headquarters' people with one of the roles.
func RequireHQ(ctx context.Context, roles ...string) error {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return err
	}
	if p.Kind != tenancy.HQ {
		return fault.Forbidden("headquarters")
	}
	return Require(ctx, roles...)
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
