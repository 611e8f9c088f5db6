package command

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/onepool/onepool/app/internal/database"
)

// key is what makes a request id one.
type key struct{ caller, method, requestID string }

func (id identity) key() key { return key{id.caller, id.method, id.requestID} }

func (m *member[W, N]) key() key {
	if m.id == nil {
		return key{}
	}
	return m.id.key()
}

// answered is a command with the outcome that is to be recorded.
type answered struct {
	identity
	outcome
}

// settle turns what a member decided into the outcome that is recorded; an error that says nothing about the decision is
// not.
func settle(id identity, answer proto.Message, err error) (o outcome, recorded bool, _ error) {
	o.hash = id.hash
	if err != nil {
		refusal, ok := Refusal(err)
		if !ok {
			return o, false, err
		}
		body, broken := encodeRefusal(refusal)
		if broken != nil {
			return o, false, broken
		}
		o.refusal = body
		return o, true, refusal
	}
	if o.answer, err = encodeAnswer(answer); err != nil {
		return o, false, err
	}
	return o, true, nil
}

// stored reads the outcomes that the members have already, with one statement.
func (g *Group[W, N]) stored(ctx context.Context, members []*member[W, N]) (map[key]outcome, error) {
	type method struct{ caller, method string }
	asked := map[method][]any{}
	var methods []method
	for _, m := range members {
		if m.id == nil {
			continue
		}
		of := method{m.id.caller, m.id.method}
		if asked[of] == nil {
			methods = append(methods, of)
		}
		asked[of] = append(asked[of], m.id.requestID)
	}
	found := map[key]outcome{}
	if len(methods) == 0 {
		return found, nil
	}
	var where []string
	var args []any
	for _, of := range methods {
		ids := g.conf.DB.Pad(asked[of])
		where = append(where, "caller = ? AND method = ? AND request_id IN (?"+strings.Repeat(", ?", len(ids)-1)+")")
		args = append(append(args, of.caller, of.method), ids...)
	}
	if len(methods) == 1 { // others hardly come again
		ctx = database.Repeated(ctx)
	}
	rows, err := g.conf.DB.Conn(ctx).QueryContext(ctx, "SELECT caller, method, request_id, hash, answer, refusal FROM commands WHERE ("+strings.Join(where, ") OR (")+")", args...)
	if err != nil {
		return nil, fmt.Errorf("stored answers: %w", err)
	}
	return found, scanStored(rows, found)
}

func scanStored(rows *sql.Rows, found map[key]outcome) error {
	defer rows.Close()
	for rows.Next() {
		var k key
		var o outcome
		if err := rows.Scan(&k.caller, &k.method, &k.requestID, &o.hash, &o.answer, &o.refusal); err != nil {
			return fmt.Errorf("stored answers: %w", err)
		}
		found[k] = o
	}
	return rows.Err()
}

// record inserts the commands with their answers and refusals: whoever has inserted one of them meanwhile makes it fail
// with a unique violation.
func record(ctx context.Context, db *database.DB, all []answered) error {
	now, err := db.Now(ctx)
	if err != nil {
		return err
	}
	rows := make([][]any, len(all))
	for i, a := range all {
		rows[i] = []any{a.caller, a.method, a.requestID, a.identity.hash, a.answer, a.refusal, now}
	}
	if err := db.InsertRows(ctx, "commands (caller, method, request_id, hash, answer, refusal, created_us)", rows); err != nil {
		return fmt.Errorf("record answers: %w", err)
	}
	return nil
}
