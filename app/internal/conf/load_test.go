package conf

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func defaults(t *testing.T) [][]byte {
	t.Helper()
	b, err := os.ReadFile("../../../configs/onepool.yaml")
	require.NoError(t, err)
	return [][]byte{b}
}

func TestTheDefaultsAreComplete(t *testing.T) {
	c, err := Load(defaults(t), "", nil, nil)
	require.NoError(t, err)
	require.Equal(t, "sqlite", c.Storage.Engine)
	require.Equal(t, int64(604800), c.Trade.ReturnWindowS)
	require.False(t, c.Sandbox.Payments)
}

func TestLaterLayersWin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own.yaml")
	require.NoError(t, os.WriteFile(file, []byte("trade:\n  return_window_s: 5\n  pay_window_s: 60\n"), 0o600))
	c, err := Load(defaults(t), file, []string{"ONEPOOL_TRADE__RETURN_WINDOW_S=7", "ONEPOOL_SANDBOX__SMS=true", "ONEPOOL_TOKEN=x"},
		map[string]string{"server.http": "127.0.0.1:0"})
	require.NoError(t, err)
	require.Equal(t, int64(7), c.Trade.ReturnWindowS)
	require.Equal(t, int64(60), c.Trade.PayWindowS)
	require.True(t, c.Sandbox.Sms)
	require.Equal(t, "127.0.0.1:0", c.Server.Http)
}

func TestAFileThatIsNotThereIsRefused(t *testing.T) {
	_, err := Load(defaults(t), filepath.Join(t.TempDir(), "none.yaml"), nil, nil)
	require.ErrorContains(t, err, "none.yaml")
}

func TestAWrongValueIsRefusedByItsKey(t *testing.T) {
	for key, want := range map[string]string{
		"trade.return_window_s": "return_window_s",
		"storage.engine":        "storage.engine",
		"limits.order_lines":    "limits.order_lines",
		"trade.retrun_window":   "retrun_window",
		"trade.timezone":        "trade.timezone",
		"observe.otlp":          "observe.otlp",
		"server.http":           "server.http",
	} {
		_, err := Load(defaults(t), "", nil, map[string]string{key: "-1"})
		require.ErrorContains(t, err, want, key)
	}
	_, err := Load(defaults(t), "", nil, map[string]string{"trade.currency": "XXQ"})
	require.ErrorContains(t, err, "trade.currency")
	_, err = Load(defaults(t), "", nil, map[string]string{"storage.engine": "mysql"})
	require.ErrorContains(t, err, "storage.dsn")
}
