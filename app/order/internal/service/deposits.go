package service

import (
	"context"
	"slices"
	"strings"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// Deposits is the service of goods that are sold for a deposit first.
type Deposits struct {
	orderv1.UnimplementedDepositsServer
	terms *TradeTerms
}

// NewDeposits shares the book of terms.
func NewDeposits(terms *TradeTerms) *Deposits { return &Deposits{terms: terms} }

// depositor is a caller who may say which goods of a seller are sold for a deposit: headquarters, or those who decide about the
// seller's money.
func depositor(ctx context.Context, seller string) (tenancy.Principal, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil || p.Kind != tenancy.Dealer && p.Kind != tenancy.Franchisee {
		return promoter(ctx)
	}
	switch {
	case p.Store != "" || !slices.ContainsFunc(p.Roles, func(role string) bool { return slices.Contains(approverRoles, role) }):
		err = biz.Forbidden(strings.Join(approverRoles, " or ") + " of the whole organisation")
	case p.Org != seller:
		err = biz.Forbidden("the seller's organisation")
	}
	return p, err
}

// PutDepositTerms stores terms, and lists them in the audit log.
func (s *Deposits) PutDepositTerms(ctx context.Context, in *orderv1.PutDepositTermsRequest) (*orderv1.DepositTerms, error) {
	p, err := depositor(ctx, in.GetSellerOrg())
	if err != nil {
		return nil, err
	}
	return command.Local[struct{}, *orderv1.DepositTerms]{
		Method: orderv1.Deposits_PutDepositTerms_FullMethodName, Request: in,
		Decide: func(ctx context.Context, _ struct{}) (*orderv1.DepositTerms, error) {
			now, err := s.terms.db.Now(ctx)
			if err != nil {
				return nil, err
			}
			d := fromDepositTerms(in, biz.Dated{FromUS: now, ChangedBy: p.Actor(), ChangedUS: now})
			if err := d.Validate(); err != nil {
				return nil, err
			}
			kept, err := s.terms.book.PutDeposit(ctx, d)
			if err != nil {
				return nil, err
			}
			return toDepositTerms(kept), platform.AppendAudit(ctx, platform.AuditEntry{Actor: p.Actor(), Action: "order.deposit.put", Subject: d.Scope()})
		},
	}.Run(ctx, s.terms.db)
}

// ListDepositTerms pages through the terms that concern the caller.
func (s *Deposits) ListDepositTerms(ctx context.Context, in *orderv1.ListDepositTermsRequest) (*orderv1.ListDepositTermsResponse, error) {
	p, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	seller := p.Org
	if p.Kind == tenancy.HQ {
		seller = ""
	}
	read := func(ctx context.Context, after *data.TermKey, limit int) ([]biz.DepositTerms, error) {
		return s.terms.book.Deposits(ctx, seller, after, limit)
	}
	terms, next, err := listTerms(ctx, s.terms, "deposit terms", in, read, toDepositTerms)
	return &orderv1.ListDepositTermsResponse{Terms: terms, NextPageToken: next}, err
}

// balance reminds a buyer of the balance, or ends an order whose balance is late: unless its provider says that it was paid.
func (s *Order) balance(ctx context.Context, orderID string) error {
	now, err := s.DB.Now(ctx)
	if err != nil {
		return err
	}
	r, err := s.Orders.Load(ctx, orderID)
	if err != nil {
		return err
	}
	if r.State != biz.OrderDepositPaid || r.Deposit.BalanceUntilUS > now {
		return s.inTx(ctx, orderID, (*biz.Order).RemindBalance)
	}
	if err := failpoint.Hit("order.forfeit.close.before"); err != nil {
		return err
	}
	closed, err := s.closeThere(ctx, r)
	if err == nil {
		err = failpoint.Hit("order.forfeit.close.after")
	}
	if err != nil {
		return err
	}
	return s.inTx(ctx, orderID, func(o *biz.Order) error {
		err := o.Forfeit()
		o.ClosedThere(closed...)
		return err
	})
}

func fromDepositTerms(in *orderv1.PutDepositTermsRequest, dated biz.Dated) biz.DepositTerms {
	if in.GetFromUs() > 0 {
		dated.FromUS = in.GetFromUs()
	}
	d := biz.DepositTerms{
		Seller: in.GetSellerOrg(), SKU: in.GetSku(), Category: in.GetCategory(), DepositMinor: in.GetDepositMinor(), DepositBP: in.GetDepositBp(),
		DepositUntilUS: in.GetDepositUntilUs(), BalanceFromUS: in.GetBalanceFromUs(), BalanceUntilUS: in.GetBalanceUntilUs(), ForfeitBP: in.GetForfeitBp(),
		Withdrawn: in.GetWithdrawn(), Dated: dated,
	}
	if d.DepositUntilUS == 0 {
		d.DepositUntilUS = d.BalanceFromUS
	}
	return d
}

func toDepositTerms(d biz.DepositTerms) *orderv1.DepositTerms {
	return &orderv1.DepositTerms{
		SellerOrg: d.Seller, Sku: d.SKU, Category: d.Category, DepositMinor: d.DepositMinor, DepositBp: d.DepositBP, DepositUntilUs: d.DepositUntilUS,
		BalanceFromUs: d.BalanceFromUS, BalanceUntilUs: d.BalanceUntilUS, ForfeitBp: d.ForfeitBP, Withdrawn: d.Withdrawn, FromUs: d.FromUS, Version: d.Version,
		ChangedBy: d.ChangedBy, ChangedAtUs: d.ChangedUS,
	}
}

func toDeposit(d *biz.Deposit, toPayMinor int64, currency string) *orderv1.OrderDeposit {
	if d == nil {
		return nil
	}
	return &orderv1.OrderDeposit{
		Amount: toMoney(d.AmountMinor, currency), Balance: toMoney(toPayMinor-d.AmountMinor, currency), BalanceFromUs: d.BalanceFromUS, BalanceUntilUs: d.BalanceUntilUS,
		AtRisk: toMoney(d.AtRiskMinor(), currency), PaidAtUs: d.PaidAtUS, Forfeited: toMoney(d.ForfeitedMinor, currency),
	}
}
