package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

const (
	stocktakeColumns = "id, org, location, blind, frozen, state, version, note, created_by, submitted_by, decided_by, created_us, updated_us"
	lineColumns      = "sku, owner, batch, counted, book, seq, counted_by, counted_us, difference"
)

// LockCounting locks the location's row: one stocktake at a time is opened there.
func (s *Store) LockCounting(ctx context.Context, location string) error {
	var id string
	if err := s.db.Conn(ctx).QueryRowContext(ctx, "SELECT id FROM locations WHERE id = ?"+s.db.ForUpdate(), location).Scan(&id); err != nil {
		return fmt.Errorf("lock location %s: %w", location, err)
	}
	return nil
}

// RowsAt names the stock rows of a location, of these SKUs or all.
func (s *Store) RowsAt(ctx context.Context, location string, skus []string, limit int) ([]biz.StockKey, error) {
	where, args := "location = ?", []any{location}
	if len(skus) > 0 {
		where, args = where+" AND sku IN ("+marks(len(skus))+")", append(args, anys(skus)...)
	}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT sku, location, owner FROM stock WHERE "+where+" ORDER BY sku, owner LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("read stock rows: %w", err)
	}
	return scanAll(rows, func(scan func(...any) error) (k biz.StockKey, err error) {
		return k, scan(&k.SKU, &k.Location, &k.Owner)
	})
}

// CountedBy finds an open stocktake of the location that counts one of the rows.
func (s *Store) CountedBy(ctx context.Context, location string, keys []biz.StockKey) (string, biz.StockKey, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT t.id, l.sku, l.owner FROM stocktakes t JOIN stocktake_lines l ON l.stocktake = t.id WHERE t.location = ? AND t.state IN (?, ?) ORDER BY l.sku, l.owner",
		location, int8(biz.StocktakeCounting), int8(biz.StocktakeSubmitted))
	if err != nil {
		return "", biz.StockKey{}, fmt.Errorf("find open stocktakes: %w", err)
	}
	type counted struct {
		id  string
		key biz.StockKey
	}
	all, err := scanAll(rows, func(scan func(...any) error) (c counted, err error) {
		c.key.Location = location
		return c, scan(&c.id, &c.key.SKU, &c.key.Owner)
	})
	for _, c := range all {
		if _, found := slices.BinarySearchFunc(keys, c.key, biz.StockKey.Compare); found {
			return c.id, c.key, err
		}
	}
	return "", biz.StockKey{}, err
}

// AddStocktake stores a new one with its lines.
func (s *Store) AddStocktake(ctx context.Context, r biz.StocktakeRow, lines []biz.StocktakeLine) error {
	err := s.insert(ctx, "stocktakes", stocktakeColumns, [][]any{{r.ID, r.Org, r.Location, r.Blind, r.Frozen, int8(r.State), r.Version, r.Note, r.CreatedBy, r.SubmittedBy, r.DecidedBy,
		r.CreatedUS, r.UpdatedUS}})
	if err != nil {
		return err
	}
	rows := make([][]any, len(lines))
	for i, l := range lines {
		rows[i] = []any{r.ID, l.SKU, l.Owner, l.Batch, l.Book, l.Seq}
	}
	return s.insert(ctx, "stocktake_lines", "stocktake, sku, owner, batch, book, seq", rows)
}

// LockStocktake locks one within the caller's organisations.
func (s *Store) LockStocktake(ctx context.Context, id string) (*biz.Stocktake, error) {
	r, err := s.stocktake(ctx, id, s.db.ForUpdate())
	if err != nil {
		return nil, err
	}
	return biz.RestoreStocktake(r)
}

// Stocktake reads one within the caller's organisations, and how far it is.
func (s *Store) Stocktake(ctx context.Context, id string) (biz.StocktakeRow, biz.Counted, error) {
	r, err := s.stocktake(ctx, id, "")
	if err != nil {
		return r, biz.Counted{}, err
	}
	progress, err := s.Progress(ctx, []string{id})
	return r, progress[id], err
}

