package service

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/internal/barrier"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/member/internal/biz"
)

// Branch is what the transaction coordinator calls. Nothing here refuses: what cannot be done now is asked for again.
type Branch struct {
	memberv1.UnimplementedMemberBranchServer
	member *Member
	// branch says which call of which transaction this is; a test's own, or the verified one.
	branch func(context.Context) (saga.Branch, bool)
}

// NewBranch serves the coordinator with the same use cases.
func NewBranch(m *Member) *Branch { return &Branch{member: m, branch: saga.BranchFromContext} }

// SettlePaid spends what a paid document froze, and accrues its lines.
func (b *Branch) SettlePaid(ctx context.Context, req *memberv1.SettlePaidCall) (*emptypb.Empty, error) {
	return b.once(ctx, func(ctx context.Context) error {
		lines := make([]biz.PaidLine, len(req.GetLines()))
		for i, l := range req.GetLines() {
			lines[i] = biz.PaidLine{ID: l.GetLineId(), BaseMinor: l.GetBaseMinor()}
		}
		return b.member.Points.SettlePaid(ctx, req.GetMemberId(), req.GetDocument(), lines, req.GetChannel(), req.GetStoreCode())
	})
}

// Unfreeze gives back what a document holds.
func (b *Branch) Unfreeze(ctx context.Context, req *memberv1.UnfreezeCall) (*emptypb.Empty, error) {
	return b.once(ctx, func(ctx context.Context) error {
		_, err := b.member.Points.Unfreeze(ctx, req.GetDocument(), "")
		return err
	})
}

// Earn makes pending points of lines the member's.
func (b *Branch) Earn(ctx context.Context, req *memberv1.EarnCall) (*emptypb.Empty, error) {
	return b.once(ctx, func(ctx context.Context) error {
		return b.member.Points.Earn(ctx, req.GetDocument(), req.GetLineIds())
	})
}

// ClawBack takes back what refunded lines accrued.
func (b *Branch) ClawBack(ctx context.Context, req *memberv1.ClawBackCall) (*emptypb.Empty, error) {
	return b.once(ctx, func(ctx context.Context) error {
		lines := make([]biz.RefundedLine, len(req.GetLines()))
		for i, l := range req.GetLines() {
			lines[i] = biz.RefundedLine{ID: l.GetLineId(), RefundedMinor: l.GetRefundedMinor(), GiveBackPoints: l.GetGiveBackPoints()}
		}
		return b.member.Points.ClawBack(ctx, req.GetRefund(), req.GetDocument(), lines)
	})
}

// once runs fn in a transaction, once for each branch of the coordinator.
func (b *Branch) once(ctx context.Context, fn func(context.Context) error) (*emptypb.Empty, error) {
	branch, ok := b.branch(ctx)
	if !ok {
		return nil, fault.Branch(fault.Confirm, fault.Forbidden("the coordinator"))
	}
	if err := failpoint.Hit("member.branch.before"); err != nil {
		return nil, fault.Branch(fault.Confirm, err)
	}
	err := b.member.DB.InTx(asCenter(ctx), func(ctx context.Context) error {
		return barrier.Once(ctx, branch.GID, center+branch.ID, branch.Op, fn)
	})
	if err != nil {
		// Whatever is missing is not missing for good: a member that this database does not know yet is no success.
		return nil, fault.Branch(fault.Confirm, fault.Unavailable().WithCause(err))
	}
	// Committed, but the coordinator does not know: it asks again, and the barrier answers.
	if err := failpoint.Hit("member.branch.after"); err != nil {
		return nil, fault.Branch(fault.Confirm, err)
	}
	return &emptypb.Empty{}, nil
}
