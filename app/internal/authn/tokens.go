// Package authn says who calls: it turns credentials into a tenancy.Principal, the same way on every server.
//
// Always true:
//   - Four credentials exist: a token of a person (HS256, audience "onepool"), an opaque key of a machine (opk_...), a
//     signature over the raw request (channels), and a propagation token between centers (HS256, audience
//     "onepool-internal", 60 s). One is never taken for another.
//   - The algorithm is pinned, expiry and audience are required; whatever is wrong with a credential, the answer is the
//     same 401, so that it does not help in guessing.
//   - A request with two different callers is refused: nobody chooses which one counts.
//   - A token of staff is of use only as long as the login that it was issued for: the store center is asked, and remembered
//     for 5 s. While it cannot be asked its answers count for a minute, then the call is answered 503, never let pass.
//   - An operation needs credentials unless it was registered as open by name.
package authn

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

const (
	issuer           = "onepool"
	audiencePublic   = "onepool"
	audienceInternal = "onepool-internal"
	// internalTTL, and leeway, bound how long a stolen propagation token is of use.
	internalTTL = 60 * time.Second
	// leeway is how far the clocks of two processes may be apart for internal tokens: a host whose clock is five minutes off
	// must not cut its center off from the others. The end of people's tokens has none.
	leeway = 6 * time.Minute
	// maxAhead is how far ahead of ours the clock may be that a token was issued by. It is no defence, only a check against
	// nonsense: our own clock may have been set back since.
	maxAhead = 10 * time.Minute
	// minSecretBytes is what HS256 needs to be as strong as its hash.
	minSecretBytes = 32
)

// Tokens issues and verifies the platform's own tokens.
type Tokens struct {
	secret []byte
	now    func() time.Time
}

// NewTokens needs a secret of at least 32 bytes. now is time.Now, or a test's clock.
func NewTokens(secret []byte, now func() time.Time) (*Tokens, error) {
	if len(secret) < minSecretBytes {
		return nil, fmt.Errorf("token secret: %d bytes, at least %d are needed", len(secret), minSecretBytes)
	}
	if now == nil {
		now = time.Now
	}
	return &Tokens{secret: append([]byte(nil), secret...), now: now}, nil
}

type claims struct {
	jwt.RegisteredClaims
	Caller tenancy.Principal `json:"caller"`
	// Service is the center that makes the call; only in internal tokens.
	Service string `json:"service,omitempty"`
	// Login is the version of the login that the token was issued for; only in tokens of staff.
	Login string `json:"login,omitempty"`
}

// errKind is a defect of the caller: only people have tokens.
var errKind = errors.New("authn: only a person (member, hq, dealer, franchisee) gets a token")

// Issue makes the access token of a person who has no login at the store center: a member. A principal without a scope
// gets that of its kind.
func (t *Tokens) Issue(p tenancy.Principal, ttl time.Duration) (token string, expiresUS int64, err error) {
	return t.issue(p, "", ttl)
}

// IssueStaff makes the access token of somebody who signed in with a login; it is of use while that version of the login is
// in force.
func (t *Tokens) IssueStaff(p tenancy.Principal, login string, ttl time.Duration) (token string, expiresUS int64, err error) {
	if login == "" {
		return "", 0, errors.New("authn: a token of staff names the version of its login")
	}
	return t.issue(p, login, ttl)
}

func (t *Tokens) issue(p tenancy.Principal, login string, ttl time.Duration) (token string, expiresUS int64, err error) {
	if !person(p.Kind) {
		return "", 0, fmt.Errorf("%w, not %q", errKind, p.Kind)
	}
	if ttl <= 0 || p.ID == "" {
		return "", 0, fmt.Errorf("authn: a token needs an id and a lifetime")
	}
	if p.Scope.Empty() {
		p = p.WithScope()
	}
	now := t.now()
	c := toClaims(p, now, now.Add(ttl), audiencePublic)
	c.Login = login
	token, err = t.sign(c)
	return token, c.ExpiresAt.UnixMicro(), err
}

// Verify returns the person whom a token was issued to. Whether a login is still in force it does not know.
func (t *Tokens) Verify(token string) (tenancy.Principal, error) {
	p, _, err := t.verify(token)
	return p, err
}

// verify also returns the version of the login that a token was issued for.
func (t *Tokens) verify(token string) (p tenancy.Principal, login string, err error) {
	c, err := t.parse(token, audiencePublic, 0)
	if err != nil {
		return tenancy.Principal{}, "", err
	}
	if !person(c.Caller.Kind) || c.Caller.ID == "" || c.Service != "" {
		return tenancy.Principal{}, "", fault.Unauthenticated().WithCause(errKind)
	}
	return c.Caller, c.Login, nil
}

// IssueInternal makes the token with which one center calls another on behalf of p.
func (t *Tokens) IssueInternal(service string, p tenancy.Principal) (string, error) {
	if service == "" {
		return "", errors.New("authn: an internal token names its service")
	}
	now := t.now()
	c := toClaims(p, now, now.Add(internalTTL), audienceInternal)
	c.Service = service
	return t.sign(c)
}

// VerifyInternal returns the calling service and on whose behalf it calls.
func (t *Tokens) VerifyInternal(token string) (service string, p tenancy.Principal, err error) {
	c, err := t.parse(token, audienceInternal, leeway)
	if err != nil {
		return "", tenancy.Principal{}, err
	}
	if c.Service == "" || c.Caller.Kind == "" || c.Caller.ID == "" {
		return "", tenancy.Principal{}, fault.Unauthenticated().WithCause(errors.New("internal token without a service or a caller"))
	}
	return c.Service, c.Caller, nil
}

func (t *Tokens) sign(c *claims) (string, error) {
	s, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(t.secret)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return s, nil
}

func (t *Tokens) parse(token, audience string, leeway time.Duration) (*claims, error) {
	c := new(claims)
	_, err := jwt.ParseWithClaims(token, c, func(*jwt.Token) (any, error) { return t.secret, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithExpirationRequired(),
		jwt.WithLeeway(leeway), jwt.WithTimeFunc(t.now), jwt.WithStrictDecoding())
	if err != nil {
		return nil, fault.Unauthenticated().WithCause(fmt.Errorf("token: %w", err))
	}
	if c.IssuedAt != nil && c.IssuedAt.After(t.now().Add(maxAhead)) {
		return nil, fault.Unauthenticated().WithCause(errors.New("token: issued in the future"))
	}
	return c, nil
}

func toClaims(p tenancy.Principal, now, expires time.Time, audience string) *claims {
	return &claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Subject: p.ID, Audience: jwt.ClaimStrings{audience},
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(expires),
		},
		Caller: p,
	}
}

func person(k tenancy.Kind) bool {
	switch k {
	case tenancy.Member, tenancy.HQ, tenancy.Dealer, tenancy.Franchisee:
		return true
	}
	return false
}
