package server

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	kerrors "github.com/go-kratos/kratos/v2/errors"
	"github.com/go-kratos/kratos/v2/registry"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// table is a registry that can be switched off.
type table struct {
	instances chan []*registry.ServiceInstance
	last      []*registry.ServiceInstance
	gone      bool
}

func (d *table) GetService(_ context.Context, name string) ([]*registry.ServiceInstance, error) {
	if d.gone {
		return nil, context.DeadlineExceeded
	}
	return named(d.last, name), nil
}

func named(all []*registry.ServiceInstance, name string) []*registry.ServiceInstance {
	return slices.DeleteFunc(slices.Clone(all), func(i *registry.ServiceInstance) bool { return i.Name != name })
}

func (d *table) Watch(ctx context.Context, name string) (registry.Watcher, error) {
	return &watcher{ctx, name, d.instances}, nil
}

type watcher struct {
	ctx  context.Context
	name string
	in   chan []*registry.ServiceInstance
}

func (w *watcher) Next() ([]*registry.ServiceInstance, error) {
	select {
	case is := <-w.in:
		return named(is, w.name), nil
	case <-w.ctx.Done():
		return nil, w.ctx.Err()
	}
}
func (*watcher) Stop() error { return nil }

func (h *house) network(t *testing.T, c NetworkConfig) *Network {
	t.Helper()
	n := NewNetwork(c)
	t.Cleanup(func() { _ = n.Close() })
	return n
}

func (h *house) client(n *Network) inventoryv1.InventoryClient {
	return inventoryv1.NewInventoryClient(n.Dialer("order", h.tokens, h.obs).Dial("inventory"))
}

// In memory, at a fixed address, through a registry: the same call, the same caller, the same errors.
func TestOneWayToAnotherCenter(t *testing.T) {
	h := start(t, nil)
	local := h.network(t, NetworkConfig{})
	client := h.client(local) // before the center is there: processes start in any order
	local.Local(h.Inside(), "inventory")
	d := &table{instances: make(chan []*registry.ServiceInstance, 1)}
	d.instances <- h.instances()

	for name, client := range map[string]inventoryv1.InventoryClient{
		"memory":   client,
		"static":   h.client(h.network(t, NetworkConfig{Static: map[string]Peer{"inventory": {GRPC: h.GRPCAddr()}}})),
		"registry": h.client(h.network(t, NetworkConfig{Discovery: d})),
	} {
		t.Run(name, func(t *testing.T) {
			p := tenancy.Principal{Kind: tenancy.Member, ID: "mem_7", Member: "mem_7", Scope: tenancy.Scope{Member: "mem_7"}}
			reply, err := client.ListLocations(tenancy.NewContext(t.Context(), p), &inventoryv1.ListLocationsRequest{})
			require.NoError(t, err)
			require.Equal(t, "member:mem_7", reply.GetLocations()[0].GetCode())
			require.Equal(t, "via order", reply.GetLocations()[0].GetName())

			reply, err = client.ListLocations(t.Context(), &inventoryv1.ListLocationsRequest{})
			require.NoError(t, err)
			require.Equal(t, "service:order", reply.GetLocations()[0].GetCode(), "without a caller the center calls on its own")

			_, err = client.GetAllocation(t.Context(), &inventoryv1.GetAllocationRequest{Document: "short"})
			var e *kerrors.Error
			require.ErrorAs(t, err, &e)
			require.EqualValues(t, 409, e.Code)
			require.Equal(t, "STOCK_INSUFFICIENT", e.Reason)
			require.Equal(t, map[string]string{"sku": "sku_1", "wanted": "3", "left": "2"}, e.Metadata)

			_, err = client.GetAllocation(t.Context(), &inventoryv1.GetAllocationRequest{})
			require.Equal(t, "VALIDATOR", kerrors.Reason(err), "validated between centers too")
		})
	}
}

