package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// Webhooks. A delivery is leased by a guarded update; whoever changes a webhook takes the lease away, so that a delivery
// under the old terms has no say any more.

const webhookColumns = "id, org, channel, url, secret, coalesce_ms, active, position, failures, next_us, last_error, created_us, updated_us"

func scanWebhook(scan func(...any) error) (r biz.WebhookRow, err error) {
	err = scan(&r.ID, &r.Org, &r.Channel, &r.URL, &r.Salt, &r.CoalesceMS, &r.Active, &r.Position, &r.Failures, &r.NextUS, &r.LastError, &r.CreatedUS, &r.UpdatedUS)
	return r, err
}

func (s *Store) webhook(ctx context.Context, id, suffix string) (biz.WebhookRow, bool, error) {
	row := s.db.Conn(ctx).QueryRowContext(ctx, "SELECT "+webhookColumns+" FROM webhooks WHERE id = ?"+suffix, id)
	r, err := scanWebhook(row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("read webhook %s: %w", id, err)
	}
	return r, true, nil
}

// Webhook reads one; false when there is none. Whose it may be is the caller's to check.
func (s *Store) Webhook(ctx context.Context, id string) (biz.WebhookRow, bool, error) {
	return s.webhook(ctx, id, "")
}

// LockWebhook reads one for a change.
func (s *Store) LockWebhook(ctx context.Context, id string) (biz.WebhookRow, bool, error) {
	return s.webhook(ctx, id, s.db.ForUpdate())
}

// CountWebhooks counts those of a channel of an organisation.
func (s *Store) CountWebhooks(ctx context.Context, org, channel string) (n int, err error) {
	if err = s.db.Conn(ctx).QueryRowContext(ctx, "SELECT COUNT(*) FROM webhooks WHERE org = ? AND channel = ?", org, channel).Scan(&n); err != nil {
		return 0, fmt.Errorf("count webhooks: %w", err)
	}
	return n, nil
}

// AddWebhook inserts one.
func (s *Store) AddWebhook(ctx context.Context, r biz.WebhookRow) error {
	return s.insert(ctx, "webhooks", webhookColumns, [][]any{{r.ID, r.Org, r.Channel, r.URL, r.Salt, r.CoalesceMS, r.Active, r.Position, r.Failures, r.NextUS, r.LastError,
		r.CreatedUS, r.UpdatedUS}})
}

// SaveWebhook stores one that was locked, and takes the lease of a delivery away.
func (s *Store) SaveWebhook(ctx context.Context, r biz.WebhookRow) error {
	_, err := s.updateWebhook(ctx, r, "", nil)
	return err
}

// RemoveWebhook deletes one.
func (s *Store) RemoveWebhook(ctx context.Context, id string) error {
	if _, err := s.db.Conn(ctx).ExecContext(ctx, "DELETE FROM webhooks WHERE id = ?", id); err != nil {
		return fmt.Errorf("delete webhook %s: %w", id, err)
	}
	return nil
}

