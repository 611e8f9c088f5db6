// Package data keeps policies, accruals, supplies, the journal and statements.
//
// Always true:
//   - Whatever changes an order's accruals locks the order's row first.
//   - Entries, supplies, the journal, periods and statements are append-only.
//   - settled_minor of an accrual is written by closing statements only, and is the sum of its entries in them.
package data

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/rebate/internal/biz"
	"github.com/onepool/onepool/app/rebate/internal/data/ent"
	"github.com/onepool/onepool/app/rebate/internal/data/ent/accrual"
	"github.com/onepool/onepool/app/rebate/internal/data/ent/paidorder"
	"github.com/onepool/onepool/app/rebate/internal/data/ent/rebatepolicy"
	_ "github.com/onepool/onepool/app/rebate/internal/data/ent/runtime" // binds the tenancy rules
	"github.com/onepool/onepool/app/rebate/internal/data/ent/supply"
)

const separator = ","

// maxPolicies bounds what is read at once; a brand has a few.
const maxPolicies = 1000

// Ledger is the books of one database.
type Ledger struct {
	db  *database.DB
	ent *ent.Client
}

// NewLedger uses a migrated database.
func NewLedger(db *database.DB) *Ledger {
	return &Ledger{db: db, ent: ent.NewClient(ent.Driver(db.EntDriver()))}
}

// Begin notes that an order has accrued and says false if it had before.
func (l *Ledger) Begin(ctx context.Context, o biz.Order, atUS int64) (bool, error) {
	known, err := l.Lock(ctx, o.ID)
	if err != nil || known {
		return false, err
	}
	err = l.ent.PaidOrder.Create().SetID(o.ID).SetOrg(o.Seller).SetChannel(o.Channel).SetCurrency(o.Currency).
		SetPaidAtUs(o.PaidUS).SetAccruedAtUs(atUS).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("note that %s accrued: %w", o.ID, err)
	}
	return true, nil
}

// Lock locks an order that has accrued; false if it has not.
func (l *Ledger) Lock(ctx context.Context, order string) (bool, error) {
	_, err := l.ent.PaidOrder.Query().Where(paidorder.ID(order)).ForUpdate().Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("lock order %s: %w", order, err)
	}
	return true, nil
}

// PoliciesAt returns the versions that were in force at a time.
func (l *Ledger) PoliciesAt(ctx context.Context, atUS int64) ([]biz.Policy, error) {
	rows, err := l.ent.RebatePolicy.Query().
		Where(rebatepolicy.InForceFromUsLTE(atUS), rebatepolicy.Or(rebatepolicy.InForceUntilUs(0), rebatepolicy.InForceUntilUsGT(atUS))).
		Order(ent.Asc(rebatepolicy.FieldCode)).Limit(maxPolicies).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	return policies(rows)
}

// Latest returns the latest version of a policy, locked; nil if there is none.
func (l *Ledger) Latest(ctx context.Context, code string) (*biz.Policy, error) {
	rows, err := l.ent.RebatePolicy.Query().Where(rebatepolicy.Code(code)).Order(ent.Desc(rebatepolicy.FieldVersion)).Limit(1).ForUpdate().All(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	found, err := policies(rows)
	if err != nil {
		return nil, err
	}
	return &found[0], nil
}

// AddPolicy adds a version; it ends the one before.
func (l *Ledger) AddPolicy(ctx context.Context, p biz.Policy) error {
	shares, err := json.Marshal(p.Shares)
	if err != nil {
		return fmt.Errorf("policy %s: %w", p.Code, err)
	}
	if p.Version > 1 {
		n, err := l.ent.RebatePolicy.Update().Where(rebatepolicy.Code(p.Code), rebatepolicy.Version(p.Version-1), rebatepolicy.InForceUntilUs(0)).
			SetInForceUntilUs(p.InForceFromUS).Save(ctx)
		if err == nil && n != 1 {
			err = fmt.Errorf("%d rows changed: somebody else changed it", n)
		}
		if err != nil {
			return fmt.Errorf("end policy %s v%d: %w", p.Code, p.Version-1, err)
		}
	}
	err = l.ent.RebatePolicy.Create().SetID(ids.Derived("pol", p.Code, fmt.Sprint(p.Version))).SetCode(p.Code).SetVersion(p.Version).
		SetName(p.Name).SetShares(string(shares)).SetChannels(strings.Join(p.Channels, separator)).SetContent(p.Content()).
		SetInForceFromUs(p.InForceFromUS).SetInForceUntilUs(p.InForceUntilUS).Exec(ctx)
	if err != nil {
		return fmt.Errorf("add policy %s v%d: %w", p.Code, p.Version, err)
	}
	return nil
}

// Policies lists at most n versions after (code, version), in that order.
func (l *Ledger) Policies(ctx context.Context, code string, version, n int) ([]biz.Policy, error) {
	rows, err := l.ent.RebatePolicy.Query().
		Where(rebatepolicy.Or(rebatepolicy.CodeGT(code), rebatepolicy.And(rebatepolicy.Code(code), rebatepolicy.VersionGT(version)))).
		Order(ent.Asc(rebatepolicy.FieldCode, rebatepolicy.FieldVersion)).Limit(n).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list policies: %w", err)
	}
	return policies(rows)
}

