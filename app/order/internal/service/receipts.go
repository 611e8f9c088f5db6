package service

import (
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// seesReceipts says who is told what a seller has of its sales: its own staff, headquarters, which settles, and services.
func seesReceipts(p tenancy.Principal, seller string) bool {
	return p.Kind == tenancy.Service || isStaff(p) && (p.Org == seller || p.Kind == tenancy.HQ && p.Store == "")
}

func toReceipts(r biz.Receipts, currency string) *orderv1.Receipts {
	out := &orderv1.Receipts{
		Amount: toMoney(r.AmountMinor, currency), Subsidy: toMoney(r.SubsidyMinor, currency), Back: toMoney(r.BackMinor, currency), Left: toMoney(r.LeftMinor(), currency),
	}
	for _, b := range r.Bearers {
		out.Bearers = append(out.Bearers, &orderv1.ReceiptsBearer{Role: bearerRoles[b.Role], Code: b.Code, AmountMinor: b.AmountMinor, LeftMinor: b.AmountMinor - b.BackMinor})
	}
	return out
}

func toEventReceipts(r *biz.TradeReceipts) *orderv1.EventReceipts {
	if r == nil {
		return nil
	}
	out := &orderv1.EventReceipts{Order: &orderv1.Receipts{
		Amount: toMoney(r.AmountMinor, r.Currency), Subsidy: toMoney(r.SubsidyMinor, r.Currency), Back: toMoney(r.BackMinor, r.Currency), Left: toMoney(r.LeftMinor, r.Currency),
	}}
	for _, b := range r.Bearers {
		out.Order.Bearers = append(out.Order.Bearers, &orderv1.ReceiptsBearer{Role: bearerRoles[b.Role], Code: b.Code, AmountMinor: b.AmountMinor, LeftMinor: b.LeftMinor})
	}
	for _, l := range r.Lines {
		out.Lines = append(out.Lines, &orderv1.LineReceipts{LineId: l.LineID, AmountMinor: l.AmountMinor, BackMinor: l.BackMinor, LeftMinor: l.LeftMinor})
	}
	return out
}
