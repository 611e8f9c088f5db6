package cli

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// exporting answers an export as the order center does: whole with a trailer, or broken off.
func exporting(t *testing.T, body string, whole bool) (url string, asked *http.Request) {
	t.Helper()
	asked = new(http.Request)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = *r
		w.Header().Set(totalOrders, "2")
		w.Header().Set("Trailer", exportedOrders)
		_, _ = io.WriteString(w, body)
		if !whole {
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		w.Header().Set(exportedOrders, "2")
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

const exportedRows = "\uFEFFOrder,SKU\nord_2,\"a\nb\"\nord_2,c\nord_1,d\n"

func TestOrdersAreExportedToAFile(t *testing.T) {
	url, asked := exporting(t, exportedRows, true)
	to := filepath.Join(t.TempDir(), "orders.csv")
	export := func(more ...string) (int, string, string) {
		return run(append([]string{"orders", "export", "--server", url, "--token", "opk_x"}, more...)...)
	}
	code, out, errs := export("--out", to, "--lang", "zh", "--sku", "tea & co", "--store", "S1", "--from", "2026-11-01T00:00:00Z", "--until", "2026-11-01T00:00:01Z")
	require.Equal(t, exitOK, code, errs)
	require.Equal(t, to+": 2 orders\n", out)
	require.Contains(t, errs, "orders: 2 of 2", "a field with a line break is no row, two rows of an order no two orders")
	raw, err := os.ReadFile(to)
	require.NoError(t, err)
	require.Equal(t, exportedRows, string(raw))
	require.Equal(t, "/v1/order/exports/orders.csv", asked.URL.Path)
	require.Equal(t, "placed_from_us=1793491200000000&placed_until_us=1793491201000000&shop_store_code=S1&sku=tea+%26+co", asked.URL.RawQuery)
	require.Equal(t, []string{"zh", "Bearer opk_x"}, []string{asked.Header.Get("Accept-Language"), asked.Header.Get("Authorization")})

	code, out, _ = export()
	require.Equal(t, exitOK, code)
	require.Equal(t, exportedRows, out, "nothing else is on standard output")
	code, out, _ = export("--out", to, "--format", "xlsx", "--json")
	require.Equal(t, exitOK, code)
	require.JSONEq(t, `{"file": "`+to+`", "orders": 2}`, out)
	require.Equal(t, "/v1/order/exports/orders.xlsx", asked.URL.Path)

	for _, wrong := range [][]string{{"--format", "pdf"}, {"--lang", "fr"}, {"--from", "yesterday"}} {
		code, _, errs := export(wrong...)
		require.Equal(t, exitFailed, code)
		require.Contains(t, errs, wrong[1])
	}
}

func TestHalfAnExportIsNone(t *testing.T) {
	for _, format := range []string{"csv", "xlsx"} {
		url, _ := exporting(t, exportedRows, false)
		to := filepath.Join(t.TempDir(), "orders")
		require.NoError(t, os.WriteFile(to, []byte("the last good one"), 0o600))
		code, _, errs := run("orders", "export", "--server", url, "--out", to, "--format", format)
		require.Equal(t, exitFailed, code)
		require.Contains(t, errs, "not whole")
		raw, err := os.ReadFile(to)
		require.NoError(t, err)
		require.Equal(t, "the last good one", string(raw))
		_, err = os.Stat(to + ".part")
		require.ErrorIs(t, err, os.ErrNotExist)
	}
	url, _ := server(t, http.StatusForbidden, `{"code":403,"reason":"FORBIDDEN","message":"not yours"}`)
	code, _, errs := run("orders", "export", "--server", url)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errs, "FORBIDDEN (403): not yours")
	url, _ = server(t, http.StatusOK, `<html>`)
	code, _, errs = run("orders", "export", "--server", url)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errs, "no export")
}
