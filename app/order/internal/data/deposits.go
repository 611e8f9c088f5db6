package data

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/deposit"
	"github.com/onepool/onepool/app/order/internal/data/ent/tradeterm"
)

// Deposits are kept beside their orders, so that no other order pays for them: only a presale is looked up here.

func (s *Orders) gatherDeposits(ctx context.Context, _ []string, at map[string]*biz.Record) error {
	wanted := these(at, func(h biz.Header) bool { return h.Kind == biz.KindPresale })
	if len(wanted) == 0 {
		return nil
	}
	rows, err := s.ent.Deposit.Query().Where(deposit.IDIn(wanted...)).All(ctx)
	for _, row := range rows {
		at[row.ID].Deposit = &biz.Deposit{
			AmountMinor: row.AmountMinor, BalanceFromUS: row.BalanceFromUs, BalanceUntilUS: row.BalanceUntilUs, ForfeitBP: row.ForfeitBp,
			PaidAtUS: row.PaidUs, Payments: row.Payments, ForfeitedMinor: row.ForfeitedMinor, DueUS: row.DueUs,
		}
	}
	return err
}

func (s *Orders) saveDeposit(ctx context.Context, h biz.Header, before, d *biz.Deposit) error {
	switch {
	case d == nil || reflect.DeepEqual(before, d):
		return nil
	case before == nil:
		return s.ent.Deposit.Create().SetID(h.ID).SetOrg(h.Org).SetAmountMinor(d.AmountMinor).SetBalanceFromUs(d.BalanceFromUS).SetBalanceUntilUs(d.BalanceUntilUS).
			SetForfeitBp(d.ForfeitBP).SetPaidUs(d.PaidAtUS).SetPayments(d.Payments).SetForfeitedMinor(d.ForfeitedMinor).SetDueUs(d.DueUS).Exec(ctx)
	}
	return s.ent.Deposit.UpdateOneID(h.ID).SetPaidUs(d.PaidAtUS).SetPayments(d.Payments).SetForfeitedMinor(d.ForfeitedMinor).SetDueUs(d.DueUS).Exec(ctx)
}

// BalancesDue are orders whose buyers are to be reminded of the balance, or whose time to pay it is over.
func (s *Orders) BalancesDue(ctx context.Context, nowUS int64, limit int) ([]Due, error) {
	rows, err := s.ent.Deposit.Query().Where(deposit.DueUsGT(0), deposit.DueUsLTE(nowUS)).Order(ent.Asc(deposit.FieldDueUs)).Limit(limit).IDs(AsService(ctx))
	return dueOrders(rows, err)
}

// PutDeposit stores the next version of deposit terms for their moment.
func (t *TradeTerms) PutDeposit(ctx context.Context, d biz.DepositTerms) (biz.DepositTerms, error) {
	version, err := t.put(ctx, termDeposit, d.Scope(), d.Dated, d)
	d.Version = version
	return d, err
}

// Deposits reads the deposit terms that were ever put for every seller and for one (empty: for all sellers), by scope and time;
// after is the last one of the page before.
func (t *TradeTerms) Deposits(ctx context.Context, seller string, after *biz.DepositTerms, limit int) ([]biz.DepositTerms, error) {
	q := t.ent.TradeTerm.Query().Where(tradeterm.Kind(termDeposit))
	if seller != "" {
		q = q.Where(tradeterm.Or(tradeterm.ScopeHasPrefix("/"), tradeterm.ScopeHasPrefix(seller+"/")))
	}
	if after != nil {
		q = q.Where(func(s *sql.Selector) {
			s.Where(sql.CompositeGT([]string{s.C(tradeterm.FieldScope), s.C(tradeterm.FieldFromUs), s.C(tradeterm.FieldVersion)}, after.Scope(), after.FromUS, after.Version))
		})
	}
	rows, err := q.Order(ent.Asc(tradeterm.FieldScope, tradeterm.FieldFromUs, tradeterm.FieldVersion)).Limit(limit).All(AsService(ctx))
	if err != nil {
		return nil, fmt.Errorf("deposit terms: %w", err)
	}
	out := make([]biz.DepositTerms, len(rows))
	for i, row := range rows {
		if out[i], err = toDepositTerms(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func toDepositTerms(row *ent.TradeTerm) (d biz.DepositTerms, err error) {
	if err = json.Unmarshal(row.Terms, &d); err != nil {
		return d, fmt.Errorf("deposit terms %s: %w", row.ID, err)
	}
	d.Dated = dated(row)
	return d, nil
}
