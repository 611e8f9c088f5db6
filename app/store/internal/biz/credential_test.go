package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAKeyNamesItsOwnerAndProvesIt(t *testing.T) {
	s := NewSecrets([]byte("root"))
	key := s.Key("dev_01")
	require.Equal(t, key, s.Key("dev_01"), "a repeat is answered with the same key")
	require.NotEqual(t, key, s.Key("dev_02"))
	require.NotEqual(t, key, NewSecrets([]byte("other")).Key("dev_01"))
	id, ok := SplitKey(key)
	require.True(t, ok)
	require.Equal(t, "dev_01", id)
	require.True(t, KeyMatches(key, HashKey(key)))
	require.False(t, KeyMatches(key, HashKey(s.Key("dev_02"))))
	require.False(t, KeyMatches("", ""))
	for _, bad := range []string{"", "opk_", "opk__x", "opk_dev", "xyz_dev_01_s", "opk_dev_"} {
		_, ok := SplitKey(bad)
		require.False(t, ok, bad)
	}
}
