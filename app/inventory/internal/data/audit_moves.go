package data

import (
	"context"
	"fmt"
	"strconv"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// movesChecks are the invariants of how stock moves.
func (s *Store) movesChecks() []invariant.Check {
	return []invariant.Check{
		{ID: "I1a", Title: "in transit = what open transfers have sent and nobody has received, missed or sent back", Scan: s.verifyInTransit},
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
