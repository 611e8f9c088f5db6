package data

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// lines is a reserved word of MySQL; both engines take the quotes.
const transferColumns = "id, number, from_location, to_location, from_org, to_org, state, `lines`, version, note, created_by, created_us, sent_us, received_us, expected_us, updated_us"

// maxTransferBody is what the column of the lines holds, less what later steps add to the history.
const maxTransferBody = 55_000

// transferBody is what the column holds.
type transferBody struct {
	Lines   []biz.TransferLine `json:"lines"`
	History []biz.TransferStep `json:"history"`
}

// AddTransfer stores a new one.
func (s *Store) AddTransfer(ctx context.Context, r biz.TransferRow) error {
	body, err := json.Marshal(transferBody{r.Lines, r.History})
	if err != nil {
		return fmt.Errorf("add transfer: %w", err)
	}
	_, err = s.db.Conn(ctx).ExecContext(ctx, "INSERT INTO transfers ("+transferColumns+") VALUES ("+marks(16)+")", r.ID, r.Number, r.From, r.To, r.FromOrg, r.ToOrg,
		int8(r.State), body, r.Version, r.Note, r.CreatedBy, r.CreatedUS, r.SentUS, r.ReceivedUS, r.ExpectedUS, r.UpdatedUS)
	if database.IsUniqueViolation(err) {
		return biz.TransferNumberTaken{Number: r.Number}
	}
	if err != nil {
		return fmt.Errorf("add transfer: %w", err)
	}
	return nil
}

// LockTransfer locks one within the caller's organisations.
func (s *Store) LockTransfer(ctx context.Context, id string) (*biz.Transfer, error) {
	return s.transfer(ctx, id, s.db.ForUpdate())
}

// Transfer reads one within the caller's organisations.
func (s *Store) Transfer(ctx context.Context, id string) (biz.TransferRow, error) {
	t, err := s.transfer(ctx, id, "")
	if err != nil {
		return biz.TransferRow{}, err
	}
	return t.Row(), nil
}

func (s *Store) transfer(ctx context.Context, id, lock string) (*biz.Transfer, error) {
	cond, args, err := eitherEnd(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.scanTransfers(ctx, s.db.Conn(ctx), "WHERE id = ? AND "+cond+lock, append([]any{id}, args...)...)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, biz.UnknownTransfer{ID: id}
	}
	return biz.RestoreTransfer(all[0])
}

// eitherEnd keeps a statement to transfers that the caller's organisations send or receive.
func eitherEnd(ctx context.Context) (string, []any, error) {
	from, args, err := tenancy.SQL(ctx, "from_org")
	if err != nil {
		return "", nil, err
	}
	to, more, err := tenancy.SQL(ctx, "to_org")
	if err != nil {
		return "", nil, err
	}
	return "(" + from + " OR " + to + ")", append(args, more...), nil
}

// SaveTransfer stores a step of a locked one.
func (s *Store) SaveTransfer(ctx context.Context, r biz.TransferRow) error {
	body, err := json.Marshal(transferBody{r.Lines, r.History})
	if err != nil {
		return fmt.Errorf("save transfer: %w", err)
	}
	if len(body) > maxTransferBody {
		return biz.Invalid{Field: "lines", Rule: "too many lots travel together: send fewer lines"}
	}
	res, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE transfers SET state = ?, `lines` = ?, version = ?, sent_us = ?, received_us = ?, expected_us = ?, updated_us = ? WHERE id = ? AND version = ?",
		int8(r.State), body, r.Version, r.SentUS, r.ReceivedUS, r.ExpectedUS, r.UpdatedUS, r.ID, r.Version-1)
	if err != nil {
		return fmt.Errorf("save transfer: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("save transfer %s: %w (%v)", r.ID, errGuard, err)
	}
	return nil
}

// TransferFilter says which transfers.
type TransferFilter struct {
	Location string
	State    biz.TransferState
}

// ListTransfers lists the newest first, within the caller's organisations.
func (s *Store) ListTransfers(ctx context.Context, f TransferFilter, p Page) ([]biz.TransferRow, string, error) {
	l, err := s.open(ctx, p, 2, "transfers", f.Location, strconv.Itoa(int(f.State)))
	if err != nil {
		return nil, "", err
	}
	cond, args, err := eitherEnd(ctx)
	if err != nil {
		return nil, "", err
	}
	where := []string{cond}
	if f.Location != "" {
		where, args = append(where, "(from_location = ? OR to_location = ?)"), append(args, f.Location, f.Location)
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
	rows, err := s.scanTransfers(ctx, s.db.Conn(ctx), "WHERE "+strings.Join(where, " AND ")+" ORDER BY created_us DESC, id DESC LIMIT ?", append(args, l.size+1)...)
	if err != nil {
		return nil, "", err
	}
	rows, next := cut(l, rows, func(r biz.TransferRow) []string { return []string{strconv.FormatInt(r.CreatedUS, 10), r.ID} })
	return rows, next, nil
}

func (s *Store) scanTransfers(ctx context.Context, q database.Querier, rest string, args ...any) (all []biz.TransferRow, err error) {
	var rows *sql.Rows
	if rows, err = q.QueryContext(ctx, "SELECT "+transferColumns+" FROM transfers "+rest, args...); err != nil {
		return nil, fmt.Errorf("read transfers: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r biz.TransferRow
		var body []byte
		if err := rows.Scan(&r.ID, &r.Number, &r.From, &r.To, &r.FromOrg, &r.ToOrg, &r.State, &body, &r.Version, &r.Note, &r.CreatedBy, &r.CreatedUS,
			&r.SentUS, &r.ReceivedUS, &r.ExpectedUS, &r.UpdatedUS); err != nil {
			return nil, fmt.Errorf("read transfers: %w", err)
		}
		var b transferBody
		if err := json.Unmarshal(body, &b); err != nil {
			return nil, fmt.Errorf("read transfer %s: %w", r.ID, err)
		}
		r.Lines, r.History = b.Lines, b.History
		all = append(all, r)
	}
	return all, rows.Err()
}
