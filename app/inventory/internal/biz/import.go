package biz

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/onepool/onepool/app/internal/batch"
)

// ImportRow is the opening stock of one SKU at a location, or of a lot of it. An empty owner is the location's organisation.
type ImportRow struct {
	Line           int64
	Key            StockKey
	OnHand, Safety int64
	// Batch is the lot that was counted, with its dates; empty: what is in none.
	Batch                   string
	ProducedDay, ExpiresDay int64
}

// ImportStock takes counts from a file: on hand, of a lot or of what is in none, becomes what the file says. Where the books
// have lots, the file has to count them: a count of the whole, added to them, would be too much.
//
// A row is booked once per (document, stock row, lot): sent again, also after sales, it changes nothing. A row that is wrong
// is refused with its line and stops no other.
type ImportStock struct {
	Catalogue Catalogue
	Locations LocationFinder
	Writer    StockWriter
	Ledger    NoteReader
}

// NoteReader reads the notes of entries of the ledger, in the context's transaction.
type NoteReader interface {
	// Notes returns those of the entries that are in the ledger, with their notes.
	Notes(ctx context.Context, entries []Entry) (map[Entry]string, error)
}

// accepted is a row that may be booked.
type accepted struct {
	ImportRow
	entry Entry
	lot   LotTerms
}

// Gather asks which of the SKUs exist, before the transaction.
func (uc ImportStock) Gather(ctx context.Context, rows []ImportRow) (SKUs, error) {
	return existing(ctx, uc.Catalogue, keysOfRows(rows))
}

// ImportInput are rows of a file. Request is the command that brings them.
type ImportInput struct {
	Request, Document string
	Rows              []ImportRow
}

// Decide books the rows inside the transaction.
func (uc ImportStock) Decide(ctx context.Context, by Caller, in ImportInput, known SKUs) (batch.Result, error) {
	var result batch.Result
	locations, err := locationsOf(ctx, uc.Locations, keysOfRows(in.Rows))
	if err != nil {
		return result, err
	}
	var good []accepted
	var entries []Entry
	for _, row := range in.Rows {
		key, why := check(by, locations, known, row)
		if why != nil {
			result.Refused(row.Line, why)
			continue
		}
		lot, err := NewLotTerms(row.Batch, row.ProducedDay, row.ExpiresDay, locations[key.Location])
		if refused, is := errors.AsType[Invalid](err); is {
			result.Refused(row.Line, batch.Refuse(batch.ReasonValidator, refused.Field, "%s", refused.Rule))
			continue
		}
		row.Key = key
		entry := Entry{Key: key, Reason: ReasonImport, Document: in.Document, Ref: row.Batch}
		good, entries = append(good, accepted{row, entry, lot}), append(entries, entry)
	}
	book, err := uc.Writer.Open(ctx, by.Name)
	if err != nil {
		return result, err
	}
	if err := uc.Writer.LockStock(ctx, book, keysOf(entries), orgsOf(locations)); err != nil {
		return result, err
	}
	booked, err := uc.booked(ctx, book, entries)
	if err != nil {
		return result, err
	}
	counts := map[Entry]bool{} // what the file counts here or has counted
	for e := range booked {
		counts[e] = true
	}
	for _, e := range entries {
		counts[e] = true
	}
	for _, row := range good {
		if was, done := booked[row.entry]; done {
			if was != row.said() {
				result.Refused(row.Line, batch.Refuse(batch.ReasonDuplicate, "sku", "this file has counted %s before, as %s", row.Key, was))
			} else {
				result.Took(batch.Unchanged)
			}
			continue
		}
		if code := uncounted(book, row.entry, counts); code != "" {
			result.Refused(row.Line, batch.Refuse("LOT_UNCOUNTED", "batch", "the books have lot %s of %s: count each lot by its batch, and then what is in none", code, row.Key))
			continue
		}
		outcome, why, err := count(book, row, in.Request)
		switch {
		case err != nil:
			return result, err
		case why != nil:
			result.Refused(row.Line, why)
			continue
		}
		booked[row.entry] = row.said()
		result.Took(outcome)
	}
	return result, uc.Writer.Write(ctx, book.Changes())
}

// said is what a row counts, in words.
func (row accepted) said() string { return strconv.FormatInt(row.OnHand, 10) }

