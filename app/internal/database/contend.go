package database

import (
	"context"
	"fmt"
)

// Contend runs fn in a savepoint of ctx's transaction, and again, at most MaxRetries times, when it met a unique key that
// another transaction has taken since fn looked: fn reads anew and decides anew. At READ COMMITTED the other's row is
// visible by then, because the insert has waited for its commit.
func (db *DB) Contend(ctx context.Context, fn func(ctx context.Context) error) error {
	for attempt := 0; ; attempt++ {
		err := db.Savepoint(ctx, fn)
		if err == nil || !IsUniqueViolation(err) {
			return err
		}
		if attempt == MaxRetries {
			db.metrics.exhausted.Inc()
			return fmt.Errorf("database %s: key still taken after %d retries: %w", db.name, MaxRetries, err)
		}
		db.metrics.retries.WithLabelValues("unique").Inc()
	}
}
