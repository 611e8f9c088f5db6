package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"google.golang.org/protobuf/proto"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/tenancy"
)

const (
	stateOpen = "open"
	stateDone = "done"
	// maxAttempt is what the two digits of a gid can say.
	maxAttempt = 99
)

var (
	// ErrFinished is returned by Finish when somebody else has finished the intent: the stored outcome counts, and the
	// transaction of this Finish must be rolled back.
	ErrFinished = errors.New("command: the intent is finished already")
	// ErrNoIntent is returned by ByGID for an unknown gid.
	ErrNoIntent = errors.New("command: no intent with this gid")
	// ErrUnfinished is returned by Answer for an open intent.
	ErrUnfinished = errors.New("command: the intent is not finished")
)

// Intent is the committed wish to run a distributed command: it is there before the first step and says, in the end, what
// came of it. Its gid is the one that every branch of the transaction carries.
type Intent struct {
	GID        string
	BusinessID string
	Payload    []byte            // what the center needs to resume; the serialized request unless Spec says otherwise
	Principal  tenancy.Principal // who asked; a worker that resumes acts for it
	Attempts   int64             // how often it was leased
	Existed    bool              // Begin found it: an earlier call made it
	CreatedUS  int64

	db    *database.DB
	id    identity
	owner string // of the lease that this value holds, if any
	done  bool
	out   outcome
}

// Spec describes the intent of a call.
type Spec struct {
	Method  string
	Request Request
	// BusinessID is the id of the thing, e.g. of the order: a fresh one when the command makes it. A repeat gets that of
	// the first call back.
	BusinessID string
	// GID gives the gid of an attempt, from 1 on; attempts differ where several commands act on one business id.
	GID func(businessID string, attempt int) string
	// Payload is kept for the one who resumes; nil means the serialized request.
	Payload []byte
	// New says that Find has just found none, and that the business id has just been made: neither is looked for before the
	// intent is made.
	New bool
}

const intentColumns = "caller, method, request_id, hash, gid, business_id, principal, payload, state, answer, refusal, attempts, created_us"

// Begin commits the intent of a call, or finds the one that an earlier call with the same request id made. Another body
// under the same id is refused. It runs outside a transaction.
func Begin(ctx context.Context, db *database.DB, s Spec) (*Intent, error) {
	return begin(ctx, db, s, 0)
}

// begin is Begin; an intent that is made now is leased to its maker for ttl, if that is not 0.
func begin(ctx context.Context, db *database.DB, s Spec, ttl time.Duration) (*Intent, error) {
	if database.InTransaction(ctx) {
		return nil, fmt.Errorf("intent %s: %w", s.Method, database.ErrNested)
	}
	id, err := identify(ctx, s.Method, s.Request)
	if err != nil {
		return nil, err
	}
	payload := s.Payload
	if payload == nil {
		if payload, err = encodeAnswer(s.Request); err != nil {
			return nil, err
		}
	}
	for round := range maxAttempt { // each round loses to one other command on the same business id
		if round > 0 || !s.New {
			in, err := id.intent(ctx, db)
			if err != nil || in != nil {
				return in, err
			}
		}
		in, err := id.insertIntent(ctx, db, s, payload, ttl, s.New && round == 0)
		if err != nil || in != nil {
			return in, err
		}
	}
	return nil, ErrInProgress
}

// intent reads the intent with this identity; nil if there is none.
func (id identity) intent(ctx context.Context, db *database.DB) (*Intent, error) {
	in, err := one(ctx, db, "caller = ? AND method = ? AND request_id = ?", id.caller, id.method, id.requestID)
	if err != nil || in == nil {
		return nil, err
	}
	if string(in.id.hash) != string(id.hash) {
		return nil, errReused
	}
	in.Existed = true
	return in, nil
}

