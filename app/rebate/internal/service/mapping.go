package service

import (
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"github.com/onepool/onepool/app/rebate/internal/biz"
	"github.com/onepool/onepool/app/rebate/internal/data"
)

// Roles are written alike in the API and in the ledger.
func toRole(r rebatev1.Role) biz.Role { return biz.Role(r.String()) }

func fromRole(r biz.Role) rebatev1.Role { return rebatev1.Role(rebatev1.Role_value[string(r)]) }

func toPolicy(req *rebatev1.PutPolicyRequest) biz.Policy {
	p := biz.Policy{Code: req.GetCode(), Name: req.GetName(), Channels: req.GetChannels()}
	for _, share := range req.GetShares() {
		p.Shares = append(p.Shares, biz.Share{Role: toRole(share.GetRole()), RateBP: share.GetRateBp()})
	}
	return p.Normalize()
}

func fromPolicy(p biz.Policy) *rebatev1.Policy {
	out := &rebatev1.Policy{Code: p.Code, Version: int32(p.Version), Name: p.Name, Channels: p.Channels, InForceFromUs: p.InForceFromUS, Active: p.InForceUntilUS == 0}
	for _, share := range p.Shares {
		out.Shares = append(out.Shares, &rebatev1.PolicyShare{Role: fromRole(share.Role), RateBp: share.RateBP})
	}
	return out
}

func toOrder(c *rebatev1.AccrueCall) biz.Order {
	o := biz.Order{ID: c.GetOrderId(), Channel: c.GetChannel(), Seller: c.GetSellerOrg(), Currency: c.GetCurrency(), PaidUS: c.GetPaidAtUs()}
	for _, l := range c.GetLines() {
		o.Lines = append(o.Lines, biz.SoldLine{ID: l.GetLineId(), SKU: l.GetSku(), Quantity: l.GetQuantity(), BaseMinor: l.GetBaseMinor()})
	}
	for _, a := range c.GetAttributions() {
		o.Attributions = append(o.Attributions, biz.Attribution{Role: toRole(a.GetRole()), Payee: a.GetPayee(), Org: a.GetPayeeOrg(), Reason: a.GetReason()})
	}
	return o
}

func toShipped(lines []*rebatev1.SupplyLine) []biz.Shipped {
	out := make([]biz.Shipped, len(lines))
	for i, l := range lines {
		out[i] = biz.Shipped{Line: l.GetLineId(), SKU: l.GetSku(), Owner: l.GetOwnerOrg(), Quantity: l.GetQuantity(), PriceMinor: l.GetPriceMinor(), FeeMinor: l.GetFeeMinor()}
	}
	return out
}

func toRefunded(lines []*rebatev1.ClawBackLine) []biz.Refunded {
	out := make([]biz.Refunded, len(lines))
	for i, l := range lines {
		out[i] = biz.Refunded{Line: l.GetLineId(), RefundedMinor: l.GetRefundedMinor()}
	}
	return out
}

func fromAccrual(a *biz.Accrual) *rebatev1.Accrual {
	state := "pending"
	if a.Earned {
		state = "earned"
	}
	return &rebatev1.Accrual{Id: a.ID, OrderId: a.Order, LineId: a.Line, PolicyCode: a.PolicyCode, PolicyVersion: int32(a.PolicyVersion),
		Role: fromRole(a.Role), Payee: a.Payee, PayeeOrg: a.Org, Reason: a.Reason, BaseMinor: a.BaseMinor, AccruedMinor: a.AccruedMinor,
		ClawedBackMinor: a.ClawedBackMinor, SettledMinor: a.SettledMinor, State: state, Currency: a.Currency, AccruedAtUs: a.AccruedUS, EarnedAtUs: a.EarnedUS,
		SellerOrg: a.Seller, Channel: a.Channel}
}

func fromSupply(s biz.Supply) *rebatev1.SupplyEntry {
	return &rebatev1.SupplyEntry{Id: s.ID, OrderId: s.Order, LineId: s.Line, FulfilmentId: s.Document, Sku: s.SKU, OwnerOrg: s.Owner, SellerOrg: s.Seller,
		Quantity: s.Quantity, PriceMinor: s.PriceMinor, AmountMinor: s.AmountMinor, FeeMinor: s.FeeMinor, Currency: s.Currency, AtUs: s.AtUS}
}

func fromStatement(s biz.Statement) (*rebatev1.Statement, error) {
	total, err := s.TotalMinor()
	if err != nil {
		return nil, err
	}
	return &rebatev1.Statement{Id: s.ID, Period: s.Period, PayeeOrg: s.Org, Payee: s.Code, Role: fromRole(s.Role), Currency: s.Currency,
		EarnedMinor: s.EarnedMinor, ClawedBackMinor: s.ClawedBackMinor, CarriedMinor: s.CarriedMinor, TotalMinor: total, Closed: s.Closed, ClosedAtUs: s.ClosedUS}, nil
}

func fromBalance(b data.Balance) *rebatev1.AccountBalance {
	return &rebatev1.AccountBalance{Account: b.Account, Org: b.Org, Currency: b.Currency, DebitMinor: b.DebitMinor, CreditMinor: b.CreditMinor}
}
