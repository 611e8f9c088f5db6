package data

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/inventory/internal/bench/unbatched/biz"
)

// writeChunk bounds the rows of one statement.
const writeChunk = 100

// Write stores the changes of a Book: each table with as few statements as can be.
func (s *Store) Write(ctx context.Context, c biz.Changes) error {
	if err := s.updateStock(ctx, c); err != nil {
		return err
	}
	if err := s.insertReservations(ctx, c); err != nil {
		return err
	}
	if err := s.updateReservations(ctx, c); err != nil {
		return err
	}
	if err := s.insertHistory(ctx, c); err != nil {
		return err
	}
	if err := s.insertMovements(ctx, c); err != nil {
		return err
	}
	for _, gap := range c.Gaps {
		if err := s.closeOrOpen(ctx, gap, c.NowUS); err != nil {
			return err
		}
	}
	return s.logChange(ctx, c)
}

// changed is a row for guarded: what it is found by, and its new values.
type changed struct {
	id      any
	version int64
	values  []any
}

// guarded updates many rows by one statement. Each row must still be the version that was locked.
func (s *Store) guarded(ctx context.Context, table string, columns []string, rows []changed, nowUS int64, bump bool) error {
	for chunk := range slices.Chunk(rows, writeChunk) {
		var set strings.Builder
		var args []any
		for i, column := range columns {
			fmt.Fprintf(&set, "%s = CASE id%s END, ", column, strings.Repeat(" WHEN ? THEN ?", len(chunk)))
			for _, r := range chunk {
				args = append(args, r.id, r.values[i])
			}
		}
		if bump {
			set.WriteString("version = version + 1, ")
		}
		set.WriteString("updated_us = ?")
		args = append(args, nowUS)
		for _, r := range chunk {
			args = append(args, r.id, r.version)
		}
		one := "(id = ? AND version = ?)"
		res, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE "+table+" SET "+set.String()+" WHERE "+one+strings.Repeat(" OR "+one, len(chunk)-1), args...)
		if err != nil {
			return fmt.Errorf("update %s: %w", table, err)
		}
		if n, err := res.RowsAffected(); err != nil || n != int64(len(chunk)) {
			return fmt.Errorf("update %s: %d of %d rows: %w (%v)", table, n, len(chunk), errGuard, err)
		}
	}
	return nil
}

func (s *Store) updateStock(ctx context.Context, c biz.Changes) error {
	rows := make([]changed, len(c.Stock))
	for i, r := range c.Stock {
		chain := r.Chain
		if chain == nil {
			chain = []byte{}
		}
		rows[i] = changed{r.ID, r.Version, []any{r.OnHand, r.Reserved, r.SafetyStock, r.Seq, chain, r.InTransit, r.Damaged, r.Blocked, r.Batched, r.OutageUntilUS, r.ReceivedUS}}
	}
	return s.guarded(ctx, "stock", []string{"on_hand", "reserved", "safety", "seq", "chain", "in_transit", "damaged", "blocked", "batched", "outage_until_us", "received_us"}, rows, c.NowUS, true)
}

func (s *Store) updateReservations(ctx context.Context, c biz.Changes) error {
	// A reservation may have taken several steps in one Book: the guard is the version before the first.
	first := map[string]int64{}
	for _, h := range c.History {
		if v, seen := first[h.ReservationID]; !seen || h.Version < v {
			first[h.ReservationID] = h.Version
		}
	}
	rows := make([]changed, len(c.Changed))
	for i, r := range c.Changed {
		rows[i] = changed{r.ID, first[r.ID] - 1, []any{r.Open, r.Shipped, r.Released, r.Expired, int8(r.State), r.Version, dueUS(r)}}
	}
	return s.guarded(ctx, "reservations", []string{"open", "shipped", "released", "expired", "state", "version", "due_us"}, rows, c.NowUS, false)
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
	for chunk := range slices.Chunk(rows, writeChunk) {
		one := "(" + marks(len(chunk[0])) + ")"
		var args []any
		for _, r := range chunk {
			args = append(args, r...)
		}
		_, err := s.db.Conn(ctx).ExecContext(ctx, "INSERT INTO "+table+" ("+columns+") VALUES "+one+strings.Repeat(", "+one, len(chunk)-1), args...)
		if err != nil {
			return fmt.Errorf("insert into %s: %w", table, err)
		}
	}
	return nil
}

const reservationColumns = `id, org, document, line_id, gid, sku, location, owner, location_name, seller, channel, way, quantity, open, shipped, released, expired,
	state, version, expires_at_us, settlement_price_minor, fulfilment_fee_minor, distance_m, replaces, created_us, batch, quota, presale, kit_sku`

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
		r.Replaces, r.CreatedAtUS, r.Batch, r.Quota, r.Presale, r.KitSKU}
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
			&r.DistanceM, &r.Replaces, &r.CreatedAtUS, &r.Batch, &r.Quota, &r.Presale, &r.KitSKU)
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

// closeOrOpen keeps the open discrepancies of a stock row as large as its shortfall: a new gap is listed, stock that comes
// in closes the oldest ones. The stock row is locked, so nobody else does the same.
func (s *Store) closeOrOpen(ctx context.Context, gap biz.Gap, nowUS int64) error {
	if gap.Delta > 0 {
		return s.Discrepancy(ctx, biz.Discrepancy{Org: gap.Org, Document: gap.Document, Key: gap.Key, Kind: biz.KindShortfall, Size: gap.Delta})
	}
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

// Discrepancy lists what a person has to look at.
func (s *Store) Discrepancy(ctx context.Context, d biz.Discrepancy) error {
	now, err := s.db.Now(ctx)
	if err != nil {
		return err
	}
	return s.insert(ctx, "discrepancies", "id, org, sku, location, owner, kind, document, reservation_id, size, open, opened_us", [][]any{{
		ids.New("dsc"), d.Org, d.Key.SKU, d.Key.Location, d.Key.Owner, d.Kind, d.Document, d.ReservationID, d.Size, d.Size, now}})
}

// Explain stores why the locations of a document were chosen.
func (s *Store) Explain(ctx context.Context, org string, e biz.Explanation) error {
	candidates, err := json.Marshal(e.Candidates)
	if err != nil {
		return fmt.Errorf("explain %s: %w", e.Document, err)
	}
	return s.insert(ctx, "allocations", "id, org, document, strategy, text, candidates, considered, took_us, decided_at_us", [][]any{{
		ids.New("alc"), org, e.Document, e.Strategy, e.Text(), candidates, e.Considered, e.TookUS, e.DecidedAtUS}})
}
