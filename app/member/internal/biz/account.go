// Package biz decides about members: who they are, whose customers they are, and their points in all channels.
//
// Always true, in every method that returns without error:
//   - Account.Balance is the sum of its entries' points and of what remains in its lots; 0 <= Frozen <= Balance.
//   - Pending and Debt are accounts of their own, the sums of their entries, never negative.
//   - Frozen points do not expire and are not taken back: they are promised to an unpaid document.
//   - What a branch message asks for is done as far as it can be; what is missing becomes debt, never an error.
//   - A line gives back Proportion(accrued, refunded, base) points in all, whatever the order of the messages.
//
// All times are microseconds since 1970 UTC and come in as arguments.
package biz

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/internal/ids"
)

// Reason says why an entry was booked.
type Reason string

// Reasons of entries.
const (
	ReasonImport    Reason = "IMPORT"
	ReasonAccrue    Reason = "ACCRUE"
	ReasonEarn      Reason = "EARN"
	ReasonRepayDebt Reason = "REPAY_DEBT"
	ReasonSpend     Reason = "SPEND"
	ReasonClawBack  Reason = "CLAWBACK"
	ReasonGiveBack  Reason = "GIVE_BACK"
	ReasonExpire    Reason = "EXPIRE"
)

// ErrBooks is a defect of ours: a booking that would break the account.
var ErrBooks = errors.New("points account would not add up")

// MaxPoints bounds a single booking, so that sums of entries fit.
const MaxPoints = 1_000_000_000_000

// Entry is one line of the points ledger. It changes up to three accounts: the balance, what is pending, the debt.
type Entry struct {
	// Seq counts a member's entries from 1 without gaps.
	Seq              int64
	Reason           Reason
	Document, LineID string
	// Effect names the business effect; a member has one entry of each.
	Effect string
	LotID  string
	// Points, Pending and Debt are changes, with their sign.
	Points, Pending, Debt int64
	BalanceAfter          int64
	AtUS                  int64
}

// Lot is what remains of points that came together and expire together.
type Lot struct {
	ID, Document, LineID string
	Points, Left         int64
	ExpiresUS, AtUS      int64
	changed, fresh       bool
}

// Changed says whether the lot must be written; Fresh whether it is new.
func (l *Lot) Changed() bool { return l.changed }

// Fresh says whether the lot is new.
func (l *Lot) Fresh() bool { return l.fresh }

// LotUse is what a document spent of a lot and has not been given back yet.
type LotUse struct {
	LotID  string
	Points int64
}

// AccountState is an account as it is stored.
type AccountState struct {
	Member                         string
	Balance, Frozen, Pending, Debt int64
	// Seq is the sequence number of the last entry.
	Seq  int64
	Lots []Lot
}

// Account is a member's points while they change. It is not safe for concurrent use: its row is locked.
type Account struct {
	member                         string
	balance, frozen, pending, debt int64
	seq                            int64
	lots                           []*Lot
	entries                        []Entry
}

// Restore returns the account that was stored.
func Restore(s AccountState) (*Account, error) {
	if s.Balance < 0 || s.Frozen < 0 || s.Frozen > s.Balance || s.Pending < 0 || s.Debt < 0 {
		return nil, fmt.Errorf("%w: stored balance %d, frozen %d, pending %d, debt %d of %s", ErrBooks, s.Balance, s.Frozen, s.Pending, s.Debt, s.Member)
	}
	a := &Account{member: s.Member, balance: s.Balance, frozen: s.Frozen, pending: s.Pending, debt: s.Debt, seq: s.Seq}
	for _, lot := range s.Lots {
		a.lots = append(a.lots, &lot)
	}
	a.sortLots()
	return a, nil
}

// Member, Balance, Frozen, Pending, Debt and Seq tell the account's state; Entries and Lots what changed it.
func (a *Account) Member() string   { return a.member }
func (a *Account) Balance() int64   { return a.balance }
func (a *Account) Frozen() int64    { return a.frozen }
func (a *Account) Spendable() int64 { return a.balance - a.frozen }
func (a *Account) Pending() int64   { return a.pending }
func (a *Account) Debt() int64      { return a.debt }
func (a *Account) Seq() int64       { return a.seq }

// Entries are the bookings since Restore, in their order.
func (a *Account) Entries() []Entry { return a.entries }

// Lots are the account's lots, soonest to expire first, then oldest.
func (a *Account) Lots() []*Lot { return a.lots }

// Freeze holds points for an unpaid document. It refuses with Insufficient, which says how many are left.
func (a *Account) Freeze(points int64) error {
	if err := amount(points); err != nil {
		return err
	}
	if left := a.Spendable(); points > left {
		return Insufficient{Wanted: points, Left: left}
	}
	a.frozen += points
	return nil
}

