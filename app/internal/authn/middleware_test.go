package authn

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/go-kratos/kratos/v2/errors"
	"github.com/go-kratos/kratos/v2/transport"
	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/tenancy"
)

type header http.Header

func (h header) Get(key string) string      { return http.Header(h).Get(key) }
func (h header) Set(key, value string)      { http.Header(h).Set(key, value) }
func (h header) Add(key, value string)      { http.Header(h).Add(key, value) }
func (h header) Values(key string) []string { return http.Header(h).Values(key) }
func (h header) Keys() (keys []string) {
	for k := range h {
		keys = append(keys, k)
	}
	return keys
}

type request struct {
	operation string
	header    header
}

func (request) Kind() transport.Kind              { return transport.KindGRPC }
func (request) Endpoint() string                  { return "" }
func (r request) Operation() string               { return r.operation }
func (r request) RequestHeader() transport.Header { return r.header }
func (request) ReplyHeader() transport.Header     { return header{} }

func call(t *testing.T, a *Authenticator, operation string, kv ...string) (got context.Context, err error) {
	t.Helper()
	h := header{}
	for i := 0; i < len(kv); i += 2 {
		h.Add(kv[i], kv[i+1])
	}
	ctx := transport.NewServerContext(t.Context(), request{operation, h})
	_, err = a.Middleware()(func(ctx context.Context, _ any) (any, error) { got = ctx; return nil, nil })(ctx, nil)
	return got, err
}

func TestWhoCalls(t *testing.T) {
	tk, err := NewTokens(secret, nil)
	require.NoError(t, err)
	a := New(tk, &resolver{})
	a.Open("/x/Open")
	a.UseLogins(&logins{})
	token, _, err := tk.IssueStaff(guide, goodLogin, time.Hour)
	require.NoError(t, err)
	internal, err := tk.IssueInternal("order", guide)
	require.NoError(t, err)

	got, err := call(t, a, "/x/Op", "Authorization", "Bearer "+token)
	require.NoError(t, err)
	p, err := tenancy.FromContext(got)
	require.NoError(t, err)
	require.Equal(t, guide, p)
	require.Equal(t, "FORBIDDEN", errors.Reason(RequireService(got)))

	got, err = call(t, a, "/x/Op", "authorization", "bearer "+goodKey)
	require.NoError(t, err)
	p, _ = tenancy.FromContext(got)
	require.Equal(t, tenancy.Kind("device"), p.Kind)

	got, err = call(t, a, "/x/Op", HeaderInternal, "Bearer "+internal)
	require.NoError(t, err)
	p, _ = tenancy.FromContext(got)
	require.Equal(t, guide, p)
	require.NoError(t, RequireService(got))
	service, _ := Service(got)
	require.Equal(t, "order", service)

	got, err = call(t, a, "/x/Open")
	require.NoError(t, err)
	_, err = tenancy.FromContext(got)
	require.Error(t, err)

	for name, kv := range map[string][]string{
		"none":                   {},
		"other scheme":           {"Authorization", "Basic " + token},
		"no token":               {"Authorization", "Bearer "},
		"internal as public":     {"Authorization", "Bearer " + internal},
		"public as internal":     {HeaderInternal, "Bearer " + token},
		"key as internal":        {HeaderInternal, "Bearer " + goodKey},
		"unknown key":            {"Authorization", "Bearer opk_a_b"},
		"two callers":            {"Authorization", "Bearer " + token, "Authorization", "Bearer " + token},
		"a caller and a service": {"Authorization", "Bearer " + token, HeaderInternal, "Bearer " + internal},
	} {
		got, err := call(t, a, "/x/Op", kv...)
		require.Nil(t, got, name)
		require.Equal(t, "UNAUTHENTICATED", errors.Reason(err), name)
	}
	_, err = call(t, a, "/x/Open", "Authorization", "Bearer opk_a_b")
	require.Error(t, err, "wrong credentials are refused on open operations too")
}

// channel knows one key.
type channel struct{ store *nonces }

func (c channel) VerifySignature(ctx context.Context, keyID string, s Signed) (tenancy.Principal, error) {
	if keyID != "k1" {
		return tenancy.Principal{}, errors.Unauthorized("SIGNATURE_INVALID", "unknown key")
	}
	if err := VerifySignature(ctx, secret, s, now.UnixMicro(), keyID, c.store); err != nil {
		return tenancy.Principal{}, err
	}
	return tenancy.Principal{Kind: tenancy.Channel, ID: "acc_1", Org: "org_1", Channel: "tmall"}, nil
}

func TestASignedRequestIsACredential(t *testing.T) {
	tk, err := NewTokens(secret, nil)
	require.NoError(t, err)
	a := New(tk, nil)
	s := signed("{}")
	headers := header{}
	headers.Set(HeaderKeyID, "k1")
	headers.Set(HeaderTimestamp, strconv.FormatInt(s.TimestampS, 10))
	headers.Set(HeaderNonce, s.Nonce)
	headers.Set(HeaderSignature, s.Signature)
	call := func(body string) (p tenancy.Principal, err error) {
		ctx := WithSignedRequest(t.Context(), s.Method, s.Path, []byte(body))
		_, err = a.Middleware()(func(ctx context.Context, _ any) (any, error) {
			p, _ = tenancy.FromContext(ctx)
			return nil, nil
		})(transport.NewServerContext(ctx, request{"/x/Op", headers}), nil)
		return p, err
	}
	_, err = call("{}")
	require.Equal(t, "SIGNATURE_INVALID", errors.Reason(err), "not accepted unless somebody verifies")
	a.UseSignatures(channel{&nonces{seen: map[string]int64{}}})
	_, err = call("{ }")
	require.Equal(t, "SIGNATURE_INVALID", errors.Reason(err), "other bytes")
	p, err := call("{}")
	require.NoError(t, err)
	require.Equal(t, "tmall", p.Channel)
	require.Equal(t, []string{"org_1"}, p.Scope.Orgs)
	_, err = call("{}")
	require.Equal(t, "REPLAYED", errors.Reason(err))
}

func TestRoles(t *testing.T) {
	require.Equal(t, 401, errors.Code(Require(t.Context(), "guide")))
	ctx := tenancy.NewContext(t.Context(), guide)
	require.NoError(t, Require(ctx, "guide"))
	require.NoError(t, Require(ctx, "hq", "franchisee"), "a kind is a role")
	err := Require(ctx, "hq", "finance")
	require.Equal(t, "FORBIDDEN", errors.Reason(err))
	require.Equal(t, "hq or finance", errors.FromError(err).Metadata["need"])
}
