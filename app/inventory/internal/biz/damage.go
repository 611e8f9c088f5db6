package biz

import "context"

// DamageInput says what happened to pieces of one stock row.
type DamageInput struct {
	Request, Document, Reason string
	Key                       StockKey
	Quantity                  int64
	Batch                     string // of this lot; empty: what expires first, or of none when pieces come back
}

// Damage says what becomes of damaged pieces: they are put aside (MarkDamaged), put back (RestoreDamaged) or given up
// (WriteOffDamaged, which a manager decides). Each command is one pair of entries in the ledger, or one.
type Damage struct {
	Locations LocationFinder
	Writer    StockWriter
}

// Mark puts pieces aside inside the transaction and returns the row as it is then.
func (uc Damage) Mark(ctx context.Context, by Caller, in DamageInput) (*Stock, error) {
	return uc.decide(ctx, by, in, ReasonDamage, (*Book).Damage)
}

// Restore puts damaged pieces back inside the transaction.
func (uc Damage) Restore(ctx context.Context, by Caller, in DamageInput) (*Stock, error) {
	return uc.decide(ctx, by, in, ReasonRestore, (*Book).Restore)
}

// WriteOff gives damaged pieces up inside the transaction.
func (uc Damage) WriteOff(ctx context.Context, by Caller, in DamageInput) (*Stock, error) {
	return uc.decide(ctx, by, in, ReasonWriteOff, (*Book).WriteOff)
}

// WriteOffLot gives pieces of a lot up inside the transaction: an expired one leaves the books no other way.
func (uc Damage) WriteOffLot(ctx context.Context, by Caller, in DamageInput) (*Stock, error) {
	if in.Batch == "" {
		return nil, Invalid{"batch", "must name the lot"}
	}
	return uc.decide(ctx, by, in, ReasonWriteOff, (*Book).WriteOffLot)
}

func (uc Damage) decide(ctx context.Context, by Caller, in DamageInput, reason Reason, change func(*Book, StockKey, int64, Movement) error) (*Stock, error) {
	key, at, err := bookable(ctx, uc.Locations, by, in.Key)
	if err != nil {
		return nil, err
	}
	if reason == ReasonWriteOff {
		if err := by.MayDecide(at); err != nil {
			return nil, err
		}
	}
	book, err := uc.Writer.Open(ctx, by.Name)
	if err != nil {
		return nil, err
	}
	if err := uc.Writer.LockStock(ctx, book, []StockKey{key}, nil); err != nil {
		return nil, err
	}
	if book.Stock(key) == nil {
		return nil, UnknownStock{key}
	}
	m := Movement{Reason: reason, Document: in.Document, Ref: in.Request, Note: in.Reason, Request: in.Request, Batch: in.Batch}
	if err := change(book, key, in.Quantity, m); err != nil {
		return nil, err
	}
	return book.Stock(key), uc.Writer.Write(ctx, book.Changes())
}
