package poolbench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/biz/pool"
)

// Promise is the question what may be promised of 200 SKUs near a point.
type Promise struct {
	keeper keeper
	from   []geo.Point
	skus   [][]string
}

// keeper has a pool that does not change.
type keeper struct{ pool biz.Pool }

func (k keeper) Pool(context.Context) (biz.Pool, error)    { return k.pool, nil }
func (k keeper) PoolNow(context.Context) (biz.Pool, error) { return k.pool, nil }

const batch = 200

// Stores makes stores around cities of very different sizes, as real ones stand.
func Stores(n int, seed uint64) []biz.Location {
	r := rand.New(rand.NewPCG(seed, 1))
	type city struct{ lat, lng, spread float64 }
	cities := make([]city, 400)
	for i := range cities {
		cities[i] = city{20 + 28*r.Float64(), 76 + 52*r.Float64(), 0.02 + 0.3*r.Float64()}
	}
	stores := make([]biz.Location, n)
	for i := range stores {
		c := cities[int(float64(len(cities))*r.Float64()*r.Float64())]
		stores[i] = biz.Location{Code: fmt.Sprintf("S-%06d", i), Name: "Store", Org: "HQ", Kind: biz.DirectStore, Active: true, Shared: true, Ways: biz.WaysOf(biz.Parcel, biz.Pickup), Version: int64(i + 1),
			Point: &geo.Point{Lat: c.lat + c.spread*r.NormFloat64(), Lng: c.lng + c.spread*r.NormFloat64()}}
	}
	return stores
}

// NewPromise fills a pool: each store has a part of the SKUs. Questions come from places near the stores.
func NewPromise(stores []biz.Location, skus int, part float64, questions int, seed uint64) (*Promise, error) {
	r := rand.New(rand.NewPCG(seed, 2))
	directory, err := biz.NewDirectory(stores)
	if err != nil {
		return nil, err
	}
	x := pool.New()
	p := biz.Pool{Directory: directory, Stock: x, Chart: directory.Chart(x)}
	for k := range skus {
		var rows []pool.Row
		for _, s := range stores {
			if r.Float64() < part {
				rows = append(rows, pool.Row{SKU: sku(k), At: x.Number(s.Code), Online: r.Int64N(12), Till: 12, Version: 1})
			}
		}
		x.Tell(rows)
	}
	q := &Promise{keeper: keeper{p}}
	for len(q.from) < questions {
		at := stores[r.IntN(len(stores))].Point
		if at == nil {
			continue
		}
		q.from = append(q.from, geo.Point{Lat: at.Lat + 0.05*r.Float64(), Lng: at.Lng + 0.05*r.Float64()})
		var list []string
		for _, k := range r.Perm(skus)[:min(batch, skus)] {
			list = append(list, sku(k))
		}
		q.skus = append(q.skus, list)
	}
	return q, nil
}

// SKUs are the first n.
func SKUs(n int) []string {
	list := make([]string, n)
	for k := range list {
		list[k] = sku(k)
	}
	return list
}

func sku(k int) string { return fmt.Sprintf("SKU-%05d", k) }

// Ask asks for all of it: the figures of the radius, or in total with the nearest five where it is 0. Between two questions
// change rows of the SKUs asked for are changed, as in a shop that is open: sums that were remembered are of no use then.
func (p *Promise) Ask(ctx context.Context, radiusM int64, change int) (Latency, error) {
	uc := biz.GetAvailability{Pool: p.keeper, Shares: biz.SharesAll{}, Kits: biz.Kits{}}
	by := biz.Caller{Service: true}
	took := make([]time.Duration, len(p.from))
	version := time.Now().UnixMicro() // grows from run to run
	for i := range p.from {
		for k := range change {
			x := p.keeper.pool.Stock
			at := p.keeper.pool.Chart.Number((i*7919 + k*104_729) % p.keeper.pool.Len())
			x.Tell([]pool.Row{{SKU: p.skus[i][k%len(p.skus[i])], At: at, Online: int64(k % 12), Till: 12, Version: version}})
			version++
		}
		began := time.Now()
		if _, err := uc.Get(ctx, by, biz.AvailabilityQuery{SKUs: p.skus[i], Channel: "miniprogram", Near: &p.from[i], RadiusM: radiusM}); err != nil {
			return Latency{}, err
		}
		took[i] = time.Since(began)
	}
	return latency(took), nil
}
