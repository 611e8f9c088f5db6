package data

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// Standing reads documents with their reservations and assignments, without locks.
func (s *Store) Standing(ctx context.Context, documents []string) (map[string]biz.Standing, error) {
	all := make(map[string]biz.Standing, len(documents))
	for chunk := range slices.Chunk(documents, lockChunk) {
		in, args := "IN ("+marks(len(chunk))+")", anys(chunk)
		rows, err := s.documentRows(ctx, "WHERE id "+in, args...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			all[r.ID] = biz.Standing{Document: biz.RestoreDocument(r)}
		}
		reservations, err := s.reservations(ctx, "WHERE document "+in+" ORDER BY document, created_us, id", args...)
		if err != nil {
			return nil, err
		}
		for _, r := range reservations {
			d := all[r.Terms().Document]
			d.Reservations = append(d.Reservations, r)
			all[r.Terms().Document] = d
		}
		assignments, err := s.assignments(ctx, "WHERE document "+in+" ORDER BY document, created_us, id", args...)
		if err != nil {
			return nil, err
		}
		for _, r := range assignments {
			d := all[r.Document]
			d.Assignments = append(d.Assignments, biz.RestoreAssignment(r))
			all[r.Document] = d
		}
	}
	return all, nil
}

// Holders returns documents with open reservations of the SKUs at a location, oldest first.
func (s *Store) Holders(ctx context.Context, location string, skus []string, limit int) ([]string, error) {
	args := append(anys(skus), location, int8(biz.Held), int8(biz.Confirmed), limit)
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT document, MIN(created_us) AS since FROM reservations WHERE sku IN ("+marks(len(skus))+
		") AND location = ? AND state IN (?, ?) GROUP BY document ORDER BY since, document LIMIT ?", args...)
	if err != nil {
		return nil, fmt.Errorf("find holders: %w", err)
	}
	defer rows.Close()
	var documents []string
	for rows.Next() {
		var document string
		var since int64
		if err := rows.Scan(&document, &since); err != nil {
			return nil, fmt.Errorf("find holders: %w", err)
		}
		documents = append(documents, document)
	}
	return documents, rows.Err()
}

// Silent returns assignments whose time to answer is over, the longest first.
func (s *Store) Silent(ctx context.Context, nowUS int64, limit int) ([]biz.AssignmentRow, error) {
	return s.assignments(ctx, "WHERE state = ? AND answer_by_us > 0 AND answer_by_us <= ? ORDER BY answer_by_us, id LIMIT ?", int8(biz.Assigned), nowUS, limit)
}

// queueOrder is the order in which documents get stock, and that of the index.
const queueOrder = "priority, ship_by_us, waiting_since_us, id"

// WaitingAfter returns documents that wait for stock, in the order in which they get it.
func (s *Store) WaitingAfter(ctx context.Context, after *biz.DocumentRow, limit int) ([]biz.DocumentRow, error) {
	where, args := "WHERE state = ?", []any{int8(biz.Waiting)}
	if after != nil {
		beyond, more := queueBeyond(queueKey(*after))
		where, args = where+beyond, append(args, more...)
	}
	return s.documentRows(ctx, where+" ORDER BY "+queueOrder+" LIMIT ?", append(args, limit)...)
}

// queueKey is a document's place in the queue, as it is stored.
func queueKey(r biz.DocumentRow) []any {
	shipBy := r.ShipByUS
	if shipBy == 0 {
		shipBy = noShipBy
	}
	return []any{-r.Priority, shipBy, r.WaitingSinceUS, r.ID}
}

// queueBeyond continues the queue after a place.
func queueBeyond(key []any) (string, []any) {
	p, by, since, id := key[0], key[1], key[2], key[3]
	return " AND (priority > ? OR priority = ? AND (ship_by_us > ? OR ship_by_us = ? AND (waiting_since_us > ? OR waiting_since_us = ? AND id > ?)))",
		[]any{p, p, by, by, since, since, id}
}

