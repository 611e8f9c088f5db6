// Package page bounds lists and makes the tokens that continue them.
//
// Always true:
//   - A page has at most MaxSize rows.
//   - A token names the key of the last row that was seen, never an offset: rows that come or go do not shift the rest.
//   - A token is bound to its query (list, filters, order, and whose list it is). Under another query, with one bit
//     changed, or made by somebody else it is ErrToken. It may be read by its holder: it holds nothing that the page before
//     did not show.
package page

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// DefaultSize is the size of a page when the caller names none, MaxSize the largest.
const (
	DefaultSize = 50
	MaxSize     = 200
)

// Bounds of a token: a list is ordered by a few short columns.
const (
	maxKeys  = 8
	maxToken = 2048
)

const (
	version = 1
	macLen  = 16
)

// ErrToken is a token that this query did not give out. Its reason at the edge is PAGE_TOKEN_INVALID.
var ErrToken error = tokenError{}

type tokenError struct{}

func (tokenError) Error() string {
	return "the page token does not belong to this query: start again without one"
}

// Fault is the public face of the error.
func (e tokenError) Fault() (code int, reason, message string, metadata map[string]string) {
	return 400, "PAGE_TOKEN_INVALID", e.Error(), map[string]string{"field": "page_token"}
}

// Size clamps what a caller asks for: nothing or less is DefaultSize, more than MaxSize is MaxSize.
func Size[N ~int | ~int32 | ~int64 | ~uint32](asked N) int {
	switch {
	case asked <= 0:
		return DefaultSize
	case asked > MaxSize:
		return MaxSize
	}
	return int(asked)
}

// Query writes the parts of a query so that two different queries never look alike. Give it the method, each filter, the
// order, and the principal's organisation or member.
func Query(parts ...string) string {
	var b strings.Builder
	for _, part := range parts {
		b.Write(binary.AppendUvarint(nil, uint64(len(part))))
		b.WriteString(part)
	}
	return b.String()
}

// Encode makes the token that continues query after the row with the key columns after. It panics on more columns or
// longer ones than a list has: the next page would be refused.
func Encode(secret []byte, query string, after ...string) string {
	body := []byte{version, byte(len(after))}
	for _, column := range after {
		body = binary.AppendUvarint(body, uint64(len(column)))
		body = append(body, column...)
	}
	token := base64.RawURLEncoding.EncodeToString(append(body, mac(secret, query, body)...))
	if len(after) == 0 || len(after) > maxKeys || len(token) > maxToken {
		panic("page: a list is ordered by 1 to 8 short columns")
	}
	return token
}

// Decode returns the key columns of the row to continue after, or ErrToken. The empty token is the first page: no columns.
func Decode(secret []byte, token, query string) ([]string, error) {
	if token == "" {
		return nil, nil
	}
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") { // the decoder would skip line breaks
		return nil, ErrToken
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < 2+macLen || raw[0] != version {
		return nil, ErrToken
	}
	body, sum := raw[:len(raw)-macLen], raw[len(raw)-macLen:]
	if subtle.ConstantTimeCompare(sum, mac(secret, query, body)) != 1 {
		return nil, ErrToken
	}

	after := make([]string, 0, maxKeys)
	for rest := body[2:]; len(rest) > 0; {
		length, read := binary.Uvarint(rest)
		if read <= 0 || length > uint64(len(rest)-read) || len(after) == maxKeys {
			return nil, ErrToken
		}
		rest = rest[read:]
		after = append(after, string(rest[:length]))
		rest = rest[length:]
	}
	if len(after) != int(body[1]) {
		return nil, ErrToken
	}
	return after, nil
}

// mac covers the query and the body; the query's length keeps the two apart.
func mac(secret []byte, query string, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(query)))
	h.Write(length[:])
	h.Write([]byte(query))
	h.Write(body)
	return h.Sum(nil)[:macLen]
}
