package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/onepool/internal/importer"
)

// The real directory holds one store number twice, one of the two without a position: the row is named, the rest is kept,
// and the second run changes nothing.
func TestARealStoreDirectoryIsImported(t *testing.T) {
	folder := os.Getenv("ONEPOOL_DATA")
	if testing.Short() || folder == "" {
		t.Skip("ONEPOOL_DATA names no data folder")
	}
	p := serve(t, t.TempDir())
	load := func() (sum importer.Summary) {
		cmd := exec.Command(filepath.Join(build(t, "onepool"), "onepool"), "import", "stores", filepath.Join(folder, "stores_starbucks.csv.gz"), "--json",
			"--server", p.ready.HTTP, "--token-file", filepath.Join(p.data, "admin.key"),
			"--map", "code=store_number", "--map", "province=state", "--map", "ownership:=direct", "--map", "org_code:=HQ")
		out, err := cmd.Output()
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(out, &sum))
		return sum
	}
	for run, created := range []int64{25_599, 0} {
		sum := load()
		require.EqualValues(t, 25_600, sum.Rows)
		require.Equal(t, created, sum.Created, "run %d", run+1)
		require.Equal(t, 25_599-created, sum.Unchanged)
		require.Zero(t, sum.Updated)
		require.Len(t, sum.Errors, 1)
		require.Equal(t, "GEO_INVALID", sum.Errors[0].Reason)
		require.EqualValues(t, 8030, sum.Errors[0].Line)
	}
	p.interrupt(t)
}