// booked says what a document has counted before: of the entries, and of all lots of their rows. What is in no lot, and was
// counted before lots were, is what was on hand after it.
func (uc ImportStock) booked(ctx context.Context, book *Book, entries []Entry) (map[Entry]string, error) {
	all := slices.Clone(entries)
	for _, e := range entries {
		for _, l := range book.lots[e.Key] {
			e.Ref = l.row.Code
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Or(a.Key.Compare(b.Key), cmp.Compare(a.Ref, b.Ref)) })
	all = slices.Compact(all)
	said, err := uc.Ledger.Notes(ctx, all)
	if err != nil {
		return nil, err
	}
	after, err := uc.Writer.Booked(ctx, all)
	for e, onHand := range after {
		if said[e] == "" {
			said[e] = strconv.FormatInt(onHand, 10)
		}
	}
	return said, err
}

// uncounted is a lot of the row that the file does not count, where it counts what is in none; empty: there is none.
func uncounted(book *Book, e Entry, counts map[Entry]bool) string {
	if e.Ref != "" {
		return ""
	}
	for _, l := range book.lots[e.Key] {
		if e.Ref = l.row.Code; l.row.OnHand > 0 && !counts[e] {
			return l.row.Code
		}
	}
	return ""
}

func keysOfRows(rows []ImportRow) []StockKey {
	keys := make([]StockKey, len(rows))
	for i, row := range rows {
		keys[i] = row.Key
	}
	return keys
}

// check looks at a row by itself.
func check(by Caller, locations map[string]Location, known SKUs, row ImportRow) (StockKey, *batch.Refusal) {
	for _, c := range []struct{ field, value string }{{"location_code", row.Key.Location}, {"sku", row.Key.SKU}} {
		if _, why := batch.Code(c.field, c.value, 64); why != nil {
			return row.Key, why
		}
	}
	if row.Key.Owner != "" {
		if _, why := batch.Code("owner", row.Key.Owner, 40); why != nil {
			return row.Key, why
		}
	}
	if row.OnHand < 0 || row.OnHand > MaxQuantity {
		return row.Key, batch.Refuse(batch.ReasonValidator, "on_hand", "must be between 0 and %d", MaxQuantity)
	}
	if row.Safety < 0 || row.Safety > MaxQuantity {
		return row.Key, batch.Refuse(batch.ReasonValidator, "safety_stock", "must be between 0 and %d", MaxQuantity)
	}
	key, err := booking(by, locations, row.Key)
	var unknown UnknownLocation
	switch {
	case errors.As(err, &unknown):
		return key, batch.Refuse("LOCATION_UNKNOWN", "location_code", "there is no location %s", key.Location)
	case err != nil:
		return key, batch.Refuse("FORBIDDEN", "location_code", "%s", err.Error())
	case !known[key.SKU]:
		_, reason, _, _ := known.refusal(key.SKU).(interface {
			Fault() (int, string, string, map[string]string)
		}).Fault()
		return key, batch.Refuse(reason, "sku", "there is no SKU %s that has stock", key.SKU)
	}
	return key, nil
}

// count sets a row, or a lot of it, to what was counted. A count that changes nothing is booked all the same: it must not be
// booked later.
func count(book *Book, row accepted, request string) (batch.Outcome, *batch.Refusal, error) {
	before := book.Stock(row.Key).Row()
	isNew := before.Seq == 0 && before.Version == 0 || row.Batch != "" && book.Lot(row.Key, row.Batch) == nil
	had, _ := book.BookFigure(row.Key, row.Batch)
	undo := book.Mark()
	err := book.KnowLot(row.Key, row.lot)
	if err == nil {
		err = book.SetLot(row.Key, row.OnHand, Movement{Reason: ReasonImport, Document: row.entry.Document, Ref: row.Batch, Batch: row.Batch, Request: request, Note: row.said()})
	}
	if why := row.refused(err); why != nil {
		undo()
		return 0, why, nil
	}
	if err == nil && (row.Batch == "" || row.Safety > 0) {
		err = book.SetSafety(row.Key, row.Safety)
	}
	switch {
	case err != nil:
		return 0, nil, err
	case isNew:
		return batch.Created, nil, nil
	case had == row.OnHand && before.SafetyStock == book.Stock(row.Key).Row().SafetyStock:
		return batch.Unchanged, nil, nil
	}
	return batch.Updated, nil, nil
}

// refused says what is wrong with a row, if that is what the error is about.
func (row accepted) refused(err error) *batch.Refusal {
	if below, is := errors.AsType[BelowReserved](err); is {
		return batch.Refuse(batch.ReasonStateConflict, "on_hand", "%d are reserved", below.Reserved)
	}
	if short, is := errors.AsType[LotShort](err); is {
		return batch.Refuse(batch.ReasonStateConflict, "on_hand", "customers hold pieces of lot %s: only %d are free", short.Code, short.Left)
	}
	if differs, is := errors.AsType[LotDiffers](err); is {
		return batch.Refuse("LOT_DIFFERS", "batch", "lot %s has other dates here: check the box", differs.Code)
	}
	return nil
}