func TestNoCallInsideATransaction(t *testing.T) {
	h := start(t, nil)
	n := h.network(t, NetworkConfig{})
	n.Local(h.Inside(), "inventory")
	db, err := database.Open(t.Context(), database.Config{Engine: "sqlite", Path: t.TempDir() + "/x.db"})
	require.NoError(t, err)
	defer db.Close()
	err = db.InTx(t.Context(), func(ctx context.Context) error {
		_, err := h.client(n).ListLocations(ctx, &inventoryv1.ListLocationsRequest{})
		return err
	})
	require.ErrorIs(t, err, ErrInTransaction)
}

func TestAPeerThatIsNotThereIsUnavailableNotFailed(t *testing.T) {
	h := start(t, nil)
	for name, n := range map[string]*Network{
		"unknown": h.network(t, NetworkConfig{}),
		"dead":    h.network(t, NetworkConfig{Static: map[string]Peer{"inventory": {GRPC: "127.0.0.1:1"}}}),
	} {
		_, err := h.client(n).ListLocations(t.Context(), &inventoryv1.ListLocationsRequest{})
		require.Equal(t, "UNAVAILABLE", kerrors.Reason(err), name)
	}
	n := h.network(t, NetworkConfig{CallTimeout: time.Millisecond})
	n.Local(h.Inside(), "inventory")
	_, err := h.client(n).GetAllocation(t.Context(), &inventoryv1.GetAllocationRequest{Document: "slow"})
	require.Equal(t, "TIMEOUT", kerrors.Reason(err))
}

// The edge of an installation in several processes: one address for all centers.
func TestTheEdgePassesOnToTheCenters(t *testing.T) {
	center := start(t, nil)
	for name, c := range map[string]NetworkConfig{
		"static": {Static: map[string]Peer{"inventory": {GRPC: center.GRPCAddr(), HTTP: center.HTTPURL()}, "order": {GRPC: "127.0.0.1:1", HTTP: "http://127.0.0.1:1"}}},
		"registry": {Discovery: func() *table {
			d := &table{instances: make(chan []*registry.ServiceInstance, 1), last: center.instances()}
			d.instances <- d.last
			return d
		}()},
	} {
		t.Run(name, func(t *testing.T) {
			obs, err := observe.New(t.Context(), observe.Config{}, &safeBuffer{})
			require.NoError(t, err)
			n := center.network(t, c)
			edge := startEdge(t, center, NewProxy(n, CenterRoutes("inventory", "order"), 0, obs))

			require.Contains(t, edge.do(t, "GET", "/v1/inventory/locations", center.token, "").body, "hq:stf_1")
			requireFault(t, edge.do(t, "GET", "/v1/inventory/locations", "", ""), 401, "UNAUTHENTICATED")
			requireFault(t, edge.do(t, "GET", "/v1/inventory/allocations/short", center.token, ""), 409, "STOCK_INSUFFICIENT")
			requireFault(t, edge.do(t, "GET", "/v1/order/orders", center.token, ""), 503, "UNAVAILABLE")
			requireFault(t, edge.do(t, "GET", "/v1/elsewhere/x", center.token, ""), 404, "NOT_FOUND")
			require.Equal(t, 200, edge.do(t, "GET", "/healthz", "", "").code)

			client := inventoryv1.NewInventoryClient(dialPlain(t, edge.GRPCAddr()))
			ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+center.token)
			reply, err := client.ListLocations(ctx, &inventoryv1.ListLocationsRequest{Kind: inventoryv1.LocationKind_WAREHOUSE})
			require.NoError(t, err)
			require.Equal(t, "hq:stf_1", reply.GetLocations()[0].GetCode())
			require.Equal(t, inventoryv1.LocationKind_WAREHOUSE, reply.GetLocations()[0].GetKind())
			_, err = client.GetAllocation(ctx, &inventoryv1.GetAllocationRequest{Document: "short"})
			require.Equal(t, codes.Aborted, status.Code(err))
			require.Equal(t, "STOCK_INSUFFICIENT", kerrors.Reason(err))
			_, err = client.ListLocations(t.Context(), &inventoryv1.ListLocationsRequest{})
			require.Equal(t, codes.Unauthenticated, status.Code(err))
			require.Equal(t, codes.Unimplemented, status.Code(dialPlain(t, edge.GRPCAddr()).Invoke(ctx, "/onepool.nowhere.v1.X/Y", &inventoryv1.Location{}, &inventoryv1.Location{})))

			if d, ok := c.Discovery.(*table); ok {
				d.gone = true
				time.Sleep(peerTTL)
				require.Equal(t, 200, edge.do(t, "GET", "/v1/inventory/locations", center.token, "").code, "known peers go on without the registry")
			}
		})
	}
}

