package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dtm-labs/client/workflow/wfpb"
	kerrors "github.com/go-kratos/kratos/v2/errors"
	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func requireFault(t *testing.T, a answer, code int, reason string) map[string]any {
	t.Helper()
	require.Equal(t, code, a.code, a.body)
	require.Equal(t, "application/json", a.header.Get("Content-Type"))
	var body map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.body), &body), a.body)
	require.Len(t, body, 4, "an error body is {code, reason, message, metadata}: %s", a.body)
	require.EqualValues(t, code, body["code"])
	require.Equal(t, reason, body["reason"], a.body)
	require.NotEmpty(t, body["message"])
	require.IsType(t, map[string]any{}, body["metadata"])
	return body
}

// The chain stands before every route, raw ones too: a stranger gets 401 unless the route is open by name.
func TestEveryRoutePassesTheChain(t *testing.T) {
	h := start(t, nil)
	open := map[string]bool{"GET /healthz": true, "GET /readyz": true, "GET /metrics": true, "POST /v1/inventory/callback": true}
	variable := regexp.MustCompile(`\{[^}]+\}`)
	routes := 0
	require.NoError(t, h.http.WalkRoute(func(r khttp.RouteInfo) error {
		routes++
		path := variable.ReplaceAllString(r.Path, "1")
		a := h.do(t, r.Method, path, "", "")
		if open[r.Method+" "+r.Path] {
			require.Less(t, a.code, 300, r.Path)
		} else {
			requireFault(t, a, 401, "UNAUTHENTICATED")
			// Also when what was sent is nonsense: who may not ask is not told how to.
			requireFault(t, h.do(t, r.Method, path+"?nonsense=1", "", `{"nonsense":1}`), 401, "UNAUTHENTICATED")
		}
		require.Len(t, a.header.Get("x-trace-id"), 32, "%s went past tracing", r.Path)
		delete(open, r.Method+" "+r.Path)
		return nil
	}))
	require.Greater(t, routes, 12)
	require.Empty(t, open)

	conn := dialPlain(t, h.GRPCAddr())
	methods := 0
	for _, m := range inventoryv1.Inventory_ServiceDesc.Methods {
		err := conn.Invoke(t.Context(), "/onepool.inventory.v1.Inventory/"+m.MethodName, &inventoryv1.ListLocationsRequest{}, &inventoryv1.ListLocationsResponse{})
		require.Equal(t, codes.Unauthenticated, status.Code(err), m.MethodName)
		require.Equal(t, "UNAUTHENTICATED", kerrors.Reason(err))
		methods++
	}
	require.Greater(t, methods, 5)
}

func TestWhoCallsReachesTheHandler(t *testing.T) {
	h := start(t, nil)
	for token, caller := range map[string]string{h.token: "hq:stf_1", h.member: "member:mem_1", "opk_till_secret": "device:till"} {
		a := h.do(t, "GET", "/v1/inventory/locations?kind=WAREHOUSE", token, "")
		require.Equal(t, 200, a.code, a.body)
		require.Contains(t, a.body, caller)
		require.Contains(t, a.body, `WAREHOUSE`)
		require.Contains(t, a.body, `"next_page_token"`, "names as in the proto, unset fields too")
		require.Contains(t, h.do(t, "GET", "/v1/inventory/report.csv", token, "").body, caller)

		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token)
		reply, err := inventoryv1.NewInventoryClient(dialPlain(t, h.GRPCAddr())).ListLocations(ctx, &inventoryv1.ListLocationsRequest{})
		require.NoError(t, err)
		require.Equal(t, caller, reply.GetLocations()[0].GetCode())
	}
}

const goodBody = `{"request_id":"0123456789abcdef","document":"d","lines":[{"location":"L","sku":"s","quantity":"2"}]}`

