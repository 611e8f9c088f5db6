package authn

import (
	"context"
	"errors"
	"testing"

	kerrors "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
)

type nonces struct {
	seen map[string]int64
	err  error
}

func (n *nonces) UseNonce(_ context.Context, scope, nonce string, expiresUS int64) (bool, error) {
	if n.err != nil {
		return false, n.err
	}
	_, used := n.seen[scope+nonce]
	n.seen[scope+nonce] = expiresUS
	return !used, nil
}

func signed(body string) Signed {
	s := Signed{Method: "POST", Path: "/channel/v1/orders", TimestampS: now.Unix(), Nonce: "nonce-0001", BodySHA256: BodySHA256Of([]byte(body))}
	s.Signature = Sign(secret, s)
	return s
}

func TestASignedRequestIsTakenOnce(t *testing.T) {
	store := &nonces{seen: map[string]int64{}}
	s := signed(`{"a":1}`)
	require.NoError(t, VerifySignature(t.Context(), secret, s, now.UnixMicro(), "k1", store))
	err := VerifySignature(t.Context(), secret, s, now.UnixMicro(), "k1", store)
	require.Equal(t, "REPLAYED", kerrors.Reason(err))
	require.Equal(t, 401, kerrors.Code(err))
	require.NoError(t, VerifySignature(t.Context(), secret, s, now.UnixMicro(), "k2", store), "another sender has nonces of its own")
	require.Greater(t, store.seen["k1nonce-0001"], now.UnixMicro()+SignatureWindowS*microsPerSecond, "known longer than the timestamp is taken")
}

func TestWrongSignaturesUseUpNoNonce(t *testing.T) {
	for name, change := range map[string]func(*Signed){
		"method":        func(s *Signed) { s.Method = "PUT" },
		"path":          func(s *Signed) { s.Path += "x" },
		"time":          func(s *Signed) { s.TimestampS++ },
		"nonce":         func(s *Signed) { s.Nonce = "nonce-0002" },
		"body":          func(s *Signed) { s.BodySHA256 = BodySHA256Of([]byte(`{"a":2}`)) },
		"signature":     func(s *Signed) { s.Signature = Sign([]byte("another"), *s) },
		"no signature":  func(s *Signed) { s.Signature = "" },
		"stale":         func(s *Signed) { s.TimestampS -= SignatureWindowS + 1; s.Signature = Sign(secret, *s) },
		"from tomorrow": func(s *Signed) { s.TimestampS += SignatureWindowS + 1; s.Signature = Sign(secret, *s) },
		"short nonce":   func(s *Signed) { s.Nonce = "n"; s.Signature = Sign(secret, *s) },
		"line break":    func(s *Signed) { s.Nonce = "nonce\n0001"; s.Signature = Sign(secret, *s) },
	} {
		store := &nonces{seen: map[string]int64{}}
		s := signed(`{"a":1}`)
		change(&s)
		err := VerifySignature(t.Context(), secret, s, now.UnixMicro(), "k1", store)
		require.Equal(t, "SIGNATURE_INVALID", kerrors.Reason(err), name)
		require.Empty(t, store.seen, name)
	}
	require.Error(t, VerifySignature(t.Context(), nil, signed(""), now.UnixMicro(), "k1", &nonces{seen: map[string]int64{}}), "no secret, no signature")
}

func TestTheEdgeOfTheWindow(t *testing.T) {
	for _, d := range []int64{-SignatureWindowS, SignatureWindowS} {
		s := signed("")
		s.TimestampS += d
		s.Signature = Sign(secret, s)
		require.NoError(t, VerifySignature(t.Context(), secret, s, now.UnixMicro(), "k", &nonces{seen: map[string]int64{}}))
	}
}

func TestANonceStoreThatIsDownRefusesNothing(t *testing.T) {
	down := errors.New("down")
	require.ErrorIs(t, VerifySignature(t.Context(), secret, signed(""), now.UnixMicro(), "k", &nonces{err: down}), down)
}
