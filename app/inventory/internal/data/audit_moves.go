package data

import (
	"context"
	"fmt"
	"strconv"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// countedBy finds the open stocktakes of a stock row s.
const countedBy = "SELECT 1 FROM stocktakes t JOIN stocktake_lines l ON l.stocktake = t.id WHERE t.location = s.location AND l.sku = s.sku AND l.owner = s.owner AND t.state IN (1, 2)"

// sameRow joins two tables by the stock row that they speak of.
func sameRow(a, b string) string {
	return a + ".sku = " + b + ".sku AND " + a + ".location = " + b + ".location AND " + a + ".owner = " + b + ".owner"
}

// movesChecks are the invariants of how stock moves.
func (s *Store) movesChecks() []invariant.Check {
	return []invariant.Check{
		{ID: "I1a", Title: "in transit = what open transfers have sent and nobody has received, missed or sent back", Scan: s.verifyInTransit},
		{
			ID: "I1b", Title: "nothing of a stock row is promised online while, and only while, an open stocktake freezes it; one counts it at a time",
			Counted: "SELECT COUNT(*) FROM stocktake_lines",
			Violations: "SELECT " + s.concat("s.sku", "' at '", "s.location", "' of '", "s.owner") + ", 'frozen, or not, unlike its stocktake' FROM stock s" +
				" WHERE (s.outage_until_us >= ?) <> EXISTS (" + countedBy + " AND t.frozen = ?)" +
				" UNION ALL SELECT l.sku, 'counted by two open stocktakes' FROM stocktake_lines l JOIN stocktakes t ON t.id = l.stocktake WHERE t.state IN (1, 2)" +
				" GROUP BY t.location, l.sku, l.owner, l.batch HAVING COUNT(*) > 1",
			Args: func(int64) []any { return []any{biz.FrozenUS, true} },
		},
		{
			ID: "I1d", Title: "a lot is the sum of its movements, and no more of it is reserved than reservations hold; a row's lots are what it says of them; none is expired for 60 s and for sale",
			Counted: "SELECT COUNT(*) FROM batches",
			Violations: "SELECT b.code, 'is not the sum of its movements' FROM batches b WHERE b.on_hand <> (SELECT COALESCE(SUM(m.quantity), 0) FROM movements m WHERE " + sameRow("m", "b") + " AND m.bucket = '' AND m.batch = b.code)" +
				" UNION ALL SELECT b.code, 'more is reserved than is there, or is held' FROM batches b WHERE b.reserved < 0 OR b.reserved > b.on_hand OR b.reserved >" +
				" (SELECT COALESCE(SUM(r.open), 0) FROM reservations r WHERE " + sameRow("r", "b") + " AND r.batch = b.code AND r.state IN (1, 2))" +
				" UNION ALL SELECT s.sku, 'its lots are not what the row says' FROM stock s WHERE s.batched <> (SELECT COALESCE(SUM(b.on_hand), 0) FROM batches b WHERE " + sameRow("b", "s") + ")" +
				" OR s.blocked <> (SELECT COALESCE(SUM(b.on_hand - b.reserved), 0) FROM batches b WHERE " + sameRow("b", "s") + " AND b.blocked = ?)" +
				" OR s.batched > s.on_hand AND NOT EXISTS (SELECT 1 FROM discrepancies d WHERE " + sameRow("d", "s") + " AND d.kind = 'SHORTFALL')" +
				" UNION ALL SELECT b.code, 'a lot without a stock row' FROM batches b WHERE NOT EXISTS (SELECT 1 FROM stock s WHERE " + sameRow("s", "b") + ")" +
				" UNION ALL SELECT b.code, 'expired and for sale' FROM batches b WHERE b.blocked = ? AND b.expires_us > 0 AND b.expires_us < ?",
			Args: func(nowUS int64) []any { return []any{true, false, nowUS - GraceUS} },
		},
		{
			ID: "I1c", Title: "a stocktake's differences are booked once, when somebody approves it who has neither counted nor submitted",
			Counted: "SELECT COUNT(*) FROM stocktakes",
			Violations: "SELECT t.id, 'approved by who has counted or submitted' FROM stocktakes t WHERE t.state = 3 AND (t.decided_by = t.submitted_by OR EXISTS" +
				" (SELECT 1 FROM stocktake_counts c WHERE c.stocktake = t.id AND c.actor = t.decided_by))" +
				" UNION ALL SELECT t.id, 'its differences are not what was booked' FROM stocktakes t WHERE (SELECT COALESCE(SUM(l.difference), 0) FROM stocktake_lines l WHERE l.stocktake = t.id)" +
				" <> (SELECT COALESCE(SUM(m.quantity), 0) FROM movements m WHERE m.document = t.id AND m.reason = 'STOCKTAKE')" +
				" UNION ALL SELECT t.id, 'not approved, and booked' FROM stocktakes t WHERE t.state <> 3 AND EXISTS (SELECT 1 FROM movements m WHERE m.document = t.id AND m.reason = 'STOCKTAKE')" +
				" UNION ALL SELECT t.id, 'a difference is not what was counted less the books' FROM stocktakes t JOIN stocktake_lines l ON l.stocktake = t.id" +
				" WHERE t.state = 3 AND l.counted IS NOT NULL AND l.difference <> l.counted - l.book",
		},
	}
}

// verifyInTransit adds up the open transfers, a page at a time, and compares each stock row with what is on its way to it.
func (s *Store) verifyInTransit(ctx context.Context, q database.Querier, violation func(subject, detail string)) (checked int64, err error) {
	due := map[biz.StockKey]int64{}
	for last := ""; ; {
		rows, err := s.scanTransfers(ctx, q, "WHERE id > ? ORDER BY id LIMIT ?", last, verifyPage)
		if err != nil {
			return checked, err
		}
		for _, r := range rows {
			if _, err := biz.RestoreTransfer(r); err != nil {
				violation(r.ID, "its lines and its state do not agree")
			}
			for _, l := range r.Lines {
				if open := l.Open(); open != 0 {
					due[biz.StockKey{SKU: l.SKU, Location: r.To, Owner: l.Owner}] += open
				}
			}
			last = r.ID
		}
		checked += int64(len(rows))
		if len(rows) < verifyPage {
			break
		}
	}
	rows, err := q.QueryContext(ctx, "SELECT sku, location, owner, in_transit FROM stock WHERE in_transit <> 0")
	if err != nil {
		return checked, fmt.Errorf("read what is in transit: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var key biz.StockKey
		var has int64
		if err := rows.Scan(&key.SKU, &key.Location, &key.Owner, &has); err != nil {
			return checked, fmt.Errorf("read what is in transit: %w", err)
		}
		if has != due[key] {
			violation(key.String(), strconv.FormatInt(has, 10)+" in transit, transfers say "+strconv.FormatInt(due[key], 10))
		}
		delete(due, key)
	}
	for key, open := range due {
		if open != 0 {
			violation(key.String(), "nothing in transit, transfers say "+strconv.FormatInt(open, 10))
		}
	}
	return checked, rows.Err()
}
