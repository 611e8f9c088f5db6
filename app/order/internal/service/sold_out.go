package service

import (
	"context"
	"slices"
	"sync"

	kratos "github.com/go-kratos/kratos/v2/errors"

	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/order/internal/biz"
)

const (
	// probeUS is how often an order for what has been refused is taken through a placement all the same: what availability does
	// not count, as what will arrive, may be there again.
	probeUS = 1_000_000
	// maxGone bounds what is remembered.
	maxGone = 10_000
)

// soldOut spares a crowd that wants what is gone the whole way of a placement. A SKU that inventory has just refused is asked
// for first, by what the channel may still promise: that is read in memory, and is at most a second old. It decides nothing
// that inventory would not: what it lets through is held or refused there, and what it refuses is not held for anybody.
//
// It is a hint of one process. Losing it costs time only.
type soldOut struct {
	mu   sync.Mutex
	next map[string]int64 // when a SKU that was refused is tried again
}

// suspects are the pieces that are wanted of SKUs which have just been refused; none if it is time to try.
func (g *soldOut) suspects(lines []biz.WantedLine, nowUS int64) map[string]int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	var wanted map[string]int64
	for _, l := range lines {
		next, refused := g.next[l.SKU]
		if !refused {
			continue
		}
		if nowUS >= next {
			g.next[l.SKU] = nowUS + probeUS
			return nil
		}
		if wanted == nil {
			wanted = map[string]int64{}
		}
		wanted[l.SKU] += l.Quantity
	}
	return wanted
}

// learn takes in how inventory has answered an order for lines; none: it was not asked.
func (g *soldOut) learn(err error, lines []biz.WantedLine, nowUS int64) {
	if len(lines) == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil {
		for _, l := range lines {
			delete(g.next, l.SKU)
		}
		return
	}
	public := kratos.FromError(fault.Public(err))
	if public.Reason != fault.ReasonStockInsufficient {
		return
	}
	if len(g.next) >= maxGone {
		clear(g.next)
	}
	if g.next == nil {
		g.next = map[string]int64{}
	}
	g.next[public.Metadata["sku"]] = nowUS + probeUS
}

// refuseSoldOut refuses lines of which inventory has just refused a SKU, and still has not enough of it.
func (s *Order) refuseSoldOut(ctx context.Context, channel string, lines []biz.WantedLine, nowUS int64) error {
	wanted := s.soldOut.suspects(lines, nowUS)
	if len(wanted) == 0 {
		return nil
	}
	skus := make([]string, 0, len(wanted))
	for _, l := range lines { // in the order of the lines
		if wanted[l.SKU] > 0 && !slices.Contains(skus, l.SKU) {
			skus = append(skus, l.SKU)
		}
	}
	left, err := s.Seeker.Stock.Promised(ctx, channel, "", skus)
	if err != nil {
		return err
	}
	for _, sku := range skus {
		if left[sku] < wanted[sku] {
			return fault.StockInsufficient(sku, wanted[sku], max(0, left[sku]))
		}
	}
	return nil
}
