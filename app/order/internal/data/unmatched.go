package data

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/capture"
	"github.com/onepool/onepool/app/order/internal/data/ent/unmatchedpayment"
)

// KeepUnmatched records money, once for each transaction of a provider.
func (s *Orders) KeepUnmatched(ctx context.Context, u biz.Unmatched) error {
	ctx = AsService(ctx)
	known, err := s.ent.UnmatchedPayment.Query().Where(unmatchedpayment.Provider(u.Provider), unmatchedpayment.TransactionNo(u.TransactionNo)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("unmatched money: %w", err)
	}
	if known {
		return nil
	}
	err = s.ent.UnmatchedPayment.Create().SetID(u.ID).SetProvider(u.Provider).SetPayee(u.Payee).SetPaymentID(u.PaymentID).SetOrderID(u.OrderID).SetTransactionNo(u.TransactionNo).
		SetAmountMinor(u.AmountMinor).SetCurrency(u.Currency).SetWhy(u.Why).SetState(string(u.State)).SetFoundUs(u.FoundAtUS).SetVersion(u.Version).Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep unmatched money: %w", err)
	}
	return nil
}

// Unmatched reads money that no order could take. NotFound if there is none under the id.
func (s *Orders) Unmatched(ctx context.Context, id string) (biz.Unmatched, error) {
	row, err := s.ent.UnmatchedPayment.Query().Where(unmatchedpayment.ID(id)).Only(AsService(ctx))
	if ent.IsNotFound(err) {
		return biz.Unmatched{}, biz.NotFound("unmatched payment")
	}
	if err != nil {
		return biz.Unmatched{}, fmt.Errorf("unmatched money: %w", err)
	}
	return toUnmatched(row), nil
}

// ChangeUnmatched changes money that no order could take, inside a transaction. Whoever was faster makes it a conflict.
func (s *Orders) ChangeUnmatched(ctx context.Context, id string, change func(u *biz.Unmatched) error) (biz.Unmatched, error) {
	u, err := s.Unmatched(ctx, id)
	if err != nil {
		return u, err
	}
	seen := u.Version
	if err := change(&u); err != nil {
		return u, err
	}
	n, err := s.ent.UnmatchedPayment.Update().Where(unmatchedpayment.ID(id), unmatchedpayment.Version(seen)).SetState(string(u.State)).SetRound(u.Round).
		SetAttempts(u.Attempts).SetNextUs(u.NextAtUS).SetReference(u.Reference).SetFailure(u.Failure).SetDecidedBy(u.DecidedBy).SetNote(u.Note).
		SetDecidedUs(u.DecidedAtUS).SetEndedUs(u.EndedAtUS).SetVersion(u.Version).Save(AsService(ctx))
	if err != nil {
		return u, fmt.Errorf("unmatched money: %w", err)
	}
	if n != 1 {
		return u, biz.Overtaken("somebody else has decided about it meanwhile: read it again")
	}
	return u, nil
}

// TakenByAnOrder says whether an order has taken a transaction.
func (s *Orders) TakenByAnOrder(ctx context.Context, provider, transactionNo string) (bool, error) {
	found, err := s.ent.Capture.Query().Where(capture.Provider(provider), capture.TransactionNo(transactionNo)).Exist(AsService(ctx))
	if err != nil {
		return false, fmt.Errorf("captures: %w", err)
	}
	return found, nil
}

// UnmatchedDue is money whose refund the provider has to be asked for, or about.
func (s *Orders) UnmatchedDue(ctx context.Context, nowUS int64, limit int) ([]Due, error) {
	rows, err := s.ent.UnmatchedPayment.Query().Where(unmatchedpayment.StateIn(string(biz.RefundPending), string(biz.RefundWaiting)), unmatchedpayment.NextUsLTE(nowUS)).
		Order(ent.Asc(unmatchedpayment.FieldNextUs)).Limit(limit).IDs(AsService(ctx))
	due := make([]Due, len(rows))
	for i, id := range rows {
		due[i] = Due{PartID: id}
	}
	return due, wrapDue(err)
}

// UnmatchedList reads a page, the newest first; no state: all.
func (s *Orders) UnmatchedList(ctx context.Context, state biz.State, after After, limit int) ([]biz.Unmatched, error) {
	q := s.ent.UnmatchedPayment.Query()
	if state != biz.None {
		q = q.Where(unmatchedpayment.State(string(state)))
	}
	if after.ID != "" {
		q = q.Where(func(s *sql.Selector) {
			s.Where(sql.CompositeLT([]string{s.C(unmatchedpayment.FieldFoundUs), s.C(unmatchedpayment.FieldID)}, after.US, after.ID))
		})
	}
	rows, err := q.Order(ent.Desc(unmatchedpayment.FieldFoundUs, unmatchedpayment.FieldID)).Limit(limit).All(AsService(ctx))
	if err != nil {
		return nil, fmt.Errorf("unmatched money: %w", err)
	}
	list := make([]biz.Unmatched, len(rows))
	for i, row := range rows {
		list[i] = toUnmatched(row)
	}
	return list, nil
}

func toUnmatched(r *ent.UnmatchedPayment) biz.Unmatched {
	return biz.Unmatched{
		ID: r.ID, Provider: r.Provider, Payee: r.Payee, PaymentID: r.PaymentID, OrderID: r.OrderID, TransactionNo: r.TransactionNo, AmountMinor: r.AmountMinor,
		Currency: r.Currency, Why: r.Why, State: biz.State(r.State), Round: r.Round, Attempts: r.Attempts, NextAtUS: r.NextUs, Reference: r.Reference,
		Failure: r.Failure, DecidedBy: r.DecidedBy, Note: r.Note, FoundAtUS: r.FoundUs, DecidedAtUS: r.DecidedUs, EndedAtUS: r.EndedUs, Version: r.Version,
	}
}

// unmatchedChecks prove that no money is given back twice.
func unmatchedChecks() []invariant.Check {
	return []invariant.Check{{
		ID: "I8", Title: "money that no order could take was taken by none when it went back",
		Counted: "SELECT COUNT(*) FROM unmatched_payments",
		Violations: `SELECT u.id, 'an order has taken it too' FROM unmatched_payments u JOIN captures c ON c.provider = u.provider AND c.transaction_no = u.transaction_no
			WHERE u.state IN ('PENDING', 'WAITING', 'DONE')
			UNION ALL SELECT id, 'nobody has decided about it' FROM unmatched_payments WHERE state <> 'OPEN' AND (decided_by = '' OR decided_us = 0)`,
	}}
}