// insertIntent commits the row, as the first on its business id or the next; nil without an error if a row with the same
// request id or gid came first.
func (id identity) insertIntent(ctx context.Context, db *database.DB, s Spec, payload []byte, ttl time.Duration, first bool) (*Intent, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	who, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("intent %s: principal: %w", id.method, err)
	}
	in := &Intent{BusinessID: s.BusinessID, Payload: payload, Principal: p, db: db, id: id}
	if ttl > 0 {
		in.owner, in.Attempts = ids.New("run"), 1
	}
	err = db.InTx(ctx, func(ctx context.Context) error {
		attempt := 1
		if !first {
			if attempt, err = nextAttempt(ctx, db, s); err != nil {
				return err
			}
		}
		if in.CreatedUS, err = db.Now(ctx); err != nil {
			return err
		}
		in.GID = s.GID(s.BusinessID, attempt)
		until := int64(0)
		if ttl > 0 {
			until = in.CreatedUS + ttl.Microseconds()
		}
		_, err = db.Conn(ctx).ExecContext(ctx, `INSERT INTO intents (caller, method, request_id, hash, gid, business_id, principal, payload, state,
			lease_owner, lease_until_us, attempts, created_us, updated_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			id.caller, id.method, id.requestID, id.hash, in.GID, s.BusinessID, who, payload, stateOpen,
			in.owner, until, in.Attempts, in.CreatedUS, in.CreatedUS)
		return err
	})
	switch {
	case database.IsUniqueViolation(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("intent %s: %w", id.method, err)
	}
	if err := failpoint.Hit("command.intent.commit.after"); err != nil {
		return nil, err
	}
	return in, nil
}

// nextAttempt is one more than the highest attempt on the business id whose gid this kind of command has used. Purged
// intents leave gaps below it.
func nextAttempt(ctx context.Context, db *database.DB, s Spec) (int, error) {
	rows, err := db.Conn(ctx).QueryContext(ctx, "SELECT gid FROM intents WHERE business_id = ?", s.BusinessID)
	if err != nil {
		return 0, fmt.Errorf("attempts on %s: %w", s.BusinessID, err)
	}
	defer rows.Close()
	used := map[string]bool{}
	for rows.Next() {
		var gid string
		if err := rows.Scan(&gid); err != nil {
			return 0, fmt.Errorf("attempts on %s: %w", s.BusinessID, err)
		}
		used[gid] = true
	}
	if err := rows.Err(); err != nil {
		return 0, fmt.Errorf("attempts on %s: %w", s.BusinessID, err)
	}
	if len(used) == 0 {
		return 1, nil
	}
	highest := maxAttempt
	for highest > 0 && !used[s.GID(s.BusinessID, highest)] {
		highest--
	}
	if highest == maxAttempt {
		return 0, kratos.Conflict(ReasonTooMany, "too many attempts on "+s.BusinessID)
	}
	return highest + 1, nil
}

// ByGID returns the intent with the gid, for the coordinator's callback, or ErrNoIntent.
func ByGID(ctx context.Context, db *database.DB, gid string) (*Intent, error) {
	in, err := one(ctx, db, "gid = ?", gid)
	if err == nil && in == nil {
		err = ErrNoIntent
	}
	return in, err
}

// Orphans returns at most limit open intents of the given methods that nobody holds, for a worker. An intent younger than
// grace is left to the call that made it. Those that nobody has touched for longest come first, so that some that cannot be
// finished now do not keep a worker from the others.
func Orphans(ctx context.Context, db *database.DB, limit int, grace time.Duration, methods ...string) ([]*Intent, error) {
	now, err := db.Now(ctx)
	if err != nil {
		return nil, err
	}
	cond, args := "state = ? AND lease_until_us < ? AND created_us < ?", []any{stateOpen, now, now - grace.Microseconds()}
	if len(methods) > 0 {
		cond += " AND method IN (?"
		args = append(args, methods[0])
		for _, m := range methods[1:] {
			cond += ", ?"
			args = append(args, m)
		}
		cond += ")"
	}
	return list(ctx, db, cond+" ORDER BY updated_us, created_us LIMIT ?", append(args, limit)...)
}

func one(ctx context.Context, db *database.DB, cond string, args ...any) (*Intent, error) {
	found, err := list(ctx, db, cond, args...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

func list(ctx context.Context, db *database.DB, cond string, args ...any) ([]*Intent, error) {
	rows, err := db.Conn(ctx).QueryContext(ctx, "SELECT "+intentColumns+" FROM intents WHERE "+cond, args...)
	if err != nil {
		return nil, fmt.Errorf("intents: %w", err)
	}
	defer rows.Close()
	var found []*Intent
	for rows.Next() {
		in := &Intent{db: db}
		var state string
		var who []byte
		err := rows.Scan(&in.id.caller, &in.id.method, &in.id.requestID, &in.id.hash, &in.GID, &in.BusinessID, &who, &in.Payload,
			&state, &in.out.answer, &in.out.refusal, &in.Attempts, &in.CreatedUS)
		if err != nil {
			return nil, fmt.Errorf("intents: %w", err)
		}
		if err := json.Unmarshal(who, &in.Principal); err != nil {
			return nil, fmt.Errorf("intent %s: principal: %w", in.GID, err)
		}
		in.done, in.out.hash = state == stateDone, in.id.hash
		found = append(found, in)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("intents: %w", err)
	}
	return found, nil
}

// Method returns the method that the intent was begun with.
func (in *Intent) Method() string { return in.id.method }

// Done says whether the intent had an outcome when it was read.
func (in *Intent) Done() bool { return in.done }

// Reload reads the intent again.
func (in *Intent) Reload(ctx context.Context) error {
	now, err := ByGID(ctx, in.db, in.GID)
	if err != nil {
		return err
	}
	in.done, in.out, in.Attempts = now.done, now.out, now.Attempts
	return nil
}

// TryLease makes owner, a name that is unique to this run, the only one who may work on the intent for ttl. It returns
// false if another holds it or it is finished.
func (in *Intent) TryLease(ctx context.Context, owner string, ttl time.Duration) (bool, error) {
	return in.lease(ctx, owner, ttl, "lease_until_us < ?", true)
}

// Extend holds the lease for ttl from now on; false if it was lost: another may be working already, so stop.
func (in *Intent) Extend(ctx context.Context, ttl time.Duration) (bool, error) {
	if in.owner == "" {
		return false, nil
	}
	return in.lease(ctx, in.owner, ttl, "lease_owner = ?", false)
}

func (in *Intent) lease(ctx context.Context, owner string, ttl time.Duration, guard string, fresh bool) (bool, error) {
	var got bool
	err := in.db.InTx(ctx, func(ctx context.Context) error {
		now, err := in.db.Now(ctx)
		if err != nil {
			return err
		}
		var guarded any = now
		step := 1
		if !fresh {
			guarded, step = owner, 0
		}
		res, err := in.db.Conn(ctx).ExecContext(ctx, "UPDATE intents SET lease_owner = ?, lease_until_us = ?, attempts = attempts + ?, updated_us = ? WHERE gid = ? AND state = ? AND "+guard,
			owner, now+ttl.Microseconds(), step, now, in.GID, stateOpen, guarded)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		got = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("intent %s: lease: %w", in.GID, err)
	}
	if got {
		in.owner = owner
	}
	return got, nil
}

// Release gives the lease back, so that the next one need not wait for its end. retryAfter delays the workers.
func (in *Intent) Release(ctx context.Context, retryAfter time.Duration) error {
	if in.owner == "" {
		return nil
	}
	owner := in.owner
	in.owner = ""
	err := in.db.InTx(ctx, func(ctx context.Context) error {
		now, err := in.db.Now(ctx)
		if err != nil {
			return err
		}
		until := int64(0)
		if retryAfter > 0 {
			until = now + retryAfter.Microseconds()
		}
		_, err = in.db.Conn(ctx).ExecContext(ctx, "UPDATE intents SET lease_owner = '', lease_until_us = ?, updated_us = ? WHERE gid = ? AND state = ? AND lease_owner = ?",
			until, now, in.GID, stateOpen, owner)
		return err
	})
	if err != nil {
		return fmt.Errorf("intent %s: release: %w", in.GID, err)
	}
	return nil
}

// Hold keeps the intent from being finished by another until ctx's transaction ends. It returns ErrFinished if it has been: what
// a run does locally before the end must not outlive a decision against it.
func (in *Intent) Hold(ctx context.Context) error {
	if _, err := database.FromContext(ctx); err != nil {
		return fmt.Errorf("intent %s: hold: %w", in.GID, err)
	}
	now, err := in.db.Now(ctx)
	if err != nil {
		return err
	}
	res, err := in.db.Conn(ctx).ExecContext(ctx, "UPDATE intents SET updated_us = ? WHERE gid = ? AND state = ?", now, in.GID, stateOpen)
	if err != nil {
		return fmt.Errorf("intent %s: hold: %w", in.GID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(ErrFinished, err)
	}
	return nil
}

// Finish records the outcome in ctx's transaction, the one local transaction that decides: an answer, or a refusal (a
// Kratos error, see Refusal). It returns ErrFinished if there is one already; the transaction must not commit then.
func (in *Intent) Finish(ctx context.Context, answer proto.Message, refusal error) error {
	if _, err := database.FromContext(ctx); err != nil {
		return fmt.Errorf("intent %s: finish: %w", in.GID, err)
	}
	var body []byte
	column := "answer"
	var err error
	if refusal != nil {
		r, ok := Refusal(refusal)
		if !ok {
			return fmt.Errorf("intent %s: not a refusal: %w", in.GID, refusal)
		}
		column = "refusal"
		body, err = encodeRefusal(r)
	} else {
		body, err = encodeAnswer(answer)
	}
	if err != nil {
		return err
	}
	now, err := in.db.Now(ctx)
	if err != nil {
		return err
	}
	res, err := in.db.Conn(ctx).ExecContext(ctx, "UPDATE intents SET state = ?, "+column+" = ?, lease_owner = '', lease_until_us = 0, updated_us = ? WHERE gid = ? AND state = ?",
		stateDone, body, now, in.GID, stateOpen)
	if err != nil {
		return fmt.Errorf("intent %s: finish: %w", in.GID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(ErrFinished, err)
	}
	out := outcome{hash: in.id.hash}
	if refusal != nil {
		out.refusal = body
	} else {
		out.answer = body
	}
	return in.db.AfterCommit(ctx, func() { in.done, in.out = true, out })
}

// Answer returns the stored outcome of a finished intent: the answer, or the refusal as the error.
func Answer[R proto.Message](in *Intent) (answer R, err error) {
	if !in.done {
		return answer, ErrUnfinished
	}
	return open[R](in.out)
}
