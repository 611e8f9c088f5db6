package reference

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/server"
)

func serve(t *testing.T) string {
	t.Helper()
	o, err := observe.New(t.Context(), observe.Config{}, io.Discard)
	require.NoError(t, err)
	tokens, err := authn.NewTokens([]byte("0123456789abcdef0123456789abcdef"), nil)
	require.NoError(t, err)
	s, err := server.New(server.Config{Name: "reference", HTTPAddr: "127.0.0.1:0"}, server.Deps{Observe: o, Auth: authn.New(tokens, nil)})
	require.NoError(t, err)
	register(s.Registrar())
	ctx, cancel := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() { ended <- s.Run(ctx, func() { close(ready) }) }()
	<-ready
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return s.HTTPURL()
}

func TestTheDocumentAndThePageAreOpenToAll(t *testing.T) {
	base := serve(t)
	for path, begins := range map[string]string{"/openapi.yaml": "# Generated", "/reference": "<!doctype html>", "/reference/rapidoc-min.js": "/*! RapiDoc"} {
		resp, err := http.Get(base + path)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 200, resp.StatusCode, path)
		require.True(t, strings.HasPrefix(string(body), begins), path)
		require.Contains(t, resp.Header.Get("Content-Security-Policy"), "default-src 'none'")
	}
}

// A browser without a network shows every operation. It runs where ONEPOOL_BROWSER names one (chromium).
func TestABrowserShowsTheReference(t *testing.T) {
	browser := os.Getenv("ONEPOOL_BROWSER")
	if browser == "" {
		t.Skip("ONEPOOL_BROWSER names no browser")
	}
	base := serve(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	shot := filepath.Join(t.TempDir(), "reference.png")
	out, err := exec.CommandContext(ctx, browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
		"--window-size=1400,1400", "--user-data-dir="+t.TempDir(), "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
		"--virtual-time-budget=15000", "--enable-logging=stderr", "--screenshot="+shot, base+"/reference").CombinedOutput()
	require.NoError(t, err, string(out))
	for _, line := range strings.Split(string(out), "\n") {
		require.NotContains(t, line, "Content Security Policy")
		require.NotContains(t, line, "Uncaught")
	}
	picture, err := os.Stat(shot)
	require.NoError(t, err)
	require.Greater(t, picture.Size(), int64(100_000), "an empty page is a tenth of that")
}
