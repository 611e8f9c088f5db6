package data

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// changed is a row for guarded: what it is found by, and its new values.
type changed struct {
	id      any
	version int64
	values  []any
}

// guarded updates many rows by one statement. Each row must still be the version that was locked, and is steps versions
// older then.
//
// On the MySQL protocol that is an insert that meets the primary key of each row, which costs a half of a CASE for each
// column; filler are columns that it has to name although they do not change, because they have no default. SQLite joins
// the values.
func (s *Store) guarded(ctx context.Context, table string, columns, filler []string, rows []changed, steps, nowUS int64) error {
	ctx = database.Repeated(ctx)
	for from, to := range s.db.Portions(len(rows)) {
		portion := rows[from:to]
		query, per := upsert(table, columns, filler, steps, len(portion)), int64(2) // what is inserted counts once, what is updated twice
		if s.db.Engine() == database.SQLite {
			query, per = updateFrom(table, columns, steps, len(portion)), 1
		}
		args := make([]any, 0, len(portion)*(3+len(columns)))
		for _, r := range portion {
			args = append(append(args, r.id, r.version, nowUS), r.values...)
		}
		res, err := s.db.Conn(ctx).ExecContext(ctx, query, args...)
		if err != nil {
			return fmt.Errorf("update %s: %w", table, err)
		}
		if n, err := res.RowsAffected(); err != nil || n != per*int64(len(portion)) {
			return fmt.Errorf("update %s: %d of %d rows: %w (%v)", table, n/per, len(portion), errGuard, err)
		}
	}
	return nil
}

// upsert changes rows that exist. A row that does not, or is of another version, makes the count of affected rows too
// small, and what it would have inserted is rolled back.
func upsert(table string, columns, filler []string, steps int64, rows int) string {
	var set, into strings.Builder
	for _, c := range columns {
		fmt.Fprintf(&into, ", %s", c)
		fmt.Fprintf(&set, "%s = IF(version = VALUES(version), VALUES(%s), %s), ", c, c, c)
	}
	for _, c := range filler {
		fmt.Fprintf(&into, ", %s", c)
	}
	one := "(?, ?, ?" + strings.Repeat(", ?", len(columns)) + strings.Repeat(", 0", len(filler)) + ")"
	return "INSERT INTO " + table + " (id, version, updated_us" + into.String() + ") VALUES " + one + strings.Repeat(", "+one, rows-1) +
		// From left to right: the version is the last to be set, because the others ask for it.
		" ON DUPLICATE KEY UPDATE " + set.String() + "updated_us = IF(version = VALUES(version), VALUES(updated_us), updated_us), " +
		fmt.Sprintf("version = IF(version = VALUES(version), version + %d, version)", steps)
}

// updateFrom joins the values to the rows.
func updateFrom(table string, columns []string, steps int64, rows int) string {
	set := fmt.Sprintf("version = %s.version + %d, updated_us = v.column3", table, steps)
	for i, c := range columns {
		set += fmt.Sprintf(", %s = v.column%d", c, i+4)
	}
	return "UPDATE " + table + " SET " + set + " FROM (VALUES " + database.Tuples(rows, 3+len(columns)) + ") AS v WHERE " + table + ".id = v.column1 AND " + table + ".version = v.column2"
}

func (s *Store) updateStock(ctx context.Context, c biz.Changes) error {
	var reserved, all []changed
	for i, r := range c.Stock {
		if i < len(c.OnlyReserved) && c.OnlyReserved[i] {
			reserved = append(reserved, changed{r.ID, r.Version, []any{r.Reserved}})
			continue
		}
		chain := r.Chain
		if chain == nil {
			chain = []byte{}
		}
		all = append(all, changed{r.ID, r.Version, []any{r.OnHand, r.Reserved, r.SafetyStock, r.Seq, chain, r.InTransit, r.Damaged, r.Blocked, r.Batched, r.OutageUntilUS, r.ReceivedUS}})
	}
	key := []string{"org", "sku", "location", "owner"}
	if err := s.guarded(ctx, "stock", []string{"reserved"}, append(key, "chain"), reserved, 1, c.NowUS); err != nil {
		return err
	}
	return s.guarded(ctx, "stock", []string{"on_hand", "reserved", "safety", "seq", "chain", "in_transit", "damaged", "blocked", "batched", "outage_until_us", "received_us"}, key, all, 1, c.NowUS)
}

func (s *Store) writeReservations(ctx context.Context, c biz.Changes) error {
	if err := s.insertReservations(ctx, c); err != nil {
		return err
	}
	if err := s.updateReservations(ctx, c); err != nil {
		return err
	}
	return s.insertHistory(ctx, c)
}

