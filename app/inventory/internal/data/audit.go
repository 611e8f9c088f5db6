package data

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// GraceUS is how late the workers may be that free what has expired, take silence for a decline, and serve who waits.
const GraceUS = 60 * 1_000_000

// CheckInvariants looks for counter-examples in one snapshot.
func (s *Store) CheckInvariants(ctx context.Context, limit int32) (*commonv1.CheckInvariantsResponse, error) {
	return invariant.Run(ctx, s.db, "inventory", limit, slices.Concat(s.checks(), s.movesChecks(), s.loadChecks()))
}

// name of a stock row in a counter-example, on each engine.
func (s *Store) concat(parts ...string) string {
	if s.db.Engine() == database.MySQL {
		return "CONCAT(" + strings.Join(parts, ", ") + ")"
	}
	return "(" + strings.Join(parts, " || ") + ")"
}

func (s *Store) checks() []invariant.Check {
	row := func(t string) string { return s.concat(t+".sku", "' at '", t+".location", "' of '", t+".owner") }
	number := func(column string) string {
		if s.db.Engine() == database.MySQL {
			return "CAST(" + column + " AS CHAR)"
		}
		return "CAST(" + column + " AS TEXT)"
	}
	moved := func(bucket string) string {
		return "(SELECT COALESCE(SUM(m.quantity), 0) FROM movements m WHERE m.sku = s.sku AND m.location = s.location AND m.owner = s.owner AND m.bucket = '" + bucket + "')"
	}
	sums := func(column, bucket string) string {
		return "SELECT " + row("s") + ", " + s.concat(number("s."+column), "' "+column+", movements say '", number(moved(bucket))) +
			" FROM stock s WHERE s." + column + " <> " + moved(bucket) + " UNION ALL "
	}
	const heldOf = "(SELECT COALESCE(SUM(r.open), 0) FROM reservations r WHERE r.sku = s.sku AND r.location = s.location AND r.owner = s.owner AND r.state IN (1, 2) AND NOT (" + waits + "))"
	// What waits counts as long as it was not given back; what has arrived was given back by the one that waited, and stands
	// for itself whatever became of it.
	const promisedOf = "(SELECT COALESCE(SUM(CASE WHEN r.replaces = '' THEN r.quantity - r.released - r.expired ELSE r.quantity END), 0) FROM reservations r" +
		" WHERE r.sku = p.sku AND r.location = p.location AND r.owner = p.owner AND r.presale = p.id)"
	const drawnOf = "(SELECT COALESCE(SUM(r.open + r.shipped), 0) FROM reservations r WHERE r.sku = q.sku AND r.location = q.location AND r.quota = q.policy)"
	const listed = "(SELECT COALESCE(SUM(d.open), 0) FROM discrepancies d WHERE d.sku = s.sku AND d.location = s.location AND d.owner = s.owner AND d.kind = 'SHORTFALL')"
	const gap = "(CASE WHEN s.reserved > s.on_hand THEN s.reserved - s.on_hand ELSE 0 END)"
	return []invariant.Check{
		{
			ID: "I1", Title: "on hand, in transit and damaged are each the sum of their movements",
			Counted: "SELECT COUNT(*) FROM stock",
			Violations: sums("on_hand", "") + sums("in_transit", biz.BucketInTransit) + sums("damaged", biz.BucketDamaged) +
				"SELECT " + row("m") + ", 'movements without a stock row' FROM movements m WHERE NOT EXISTS" +
				" (SELECT 1 FROM stock s WHERE s.sku = m.sku AND s.location = m.location AND s.owner = m.owner)",
		},
		{
			ID: "I2", Title: "0 <= reserved <= on hand; what is missing is an open discrepancy of that size",
			Counted: "SELECT COUNT(*) FROM stock",
			Violations: "SELECT " + row("s") + ", " + s.concat(number("s.reserved"), "' reserved of '", number("s.on_hand"), "' on hand, '", number(listed), "' listed as missing'") +
				" FROM stock s WHERE s.reserved < 0 OR " + gap + " <> " + listed,
		},
		{
			ID: "I3", Title: "reserved = sum of its active reservations, a quota's count of what they draw; none is active later than 60 s after its deadline, no location silent 60 s after its own",
			Counted: "SELECT COUNT(*) FROM stock",
			Violations: "SELECT " + row("s") + ", " + s.concat(number("s.reserved"), "' reserved, reservations hold '", number(heldOf)) +
				" FROM stock s WHERE s.reserved <> " + heldOf +
				" UNION ALL SELECT r.id, 'held past its deadline' FROM reservations r WHERE r.state = 1 AND r.expires_at_us > 0 AND r.expires_at_us < ?" +
				" UNION ALL SELECT a.id, 'not answered in time, and not given to another' FROM assignments a WHERE a.state = 1 AND a.answer_by_us > 0 AND a.answer_by_us < ?" +
				" UNION ALL SELECT r.id, 'holds stock that has no row' FROM reservations r WHERE r.open > 0 AND NOT EXISTS" +
				" (SELECT 1 FROM stock s WHERE s.sku = r.sku AND s.location = r.location AND s.owner = r.owner)" +
				" UNION ALL SELECT q.policy, " + s.concat("q.sku", "' at '", "q.location", "': '", number("q.used"), "' drawn from the quota, reservations say '", number(drawnOf)) +
				" FROM quotas q WHERE q.used <> " + drawnOf +
				" UNION ALL SELECT r.id, 'draws on a quota that is not counted' FROM reservations r WHERE r.quota <> '' AND r.open + r.shipped > 0 AND NOT EXISTS" +
				" (SELECT 1 FROM quotas q WHERE q.policy = r.quota AND q.sku = r.sku AND q.location = r.location)" +
				" UNION ALL SELECT q.policy, 'is overdrawn' FROM quotas q JOIN sharing_policies p ON p.id = q.policy WHERE q.used > p.value",
			Args: func(nowUS int64) []any { return []any{nowUS - GraceUS, nowUS - GraceUS} },
		},
		{
			ID: "I3", Title: "used of a presale = what reservations hold, have shipped or got of it; 0 <= used <= quota",
			Counted: "SELECT COUNT(*) FROM presales",
			Violations: "SELECT p.id, " + s.concat(number("p.used"), "' used of '", number("p.quota"), "', reservations say '", number(promisedOf)) +
				" FROM presales p WHERE p.used < 0 OR p.used > p.quota OR p.used <> " + promisedOf +
				" UNION ALL SELECT r.id, 'waits for a presale that is not there, or is another row''s' FROM reservations r WHERE r.presale <> '' AND NOT EXISTS" +
				" (SELECT 1 FROM presales p WHERE p.id = r.presale AND p.sku = r.sku AND p.location = r.location AND p.owner = r.owner)",
		},
		{
			ID: "I4", Title: "open + shipped + released + expired = all that was ever reserved",
			Counted: "SELECT COUNT(*) FROM reservations",
			Violations: "SELECT r.id, " + s.concat(number("r.open"), "' open, '", number("r.shipped"), "' shipped, '", number("r.released"), "' released, '", number("r.expired"), "' expired of '", number("r.quantity")) +
				" FROM reservations r WHERE r.open + r.shipped + r.released + r.expired <> r.quantity OR r.open < 0 OR r.shipped < 0 OR r.released < 0 OR r.expired < 0",
		},
		{
			ID: "I5", Title: "a reservation is resolved at most once",
			Counted: "SELECT COUNT(*) FROM reservations",
			Violations: "SELECT c.reservation_id, " + s.concat(number("COUNT(*)"), "' final steps'") +
				" FROM reservation_changes c WHERE c.to_state IN (3, 4, 5) GROUP BY c.reservation_id HAVING COUNT(*) > 1" +
				" UNION ALL SELECT r.id, 'open and final, or neither' FROM reservations r WHERE (r.open > 0) <> (r.state IN (1, 2))" +
				" UNION ALL SELECT r.id, 'its last step is not in its history' FROM reservations r WHERE r.state IN (3, 4, 5) AND NOT EXISTS" +
				" (SELECT 1 FROM reservation_changes c WHERE c.reservation_id = r.id AND c.to_state = r.state)",
		},
		{
			ID: "I14", Title: "every change of a reservation is in the state machine; its versions have no gap",
			Counted: "SELECT COUNT(*) FROM reservation_changes",
			Violations: "SELECT c.reservation_id, " + s.concat("'from '", number("c.from_state"), "' to '", number("c.to_state")) +
				" FROM reservation_changes c WHERE NOT (" + transitions() + ")" +
				" UNION ALL SELECT r.id, 'its versions have a gap' FROM reservations r WHERE r.version - 1 <>" +
				" (SELECT COUNT(*) FROM reservation_changes c WHERE c.reservation_id = r.id AND c.version BETWEEN 2 AND r.version)" +
				" UNION ALL SELECT c.reservation_id, 'a step does not follow the one before' FROM reservation_changes c JOIN reservation_changes b" +
				" ON b.reservation_id = c.reservation_id AND b.version = c.version - 1 WHERE b.to_state <> c.from_state",
		},
		invariant.OneAnswer(),
		invariant.Delivered(),
		{ID: "I19", Title: "movements are never changed or deleted: each covers the one before", Scan: s.verifyMovements},
	}
}

