package bench

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/bench"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/service"
)

// edgeCase compares Reserve with a call that does nothing, both through the chain that every request passes, each
// client over a connection of its own.
func edgeCase(on engine, rows spread) bench.Case {
	name := "inventory/reserve through gRPC, " + rows.name + ", " + on.name + ", against an empty call"
	target := bench.AtLeast(0.45)
	if on.sqlite {
		target = bench.Target{}
	}
	figures := []bench.Figure{{Name: name, Unit: "calls/s", Target: target}, {Name: name + ", CPU of platform and database", Unit: "us/call"}}
	return bench.Case{Name: name, Run: func(ctx context.Context, e *bench.Env) (results []bench.Result, err error) {
		w, err := open(ctx, on, rows)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, w.close()) }()
		dial, stop, err := w.serve(ctx)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, stop()) }()
		nothing, reservations := make([]inventoryv1.InventoryClient, batchedClients), make([]inventoryv1.ReservationsClient, batchedClients)
		for client := range batchedClients {
			conn := dial()
			nothing[client], reservations[client] = inventoryv1.NewInventoryClient(conn), inventoryv1.NewReservationsClient(conn)
		}
		measure := func(op func(ctx context.Context, client int) error) func(ctx context.Context) (bench.Sample, error) {
			return func(ctx context.Context) (bench.Sample, error) {
				rate, cpu, err := e.Rate(asOrder(ctx), batchedClients, w.meter, op)
				return bench.Sample{rate, cpu}, err
			}
		}
		return e.Compare(ctx, figures, measure(func(ctx context.Context, client int) error {
			_, err := nothing[client].ListLocations(ctx, &inventoryv1.ListLocationsRequest{})
			return err
		}), measure(func(ctx context.Context, client int) error {
			_, err := reservations[client].Reserve(ctx, reserveRequest(rows))
			return err
		}))
	}}
}

// empty answers at once.
type empty struct {
	inventoryv1.UnimplementedInventoryServer
}

// ListLocations lists none.
func (empty) ListLocations(context.Context, *inventoryv1.ListLocationsRequest) (*inventoryv1.ListLocationsResponse, error) {
	return &inventoryv1.ListLocationsResponse{}, nil
}

// serve serves the center's reservations beside a service that does nothing; dial gives another center a connection there.
func (w *world) serve(ctx context.Context) (dial func() grpc.ClientConnInterface, stop func() error, err error) {
	o, err := observe.New(ctx, observe.Config{Service: "bench", Level: "error"}, io.Discard)
	if err != nil {
		return nil, nil, err
	}
	tokens, err := authn.NewTokens([]byte("0123456789abcdef0123456789abcdef"), nil)
	if err != nil {
		return nil, nil, err
	}
	servers, err := server.New(server.Config{Name: "inventory", GRPCAddr: "127.0.0.1:0", MaxConcurrent: 4 * batchedClients}, server.Deps{Observe: o, Auth: authn.New(tokens, noKeys{})})
	if err != nil {
		return nil, nil, err
	}
	r := servers.Registrar()
	inventoryv1.RegisterInventoryServer(r.GRPC, empty{})
	inventoryv1.RegisterReservationsServer(r.GRPC, service.NewReservations(w.db, w.store, nil))
	ctx, cancel := context.WithCancel(ctx)
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() { ended <- servers.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		return nil, nil, fmt.Errorf("serve: %w", err)
	}
	network := server.NewNetwork(server.NetworkConfig{Static: map[string]server.Peer{"inventory": {GRPC: servers.GRPCAddr()}}})
	stop = func() error {
		err := network.Close()
		cancel()
		return errors.Join(err, <-ended)
	}
	dialer := network.Dialer("order", tokens, o)
	return func() grpc.ClientConnInterface { return dialer.Dial("inventory") }, stop, nil
}

// noKeys knows no keys: only centers call here.
type noKeys struct{}

// ResolveKey refuses.
func (noKeys) ResolveKey(context.Context, string) (tenancy.Principal, error) {
	return tenancy.Principal{}, tenancy.ErrNoPrincipal
}
