package data

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// lockChunk bounds the rows that one statement locks.
const lockChunk = 256

// errGuard means that a locked row was changed by another: the locks do not hold what they promise.
var errGuard = errors.New("inventory: a row has changed under its lock")

// Open starts a Book at the database's time.
func (s *Store) Open(ctx context.Context, actor string) (*biz.Book, error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return nil, err
	}
	book := biz.NewBook(now, actor, ids.New)
	return book, s.addSharing(ctx, book, anyGeneration)
}

// LockDocuments takes the locks of the documents, in their order, and their reservations in.
func (s *Store) LockDocuments(ctx context.Context, b *biz.Book, documents []biz.DocumentLock) error {
	if len(documents) == 0 {
		return nil
	}
	documents = slices.Clone(documents)
	slices.SortFunc(documents, func(x, y biz.DocumentLock) int { return cmp.Compare(x.Document, y.Document) })
	q := s.db.Conn(ctx)
	names := make([]string, len(documents))
	for i, d := range documents {
		names[i] = d.Document
		if d.Seller == "" {
			continue
		}
		_, err := q.ExecContext(ctx, "INSERT INTO holds (id, org, created_us) VALUES (?, ?, ?)"+s.orIgnore("id"), d.Document, d.Seller, b.NowUS())
		if err != nil {
			return fmt.Errorf("open document %s: %w", d.Document, err)
		}
	}
	known, err := s.lockDocumentRows(ctx, names)
	if err != nil {
		return err
	}
	b.AddDocuments(known...)
	reservations, err := s.reservations(ctx, s.db.ByIndex(reservationsOfDocument)+"WHERE document IN ("+marks(len(names))+") ORDER BY document, created_us, id", anys(names)...)
	if err != nil {
		return err
	}
	b.AddReservations(reservations...)
	return nil
}

// LockStock locks the rows in their one order and takes them in, with their lots; a key without an owner stands for the rows
// of all owners. Absent ones are opened when org names the organisation of their location.
func (s *Store) LockStock(ctx context.Context, b *biz.Book, keys []biz.StockKey, org map[string]string) error {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, biz.StockKey.Compare)
	keys = slices.Compact(keys)
	for chunk := range slices.Chunk(keys, lockChunk) {
		found, err := s.lockStock(ctx, chunk)
		if err != nil {
			return err
		}
		b.AddStock(found...)
		if err := s.openAbsent(ctx, b, chunk, org); err != nil {
			return err
		}
		rows := slices.DeleteFunc(chunk, func(k biz.StockKey) bool { return k.Owner == "" }) // that stood for those of all owners
		for _, f := range found {
			rows = append(rows, f.Key())
		}
		slices.SortFunc(rows, biz.StockKey.Compare)
		if err := s.readLots(ctx, b, slices.Compact(rows)); err != nil {
			return err
		}
	}
	return nil
}

// openAbsent makes the rows that are not there and locks them. Another may open the same row at the same time: whose comes
// first does not matter.
func (s *Store) openAbsent(ctx context.Context, b *biz.Book, keys []biz.StockKey, org map[string]string) error {
	var absent []biz.StockKey
	var args []any
	for _, k := range keys {
		if o := org[k.Location]; o != "" && b.Stock(k) == nil {
			absent = append(absent, k)
			args = append(args, o, k.SKU, k.Location, k.Owner, []byte{})
		}
	}
	if len(absent) == 0 {
		return nil
	}
	one := "(?, ?, ?, ?, ?)"
	_, err := s.db.Conn(ctx).ExecContext(ctx, "INSERT INTO stock (org, sku, location, owner, chain) VALUES "+one+strings.Repeat(", "+one, len(absent)-1)+s.orIgnore("version"), args...)
	if err != nil {
		return fmt.Errorf("open stock rows: %w", err)
	}
	found, err := s.lockStock(ctx, absent)
	if err != nil {
		return err
	}
	b.AddStock(found...)
	return nil
}

// Booked says which of these entries are in the ledger, and what was on hand after each.
func (s *Store) Booked(ctx context.Context, entries []biz.Entry) (map[biz.Entry]int64, error) {
	return ofEntries[int64](ctx, s, entries, "qty_after")
}

// Notes says which of these entries are in the ledger, and what was noted at each.
func (s *Store) Notes(ctx context.Context, entries []biz.Entry) (map[biz.Entry]string, error) {
	return ofEntries[string](ctx, s, entries, "note")
}

// ofEntries reads one column of entries of the ledger.
func ofEntries[T any](ctx context.Context, s *Store, entries []biz.Entry, column string) (map[biz.Entry]T, error) {
	all := map[biz.Entry]T{}
	for from, to := range s.db.Portions(len(entries)) {
		chunk := entries[from:to]
		args := make([]any, 0, 7*len(chunk))
		for _, e := range chunk {
			args = append(args, e.Key.SKU, e.Key.Location, e.Key.Owner, string(e.Reason), e.Document, e.Ref, e.Bucket)
		}
		one := "(sku = ? AND location = ? AND owner = ? AND reason = ? AND document = ? AND ref = ? AND bucket = ?)"
		rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT sku, location, owner, reason, document, ref, bucket, "+column+" FROM movements WHERE "+
			one+strings.Repeat(" OR "+one, len(chunk)-1), args...)
		if err != nil {
			return nil, fmt.Errorf("read ledger: %w", err)
		}
		if err := scanEntries(rows, all); err != nil {
			return nil, fmt.Errorf("read ledger: %w", err)
		}
	}
	return all, nil
}

func scanEntries[T any](rows *sql.Rows, all map[biz.Entry]T) error {
	defer rows.Close()
	for rows.Next() {
		var e biz.Entry
		var value T
		if err := rows.Scan(&e.Key.SKU, &e.Key.Location, &e.Key.Owner, &e.Reason, &e.Document, &e.Ref, &e.Bucket, &value); err != nil {
			return err
		}
		all[e] = value
	}
	return rows.Err()
}

// Youngest returns open reservations of a SKU at a location, the youngest first, without locks. What waits for a presale holds
// nothing there that could move.
func (s *Store) Youngest(ctx context.Context, at biz.Shelf, limit int) ([]biz.ReservationRow, error) {
	found, err := s.reservations(ctx, "WHERE sku = ? AND location = ? AND state IN (?, ?) AND NOT (presale <> '' AND replaces = '') ORDER BY created_us DESC, id DESC LIMIT ?",
		at.SKU, at.Location, int8(biz.Held), int8(biz.Confirmed), limit)
	if err != nil {
		return nil, err
	}
	rows := make([]biz.ReservationRow, len(found))
	for i, r := range found {
		rows[i] = r.Row()
	}
	return rows, nil
}

// DueDocuments returns documents with reservations past their deadline, the oldest deadline first.
func (s *Store) DueDocuments(ctx context.Context, nowUS int64, limit int) ([]string, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT document, MIN(due_us) AS due FROM reservations WHERE due_us > 0 AND due_us <= ? GROUP BY document ORDER BY due, document LIMIT ?", nowUS, limit)
	if err != nil {
		return nil, fmt.Errorf("find due documents: %w", err)
	}
	defer rows.Close()
	var documents []string
	for rows.Next() {
		var document string
		var due int64
		if err := rows.Scan(&document, &due); err != nil {
			return nil, fmt.Errorf("find due documents: %w", err)
		}
		documents = append(documents, document)
	}
	return documents, rows.Err()
}