func (s *Store) updateReservations(ctx context.Context, c biz.Changes) error {
	// A reservation may have taken several steps in one Book: the guard is the version before the first.
	first := map[string]int64{}
	for _, h := range c.History {
		if v, seen := first[h.ReservationID]; !seen || h.Version < v {
			first[h.ReservationID] = h.Version
		}
	}
	bySteps := map[int64][]changed{}
	for _, r := range c.Changed {
		version := first[r.ID] - 1
		steps := r.Version - version
		bySteps[steps] = append(bySteps[steps], changed{r.ID, version, []any{r.Open, r.Shipped, r.Released, r.Expired, int8(r.State), r.ExpiresAtUS, dueUS(r)}})
	}
	filler := []string{"org", "document", "line_id", "sku", "location", "owner", "seller", "way", "quantity", "settlement_price_minor", "fulfilment_fee_minor", "distance_m", "created_us"}
	for _, steps := range slices.Sorted(maps.Keys(bySteps)) {
		if err := s.guarded(ctx, "reservations", []string{"open", "shipped", "released", "expired", "state", "expires_at_us", "due_us"}, filler, bySteps[steps], steps, c.NowUS); err != nil {
			return err
		}
	}
	return nil
}

// dueUS is the deadline while it counts.
func dueUS(r biz.ReservationRow) int64 {
	if r.State == biz.Held {
		return r.ExpiresAtUS
	}
	return 0
}

// insert adds rows, each as long as columns says.
func (s *Store) insert(ctx context.Context, table, columns string, rows [][]any) error {
	if err := s.db.InsertRows(ctx, table+" ("+columns+")", rows); err != nil {
		return fmt.Errorf("insert into %s: %w", table, err)
	}
	return nil
}

// reservationsOfDocument is the index that lists of documents are looked up by.
const reservationsOfDocument = "reservation_document_created_us"

const reservationColumns = `id, org, document, line_id, gid, sku, location, owner, location_name, seller, channel, way, quantity, open, shipped, released, expired,
	state, version, expires_at_us, settlement_price_minor, fulfilment_fee_minor, distance_m, replaces, created_us, batch, quota, presale, kit_sku, capacity_day`

func (s *Store) insertReservations(ctx context.Context, c biz.Changes) error {
	rows := make([][]any, len(c.Created))
	for i, r := range c.Created {
		rows[i] = append(reservationValues(r), dueUS(r), c.NowUS)
	}
	return s.insert(ctx, "reservations", reservationColumns+", due_us, updated_us", rows)
}

func reservationValues(r biz.ReservationRow) []any {
	return []any{r.ID, r.LocationOrg, r.Document, r.LineID, r.GID, r.Key.SKU, r.Key.Location, r.Key.Owner, r.LocationName, r.Seller, r.Channel, int8(r.Way),
		r.Quantity, r.Open, r.Shipped, r.Released, r.Expired, int8(r.State), r.Version, r.ExpiresAtUS, r.SettlementPriceMinor, r.FulfilmentFeeMinor, r.DistanceM,
		r.Replaces, r.CreatedAtUS, r.Batch, r.Quota, r.Presale, r.KitSKU, r.CapacityDay}
}

// reservations reads raw rows: decisions need them of all organisations.
func (s *Store) reservations(ctx context.Context, rest string, args ...any) ([]*biz.Reservation, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT "+reservationColumns+" FROM reservations "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read reservations: %w", err)
	}
	defer rows.Close()
	var all []*biz.Reservation
	for rows.Next() {
		var r biz.ReservationRow
		err := rows.Scan(&r.ID, &r.LocationOrg, &r.Document, &r.LineID, &r.GID, &r.Key.SKU, &r.Key.Location, &r.Key.Owner, &r.LocationName, &r.Seller, &r.Channel,
			&r.Way, &r.Quantity, &r.Open, &r.Shipped, &r.Released, &r.Expired, &r.State, &r.Version, &r.ExpiresAtUS, &r.SettlementPriceMinor, &r.FulfilmentFeeMinor,
			&r.DistanceM, &r.Replaces, &r.CreatedAtUS, &r.Batch, &r.Quota, &r.Presale, &r.KitSKU, &r.CapacityDay)
		if err != nil {
			return nil, fmt.Errorf("read reservations: %w", err)
		}
		reservation, err := biz.RestoreReservation(r)
		if err != nil {
			return nil, err
		}
		all = append(all, reservation)
	}
	return all, rows.Err()
}

