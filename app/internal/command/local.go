package command

import (
	"context"
	"errors"
	"fmt"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"google.golang.org/protobuf/proto"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/fault"
)

// Local is a command that one center decides alone, from facts of type F, with an answer of type R.
type Local[F any, R proto.Message] struct {
	Method  string // the full name of the RPC
	Request Request
	// Facts asks other centers, outside the transaction; nil if there is nothing to ask. Its error is not recorded.
	Facts func(ctx context.Context) (F, error)
	// Decide checks and changes this center's rows, and emits events, inside the transaction.
	Decide func(ctx context.Context, facts F) (R, error)
	// Public maps an error of the domain to a refusal (a Kratos error); nil: fault.Public does.
	Public func(error) error
}

// Run executes the command, or gives the answer that it has already.
func (c Local[F, R]) Run(ctx context.Context, db *database.DB) (answer R, err error) {
	if database.InTransaction(ctx) {
		return answer, fmt.Errorf("command %s: %w", c.Method, database.ErrNested)
	}
	id, err := identify(ctx, c.Method, c.Request)
	if err != nil {
		return answer, err
	}
	stored, found, err := id.find(ctx, db)
	if err != nil {
		return answer, err
	}
	if found {
		return reply[R](id, stored)
	}
	var facts F
	if c.Facts != nil {
		if facts, err = c.Facts(ctx); err != nil {
			return answer, c.public(err)
		}
	}
	if err := failpoint.Hit("command.local.tx.before"); err != nil {
		return answer, err
	}
	err = db.InTx(ctx, func(ctx context.Context) error {
		answer, err = c.once(ctx, db, id, facts)
		return err
	})
	refused, no := errors.AsType[undone](err)
	if no { // nothing of the decision stays but the refusal
		err = db.InTx(ctx, func(ctx context.Context) error { return c.refuse(ctx, db, id, refused.refusal) })
	}
	if errors.Is(err, errDuplicate) {
		return c.other(ctx, db, id)
	}
	var none R
	if err != nil {
		return none, err
	}
	if err := failpoint.Hit("command.local.reply.before"); err != nil {
		return none, err
	}
	if no {
		return none, refused.refusal
	}
	return answer, nil
}

// undone is a refusal that undoes the transaction in which it was decided.
type undone struct{ refusal *kratos.Error }

// Error is the refusal's.
func (u undone) Error() string { return u.refusal.Error() }

// once is one attempt inside the transaction. The row comes first: whoever has it decides, all others wait for it, and decide
// themselves only if it was undone.
func (c Local[F, R]) once(ctx context.Context, db *database.DB, id identity, facts F) (answer R, err error) {
	if err := id.claim(ctx, db); err != nil {
		return answer, err
	}
	if answer, err = c.Decide(ctx, facts); err != nil {
		err = c.public(err)
		if refusal, ok := Refusal(err); ok {
			return answer, undone{refusal}
		}
		return answer, err
	}
	body, err := encodeAnswer(answer)
	if err != nil {
		return answer, err
	}
	return answer, c.store(ctx, db, id, "answer", body)
}

// refuse records a refusal, unless another call with the same request id was faster.
func (c Local[F, R]) refuse(ctx context.Context, db *database.DB, id identity, refusal *kratos.Error) error {
	if err := id.claim(ctx, db); err != nil {
		return err
	}
	body, err := encodeRefusal(refusal)
	if err != nil {
		return err
	}
	return c.store(ctx, db, id, "refusal", body)
}

func (c Local[F, R]) store(ctx context.Context, db *database.DB, id identity, column string, body []byte) error {
	_, err := db.Conn(ctx).ExecContext(ctx, "UPDATE commands SET "+column+" = ? WHERE caller = ? AND method = ? AND request_id = ?",
		body, id.caller, id.method, id.requestID)
	if err != nil {
		return fmt.Errorf("command %s: store %s: %w", id.method, column, err)
	}
	return nil
}

// claim inserts the command's row.
func (id identity) claim(ctx context.Context, db *database.DB) error {
	now, err := db.Now(ctx)
	if err != nil {
		return err
	}
	_, err = db.Conn(ctx).ExecContext(ctx, "INSERT INTO commands (caller, method, request_id, hash, created_us) VALUES (?, ?, ?, ?, ?)",
		id.caller, id.method, id.requestID, id.hash, now)
	switch {
	case err == nil:
		return nil
	case database.IsUniqueViolation(err):
		return errDuplicate
	case database.IsLockTimeout(err):
		return ErrInProgress // the first holds the row for longer than we may wait; trying again would only wait longer
	}
	return fmt.Errorf("command %s: request id: %w", id.method, err)
}

// other gives the answer of the one that was faster.
func (c Local[F, R]) other(ctx context.Context, db *database.DB, id identity) (answer R, err error) {
	stored, found, err := id.find(ctx, db)
	if err != nil {
		return answer, err
	}
	if !found { // purged this very moment
		return answer, ErrInProgress
	}
	return reply[R](id, stored)
}

func (c Local[F, R]) public(err error) error {
	switch {
	case database.IsRetryable(err):
		return err
	case c.Public == nil:
		return fault.Public(err)
	}
	return c.Public(err)
}
