package data

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// lockNeededLoads locks the days whose capacity members may take, and those that reservations which change have taken.
func (s *Store) lockNeededLoads(ctx context.Context, b *biz.Book, needs []biz.Need) error {
	var keys []biz.LoadKey
	for _, n := range needs {
		keys = append(keys, n.Loads...)
		if n.Touches == nil {
			continue
		}
		for _, d := range n.Documents {
			for _, r := range b.Of(d.Document) {
				if t := r.Terms(); t.CapacityDay > 0 && n.Touches(r, b.NowUS()) {
					keys = append(keys, biz.LoadKey{Location: t.Key.Location, Day: t.CapacityDay})
				}
			}
		}
	}
	return s.LockLoads(ctx, b, keys)
}

// LockLoads locks the days in their one order and takes them in. Those of which nothing was taken yet are opened.
func (s *Store) LockLoads(ctx context.Context, b *biz.Book, keys []biz.LoadKey) error {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, biz.LoadKey.Compare)
	keys = slices.Compact(keys)
	for chunk := range slices.Chunk(keys, lockChunk) {
		found, err := s.loads(ctx, chunk, s.db.ForUpdate())
		if err != nil {
			return err
		}
		b.AddLoads(found...)
		absent := slices.DeleteFunc(slices.Clone(chunk), func(k biz.LoadKey) bool {
			_, locked := b.Load(k)
			return locked
		})
		if len(absent) == 0 {
			continue
		}
		var args []any
		for _, k := range absent {
			args = append(args, k.Location, k.Day, b.NowUS())
		}
		_, err = s.db.Conn(ctx).ExecContext(ctx, "INSERT INTO capacities (location, day, updated_us) VALUES (?, ?, ?)"+
			strings.Repeat(", (?, ?, ?)", len(absent)-1)+s.orIgnore("version"), args...)
		if err != nil {
			return fmt.Errorf("open days: %w", err)
		}
		if found, err = s.loads(ctx, absent, s.db.ForUpdate()); err != nil {
			return err
		}
		b.AddLoads(found...)
	}
	return nil
}

// Loads reads what locations have been given, without locking.
func (s *Store) Loads(ctx context.Context, keys []biz.LoadKey) (map[biz.LoadKey]biz.Load, error) {
	all := make(map[biz.LoadKey]biz.Load, len(keys))
	for chunk := range slices.Chunk(keys, lockChunk) {
		found, err := s.loads(ctx, chunk, "")
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			all[r.LoadKey] = biz.Load{Day: r.Day, Orders: r.Orders, Lines: r.Lines}
		}
	}
	return all, nil
}

func (s *Store) loads(ctx context.Context, keys []biz.LoadKey, lock string) ([]biz.LoadRow, error) {
	args := make([]any, 0, 2*len(keys))
	for _, k := range keys {
		args = append(args, k.Location, k.Day)
	}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT id, location, day, orders, `lines`, version FROM capacities WHERE (location = ? AND day = ?)"+
		strings.Repeat(" OR (location = ? AND day = ?)", len(keys)-1)+" ORDER BY location, day"+lock, args...)
	if err != nil {
		return nil, fmt.Errorf("read days: %w", err)
	}
	defer rows.Close()
	var all []biz.LoadRow
	for rows.Next() {
		var r biz.LoadRow
		if err := rows.Scan(&r.ID, &r.Location, &r.Day, &r.Orders, &r.Lines, &r.Version); err != nil {
			return nil, fmt.Errorf("read days: %w", err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// writeLoads stores what days have been given. What is only given back needs no lock before: it can exceed no limit.
func (s *Store) writeLoads(ctx context.Context, c biz.Changes) error {
	var rows []changed
	for _, l := range c.Loads {
		if l.Row.ID != 0 {
			rows = append(rows, changed{l.Row.ID, l.Row.Version, []any{l.Row.Orders + l.Orders, l.Row.Lines + l.Lines}})
			continue
		}
		res, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE capacities SET orders = orders + ?, `lines` = `lines` + ?, version = version + 1, updated_us = ? WHERE location = ? AND day = ? AND orders + ? >= 0 AND `lines` + ? >= 0 AND ? <= 0 AND ? <= 0",
			l.Orders, l.Lines, c.NowUS, l.Row.Location, l.Row.Day, l.Orders, l.Lines, l.Orders, l.Lines)
		if err != nil {
			return fmt.Errorf("give back a day: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return fmt.Errorf("give back day %d of %s: %d rows: %w (%v)", l.Row.Day, l.Row.Location, n, errGuard, err)
		}
	}
	return s.guarded(ctx, "capacities", []string{"orders", "`lines`"}, []string{"location", "day"}, rows, 1, c.NowUS)
}
