package hooks

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/webhook"
)

// Store keeps hooks in a center's table webhooks. A delivery is leased by a guarded update; whoever changes a hook takes the
// lease away, so that a delivery under the old terms has no say any more.
type Store struct {
	DB *database.DB
	// Log is the table whose positions the hooks follow.
	Log string
}

const columns = "id, org, channel, url, secret, coalesce_ms, active, position, failures, next_us, last_error, created_us, updated_us"

func scanRow(scan func(...any) error) (r webhook.Row, err error) {
	err = scan(&r.ID, &r.Org, &r.Channel, &r.URL, &r.Salt, &r.CoalesceMS, &r.Active, &r.Position, &r.Failures, &r.NextUS, &r.LastError, &r.CreatedUS, &r.UpdatedUS)
	return r, err
}

func (s Store) read(ctx context.Context, id, suffix string) (webhook.Row, bool, error) {
	row := s.DB.Conn(ctx).QueryRowContext(ctx, "SELECT "+columns+" FROM webhooks WHERE id = ?"+suffix, id)
	r, err := scanRow(row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("read webhook %s: %w", id, err)
	}
	return r, true, nil
}

// Find reads one; false when there is none. Whose it may be is the caller's to check.
func (s Store) Find(ctx context.Context, id string) (webhook.Row, bool, error) {
	return s.read(ctx, id, "")
}

// Lock reads one for a change.
func (s Store) Lock(ctx context.Context, id string) (webhook.Row, bool, error) {
	return s.read(ctx, id, s.DB.ForUpdate())
}

// Count counts those of a channel of an organisation.
func (s Store) Count(ctx context.Context, org, channel string) (n int, err error) {
	if err = s.DB.Conn(ctx).QueryRowContext(ctx, "SELECT COUNT(*) FROM webhooks WHERE org = ? AND channel = ?", org, channel).Scan(&n); err != nil {
		return 0, fmt.Errorf("count webhooks: %w", err)
	}
	return n, nil
}

// Add inserts one.
func (s Store) Add(ctx context.Context, r webhook.Row) error {
	_, err := s.DB.Conn(ctx).ExecContext(ctx, "INSERT INTO webhooks ("+columns+") VALUES (?"+strings.Repeat(", ?", 12)+")",
		r.ID, r.Org, r.Channel, r.URL, r.Salt, r.CoalesceMS, r.Active, r.Position, r.Failures, r.NextUS, r.LastError, r.CreatedUS, r.UpdatedUS)
	if err != nil {
		return fmt.Errorf("add webhook: %w", err)
	}
	return nil
}

// Save stores one that was locked, and takes the lease of a delivery away.
func (s Store) Save(ctx context.Context, r webhook.Row) error {
	_, err := s.update(ctx, r, "", nil)
	return err
}

// Remove deletes one.
func (s Store) Remove(ctx context.Context, id string) error {
	if _, err := s.DB.Conn(ctx).ExecContext(ctx, "DELETE FROM webhooks WHERE id = ?", id); err != nil {
		return fmt.Errorf("delete webhook %s: %w", id, err)
	}
	return nil
}

// update writes what can change and ends the lease; guard narrows which row.
func (s Store) update(ctx context.Context, r webhook.Row, guard string, guarded []any) (bool, error) {
	args := append([]any{r.URL, r.Salt, r.CoalesceMS, r.Active, r.Position, r.Failures, r.NextUS, r.LastError, r.UpdatedUS, r.ID}, guarded...)
	res, err := s.DB.Conn(ctx).ExecContext(ctx, `UPDATE webhooks SET url = ?, secret = ?, coalesce_ms = ?, active = ?, position = ?, failures = ?, next_us = ?,
		last_error = ?, updated_us = ?, lease_owner = '', lease_until_us = 0 WHERE id = ?`+guard, args...)
	if err != nil {
		return false, fmt.Errorf("store webhook %s: %w", r.ID, err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// After is the last row of the page before; zero for the first page.
type After struct {
	US int64
	ID string
}

// List lists the oldest first; an empty org or channel stands for all.
func (s Store) List(ctx context.Context, org, channel string, after After, limit int) ([]webhook.Row, error) {
	where, args := "1 = 1", []any{}
	for _, of := range []struct{ column, value string }{{"org", org}, {"channel", channel}} {
		if of.value != "" {
			where += " AND " + of.column + " = ?"
			args = append(args, of.value)
		}
	}
	if after.ID != "" {
		where += " AND (created_us > ? OR created_us = ? AND id > ?)"
		args = append(args, after.US, after.US, after.ID)
	}
	rows, err := s.DB.Conn(ctx).QueryContext(ctx, "SELECT "+columns+" FROM webhooks WHERE "+where+" ORDER BY created_us, id LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("list webhooks: %w", err)
	}
	defer rows.Close()
	var all []webhook.Row
	for rows.Next() {
		r, err := scanRow(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list webhooks: %w", err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

const isDue = "active = ? AND next_us <= ? AND lease_until_us < ?"

// Due returns those that have something to tell and may, longest due first: failing ones apart, so that they never
// stand before the others.
func (s Store) Due(ctx context.Context, failing bool, limit int) ([]string, error) {
	now, err := s.DB.Now(ctx)
	if err != nil {
		return nil, err
	}
	compare := "="
	if failing {
		compare = ">"
	}
	rows, err := s.DB.Conn(ctx).QueryContext(ctx, "SELECT id FROM webhooks WHERE "+isDue+" AND failures "+compare+` 0
		AND position < (SELECT COALESCE(MAX(position), 0) FROM `+s.Log+`) ORDER BY next_us, id LIMIT ?`, true, now, now, limit)
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

// Claim leases one that is due. The guarded update decides between replicas.
func (s Store) Claim(ctx context.Context, id, owner string, lease time.Duration) (row webhook.Row, nowUS int64, got bool, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		if nowUS, err = s.DB.Now(ctx); err != nil {
			return err
		}
		res, err := s.DB.Conn(ctx).ExecContext(ctx, "UPDATE webhooks SET lease_owner = ?, lease_until_us = ? WHERE id = ? AND "+isDue,
			owner, nowUS+lease.Microseconds(), id, true, nowUS, nowUS)
		if err != nil {
			return fmt.Errorf("lease webhook %s: %w", id, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			got = false
			return err
		}
		row, got, err = s.Find(ctx, id)
		return err
	})
	return row, nowUS, got, err
}

// Extend renews a lease that is still the owner's.
func (s Store) Extend(ctx context.Context, id, owner string, lease time.Duration) (nowUS int64, held bool, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		if nowUS, err = s.DB.Now(ctx); err != nil {
			return err
		}
		res, err := s.DB.Conn(ctx).ExecContext(ctx, "UPDATE webhooks SET lease_until_us = ? WHERE id = ? AND lease_owner = ?", nowUS+lease.Microseconds(), id, owner)
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

// Settle ends a lease that is still the owner's, and stores the row.
func (s Store) Settle(ctx context.Context, id, owner string, change func(nowUS int64) webhook.Row) (held bool, err error) {
	ctx, over := context.WithTimeout(ctx, settleTime)
	defer over()
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		now, err := s.DB.Now(ctx)
		if err != nil {
			return err
		}
		held, err = s.update(ctx, change(now), " AND lease_owner = ?", []any{owner})
		return err
	})
	return held, err
}
