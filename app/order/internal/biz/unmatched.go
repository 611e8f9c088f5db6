package biz

import (
	"fmt"
	"slices"

	"github.com/onepool/onepool/app/internal/ids"
)

// Unmatched is money at a provider that no order could take: of a payment that nobody has asked for, or of another amount, currency
// or payee than was asked for. A person decides what becomes of it.
type Unmatched struct {
	ID, Provider, Payee string
	PaymentID, OrderID  string // as the provider says; an order that is known
	TransactionNo       string
	AmountMinor         int64
	Currency            string
	Why                 string
	State               State
	// Of its refund, as of an order's.
	Round, Attempts, NextAtUS int64
	Reference, Failure        string
	// DecidedBy decided what becomes of it, and said why.
	DecidedBy, Note                   string
	FoundAtUS, DecidedAtUS, EndedAtUS int64
	Version                           int64
}

// Why money could not be taken.
const (
	WhyUnknown  = "UNKNOWN"  // nobody has asked for the payment
	WhyMismatch = "MISMATCH" // amount, currency or payee is not the payment's
)

// States of money that no order could take; those of its refund are a refund's.
const (
	UnmatchedOpen    State = "OPEN"
	UnmatchedSettled State = "SETTLED" // by hand, beside the platform
)

// NewUnmatched records money. What a provider says is cut to what is kept.
func NewUnmatched(n Notification, orderID, why string, nowUS int64) (Unmatched, error) {
	u := Unmatched{
		ID: ids.New("unm"), Provider: n.Provider, Payee: clip(n.Payee, 128), PaymentID: clip(n.PaymentID, 64), OrderID: orderID, TransactionNo: clip(n.TransactionNo, 160),
		AmountMinor: n.AmountMinor, Currency: clip(n.Currency, 3), Why: why, FoundAtUS: nowUS,
	}
	return u, u.move(EventOpen)
}

func (u *Unmatched) move(event Event) error {
	to, ok := Next(SubjectUnmatched, u.State, event)
	if !ok {
		return stateConflict(u.State, "the money cannot "+string(event)+" now: somebody has decided about it")
	}
	u.State = to
	u.Version++
	return nil
}

// Refund decides that it goes back to where it came from, whole; again after the provider has refused.
func (u *Unmatched) Refund(by, note string, nowUS int64) error {
	event := EventRequest
	if u.State == RefundFailed {
		event = EventRetry
	}
	if err := u.move(event); err != nil {
		return err
	}
	u.DecidedBy, u.Note, u.DecidedAtUS, u.NextAtUS, u.Attempts = by, note, nowUS, nowUS, 0
	return nil
}

// Settle notes that somebody has dealt with it beside the platform.
func (u *Unmatched) Settle(by, note string, nowUS int64) error {
	if err := u.move(EventClose); err != nil {
		return err
	}
	u.DecidedBy, u.Note, u.DecidedAtUS, u.EndedAtUS = by, note, nowUS, nowUS
	return nil
}

// Number is what the provider knows its refund by.
func (u Unmatched) Number() string { return Refund{ID: u.ID, Round: u.Round}.Number() }

// Order asks for its refund.
func (u Unmatched) Order() RefundOrder {
	return RefundOrder{Number: u.Number(), PaymentID: u.PaymentID, TransactionNo: u.TransactionNo, Payee: u.Payee, Currency: u.Currency, Reason: "unmatched",
		AmountMinor: u.AmountMinor, OfMinor: u.AmountMinor}
}

// Asked says whether the provider is to be asked about its refund.
func (u Unmatched) Asked() bool {
	return slices.Contains([]State{RefundPending, RefundWaiting}, u.State)
}

// Answered notes what the provider says about its refund; about a number that is over it changes nothing.
func (u *Unmatched) Answered(a RefundAnswer, nowUS int64) error {
	if !u.Asked() || a.Number != u.Number() {
		return nil
	}
	switch {
	case a.Standing == RefundPaidOut:
		if err := u.move(EventPay); err != nil {
			return err
		}
		u.Reference, u.Failure, u.EndedAtUS = a.Reference, "", nowUS
		return nil
	case a.Standing == RefundRefused:
		u.Failure = clip(a.Failure, maxFailure)
		if a.Spent {
			u.Round++
		}
		return u.move(EventFail)
	case a.Standing == RefundUnderWay && u.State == RefundPending:
		if err := u.move(EventWait); err != nil {
			return err
		}
		u.Reference, u.Attempts = a.Reference, 0
	}
	u.Later(nowUS)
	return nil
}

// Later sets when the provider is asked next; the pause doubles.
func (u *Unmatched) Later(nowUS int64) {
	most := refundMost
	if u.State == RefundWaiting {
		most = waitMost
	}
	u.NextAtUS = nowUS + min(refundFirst<<min(u.Attempts, 16), most)
	u.Attempts++
}

// TakenAfterAll refuses a decision about money that an order has taken meanwhile.
func TakenAfterAll(u Unmatched) Refusal {
	return stateConflict(u.State, fmt.Sprintf("an order has taken transaction %s: refund it there", u.TransactionNo))
}
