package bench

import (
	"context"
	"errors"
	"math/rand/v2"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/bench"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/bench/unbatched"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/service"
)

const (
	batchedClients   = 512
	unbatchedClients = 64
)

// holdRequest asks for one piece of a SKU at a store, in a distributed transaction of its own, as the order center does.
func holdRequest(rows spread) *inventoryv1.HoldRequest {
	document := ids.New("ord")
	return &inventoryv1.HoldRequest{RequestId: document, Document: document, Gid: ids.GID("po", document, 1), Channel: "miniprogram", SellerOrg: seller,
		Way: inventoryv1.DeliveryWay_PICKUP, Location: store(rand.IntN(rows.stores)),
		Lines: []*inventoryv1.HoldLine{{LineId: "1", Sku: sku(rand.IntN(rows.skus)), Quantity: 1, ListPriceMinor: 9900}}}
}

// reserveRequest asks for the same of Reserve.
func reserveRequest(rows spread) *inventoryv1.ReserveRequest {
	document := ids.New("ord")
	return &inventoryv1.ReserveRequest{RequestId: document, Document: document, Channel: "miniprogram", SellerOrg: seller, Way: inventoryv1.DeliveryWay_PICKUP,
		Lines: []*inventoryv1.ReserveLine{{LineId: "1", Sku: sku(rand.IntN(rows.skus)), Location: store(rand.IntN(rows.stores)), Quantity: 1, ListPriceMinor: 9900}}}
}

// asOrder is who holds stock.
func asOrder(ctx context.Context) context.Context { return tenancy.WithService(ctx, "order") }

// writerTargets are how many times faster than the baseline reservations have to be, and holds with them.
var writerTargets = map[string]bench.Target{
	onMariaDB.name + hotRow.name:     bench.AtLeast(20),
	onMariaDB.name + manyRows.name:   bench.AtLeast(8),
	onBinaryLog.name + hotRow.name:   bench.AtLeast(50),
	onBinaryLog.name + manyRows.name: bench.AtLeast(6),
}

// reserveCase compares reservations that share transactions with reservations that have one each: the writer alone.
func reserveCase(on engine, rows spread) bench.Case {
	return writerCase(on, rows, "reserve", "reservation", func(w *world) (baseline, batched operation) {
		one, many := unbatched.New(w.db), service.NewReservations(w.db, w.store, nil)
		return func(ctx context.Context, _ int) error {
				_, err := one.Reserve(ctx, reserveRequest(rows))
				return err
			}, func(ctx context.Context, _ int) error {
				_, err := many.Reserve(ctx, reserveRequest(rows))
				return err
			}
	})
}

// holdCase compares holds: the writer with the search, the choice and its explanation, and the barrier of a distributed
// transaction.
func holdCase(on engine, rows spread) bench.Case {
	return writerCase(on, rows, "hold", "hold", func(w *world) (baseline, batched operation) {
		one, many := unbatched.New(w.db), service.New(w.db, w.store, nil, biz.NearThenSplit(), nil, func(string) {})
		return func(ctx context.Context, _ int) error {
				_, err := one.Hold(ctx, holdRequest(rows))
				return err
			}, func(ctx context.Context, _ int) error {
				_, err := many.Hold(ctx, holdRequest(rows))
				return err
			}
	})
}

// operation is one call of a client.
type operation = func(ctx context.Context, client int) error

// writerCase measures rate and CPU time of both sides in one world, and audits it.
func writerCase(on engine, rows spread, what, one string, sides func(w *world) (baseline, batched operation)) bench.Case {
	name := "inventory/" + what + ", " + rows.name + ", " + on.name
	cpu := bench.Target{}
	if !on.sqlite {
		cpu = bench.AtMost(1. / 15)
	}
	figures := []bench.Figure{
		{Name: name, Unit: one + "s/s", Target: writerTargets[on.name+rows.name]},
		{Name: name + ", CPU of platform and database", Unit: "us/" + one, Target: cpu},
	}
	return bench.Case{Name: name, Run: func(ctx context.Context, e *bench.Env) (results []bench.Result, err error) {
		w, err := open(ctx, on, rows)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, w.close()) }()
		measure := func(clients int, op operation) func(ctx context.Context) (bench.Sample, error) {
			return func(ctx context.Context) (bench.Sample, error) {
				rate, cpu, err := e.Rate(asOrder(ctx), clients, w.meter, op)
				return bench.Sample{rate, cpu}, err
			}
		}
		baseline, batched := sides(w)
		if results, err = e.Compare(ctx, figures, measure(unbatchedClients, baseline), measure(batchedClients, batched)); err != nil {
			return nil, err
		}
		return results, w.audit(ctx)
	}}
}