func TestBadInput(t *testing.T) {
	h := start(t, nil)
	post := func(body string) answer { return h.do(t, "POST", "/v1/inventory/stock/receive", h.token, body) }
	require.Equal(t, 200, post(goodBody).code)
	require.Equal(t, 200, post(strings.ReplaceAll(goodBody, "request_id", "requestId")).code, "JSON names are taken too")

	for name, body := range map[string]string{
		"malformed":      `{"request_id":`,
		"unknown field":  strings.Replace(goodBody, `"document"`, `"documnet"`, 1),
		"nested unknown": strings.Replace(goodBody, `"sku"`, `"skuu"`, 1),
		"duplicate":      strings.Replace(goodBody, `"document":"d"`, `"document":"d","document":"e"`, 1),
		"trailing":       goodBody + `{}`,
		"wrong type":     strings.Replace(goodBody, `"d"`, `{}`, 1),
		"fraction":       strings.Replace(goodBody, `"2"`, `2.5`, 1),
		"overflow":       strings.Replace(goodBody, `"2"`, `99999999999999999999`, 1),
		"invalid UTF-8":  strings.Replace(goodBody, `"d"`, "\"\xff\"", 1),
		"nesting bomb":   strings.Repeat(`{"lines":[`, 20_000),
		"array bomb":     strings.Repeat(`[`, 100_000),
		"lone surrogate": strings.Replace(goodBody, `"d"`, `"\ud800"`, 1),
		"not an object":  `"hello"`,
		"null":           `null`,
	} {
		require.Equal(t, 400, post(body).code, name)
		requireFault(t, post(body), 400, "CODEC")
	}
	requireFault(t, h.do(t, "POST", "/v1/inventory/stock/receive", h.token, goodBody, "Content-Type", "text/xml"), 400, "CODEC")

	for name, tc := range map[string]struct{ body, field string }{
		"too short":     {strings.Replace(goodBody, "0123456789abcdef", "short", 1), "request_id"},
		"quantity 0":    {strings.Replace(goodBody, `"2"`, `"0"`, 1), "lines[0].quantity"},
		"quantity -1":   {strings.Replace(goodBody, `"2"`, `"-1"`, 1), "lines[0].quantity"},
		"quantity 10^6": {strings.Replace(goodBody, `"2"`, `"1000001"`, 1), "lines[0].quantity"},
		"empty":         {`{}`, ""},
		"nothing":       {``, ""},
		"NUL":           {strings.Replace(goodBody, `"d"`, `"a\u0000b"`, 1), "document"},
		"bidi":          {strings.Replace(goodBody, `"sku":"s"`, `"sku":"a\u202eb"`, 1), "lines[0].sku"},
	} {
		body := requireFault(t, post(tc.body), 400, "VALIDATOR")
		if tc.field != "" {
			require.Equal(t, tc.field, body["metadata"].(map[string]any)["field"], name)
		}
	}

	for name, query := range map[string]string{
		"unknown parameter":  "pagesize=1",
		"unknown enum":       "kind=SHED",
		"enum by number":     "kind=1",
		"not a number":       "page_size=ten",
		"empty number":       "page_size=",
		"overflow":           "page_size=99999999999",
		"twice":              "page_token=a&page_token=b",
		"not UTF-8":          "page_token=%ff",
		"malformed escape":   "page_token=%zz",
		"a message":          "kind.x=1",
		"semicolon, not and": "page_size=1;page_token=a",
	} {
		a := h.do(t, "GET", "/v1/inventory/locations?"+query, h.token, "")
		require.Equal(t, 400, a.code, name)
		requireFault(t, a, 400, "CODEC")
	}
	requireFault(t, h.do(t, "GET", "/v1/inventory/locations?page_token=%00", h.token, ""), 400, "VALIDATOR")
	requireFault(t, h.do(t, "GET", "/v1/inventory/locations?page_size=-1", h.token, ""), 400, "VALIDATOR")
	require.Equal(t, 200, h.do(t, "GET", "/v1/inventory/locations?page_size=1&pageToken=a", h.token, "").code)
}

