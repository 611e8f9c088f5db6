package order

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/conf"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/secret"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/data/sandboxpay"
	"github.com/onepool/onepool/configs"
)

// start runs the center as its program does, alone: the other centers and the coordinator are not there. file is laid over
// the default configuration.
func start(t *testing.T, file string) (base string, keys *secret.Keyring) {
	t.Helper()
	dir := t.TempDir()
	config, err := conf.Load([][]byte{configs.Default}, file, nil, map[string]string{
		"storage.dir": dir, "server.http": "127.0.0.1:0", "server.grpc": "127.0.0.1:0", "server.branch": "127.0.0.1:0",
		"coordinator.mode": "external", "coordinator.address": "127.0.0.1:1", "sandbox.payments": "true",
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	var log bytes.Buffer
	go func() {
		ended <- process.Run(ctx, process.Options{Name: "order", Config: config, Doors: []process.Door{Door()}, Resolver: process.KeysOfStore, Log: &log,
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
	keys, err = secret.Load(filepath.Join(dir, "secret.key"))
	require.NoError(t, err)
	return base, keys
}

func TestTheEdgeOfTheOrderCenter(t *testing.T) {
	base, keys := start(t, "")
	tokens, err := authn.NewTokens(keys.Key(secret.Tokens), time.Now)
	require.NoError(t, err)
	member, _, err := tokens.Issue(tenancy.Principal{Kind: tenancy.Member, ID: "mbr_1", Member: "mbr_1"}, time.Hour)
	require.NoError(t, err)
	send := func(method, path, token, body string, headers ...string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		reply, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer reply.Body.Close()
		raw, err := io.ReadAll(reply.Body)
		require.NoError(t, err)
		var answer struct{ Reason string }
		require.NoError(t, json.Unmarshal(raw, &answer), "%s", raw)
		return reply.StatusCode, answer.Reason
	}
	expect := func(code int, reason string, gotCode int, gotReason string) {
		t.Helper()
		require.Equal(t, []any{code, reason}, []any{gotCode, gotReason})
	}
	code, reason := send("GET", "/v1/order/orders", "", "")
	expect(401, "UNAUTHENTICATED", code, reason)
	code, reason = send("GET", "/v1/order/orders", member, "")
	expect(200, "", code, reason)
	code, reason = send("GET", "/v1/order/orders?page_token=x", member, "")
	expect(400, "PAGE_TOKEN_INVALID", code, reason)
	code, reason = send("GET", "/v1/order/orders?stat=PAID", member, "")
	expect(400, "CODEC", code, reason)
	code, reason = send("GET", "/v1/order/orders/ord_x", member, "")
	expect(404, "ORDER_UNKNOWN", code, reason)
	code, reason = send("GET", "/v1/order/audit", member, "")
	expect(403, "FORBIDDEN", code, reason)
	code, reason = send("POST", "/v1/order/orders", member, `{"request_id":"short"}`)
	expect(400, "VALIDATOR", code, reason)
	code, reason = send("POST", "/v1/order/calculate", member, `{"channel":"miniprogram","lines":[{"sku":"A","quantity":1}]}`)
	expect(503, "UNAVAILABLE", code, reason)

	body := `{"notification_id":"n","payment_id":"pay_x","transaction_no":"t","amount_minor":1,"currency":"CNY","payee":"p","status":"PAID"}`
	code, reason = send("POST", sandboxpay.Path, "", body)
	expect(401, "SIGNATURE_INVALID", code, reason)
	signed := func(at time.Time) []string {
		seconds := strconv.FormatInt(at.Unix(), 10)
		return []string{sandboxpay.HeaderTimestamp, seconds, sandboxpay.HeaderSignature, sandboxpay.Sign(keys.Key(secret.Sandbox), seconds, []byte(body))}
	}
	code, reason = send("POST", sandboxpay.Path, "", body, signed(time.Now().Add(-time.Hour))...)
	expect(401, "SIGNATURE_INVALID", code, reason)
	code, reason = send("POST", sandboxpay.Path, "", body, signed(time.Now())...)
	expect(404, "PAYMENT_UNKNOWN", code, reason)
}

func TestAWrongConfigurationNamesItsKey(t *testing.T) {
	for key, c := range map[string]Config{
		"pay_window": {PayWindow: -1}, "return_window": {ReturnWindow: -1}, "freight_minor": {FreightMinor: -1}, "max_lines": {MaxLines: 201},
		"max_quantity": {MaxQuantity: 1_000_001},
	} {
		_, err := c.complete()
		require.ErrorContains(t, err, key)
	}
}
