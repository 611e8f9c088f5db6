package command

import (
	"context"
	"time"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/platform"
)

// Retention is how long answers are kept.
const Retention = 35 * 24 * time.Hour

// Purge deletes answers and finished intents older than retention (0 means Retention), in bounded batches, and returns
// how many rows went. Open intents stay, however old.
func Purge(ctx context.Context, db *database.DB, retention time.Duration) (rows int64, err error) {
	if retention <= 0 {
		retention = Retention
	}
	now, err := db.Now(ctx)
	if err != nil {
		return 0, err
	}
	before := now - retention.Microseconds()
	for _, victim := range []struct{ table, cond string }{
		{"commands", "created_us < ?"},
		{"intents", "state = '" + stateDone + "' AND updated_us < ?"},
	} {
		n, err := platform.Purge(ctx, db, victim.table, "caller, method, request_id", victim.cond, before)
		rows += n
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}
