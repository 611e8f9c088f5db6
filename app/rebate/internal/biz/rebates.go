package biz

import (
	"context"
	"fmt"
)

// Rebates are the use cases of the rebate ledger. Each method runs inside one transaction and repeats without effect.
type Rebates struct {
	ledger Ledger
	clock  Clock
}

// NewRebates returns the use cases.
func NewRebates(ledger Ledger, clock Clock) *Rebates { return &Rebates{ledger, clock} }

// Accrue books what the attributions of a paid order promise, as pending. An order without any is noted all the same:
// whether it accrued is known from then on.
func (r *Rebates) Accrue(ctx context.Context, o Order) error {
	now, err := r.clock.Now(ctx)
	if err != nil {
		return err
	}
	fresh, err := r.ledger.Begin(ctx, o, now)
	if err != nil || !fresh {
		return err
	}
	policies, err := r.ledger.PoliciesAt(ctx, o.PaidUS)
	if err != nil {
		return err
	}
	accruals, entries, err := Accrue(o, policies, now)
	if err != nil || len(accruals) == 0 {
		return err
	}
	if err := r.ledger.AddAccruals(ctx, accruals); err != nil {
		return err
	}
	for i, a := range accruals {
		if err := r.book(ctx, a, entries[i]); err != nil {
			return err
		}
	}
	return nil
}

// Earn makes the accruals of lines owed. ErrNotYet if the order has not accrued.
func (r *Rebates) Earn(ctx context.Context, order string, lines []string) error {
	return r.change(ctx, order, lines, func(a *Accrual, atUS int64) (Entry, bool) { return a.Earn(atUS) })
}

// Refunded is a line of a refund, with all money refunded of it so far.
type Refunded struct {
	Line          string
	RefundedMinor int64
}

// ClawBack takes back the accruals of refunded lines, also after they were settled. ErrNotYet as for Earn.
func (r *Rebates) ClawBack(ctx context.Context, refund, order string, lines []Refunded) error {
	refunded := make(map[string]int64, len(lines))
	names := make([]string, 0, len(lines))
	for _, l := range lines {
		refunded[l.Line] = l.RefundedMinor
		names = append(names, l.Line)
	}
	return r.change(ctx, order, names, func(a *Accrual, atUS int64) (Entry, bool) { return a.ClawBack(refund, refunded[a.Line], atUS) })
}

// RecordSupply books goods that an owner shipped for another one's sale, or that came back.
func (r *Rebates) RecordSupply(ctx context.Context, order, document, seller, currency string, lines []Shipped) error {
	now, err := r.clock.Now(ctx)
	if err != nil {
		return err
	}
	for _, line := range lines {
		if line.Owner == "" || line.Owner == seller || line.Quantity == 0 {
			continue
		}
		supply, err := NewSupply(order, document, seller, currency, line, now)
		if err != nil {
			return err
		}
		fresh, err := r.ledger.AddSupply(ctx, supply)
		if err != nil {
			return err
		}
		if !fresh {
			continue
		}
		journal, err := SupplyJournal(supply)
		if err != nil {
			return err
		}
		if err := r.ledger.AddJournal(ctx, journal); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rebates) change(ctx context.Context, order string, lines []string, do func(*Accrual, int64) (Entry, bool)) error {
	if len(lines) == 0 {
		return nil
	}
	now, err := r.clock.Now(ctx)
	if err != nil {
		return err
	}
	known, err := r.ledger.Lock(ctx, order)
	if err != nil {
		return err
	}
	if !known {
		return fmt.Errorf("order %s: %w", order, ErrNotYet)
	}
	accruals, err := r.ledger.Accruals(ctx, order, lines)
	if err != nil {
		return err
	}
	for _, a := range accruals {
		entry, booked := do(a, now)
		if booked {
			if err := r.book(ctx, a, entry); err != nil {
				return err
			}
		}
		if err := r.ledger.SaveAccrual(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rebates) book(ctx context.Context, a *Accrual, e Entry) error {
	if err := r.ledger.AddEntry(ctx, a, e); err != nil {
		return err
	}
	journal, err := Journal(a, e)
	if err != nil {
		return err
	}
	return r.ledger.AddJournal(ctx, journal)
}
