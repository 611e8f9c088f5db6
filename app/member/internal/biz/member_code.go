package biz

import (
	"crypto/rand"
	"fmt"
	"math/big"
)

// Bounds of the codes that members show at tills.
const (
	MemberCodeTTLUS = 120 * 1_000_000
	// MaxMemberCodeMisses is how many wrong codes the tills of one store may send within MissesWindowUS: even if all
	// members had a code at once, guessing would be hopeless.
	MaxMemberCodeMisses = 20
	MissesWindowUS      = 10 * 60 * 1_000_000
	memberCodeSpace     = 100_000_000
	// memberCodeScope takes the place of the row's id in the hash: a till's code must be found by its hash alone.
	memberCodeScope = "member-code"
)

// NewMemberCode draws a code of eight digits.
func NewMemberCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(memberCodeSpace))
	if err != nil {
		return "", fmt.Errorf("draw a member code: %w", err)
	}
	return fmt.Sprintf("%08d", n.Int64()), nil
}

// HashMemberCode hides a code and finds it again.
func HashMemberCode(key []byte, code string) string { return HashCode(key, memberCodeScope, code) }

// Misses are the wrong codes that the tills of a store have sent since a time.
type Misses struct {
	N       int
	SinceUS int64
}

// Within forgets what is older than the window, and refuses a store that has guessed too often.
func (m Misses) Within(atUS int64) (Misses, error) {
	if atUS >= m.SinceUS+MissesWindowUS {
		return Misses{SinceUS: atUS}, nil
	}
	if m.N >= MaxMemberCodeMisses {
		return m, TooManyMisses{RetryAfterS: max(1, (m.SinceUS+MissesWindowUS-atUS)/1_000_000+1)}
	}
	return m, nil
}
