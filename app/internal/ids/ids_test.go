package ids

import (
	"bytes"
	"math"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestNewHasPrefixFixedLengthAndTime(t *testing.T) {
	form := regexp.MustCompile(`^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$`)
	seen := map[string]bool{}
	for range 10_000 {
		id := New("ord")
		require.Regexp(t, form, id)
		require.False(t, seen[id], "twice: %s", id)
		seen[id] = true
	}
	before := New("mov")
	time.Sleep(3 * time.Millisecond) // the one thing under test is the clock in the id
	require.Less(t, before, New("mov"))
}

func TestIdentifiersOfOneProcessSortInTheOrderOfTheirMaking(t *testing.T) {
	var m maker
	last := [16]byte{}
	for i, ms := range []uint64{5, 5, 5, 4, 5, 6, 6, 1} { // a clock may go back
		next := m.after(ms)
		require.Positive(t, bytes.Compare(next[:], last[:]), i)
		last = next
	}
	m.lo, m.hi = math.MaxUint64, 6<<16|math.MaxUint16
	raw := m.after(6)
	require.Equal(t, byte(7), raw[5], "what overflows is of the next millisecond")

	made := make(chan []string, 8)
	for range cap(made) {
		go func() {
			list := make([]string, 2000)
			for i := range list {
				list[i] = New("x")
			}
			made <- list
		}()
	}
	seen := map[string]bool{}
	for range cap(made) {
		list := <-made
		require.True(t, slices.IsSorted(list))
		for _, id := range list {
			require.False(t, seen[id])
			seen[id] = true
		}
	}
}

func TestEncodingKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a, b [16]byte
		copy(a[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "a"))
		copy(b[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "b"))
		textA, textB := encode(a), encode(b)
		require.Equal(t, bytes.Compare(a[:], b[:]), compare(textA, textB))
		require.True(t, validBody(textA), textA)
	})
}

func compare(a, b string) int { return bytes.Compare([]byte(a), []byte(b)) }

func TestDerivedIsAFunctionAndKeepsPartsApart(t *testing.T) {
	require.Equal(t, "req_1wknch0hdwh1vfkm1skezv0q3a", Derived("req", "a", "b"), "identifiers derived by an earlier release must be found again")
	require.NotEqual(t, Derived("req", "ab", "c"), Derived("req", "a", "bc"))
	require.NotEqual(t, Derived("req"), Derived("req", ""))
	require.Regexp(t, `^req_[0-7][0-9a-hjkmnp-tv-z]{25}$`, Derived("req", "x"))
}

func TestGIDHasOneLengthSoNoneIsAPrefixOfAnother(t *testing.T) {
	form := regexp.MustCompile(`^[a-z0-9]{2}-[a-z0-9]{26}-[0-9]{2}$`)
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.StringMatching(`[a-z0-9]{2}`).Draw(t, "kind")
		prefix := rapid.StringMatching(`[a-z]{1,8}(_[a-z]{1,3})?`).Draw(t, "prefix")
		attempt := rapid.IntRange(0, MaxAttempt).Draw(t, "attempt")
		id := New(prefix)
		gid := GID(kind, id, attempt)
		require.Len(t, gid, GIDLen)
		require.Regexp(t, form, gid)
		require.True(t, ValidGID(gid))
		require.Equal(t, gid, GID(kind, id, attempt))
	})
}

func TestGIDRefusesWhatWouldBreakItsLength(t *testing.T) {
	id := New("ord")
	for name, call := range map[string]func(){
		"kind of three": func() { GID("ord", id, 1) },
		"kind of one":   func() { GID("o", id, 1) },
		"capital kind":  func() { GID("OR", id, 1) },
		"short id":      func() { GID("or", "ord_1", 1) },
		"attempt 100":   func() { GID("or", id, 100) },
		"attempt -1":    func() { GID("or", id, -1) },
	} {
		require.Panics(t, call, name)
	}
	for _, bad := range []string{"", GID("or", id, 1) + "0", GID("or", id, 1)[1:], "or_" + GID("or", id, 1)[3:], "or-8" + GID("or", id, 1)[4:], "or-ilou" + GID("or", id, 1)[7:]} {
		require.False(t, ValidGID(bad), bad)
	}
}