func TestBodiesAreBounded(t *testing.T) {
	h := start(t, nil)
	big := strings.Repeat("x", 1<<20+1)
	body := requireFault(t, h.do(t, "POST", "/v1/inventory/stock/receive", h.token, big), 413, "BODY_TOO_LARGE")
	require.Equal(t, "1048576", body["metadata"].(map[string]any)["limit_bytes"])
	requireFault(t, h.do(t, "POST", "/v1/inventory/callback", "", big), 413, "BODY_TOO_LARGE")

	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+h.token)
	_, err := inventoryv1.NewInventoryClient(dialPlain(t, h.GRPCAddr())).ListLocations(ctx, &inventoryv1.ListLocationsRequest{PageToken: big})
	require.Equal(t, codes.ResourceExhausted, status.Code(err))
}

func TestGRPCThatCannotBeDecoded(t *testing.T) {
	h := start(t, nil)
	conn := dialPlain(t, h.GRPCAddr())
	send := func(ctx context.Context, wire string) error {
		return conn.Invoke(ctx, "/onepool.inventory.v1.Inventory/ListLocations", &frame{[]byte(wire)}, &frame{}, grpc.ForceCodecV2(wireCodec{}))
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+h.token)
	for name, wire := range map[string]string{"truncated": "\x0a\x7f", "invalid UTF-8": "\x12\x01\xff", "garbage": "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		err := send(ctx, wire)
		require.Equal(t, codes.InvalidArgument, status.Code(err), name)
		require.Equal(t, "CODEC", kerrors.Reason(err), name)
		require.Equal(t, codes.Unauthenticated, status.Code(send(t.Context(), wire)), name)
	}
	err := conn.Invoke(ctx, "/onepool.inventory.v1.Inventory/ListLocations", &frame{[]byte(`{}`)}, &frame{}, grpc.ForceCodecV2(wireCodec{}), grpc.CallContentSubtype("json"))
	require.Equal(t, codes.InvalidArgument, status.Code(err), "the lenient JSON codec is out of reach")
}

func TestErrorsTellWhatToDoAndNothingInternal(t *testing.T) {
	h := start(t, nil)
	get := func(document string) answer {
		return h.do(t, "GET", "/v1/inventory/allocations/"+document, h.token, "")
	}

	body := requireFault(t, get("short"), 409, "STOCK_INSUFFICIENT")
	require.Equal(t, map[string]any{"sku": "sku_1", "wanted": "3", "left": "2"}, body["metadata"])
	for _, document := range []string{"broken", "panic"} {
		a := get(document)
		requireFault(t, a, 500, "INTERNAL")
		require.NotContains(t, a.body, "secret")
		require.NotContains(t, a.body, "138")
		require.Contains(t, h.log.String(), a.header.Get("x-trace-id"), "the log can be found by the trace id")
	}
	require.Contains(t, h.log.String(), "/srv/secret", "the cause is in the log")
	require.NotContains(t, h.log.String(), "13812345678", "phones are masked, in panics too")

	requireFault(t, h.do(t, "GET", "/nowhere", h.token, ""), 404, "NOT_FOUND")
	requireFault(t, h.do(t, "GET", "/debug/pprof/", "", ""), 404, "NOT_FOUND")
	requireFault(t, h.do(t, "DELETE", "/v1/inventory/locations", h.token, ""), 405, "METHOD_NOT_ALLOWED")
	requireFault(t, h.do(t, "GET", "/v1/inventory/locations/", h.token, ""), 404, "NOT_FOUND")
	requireFault(t, h.do(t, "POST", "/v1/inventory/callback", "", "bad"), 401, "SIGNATURE_INVALID")
}

// channels knows one key and its secret.
type channels struct{}

func (channels) VerifySignature(ctx context.Context, _ string, s authn.Signed) (tenancy.Principal, error) {
	if err := authn.VerifySignature(ctx, testSecret, s, time.Now().UnixMicro(), "k", fresh{}); err != nil {
		return tenancy.Principal{}, err
	}
	return tenancy.Principal{Kind: tenancy.Channel, ID: "acc_1", Org: "org_1"}, nil
}

type fresh struct{}

func (fresh) UseNonce(context.Context, string, string, int64) (bool, error) { return true, nil }