func startEdge(t *testing.T, center *house, p *Proxy) *house {
	t.Helper()
	edge := &house{obs: center.obs, tokens: center.tokens}
	var err error
	edge.Servers, err = New(Config{Name: "edge", HTTPAddr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0"},
		Deps{Observe: p.observe, Auth: authn.New(center.tokens, nil), Fallback: p})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() { ended <- edge.Run(ctx, func() { close(ready) }) }()
	<-ready
	t.Cleanup(func() { cancel(); require.NoError(t, <-ended) })
	return edge
}

// announced records what a process says about itself.
type announced struct{ in, out []*registry.ServiceInstance }

func (a *announced) Register(_ context.Context, s *registry.ServiceInstance) error {
	a.in = append(a.in, s)
	return nil
}
func (a *announced) Deregister(_ context.Context, s *registry.ServiceInstance) error {
	a.out = append(a.out, s)
	return nil
}

func TestAProcessIsAnnouncedWhileItServes(t *testing.T) {
	a := &announced{}
	t.Run("serving", func(t *testing.T) {
		h := start(t, func(_ *Config, d *Deps) { d.Registry = a })
		require.Len(t, a.in, 2)
		require.Equal(t, "onepool-inventory", a.in[0].Name)
		require.Equal(t, "onepool-inventory-branch", a.in[1].Name)
		require.Equal(t, []string{"grpc://" + h.BranchAddr()}, a.in[1].Endpoints)
		require.ElementsMatch(t, []string{"grpc://" + h.GRPCAddr(), h.HTTPURL()}, a.in[0].Endpoints)
		require.Empty(t, a.out)
	})
	require.Len(t, a.out, 2)
}

// What runs when the process is told to stop is finished.
func TestAStopLetsRunningRequestsFinish(t *testing.T) {
	var got answer
	finished := make(chan struct{})
	t.Run("stopping", func(t *testing.T) {
		h := start(t, nil)
		h.impl.gate = make(chan struct{})
		h.Registrar().Raw(http.MethodGet, "/v1/inventory/wait", "wait", func(w http.ResponseWriter, r *http.Request) error {
			<-h.impl.gate
			_, err := w.Write([]byte("done"))
			return err
		})
		began := make(chan struct{})
		go func() {
			close(began)
			req, _ := http.NewRequest(http.MethodGet, h.HTTPURL()+"/v1/inventory/wait", nil)
			req.Header.Set("Authorization", "Bearer "+h.token)
			if resp, err := http.DefaultClient.Do(req); err == nil {
				got.code = resp.StatusCode
				_ = resp.Body.Close()
			}
			close(finished)
		}()
		<-began
		require.Eventually(t, func() bool {
			families, err := h.obs.Registry().Gather()
			require.NoError(t, err)
			for _, f := range families {
				if f.GetName() == "onepool_requests_in_flight" {
					for _, m := range f.GetMetric() {
						if m.GetGauge().GetValue() > 0 {
							return true
						}
					}
				}
			}
			return false
		}, 5*time.Second, time.Millisecond)
		time.AfterFunc(50*time.Millisecond, func() { close(h.impl.gate) })
	})
	<-finished
	require.Equal(t, 200, got.code)
}