func (s *Store) insertHistory(ctx context.Context, c biz.Changes) error {
	rows := make([][]any, len(c.History))
	for i, h := range c.History {
		rows[i] = []any{h.Org, h.ReservationID, h.Version, int8(h.From), int8(h.To), h.Quantity, h.Actor, h.AtUS}
	}
	return s.insert(ctx, "reservation_changes", "org, reservation_id, version, from_state, to_state, quantity, actor, at_us", rows)
}

const movementColumns = "id, org, sku, location, owner, seq, reason, document, ref, actor, note, quantity, qty_before, qty_after, at_us, hash, bucket, batch, request"

func (s *Store) insertMovements(ctx context.Context, c biz.Changes) error {
	rows := make([][]any, len(c.Movements))
	for i, m := range c.Movements {
		rows[i] = []any{m.ID, m.Org, m.Key.SKU, m.Key.Location, m.Key.Owner, m.Seq, string(m.Reason), m.Document, m.Ref, m.Actor, m.Note, m.Quantity, m.Before, m.After, m.AtUS, m.Hash,
			m.Bucket, m.Batch, m.Request}
	}
	return s.insert(ctx, "movements", movementColumns, rows)
}

// closeGap closes the oldest open discrepancies of a stock row that came nearer to its promises. The row is locked, so
// nobody else does the same.
func (s *Store) closeGap(ctx context.Context, gap biz.Gap, nowUS int64) error {
	q := s.db.Conn(ctx)
	rows, err := q.QueryContext(ctx, "SELECT id, open FROM discrepancies WHERE sku = ? AND location = ? AND owner = ? AND kind = ? AND open > 0 ORDER BY opened_us, id",
		gap.Key.SKU, gap.Key.Location, gap.Key.Owner, biz.KindShortfall)
	if err != nil {
		return fmt.Errorf("read discrepancies: %w", err)
	}
	type listed struct {
		id   string
		open int64
	}
	var all []listed
	for rows.Next() {
		var d listed
		if err := rows.Scan(&d.id, &d.open); err != nil {
			rows.Close()
			return fmt.Errorf("read discrepancies: %w", err)
		}
		all = append(all, d)
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read discrepancies: %w", err)
	}
	left := -gap.Delta
	for _, d := range all {
		part := min(left, d.open)
		if part == 0 {
			break
		}
		closed := int64(0)
		if part == d.open {
			closed = nowUS
		}
		if _, err := q.ExecContext(ctx, "UPDATE discrepancies SET open = open - ?, closed_us = ? WHERE id = ? AND open = ?", part, closed, d.id, d.open); err != nil {
			return fmt.Errorf("close discrepancy: %w", err)
		}
		left -= part
	}
	return nil
}

// discrepancy lists what a person has to look at.
// open says how much of it is left to be looked at.
func discrepancy(d biz.Discrepancy, open, nowUS int64) []any {
	closedUS := int64(0)
	if open == 0 {
		closedUS = nowUS
	}
	return []any{ids.New("dsc"), d.Org, d.Key.SKU, d.Key.Location, d.Key.Owner, d.Kind, d.Document, d.ReservationID, d.Size, open, nowUS, closedUS}
}

// writeDiscrepancies lists what cannot be booked, and keeps what is open of each stock row as large as its shortfall.
func (s *Store) writeDiscrepancies(ctx context.Context, c biz.Changes) error {
	var rows [][]any
	for _, d := range c.Discrepancies {
		rows = append(rows, discrepancy(d, d.Size, c.NowUS))
	}
	for _, gap := range c.Gaps {
		if open := max(0, gap.Delta); open+gap.Relieved > 0 {
			rows = append(rows, discrepancy(biz.Discrepancy{Org: gap.Org, Document: gap.Document, Key: gap.Key, Kind: biz.KindShortfall, Size: open + gap.Relieved}, open, c.NowUS))
		}
		if gap.Delta >= 0 {
			continue
		}
		if err := s.closeGap(ctx, gap, c.NowUS); err != nil {
			return err
		}
	}
	return s.insert(ctx, "discrepancies", "id, org, sku, location, owner, kind, document, reservation_id, size, open, opened_us, closed_us", rows)
}

// insertExplanations stores why the locations of documents were chosen.
func (s *Store) insertExplanations(ctx context.Context, c biz.Changes) error {
	rows := make([][]any, len(c.Explanations))
	for i, e := range c.Explanations {
		candidates, err := json.Marshal(e.Candidates)
		if err != nil {
			return fmt.Errorf("explain %s: %w", e.Document, err)
		}
		rows[i] = []any{ids.New("alc"), e.Org, e.Document, e.Strategy, e.Text(), candidates, e.Considered, e.TookUS, e.DecidedAtUS}
	}
	return s.insert(ctx, "allocations", "id, org, document, strategy, text, candidates, considered, took_us, decided_at_us", rows)
}
