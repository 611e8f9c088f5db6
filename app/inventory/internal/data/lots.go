package data

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

const lotColumns = "id, org, sku, location, owner, code, produced_day, expires_day, expires_us, on_hand, reserved, blocked, version"

// readNeededLots takes in the lots of the locked rows that have some. The row's lock is theirs too.
func (s *Store) readNeededLots(ctx context.Context, b *biz.Book, _ []biz.Need) error {
	return s.readLots(ctx, b, b.LotsWanted())
}

func (s *Store) readLots(ctx context.Context, b *biz.Book, keys []biz.StockKey) error {
	for chunk := range slices.Chunk(keys, lockChunk) {
		args := make([]any, 0, 3*len(chunk))
		for _, k := range chunk {
			args = append(args, k.SKU, k.Location, k.Owner)
		}
		tuples := database.Tuples(len(chunk), 3)
		if s.db.Engine() == database.SQLite {
			tuples = "VALUES " + tuples
		}
		rows, err := s.scanLots(ctx, s.db.ByIndex("batch_sku_location_owner_code")+"WHERE (sku, location, owner) IN ("+tuples+")", args...)
		if err != nil {
			return err
		}
		b.AddLots(chunk, rows)
	}
	return nil
}

// writeLots stores the lots that have changed. Their rows are locked; the version is the last line of defence.
func (s *Store) writeLots(ctx context.Context, c biz.Changes) error {
	var added [][]any
	var rows []changed
	for _, l := range c.Lots {
		if l.ID == 0 {
			added = append(added, []any{l.Org, l.Key.SKU, l.Key.Location, l.Key.Owner, l.Code, l.ProducedDay, l.ExpiresDay, l.ExpiresUS, l.OnHand, l.Reserved, l.Blocked, c.NowUS})
			continue
		}
		rows = append(rows, changed{l.ID, l.Version, []any{l.OnHand, l.Reserved, l.Blocked}})
	}
	if err := s.insert(ctx, "batches", "org, sku, location, owner, code, produced_day, expires_day, expires_us, on_hand, reserved, blocked, updated_us", added); err != nil {
		return err
	}
	return s.guarded(ctx, "batches", []string{"on_hand", "reserved", "blocked"}, []string{"org", "sku", "location", "owner", "code"}, rows, 1, c.NowUS)
}

// DueLots names the rows of lots that are expired and not blocked.
func (s *Store) DueLots(ctx context.Context, nowUS int64, limit int) ([]biz.StockKey, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT DISTINCT sku, location, owner FROM batches WHERE blocked = ? AND expires_us > 0 AND expires_us <= ? LIMIT ?", false, nowUS, limit)
	if err != nil {
		return nil, fmt.Errorf("find expired lots: %w", err)
	}
	return scanAll(rows, func(scan func(...any) error) (k biz.StockKey, err error) {
		return k, scan(&k.SKU, &k.Location, &k.Owner)
	})
}

// LotFilter says which lots. ExpiresBeforeUS keeps those that expire before then, and those that are expired.
type LotFilter struct {
	Location, SKU   string
	ExpiresBeforeUS int64
	EmptyToo        bool
}

// ListLots lists by expiry, those that never expire first, within the caller's organisations.
func (s *Store) ListLots(ctx context.Context, f LotFilter, p Page) ([]biz.LotRow, string, error) {
	l, err := s.open(ctx, p, 2, "lots", f.Location, f.SKU, strconv.FormatInt(f.ExpiresBeforeUS, 10), strconv.FormatBool(f.EmptyToo))
	if err != nil {
		return nil, "", err
	}
	cond, args, err := tenancy.SQL(ctx, "org")
	if err != nil {
		return nil, "", err
	}
	where := []string{cond}
	and := func(condition string, values ...any) { where, args = append(where, condition), append(args, values...) }
	if f.Location != "" {
		and("location = ?", f.Location)
	}
	if f.SKU != "" {
		and("sku = ?", f.SKU)
	}
	if f.ExpiresBeforeUS > 0 {
		and("expires_us > 0 AND expires_us < ?", f.ExpiresBeforeUS)
	}
	if !f.EmptyToo {
		and("on_hand > 0")
	}
	if len(l.after) > 0 {
		at, err := strconv.ParseInt(l.after[0], 10, 64)
		id, badID := strconv.ParseInt(l.after[1], 10, 64)
		if err != nil || badID != nil {
			return nil, "", page.ErrToken
		}
		and("(expires_us > ? OR expires_us = ? AND id > ?)", at, at, id)
	}
	rows, err := s.scanLots(ctx, "WHERE "+strings.Join(where, " AND ")+" ORDER BY expires_us, id LIMIT ?", append(args, l.size+1)...)
	if err != nil {
		return nil, "", err
	}
	rows, next := cut(l, rows, func(r biz.LotRow) []string {
		return []string{strconv.FormatInt(r.ExpiresUS, 10), strconv.FormatInt(r.ID, 10)}
	})
	return rows, next, nil
}

func (s *Store) scanLots(ctx context.Context, rest string, args ...any) ([]biz.LotRow, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT "+lotColumns+" FROM batches "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read lots: %w", err)
	}
	return scanAll(rows, func(scan func(...any) error) (r biz.LotRow, err error) {
		return r, scan(&r.ID, &r.Org, &r.Key.SKU, &r.Key.Location, &r.Key.Owner, &r.Code, &r.ProducedDay, &r.ExpiresDay, &r.ExpiresUS, &r.OnHand, &r.Reserved, &r.Blocked, &r.Version)
	})
}
