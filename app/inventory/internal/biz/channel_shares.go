package biz

import (
	"context"
	"encoding/binary"
	"hash/fnv"
)

// PolicyShares is what the sharing policies leave to a channel, from memory: at most a second behind the rows.
type PolicyShares struct {
	Sharing    SharingHints
	Categories CategoryFinder
}

// SharingHints knows the policies, and what is drawn from quotas, without asking the database each time.
type SharingHints interface {
	// SharingHint is at most a second behind the rows; while the database does not answer it is as it was before.
	SharingHint(ctx context.Context) (*SharingSet, error)
	// QuotaHints knows what is drawn from the quotas.
	QuotaHints() QuotaHints
}

// QuotaHints is what is drawn from quotas, as it is known in memory. Safe for concurrent use.
type QuotaHints interface {
	Drawn
	// Edition grows when what is drawn of a SKU has changed.
	Edition(sku string) uint64
}

// Share opens a question of a channel.
func (p PolicyShares) Share(ctx context.Context, channel string, skus []string, nowUS int64) (ChannelShare, error) {
	set, err := p.Sharing.SharingHint(ctx)
	if err != nil || set.Empty() {
		return nil, err
	}
	sharing := set.At(nowUS)
	categories, err := CategoriesOf(ctx, p.Categories, sharing, skus)
	if err != nil {
		return nil, err
	}
	return &channelShare{share: sharing.For(channel), categories: categories, drawn: p.Sharing.QuotaHints(), terms: set.edition ^ uint64(sharing.sinceUS)}, nil
}

// channelShare is a question under way.
type channelShare struct {
	share      *Share
	categories map[string]string
	drawn      QuotaHints
	terms      uint64 // which policies, and from when they are as they are

	at     *Location // where it is
	counts bool      // a policy may count there
}

// May returns how many of the pieces that are online at a location the channel may promise.
func (c *channelShare) May(l *Location, sku string, online int64) int64 {
	if c.at != l {
		c.at, c.counts = l, c.share.At(l)
	}
	if !c.counts {
		return online
	}
	return c.share.Promise(sku, c.categories[sku], online, c.drawn)
}

// Edition changes with the policies, with the SKU's category and with what is drawn of it.
func (c *channelShare) Edition(sku string) uint64 {
	h := fnv.New64a()
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], c.terms)
	binary.BigEndian.PutUint64(b[8:], c.drawn.Edition(sku))
	h.Write(b[:])
	h.Write([]byte(c.categories[sku]))
	return h.Sum64()
}
