package main

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestConsulInstancesAreKeptWhenConsulIsGone(t *testing.T) {
	var answer atomic.Value
	answer.Store(`[{"Node":{"Address":"10.0.0.9"},"Service":{"Address":"10.0.0.1","Port":9001}},{"Node":{"Address":"10.0.0.9"},"Service":{"Address":"","Port":9002}}]`)
	var index atomic.Int64
	index.Store(7)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/health/service/onepool-stock-branch" || r.Header.Get("X-Consul-Token") != "secret" || r.URL.Query().Get("passing") != "1" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		for began := time.Now(); r.URL.Query().Get("index") == "7" && index.Load() == 7 && time.Since(began) < 5*time.Second; {
			time.Sleep(10 * time.Millisecond) // a blocking query
		}
		if index.Load() == 7 {
			w.Header().Set("X-Consul-Index", "7")
		} else {
			w.Header().Set("X-Consul-Index", "8")
		}
		_, _ = w.Write([]byte(answer.Load().(string)))
	}))
	defer srv.Close()
	d, err := newConsulDirectory(t.Context(), srv.URL, "secret")
	require.NoError(t, err)
	require.Equal(t, []string{"10.0.0.1:9001", "10.0.0.9:9002"}, d.lookup("stock"))

	answer.Store(`[{"Service":{"Address":"10.0.0.2","Port":9003}}]`)
	index.Store(8)
	require.Eventually(t, func() bool { a := d.lookup("stock"); return len(a) == 1 && a[0] == "10.0.0.2:9003" }, 5*time.Second, 10*time.Millisecond)

	answer.Store(`[]`) // nobody is healthy: they may be back
	time.Sleep(50 * time.Millisecond)
	srv.CloseClientConnections()
	srv.Close()
	require.Equal(t, []string{"10.0.0.2:9003"}, d.lookup("stock"))
	require.Empty(t, d.lookup("unknown"))
}

func TestDirectoryText(t *testing.T) {
	f, err := parseDirectory(" stock = 127.0.0.1:1 \n\n# comment\nstock=127.0.0.1:2\nmember=[::1]:3")
	require.NoError(t, err)
	require.Equal(t, []string{"127.0.0.1:1", "127.0.0.1:2"}, f.lookup("stock"))
	require.Equal(t, []string{"[::1]:3"}, f.lookup("member"))
	for _, bad := range []string{"stock", "stock=nowhere", "=127.0.0.1:1"} {
		_, err := parseDirectory(bad)
		require.Error(t, err, bad)
	}
}