// A signature is over the raw bytes and the path with its query; the handler gets the same bytes.
func TestSignedRequests(t *testing.T) {
	h := start(t, func(_ *Config, d *Deps) { d.Auth.UseSignatures(channels{}) })
	send := func(method, path, signedBody, body string) answer {
		s := authn.Signed{Method: method, Path: path, TimestampS: time.Now().Unix(), Nonce: "nonce-001", BodySHA256: authn.BodySHA256Of([]byte(signedBody))}
		return h.do(t, method, path, "", body, authn.HeaderKeyID, "k1", authn.HeaderNonce, s.Nonce,
			authn.HeaderTimestamp, strconv.FormatInt(s.TimestampS, 10), authn.HeaderSignature, authn.Sign(testSecret, s))
	}
	require.Equal(t, 200, send("POST", "/v1/inventory/stock/receive", goodBody, goodBody).code)
	require.Contains(t, send("GET", "/v1/inventory/locations?page_size=1", "", "").body, "channel:acc_1")
	require.Equal(t, "raw", send("POST", "/v1/inventory/callback", "raw", "raw").body)
	requireFault(t, send("POST", "/v1/inventory/stock/receive", goodBody, goodBody+" "), 401, "SIGNATURE_INVALID")
	requireFault(t, send("POST", "/v1/inventory/stock/receive", "", strings.Repeat(" ", 1<<20+1)), 413, "BODY_TOO_LARGE")
}

func TestAFullServerShedsLoadAndStaysHealthy(t *testing.T) {
	h := start(t, func(c *Config, _ *Deps) { c.MaxConcurrent = 1 })
	h.impl.gate = make(chan struct{})
	first := make(chan answer, 1)
	go func() { first <- h.do(t, "GET", "/v1/inventory/locations", h.token, "") }()
	require.Eventually(t, func() bool {
		return strings.Contains(h.do(t, "GET", "/metrics", "", "").body, `onepool_requests_in_flight{server="http"} 1`)
	}, 5*time.Second, 5*time.Millisecond)

	a := h.do(t, "GET", "/v1/inventory/allocations/1", h.token, "")
	requireFault(t, a, 429, "RATE_LIMITED")
	require.Equal(t, "1", a.header.Get("Retry-After"))
	require.Equal(t, 200, h.do(t, "GET", "/healthz", "", "").code)
	require.Equal(t, 200, h.do(t, "GET", "/readyz", "", "").code)
	close(h.impl.gate)
	require.Equal(t, 200, (<-first).code)

	// A panic gives its slot back.
	for range 3 {
		requireFault(t, h.do(t, "GET", "/v1/inventory/allocations/panic", h.token, ""), 500, "INTERNAL")
	}
	require.Equal(t, 200, h.do(t, "GET", "/v1/inventory/allocations/1", h.token, "").code)
}

func TestADeadlineIsATimeout(t *testing.T) {
	h := start(t, func(c *Config, _ *Deps) { c.Timeout = time.Millisecond })
	h.Registrar().Raw("GET", "/v1/inventory/wait", "wait", func(_ http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		return r.Context().Err()
	})
	requireFault(t, h.do(t, "GET", "/v1/inventory/wait", h.token, ""), 504, "TIMEOUT")
}

func TestReadinessFollowsWhatTheProcessNeeds(t *testing.T) {
	h := start(t, nil)
	health := healthv1.NewHealthClient(dialPlain(t, h.GRPCAddr()))
	require.Eventually(t, func() bool {
		r, err := health.Check(t.Context(), &healthv1.HealthCheckRequest{})
		return err == nil && r.GetStatus() == healthv1.HealthCheckResponse_SERVING
	}, 5*time.Second, 10*time.Millisecond)

	h.Registrar().Ready("database", func(context.Context) error { return errors.New("dial /srv/secret") })
	body := requireFault(t, h.do(t, "GET", "/readyz", "", ""), 503, "UNAVAILABLE")
	require.Equal(t, "failing", body["metadata"].(map[string]any)["database"])
	require.Equal(t, 200, h.do(t, "GET", "/healthz", "", "").code)
	require.Eventually(t, func() bool {
		r, err := health.Check(t.Context(), &healthv1.HealthCheckRequest{})
		return err == nil && r.GetStatus() == healthv1.HealthCheckResponse_NOT_SERVING
	}, 5*time.Second, 10*time.Millisecond)
}