func (s *Store) stocktake(ctx context.Context, id, lock string) (biz.StocktakeRow, error) {
	cond, args, err := tenancy.SQL(ctx, "org")
	if err != nil {
		return biz.StocktakeRow{}, err
	}
	all, err := s.scanStocktakes(ctx, "WHERE id = ? AND "+cond+lock, append([]any{id}, args...)...)
	if err == nil && len(all) == 0 {
		err = biz.UnknownStocktake{ID: id}
	}
	if err != nil {
		return biz.StocktakeRow{}, err
	}
	return all[0], nil
}

// Progress says how far stocktakes are.
func (s *Store) Progress(ctx context.Context, ids []string) (map[string]biz.Counted, error) {
	progress := map[string]biz.Counted{}
	if len(ids) == 0 {
		return progress, nil
	}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT stocktake, COUNT(*), COUNT(counted) FROM stocktake_lines WHERE stocktake IN ("+marks(len(ids))+") GROUP BY stocktake", anys(ids)...)
	if err != nil {
		return nil, fmt.Errorf("count stocktake lines: %w", err)
	}
	type one struct {
		id string
		biz.Counted
	}
	all, err := scanAll(rows, func(scan func(...any) error) (o one, err error) {
		return o, scan(&o.id, &o.Lines, &o.Counted.Counted)
	})
	for _, o := range all {
		progress[o.id] = o.Counted
	}
	return progress, err
}

// SaveStocktake stores a step of a locked one.
func (s *Store) SaveStocktake(ctx context.Context, r biz.StocktakeRow) error {
	res, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE stocktakes SET state = ?, version = ?, submitted_by = ?, decided_by = ?, updated_us = ? WHERE id = ? AND version = ?",
		int8(r.State), r.Version, r.SubmittedBy, r.DecidedBy, r.UpdatedUS, r.ID, r.Version-1)
	if err != nil {
		return fmt.Errorf("save stocktake: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("save stocktake %s: %w (%v)", r.ID, errGuard, err)
	}
	return nil
}

// LinesOf reads all lines, in their order.
func (s *Store) LinesOf(ctx context.Context, id string) ([]biz.StocktakeLine, error) {
	return s.lines(ctx, "WHERE stocktake = ? ORDER BY sku, owner, batch", id)
}

func (s *Store) lines(ctx context.Context, rest string, args ...any) ([]biz.StocktakeLine, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT "+lineColumns+" FROM stocktake_lines "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read stocktake lines: %w", err)
	}
	return scanAll(rows, func(scan func(...any) error) (l biz.StocktakeLine, err error) {
		return l, scan(&l.SKU, &l.Owner, &l.Batch, &l.Counted, &l.Book, &l.Seq, &l.CountedBy, &l.CountedUS, &l.Difference)
	})
}

// AddCounts stores what was counted on the lines, and each count by itself.
func (s *Store) AddCounts(ctx context.Context, id, request string, lines []biz.StocktakeLine) error {
	counts := make([][]any, len(lines))
	for i, l := range lines {
		counts[i] = []any{id, l.SKU, l.Owner, l.Batch, *l.Counted, l.Book, l.Seq, l.CountedBy, request, l.CountedUS}
		_, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE stocktake_lines SET counted = ?, book = ?, seq = ?, counted_by = ?, counted_us = ? WHERE stocktake = ? AND sku = ? AND owner = ? AND batch = ?",
			*l.Counted, l.Book, l.Seq, l.CountedBy, l.CountedUS, id, l.SKU, l.Owner, l.Batch)
		if err != nil {
			return fmt.Errorf("note count: %w", err)
		}
	}
	return s.insert(ctx, "stocktake_counts", "stocktake, sku, owner, batch, counted, book, seq, actor, request, at_us", counts)
}

// SaveDifferences stores what was booked.
func (s *Store) SaveDifferences(ctx context.Context, id string, lines []biz.StocktakeLine) error {
	for _, l := range lines {
		_, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE stocktake_lines SET difference = ? WHERE stocktake = ? AND sku = ? AND owner = ? AND batch = ?", l.Difference, id, l.SKU, l.Owner, l.Batch)
		if err != nil {
			return fmt.Errorf("note difference: %w", err)
		}
	}
	return nil
}

// Counters are all who have counted.
func (s *Store) Counters(ctx context.Context, id string) ([]string, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT DISTINCT actor FROM stocktake_counts WHERE stocktake = ?", id)
	if err != nil {
		return nil, fmt.Errorf("read counters: %w", err)
	}
	return scanAll(rows, func(scan func(...any) error) (actor string, err error) { return actor, scan(&actor) })
}