// Unfreeze gives back what was held.
func (a *Account) Unfreeze(points int64) error {
	if points < 0 || points > a.frozen {
		return fmt.Errorf("%w: %d of %d frozen", ErrBooks, points, a.frozen)
	}
	a.frozen -= points
	return nil
}

// Spend takes frozen points out of the lots, soonest to expire first, then oldest.
func (a *Account) Spend(document string, points, atUS int64) error {
	if err := a.Unfreeze(points); err != nil {
		return err
	}
	return a.take(ReasonSpend, "spend:"+document, document, "", "", points, atUS)
}

// SpendLate spends points that were frozen once and released too early: from what is free, the rest is debt.
func (a *Account) SpendLate(document string, points, atUS int64) error {
	return a.takeOrOwe(ReasonSpend, "spend:"+document, document, "", points, atUS)
}

// Import books opening points.
func (a *Account) Import(document string, points, expiresUS, atUS int64) error {
	if err := amount(points); err != nil {
		return err
	}
	lot := a.addLot("import:"+document, document, "", points, expiresUS, atUS)
	a.book(Entry{Reason: ReasonImport, Effect: "import:" + document, Document: document, LotID: lot.ID, Points: points, AtUS: atUS})
	return nil
}

// Accrue notes points that will be earned when the return window of the line ends.
func (a *Account) Accrue(document, line string, points, atUS int64) error {
	if points < 0 || points > MaxPoints {
		return fmt.Errorf("%w: accrual of %d points", ErrBooks, points)
	}
	if points == 0 {
		return nil
	}
	a.book(Entry{Reason: ReasonAccrue, Effect: "accrue:" + document + ":" + line, Document: document, LineID: line, Pending: points, AtUS: atUS})
	return nil
}

// Earn turns pending points into a lot, less what repays debt.
func (a *Account) Earn(document, line string, points, expiresUS, atUS int64) error {
	if points < 0 || points > a.pending {
		return fmt.Errorf("%w: earn %d of %d pending", ErrBooks, points, a.pending)
	}
	if points == 0 {
		return nil
	}
	effect := "earn:" + document + ":" + line
	repaid := min(points, a.debt)
	earned := Entry{Reason: ReasonEarn, Effect: effect, Document: document, LineID: line, Points: points, Pending: -points, AtUS: atUS}
	if kept := points - repaid; kept > 0 {
		earned.LotID = a.addLot(effect, document, line, kept, expiresUS, atUS).ID
	}
	a.book(earned)
	if repaid > 0 {
		a.book(Entry{Reason: ReasonRepayDebt, Effect: "repay:" + document + ":" + line, Document: document, LineID: line, Points: -repaid, Debt: -repaid, AtUS: atUS})
	}
	return nil
}

// TakePending takes back points that were not earned yet.
func (a *Account) TakePending(refund, document, line string, points, atUS int64) error {
	if points < 0 || points > a.pending {
		return fmt.Errorf("%w: take %d of %d pending", ErrBooks, points, a.pending)
	}
	if points > 0 {
		a.book(Entry{Reason: ReasonClawBack, Effect: "clawback:" + refund + ":" + line, Document: document, LineID: line, Pending: -points, AtUS: atUS})
	}
	return nil
}

// TakeBack takes back points that were earned: from what is free, the line's own lot first; what is missing is debt.
func (a *Account) TakeBack(refund, document, line string, points, atUS int64) error {
	return a.takeOrOwe(ReasonClawBack, "clawback:"+refund+":"+line, document, line, points, atUS)
}

// GiveBack returns spent points to the lots they came from, the last to expire first. Points of a lot that has expired,
// or will before the grace is over, come back in a lot of their own that lives for the grace.
func (a *Account) GiveBack(refund, document, line string, uses []LotUse, points, graceUntilUS, atUS int64) error {
	if points < 0 {
		return fmt.Errorf("%w: give back %d points", ErrBooks, points)
	}
	byID := make(map[string]*Lot, len(a.lots))
	for _, lot := range a.lots {
		byID[lot.ID] = lot
	}
	uses = slices.Clone(uses)
	for _, use := range uses {
		if byID[use.LotID] == nil {
			return fmt.Errorf("%w: lot %s of %s is missing", ErrBooks, use.LotID, document)
		}
	}
	slices.SortStableFunc(uses, func(x, y LotUse) int { return compareLots(byID[y.LotID], byID[x.LotID]) })
	for _, use := range uses {
		back := min(points, use.Points)
		if back <= 0 {
			continue
		}
		points -= back
		lot, effect := byID[use.LotID], "giveback:"+refund+":"+line+":"+use.LotID
		entry := Entry{Reason: ReasonGiveBack, Effect: effect, Document: document, LineID: line, LotID: lot.ID, Points: back, AtUS: atUS}
		if lot.ExpiresUS > atUS && lot.Left+back <= lot.Points {
			lot.Left, lot.changed = lot.Left+back, true
		} else {
			a.addLot(effect, document, line, back, max(graceUntilUS, lot.ExpiresUS), atUS)
		}
		a.book(entry)
	}
	if points > 0 {
		return fmt.Errorf("%w: %d points more than %s spent", ErrBooks, points, document)
	}
	return nil
}

