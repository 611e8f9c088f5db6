// Package invariant runs the queries that prove what must always hold, and reports counter-examples.
//
// Always true:
//   - All checks of one Run see one snapshot of the center's database, except the audit chain, which is append-only and
//     read over a snapshot of its own.
//   - A check that found nothing wrong is reported too: what is missing from the answer was not checked.
//   - At most MaxExamples counter-examples of a check are named; the number of violations counts all of them.
package invariant

import (
	"context"
	"errors"
	"fmt"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/platform"
)

// Bounds of the counter-examples that are named of each check.
const (
	DefaultExamples = 10
	MaxExamples     = 100
)

// settled is how long what other processes take part in may be unfinished (rules marked ~ in docs/INVARIANTS.md).
const settledUS = 60 * 1_000_000

// Check is one invariant as queries. Counted counts the rows looked at (one number). Violations gives one row (subject,
// detail), both text, for each counter-example. Both may use Args, each in the same order.
type Check struct {
	ID, Title  string
	Counted    string
	Violations string
	// Args returns the parameters of Violations; now is the database's time in microseconds. Nil: none.
	Args func(nowUS int64) []any
	// Scan replaces both queries where SQL cannot say it: it calls violation for each counter-example.
	Scan func(ctx context.Context, q database.Querier, violation func(subject, detail string)) (checked int64, err error)
}

// Run executes the checks of a center. limit bounds the named examples: 0 means DefaultExamples.
func Run(ctx context.Context, db *database.DB, center string, limit int32, checks []Check) (*commonv1.CheckInvariantsResponse, error) {
	out := &commonv1.CheckInvariantsResponse{}
	err := db.InSnapshot(ctx, func(ctx context.Context) error {
		now, err := db.Now(ctx)
		if err != nil {
			return err
		}
		for _, c := range checks {
			r, err := Look(center, c.ID, c.Title, limit, func(violation func(subject, detail string)) (int64, error) {
				return c.run(ctx, db.Conn(ctx), now, violation)
			})
			if err != nil {
				return err
			}
			out.Results = append(out.Results, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	chain, err := auditChain(ctx, db, center)
	if err != nil {
		return nil, err
	}
	out.Results = append(out.Results, chain)
	return out, nil
}

// Look is a check that is no query: it calls violation for each counter-example, and says how many rows it has looked at.
func Look(center, id, title string, limit int32, look func(violation func(subject, detail string)) (checked int64, err error)) (*commonv1.InvariantResult, error) {
	if limit <= 0 {
		limit = DefaultExamples
	}
	limit = min(limit, MaxExamples)
	r := &commonv1.InvariantResult{Id: id, Title: title, Center: center}
	checked, err := look(func(subject, detail string) {
		if r.Violations++; len(r.Examples) < int(limit) {
			r.Examples = append(r.Examples, &commonv1.CounterExample{Subject: subject, Detail: detail})
		}
	})
	if err != nil {
		return nil, fmt.Errorf("check %s of %s: %w", id, center, err)
	}
	r.Checked = checked
	return r, nil
}

func (c Check) run(ctx context.Context, q database.Querier, now int64, violation func(subject, detail string)) (checked int64, err error) {
	if c.Scan != nil {
		return c.Scan(ctx, q, violation)
	}
	if err := q.QueryRowContext(ctx, c.Counted).Scan(&checked); err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	var args []any
	if c.Args != nil {
		args = c.Args(now)
	}
	rows, err := q.QueryContext(ctx, c.Violations, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var subject, detail string
		if err := rows.Scan(&subject, &detail); err != nil {
			return 0, err
		}
		violation(subject, detail)
	}
	return checked, rows.Err()
}

// OneAnswer is I17 as a center's rows show it: a request id has one outcome, an answer or a refusal.
func OneAnswer() Check {
	return Check{
		ID: "I17", Title: "one effect and one answer for each (caller, method, request id)",
		Counted: "SELECT COUNT(*) FROM commands",
		Violations: "SELECT request_id, method FROM commands WHERE (answer IS NULL AND refusal IS NULL) OR " +
			"(answer IS NOT NULL AND refusal IS NOT NULL) OR LENGTH(hash) <> 32",
	}
}

// Delivered is the part of I16 that a center's outbox shows: what follows a commit has been handed to the coordinator.
func Delivered() Check {
	return Check{
		ID: "I16", Title: "what follows a commit is handed on within 60 s",
		Counted:    "SELECT COUNT(*) FROM outbox",
		Violations: "SELECT id, kind FROM outbox WHERE done_us = 0 AND created_us < ?",
		Args:       func(nowUS int64) []any { return []any{nowUS - settledUS} },
	}
}

// auditChain is the part of I19 that every center has.
func auditChain(ctx context.Context, db *database.DB, center string) (*commonv1.InvariantResult, error) {
	r := &commonv1.InvariantResult{Id: "I19", Title: "the audit chain verifies", Center: center}
	n, err := platform.VerifyAudit(ctx, db)
	r.Checked = n
	if broken, ok := errors.AsType[platform.AuditBreak](err); ok {
		r.Violations = 1
		r.Examples = []*commonv1.CounterExample{{Subject: fmt.Sprint(broken.Seq), Detail: broken.Reason}}
		return r, nil
	}
	return r, err
}
