package data

import (
	"context"
	"fmt"
	"strings"

	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// ChangedSince reads what was changed between a moment and now, from the log and from what the log does not tell.
func (s *Store) ChangedSince(ctx context.Context, sinceUS, nowUS int64) (biz.Recent, error) {
	r := biz.Recent{SKUs: map[string]bool{}, Days: map[string]bool{}}
	err := s.eachSince(ctx, "SELECT body FROM stock_changes WHERE created_us >= ?", sinceUS, func(body []byte) error {
		rows, _, err := decodeChange(body)
		r.All = r.All || err == nil && len(rows) == 0
		for _, row := range rows {
			r.SKUs[row.Key.SKU] = true
		}
		return err
	})
	if err != nil {
		return r, err
	}
	err = s.eachSince(ctx, "SELECT location FROM capacities WHERE updated_us >= ?", sinceUS, func(location []byte) error {
		r.Days[string(location)] = true
		return nil
	})
	if err != nil {
		return r, err
	}
	for _, query := range []string{
		"SELECT COUNT(*) FROM locations WHERE updated_us >= ?",
		"SELECT COUNT(*) FROM rulesets WHERE updated_us >= ?",
		"SELECT COUNT(*) FROM sharing_policies WHERE ended_us = 0 AND until_us >= ? AND until_us <= ?", // what else happens to policies is in the log
	} {
		args := []any{sinceUS, nowUS}
		var n int64
		if err := s.db.Conn(ctx).QueryRowContext(ctx, query, args[:strings.Count(query, "?")]...).Scan(&n); err != nil {
			return r, fmt.Errorf("find what has changed: %w", err)
		}
		r.All = r.All || n > 0
	}
	return r, nil
}

// eachSince visits the one column of a query.
func (s *Store) eachSince(ctx context.Context, query string, sinceUS int64, visit func([]byte) error) error {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, query, sinceUS)
	if err != nil {
		return fmt.Errorf("find what has changed: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var value []byte
		if err := rows.Scan(&value); err != nil {
			return fmt.Errorf("find what has changed: %w", err)
		}
		if err := visit(value); err != nil {
			return fmt.Errorf("find what has changed: %w", err)
		}
	}
	return rows.Err()
}