// FrozenBefore finds open stocktakes that freeze since before then.
func (s *Store) FrozenBefore(ctx context.Context, beforeUS int64, limit int) ([]string, error) {
	all, err := s.scanStocktakes(ctx, "WHERE frozen = ? AND state IN (?, ?) AND created_us < ? ORDER BY created_us, id LIMIT ?", true,
		int8(biz.StocktakeCounting), int8(biz.StocktakeSubmitted), beforeUS, limit)
	ids := make([]string, len(all))
	for i, r := range all {
		ids[i] = r.ID
	}
	return ids, err
}

// StocktakeFilter says which stocktakes.
type StocktakeFilter struct {
	Location string
	State    biz.StocktakeState
}

// ListStocktakes lists the newest first, within the caller's organisations.
func (s *Store) ListStocktakes(ctx context.Context, f StocktakeFilter, p Page) ([]biz.StocktakeRow, string, error) {
	l, err := s.open(ctx, p, 2, "stocktakes", f.Location, strconv.Itoa(int(f.State)))
	if err != nil {
		return nil, "", err
	}
	cond, args, err := tenancy.SQL(ctx, "org")
	if err != nil {
		return nil, "", err
	}
	where := []string{cond}
	if f.Location != "" {
		where, args = append(where, "location = ?"), append(args, f.Location)
	}
	if f.State != 0 {
		where, args = append(where, "state = ?"), append(args, int8(f.State))
	}
	if len(l.after) > 0 {
		older, more, err := l.older("")
		if err != nil {
			return nil, "", err
		}
		where, args = append(where, older), append(args, more...)
	}
	rows, err := s.scanStocktakes(ctx, "WHERE "+strings.Join(where, " AND ")+" ORDER BY created_us DESC, id DESC LIMIT ?", append(args, l.size+1)...)
	if err != nil {
		return nil, "", err
	}
	rows, next := cut(l, rows, func(r biz.StocktakeRow) []string { return []string{strconv.FormatInt(r.CreatedUS, 10), r.ID} })
	return rows, next, nil
}

// ListStocktakeLines lists the lines of one within the caller's organisations, by SKU, owner and lot.
func (s *Store) ListStocktakeLines(ctx context.Context, id string, missed bool, p Page) (biz.StocktakeRow, []biz.StocktakeLine, string, error) {
	l, err := s.open(ctx, p, 3, "stocktake lines", id, strconv.FormatBool(missed))
	if err != nil {
		return biz.StocktakeRow{}, nil, "", err
	}
	of, err := s.stocktake(ctx, id, "")
	if err != nil {
		return of, nil, "", err
	}
	where, args := "WHERE stocktake = ?", []any{id}
	if missed {
		where += " AND counted IS NULL"
	}
	if len(l.after) > 0 {
		where += " AND (sku > ? OR sku = ? AND (owner > ? OR owner = ? AND batch > ?))"
		args = append(args, l.after[0], l.after[0], l.after[1], l.after[1], l.after[2])
	}
	lines, err := s.lines(ctx, where+" ORDER BY sku, owner, batch LIMIT ?", append(args, l.size+1)...)
	if err != nil {
		return of, nil, "", err
	}
	lines, next := cut(l, lines, func(x biz.StocktakeLine) []string { return []string{x.SKU, x.Owner, x.Batch} })
	return of, lines, next, nil
}

func (s *Store) scanStocktakes(ctx context.Context, rest string, args ...any) ([]biz.StocktakeRow, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT "+stocktakeColumns+" FROM stocktakes "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read stocktakes: %w", err)
	}
	return scanAll(rows, func(scan func(...any) error) (r biz.StocktakeRow, err error) {
		return r, scan(&r.ID, &r.Org, &r.Location, &r.Blind, &r.Frozen, &r.State, &r.Version, &r.Note, &r.CreatedBy, &r.SubmittedBy, &r.DecidedBy, &r.CreatedUS, &r.UpdatedUS)
	})
}

// scanAll reads rows to their end and closes them.
func scanAll[T any](rows *sql.Rows, one func(scan func(...any) error) (T, error)) (all []T, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := one(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}
