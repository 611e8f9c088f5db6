package biz

import (
	"context"
	"slices"
)

const (
	// feedRead is how many commits of the change log are read at once, feedReads how often for one answer.
	feedRead  = 64
	feedReads = 64
	// FeedLimit is how many changes one answer has at most.
	FeedLimit = 200
)

// StockChange is one commit's stock rows as they are after it, at its position in the change log. No rows say that more has
// changed than can be listed.
type StockChange struct {
	Position int64
	AtUS     int64
	Rows     []StockRow
	// Quotas are the counts that changed with them.
	Quotas []QuotaRow
}

// ChangeLog is what commits have changed, in an order without gaps.
type ChangeLog interface {
	// ChangesAfter returns what was logged after a position, in order, at most limit commits.
	ChangesAfter(ctx context.Context, position int64, limit int) ([]StockChange, error)
	// ChangeEnds returns the first position that is kept and the last one that was given; both 0 while there is none.
	ChangeEnds(ctx context.Context) (first, last int64, err error)
	// AwaitChange says whether a later position was given before ctx ended.
	AwaitChange(ctx context.Context, after int64) (bool, error)
}

// Promised is what may be sold of a SKU at one location.
type Promised struct {
	Online, AtTheTill int64
	Hidden            bool // the figures are not for the caller now
}

// Promises tells the context's caller what a channel may promise now. What it tells must not be older than the commits that
// the log had before the question: a figure that is behind the cursor given with it would never be put right.
type Promises interface {
	// Totals is what the channel may promise of each SKU, over all locations.
	Totals(ctx context.Context, channel string, skus []string) (map[string]int64, error)
	// At is what may be promised of each SKU at one location.
	At(ctx context.Context, channel, location string, skus []string) (map[string]Promised, error)
}

// FeedPlace is a place in the log: all commits up to Position, and the first Rows rows of the next one.
type FeedPlace struct {
	Position int64
	Rows     int
}

// FeedKey is what a follower is told of, once an answer. Location is empty for totals.
type FeedKey struct{ SKU, Location string }

// gathered is what has changed between two places.
type gathered struct {
	keys  []FeedKey
	seen  map[FeedKey]bool
	to    FeedPlace
	atUS  int64
	reset bool
	full  bool // there may be more
}

// gatherer collects changes from the log, each key once, until limit keys are there or nothing is left.
type gatherer struct {
	log  ChangeLog
	kits KitFollower
	// key is what the follower is told of a row, and whether it is: sku is the row's own, or that of a kit that has it as a part.
	key    func(r StockRow, sku string) (FeedKey, bool)
	around KitsAround // of the commits that were read
	// limit is passed only by what belongs to one row: the kits that its SKU is in.
	limit int
	// whole ends at the end of a commit, above the limit if the first one alone is.
	whole bool
}

// after refuses with FeedExpired when the log does not reach back to from any more.
func (g gatherer) after(ctx context.Context, from FeedPlace) (*gathered, error) {
	got := &gathered{to: from, seen: map[FeedKey]bool{}}
	for range feedReads {
		changes, err := g.log.ChangesAfter(ctx, got.to.Position, feedRead)
		if err != nil {
			return nil, err
		}
		if len(changes) > 0 {
			// After the commits: a kit that was there before one of them is known.
			if g.around, err = g.kits.KitsAroundNow(ctx); err != nil {
				return nil, err
			}
		}
		for _, c := range changes {
			// A purge may be at work: what is missing in between was there.
			if c.Position != got.to.Position+1 || got.to.Rows > len(c.Rows) {
				return nil, FeedExpired{}
			}
			if got.full = !g.take(got, c); got.full {
				return got, nil
			}
		}
		if len(changes) < feedRead {
			return got, nil
		}
	}
	got.full = true
	return got, nil
}

// take adds a commit; false when it does not fit, or not all of it.
func (g gatherer) take(got *gathered, c StockChange) bool {
	rows := c.Rows[got.to.Rows:]
	if g.whole && len(got.keys) > 0 && len(got.keys)+g.unseen(got, rows) > g.limit {
		return false
	}
	for i, row := range rows {
		fresh := g.fresh(row, got.seen)
		if !g.whole && len(fresh) > 0 && len(got.keys) > 0 && len(got.keys)+len(fresh) > g.limit {
			got.to.Rows += i
			return false
		}
		for _, key := range fresh {
			got.seen[key] = true
			got.keys = append(got.keys, key)
		}
	}
	got.reset = got.reset || len(c.Rows) == 0
	got.to, got.atUS = FeedPlace{Position: c.Position}, c.AtUS
	return true
}

func (g gatherer) unseen(got *gathered, rows []StockRow) int {
	fresh := map[FeedKey]bool{}
	for _, row := range rows {
		for _, key := range g.fresh(row, got.seen) {
			fresh[key] = true
		}
	}
	return len(fresh)
}

