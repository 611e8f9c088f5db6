package data

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

const documentColumns = "id, org, demand, state, round, priority, ship_by_us, waiting_since_us, tried_us, created_us"

// noShipBy is kept for a document that nothing has to leave of by a time: those that wait are read in the order of the index,
// and it comes after all that have one. For the same reason a priority is kept below zero: the higher comes first.
const noShipBy = math.MaxInt64

func scanDocument(rows *sql.Rows) (biz.DocumentRow, error) {
	var r biz.DocumentRow
	var demand []byte
	if err := rows.Scan(&r.ID, &r.Seller, &demand, &r.State, &r.Round, &r.Priority, &r.ShipByUS, &r.WaitingSinceUS, &r.TriedUS, &r.CreatedUS); err != nil {
		return r, err
	}
	r.Priority = -r.Priority
	if r.ShipByUS == noShipBy {
		r.ShipByUS = 0
	}
	if len(demand) > 0 {
		r.Asked = new(biz.Asked)
		if err := json.Unmarshal(demand, r.Asked); err != nil {
			return r, fmt.Errorf("demand of %s: %w", r.ID, err)
		}
	}
	return r, nil
}

// documentValues are the values that change.
func documentValues(r biz.DocumentRow) ([]any, error) {
	var demand []byte
	if r.Asked != nil {
		var err error
		if demand, err = json.Marshal(r.Asked); err != nil {
			return nil, fmt.Errorf("demand of %s: %w", r.ID, err)
		}
	}
	shipBy := r.ShipByUS
	if shipBy == 0 {
		shipBy = noShipBy
	}
	return []any{demand, int8(r.State), r.Round, -r.Priority, shipBy, r.WaitingSinceUS, r.TriedUS}, nil
}

// documentRows reads raw rows, of all organisations.
func (s *Store) documentRows(ctx context.Context, rest string, args ...any) ([]biz.DocumentRow, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT "+documentColumns+" FROM holds "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	defer rows.Close()
	var all []biz.DocumentRow
	for rows.Next() {
		r, err := scanDocument(rows)
		if err != nil {
			return nil, fmt.Errorf("read documents: %w", err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// lockDocumentRows locks those of the documents that are stored.
func (s *Store) lockDocumentRows(ctx context.Context, names []string) ([]*biz.Document, error) {
	args := s.db.Pad(anys(names))
	rows, err := s.documentRows(database.Repeated(ctx), "WHERE id IN ("+marks(len(args))+") ORDER BY id"+s.db.ForUpdate(), args...)
	if err != nil {
		return nil, err
	}
	known := make([]*biz.Document, len(rows))
	for i, r := range rows {
		known[i] = biz.RestoreDocument(r)
	}
	return known, nil
}

// writeDocuments stores the documents that hold stock or wait for the first time, and what has changed about others. Their
// rows are locked, or new.
//
// A document that was not there to be locked, and holds nothing now either, leaves no row that could meet another's: it has
// to be absent still, or whoever was refused for it may have been refused for what another did under its name.
func (s *Store) writeDocuments(ctx context.Context, c biz.Changes) error {
	for chunk := range slices.Chunk(c.Absent, lockChunk) {
		args := s.db.Pad(anys(chunk))
		var n int64
		err := s.db.Conn(ctx).QueryRowContext(database.Repeated(ctx), "SELECT COUNT(*) FROM holds WHERE id IN ("+marks(len(args))+")", args...).Scan(&n)
		if err == nil && n > 0 {
			err = database.ErrOvertaken
		}
		if err != nil {
			return fmt.Errorf("documents that were absent: %w", err)
		}
	}
	opened := slices.SortedFunc(slices.Values(c.Opened), func(x, y biz.DocumentRow) int { return cmp.Compare(x.ID, y.ID) })
	rows := make([][]any, len(opened))
	for i, r := range opened {
		values, err := documentValues(r)
		if err != nil {
			return err
		}
		rows[i] = append([]any{r.ID, r.Seller, c.NowUS}, values...)
	}
	if err := s.insert(ctx, "holds", "id, org, created_us, demand, state, round, priority, ship_by_us, waiting_since_us, tried_us", rows); err != nil {
		return err
	}
	for _, r := range c.Turned {
		values, err := documentValues(r)
		if err != nil {
			return err
		}
		_, err = s.db.Conn(ctx).ExecContext(ctx, "UPDATE holds SET demand = ?, state = ?, round = ?, priority = ?, ship_by_us = ?, waiting_since_us = ?, tried_us = ? WHERE id = ?",
			append(values, r.ID)...)
		if err != nil {
			return fmt.Errorf("update document %s: %w", r.ID, err)
		}
	}
	return nil
}
