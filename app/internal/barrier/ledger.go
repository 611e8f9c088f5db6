package barrier

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/internal/database"
)

// Step is one call of a branch: what Do, Once and Undo are told by their arguments.
type Step struct{ gid, branch, op string }

// Action is the step that Do makes.
func Action(gid, branch string) Step { return Step{gid, branch, opAction} }

// Named is the step that Once makes.
func Named(gid, branch, op string) Step { return Step{gid, branch, op} }

// Undoing is the step that Undo makes.
func Undoing(gid, branch string) Step { return Step{gid, branch, opUndo} }

// Ledger is what the barrier knows of many steps that share one transaction. It is read once, asked in memory for each
// step, and its new rows are written together. What Do, Once and Undo promise holds for each step; whoever made the same
// row meanwhile in another transaction makes Write fail with a unique violation, and the whole transaction is done again.
type Ledger struct {
	known map[Step]bool
	fresh []Step
	// refused are steps that were entered and undone: they leave no row that could meet another's.
	refused []Step
}

// ledgerRows bounds the rows, or the transactions, of one statement.
const ledgerRows = 256

// Read returns what is known of the steps' transactions.
func Read(ctx context.Context, db *database.DB, steps []Step) (*Ledger, error) {
	l := &Ledger{known: map[Step]bool{}}
	gids := make([]any, len(steps))
	for i, s := range steps {
		gids[i] = s.gid
	}
	for chunk := range slices.Chunk(gids, ledgerRows) {
		if err := l.read(database.Repeated(ctx), db, db.Pad(chunk)); err != nil {
			return nil, fmt.Errorf("read barriers: %w", err)
		}
	}
	return l, nil
}

func (l *Ledger) read(ctx context.Context, db *database.DB, gids []any) error {
	rows, err := db.Conn(ctx).QueryContext(ctx, "SELECT gid, branch, op FROM barriers"+db.ByIndex("PRIMARY")+" WHERE gid IN (?"+strings.Repeat(", ?", len(gids)-1)+")", gids...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var s Step
		if err := rows.Scan(&s.gid, &s.branch, &s.op); err != nil {
			return err
		}
		l.known[s] = true
	}
	return rows.Err()
}

// Enter says whether the step is to be run now, and remembers it. An action whose undo came first is refused with
// 409 LATE_TRY.
func (l *Ledger) Enter(s Step) (run bool, err error) {
	switch s.op {
	case opUndo:
		empty := l.insert(Step{s.gid, s.branch, opAction})
		return l.insert(s) && !empty, nil
	case opAction:
		if l.insert(s) {
			return true, nil
		}
		if l.known[Step{s.gid, s.branch, opUndo}] {
			return false, errLate
		}
		return false, nil
	}
	return l.insert(s), nil
}

func (l *Ledger) insert(s Step) (fresh bool) {
	if l.known[s] {
		return false
	}
	l.known[s] = true
	l.fresh = append(l.fresh, s)
	return true
}

// Mark returns a function that forgets the steps that were entered since.
func (l *Ledger) Mark() (undo func()) {
	n := len(l.fresh)
	return func() {
		for _, s := range l.fresh[n:] {
			delete(l.known, s)
			l.refused = append(l.refused, s)
		}
		l.fresh = l.fresh[:n]
	}
}

// Write stores the steps that were entered. It fails with ErrOvertaken when a step that was refused has been made by
// another transaction meanwhile: then the refusal was for what that one did.
func (l *Ledger) Write(ctx context.Context, db *database.DB) error {
	if len(l.refused) > 0 {
		now, err := Read(ctx, db, l.refused)
		if err != nil {
			return err
		}
		for s := range now.known {
			if !l.known[s] {
				return fmt.Errorf("barrier %s/%s: %w", s.gid, s.branch, database.ErrOvertaken)
			}
		}
	}
	now, err := db.Now(ctx)
	if err != nil {
		return err
	}
	rows := make([][]any, len(l.fresh))
	for i, s := range l.fresh {
		rows[i] = []any{s.gid, s.branch, s.op, now}
	}
	if err := db.InsertRows(ctx, "barriers (gid, branch, op, created_us)", rows); err != nil {
		return fmt.Errorf("write barriers: %w", err)
	}
	return nil
}
