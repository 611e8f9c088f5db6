package data

import (
	"context"
	"fmt"
	"slices"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/outbox"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// The column lines is quoted, because it is a word of MySQL's language.
const assignmentColumns = "id, org, document, location, round, state, `lines`, answer_by_us, reason, actor, version, created_us"

// assignments reads raw rows, of all organisations.
func (s *Store) assignments(ctx context.Context, rest string, args ...any) ([]biz.AssignmentRow, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT "+assignmentColumns+" FROM assignments "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read assignments: %w", err)
	}
	defer rows.Close()
	var all []biz.AssignmentRow
	for rows.Next() {
		var a biz.AssignmentRow
		if err := rows.Scan(&a.ID, &a.Org, &a.Document, &a.Location, &a.Round, &a.State, &a.Lines, &a.AnswerByUS, &a.Reason, &a.Actor, &a.Version, &a.CreatedUS); err != nil {
			return nil, fmt.Errorf("read assignments: %w", err)
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

// LockAssignments takes the assignments of locked documents in: the document's lock is theirs.
func (s *Store) LockAssignments(ctx context.Context, b *biz.Book, documents []string) error {
	for chunk := range slices.Chunk(documents, lockChunk) {
		rows, err := s.assignments(ctx, s.db.ByIndex("assignment_document_location_round")+"WHERE document IN ("+marks(len(chunk))+") ORDER BY document, created_us, id", anys(chunk)...)
		if err != nil {
			return err
		}
		for _, r := range rows {
			b.AddAssignments(biz.RestoreAssignment(r))
		}
	}
	return nil
}

// readNeededAssignments reads those of the documents whose locations are waited for: most strategies wait for none.
func (s *Store) readNeededAssignments(ctx context.Context, b *biz.Book, needs []biz.Need) error {
	var documents []string
	for _, n := range needs {
		if !n.Answers {
			continue
		}
		for _, d := range n.Documents {
			if known := b.Document(d.Document); known != nil && known.Answers() {
				documents = append(documents, d.Document)
			}
		}
	}
	slices.Sort(documents)
	return s.LockAssignments(ctx, b, slices.Compact(documents))
}

// writeAssignments stores what was given to locations, and what they said. A row must still be the version that was read.
func (s *Store) writeAssignments(ctx context.Context, c biz.Changes) error {
	rows := make([][]any, len(c.Given))
	for i, a := range c.Given {
		rows[i] = []any{a.ID, a.Org, a.Document, a.Location, a.Round, int8(a.State), a.Lines, a.AnswerByUS, shortened(a.Reason), a.Actor, a.Version, a.CreatedUS, c.NowUS}
	}
	if err := s.insert(ctx, "assignments", assignmentColumns+", updated_us", rows); err != nil {
		return err
	}
	for _, a := range c.Answered {
		res, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE assignments SET state = ?, answer_by_us = ?, reason = ?, actor = ?, version = version + 1, updated_us = ? WHERE id = ? AND version = ?",
			int8(a.State), a.AnswerByUS, shortened(a.Reason), a.Actor, c.NowUS, a.ID, a.Version-1)
		if err != nil {
			return fmt.Errorf("update assignment %s: %w", a.ID, err)
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return fmt.Errorf("update assignment %s: %w (%v)", a.ID, errGuard, err)
		}
	}
	return nil
}

// kindReallocated names the messages by which a document's center is told that its allocation has changed.
const kindReallocated = "ra"

// announce tells the order center, in the commit itself, whose allocations have changed. What they are now it asks.
func (s *Store) announce(ctx context.Context, c biz.Changes) error {
	for _, document := range c.Announced {
		call, err := outbox.NewCall("order", orderv1.OrderBranch_Reallocated_FullMethodName, &orderv1.ReallocatedCall{Document: document})
		if err != nil {
			return err
		}
		if err := outbox.Emit(ctx, outbox.Message{Kind: kindReallocated, Key: document, Calls: []outbox.Call{call}}); err != nil {
			return fmt.Errorf("announce %s: %w", document, err)
		}
	}
	return nil
}

// shortened keeps a reason within its column.
func shortened(reason string) string {
	if runes := []rune(reason); len(runes) > maxReason {
		return string(runes[:maxReason])
	}
	return reason
}

const maxReason = 200
