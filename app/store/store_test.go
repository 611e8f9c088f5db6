package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/conf"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/configs"
)

// caller sends JSON to a running store center.
type caller struct {
	t     *testing.T
	base  string
	token string
}

func (c caller) send(method, path, body string, headers ...string) (int, map[string]any) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(body))
	require.NoError(c.t, err)
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(c.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	answer := map[string]any{}
	require.NoError(c.t, json.Unmarshal(raw, &answer), "%s", raw)
	return resp.StatusCode, answer
}

func (c caller) ok(method, path, body string) map[string]any {
	c.t.Helper()
	code, answer := c.send(method, path, body)
	require.Equal(c.t, http.StatusOK, code, "%v", answer)
	return answer
}

// start runs the center as its program does. The coordinator is not there: messages wait in the outbox.
func start(t *testing.T) (base, dir string) {
	t.Helper()
	dir = t.TempDir()
	config, err := conf.Load([][]byte{configs.Default}, "", nil, map[string]string{
		"storage.dir": dir, "server.http": "127.0.0.1:0", "server.grpc": "127.0.0.1:0",
		"coordinator.mode": "external", "coordinator.address": "127.0.0.1:1",
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	var log bytes.Buffer
	go func() {
		ended <- process.Run(ctx, process.Options{Name: "store", Config: config, Doors: []process.Door{Door()}, Resolver: process.KeysOfStore, Log: &log,
			Ready: func(_ context.Context, p *process.Process) error { ready <- p.HTTPURL(); return nil }})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("stop: %v", err)
		}
	})
	select {
	case base = <-ready:
	case err := <-ended:
		ended <- err
		t.Fatalf("start: %v\n%s", err, log.String())
	case <-time.After(time.Minute):
		t.Fatal("not ready in a minute")
	}
	return base, dir
}

// From an empty folder to staff that sign in, a till with a key and a channel that signs, over HTTP.
func TestTheFirstStart(t *testing.T) {
	base, dir := start(t)
	key, err := os.ReadFile(filepath.Join(dir, AdminKeyFile))
	require.NoError(t, err)
	admin := caller{t, base, strings.TrimSpace(string(key))}
	stranger := caller{t, base, ""}

	code, answer := stranger.send("GET", "/v1/store/stores", "")
	require.Equal(t, 401, code)
	require.Equal(t, "UNAUTHENTICATED", answer["reason"])
	code, answer = caller{t, base, "opk_admin_" + strings.Repeat("0", 64)}.send("GET", "/v1/store/stores", "")
	require.Equal(t, 401, code, "%v", answer)

	admin.ok("POST", "/v1/store/organisations/import", `{"request_id":"0123456789abcdef-1","rows":[
		{"line":2,"code":"HQ","name":"Headquarters","kind":"headquarters"},
		{"line":3,"code":"F1","name":"Franchisee","kind":"franchisee","parent_code":"HQ","settlement_rate_bp":6000,"share_stock":true}]}`)
	imported := admin.ok("POST", "/v1/store/import", `{"request_id":"0123456789abcdef-2","rows":[
		{"line":2,"code":"S1","name":"南京路","ownership":"franchise","org_code":"F1","timezone":"GMT+08:00 Asia/Beijing","lat":31.23,"lng":121.47},
		{"line":3,"code":"S2","name":"nowhere","ownership":"franchise","org_code":"F1","timezone":"Asia/Shanghai"}]}`)
	require.Equal(t, "1", imported["created"])
	require.Equal(t, "GEO_INVALID", imported["errors"].([]any)[0].(map[string]any)["reason"])
	admin.ok("POST", "/v1/store/staff/import", `{"request_id":"0123456789abcdef-3","rows":[{"line":2,"code":"M1","name":"Manager","store_code":"S1","role":"manager","login":"m1"}]}`)
	admin.ok("POST", "/v1/store/staff/password", `{"request_id":"0123456789abcdef-4","login":"m1","password":"correct horse"}`)

	code, answer = stranger.send("POST", "/v1/store/staff/sign-in", `{"login":"m1","password":"wrong"}`)
	require.Equal(t, 401, code, "%v", answer)
	signed := stranger.ok("POST", "/v1/store/staff/sign-in", `{"login":"m1","password":"correct horse"}`)
	manager := caller{t, base, signed["access_token"].(string)}
	require.Len(t, manager.ok("GET", "/v1/store/stores", "")["stores"], 1)
	code, answer = manager.send("POST", "/v1/store/import", `{"request_id":"0123456789abcdef-5","rows":[{"line":2,"code":"X"}]}`)
	require.Equal(t, 403, code, "%v", answer)

	device := manager.ok("POST", "/v1/store/devices", `{"request_id":"0123456789abcdef-6","store_code":"S1","name":"till"}`)
	till := caller{t, base, device["key"].(string)}
	require.Equal(t, "S1", till.ok("GET", "/v1/store/stores/S1", "")["code"])
	code, _ = till.send("POST", "/v1/store/devices", `{"request_id":"0123456789abcdef-7","store_code":"S1","name":"another"}`)
	require.Equal(t, 403, code)

	account := admin.ok("POST", "/v1/store/channel-accounts", `{"request_id":"0123456789abcdef-8","channel":"tmall","name":"flagship","org_code":"HQ"}`)
	sign := func(nonce string) (int, map[string]any) {
		s := authn.Signed{Method: "GET", Path: "/v1/store/stores?page_size=1", TimestampS: time.Now().Unix(), Nonce: nonce, BodySHA256: authn.BodySHA256Of(nil)}
		return stranger.send(s.Method, s.Path, "", authn.HeaderKeyID, account["key_id"].(string), authn.HeaderTimestamp, strconv.FormatInt(s.TimestampS, 10),
			authn.HeaderNonce, nonce, authn.HeaderSignature, authn.Sign([]byte(account["secret"].(string)), s))
	}
	code, answer = sign("nonce-0001")
	require.Equal(t, []any{403, "FORBIDDEN"}, []any{code, answer["reason"]}, "known, but a channel does not read the directory")
	code, answer = sign("nonce-0001")
	require.Equal(t, []any{401, "REPLAYED"}, []any{code, answer["reason"]})

	audit := admin.ok("GET", "/v1/store/audit", "")
	for _, r := range audit["results"].([]any) {
		require.Equal(t, "0", r.(map[string]any)["violations"], fmt.Sprint(r))
	}
	code, answer = admin.send("GET", "/v1/store/stores?page_token=forged", "")
	require.Equal(t, []any{400, "PAGE_TOKEN_INVALID"}, []any{code, answer["reason"]})
	code, answer = admin.send("GET", "/v1/store/stores?colour=red", "")
	require.Equal(t, []any{400, "CODEC"}, []any{code, answer["reason"]})
}

func TestAWrongConfigurationNamesItsKey(t *testing.T) {
	for key, c := range map[string]Config{
		"staff_token_ttl": {StaffTokenTTL: time.Millisecond}, "password_cost": {PasswordCost: 99}, "timezone": {Timezone: "Mars/Olympus"},
	} {
		_, err := New(t.Context(), c, Deps{})
		require.ErrorContains(t, err, key)
	}
}
