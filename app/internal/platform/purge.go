package platform

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/internal/database"
)

const (
	purgeBatch = 500
	// purgeRounds bounds one call; what is left goes with the next.
	purgeRounds = 200
)

// Purge deletes the rows of a platform table that satisfy cond, at most 500 a transaction and 200 transactions a call.
func Purge(ctx context.Context, db *database.DB, table, key, cond string, args ...any) (rows int64, err error) {
	// MySQL knows DELETE ... LIMIT, SQLite knows keys of a subquery; neither knows both.
	query := "DELETE FROM " + table + " WHERE " + cond + " LIMIT ?"
	if db.Engine() == database.SQLite {
		query = "DELETE FROM " + table + " WHERE (" + key + ") IN (SELECT " + key + " FROM " + table + " WHERE " + cond + " LIMIT ?)"
	}
	for range purgeRounds {
		var n int64
		err := db.InTx(ctx, func(ctx context.Context) error {
			res, err := db.Conn(ctx).ExecContext(ctx, query, append(append([]any{}, args...), purgeBatch)...)
			if err != nil {
				return err
			}
			n, err = res.RowsAffected()
			return err
		})
		if err != nil {
			return rows, fmt.Errorf("purge %s: %w", table, err)
		}
		rows += n
		if n < purgeBatch {
			return rows, nil
		}
	}
	return rows, nil
}
