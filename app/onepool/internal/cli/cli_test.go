package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// run is one call of the program: its exit code, standard output and standard error.
func run(args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = Main(args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "table.csv")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// server answers every request with a body, and counts them.
func server(t *testing.T, status int, body string) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func TestExitCodes(t *testing.T) {
	code, out, _ := run("version", "--json")
	require.Equal(t, exitOK, code)
	require.True(t, json.Valid([]byte(out)))

	for _, wrong := range [][]string{{"nonsense"}, {"serve", "--nonsense"}, {"import", "stores"}} {
		code, out, errs := run(wrong...)
		require.Equal(t, exitUsage, code, wrong)
		require.Empty(t, out, wrong)
		require.Contains(t, errs, "onepool --help", wrong)
	}
	code, _, errs := run("serve", "--config", filepath.Join(t.TempDir(), "none.yaml"))
	require.Equal(t, exitFailed, code)
	require.Contains(t, errs, "configuration file")
}

func TestAnImportWithoutAGoodRowFails(t *testing.T) {
	url, asked := server(t, http.StatusOK, `{"created":"1"}`)
	load := func(kind, table string, more ...string) (int, string, string) {
		return run(append([]string{"import", kind, file(t, table), "--server", url, "--token", "opk_x"}, more...)...)
	}
	code, out, errs := load("products", "sku,list_price_minor,currency\nX,abc,CNY\n")
	require.Equal(t, exitFailed, code)
	require.Equal(t, "products: 1 rows, 0 new, 0 changed, 0 unchanged, 1 bad\n", out)
	require.Contains(t, errs, "line 2: NUMBER_INVALID list_price_minor")
	require.Zero(t, asked.Load(), "what cannot be read is not sent")

	code, out, errs = load("products", "sku,list_price_minor,currency\nX,abc,CNY\nY,100,CNY\n", "--json")
	require.Equal(t, exitOK, code, "one good row is kept: %s", errs)
	var sum struct {
		Rows, Created int64
		Errors        []struct{ Line int64 }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &sum))
	require.Equal(t, []int64{2, 1, 2}, []int64{sum.Rows, sum.Created, sum.Errors[0].Line})
	require.Equal(t, int32(1), asked.Load())

	code, _, _ = load("products", "sku,list_price_minor,currency\n")
	require.Equal(t, exitOK, code, "nothing to do is no failure")
}

func TestAMissingColumnIsSaidAtOnce(t *testing.T) {
	url, asked := server(t, http.StatusOK, `{}`)
	code, _, errs := run("import", "stores", file(t, "code,name,ownership,lat,lng\nS1,one,direct,31,121\n"), "--server", url, "--token", "opk_x")
	require.Equal(t, exitFailed, code)
	require.Contains(t, errs, "--map org_code:=VALUE")
	require.Zero(t, asked.Load())
}

func TestARefusalSaysWhatToDo(t *testing.T) {
	url, _ := server(t, http.StatusUnauthorized, `{"code":401,"reason":"UNAUTHENTICATED","message":"sign in again","metadata":{}}`)
	code, _, errs := run("audit", "--server", url, "--token", "opk_wrong")
	require.Equal(t, exitFailed, code)
	require.Contains(t, errs, "UNAUTHENTICATED (401)")
	require.Contains(t, errs, "--token-file")
}

func TestTheAuditFailsWhenSomethingIsViolated(t *testing.T) {
	for violations, want := range map[string]int{"0": exitOK, "2": exitFailed} {
		url, _ := server(t, http.StatusOK, `{"results":[{"id":"I1","title":"x","center":"inventory","checked":"5","violations":"`+violations+`","examples":[]},
			{"id":"I2","title":"y","center":"inventory","checked":"5","violations":"0","examples":[]}]}`)
		code, out, _ := run("audit", "--server", url, "--token", "opk_x")
		require.Equal(t, want, code)
		require.Regexp(t, `(?m)^invariants: 2 checked, `+map[string]string{"0": "0", "2": "1"}[violations]+` violated\n\z`, out)
	}
}