// updateWebhook writes what can change and ends the lease; guard narrows which row.
func (s *Store) updateWebhook(ctx context.Context, r biz.WebhookRow, guard string, guarded []any) (bool, error) {
	args := append([]any{r.URL, r.Salt, r.CoalesceMS, r.Active, r.Position, r.Failures, r.NextUS, r.LastError, r.UpdatedUS, r.ID}, guarded...)
	res, err := s.db.Conn(ctx).ExecContext(ctx, `UPDATE webhooks SET url = ?, secret = ?, coalesce_ms = ?, active = ?, position = ?, failures = ?, next_us = ?,
		last_error = ?, updated_us = ?, lease_owner = '', lease_until_us = 0 WHERE id = ?`+guard, args...)
	if err != nil {
		return false, fmt.Errorf("store webhook %s: %w", r.ID, err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// ListWebhooks lists the oldest first; an empty org or channel stands for all.
func (s *Store) ListWebhooks(ctx context.Context, org, channel string, p Page) ([]biz.WebhookRow, string, error) {
	l, err := s.open(ctx, p, 2, "webhooks", org, channel)
	if err != nil {
		return nil, "", err
	}
	where, args := "1 = 1", []any{}
	for _, of := range []struct{ column, value string }{{"org", org}, {"channel", channel}} {
		if of.value != "" {
			where += " AND " + of.column + " = ?"
			args = append(args, of.value)
		}
	}
	if len(l.after) > 0 {
		at, err := l.at()
		if err != nil {
			return nil, "", err
		}
		where += " AND (created_us > ? OR created_us = ? AND id > ?)"
		args = append(args, at, at, l.after[1])
	}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT "+webhookColumns+" FROM webhooks WHERE "+where+" ORDER BY created_us, id LIMIT ?", append(args, l.size+1)...)
	if err != nil {
		return nil, "", fmt.Errorf("list webhooks: %w", err)
	}
	defer rows.Close()
	var all []biz.WebhookRow
	for rows.Next() {
		r, err := scanWebhook(rows.Scan)
		if err != nil {
			return nil, "", fmt.Errorf("list webhooks: %w", err)
		}
		all = append(all, r)
	}
	all, next := cut(l, all, func(r biz.WebhookRow) []string { return []string{strconv.FormatInt(r.CreatedUS, 10), r.ID} })
	return all, next, rows.Err()
}

const webhookIsDue = "active = ? AND next_us <= ? AND lease_until_us < ?"

// DueWebhooks returns those that have something to tell and may, longest due first: failing ones apart, so that they never
// stand before the others.
func (s *Store) DueWebhooks(ctx context.Context, failing bool, limit int) ([]string, error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return nil, err
	}
	compare := "="
	if failing {
		compare = ">"
	}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT id FROM webhooks WHERE "+webhookIsDue+" AND failures "+compare+` 0
		AND position < (SELECT COALESCE(MAX(position), 0) FROM stock_changes) ORDER BY next_us, id LIMIT ?`, true, now, now, limit)
	if err != nil {
		return nil, fmt.Errorf("due webhooks: %w", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("due webhooks: %w", err)
		}
		all = append(all, id)
	}
	return all, rows.Err()
}

// ClaimWebhook leases one that is due. The guarded update decides between replicas.
func (s *Store) ClaimWebhook(ctx context.Context, id, owner string, lease time.Duration) (row biz.WebhookRow, nowUS int64, got bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if nowUS, err = s.db.Now(ctx); err != nil {
			return err
		}
		res, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE webhooks SET lease_owner = ?, lease_until_us = ? WHERE id = ? AND "+webhookIsDue,
			owner, nowUS+lease.Microseconds(), id, true, nowUS, nowUS)
		if err != nil {
			return fmt.Errorf("lease webhook %s: %w", id, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			got = false
			return err
		}
		row, got, err = s.Webhook(ctx, id)
		return err
	})
	return row, nowUS, got, err
}

// ExtendWebhook renews a lease that is still the owner's.
func (s *Store) ExtendWebhook(ctx context.Context, id, owner string, lease time.Duration) (nowUS int64, held bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if nowUS, err = s.db.Now(ctx); err != nil {
			return err
		}
		res, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE webhooks SET lease_until_us = ? WHERE id = ? AND lease_owner = ?", nowUS+lease.Microseconds(), id, owner)
		if err != nil {
			return fmt.Errorf("extend webhook %s: %w", id, err)
		}
		n, err := res.RowsAffected()
		held = n == 1
		return err
	})
	return nowUS, held, err
}

// settleTime bounds the end of a delivery, also when the process is stopping.
const settleTime = 10 * time.Second

// SettleWebhook ends a lease that is still the owner's, and stores the row.
func (s *Store) SettleWebhook(ctx context.Context, id, owner string, change func(nowUS int64) biz.WebhookRow) (held bool, err error) {
	ctx, over := context.WithTimeout(ctx, settleTime)
	defer over()
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		now, err := s.db.Now(ctx)
		if err != nil {
			return err
		}
		held, err = s.updateWebhook(ctx, change(now), " AND lease_owner = ?", []any{owner})
		return err
	})
	return held, err
}

// FeedCursor writes a place as a cursor that only this query of this caller may use.
func (s *Store) FeedCursor(query string, at biz.FeedPlace) string {
	return page.Encode(s.pageSecret, query, strconv.FormatInt(at.Position, 10), strconv.Itoa(at.Rows))
}

// FeedPlace reads a cursor, or refuses with CursorInvalid.
func (s *Store) FeedPlace(query, cursor string) (at biz.FeedPlace, err error) {
	keys, err := page.Decode(s.pageSecret, cursor, query)
	if err != nil || len(keys) != 2 {
		return at, biz.CursorInvalid{}
	}
	at.Position, err = strconv.ParseInt(keys[0], 10, 64)
	if err == nil {
		at.Rows, err = strconv.Atoi(keys[1])
	}
	if err != nil || at.Position < 0 || at.Rows < 0 {
		return at, biz.CursorInvalid{}
	}
	return at, nil
}
