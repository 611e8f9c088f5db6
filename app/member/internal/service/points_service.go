package service

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	kratos "github.com/go-kratos/kratos/v2/errors"

	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/barrier"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/page"
)

// pointsBranch is the barrier's name of freezing and unfreezing.
const pointsBranch = "points"

// GetPoints answers how many points a member has.
func (s *Member) GetPoints(ctx context.Context, req *memberv1.GetPointsRequest) (*memberv1.Points, error) {
	b, err := s.Ledger.Balances(forTill(ctx), req.GetMemberId())
	if err != nil {
		return nil, err
	}
	return toPoints(b), nil
}

// ListPointsEntries pages through a member's ledger, the latest entry first.
func (s *Member) ListPointsEntries(ctx context.Context, req *memberv1.ListPointsEntriesRequest) (*memberv1.ListPointsEntriesResponse, error) {
	// Someone else's member has no entries; say that it is not there.
	if _, err := s.Ledger.Balances(ctx, req.GetMemberId()); err != nil {
		return nil, err
	}
	query := page.Query(memberv1.Member_ListPointsEntries_FullMethodName, req.GetMemberId())
	after, err := page.Decode(s.Pages, req.GetPageToken(), query)
	if err != nil {
		return nil, fault.PageTokenInvalid().WithCause(err)
	}
	var before int64
	if len(after) == 1 {
		if before, err = strconv.ParseInt(after[0], 10, 64); err != nil {
			return nil, fault.PageTokenInvalid().WithCause(err)
		}
	}
	size := page.Size(req.GetPageSize())
	entries, err := s.Ledger.Entries(ctx, req.GetMemberId(), before, size+1)
	if err != nil {
		return nil, err
	}
	out := &memberv1.ListPointsEntriesResponse{}
	if len(entries) > size {
		entries = entries[:size]
		out.NextPageToken = page.Encode(s.Pages, query, strconv.FormatInt(entries[size-1].Seq, 10))
	}
	for _, e := range entries {
		out.Entries = append(out.Entries, toEntry(e))
	}
	return out, nil
}

// GetOrderFacts answers what an order freezes of its member.
func (s *Member) GetOrderFacts(ctx context.Context, req *memberv1.GetOrderFactsRequest) (*memberv1.OrderFacts, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, err
	}
	ctx = asCenter(ctx)
	now, err := s.DB.Now(ctx)
	if err != nil {
		return nil, err
	}
	m, err := s.Members.Get(ctx, req.GetMemberId())
	if err != nil {
		return nil, err
	}
	b, err := s.Ledger.Balances(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	facts := &memberv1.OrderFacts{MemberId: m.ID, HomeStoreCode: m.HomeStoreCode, SpendablePoints: b.Balance - b.Frozen,
		PointValueMinor: s.rules.Scheme.PointValueMinor, Tier: m.Tier, Segments: m.Segments}
	if m.Binding.Holds(now, s.rules.ProtectionUS) {
		facts.GuideCode, facts.GuideStoreCode, facts.GuideReason = m.Binding.GuideCode, m.Binding.StoreCode, m.Binding.Because()
	}
	return facts, nil
}

// FreezePoints holds points for an unpaid document.
func (s *Member) FreezePoints(ctx context.Context, req *memberv1.FreezePointsRequest) (*memberv1.FreezePointsResponse, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, err
	}
	return command.Local[struct{}, *memberv1.FreezePointsResponse]{
		Method: memberv1.Member_FreezePoints_FullMethodName, Request: req, Public: publicFreeze,
		Decide: func(ctx context.Context, _ struct{}) (*memberv1.FreezePointsResponse, error) {
			ctx = asCenter(ctx)
			freeze := func(ctx context.Context) error {
				_, err := s.Points.Freeze(ctx, req.GetMemberId(), req.GetDocument(), req.GetGid(), req.GetPoints())
				return err
			}
			err := s.try(ctx, req.GetGid(), freeze)
			if err != nil {
				return nil, err
			}
			now, err := s.Ledger.Balances(ctx, req.GetMemberId())
			if err != nil {
				return nil, err
			}
			return &memberv1.FreezePointsResponse{Points: toPoints(now)}, nil
		},
	}.Run(ctx, s.DB)
}

// UnfreezePoints undoes FreezePoints. It never refuses: what froze nothing has nothing to give back, and a freeze that
// comes later is refused.
func (s *Member) UnfreezePoints(ctx context.Context, req *memberv1.UnfreezePointsRequest) (*memberv1.UnfreezePointsResponse, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, err
	}
	return command.Local[struct{}, *memberv1.UnfreezePointsResponse]{
		Method: memberv1.Member_UnfreezePoints_FullMethodName, Request: req,
		Decide: func(ctx context.Context, _ struct{}) (*memberv1.UnfreezePointsResponse, error) {
			ctx = asCenter(ctx)
			var released int64
			unfreeze := func(ctx context.Context) (err error) {
				released, err = s.Points.Unfreeze(ctx, req.GetDocument(), req.GetGid())
				return err
			}
			var err error
			if req.GetGid() == "" {
				err = unfreeze(ctx)
			} else {
				err = barrier.Undo(ctx, req.GetGid(), pointsBranch, unfreeze)
			}
			if err != nil {
				return nil, err
			}
			return &memberv1.UnfreezePointsResponse{Unfrozen: released}, nil
		},
	}.Run(ctx, s.DB)
}

// try runs a step of a distributed transaction; without one there is nothing to guard against.
func (s *Member) try(ctx context.Context, gid string, fn func(context.Context) error) error {
	if gid == "" {
		return fn(ctx)
	}
	return barrier.Do(ctx, gid, pointsBranch, fn)
}

// publicFreeze names the late try by its reason in this center.
func publicFreeze(err error) error {
	if e, ok := errors.AsType[*kratos.Error](err); ok && e.Reason == barrier.ReasonLateTry {
		return fault.New(http.StatusConflict, memberv1.MemberErrorReason_MEMBER_LATE_TRY.String(), "the order was cancelled before its points were frozen: place it again").WithCause(err)
	}
	return fault.Public(err)
}

// GetDocumentPoints answers how the points of documents stand, for checks over centers.
func (s *Member) GetDocumentPoints(ctx context.Context, req *memberv1.GetDocumentPointsRequest) (*memberv1.GetDocumentPointsResponse, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, err
	}
	documents, err := s.Ledger.Documents(asCenter(ctx), req.GetDocuments())
	if err != nil {
		return nil, err
	}
	out := &memberv1.GetDocumentPointsResponse{}
	for _, d := range documents {
		out.Documents = append(out.Documents, toDocument(d))
	}
	return out, nil
}
