package biz

import (
	"fmt"
	"math/bits"

	"github.com/onepool/onepool/app/internal/money"
)

// DocumentState is where a document's points are.
type DocumentState string

// States of a document's points. A released document may be frozen again by another attempt of the same order.
const (
	// DocumentFrozen holds points for an unpaid document.
	DocumentFrozen DocumentState = "FROZEN"
	// DocumentReleased gave them back unspent.
	DocumentReleased DocumentState = "RELEASED"
	// DocumentSettled was paid: what it held is spent, its lines have accrued.
	DocumentSettled DocumentState = "SETTLED"
)

// DocumentEvent is what happens to a document's points.
type DocumentEvent string

// The events.
const (
	FreezePoints  DocumentEvent = "freeze"
	ReleasePoints DocumentEvent = "release"
	SettlePoints  DocumentEvent = "settle"
)

// DocumentEdge is one permitted change.
type DocumentEdge struct {
	From  DocumentState
	Event DocumentEvent
	To    DocumentState
}

// DocumentEdges is the state machine: what is not here cannot happen.
var DocumentEdges = []DocumentEdge{
	{"", FreezePoints, DocumentFrozen},
	{"", SettlePoints, DocumentSettled}, // nothing was frozen: nothing to spend
	{DocumentFrozen, ReleasePoints, DocumentReleased},
	{DocumentFrozen, SettlePoints, DocumentSettled},
	{DocumentReleased, FreezePoints, DocumentFrozen},
	{DocumentReleased, SettlePoints, DocumentSettled}, // only a wrong sequence of messages does this
}

// Document is an order as the points see it.
type Document struct {
	ID, Member string
	// GID is the attempt that froze the points.
	GID   string
	State DocumentState
	// Frozen is what the last freeze held, also after it was spent or released.
	Frozen, Spent, GivenBack int64
	// Fresh: not written yet.
	Fresh bool
}

// after is the state that an event leads to, and whether the table has such an edge.
func (d *Document) after(event DocumentEvent) (DocumentState, bool) {
	for _, e := range DocumentEdges {
		if e.From == d.State && e.Event == event {
			return e.To, true
		}
	}
	return "", false
}

// Freeze holds points of the account for the document.
func (d *Document) Freeze(a *Account, gid string, points int64) error {
	to, ok := d.after(FreezePoints)
	if !ok {
		return Conflict{State: string(d.State), Message: "the document holds points already: release them first"}
	}
	if err := a.Freeze(points); err != nil {
		return err
	}
	d.GID, d.Frozen, d.State = gid, points, to
	return nil
}

// Release gives back what the document holds and returns how much; nothing held is nothing to do. With a gid it
// touches only what that attempt froze.
func (d *Document) Release(a *Account, gid string) (int64, error) {
	to, ok := d.after(ReleasePoints)
	if !ok || gid != "" && gid != d.GID {
		return 0, nil
	}
	if err := a.Unfreeze(d.Frozen); err != nil {
		return 0, err
	}
	d.State = to
	return d.Frozen, nil
}

// Settle spends what the document holds. If it was released before, which only a wrong sequence of messages does, the
// payment counts all the same: the points are taken from what is free, and what is missing is debt.
func (d *Document) Settle(a *Account, atUS int64) error {
	to, ok := d.after(SettlePoints)
	if !ok {
		return nil // it is
	}
	var err error
	switch d.State {
	case DocumentFrozen:
		err = a.Spend(d.ID, d.Frozen, atUS)
		d.Spent = d.Frozen
	case DocumentReleased:
		before := a.Debt()
		err = a.SpendLate(d.ID, d.Frozen, atUS)
		d.Spent = d.Frozen - (a.Debt() - before) // what became debt came out of no lot
	}
	if err != nil {
		return fmt.Errorf("settle %s: %w", d.ID, err)
	}
	d.State = to
	return nil
}

// GiveBack returns spent points, never more than were spent.
func (d *Document) GiveBack(a *Account, refund, line string, uses []LotUse, points, graceUntilUS, atUS int64) error {
	points = min(points, d.Spent-d.GivenBack)
	if points <= 0 {
		return nil
	}
	if err := a.GiveBack(refund, d.ID, line, uses, points, graceUntilUS, atUS); err != nil {
		return fmt.Errorf("give back for %s: %w", refund, err)
	}
	d.GivenBack += points
	return nil
}

// Line is what an order line brings its buyer.
type Line struct {
	Document, ID, Member string
	BaseMinor            int64
	// Accrued is all that the line promised, ClawedBack what was taken back of it, before or after it was earned.
	Accrued, ClawedBack int64
	// Earned is what became the member's when the return window ended.
	Earned        int64
	IsEarned      bool
	RefundedMinor int64
}

// Earn makes what is left of the line the member's.
func (l *Line) Earn(a *Account, expiresUS, atUS int64) error {
	if l.IsEarned {
		return nil
	}
	points := l.Accrued - l.ClawedBack
	if err := a.Earn(l.Document, l.ID, points, expiresUS, atUS); err != nil {
		return fmt.Errorf("earn line %s: %w", l.ID, err)
	}
	l.Earned, l.IsEarned = points, true
	return nil
}

// ClawBack takes back the line's points in the proportion that has been refunded in all. A message that is older than
// one already seen takes nothing.
func (l *Line) ClawBack(a *Account, refund string, refundedMinor, atUS int64) error {
	refundedMinor = max(0, min(refundedMinor, l.BaseMinor))
	if refundedMinor <= l.RefundedMinor {
		return nil
	}
	due := money.Proportion(l.Accrued, refundedMinor, l.BaseMinor) - l.ClawedBack
	take := a.TakePending
	if l.IsEarned {
		take = a.TakeBack
	}
	if err := take(refund, l.Document, l.ID, due, atUS); err != nil {
		return fmt.Errorf("claw back line %s: %w", l.ID, err)
	}
	l.ClawedBack += due
	l.RefundedMinor = refundedMinor
	return nil
}

// Scheme says what points are worth and how long they live.
type Scheme struct {
	// PointsPerUnit is earned for each whole unit of the currency (1.00); UnitMinor are the minor units of one.
	PointsPerUnit, UnitMinor int64
	// PointValueMinor is what one point pays when it is spent.
	PointValueMinor int64
	// ExpiryMonths is how long earned points live.
	ExpiryMonths int
	// GraceUS is how long points live that are given back after their lot has expired.
	GraceUS int64
}

// Points are what money paid brings: fractions of a point are not given.
func (s Scheme) Points(baseMinor int64) int64 {
	if baseMinor <= 0 || s.PointsPerUnit <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(baseMinor), uint64(s.PointsPerUnit))
	if hi >= uint64(s.UnitMinor) {
		return MaxPoints
	}
	points, _ := bits.Div64(hi, lo, uint64(s.UnitMinor))
	return int64(min(points, MaxPoints))
}