func policies(rows []*ent.RebatePolicy) ([]biz.Policy, error) {
	out := make([]biz.Policy, len(rows))
	for i, row := range rows {
		out[i] = biz.Policy{Code: row.Code, Version: row.Version, Name: row.Name, InForceFromUS: row.InForceFromUs, InForceUntilUS: row.InForceUntilUs}
		if err := json.Unmarshal([]byte(row.Shares), &out[i].Shares); err != nil {
			return nil, fmt.Errorf("policy %s v%d: %w", row.Code, row.Version, err)
		}
		if row.Channels != "" {
			out[i].Channels = strings.Split(row.Channels, separator)
		}
	}
	return out, nil
}

// AddAccruals adds the accruals of an order.
func (l *Ledger) AddAccruals(ctx context.Context, accruals []*biz.Accrual) error {
	rows := make([]*ent.AccrualCreate, len(accruals))
	for i, a := range accruals {
		rows[i] = l.ent.Accrual.Create().SetID(a.ID).SetOrg(a.Org).SetOrderID(a.Order).SetLineID(a.Line).SetChannel(a.Channel).
			SetPolicyCode(a.PolicyCode).SetPolicyVersion(a.PolicyVersion).SetRateBp(a.RateBP).SetRole(string(a.Role)).SetPayee(a.Payee).
			SetReason(a.Reason).SetSellerOrg(a.Seller).SetCurrency(a.Currency).SetBaseMinor(a.BaseMinor).SetAccruedMinor(a.AccruedMinor).
			SetAccruedAtUs(a.AccruedUS)
	}
	if err := l.ent.Accrual.CreateBulk(rows...).Exec(ctx); err != nil {
		return fmt.Errorf("add %d accruals: %w", len(rows), err)
	}
	return nil
}

// Accruals returns those of an order's lines.
func (l *Ledger) Accruals(ctx context.Context, order string, lines []string) ([]*biz.Accrual, error) {
	return all(ctx, l.ent.Accrual.Query().Where(accrual.OrderID(order), accrual.LineIDIn(lines...)).Order(ent.Asc(accrual.FieldID)))
}

// OfOrders returns all accruals of orders.
func (l *Ledger) OfOrders(ctx context.Context, orders []string) ([]*biz.Accrual, error) {
	return all(ctx, l.ent.Accrual.Query().Where(accrual.OrderIDIn(orders...)).Order(ent.Asc(accrual.FieldID)))
}

// ListAccruals returns at most n accruals that the caller may see after the id after.
func (l *Ledger) ListAccruals(ctx context.Context, order, payee, after string, n int) ([]*biz.Accrual, error) {
	q := l.ent.Accrual.Query().Where(accrual.IDGT(after))
	if order != "" {
		q.Where(accrual.OrderID(order))
	}
	if payee != "" {
		q.Where(accrual.Payee(payee))
	}
	return all(ctx, q.Order(ent.Asc(accrual.FieldID)).Limit(n))
}

