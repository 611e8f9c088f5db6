package data

import (
	"context"
	"encoding/binary"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/inventory/internal/bench/unbatched/biz"
)

// The change log tells followers which stock rows have changed: indexes in memory on every replica, channels, webhooks.
//
// Always true:
//   - Each commit that changes stock rows adds one row to the log, in that commit, with the rows as they are after it.
//   - A follower that reads by position misses nothing. Of one stock row, the highest version is the latest.

const (
	topicChanges = "stock_changes"
	// changeRows bounds the stock rows of one row of the log, far below what a column holds.
	changeRows = 10_000
)

// logChange adds what a commit has changed to the log.
func (s *Store) logChange(ctx context.Context, c biz.Changes) error {
	if len(c.Stock) == 0 {
		return nil
	}
	for rest := c.Stock; len(rest) > 0; {
		n := min(len(rest), changeRows)
		if err := s.insert(ctx, "stock_changes", "id, body, created_us", [][]any{{ids.New("chg"), encodeRows(rest[:n]), c.NowUS}}); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return s.db.AfterCommit(ctx, func() { s.db.Signal(topicChanges) })
}

// encodeRows writes rows with lengths and varints: a log row of a large commit stays small.
func encodeRows(rows []biz.StockRow) []byte {
	b := make([]byte, 0, 16+80*len(rows))
	b = append(b, 1) // the form's version
	b = binary.AppendUvarint(b, uint64(len(rows)))
	for _, r := range rows {
		for _, s := range []string{r.Key.SKU, r.Key.Location, r.Key.Owner, r.Org} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
		// The log says what the row is after the commit, which adds one to its version.
		for _, v := range []int64{r.ID, r.OnHand, r.Reserved, r.SafetyStock, r.Version + 1, r.InTransit, r.Damaged, r.Blocked, r.Batched, r.OutageUntilUS, r.ReceivedUS} {
			b = binary.AppendVarint(b, v)
		}
	}
	return b
}
