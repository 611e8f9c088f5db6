package saga

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestASignatureCoversEachPart(t *testing.T) {
	t.Parallel()
	old, now := []byte(strings.Repeat("o", MinSecretLen)), []byte(strings.Repeat("n", MinSecretLen))
	s, err := newSigner(now, nil)
	require.NoError(t, err)
	b := Branch{GID: "gid", ID: "01", Op: "action"}
	mac := s.sign(b, "/a.B/C", []byte("payload"))
	others := []string{"", "AAAA", "%%%"}
	require.True(t, s.verify(b, "/a.B/C", []byte("payload"), append(others, mac)))
	require.False(t, s.verify(b, "/a.B/C", []byte("payload"), others))
	require.False(t, s.verify(b, "/a.B/C", []byte("payload"), nil))
	for name, changed := range map[string]Branch{
		"gid": {GID: "gie", ID: "01", Op: "action"}, "id": {GID: "gid", ID: "02", Op: "action"}, "op": {GID: "gid", ID: "01", Op: "undo"},
		"shifted": {GID: "gid0", ID: "1", Op: "action"},
	} {
		require.False(t, s.verify(changed, "/a.B/C", []byte("payload"), []string{mac}), name)
	}
	require.False(t, s.verify(b, "/a.B/D", []byte("payload"), []string{mac}))
	require.False(t, s.verify(b, "/a.B/C", []byte("payloae"), []string{mac}))

	t.Run("an old key is accepted as long as it is named", func(t *testing.T) {
		before, err := newSigner(old, nil)
		require.NoError(t, err)
		mac := before.sign(b, "/a.B/C", nil)
		require.False(t, s.verify(b, "/a.B/C", nil, []string{mac}))
		during, err := newSigner(now, [][]byte{old})
		require.NoError(t, err)
		require.True(t, during.verify(b, "/a.B/C", nil, []string{mac}))
		require.Equal(t, s.sign(b, "/a.B/C", nil), during.sign(b, "/a.B/C", nil), "it signs with the new one")
	})
}
