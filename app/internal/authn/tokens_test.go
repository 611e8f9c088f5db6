package authn

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/go-kratos/kratos/v2/errors"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/tenancy"
)

var (
	secret = []byte("0123456789abcdef0123456789abcdef")
	now    = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
)

func tokens(t *testing.T, at time.Time) *Tokens {
	t.Helper()
	tk, err := NewTokens(secret, func() time.Time { return at })
	require.NoError(t, err)
	return tk
}

var guide = tenancy.Principal{
	Kind: tenancy.Franchisee, ID: "stf_1", Org: "org_f1", Store: "S-1", Roles: []string{"guide"}, Scope: tenancy.Scope{Orgs: []string{"org_f1"}},
}

func TestATokenBringsBackWhomItWasIssuedTo(t *testing.T) {
	tk := tokens(t, now)
	for _, p := range []tenancy.Principal{
		guide,
		{Kind: tenancy.Member, ID: "mem_1", Member: "mem_1", Channel: "miniprogram", Scope: tenancy.Scope{Member: "mem_1"}},
		{Kind: tenancy.Dealer, ID: "stf_2", Org: "org_d", Scope: tenancy.Scope{Orgs: []string{"org_d", "org_f1"}}},
	} {
		token, expires, err := tk.Issue(p, time.Hour)
		require.NoError(t, err)
		require.Equal(t, now.Add(time.Hour).UnixMicro(), expires)
		back, err := tk.Verify(token)
		require.NoError(t, err)
		require.Equal(t, p, back)
	}
}

func TestATokenWithoutAScopeGetsThatOfItsKind(t *testing.T) {
	tk := tokens(t, now)
	token, _, err := tk.Issue(tenancy.Principal{Kind: tenancy.HQ, ID: "stf_3", Org: "org_hq"}, time.Hour)
	require.NoError(t, err)
	p, err := tk.Verify(token)
	require.NoError(t, err)
	require.True(t, p.Scope.All)
}

// The process that verifies is not the one that issued, and clocks are set back.
func TestATokenIsOfUseWhereTheClockIsBehind(t *testing.T) {
	token, _, err := tokens(t, now).Issue(guide, time.Hour)
	require.NoError(t, err)
	_, err = tokens(t, now.Add(-5*time.Minute)).Verify(token)
	require.NoError(t, err)
	_, err = tokens(t, now.Add(time.Hour+time.Second)).Verify(token)
	require.Equal(t, 401, errors.Code(err), "its end is exact")
}

func TestOnlyPeopleGetTokens(t *testing.T) {
	for _, kind := range []tenancy.Kind{"service", "device", "channel", ""} {
		_, _, err := tokens(t, now).Issue(tenancy.Principal{Kind: kind, ID: "x"}, time.Hour)
		require.ErrorIs(t, err, errKind)
	}
}

func TestASecretHasTheStrengthOfTheHash(t *testing.T) {
	_, err := NewTokens(secret[:31], nil)
	require.Error(t, err)
}

// Everything that can be wrong with a token gives the same answer.
func TestWrongTokens(t *testing.T) {
	tk := tokens(t, now)
	good, _, err := tk.Issue(guide, time.Hour)
	require.NoError(t, err)
	internal, err := tk.IssueInternal("order", guide)
	require.NoError(t, err)
	sign := func(method jwt.SigningMethod, key any, change func(*claims)) string {
		c := toClaims(guide, now, now.Add(time.Hour), audiencePublic)
		change(c)
		s, err := jwt.NewWithClaims(method, c).SignedString(key)
		require.NoError(t, err)
		return s
	}
	same := func(*claims) {}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	parts := strings.Split(good, ".")
	forged := parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"onepool","aud":["onepool"],"sub":"x","caller":{"kind":"hq","id":"x","scope":{"all":true}},"exp":9999999999}`)) + "." + parts[2]

	for name, token := range map[string]string{
		"empty":           "",
		"garbage":         "a.b.c",
		"unsigned":        sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same),
		"wrong algorithm": sign(jwt.SigningMethodHS512, secret, same),
		"public key":      sign(jwt.SigningMethodRS256, rsaKey, same),
		"wrong secret":    sign(jwt.SigningMethodHS256, []byte("ffffffffffffffffffffffffffffffff"), same),
		"expired":         sign(jwt.SigningMethodHS256, secret, func(c *claims) { c.ExpiresAt = jwt.NewNumericDate(now.Add(-time.Second)) }),
		"without expiry":  sign(jwt.SigningMethodHS256, secret, func(c *claims) { c.ExpiresAt = nil }),
		"other audience":  sign(jwt.SigningMethodHS256, secret, func(c *claims) { c.Audience = jwt.ClaimStrings{"elsewhere"} }),
		"other issuer":    sign(jwt.SigningMethodHS256, secret, func(c *claims) { c.Issuer = "elsewhere" }),
		"service":         sign(jwt.SigningMethodHS256, secret, func(c *claims) { c.Caller.Kind = tenancy.Service }),
		"nobody":          sign(jwt.SigningMethodHS256, secret, func(c *claims) { c.Caller.ID = "" }),
		"issued tomorrow": sign(jwt.SigningMethodHS256, secret, func(c *claims) { c.IssuedAt = jwt.NewNumericDate(now.Add(24 * time.Hour)) }),
		"altered":         forged,
		"internal":        internal,
	} {
		_, err := tk.Verify(token)
		require.Equal(t, 401, errors.Code(err), name)
		require.Equal(t, "UNAUTHENTICATED", errors.Reason(err), name)
		_, _, err = tk.VerifyInternal(token)
		if name != "internal" {
			require.Equal(t, 401, errors.Code(err), name)
		}
	}
	_, _, err = tk.VerifyInternal(good)
	require.Equal(t, 401, errors.Code(err), "a person's token is no internal token")
}

func TestAnInternalTokenSaysWhoCallsForWhom(t *testing.T) {
	token, err := tokens(t, now).IssueInternal("order", guide)
	require.NoError(t, err)
	service, p, err := tokens(t, now.Add(60*time.Second)).VerifyInternal(token)
	require.NoError(t, err)
	require.Equal(t, "order", service)
	require.Equal(t, guide, p)

	for _, off := range []time.Duration{-5 * time.Minute, 5 * time.Minute} {
		_, _, err = tokens(t, now.Add(off)).VerifyInternal(token)
		require.NoError(t, err, "a clock %s off must not cut a center off", off)
	}
	_, _, err = tokens(t, now.Add(internalTTL+leeway+time.Second)).VerifyInternal(token)
	require.Equal(t, 401, errors.Code(err))
}
