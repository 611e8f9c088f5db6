package service

import (
	"context"
	"testing"

	"github.com/go-kratos/kratos/v2/transport"
	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// inside is a call that another center makes on behalf of the caller: it goes through the real authentication.
func (b *bench) inside(t *testing.T, ctx context.Context) context.Context {
	t.Helper()
	p, err := tenancy.FromContext(ctx)
	require.NoError(t, err)
	token, err := b.tokens.IssueInternal("order", p)
	require.NoError(t, err)
	var seen context.Context
	check := authn.New(b.tokens, nil).Middleware()(func(ctx context.Context, _ any) (any, error) {
		seen = ctx
		return nil, nil
	})
	_, err = check(transport.NewServerContext(t.Context(), headers{authn.HeaderInternal: "Bearer " + token}), nil)
	require.NoError(t, err)
	return seen
}

// headers are those of a request.
type headers map[string]string

func (headers) Kind() transport.Kind              { return transport.KindGRPC }
func (headers) Endpoint() string                  { return "" }
func (headers) Operation() string                 { return "/test" }
func (w headers) RequestHeader() transport.Header { return w }
func (headers) ReplyHeader() transport.Header     { return headers{} }
func (w headers) Get(key string) string           { return w[key] }
func (w headers) Set(key, value string)           { w[key] = value }
func (w headers) Add(key, value string)           { w[key] = value }
func (headers) Keys() []string                    { return nil }
func (w headers) Values(key string) []string {
	if v, ok := w[key]; ok {
		return []string{v}
	}
	return nil
}
