package biz

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/money"
)

// Attribution says who earns on an order, and why. It was frozen when the order was placed.
type Attribution struct {
	Role       Role
	Payee, Org string
	Reason     string
}

// SoldLine is an order line with what money was paid for it: without freight and without the part paid by points.
type SoldLine struct {
	ID, SKU   string
	Quantity  int64
	BaseMinor int64
}

// Order is a paid order as the rebates see it.
type Order struct {
	ID, Channel, Seller, Currency string
	PaidUS                        int64
	Lines                         []SoldLine
	Attributions                  []Attribution
}

// Accrual is what somebody earns on an order line by one policy version.
type Accrual struct {
	ID, Order, Line, Channel string
	PolicyCode               string
	PolicyVersion            int
	RateBP                   int64
	Role                     Role
	Payee, Org               string
	Reason                   string
	// Seller bears the expense: who took the money.
	Seller, Currency                             string
	BaseMinor, AccruedMinor                      int64
	ClawedBackMinor, SettledMinor, RefundedMinor int64
	Earned                                       bool
	AccruedUS, EarnedUS                          int64
}

// OpenMinor is what is still to be settled; negative after a clawback that came later than the settlement.
func (a *Accrual) OpenMinor() int64 { return a.AccruedMinor - a.ClawedBackMinor - a.SettledMinor }

// EntryKind says what happened to an accrual.
type EntryKind string

// Kinds of entries.
const (
	EntryAccrue   EntryKind = "ACCRUE"
	EntryEarn     EntryKind = "EARN"
	EntryClawBack EntryKind = "CLAWBACK"
)

// Entry is one line of the rebate ledger.
type Entry struct {
	ID, Accrual string
	Kind        EntryKind
	// Cause is the refund of a clawback.
	Cause string
	// AmountMinor is always positive or zero; the kind gives the direction.
	AmountMinor int64
	// PayableMinor is how much more (or less) is owed to the payee from now on: what a statement adds up.
	PayableMinor int64
	AtUS         int64
}

// Accrue returns what an order's attributions earn by the policies. It is a function of its arguments.
func Accrue(o Order, policies []Policy, atUS int64) ([]*Accrual, []Entry, error) {
	var accruals []*Accrual
	var entries []Entry
	seen := map[string]bool{}
	for i, who := range o.Attributions {
		if who.Org == "" { // paid by whoever sold, until somebody says otherwise: never lost
			o.Attributions = slices.Clone(o.Attributions)
			o.Attributions[i].Org = o.Seller
		}
	}
	for _, policy := range policies {
		if !policy.InForce(o.Channel, o.PaidUS) {
			continue
		}
		for _, line := range o.Lines {
			for _, who := range o.Attributions {
				for _, share := range policy.Shares {
					if share.Role != who.Role || share.RateBP == 0 || line.BaseMinor <= 0 || who.Payee == "" {
						continue
					}
					amount, err := money.Rate(line.BaseMinor, share.RateBP)
					if err != nil {
						return nil, nil, fmt.Errorf("accrue line %s: %w", line.ID, err)
					}
					id := ids.Derived("acc", o.ID, line.ID, policy.Code, fmt.Sprint(policy.Version), who.Payee, string(who.Role))
					if seen[id] {
						continue // the same attribution twice in one message
					}
					seen[id] = true
					a := &Accrual{ID: id, Order: o.ID, Line: line.ID, Channel: o.Channel, PolicyCode: policy.Code, PolicyVersion: policy.Version,
						RateBP: share.RateBP, Role: who.Role, Payee: who.Payee, Org: who.Org, Reason: shortened(who.Reason), Seller: o.Seller,
						Currency: o.Currency, BaseMinor: line.BaseMinor, AccruedMinor: amount, AccruedUS: atUS}
					accruals = append(accruals, a)
					entries = append(entries, a.entry(EntryAccrue, "", amount, 0, atUS))
				}
			}
		}
	}
	return accruals, entries, nil
}

// maxReason is what a row holds, in bytes.
const maxReason = 255

// shortened cuts a text at a character: a reason that is too long must not keep the money from being booked.
func shortened(text string) string {
	for len(text) > maxReason {
		_, size := utf8.DecodeLastRuneInString(text[:maxReason+1])
		text = text[:maxReason+1-size]
	}
	return strings.ToValidUTF8(text, "")
}

// Earn makes what is left of the accrual owed. It says false when that has happened before.
func (a *Accrual) Earn(atUS int64) (Entry, bool) {
	if a.Earned {
		return Entry{}, false
	}
	a.Earned, a.EarnedUS = true, atUS
	left := a.AccruedMinor - a.ClawedBackMinor
	return a.entry(EntryEarn, "", left, left, atUS), true
}

// ClawBack takes back the accrual in the proportion of the line that has been refunded in all. It says false when a
// later message took that already.
func (a *Accrual) ClawBack(refund string, refundedMinor, atUS int64) (Entry, bool) {
	refundedMinor = max(0, min(refundedMinor, a.BaseMinor))
	if refundedMinor <= a.RefundedMinor {
		return Entry{}, false
	}
	due := money.Proportion(a.AccruedMinor, refundedMinor, a.BaseMinor) - a.ClawedBackMinor
	a.RefundedMinor = refundedMinor
	if due == 0 {
		return Entry{}, false
	}
	a.ClawedBackMinor += due
	var payable int64
	if a.Earned {
		payable = -due
	}
	return a.entry(EntryClawBack, refund, due, payable, atUS), true
}

func (a *Accrual) entry(kind EntryKind, cause string, amount, payable, atUS int64) Entry {
	return Entry{ID: ids.Derived("rbe", a.ID, string(kind), cause), Accrual: a.ID, Kind: kind, Cause: cause,
		AmountMinor: amount, PayableMinor: payable, AtUS: atUS}
}
