package data

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/internal/sequence"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// The change log tells followers which stock rows have changed: indexes in memory on every replica, channels, webhooks.
//
// Always true:
//   - Each commit that changes stock rows adds one row to the log, in that commit, with the rows as they are after it.
//   - A follower that reads by position misses nothing. Of one stock row, the highest version is the latest.

const (
	// ChangesKept is how long the log is kept. A follower that was away for longer begins anew.
	ChangesKept  = 7 * 24 * time.Hour
	topicChanges = "stock_changes"
	// changeRows bounds the stock rows of one row of the log, far below what a column holds.
	changeRows = 10_000
)

// Change is one commit's stock rows, at its position in the log. Rows have no chain and no sequence number.
type Change = biz.StockChange

// ChangeFeed is the log for the sequencer.
func ChangeFeed() sequence.Feed {
	return sequence.Feed{Table: "stock_changes", ID: "id", OrderBy: "created_us, id", Topic: topicChanges}
}

var errChange = errors.New("inventory: a row of the change log cannot be read")

// logChange adds what a commit has changed to the log.
func (s *Store) logChange(ctx context.Context, c biz.Changes) error {
	if len(c.Stock) == 0 {
		return nil
	}
	quotas := c.Quotas
	for rest := c.Stock; len(rest) > 0; {
		n := min(len(rest), changeRows)
		if err := s.insert(ctx, "stock_changes", "id, body, created_us", [][]any{{ids.New("chg"), encodeChange(rest[:n], quotas), c.NowUS}}); err != nil {
			return err
		}
		rest, quotas = rest[n:], nil
	}
	return s.db.AfterCommit(ctx, func() {
		s.pool.tellCommitted(c.Stock)
		s.quotas.tellCommitted(c.Quotas)
		s.db.Signal(topicChanges)
	})
}

// logEverything adds to the log, in the context's transaction, that what may be promised has changed for more than can be
// listed: followers are told to read all. nowUS is the database's time.
func (s *Store) logEverything(ctx context.Context, nowUS int64) error {
	if err := s.insert(ctx, "stock_changes", "id, body, created_us", [][]any{{ids.New("chg"), encodeChange(nil, nil), nowUS}}); err != nil {
		return err
	}
	return s.db.AfterCommit(ctx, func() { s.db.Signal(topicChanges) })
}

// ChangesAfter returns what was logged after a position, in order, at most limit commits. Nothing is missed: positions have
// no gaps.
func (s *Store) ChangesAfter(ctx context.Context, position int64, limit int) ([]Change, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT position, created_us, body FROM stock_changes WHERE position > ? ORDER BY position LIMIT ?", position, limit)
	if err != nil {
		return nil, fmt.Errorf("read change log: %w", err)
	}
	defer rows.Close()
	var all []Change
	for rows.Next() {
		var c Change
		var body []byte
		if err := rows.Scan(&c.Position, &c.AtUS, &body); err != nil {
			return nil, fmt.Errorf("read change log: %w", err)
		}
		if c.Rows, c.Quotas, err = decodeChange(body); err != nil {
			return nil, fmt.Errorf("read change log at %d: %w", c.Position, err)
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// ChangeEnds returns the first position that is still kept and the last one that was given; both 0 while there is none.
func (s *Store) ChangeEnds(ctx context.Context) (first, last int64, err error) {
	err = s.db.Conn(ctx).QueryRowContext(ctx, "SELECT COALESCE(MIN(position), 0), COALESCE(MAX(position), 0) FROM stock_changes").Scan(&first, &last)
	if err != nil {
		return 0, 0, fmt.Errorf("ends of the change log: %w", err)
	}
	return first, last, nil
}

// PurgeChanges removes what is past its retention, but never the last position: the log's end stays known.
func (s *Store) PurgeChanges(ctx context.Context) error {
	now, err := s.db.Now(ctx)
	if err != nil {
		return err
	}
	_, last, err := s.ChangeEnds(ctx)
	if err != nil {
		return err
	}
	_, err = platform.Purge(ctx, s.db, "stock_changes", "id", "created_us < ? AND position IS NOT NULL AND position < ?", now-ChangesKept.Microseconds(), last)
	return err
}

// Sequence numbers the log until ctx ends.
func (s *Store) Sequence(ctx context.Context, report func(context.Context, error)) {
	sequence.Run(ctx, s.db, ChangeFeed(), report)
}

// Changed wakes a follower in this process after a commit that changed stock.
func (s *Store) Changed() <-chan struct{} { return s.db.Signals(topicChanges) }

// encodeChange writes rows with lengths and varints: a log row of a large commit stays small. The counts of quotas follow, in
// a form of its own, when some have changed.
func encodeChange(rows []biz.StockRow, quotas []biz.QuotaRow) []byte {
	b := make([]byte, 0, 16+80*len(rows)+80*len(quotas))
	form := byte(1)
	if len(quotas) > 0 {
		form = 2
	}
	b = append(b, form)
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
	if form == 1 {
		return b
	}
	b = binary.AppendUvarint(b, uint64(len(quotas)))
	for _, q := range quotas {
		for _, s := range []string{q.Policy, q.SKU, q.Location} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
		for _, v := range []int64{q.ID, q.Used, q.Version + 1} {
			b = binary.AppendVarint(b, v)
		}
	}
	return b
}

func decodeChange(b []byte) ([]biz.StockRow, []biz.QuotaRow, error) {
	if len(b) == 0 || b[0] != 1 && b[0] != 2 {
		return nil, nil, errChange
	}
	form := b[0]
	b = b[1:]
	bad := false
	count := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			bad = true
			return 0
		}
		b = b[n:]
		return v
	}
	text := func() string {
		n := count()
		if bad || n > uint64(len(b)) {
			bad = true
			return ""
		}
		s := string(b[:n])
		b = b[n:]
		return s
	}
	number := func() int64 {
		v, n := binary.Varint(b)
		if n <= 0 {
			bad = true
			return 0
		}
		b = b[n:]
		return v
	}
	n := count()
	if bad || n > changeRows {
		return nil, nil, errChange
	}
	rows := make([]biz.StockRow, n)
	for i := range rows {
		r := &rows[i]
		for _, to := range []*string{&r.Key.SKU, &r.Key.Location, &r.Key.Owner, &r.Org} {
			*to = text()
		}
		for _, to := range []*int64{&r.ID, &r.OnHand, &r.Reserved, &r.SafetyStock, &r.Version, &r.InTransit, &r.Damaged, &r.Blocked, &r.Batched, &r.OutageUntilUS, &r.ReceivedUS} {
			*to = number()
		}
	}
	var quotas []biz.QuotaRow
	if form == 2 && !bad {
		if n = count(); bad || n > changeRows {
			return nil, nil, errChange
		}
		quotas = make([]biz.QuotaRow, n)
	}
	for i := range quotas {
		q := &quotas[i]
		for _, to := range []*string{&q.Policy, &q.SKU, &q.Location} {
			*to = text()
		}
		for _, to := range []*int64{&q.ID, &q.Used, &q.Version} {
			*to = number()
		}
	}
	if bad || len(b) > 0 {
		return nil, nil, errChange
	}
	return rows, quotas, nil
}
