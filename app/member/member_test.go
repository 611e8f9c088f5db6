package member

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/internal/conf"
	"github.com/onepool/onepool/app/internal/coordinator/coordinatortest"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/configs"
)

// frontend is a module that calls the center as a frontend does.
type frontend struct{ deps process.Deps }

func (f *frontend) door() process.Door {
	return process.Frontend("frontend", func(d process.Deps, _ *server.Registrar) { f.deps = d })
}

// log is written by the process and read by the test.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// start runs the center as its program does, with a real coordinator.
func start(t *testing.T) (base string, f *frontend, out *log) {
	t.Helper()
	config, err := conf.Load([][]byte{configs.Default}, "", nil, map[string]string{
		"storage.dir": t.TempDir(), "server.http": "127.0.0.1:0", "server.grpc": "127.0.0.1:0", "coordinator.binary": coordinatortest.Binary(t), "sandbox.sms": "true",
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	f, out = &frontend{}, &log{}
	go func() {
		ended <- process.Run(ctx, process.Options{Name: name, Config: config, Doors: []process.Door{Door(), f.door()}, Resolver: process.KeysOfStore, Log: out,
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
		t.Fatalf("not ready in a minute: %v\n%s", stopped(), out)
	}
	return base, f, out
}

func get(t *testing.T, token, url string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	answer := map[string]any{}
	require.NoError(t, json.Unmarshal(raw, &answer), "%s", raw)
	return resp.StatusCode, answer
}

// A new phone becomes a member, buys, and earns: through the frontend's calls, the coordinator's messages and the
// member's own token. No log has the phone.
func TestAMemberThroughTheDoor(t *testing.T) {
	base, f, out := start(t)
	members := memberv1.NewMemberClient(f.deps.Dial("member"))
	ctx := t.Context()
	const phone = "13812345678"
	sent, err := members.SendSignInCode(ctx, &memberv1.SendSignInCodeRequest{Phone: phone})
	require.NoError(t, err)
	in, err := members.SignIn(ctx, &memberv1.SignInRequest{Phone: phone, Code: sent.SandboxCode, Channel: "miniprogram"})
	require.NoError(t, err)
	require.Equal(t, "138****5678", in.Member.PhoneMasked)

	order := ids.New("ord")
	submit := func(kind string, call saga.Call) {
		require.NoError(t, f.deps.Saga.SubmitMessage(ctx, ids.GID(kind, order, 1), []saga.Call{call}, false))
	}
	submit("er", saga.Call{Center: name, Method: memberv1.MemberBranch_Earn_FullMethodName, Payload: &memberv1.EarnCall{Document: order, LineIds: []string{"l1"}}})
	submit("pd", saga.Call{Center: name, Method: memberv1.MemberBranch_SettlePaid_FullMethodName, Payload: &memberv1.SettlePaidCall{Document: order,
		MemberId: in.Member.Id, Channel: "pos", StoreCode: "S1", Lines: []*memberv1.AccrualLine{{LineId: "l1", BaseMinor: 12_345}}}})
	points := base + "/v1/member/members/" + in.Member.Id + "/points"
	require.Eventually(t, func() bool {
		_, answer := get(t, in.AccessToken, points)
		return answer["balance"] == "123"
	}, 45*time.Second, 200*time.Millisecond, "the message that came too early is sent again")

	code, me := get(t, in.AccessToken, base+"/v1/member/members/"+in.Member.Id)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, []any{"S1", []any{"miniprogram", "pos"}}, []any{me["home_store_code"], me["channels"]})
	other, _, err := f.deps.Tokens.Issue(tenancy.Principal{Kind: tenancy.Member, ID: "mbr_2", Member: "mbr_2"}.WithScope(), time.Hour)
	require.NoError(t, err)
	code, answer := get(t, other, points)
	require.Equal(t, []any{404, "MEMBER_UNKNOWN"}, []any{code, answer["reason"]})
	code, answer = get(t, "", points)
	require.Equal(t, []any{401, "UNAUTHENTICATED"}, []any{code, answer["reason"]})
	require.NotEmpty(t, out.String())
	require.NotContains(t, out.String(), "12345678")
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	for key, c := range map[string]Config{
		"currency": {Currency: "QQQ"}, "grace": {Grace: -1}, "points_per_unit": {PointsPerUnit: -1}, "token_ttl": {TokenTTL: -1},
	} {
		_, err := c.Complete()
		require.ErrorContains(t, err, key)
	}
	c, err := Config{Currency: "JPY"}.Complete()
	require.NoError(t, err)
	require.EqualValues(t, 1, unit(c.Currency))
	require.EqualValues(t, 100, unit("CNY"))
}
