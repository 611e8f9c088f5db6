package biz

import (
	"crypto/sha256"
	"encoding/binary"
)

// Reason says why a quantity changed.
type Reason string

// The reasons of movements.
const (
	ReasonReceive Reason = "RECEIVE"
	ReasonImport  Reason = "IMPORT"
	ReasonAdjust  Reason = "ADJUST"
	ReasonShip    Reason = "SHIP"
	ReasonSale    Reason = "SALE"
	ReasonReturn  Reason = "RETURN"

	ReasonDamage   Reason = "DAMAGE"    // on hand to damaged
	ReasonRestore  Reason = "RESTORE"   // damaged to on hand
	ReasonWriteOff Reason = "WRITE_OFF" // damaged, or expired, and gone

	ReasonTransferOut  Reason = "TRANSFER_OUT"  // on hand here to in transit there
	ReasonTransferIn   Reason = "TRANSFER_IN"   // in transit to on hand, or to damaged
	ReasonTransferLoss Reason = "TRANSFER_LOSS" // in transit, and never arrived
	ReasonTransferBack Reason = "TRANSFER_BACK" // in transit there to on hand where it came from

	ReasonStocktake Reason = "STOCKTAKE" // what was counted less what the books had
	// ReasonShortPick: a store did not find what the books had.
	ReasonShortPick Reason = "SHORT_PICK"
)

// Movement is an entry of the ledger: who changed on hand (or another bucket), why, for which document, before and after.
// Never updated.
type Movement struct {
	ID  string
	Key StockKey
	Org string
	Step
	Reason   Reason
	Document string
	// Ref tells entries of one document apart.
	Ref   string
	Actor string
	Note  string
	AtUS  int64
	// Bucket is what changed: empty for on hand, else BucketInTransit or BucketDamaged. Batch is the lot, Request the id of
	// the command.
	Bucket, Batch, Request string
	// Hash covers the entry and the hash of the entry before it in the same stock row: a changed or missing entry shows.
	Hash []byte
}

// The buckets beside on hand.
const (
	BucketInTransit = "IN_TRANSIT"
	BucketDamaged   = "DAMAGED"
)

// Entry is what makes a movement happen once: the ledger has at most one of each.
type Entry struct {
	Key           StockKey
	Reason        Reason
	Document, Ref string
	Bucket        string
}

// Entry names the movement.
func (m Movement) Entry() Entry { return Entry{m.Key, m.Reason, m.Document, m.Ref, m.Bucket} }

// Chained is the hash that the movement must have after prev, the hash of the movement before it (empty for the first).
func (m Movement) Chained(prev []byte) []byte {
	h := sha256.New()
	var b [8]byte
	number := func(v int64) {
		binary.BigEndian.PutUint64(b[:], uint64(v))
		h.Write(b[:])
	}
	word := func(s string) {
		number(int64(len(s))) // lengths keep "ab"+"c" and "a"+"bc" apart
		h.Write([]byte(s))
	}
	word(string(prev))
	for _, s := range []string{m.ID, m.Key.SKU, m.Key.Location, m.Key.Owner, m.Org, string(m.Reason), m.Document, m.Ref, m.Actor, m.Note} {
		word(s)
	}
	if m.Bucket != "" || m.Batch != "" || m.Request != "" { // entries of before there were any keep their hash
		for _, s := range []string{m.Bucket, m.Batch, m.Request} {
			word(s)
		}
	}
	for _, v := range []int64{m.Seq, m.Quantity, m.Before, m.After, m.AtUS} {
		number(v)
	}
	return h.Sum(nil)
}
