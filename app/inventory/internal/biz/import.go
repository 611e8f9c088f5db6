package biz

import (
	"context"
	"errors"

	"github.com/onepool/onepool/app/internal/batch"
)

// ImportRow is the opening stock of one SKU at a location. An empty owner is the location's organisation.
type ImportRow struct {
	Line           int64
	Key            StockKey
	OnHand, Safety int64
}

// ImportStock takes counts from a file: on hand becomes what the file says.
//
// A row is booked once per (document, stock row): sent again, also after sales, it changes nothing. A row that is wrong is
// refused with its line and stops no other.
type ImportStock struct {
	Catalogue Catalogue
	Locations LocationFinder
	Writer    StockWriter
}

// accepted is a row that may be booked.
type accepted struct {
	ImportRow
	entry Entry
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
		row.Key = key
		entry := Entry{Key: key, Reason: ReasonImport, Document: in.Document}
		good, entries = append(good, accepted{row, entry}), append(entries, entry)
	}
	book, err := uc.Writer.Open(ctx, by.Name)
	if err != nil {
		return result, err
	}
	if err := uc.Writer.LockStock(ctx, book, keysOf(entries), orgsOf(locations)); err != nil {
		return result, err
	}
	booked, err := uc.Writer.Booked(ctx, entries)
	if err != nil {
		return result, err
	}
	for _, row := range good {
		if was, done := booked[row.entry]; done {
			if was != row.OnHand {
				result.Refused(row.Line, batch.Refuse(batch.ReasonDuplicate, "sku", "this file has counted %s before, as %d", row.Key, was))
			} else {
				result.Took(batch.Unchanged)
			}
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
		booked[row.entry] = row.OnHand
		result.Took(outcome)
	}
	return result, uc.Writer.Write(ctx, book.Changes())
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

// count sets a row to what was counted. A count that changes nothing is booked all the same: it must not be booked later.
func count(book *Book, row accepted, request string) (batch.Outcome, *batch.Refusal, error) {
	before := book.Stock(row.Key).Row()
	m := Movement{Reason: ReasonImport, Document: row.entry.Document, Request: request}
	err := book.Adjust(row.Key, row.OnHand-before.OnHand, m)
	var below BelowReserved
	if errors.As(err, &below) {
		return 0, batch.Refuse(batch.ReasonStateConflict, "on_hand", "%d are reserved", below.Reserved), nil
	}
	if err == nil {
		err = book.SetSafety(row.Key, row.Safety)
	}
	switch {
	case err != nil:
		return 0, nil, err
	case before.Seq == 0 && before.Version == 0:
		return batch.Created, nil, nil
	case before.OnHand == row.OnHand && before.SafetyStock == row.Safety:
		return batch.Unchanged, nil, nil
	}
	return batch.Updated, nil, nil
}
