package persons

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var (
	one = []byte("0123456789abcdef0123456789abcdef")
	two = []byte("fedcba9876543210fedcba9876543210")
)

func safe(t require.TestingT, lookup, encryption []byte) *Safe {
	s, err := New(lookup, encryption)
	require.NoError(t, err)
	return s
}

func TestWhatIsSealedOpensForItsRowOnly(t *testing.T) {
	s, stranger := safe(t, one, two), safe(t, one, one)
	rapid.Check(t, func(t *rapid.T) {
		text, row := rapid.SliceOf(rapid.Byte()).Draw(t, "text"), rapid.String().Draw(t, "row")
		sealed := s.Seal(text, row)
		again := s.Seal(text, row)
		require.NotEqual(t, sealed, again, "the same text twice must not look the same")
		opened, err := s.Open(sealed, row)
		require.NoError(t, err)
		require.True(t, bytes.Equal(text, opened))

		_, err = s.Open(sealed, row+"x")
		require.ErrorIs(t, err, ErrCipher)
		_, err = stranger.Open(sealed, row)
		require.ErrorIs(t, err, ErrCipher)
		at := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
		sealed[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		_, err = s.Open(sealed, row)
		require.ErrorIs(t, err, ErrCipher)
		_, err = s.Open(sealed[:rapid.IntRange(0, len(sealed)-1).Draw(t, "cut")], row)
		require.ErrorIs(t, err, ErrCipher)
	})
}

func TestTheHashIsKeyed(t *testing.T) {
	s := safe(t, one, two)
	require.Equal(t, s.Hash("19900000101"), safe(t, one, one).Hash("19900000101"))
	require.NotEqual(t, s.Hash("19900000101"), s.Hash("19900000102"))
	require.NotEqual(t, s.Hash("19900000101"), safe(t, two, two).Hash("19900000101"))
	require.Len(t, s.Hash(""), 64)
}

func TestKeysHaveTheirLength(t *testing.T) {
	for _, keys := range [][2][]byte{{one[:31], two}, {one, two[:16]}, {nil, nil}} {
		_, err := New(keys[0], keys[1])
		require.Error(t, err)
	}
}
