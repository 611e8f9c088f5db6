package rebate

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/conf"
	"github.com/onepool/onepool/app/internal/coordinator/coordinatortest"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/configs"
)

// probe is a module that keeps what the process gives to its modules.
type probe struct{ deps process.Deps }

func (p *probe) door() process.Door {
	fake := process.Frontend("store", func(d process.Deps, r *server.Registrar) {
		p.deps = d
		storev1.RegisterStoreServer(r.GRPC, logins{})
	})
	fake.Center = true
	return fake
}

// logins stands in for the store center: everybody's login is in force.
type logins struct {
	storev1.UnimplementedStoreServer
}

func (logins) VerifyLogin(context.Context, *storev1.VerifyLoginRequest) (*storev1.VerifyLoginResponse, error) {
	return &storev1.VerifyLoginResponse{InForce: true}, nil
}

// start runs the center as its program does, with a real coordinator.
func start(t *testing.T) (base string, p *probe) {
	t.Helper()
	config, err := conf.Load([][]byte{configs.Default}, "", nil, map[string]string{
		"storage.dir": t.TempDir(), "server.http": "127.0.0.1:0", "server.grpc": "127.0.0.1:0", "coordinator.binary": coordinatortest.Binary(t),
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	p = &probe{}
	go func() {
		ended <- process.Run(ctx, process.Options{Name: name, Config: config, Doors: []process.Door{Door(), p.door()}, Resolver: process.KeysOfStore, Log: io.Discard,
			Ready: func(_ context.Context, running *process.Process) error { ready <- running.HTTPURL(); return nil }})
	}()
	stopped := sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		if err := stopped(); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("stop: %v", err)
		}
	})
	select {
	case base = <-ready:
	case <-time.After(time.Minute):
		t.Fatalf("not ready in a minute: %v", stopped())
	}
	return base, p
}

func (p *probe) token(t *testing.T, who tenancy.Principal) string {
	t.Helper()
	token, _, err := p.deps.Tokens.IssueStaff(who.WithScope(), "1", time.Hour)
	require.NoError(t, err)
	return token
}

func send(t *testing.T, token, method, url, body string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, raw
}

// One paid order, as the coordinator and finance see it: the message that ends the return window comes before the one
// that says it is paid, and is not lost; the month's download adds up.
func TestAnOrderThroughTheDoor(t *testing.T) {
	base, p := start(t)
	finance := p.token(t, tenancy.Principal{Kind: tenancy.HQ, ID: "fin", Org: "HQ", Roles: []string{"finance"}})
	code, body := send(t, finance, "POST", base+"/v1/rebate/policies", `{"request_id":"request-00000001","code":"STD","name":"standard","shares":[{"role":"GUIDE","rate_bp":"300"}]}`)
	require.Equal(t, http.StatusOK, code, "%s", body)

	order := ids.New("ord")
	submit := func(kind string, call saga.Call) {
		require.NoError(t, p.deps.Saga.SubmitMessage(t.Context(), ids.GID(kind, order, 1), []saga.Call{call}, false))
	}
	submit("er", saga.Call{Center: name, Method: rebatev1.RebateBranch_Earn_FullMethodName, Payload: &rebatev1.EarnCall{OrderId: order, LineIds: []string{"l1"}}})
	submit("pd", saga.Call{Center: name, Method: rebatev1.RebateBranch_Accrue_FullMethodName, Payload: &rebatev1.AccrueCall{OrderId: order, Channel: "pos", SellerOrg: "HQ",
		Currency: "CNY", PaidAtUs: time.Now().UnixMicro(), Lines: []*rebatev1.AccrueLine{{LineId: "l1", Sku: "T", Quantity: 1, BaseMinor: 10_000}},
		Attributions: []*rebatev1.Attribution{{Role: rebatev1.Role_GUIDE, Payee: "G1", PayeeOrg: "FR1", Reason: "bound by scan"}}}})
	require.Eventually(t, func() bool {
		_, body := send(t, finance, "GET", base+"/v1/rebate/accruals?order_id="+order, "")
		return bytes.Contains(body, []byte(`"earned"`))
	}, 45*time.Second, 200*time.Millisecond, "the message that came too early is sent again")

	zone, err := time.LoadLocation(defaultTimezone)
	require.NoError(t, err)
	month := time.Now().In(zone).Format("2006-01")
	download := base + "/v1/rebate/statements/" + month + "/download"
	code, body = send(t, finance, "GET", download, "")
	require.Equal(t, http.StatusOK, code, "%s", body)
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\uFEFF")))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 4)
	for i, kind := range []string{"earned", "subtotal", "total"} {
		require.Equal(t, []string{kind, "3.00"}, []string{rows[i+1][0], rows[i+1][6]})
	}
	code, body = send(t, p.token(t, tenancy.Principal{Kind: tenancy.Franchisee, ID: "m", Org: "FR2", Roles: []string{"manager"}}), "GET", download+"?payee_org=FR1", "")
	require.Equal(t, http.StatusOK, code)
	require.NotContains(t, string(body), "G1")

	// The raw route has the whole chain around it.
	for what, c := range map[string]struct {
		token, path, reason string
		code                int
	}{
		"nobody":            {"", "/v1/rebate/statements/" + month + "/download", "UNAUTHENTICATED", 401},
		"a member":          {p.token(t, tenancy.Principal{Kind: tenancy.Member, ID: "mbr_1", Member: "mbr_1"}), "/v1/rebate/statements/" + month + "/download", "FORBIDDEN", 403},
		"no month":          {finance, "/v1/rebate/statements/2026-13/download", "VALIDATOR", 400},
		"unknown parameter": {finance, "/v1/rebate/statements/" + month + "/download?org=FR1", "CODEC", 400},
		"a list's":          {finance, "/v1/rebate/statements?period=" + month + "&payee=x", "CODEC", 400},
		"a list's month":    {finance, "/v1/rebate/statements?period=" + month + "-01", "VALIDATOR", 400},
	} {
		code, body := send(t, c.token, "GET", base+c.path, "")
		answer := map[string]any{}
		require.NoError(t, json.Unmarshal(body, &answer), "%s: %s", what, body)
		require.Equal(t, []any{c.code, c.reason}, []any{code, answer["reason"]}, what)
	}
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	_, err := New(t.Context(), Config{}, Deps{})
	require.ErrorContains(t, err, "observer and page secret")
}