func TestStrangersShareOneRunOfTheChecks(t *testing.T) {
	h := start(t, nil)
	var runs atomic.Int64
	h.Registrar().Ready("database", func(context.Context) error {
		runs.Add(1)
		time.Sleep(300 * time.Millisecond)
		return nil
	})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { h.do(t, "GET", "/readyz", "", "") })
	}
	all.Wait()
	require.Less(t, runs.Load(), int64(10))
}

func TestBranchesStandOnTheirOwnListener(t *testing.T) {
	h := start(t, nil)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+h.token)
	_, err := inventoryv1.NewInventoryBranchClient(dialPlain(t, h.GRPCAddr())).Release(ctx, &inventoryv1.ReleaseCall{})
	require.Equal(t, codes.Unimplemented, status.Code(err))

	branch := dialPlain(t, h.BranchAddr())
	_, err = inventoryv1.NewInventoryBranchClient(branch).Release(t.Context(), &inventoryv1.ReleaseCall{Document: "gone"})
	require.NoError(t, err, "an undo that finds nothing has nothing to do")
	_, err = inventoryv1.NewInventoryBranchClient(branch).Release(t.Context(), &inventoryv1.ReleaseCall{Document: "forgotten"})
	require.Equal(t, codes.Unavailable, status.Code(err), "an unmapped refusal never rolls back")
	_, err = inventoryv1.NewInventoryClient(branch).ListLocations(ctx, &inventoryv1.ListLocationsRequest{})
	require.Equal(t, codes.Unimplemented, status.Code(err))
}

// resumer is what package saga registers for the coordinator: the one branch service whose package is not ours.
type resumer struct {
	wfpb.UnimplementedWorkflowServer
}

func (resumer) Execute(context.Context, *wfpb.WorkflowData) (*emptypb.Empty, error) {
	return nil, status.Error(codes.FailedPrecondition, "being run")
}

func TestTheCoordinatorCanResumeWorkflows(t *testing.T) {
	h := start(t, nil)
	_, err := wfpb.NewWorkflowClient(dialPlain(t, h.BranchAddr())).Execute(t.Context(), &wfpb.WorkflowData{})
	require.Equal(t, codes.FailedPrecondition, status.Code(err), "%v", err)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+h.token)
	_, err = wfpb.NewWorkflowClient(dialPlain(t, h.GRPCAddr())).Execute(ctx, &wfpb.WorkflowData{})
	require.Equal(t, codes.Unimplemented, status.Code(err), "on the branch listener only")
}

func TestServicesOfLibrariesAreOutOfReach(t *testing.T) {
	h := start(t, nil)
	conn := dialPlain(t, h.GRPCAddr())
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+h.token)
	for _, method := range []string{"/kratos.api.Metadata/ListServices", "/grpc.channelz.v1.Channelz/GetServers"} {
		err := conn.Invoke(ctx, method, &frame{}, &frame{}, grpc.ForceCodecV2(wireCodec{}))
		require.Contains(t, []codes.Code{codes.NotFound, codes.Unimplemented}, status.Code(err), method)
	}
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
	require.NoError(t, err)
	require.Equal(t, codes.Unimplemented, status.Code(stream.RecvMsg(&frame{})))
}

func TestWrongConfigStopsTheStart(t *testing.T) {
	h := start(t, nil)
	_, err := New(Config{Name: "x", HTTPAddr: strings.TrimPrefix(h.HTTPURL(), "http://")}, Deps{Observe: h.obs, Auth: h.deps.Auth})
	require.ErrorContains(t, err, "listen for http")
	_, err = New(Config{}, Deps{})
	require.ErrorContains(t, err, "name")
	_, err = New(Config{Name: "x", MaxBodyBytes: -1}, Deps{})
	require.ErrorContains(t, err, "max_body_bytes")
	_, err = New(Config{Name: "x", BranchAddr: "127.0.0.1:0"}, Deps{Observe: h.obs, Auth: h.deps.Auth})
	require.ErrorContains(t, err, "branch")
}
