package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-kratos/kratos/v2/registry"
	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/observe"
)

// Consul is down when a center is looked for first, and comes back: so does the center.
func TestACenterLookedForWhileConsulIsGoneIsFoundLater(t *testing.T) {
	h := start(t, nil)
	host, port, err := net.SplitHostPort(h.GRPCAddr())
	require.NoError(t, err)
	var down atomic.Bool
	down.Store(true)
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			http.Error(w, "no leader", http.StatusInternalServerError)
			return
		}
		w.Header().Set("X-Consul-Index", "7")
		fmt.Fprintf(w, `[{"Service":{"ID":"i","Service":"onepool-inventory","Address":%q,"Port":%s,"TaggedAddresses":{"grpc":{"Address":"grpc://%s","Port":%s}}}}]`,
			host, port, h.GRPCAddr(), port)
	}))
	defer agent.Close()
	consul, err := Consul(strings.TrimPrefix(agent.URL, "http://"))
	require.NoError(t, err)
	client := h.client(h.network(t, NetworkConfig{Discovery: consul, CallTimeout: 2 * time.Second}))
	_, err = client.ListLocations(t.Context(), &inventoryv1.ListLocationsRequest{})
	require.Error(t, err)
	down.Store(false)
	_, err = client.ListLocations(t.Context(), &inventoryv1.ListLocationsRequest{})
	require.NoError(t, err)
}

// silent is a registry that takes questions and never answers, after the first ones.
type silent struct {
	*table
	hung atomic.Bool
}

func (s *silent) GetService(ctx context.Context, name string) ([]*registry.ServiceInstance, error) {
	if s.hung.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.table.GetService(ctx, name)
}

func (s *silent) Watch(ctx context.Context, name string) (registry.Watcher, error) {
	if s.hung.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.table.Watch(ctx, name)
}

func TestASilentRegistryHoldsUpNoKnownCenter(t *testing.T) {
	center := start(t, nil)
	d := &silent{table: &table{instances: make(chan []*registry.ServiceInstance, 1), last: center.instances()}}
	d.instances <- d.last
	obs, err := observe.New(t.Context(), observe.Config{}, &safeBuffer{})
	require.NoError(t, err)
	proxy := NewProxy(center.network(t, NetworkConfig{Discovery: d}), CenterRoutes("inventory", "order"), 0, obs)
	edge := startEdge(t, center, proxy)
	require.Equal(t, 200, edge.do(t, "GET", "/v1/inventory/locations", center.token, "").code)
	_, err = proxy.conn(t.Context(), "inventory")
	require.NoError(t, err)

	d.hung.Store(true)
	unknown := make(chan struct{}, 2)
	go func() { // a center that nobody has found yet
		_, _ = proxy.conn(context.Background(), "order")
		unknown <- struct{}{}
	}()
	go func() {
		_, _ = proxy.network.peers.pick(context.Background(), "order")
		unknown <- struct{}{}
	}()
	time.Sleep(peerTTL + 100*time.Millisecond)
	began := time.Now()
	require.Equal(t, 200, edge.do(t, "GET", "/v1/inventory/locations", center.token, "").code)
	_, err = proxy.conn(t.Context(), "inventory")
	require.NoError(t, err)
	require.Less(t, time.Since(began), time.Second/2)
	impatient, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = proxy.conn(impatient, "order")
	require.Error(t, err)
	require.Less(t, time.Since(began), time.Second)
	for range 2 {
		select {
		case <-unknown:
		case <-time.After(2 * dialTimeout):
			t.Fatal("the search for an unknown center has no end")
		}
	}
}

func TestTheEdgeRefusesALargeBodyAsACenterDoes(t *testing.T) {
	center := start(t, nil)
	obs, err := observe.New(t.Context(), observe.Config{}, &safeBuffer{})
	require.NoError(t, err)
	n := center.network(t, NetworkConfig{Static: map[string]Peer{"inventory": {GRPC: center.GRPCAddr(), HTTP: center.HTTPURL()}}})
	edge := startEdge(t, center, NewProxy(n, CenterRoutes("inventory"), 0, obs))
	body := `{"document":"` + strings.Repeat("x", 3<<20) + `"}`
	requireFault(t, edge.do(t, "POST", "/v1/inventory/callback", center.token, body), 413, "BODY_TOO_LARGE")
}
