package biz

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"math/big"
)

// Bounds of one-time codes.
const (
	CodeTTLUS = 5 * 60 * 1_000_000
	// MaxCodeAttempts is how often one code may be tried.
	MaxCodeAttempts = 5
	// MaxCodesAnHour bounds the codes of one phone.
	MaxCodesAnHour = 10
	// CodeWindowUS is the hour in which they are counted.
	CodeWindowUS = 60 * 60 * 1_000_000
	codeSpace    = 1_000_000
)

// Code is a one-time code as it is kept: never the code itself.
type Code struct {
	ID, PhoneHash string
	Hash          string
	ExpiresUS     int64
	Attempts      int
	Used          bool
	AtUS          int64
}

// NewCode draws a code of six digits.
func NewCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(codeSpace))
	if err != nil {
		return "", fmt.Errorf("draw a code: %w", err)
	}
	return fmt.Sprintf("%06d", n.Int64()), nil
}

// HashCode hides a code: with a key, since six digits are guessed from a plain hash at once, and with the id of its
// row, so that two rows with the same code do not look alike.
func HashCode(key []byte, id, code string) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%d:%s:%s", len(id), id, code)
	return hex.EncodeToString(mac.Sum(nil))
}

// Try uses one attempt. It says whether the code is right; then it is used up.
func (c *Code) Try(key []byte, code string, atUS int64) bool {
	if c.Used || atUS >= c.ExpiresUS || c.Attempts >= MaxCodeAttempts {
		return false
	}
	c.Attempts++
	if subtle.ConstantTimeCompare([]byte(HashCode(key, c.ID, code)), []byte(c.Hash)) != 1 {
		return false
	}
	c.Used = true
	return true
}

// MayIssue says whether a phone may have another code, given when its codes of the last hour were made.
func MayIssue(madeUS []int64, atUS int64) error {
	recent, oldest := 0, atUS
	for _, made := range madeUS {
		if made > atUS-CodeWindowUS {
			recent++
			oldest = min(oldest, made)
		}
	}
	if recent >= MaxCodesAnHour {
		return TooMany{RetryAfterS: max(1, (oldest+CodeWindowUS-atUS)/1_000_000+1)}
	}
	return nil
}
