package order

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/conf"
)

// Who issues invoices is configured with a file for the key; what is wrong is named.
func TestAnIssuerOfInvoicesIsConfigured(t *testing.T) {
	none, err := invoiceIssuer(nil)
	require.NoError(t, err)
	require.Nil(t, none)
	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, []byte("0123456789abcdef0123456789abcdef"), 0o600))
	got, err := invoiceIssuer(&conf.Invoices{Gateway: "https://issuer.example/v1", App: "shop", KeyFile: file, TimeoutMs: 5000})
	require.NoError(t, err)
	require.Equal(t, []any{"https://issuer.example/v1", "shop", 32, "5s"}, []any{got.Gateway(), got.App, len(got.Key), got.Timeout.String()})
	for want, c := range map[string]*conf.Invoices{
		"https":    {Gateway: "http://issuer.example", App: "shop", KeyFile: file},
		"key_file": {Gateway: "https://issuer.example", App: "shop", KeyFile: file + ".gone"},
	} {
		_, err := invoiceIssuer(c)
		require.ErrorContains(t, err, want)
	}
	got.Key = got.Key[:31]
	_, _, err = openIssuer(Config{}, Deps{Invoices: got}, nil)
	require.ErrorContains(t, err, "32 bytes")
}
