package biz

import (
	"context"
	"strconv"
)

// Presale is a promise of stock of one owner that will arrive at a location.
//
// Always true:
//   - 0 <= used <= quota; used is what reservations hold of it, have shipped of it, or got when it arrived. What is released
//     or expires before it arrives comes back to the quota.
//   - A reservation that waits is no part of the stock row's reserved. When stock comes in, a reservation of what is there
//     takes its place (Terms.Replaces), in the same state.
type Presale struct{ row PresaleRow }

// PresaleRow is a presale as it is stored.
type PresaleRow struct {
	ID                   string
	Key                  StockKey
	Org                  string // of the location
	Quota, Used          int64
	ArrivesUS            int64
	Open                 bool
	Version              int64
	CreatedBy            string
	CreatedUS, UpdatedUS int64
}

// NewPresale promises stock.
func NewPresale(r PresaleRow, nowUS int64) (*Presale, error) {
	r.Used, r.Open, r.Version, r.CreatedUS, r.UpdatedUS = 0, true, 0, nowUS, nowUS
	if r.ID == "" || r.Key.SKU == "" || r.Key.Location == "" || r.Key.Owner == "" || r.Org == "" {
		return nil, broken("presale %q of %s is incomplete", r.ID, r.Key)
	}
	if err := promisable(r.Quota, r.ArrivesUS, nowUS); err != nil {
		return nil, err
	}
	return &Presale{r}, nil
}

func promisable(quota, arrivesUS, nowUS int64) error {
	if quota < 1 || quota > MaxQuantity {
		return Invalid{"quota", "must be between 1 and 1000000"}
	}
	if arrivesUS <= nowUS {
		return Invalid{"arrives_us", "must be in the future"}
	}
	return nil
}

// RestorePresale takes over a stored row.
func RestorePresale(r PresaleRow) (*Presale, error) {
	if r.ID == "" || r.Used < 0 || r.Used > r.Quota {
		return nil, broken("presale %s: %d used of %d", r.ID, r.Used, r.Quota)
	}
	return &Presale{r}, nil
}

// Row is the stored form.
func (p *Presale) Row() PresaleRow { return p.row }

// Left is what can still be sold of it.
func (p *Presale) Left() int64 {
	if !p.row.Open {
		return 0
	}
	return p.row.Quota - p.row.Used
}

// Sell takes pieces from the quota. It refuses with Short and changes nothing then.
func (p *Presale) Sell(qty int64) error {
	if err := pieces(qty); err != nil {
		return err
	}
	if left := p.Left(); qty > left {
		return Short{SKU: p.row.Key.SKU, Wanted: qty, Left: left}
	}
	p.row.Used += qty
	return nil
}

// TakeBack gives pieces back to the quota, also when the presale is closed.
func (p *Presale) TakeBack(qty int64) error {
	if qty < 1 || qty > p.row.Used {
		return broken("%d of %d used come back to presale %s", qty, p.row.Used, p.row.ID)
	}
	p.row.Used -= qty
	return nil
}

// Change sets quota and date. A date that stays as it is may be past.
func (p *Presale) Change(quota, arrivesUS, nowUS int64) error {
	if !p.row.Open {
		return PresaleClosed{p.row.ID}
	}
	if arrivesUS == p.row.ArrivesUS {
		nowUS = arrivesUS - 1
	}
	if err := promisable(quota, arrivesUS, nowUS); err != nil {
		return err
	}
	if quota < p.row.Used {
		return BelowUsed{p.row.ID, p.row.Used}
	}
	p.row.Quota, p.row.ArrivesUS = quota, arrivesUS
	return nil
}

// Close ends the sale. Closed twice is closed.
func (p *Presale) Close() { p.row.Open = false }

// PresaleFinder reads presales without locking: hints.
type PresaleFinder interface {
	// OpenPresales returns those of the SKUs that have something left, the earliest arrival first, at most limit.
	OpenPresales(ctx context.Context, skus []string, limit int) ([]PresaleRow, error)
}

// UnknownPresale says that there is no such presale for this caller.
type UnknownPresale struct{ ID string }

// Error names it.
func (u UnknownPresale) Error() string { return "presale " + u.ID + " is not known" }

// Fault is the public face.
func (u UnknownPresale) Fault() (int, string, string, map[string]string) {
	return 404, "PRESALE_UNKNOWN", "there is no such presale: check its id", nil
}

// PresaleClosed refuses to change what is closed.
type PresaleClosed struct{ ID string }

// Error names it.
func (p PresaleClosed) Error() string { return "presale " + p.ID + " is closed" }

// Fault is the public face.
func (p PresaleClosed) Fault() (int, string, string, map[string]string) {
	return 409, "PRESALE_CLOSED", "the presale is closed: open another one", nil
}

// BelowUsed refuses a quota below what is sold.
type BelowUsed struct {
	ID   string
	Used int64
}

// Error says what is sold.
func (b BelowUsed) Error() string {
	return "presale " + b.ID + ": " + strconv.FormatInt(b.Used, 10) + " are sold"
}

// Fault is the public face.
func (b BelowUsed) Fault() (int, string, string, map[string]string) {
	return 409, "PRESALE_BELOW_USED", "the quota cannot fall below what is sold", map[string]string{"used": strconv.FormatInt(b.Used, 10)}
}