// fresh are the keys of a row that were not seen: its own, and those of the kits that it is a part of.
func (g gatherer) fresh(row StockRow, seen map[FeedKey]bool) (keys []FeedKey) {
	if key, told := g.key(row, row.Key.SKU); told && !seen[key] {
		keys = append(keys, key)
	}
	for _, kit := range g.around[row.Key.SKU] {
		if key, told := g.key(row, kit); told && !seen[key] {
			keys = append(keys, key)
		}
	}
	return keys
}

// FeedReader is whose eyes a feed is for.
type FeedReader struct {
	Org    string
	All    bool // every organisation's locations
	Totals bool // no shelves, only totals
}

// FeedQuery asks for what has changed.
type FeedQuery struct {
	Channel         string
	Limit           int // 1 to FeedLimit
	SKUs, Locations []string
}

// FeedItem is a key that has changed, with what may be promised now.
type FeedItem struct {
	FeedKey
	Promised
}

// FeedPage is one answer. Behind counts the commits that are left after To.
type FeedPage struct {
	Items        []FeedItem
	To           FeedPlace
	AtUS, Behind int64
	Reset        bool
}

// ReadFeed tells a follower what has changed since its cursor.
type ReadFeed struct {
	Log      ChangeLog
	Kits     KitFollower
	Promises Promises
}

// Begin is the place of a cursor that has seen nothing, or everything so far.
func (uc ReadFeed) Begin(ctx context.Context, oldest bool) (FeedPlace, error) {
	first, last, err := uc.Log.ChangeEnds(ctx)
	if oldest {
		return FeedPlace{Position: max(0, first-1)}, err
	}
	return FeedPlace{Position: last}, err
}

// Follow answers as soon as there is something to tell after from, or when wait ends with nothing. Without wait it answers
// at once. The same place asked again tells the same keys, and those that came since.
func (uc ReadFeed) Follow(ctx, wait context.Context, r FeedReader, q FeedQuery, from FeedPlace) (FeedPage, error) {
	var atUS int64
	for {
		page, err := uc.read(ctx, r, q, from)
		if err != nil {
			return FeedPage{}, err
		}
		if page.AtUS == 0 {
			page.AtUS = atUS
		}
		if len(page.Items) > 0 || page.Reset || wait == nil {
			return page, nil
		}
		if more, err := uc.Log.AwaitChange(wait, page.To.Position); err != nil || !more {
			return page, err
		}
		from, atUS = page.To, page.AtUS
	}
}

func (uc ReadFeed) read(ctx context.Context, r FeedReader, q FeedQuery, from FeedPlace) (FeedPage, error) {
	got, err := gatherer{log: uc.Log, kits: uc.Kits, key: q.keyFor(r), limit: q.Limit}.after(ctx, from)
	if err != nil {
		return FeedPage{}, err
	}
	_, last, err := uc.Log.ChangeEnds(ctx)
	if err != nil {
		return FeedPage{}, err
	}
	if last < got.to.Position || got.to.Rows > 0 && last == got.to.Position {
		return FeedPage{}, FeedExpired{} // another log than the one that the cursor is of
	}
	page := FeedPage{To: got.to, AtUS: got.atUS, Behind: last - got.to.Position, Reset: got.reset}
	page.Items, err = promised(ctx, uc.Promises, q.Channel, got.keys)
	return page, err
}

// keyFor says which rows a reader is told of, and under which key.
func (q FeedQuery) keyFor(r FeedReader) func(row StockRow, sku string) (FeedKey, bool) {
	among := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	return func(row StockRow, sku string) (FeedKey, bool) {
		if !among(q.SKUs, sku) || !among(q.Locations, row.Key.Location) {
			return FeedKey{}, false
		}
		if r.Totals {
			return FeedKey{SKU: sku}, true
		}
		return FeedKey{sku, row.Key.Location}, r.All || r.Org != "" && r.Org == row.Org
	}
}

// promised asks for the figures of keys: of totals at once, of shelves location by location.
func promised(ctx context.Context, from Promises, channel string, keys []FeedKey) ([]FeedItem, error) {
	var order []string
	at := map[string][]string{}
	for _, k := range keys {
		if at[k.Location] == nil {
			order = append(order, k.Location)
		}
		at[k.Location] = append(at[k.Location], k.SKU)
	}
	figures := make(map[FeedKey]Promised, len(keys))
	for _, location := range order {
		for skus := range slices.Chunk(at[location], FeedLimit) {
			if location == "" {
				totals, err := from.Totals(ctx, channel, skus)
				if err != nil {
					return nil, err
				}
				for sku, online := range totals {
					figures[FeedKey{SKU: sku}] = Promised{Online: online}
				}
				continue
			}
			some, err := from.At(ctx, channel, location, skus)
			if err != nil {
				return nil, err
			}
			for sku, p := range some {
				figures[FeedKey{sku, location}] = p
			}
		}
	}
	items := make([]FeedItem, len(keys))
	for i, k := range keys {
		items[i] = FeedItem{k, figures[k]}
	}
	return items, nil
}
