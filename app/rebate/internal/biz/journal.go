package biz

import (
	"errors"
	"fmt"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/money"
)

// Account of the books. Each is kept per organisation and currency.
type Account string

// The chart of accounts.
const (
	// RebateExpense is borne by the seller.
	RebateExpense Account = "rebate_expense"
	// RebatePending is promised to a payee's organisation until the return window ends; RebatePayable is owed to it.
	RebatePending Account = "rebate_pending"
	RebatePayable Account = "rebate_payable"
	// SupplyReceivable is what an owner of goods gets from the seller, SupplyPayable the seller's side of it.
	SupplyReceivable Account = "supply_receivable"
	SupplyPayable    Account = "supply_payable"
	// FeeReceivable and FeePayable are the same for the work of shipping.
	FeeReceivable Account = "fulfilment_fee_receivable"
	FeePayable    Account = "fulfilment_fee_payable"
)

// ErrUnbalanced is a defect of ours: debits and credits differ.
var ErrUnbalanced = errors.New("journal entry does not balance")

// Posting is one side of a journal entry: a debit is positive, a credit negative.
type Posting struct {
	Account     Account
	Org         string
	AmountMinor int64
}

// JournalEntry is a balanced set of postings in one currency, with what it books. Org is the seller's: it bears them.
type JournalEntry struct {
	ID, Org, Kind, Source, Order, Currency string
	Postings                               []Posting
	AtUS                                   int64
}

// post adds the postings and refuses what does not balance. The source (a rebate entry or a supply) has one journal entry.
func (j JournalEntry) post(postings ...Posting) (JournalEntry, error) {
	var sum int64
	for _, p := range postings {
		var err error
		if sum, err = money.Add(sum, p.AmountMinor); err != nil {
			return JournalEntry{}, fmt.Errorf("journal entry of %s: %w", j.Source, err)
		}
		if p.AmountMinor != 0 {
			j.Postings = append(j.Postings, p)
		}
	}
	if sum != 0 {
		return JournalEntry{}, fmt.Errorf("%w: %s is off by %d", ErrUnbalanced, j.Source, sum)
	}
	j.ID = ids.Derived("jnl", j.Source)
	return j, nil
}

// Journal books a rebate entry of an accrual.
func Journal(a *Accrual, e Entry) (JournalEntry, error) {
	var debit, credit Posting
	switch {
	case e.Kind == EntryAccrue:
		debit, credit = Posting{RebateExpense, a.Seller, e.AmountMinor}, Posting{RebatePending, a.Org, -e.AmountMinor}
	case e.Kind == EntryEarn:
		debit, credit = Posting{RebatePending, a.Org, e.AmountMinor}, Posting{RebatePayable, a.Org, -e.AmountMinor}
	case e.Kind == EntryClawBack && e.PayableMinor != 0: // it was owed already
		debit, credit = Posting{RebatePayable, a.Org, e.AmountMinor}, Posting{RebateExpense, a.Seller, -e.AmountMinor}
	case e.Kind == EntryClawBack:
		debit, credit = Posting{RebatePending, a.Org, e.AmountMinor}, Posting{RebateExpense, a.Seller, -e.AmountMinor}
	default:
		return JournalEntry{}, fmt.Errorf("%w: entry %s of kind %q", ErrUnbalanced, e.ID, e.Kind)
	}
	return JournalEntry{Org: a.Seller, Kind: string(e.Kind), Source: e.ID, Order: a.Order, Currency: a.Currency, AtUS: e.AtUS}.post(debit, credit)
}

// SupplyJournal books a supply between its owner and its seller.
func SupplyJournal(s Supply) (JournalEntry, error) {
	return JournalEntry{Org: s.Seller, Kind: "SUPPLY", Source: s.ID, Order: s.Order, Currency: s.Currency, AtUS: s.AtUS}.post(
		Posting{SupplyReceivable, s.Owner, s.AmountMinor}, Posting{SupplyPayable, s.Seller, -s.AmountMinor},
		Posting{FeeReceivable, s.Owner, s.FeeMinor}, Posting{FeePayable, s.Seller, -s.FeeMinor})
}