// transitions is the state machine as a condition.
func transitions() string {
	var ways []string
	for from, list := range biz.Transitions {
		for _, to := range list {
			ways = append(ways, fmt.Sprintf("c.from_state = %d AND c.to_state = %d", from, to))
		}
	}
	slices.Sort(ways)
	return strings.Join(ways, " OR ")
}

// verifyPage bounds the movements in memory.
const verifyPage = 1000

// verifyMovements walks each stock row's movements and compares the hashes, up to the one that the row remembers. All buckets
// are in one chain; before and after follow within a bucket.
func (s *Store) verifyMovements(ctx context.Context, q database.Querier, violation func(subject, detail string)) (checked int64, err error) {
	var last biz.Movement
	after := map[string]int64{} // what each bucket of the row was left at
	ends := map[biz.StockKey][]byte{}
	for {
		n := 0
		rows, err := q.QueryContext(ctx, "SELECT "+movementColumns+" FROM movements WHERE (sku = ? AND location = ? AND owner = ? AND seq > ?) OR (sku = ? AND location = ? AND owner > ?) OR (sku = ? AND location > ?) OR sku > ? ORDER BY sku, location, owner, seq LIMIT ?",
			last.Key.SKU, last.Key.Location, last.Key.Owner, last.Seq, last.Key.SKU, last.Key.Location, last.Key.Owner, last.Key.SKU, last.Key.Location, last.Key.SKU, verifyPage)
		if err != nil {
			return checked, err
		}
		for rows.Next() {
			var m biz.Movement
			err := rows.Scan(&m.ID, &m.Org, &m.Key.SKU, &m.Key.Location, &m.Key.Owner, &m.Seq, &m.Reason, &m.Document, &m.Ref, &m.Actor, &m.Note,
				&m.Quantity, &m.Before, &m.After, &m.AtUS, &m.Hash, &m.Bucket, &m.Batch, &m.Request)
			if err != nil {
				rows.Close()
				return checked, err
			}
			if m.Key != last.Key {
				last = biz.Movement{}
				clear(after)
			}
			switch {
			case m.Seq != last.Seq+1:
				violation(m.ID, "the movement before it is missing")
			case m.Before != after[m.Bucket] || m.Before+m.Quantity != m.After:
				violation(m.ID, "before and after do not follow")
			case !bytes.Equal(m.Hash, m.Chained(last.Hash)):
				violation(m.ID, "the movement was changed")
			}
			last, after[m.Bucket] = m, m.After
			ends[m.Key] = m.Hash
			n++
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return checked, err
		}
		checked += int64(n)
		if n < verifyPage {
			break
		}
	}
	return checked, s.verifyEnds(ctx, q, ends, violation)
}

// verifyEnds finds movements that are missing at the end.
func (s *Store) verifyEnds(ctx context.Context, q database.Querier, ends map[biz.StockKey][]byte, violation func(subject, detail string)) error {
	rows, err := q.QueryContext(ctx, "SELECT sku, location, owner, chain FROM stock WHERE seq > 0")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key biz.StockKey
		var chain []byte
		if err := rows.Scan(&key.SKU, &key.Location, &key.Owner, &chain); err != nil {
			return err
		}
		if !bytes.Equal(chain, ends[key]) {
			violation(key.String(), "its last movements are missing")
		}
	}
	return rows.Err()
}
