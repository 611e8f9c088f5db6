package biz

import (
	"cmp"
	"time"
)

// MaxLotCode is how long the code of a lot may be.
const MaxLotCode = 40

// standardZone is the zone of locations that have not told theirs.
var standardZone = time.FixedZone("UTC+8", 8*60*60)

// LotTerms are what is written on the box. Days are days since 1970-01-01; 0: not known.
type LotTerms struct {
	Code                    string
	ProducedDay, ExpiresDay int64
	// ExpiresUS is the first moment at which it is expired: the end of the day of expiry where it lies. 0: never.
	ExpiresUS int64
}

// maxDay bounds dates: beyond the year 2900 it is a mistake.
const maxDay = 340_000

// NewLotTerms completes what is written on the box for a location.
func NewLotTerms(code string, produced, expires int64, at Location) (LotTerms, error) {
	switch {
	case code == "" && (produced != 0 || expires != 0):
		return LotTerms{}, Invalid{"batch", "must be named where there are dates"}
	case len(code) > MaxLotCode:
		return LotTerms{}, Invalid{"batch", "must have at most 40 characters"}
	case min(produced, expires) < 0 || max(produced, expires) > maxDay:
		return LotTerms{}, Invalid{"expires_day", "must be a day since 1970-01-01"}
	case expires != 0 && produced > expires:
		return LotTerms{}, Invalid{"expires_day", "must not be before the day of production"}
	}
	t := LotTerms{Code: code, ProducedDay: produced, ExpiresDay: expires}
	if expires != 0 {
		zone := standardZone
		if at.Profile != nil && at.Profile.zone != nil {
			zone = at.Profile.zone
		}
		t.ExpiresUS = time.Date(1970, 1, 1+int(expires)+1, 0, 0, 0, 0, zone).UnixMicro()
	}
	return t, nil
}

// LotRow is a lot of a stock row as it is stored: pieces with one production and expiry date.
type LotRow struct {
	ID  int64
	Key StockKey
	Org string
	LotTerms
	OnHand, Reserved int64
	// Blocked: it is expired. There is no way back, only out.
	Blocked bool
	Version int64
}

// Lot is a part of what is on hand of a stock row. It is locked with its row. 0 <= reserved <= on hand.
type Lot struct{ row LotRow }

// Row is the stored form.
func (l *Lot) Row() LotRow { return l.row }

// free is what nobody holds.
func (l *Lot) free() int64 { return l.row.OnHand - l.row.Reserved }

// blocked is what must not be sold.
func (l *Lot) blocked() int64 {
	if l.row.Blocked {
		return l.free()
	}
	return 0
}

// compare is the order in which lots leave: the first to expire first, those that never expire last.
func (l *Lot) compare(o *Lot) int {
	never := func(l *Lot) bool { return l.row.ExpiresUS == 0 }
	if never(l) != never(o) {
		if never(l) {
			return 1
		}
		return -1
	}
	return cmp.Or(cmp.Compare(l.row.ExpiresUS, o.row.ExpiresUS), cmp.Compare(l.row.Code, o.row.Code))
}

// LotPart is pieces of one lot, or, without a code, of none.
type LotPart struct {
	Code     string `json:"c,omitempty"`
	Quantity int64  `json:"q"`
}
