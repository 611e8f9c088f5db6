package service

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// serve puts a replica behind the chain that every request passes, and returns the order center's way there.
func (r *rig) serve(t *testing.T) grpc.ClientConnInterface {
	t.Helper()
	o, err := observe.New(t.Context(), observe.Config{Service: "inventory", Level: "error"}, io.Discard)
	require.NoError(t, err)
	tokens, err := authn.NewTokens([]byte("0123456789abcdef0123456789abcdef"), nil)
	require.NoError(t, err)
	servers, err := server.New(server.Config{Name: "inventory", GRPCAddr: "127.0.0.1:0"}, server.Deps{Observe: o, Auth: authn.New(tokens, noKeys{})})
	require.NoError(t, err)
	// The coordinator's signature is not what is looked at here: each of its calls is another branch.
	r.branch.branchOf = func(context.Context) (saga.Branch, bool) {
		return saga.Branch{GID: ids.GID("tt", ids.New("tst"), 1), ID: "01", Op: "action"}, true
	}
	to := servers.Registrar()
	inventoryv1.RegisterInventoryServer(to.GRPC, r.Inventory)
	inventoryv1.RegisterReservationsServer(to.GRPC, r.Reservations)
	inventoryv1.RegisterInventoryBranchServer(to.GRPC, r.branch)
	ctx, cancel := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() { ended <- servers.Run(ctx, func() { close(ready) }) }()
	<-ready
	network := server.NewNetwork(server.NetworkConfig{Static: map[string]server.Peer{"inventory": {GRPC: servers.GRPCAddr()}}})
	t.Cleanup(func() {
		require.NoError(t, network.Close())
		cancel()
		require.NoError(t, <-ended)
	})
	return network.Dialer("order", tokens, o).Dial("inventory")
}

type noKeys struct{}

func (noKeys) ResolveKey(context.Context, string) (tenancy.Principal, error) {
	return tenancy.Principal{}, tenancy.ErrNoPrincipal
}

// step is what a client asks, outcome what it is told.
type step struct {
	kind     string // reserve, undo, confirm, release
	document string
	quantity int64
}

type outcome struct {
	reason string // of a refusal
	number int64  // what was left, or released
}

// pool is what one SKU at one place is: what is left, and what each document holds.
type pool struct {
	left  int64
	holds map[string]held
}

type held struct {
	quantity  int64
	confirmed bool
}

// after says what a step has to answer, and what is then.
func (p pool) after(s step) (outcome, pool) {
	next := pool{p.left, maps.Clone(p.holds)}
	h, holds := p.holds[s.document]
	give := func() outcome {
		next.left += h.quantity
		delete(next.holds, s.document)
		return outcome{number: h.quantity}
	}
	switch s.kind {
	case "reserve":
		switch {
		case holds:
			return outcome{reason: "STATE_CONFLICT"}, next
		case s.quantity > p.left:
			return outcome{reason: "STOCK_INSUFFICIENT", number: p.left}, next
		}
		next.left -= s.quantity
		next.holds[s.document] = held{quantity: s.quantity}
		return outcome{}, next
	case "undo": // gives back what is not confirmed
		if holds && !h.confirmed {
			return give(), next
		}
	case "release": // by the coordinator, which is not told how much
		if holds {
			give()
		}
	case "confirm":
		if holds {
			next.holds[s.document] = held{h.quantity, true}
		}
	}
	return outcome{}, next
}

func (p pool) String() string {
	s := strconv.FormatInt(p.left, 10)
	for _, d := range slices.Sorted(maps.Keys(p.holds)) {
		s += fmt.Sprintf(" %s:%d:%t", d, p.holds[d].quantity, p.holds[d].confirmed)
	}
	return s
}

func linear(start int64) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return pool{start, map[string]held{}} },
		Step: func(state, in, out any) (bool, any) {
			want, next := state.(pool).after(in.(step))
			return want == out.(outcome), next
		},
		Equal:             func(a, b any) bool { return a.(pool).String() == b.(pool).String() },
		DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v -> %+v", in, out) },
		DescribeState:     func(s any) string { return s.(pool).String() },
	}
}

