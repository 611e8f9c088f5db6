package database

import (
	"context"
	"errors"
	"strings"
)

// ErrUpsert is returned for an upsert that could change a row of another partition.
var ErrUpsert = errors.New("database: upsert on a key without the partition column")

type upsertKey struct{}

// GuardUpserts marks ctx: an INSERT ... ON CONFLICT/ON DUPLICATE KEY UPDATE that ent runs under it may only change rows
// whose column has the same value as the inserted row. Package tenancy sets it on each insert; column must be NOT NULL.
func GuardUpserts(ctx context.Context, column string) context.Context {
	return context.WithValue(ctx, upsertKey{}, column)
}

const onDuplicate = " ON DUPLICATE KEY UPDATE "

// guardUpsert checks or completes the statement. SQLite names the key that may conflict, so the column must be in it;
// another key then fails as a unique violation. MySQL updates on whichever unique key is hit, so the statement itself
// must fail: a NULL for the NOT NULL column when the values differ.
func (d entDriver) guardUpsert(ctx context.Context, query string) (string, error) {
	column, _ := ctx.Value(upsertKey{}).(string)
	if column == "" || !strings.HasPrefix(query, "INSERT") {
		return query, nil
	}
	if d.db.engine == MySQL {
		at := strings.LastIndex(query, onDuplicate)
		if at < 0 {
			return query, nil
		}
		at += len(onDuplicate)
		c := "`" + column + "`"
		return query[:at] + c + " = IF(" + c + " = VALUES(" + c + "), " + c + ", NULL), " + query[at:], nil
	}
	_, conflict, found := strings.Cut(query, " ON CONFLICT")
	if !found {
		return query, nil
	}
	target, _, closed := strings.Cut(strings.TrimPrefix(conflict, " ("), ")")
	if !closed || !strings.HasPrefix(conflict, " (") || !strings.Contains(target, "`"+column+"`") {
		if strings.HasPrefix(strings.TrimLeft(conflict, " "), "DO NOTHING") {
			return query, nil
		}
		return "", ErrUpsert
	}
	return query, nil
}
