package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dtm-labs/client/workflow/wfpb"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/tenancy"
)

var testSecret = []byte("0123456789abcdef0123456789abcdef")

// sample is a center as small as it can be; its answers say what came through the chain.
type sample struct {
	inventoryv1.UnimplementedInventoryServer
	inventoryv1.UnimplementedInventoryBranchServer
	gate chan struct{}
}

func (s *sample) ListLocations(ctx context.Context, req *inventoryv1.ListLocationsRequest) (*inventoryv1.ListLocationsResponse, error) {
	if s.gate != nil {
		<-s.gate
	}
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	via, _ := authn.Service(ctx)
	return &inventoryv1.ListLocationsResponse{Locations: []*inventoryv1.Location{{Code: p.Caller(), Name: "via " + via, Kind: req.GetKind()}}}, nil
}

func (s *sample) ReceiveStock(_ context.Context, req *inventoryv1.ReceiveStockRequest) (*inventoryv1.ReceiveStockResponse, error) {
	return &inventoryv1.ReceiveStockResponse{Stock: []*inventoryv1.Stock{{Location: req.GetDocument(), OnHand: req.GetLines()[0].GetQuantity()}}}, nil
}

func (s *sample) GetAllocation(_ context.Context, req *inventoryv1.GetAllocationRequest) (*inventoryv1.Allocation, error) {
	switch req.GetDocument() {
	case "panic":
		panic("call 13812345678")
	case "broken":
		return nil, errors.New("table /srv/secret is gone")
	case "short":
		return nil, fault.StockInsufficient("sku_1", 3, 2)
	case "slow":
		time.Sleep(50 * time.Millisecond)
	}
	return &inventoryv1.Allocation{Document: req.GetDocument()}, nil
}

func (s *sample) Release(_ context.Context, req *inventoryv1.ReleaseCall) (*emptypb.Empty, error) {
	if req.GetDocument() == "forgotten" {
		return nil, fault.StateConflict("X", "not mapped by the handler")
	}
	return &emptypb.Empty{}, fault.Branch(fault.Undo, fault.NotFound("hold"))
}

type house struct {
	*Servers
	log    *safeBuffer
	tokens *authn.Tokens
	obs    *observe.Observer
	impl   *sample
	token  string
	member string
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

type devices struct{}

func (devices) ResolveKey(_ context.Context, key string) (tenancy.Principal, error) {
	if key == "opk_till_secret" {
		return tenancy.Principal{Kind: tenancy.Device, ID: "till", Org: "org_1"}, nil
	}
	return tenancy.Principal{}, fault.NotFound("key")
}

func (devices) LoginInForce(context.Context, string, string) (bool, error) { return true, nil }

func start(t *testing.T, change func(*Config, *Deps)) *house {
	t.Helper()
	h := &house{log: &safeBuffer{}, impl: &sample{}}
	var err error
	h.obs, err = observe.New(t.Context(), observe.Config{Service: "sample"}, h.log)
	require.NoError(t, err)
	h.tokens, err = authn.NewTokens(testSecret, nil)
	require.NoError(t, err)
	h.token, _, err = h.tokens.IssueStaff(tenancy.Principal{Kind: tenancy.HQ, ID: "stf_1", Org: "org_hq"}, "1", time.Hour)
	require.NoError(t, err)
	h.member, _, err = h.tokens.Issue(tenancy.Principal{Kind: tenancy.Member, ID: "mem_1", Member: "mem_1"}, time.Hour)
	require.NoError(t, err)
	c := Config{Name: "inventory", HTTPAddr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0", BranchAddr: "127.0.0.1:0", StopTimeout: 5 * time.Second}
	auth := authn.New(h.tokens, devices{})
	auth.UseLogins(devices{})
	d := Deps{Observe: h.obs, Auth: auth, Centers: []string{"inventory"}, Branch: onlyTheCoordinator}
	if change != nil {
		change(&c, &d)
	}
	h.Servers, err = New(c, d)
	require.NoError(t, err)
	r := h.Registrar()
	inventoryv1.RegisterInventoryServer(r.GRPC, h.impl)
	inventoryv1.RegisterInventoryHTTPServer(r.HTTP, h.impl)
	inventoryv1.RegisterInventoryBranchServer(r.Branch, h.impl)
	wfpb.RegisterWorkflowServer(r.Branch, resumer{})
	r.Raw(http.MethodGet, "/v1/inventory/report.csv", "report", func(w http.ResponseWriter, r *http.Request) error {
		p, err := tenancy.FromContext(r.Context())
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/csv")
		_, err = io.WriteString(w, "caller\n"+p.Caller()+"\n")
		return err
	})
	r.Raw(http.MethodPost, "/v1/inventory/callback", "callback", func(w http.ResponseWriter, r *http.Request) error {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		if string(body) == "bad" {
			return fault.SignatureInvalid()
		}
		_, err = w.Write(body)
		return err
	})
	r.Open("callback")

	ctx, cancel := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() { ended <- h.Run(ctx, func() { close(ready) }) }()
	<-ready
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return h
}

// onlyTheCoordinator stands for the MAC of package saga.
func onlyTheCoordinator(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	return handler(ctx, req)
}

type answer struct {
	code   int
	body   string
	header http.Header
}

func (h *house) do(t *testing.T, method, path, token, body string, kv ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, h.HTTPURL()+path, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(kv); i += 2 {
		req.Header.Set(kv[i], kv[i+1])
	}
	noRedirect := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := noRedirect.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{resp.StatusCode, string(data), resp.Header}
}

func dialPlain(t *testing.T, addr string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