// ExpireDue books out what lots hold past their time, as far as it is not frozen, and returns how much that was.
func (a *Account) ExpireDue(atUS int64) (expired int64) {
	for _, lot := range a.lots {
		points := min(lot.Left, a.Spendable())
		if lot.ExpiresUS > atUS || points <= 0 {
			continue
		}
		lot.Left, lot.changed = lot.Left-points, true
		expired += points
		// A lot may expire in parts when some of it was frozen; the sequence number keeps the effects apart.
		a.book(Entry{Reason: ReasonExpire, Effect: fmt.Sprintf("expire:%s:%d", lot.ID, a.seq+1), Document: lot.Document, LineID: lot.LineID, LotID: lot.ID, Points: -points, AtUS: atUS})
	}
	return expired
}

// takeOrOwe takes what is free and books the rest as debt.
func (a *Account) takeOrOwe(reason Reason, effect, document, line string, points, atUS int64) error {
	if points < 0 || points > MaxPoints {
		return fmt.Errorf("%w: take %d points", ErrBooks, points)
	}
	taken := min(points, a.Spendable())
	if err := a.take(reason, effect, document, line, line, taken, atUS); err != nil {
		return err
	}
	if missing := points - taken; missing > 0 {
		a.book(Entry{Reason: reason, Effect: effect + ":debt", Document: document, LineID: line, Debt: missing, AtUS: atUS})
	}
	return nil
}

// take books points out of lots; the lot of ownLine goes first. One entry a lot, so that each can be given back.
func (a *Account) take(reason Reason, effect, document, line, ownLine string, points, atUS int64) error {
	order := slices.Clone(a.lots)
	if ownLine != "" {
		own := func(l *Lot) bool { return l.Document == document && l.LineID == ownLine }
		slices.SortStableFunc(order, func(x, y *Lot) int {
			switch {
			case own(x) == own(y):
				return 0
			case own(x):
				return -1
			}
			return 1
		})
	}
	for _, lot := range order {
		part := min(points, lot.Left)
		if part == 0 {
			continue
		}
		lot.Left, lot.changed = lot.Left-part, true
		points -= part
		a.book(Entry{Reason: reason, Effect: effect + ":" + lot.ID, Document: document, LineID: line, LotID: lot.ID, Points: -part, AtUS: atUS})
	}
	if points != 0 {
		return fmt.Errorf("%w: %d points of %s are in no lot", ErrBooks, points, a.member)
	}
	return nil
}

func (a *Account) addLot(effect, document, line string, points, expiresUS, atUS int64) *Lot {
	lot := &Lot{ID: ids.Derived("lot", a.member, effect), Document: document, LineID: line, Points: points, Left: points,
		ExpiresUS: expiresUS, AtUS: atUS, changed: true, fresh: true}
	a.lots = append(a.lots, lot)
	a.sortLots()
	return lot
}

func (a *Account) book(e Entry) {
	a.seq++
	a.balance += e.Points
	a.pending += e.Pending
	a.debt += e.Debt
	e.Seq, e.BalanceAfter = a.seq, a.balance
	a.entries = append(a.entries, e)
}

func (a *Account) sortLots() { slices.SortStableFunc(a.lots, compareLots) }

// compareLots puts the soonest to expire first, then the oldest; the id makes the order one.
func compareLots(x, y *Lot) int {
	switch {
	case x.ExpiresUS != y.ExpiresUS:
		return sign(x.ExpiresUS - y.ExpiresUS)
	case x.AtUS != y.AtUS:
		return sign(x.AtUS - y.AtUS)
	}
	return strings.Compare(x.ID, y.ID)
}

func sign(n int64) int {
	if n < 0 {
		return -1
	}
	return 1
}

func amount(points int64) error {
	if points <= 0 || points > MaxPoints {
		return Invalid{Field: "points", Rule: "must be between 1 and 1000000000000"}
	}
	return nil
}
