package page

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var secret = []byte("a secret of the test")

func TestTokenRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		query := rapid.String().Draw(t, "query")
		after := rapid.SliceOfN(rapid.StringN(0, 20, 80), 1, maxKeys).Draw(t, "after")
		got, err := Decode(secret, Encode(secret, query, after...), query)
		require.NoError(t, err)
		require.Equal(t, after, got)
	})
}

func TestAnAlteredTokenIsRefused(t *testing.T) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ \x00"
	rapid.Check(t, func(t *rapid.T) {
		token := []byte(Encode(secret, "orders", "2026-01-02", "ord_1"))
		at := rapid.IntRange(0, len(token)-1).Draw(t, "at")
		letter := letters[rapid.IntRange(0, len(letters)-1).Draw(t, "letter")]
		if token[at] == letter {
			t.Skip("not altered")
		}
		token[at] = letter
		_, err := Decode(secret, string(token), "orders")
		require.ErrorIs(t, err, ErrToken)
	})
}

func TestAForeignTokenIsRefused(t *testing.T) {
	token := Encode(secret, Query("orders", "paid"), "k")
	for name, decode := range map[string]func() ([]string, error){
		"other query":     func() ([]string, error) { return Decode(secret, token, Query("orders", "closed")) },
		"same length":     func() ([]string, error) { return Decode(secret, token, Query("orders", "open")) },
		"parts moved":     func() ([]string, error) { return Decode(secret, token, Query("orderspaid")) },
		"other secret":    func() ([]string, error) { return Decode([]byte("another"), token, Query("orders", "paid")) },
		"cut":             func() ([]string, error) { return Decode(secret, token[:len(token)-1], Query("orders", "paid")) },
		"longer":          func() ([]string, error) { return Decode(secret, token+"A", Query("orders", "paid")) },
		"line break":      func() ([]string, error) { return Decode(secret, token+"\n", Query("orders", "paid")) },
		"garbage":         func() ([]string, error) { return Decode(secret, "x", Query("orders", "paid")) },
		"very long":       func() ([]string, error) { return Decode(secret, strings.Repeat("A", 1<<20), Query("orders", "paid")) },
		"non-ascii bytes": func() ([]string, error) { return Decode(secret, "é\xff", Query("orders", "paid")) },
	} {
		_, err := decode()
		require.ErrorIs(t, err, ErrToken, name)
	}
}

func TestRandomTokensAreRefusedWithoutPanic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		token := rapid.StringN(1, 100, -1).Draw(t, "token")
		_, err := Decode(secret, token, "orders")
		require.ErrorIs(t, err, ErrToken)
	})
}

func TestTheEmptyTokenIsTheFirstPage(t *testing.T) {
	after, err := Decode(secret, "", "orders")
	require.NoError(t, err)
	require.Empty(t, after)
}

func TestSizeIsClamped(t *testing.T) {
	for asked, want := range map[int32]int{-1: 50, 0: 50, 1: 1, 200: 200, 201: 200, 1 << 30: 200} {
		require.Equal(t, want, Size(asked))
	}
}

func TestEncodeRefusesWhatCouldNotComeBack(t *testing.T) {
	require.Panics(t, func() { Encode(secret, "q") })
	require.Panics(t, func() { Encode(secret, "q", make([]string, maxKeys+1)...) })
	require.Panics(t, func() { Encode(secret, "q", strings.Repeat("x", maxToken)) })
}

func TestQueryKeepsPartsApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(rapid.String(), 0, 4).Draw(t, "a")
		b := rapid.SliceOfN(rapid.String(), 0, 4).Draw(t, "b")
		require.Equal(t, strings.Join(a, "\x00|") == strings.Join(b, "\x00|") && len(a) == len(b), Query(a...) == Query(b...))
	})
}
