package authn

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/onepool/onepool/app/internal/fault"
)

const (
	// SignatureWindowS is how far a signed request's time may be from ours, in both directions.
	SignatureWindowS = 5 * 60
	minNonceBytes    = 8
	maxNonceBytes    = 64
	microsPerSecond  = 1_000_000
)

// Signed is a request as its sender signed it: over the raw bytes, before anything is decoded.
type Signed struct {
	Method, Path string
	TimestampS   int64
	Nonce        string
	// BodySHA256 is the hex digest of the raw body; BodySHA256Of makes it.
	BodySHA256 string
	// Signature is the hex HMAC-SHA256 that came with the request.
	Signature string
}

// BodySHA256Of is the hex digest of a raw body.
func BodySHA256Of(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Sign returns the signature of s under secret: the hex HMAC-SHA256 of method, path, timestamp, nonce and the body's
// digest, one a line.
func Sign(secret []byte, s Signed) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(strings.Join([]string{s.Method, s.Path, strconv.FormatInt(s.TimestampS, 10), s.Nonce, s.BodySHA256}, "\n")))
	return hex.EncodeToString(mac.Sum(nil))
}

// NonceStore remembers nonces until the window is over.
type NonceStore interface {
	// UseNonce records (scope, nonce) and says whether it was new. It may forget it after expiresUS.
	UseNonce(ctx context.Context, scope, nonce string, expiresUS int64) (fresh bool, err error)
}

// VerifySignature refuses a wrong or stale signature (SIGNATURE_INVALID) and a nonce that scope (the key, the payment
// provider) has used before (REPLAYED). The nonce is used up only by a request whose signature is right.
func VerifySignature(ctx context.Context, secret []byte, s Signed, nowUS int64, scope string, nonces NonceStore) error {
	if len(secret) == 0 || len(s.Nonce) < minNonceBytes || len(s.Nonce) > maxNonceBytes || strings.ContainsAny(s.Method+s.Path+s.Nonce+s.BodySHA256, "\n") {
		return fault.SignatureInvalid()
	}
	if !hmac.Equal([]byte(Sign(secret, s)), []byte(strings.ToLower(s.Signature))) {
		return fault.SignatureInvalid()
	}
	nowS := nowUS / microsPerSecond
	if s.TimestampS < nowS-SignatureWindowS || s.TimestampS > nowS+SignatureWindowS {
		return fault.SignatureInvalid()
	}
	// As long as the timestamp would still be taken, the nonce must be known.
	expiresUS := (s.TimestampS + SignatureWindowS + 1) * microsPerSecond
	fresh, err := nonces.UseNonce(ctx, scope, s.Nonce, expiresUS)
	if err != nil {
		return fmt.Errorf("use nonce: %w", err)
	}
	if !fresh {
		return fault.Replayed()
	}
	return nil
}
