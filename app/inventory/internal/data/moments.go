package data

import (
	"context"
	"fmt"
	"slices"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// writeMoments stores the times at which rows are promised again.
func (s *Store) writeMoments(ctx context.Context, c biz.Changes) error {
	return s.addMoments(ctx, c.Moments)
}

func (s *Store) addMoments(ctx context.Context, all []biz.Moment) error {
	if len(all) == 0 {
		return nil
	}
	rows := make([][]any, len(all))
	for i, m := range all {
		rows[i] = []any{m.AtUS, m.StockID}
	}
	return s.insert(ctx, "moments", "at_us, stock_id", rows)
}

// TellMoments implements biz.MomentFinder: the moments go and the log's row comes in one transaction.
func (s *Store) TellMoments(ctx context.Context, nowUS int64, limit int) (told int, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		due, stock, err := s.dueMoments(ctx, nowUS, limit)
		if told = len(due); err != nil || told == 0 {
			return err
		}
		if err := s.tell(ctx, stock, nowUS); err != nil {
			return err
		}
		if _, err := s.db.Conn(ctx).ExecContext(ctx, "DELETE FROM moments WHERE id IN ("+marks(told)+")", due...); err != nil {
			return fmt.Errorf("delete moments: %w", err)
		}
		return nil
	})
	return told, err
}

// dueMoments takes those that no other replica has taken, and the rows they are about.
func (s *Store) dueMoments(ctx context.Context, nowUS int64, limit int) (due []any, stock []int64, err error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT id, stock_id FROM moments WHERE at_us <= ? ORDER BY at_us LIMIT ?"+s.db.SkipLocked(), nowUS, limit)
	if err != nil {
		return nil, nil, fmt.Errorf("read moments: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, about int64
		if err := rows.Scan(&id, &about); err != nil {
			return nil, nil, fmt.Errorf("read moments: %w", err)
		}
		due, stock = append(due, id), append(stock, about)
	}
	return due, stock, rows.Err()
}

// tell logs the rows as they are, or that any may be different when one moment is about more than a row.
func (s *Store) tell(ctx context.Context, stock []int64, nowUS int64) error {
	if slices.Contains(stock, 0) {
		return s.logEverything(ctx, nowUS)
	}
	slices.Sort(stock)
	stock = slices.Compact(stock)
	found, err := s.stock(ctx, "WHERE id IN ("+marks(len(stock))+")", anys(stock)...)
	if err != nil {
		return err
	}
	rows := make([]biz.StockRow, len(found))
	for i, row := range found {
		rows[i] = row.Row()
		rows[i].Version-- // nothing is changed: the log's row is of the version that is there
	}
	if err := s.insert(ctx, "stock_changes", "id, body, created_us", [][]any{{ids.New("chg"), encodeChange(rows, nil), nowUS}}); err != nil {
		return err
	}
	return s.db.AfterCommit(ctx, func() { s.db.Signal(topicChanges) })
}
