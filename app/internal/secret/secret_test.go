package secret

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheSecretIsMadeOnceForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "secret.key")
	keys := make([][]byte, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Add(1)
		go func() {
			defer wg.Done()
			ring, err := Load(path)
			if err == nil {
				keys[i] = ring.Key(Tokens)
			}
		}()
	}
	wg.Wait()
	for _, key := range keys {
		require.Len(t, key, 32)
		require.Equal(t, keys[0], key)
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestPurposesNeverShareAKey(t *testing.T) {
	ring, err := New(make([]byte, 32))
	require.NoError(t, err)
	require.NotEqual(t, ring.Key(Tokens), ring.Key(Branches))
	_, err = New(make([]byte, 31))
	require.Error(t, err)
}

func TestADamagedSecretIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	require.NoError(t, os.WriteFile(path, []byte("not hex"), 0o600))
	_, err := Load(path)
	require.ErrorContains(t, err, path)
}