// ListWork lists documents in a state in the order of the queue, within the caller's organisations: those that sell.
func (s *Store) ListWork(ctx context.Context, states []biz.DocumentState, p Page) ([]biz.Work, string, error) {
	query := []string{"work"}
	for _, state := range states {
		query = append(query, state.String())
	}
	l, err := s.open(ctx, p, 5, query...)
	if err != nil {
		return nil, "", err
	}
	where, args, err := scope(ctx)
	if err != nil {
		return nil, "", err
	}
	from := 0
	var key []any
	if len(l.after) > 0 {
		if from, key, err = placeOf(l.after, states); err != nil {
			return nil, "", err
		}
	}
	// One state after the other: each is a range of the index.
	var rows []biz.DocumentRow
	for _, state := range states[from:] {
		w, a := "WHERE state = ?"+where, append([]any{int8(state)}, args...)
		if key != nil {
			beyond, more := queueBeyond(key)
			w, a, key = w+beyond, append(a, more...), nil
		}
		found, err := s.documentRows(ctx, w+" ORDER BY "+queueOrder+" LIMIT ?", append(a, l.size+1-len(rows))...)
		if err != nil {
			return nil, "", err
		}
		if rows = append(rows, found...); len(rows) > l.size {
			break
		}
	}
	rows, next := cutPage(l, rows)
	documents := make([]string, len(rows))
	for i, r := range rows {
		documents[i] = r.ID
	}
	known, err := s.Standing(ctx, documents)
	if err != nil {
		return nil, "", err
	}
	work := make([]biz.Work, len(rows))
	for i, r := range rows {
		work[i] = biz.WorkOf(r, known[r.ID].Reservations)
	}
	return work, next, nil
}

func cutPage(l list, rows []biz.DocumentRow) ([]biz.DocumentRow, string) {
	return cut(l, rows, func(r biz.DocumentRow) []string {
		k := queueKey(r)
		return []string{strconv.Itoa(int(r.State)), strconv.FormatInt(k[0].(int64), 10), strconv.FormatInt(k[1].(int64), 10), strconv.FormatInt(k[2].(int64), 10), r.ID}
	})
}

// placeOf reads a place in the lists of these states.
func placeOf(after []string, states []biz.DocumentState) (int, []any, error) {
	var n [4]int64
	for i := range n {
		var err error
		if n[i], err = strconv.ParseInt(after[i], 10, 64); err != nil {
			return 0, nil, page.ErrToken
		}
	}
	from := slices.Index(states, biz.DocumentState(n[0]))
	if from < 0 {
		return 0, nil, page.ErrToken
	}
	return from, []any{n[1], n[2], n[3], after[4]}, nil
}

// ListAssignments lists what locations have answered to a document, oldest first, within the caller's organisations.
func (s *Store) ListAssignments(ctx context.Context, document string) ([]biz.AssignmentRow, error) {
	where, args, err := scope(ctx)
	if err != nil {
		return nil, err
	}
	by, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if by.Store != "" { // people of a store work for their store only
		where, args = where+" AND location = ?", append(args, by.Store)
	}
	return s.assignments(ctx, "WHERE document = ?"+where+" ORDER BY created_us, round, id LIMIT ?", append(append([]any{document}, args...), maxAssignments)...)
}

// maxAssignments of one document: rounds and locations are few.
const maxAssignments = 1000

// scope is a condition that keeps raw rows to the caller's organisations.
func scope(ctx context.Context) (string, []any, error) {
	by, err := tenancy.FromContext(ctx)
	switch {
	case err != nil:
		return "", nil, err
	case by.Scope.All:
		return "", nil, nil
	case len(by.Scope.Orgs) == 0:
		return " AND 1 = 0", nil, nil
	}
	return " AND org IN (" + marks(len(by.Scope.Orgs)) + ")", anys(by.Scope.Orgs), nil
}

// WaitingOf returns those of the documents that wait for something.
func (s *Store) WaitingOf(ctx context.Context, documents []string) ([]string, error) {
	var waiting []string
	for chunk := range slices.Chunk(documents, lockChunk) {
		rows, err := s.documentRows(ctx, "WHERE id IN ("+marks(len(chunk))+") AND state <> 0 ORDER BY id", anys(chunk)...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			waiting = append(waiting, r.ID)
		}
	}
	return waiting, nil
}
