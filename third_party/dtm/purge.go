package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/dtm-labs/logger"
)

const (
	purgeEvery   = time.Minute
	purgeBatch   = 500
	maxPurges    = 20 // batches a round
	keepFinished = 7 * 24 * time.Hour
)

// purge removes transactions from MySQL that ended some days ago; DTM does that for its other stores only (boltdb's at
// each start). Open transactions stay, however old.
func purge(ctx context.Context, db *sql.DB, before time.Time) (removed int64, err error) {
	for range maxPurges {
		n, err := purgeBatchOf(ctx, db, before)
		removed += n
		if err != nil || n < purgeBatch {
			return removed, err
		}
	}
	return removed, nil
}

func purgeBatchOf(ctx context.Context, db *sql.DB, before time.Time) (n int64, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("purge: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	rows, err := tx.QueryContext(ctx, `SELECT id, gid FROM trans_global WHERE status IN ('succeed', 'failed') AND next_cron_time < ? ORDER BY next_cron_time LIMIT ? FOR UPDATE SKIP LOCKED`, before, purgeBatch)
	if err != nil {
		return 0, fmt.Errorf("purge: %w", err)
	}
	type row struct {
		id  int64
		gid string
	}
	var old []row
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.id, &r.gid); err != nil {
			_ = rows.Close()
			return 0, fmt.Errorf("purge: %w", err)
		}
		old = append(old, r)
	}
	if err := rows.Err(); err != nil {
		return 0, fmt.Errorf("purge: %w", err)
	}
	for _, r := range old {
		if _, err := tx.ExecContext(ctx, `DELETE FROM trans_branch_op WHERE gid = ?`, r.gid); err != nil {
			return 0, fmt.Errorf("purge: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM trans_global WHERE id = ?`, r.id); err != nil {
			return 0, fmt.Errorf("purge: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("purge: %w", err)
	}
	return int64(len(old)), nil
}

// purgeRegularly runs until ctx ends.
func purgeRegularly(ctx context.Context, db *sql.DB) {
	defer db.Close()
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, err := purge(ctx, db, time.Now().UTC().Add(-keepFinished)); err != nil && ctx.Err() == nil {
				logger.Warnf("%v", err)
			}
		}
	}
}
