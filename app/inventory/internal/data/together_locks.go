package data

import (
	"context"
	"fmt"
	"slices"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// lockNeededDocuments locks the documents that are stored, in their order, and takes their reservations in. New ones are
// stored by the first reservation: whoever stores the same one meanwhile makes the transaction be done again.
func (s *Store) lockNeededDocuments(ctx context.Context, b *biz.Book, needs []biz.Need) error {
	var names []string
	for _, n := range needs {
		for _, d := range n.Documents {
			names = append(names, d.Document)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	for chunk := range slices.Chunk(names, lockChunk) {
		known, err := s.lockDocumentRows(ctx, chunk)
		if err != nil {
			return err
		}
		b.AddAbsent(slices.DeleteFunc(slices.Clone(chunk), func(d string) bool {
			return slices.ContainsFunc(known, func(k *biz.Document) bool { return k.Row().ID == d })
		})...)
		if len(known) == 0 {
			continue
		}
		b.AddDocuments(known...)
		stored := make([]string, len(known))
		for i, d := range known {
			stored[i] = d.Row().ID
		}
		args := s.db.Pad(anys(stored))
		reservations, err := s.reservations(database.Repeated(ctx), s.db.ByIndex(reservationsOfDocument)+"WHERE document IN ("+marks(len(args))+") ORDER BY document, created_us, id", args...)
		if err != nil {
			return err
		}
		b.AddReservations(reservations...)
	}
	return nil
}

// lockNeededStock locks the rows of all plans and of all reservations that will change, in their one order.
func (s *Store) lockNeededStock(ctx context.Context, b *biz.Book, needs []biz.Need) error {
	// A key without an owner stands for the rows of all owners.
	var keys []biz.StockKey
	for _, n := range needs {
		keys = append(keys, n.Keys...)
		for _, at := range n.Shelves {
			keys = append(keys, biz.StockKey{SKU: at.SKU, Location: at.Location})
		}
		for _, r := range touched(b, n) {
			keys = append(keys, r.Terms().Key)
		}
	}
	slices.SortFunc(keys, biz.StockKey.Compare)
	keys = slices.Compact(keys)
	var shelf biz.Shelf
	keys = slices.DeleteFunc(keys, func(k biz.StockKey) bool { // an empty owner sorts first
		if k.Owner == "" {
			shelf = k.Shelf()
			return false
		}
		return k.Shelf() == shelf
	})
	for chunk := range slices.Chunk(keys, lockChunk) {
		found, err := s.lockStock(ctx, chunk)
		if err != nil {
			return err
		}
		b.AddStock(found...)
	}
	return s.openNeeded(ctx, b, needs)
}

// openNeeded makes the rows that members book on although the location has never had any.
func (s *Store) openNeeded(ctx context.Context, b *biz.Book, needs []biz.Need) error {
	var keys []biz.StockKey
	org := map[string]string{}
	for _, n := range needs {
		for k, o := range n.Open {
			if b.Stock(k) == nil {
				keys, org[k.Location] = append(keys, k), o
			}
		}
	}
	slices.SortFunc(keys, biz.StockKey.Compare)
	for chunk := range slices.Chunk(slices.Compact(keys), lockChunk) {
		if err := s.openAbsent(ctx, b, chunk, org); err != nil {
			return err
		}
	}
	return nil
}

// touched are the reservations of a member's documents that will change.
func touched(b *biz.Book, n biz.Need) (list []*biz.Reservation) {
	if n.Touches == nil {
		return nil
	}
	for _, d := range n.Documents {
		for _, r := range b.Of(d.Document) {
			if n.Touches(r, b.NowUS()) {
				list = append(list, r)
			}
		}
	}
	return list
}

// readNeededLocations takes the locations in as they are now, and the policies in force: from memory while that is as new as
// the rows.
func (s *Store) readNeededLocations(ctx context.Context, b *biz.Book, needs []biz.Need) error {
	var codes []string
	for _, n := range needs {
		codes = append(codes, n.Locations...)
	}
	if len(codes) == 0 {
		return s.addSharing(ctx, b, anyGeneration)
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	generations, err := s.generations(ctx, locationsKept, sharingKept)
	if err != nil {
		return fmt.Errorf("generations of locations and policies: %w", err)
	}
	if err := s.addSharing(ctx, b, generations[sharingKept]); err != nil {
		return err
	}
	if l := s.directory.current.Load(); l != nil && l.generation == generations[locationsKept] {
		for _, code := range codes {
			if known, ok := l.value.Get(code); ok {
				b.AddLocations(known)
			}
		}
		return nil
	}
	fresh, err := s.Fresh(ctx, codes)
	if err != nil {
		return err
	}
	b.AddLocations(fresh...)
	return nil
}

// readNeededEntries looks the entries up that members must not book twice.
func (s *Store) readNeededEntries(ctx context.Context, b *biz.Book, needs []biz.Need) error {
	var entries []biz.Entry
	for _, n := range needs {
		if n.Entries != nil {
			entries = append(entries, n.Entries(b)...)
		}
	}
	booked, err := s.Booked(ctx, entries)
	if err != nil {
		return err
	}
	b.AddBooked(booked)
	return nil
}

// lockStock locks rows in their order; a key without an owner stands for those of all owners, and has the other keys of
// the statement do so too: what comes with them is locked for nothing, which is seldom and harmless.
func (s *Store) lockStock(ctx context.Context, keys []biz.StockKey) ([]*biz.Stock, error) {
	columns, width := "(sku, location, owner)", 3
	if slices.ContainsFunc(keys, func(k biz.StockKey) bool { return k.Owner == "" }) {
		columns, width = "(sku, location)", 2
	}
	args := make([]any, 0, width*len(keys))
	for _, k := range keys {
		args = append(args, []any{k.SKU, k.Location, k.Owner}[:width]...)
	}
	args = s.db.PadTuples(args, width)
	tuples := database.Tuples(len(args)/width, width)
	if s.db.Engine() == database.SQLite {
		tuples = "VALUES " + tuples
	}
	return s.scanStock(database.Repeated(ctx), "SELECT "+stockColumns+" FROM stock"+s.db.ByIndex("stock_sku_location_owner")+" WHERE "+columns+" IN ("+tuples+") ORDER BY sku, location, owner"+s.db.ForUpdate(), args...)
}
