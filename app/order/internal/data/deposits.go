package data

import (
	"context"
	"reflect"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/deposit"
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