// ask makes a step through gRPC.
func (s step) ask(ctx context.Context, conn grpc.ClientConnInterface) (outcome, error) {
	var err error
	var number int64
	switch s.kind {
	case "reserve":
		_, err = inventoryv1.NewReservationsClient(conn).Reserve(ctx, &inventoryv1.ReserveRequest{RequestId: requestID(), Document: s.document, Channel: "pos", SellerOrg: "HQ",
			Way: inventoryv1.DeliveryWay_PARCEL, Lines: []*inventoryv1.ReserveLine{{LineId: "1", Sku: "LJ", Location: "S-01", Quantity: s.quantity}}})
	case "undo":
		var got *inventoryv1.ReleaseHoldResponse
		got, err = inventoryv1.NewInventoryClient(conn).ReleaseHold(ctx, &inventoryv1.ReleaseHoldRequest{RequestId: requestID(), Document: s.document})
		number = got.GetReleased()
	case "confirm":
		_, err = inventoryv1.NewInventoryBranchClient(conn).ConfirmHold(ctx, &inventoryv1.ConfirmHoldCall{Document: s.document})
	case "release":
		_, err = inventoryv1.NewInventoryBranchClient(conn).Release(ctx, &inventoryv1.ReleaseCall{Document: s.document})
	}
	switch reason := reasonOf(err); {
	case err == nil:
		return outcome{number: number}, nil
	case reason == "STOCK_INSUFFICIENT":
		number, err := strconv.ParseInt(metadataOf(err)["left"], 10, 64)
		return outcome{reason, number}, err
	case reason == "STATE_CONFLICT":
		return outcome{reason: reason}, nil
	}
	return outcome{}, err
}

const (
	linearStart   = 9
	linearClients = 8
	linearSteps   = 60
)

// Whatever clients do at once to one SKU, through gRPC and at two replicas, looks as if they had done it one after the
// other, each at some moment between its question and its answer.
func TestOneSKUIsLinearizable(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", linearStart)
		conns := []grpc.ClientConnInterface{r.serve(t), newRig(r.db).serve(t)}
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		history := make([][]porcupine.Operation, linearClients)
		begin := time.Now()
		var all sync.WaitGroup
		for client := range linearClients {
			all.Go(func() {
				random := rand.New(rand.NewPCG(seed, uint64(client)))
				for range linearSteps {
					s := step{kind: []string{"reserve", "reserve", "reserve", "undo", "confirm", "release"}[random.IntN(6)],
						document: fmt.Sprintf("ord_%d", random.IntN(6)), quantity: 1 + random.Int64N(4)}
					asked := time.Since(begin)
					out, err := s.ask(t.Context(), conns[random.IntN(len(conns))])
					if err != nil {
						t.Errorf("%+v: %v", s, err)
						return
					}
					history[client] = append(history[client], porcupine.Operation{ClientId: client, Input: s, Call: int64(asked), Output: out, Return: int64(time.Since(begin))})
				}
			})
		}
		all.Wait()
		operations := slices.Concat(history...)
		result, info := porcupine.CheckOperationsVerbose(linear(linearStart), operations, time.Minute)
		require.Equal(t, porcupine.Ok, result, "%s", unexplained(operations, info))
		r.audit(t)
	})
}

// unexplained tells the history around where no order of the steps explains the answers.
func unexplained(operations []porcupine.Operation, info porcupine.LinearizationInfo) string {
	longest := 0
	for _, partition := range info.PartialLinearizationsOperations() {
		for _, order := range partition {
			longest = max(longest, len(order))
		}
	}
	slices.SortFunc(operations, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	told := fmt.Sprintf("%d of %d steps can be put in order; those around the first that cannot:\n", longest, len(operations))
	for _, o := range operations[max(0, longest-20):min(len(operations), longest+20)] {
		told += fmt.Sprintf("%9d %9d client %d %+v -> %+v\n", o.Call/1000, o.Return/1000, o.ClientId, o.Input, o.Output)
	}
	return told
}

// The judge can say no: two clients that both got the last unit are found out.
func TestADoubleSaleIsNotLinearizable(t *testing.T) {
	sale := func(client int) porcupine.Operation {
		return porcupine.Operation{ClientId: client, Input: step{"reserve", fmt.Sprint("ord_", client), 1}, Call: 0, Output: outcome{}, Return: 10}
	}
	require.True(t, porcupine.CheckOperations(linear(2), []porcupine.Operation{sale(1), sale(2)}))
	require.False(t, porcupine.CheckOperations(linear(1), []porcupine.Operation{sale(1), sale(2)}))
}