func all(ctx context.Context, q *ent.AccrualQuery) ([]*biz.Accrual, error) {
	rows, err := q.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read accruals: %w", err)
	}
	out := make([]*biz.Accrual, len(rows))
	for i, row := range rows {
		out[i] = &biz.Accrual{ID: row.ID, Order: row.OrderID, Line: row.LineID, Channel: row.Channel, PolicyCode: row.PolicyCode,
			PolicyVersion: row.PolicyVersion, RateBP: row.RateBp, Role: biz.Role(row.Role), Payee: row.Payee, Org: row.Org, Reason: row.Reason,
			Seller: row.SellerOrg, Currency: row.Currency, BaseMinor: row.BaseMinor, AccruedMinor: row.AccruedMinor,
			ClawedBackMinor: row.ClawedBackMinor, SettledMinor: row.SettledMinor, RefundedMinor: row.RefundedMinor, Earned: row.Earned,
			AccruedUS: row.AccruedAtUs, EarnedUS: row.EarnedAtUs}
	}
	return out, nil
}

// SaveAccrual writes what messages change of an accrual; what is settled is not theirs.
func (l *Ledger) SaveAccrual(ctx context.Context, a *biz.Accrual) error {
	n, err := l.ent.Accrual.Update().Where(accrual.ID(a.ID)).SetClawedBackMinor(a.ClawedBackMinor).SetRefundedMinor(a.RefundedMinor).
		SetEarned(a.Earned).SetEarnedAtUs(a.EarnedUS).Save(ctx)
	if err == nil && n != 1 {
		err = fmt.Errorf("%d rows changed", n)
	}
	if err != nil {
		return fmt.Errorf("update accrual %s: %w", a.ID, err)
	}
	return nil
}

// AddEntry books an entry of an accrual.
func (l *Ledger) AddEntry(ctx context.Context, a *biz.Accrual, e biz.Entry) error {
	err := l.ent.Entry.Create().SetID(e.ID).SetOrg(a.Org).SetAccrualID(a.ID).SetKind(string(e.Kind)).SetCause(e.Cause).SetPayee(a.Payee).
		SetRole(string(a.Role)).SetCurrency(a.Currency).SetOrderID(a.Order).SetLineID(a.Line).SetAmountMinor(e.AmountMinor).
		SetPayableMinor(e.PayableMinor).SetAtUs(e.AtUS).Exec(ctx)
	if err != nil {
		return fmt.Errorf("book %s of accrual %s: %w", e.Kind, a.ID, err)
	}
	return nil
}

// AddSupply says false when the supply exists.
func (l *Ledger) AddSupply(ctx context.Context, s biz.Supply) (bool, error) {
	known, err := l.ent.Supply.Query().Where(supply.Document(s.Document), supply.LineID(s.Line), supply.Sku(s.SKU), supply.Org(s.Owner)).Exist(ctx)
	if err != nil || known {
		return false, err
	}
	err = l.ent.Supply.Create().SetID(s.ID).SetOrg(s.Owner).SetOrderID(s.Order).SetLineID(s.Line).SetDocument(s.Document).SetSku(s.SKU).
		SetSellerOrg(s.Seller).SetQuantity(s.Quantity).SetPriceMinor(s.PriceMinor).SetAmountMinor(s.AmountMinor).SetFeeMinor(s.FeeMinor).
		SetCurrency(s.Currency).SetAtUs(s.AtUS).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("add supply of line %s: %w", s.Line, err)
	}
	return true, nil
}

// AddJournal books a journal entry with its postings.
func (l *Ledger) AddJournal(ctx context.Context, j biz.JournalEntry) error {
	err := l.ent.JournalEntry.Create().SetID(j.ID).SetOrg(j.Org).SetKind(j.Kind).SetSource(j.Source).SetOrderID(j.Order).
		SetCurrency(j.Currency).SetAtUs(j.AtUS).Exec(ctx)
	if err != nil {
		return fmt.Errorf("book %s: %w", j.Source, err)
	}
	if len(j.Postings) == 0 {
		return nil
	}
	rows := make([]*ent.PostingCreate, len(j.Postings))
	for i, p := range j.Postings {
		rows[i] = l.ent.Posting.Create().SetID(ids.Derived("pst", j.ID, string(p.Account), p.Org)).SetOrg(p.Org).SetJournalID(j.ID).
			SetAccount(string(p.Account)).SetCurrency(j.Currency).SetAmountMinor(p.AmountMinor)
	}
	if err := l.ent.Posting.CreateBulk(rows...).Exec(ctx); err != nil {
		return fmt.Errorf("post %s: %w", j.Source, err)
	}
	return nil
}
