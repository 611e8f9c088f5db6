package entgen_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/entgen"
)

// The committed client is what the schema gives today; the same test, in a center, proves that its client is fresh.
func TestTheSamplesClientIsFresh(t *testing.T) {
	const committed = "../entsample/ent"
	fresh := t.TempDir()
	require.NoError(t, entgen.Generate("../entsample/entschema", fresh, "github.com/onepool/onepool/app/internal/entsample/ent"))
	want, got := read(t, fresh), read(t, committed)
	require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
	for name := range want {
		require.True(t, want[name] == got[name], "%s is stale: run the command entgen", name)
	}
}

func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		// ent writes its own version where the program's build information has it: not in a test.
		got[rel], _, _ = strings.Cut(string(body), "\nconst (\n\tVersion")
		return err
	}))
	return got
}

func TestTheWorkingDirectoryIsAsBefore(t *testing.T) {
	before, err := os.Getwd()
	require.NoError(t, err)
	_, err = entgen.Tables("no/such/schema")
	require.Error(t, err)
	after, err := os.Getwd()
	require.NoError(t, err)
	require.Equal(t, before, after)
}
