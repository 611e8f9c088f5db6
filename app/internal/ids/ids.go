// Package ids makes the opaque identifiers of the platform.
//
// Always true:
//   - New returns prefix + "_" + 26 characters of [0-9a-z] without i, l, o, u: 48 bits of Unix milliseconds, then 80 random
//     bits, most significant first. Those of one process sort in the order in which they were made, others roughly by their
//     time. "Roughly" is all: clocks differ and transactions commit out of order, so nothing may page or replicate by
//     identifier.
//   - Derived is a function of its arguments and has the same form; it is for identifiers that a repeat must find again.
//   - GID is always 32 characters of [a-z0-9-]. The transaction coordinator's embedded store mixes up identifiers of which
//     one is a prefix of another; one fixed length makes that impossible.
package ids

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
	"sync"
	"time"
)

// BodyLen is the number of characters after the prefix's underscore.
const BodyLen = 26

// GIDLen is the one length of every global transaction id.
const GIDLen = 32

// MaxAttempt is the highest attempt that fits the two digits of a GID.
const MaxAttempt = 99

// alphabet is Crockford's base 32 in lower case: in ASCII order, so that text order is bit order.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// New returns a fresh identifier such as "ord_01jd8w4z8k3q7c9m2v5x6y0t1r".
func New(prefix string) string {
	return prefix + "_" + encode(latest.after(uint64(time.Now().UnixMilli())))
}

// maker remembers the last identifier, so that the next one is above it.
type maker struct {
	mu     sync.Mutex
	hi, lo uint64
}

var latest maker

// after is a fresh value of that millisecond; in the one of the last value, or an earlier one, it lies above that by a random
// step of up to 2^56, which nobody guesses.
func (m *maker) after(ms uint64) (raw [16]byte) {
	var fresh [10]byte
	rand.Read(fresh[:]) // never fails: the runtime ends the process if the system has no randomness
	m.mu.Lock()
	defer m.mu.Unlock()
	if ms > m.hi>>16 {
		m.hi, m.lo = ms<<16|uint64(binary.BigEndian.Uint16(fresh[:2])), binary.BigEndian.Uint64(fresh[2:])
	} else {
		var carry uint64
		m.lo, carry = bits.Add64(m.lo, binary.BigEndian.Uint64(fresh[2:])>>8+1, 0)
		m.hi += carry
	}
	binary.BigEndian.PutUint64(raw[:8], m.hi)
	binary.BigEndian.PutUint64(raw[8:], m.lo)
	return raw
}

// Derived returns the identifier that belongs to parts: the same parts give the same identifier, on every machine and
// after every restart. Parts are length-prefixed before hashing, so ("ab","c") and ("a","bc") differ.
func Derived(prefix string, parts ...string) string {
	h := sha256.New()
	var size [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	var raw [16]byte
	copy(raw[:], h.Sum(nil))
	return prefix + "_" + encode(raw)
}

// GID names one attempt of a distributed transaction: two characters for its kind, the body of the business id, and the
// attempt in two digits. It panics on a kind, id or attempt that would break the one fixed length: such a gid could make
// the coordinator lose branches of another transaction, which is worse than a failed request.
func GID(kind2, id string, attempt int) string {
	body := id[strings.LastIndexByte(id, '_')+1:]
	if len(kind2) != 2 || !lowerAlnum(kind2) || !validBody(body) || attempt < 0 || attempt > MaxAttempt {
		panic(fmt.Sprintf("ids: no gid of kind %q, id %q, attempt %d", kind2, id, attempt))
	}
	return fmt.Sprintf("%s-%s-%02d", kind2, body, attempt)
}

// ValidGID says whether gid has the form that GID gives.
func ValidGID(gid string) bool {
	return len(gid) == GIDLen && lowerAlnum(gid[:2]) && gid[2] == '-' && validBody(gid[3:29]) && gid[29] == '-' &&
		digit(gid[30]) && digit(gid[31])
}

// encode writes 128 bits as 26 characters, the first of which carries three bits.
func encode(raw [16]byte) string {
	hi, lo := binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])
	var out [BodyLen]byte
	for i := BodyLen - 1; i >= 0; i-- {
		out[i] = alphabet[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}

func validBody(body string) bool {
	if len(body) != BodyLen || body[0] > '7' {
		return false
	}
	for i := range len(body) {
		if strings.IndexByte(alphabet, body[i]) < 0 {
			return false
		}
	}
	return true
}

func lowerAlnum(s string) bool {
	for i := range len(s) {
		if !digit(s[i]) && (s[i] < 'a' || s[i] > 'z') {
			return false
		}
	}
	return true
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
