package biz

import (
	"context"

	"github.com/onepool/onepool/app/inventory/internal/biz/pool"
)

// Pool is what every location has of every SKU, and the locations, as they are known in memory: a hint, at most a second
// behind the rows.
type Pool struct {
	*Directory
	Stock *pool.Index
	Chart *pool.Chart // of this directory
	NowUS int64       // by the database's clock
}

// PoolKeeper keeps the pool in memory. It must not be called inside a transaction.
type PoolKeeper interface {
	// Pool is at most a second behind the rows. While the database does not answer it is as it was before.
	Pool(ctx context.Context) (Pool, error)
	// PoolNow knows every commit that was made before the call.
	PoolNow(ctx context.Context) (Pool, error)
}

// Hint is the row for the pool's index, at the location with this number. What must not be sold is not in it.
func (r StockRow) Hint(number uint32) pool.Row {
	h := pool.Row{SKU: r.Key.SKU, At: number, Owner: r.Key.Owner, OutageUntilUS: r.OutageUntilUS, Version: r.Version}
	if r.Key.Owner == r.Org {
		h.Owner = ""
	}
	free := r.OnHand - r.Reserved - r.Blocked
	h.Online, h.Till = max(0, free-r.SafetyStock), max(0, free)
	return h
}

// ChannelShares knows what part of the pool each channel may promise: the sharing policies.
type ChannelShares interface {
	// Share opens a question of one channel about these SKUs, at the database's time; nil: it may promise all that is online
	// anywhere.
	Share(ctx context.Context, channel string, skus []string, nowUS int64) (ChannelShare, error)
}

// ChannelShare is what one channel may promise, asked for very many locations and SKUs: it allocates nothing, and asks
// nobody. Not for concurrent use.
type ChannelShare interface {
	// May returns how many of the pieces that are online at a location the channel may promise, never below zero.
	May(l *Location, sku string, online int64) int64
	// Edition changes when answers about the SKU may have changed: sums are kept for as long as it stays.
	Edition(sku string) uint64
}

// SharesAll is when there are no policies.
type SharesAll struct{}

// Share opens a question to which the answer is always: all.
func (SharesAll) Share(context.Context, string, []string, int64) (ChannelShare, error) {
	return nil, nil
}

// limit is a share as the index asks for it.
func (p Pool) limit(share ChannelShare, sku string) pool.Limit {
	if share == nil {
		return nil
	}
	return func(n uint32, online int64) int64 {
		ref, known := p.Chart.Ref(n)
		if !known {
			return 0
		}
		return share.May(p.at(ref), sku, online)
	}
}
