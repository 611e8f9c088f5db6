package service

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"github.com/onepool/onepool/app/internal/barrier"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/saga"
)

// Branch is what the transaction coordinator calls. Nothing here refuses: what cannot be done now is asked for again.
type Branch struct {
	rebatev1.UnimplementedRebateBranchServer
	rebate *Rebate
	// branch says which call of which transaction this is; a test's own, or the verified one.
	branch func(context.Context) (saga.Branch, bool)
}

// NewBranch serves the coordinator with the same use cases.
func NewBranch(r *Rebate) *Branch { return &Branch{rebate: r, branch: saga.BranchFromContext} }

// Accrue books what the attributions of a paid order promise.
func (b *Branch) Accrue(ctx context.Context, req *rebatev1.AccrueCall) (*emptypb.Empty, error) {
	return b.once(ctx, func(ctx context.Context) error { return b.rebate.rebates.Accrue(ctx, toOrder(req)) })
}

// Earn makes the accruals of lines owed.
func (b *Branch) Earn(ctx context.Context, req *rebatev1.EarnCall) (*emptypb.Empty, error) {
	return b.once(ctx, func(ctx context.Context) error {
		return b.rebate.rebates.Earn(ctx, req.GetOrderId(), req.GetLineIds())
	})
}

// ClawBack takes back the accruals of refunded lines.
func (b *Branch) ClawBack(ctx context.Context, req *rebatev1.ClawBackCall) (*emptypb.Empty, error) {
	return b.once(ctx, func(ctx context.Context) error {
		return b.rebate.rebates.ClawBack(ctx, req.GetRefund(), req.GetOrderId(), toRefunded(req.GetLines()))
	})
}

// RecordSupply books goods that an owner shipped for another one's sale.
func (b *Branch) RecordSupply(ctx context.Context, req *rebatev1.RecordSupplyCall) (*emptypb.Empty, error) {
	return b.once(ctx, func(ctx context.Context) error {
		return b.rebate.rebates.RecordSupply(ctx, req.GetOrderId(), req.GetDocument(), req.GetSellerOrg(), req.GetCurrency(), toShipped(req.GetLines()))
	})
}

// once runs fn in a transaction, once for each branch of the coordinator.
func (b *Branch) once(ctx context.Context, fn func(context.Context) error) (*emptypb.Empty, error) {
	branch, ok := b.branch(ctx)
	if !ok {
		return nil, fault.Branch(fault.Confirm, fault.Forbidden("the coordinator"))
	}
	if err := failpoint.Hit("rebate.branch.before"); err != nil {
		return nil, fault.Branch(fault.Confirm, err)
	}
	err := b.rebate.db.InTx(asCenter(ctx), func(ctx context.Context) error {
		return barrier.Once(ctx, branch.GID, center+branch.ID, branch.Op, fn)
	})
	if err != nil {
		return nil, fault.Branch(fault.Confirm, fault.Unavailable().WithCause(err))
	}
	// Committed, but the coordinator does not know: it asks again, and the barrier answers.
	if err := failpoint.Hit("rebate.branch.after"); err != nil {
		return nil, fault.Branch(fault.Confirm, err)
	}
	return &emptypb.Empty{}, nil
}
