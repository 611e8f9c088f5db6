package service

import (
	"context"

	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/member/internal/biz"
)

// IssueMemberCode makes a one-time code for the member who calls. It has no request id: a repeat makes another code, and
// the answer must not be stored.
func (s *Member) IssueMemberCode(ctx context.Context, _ *memberv1.IssueMemberCodeRequest) (*memberv1.IssueMemberCodeResponse, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if p.Kind != tenancy.Member || p.Member == "" {
		return nil, fault.Forbidden("member")
	}
	// A token may outlive its member.
	if _, err := s.Members.Get(ctx, p.Member); err != nil {
		return nil, err
	}
	code, expiresUS, err := s.Codes.IssueMember(asCenter(ctx), p.Member)
	if err != nil {
		return nil, err
	}
	return &memberv1.IssueMemberCodeResponse{Code: code, ExpiresAtUs: expiresUS}, nil
}

// RedeemMemberCode uses a code up for a till and says whose it is.
func (s *Member) RedeemMemberCode(ctx context.Context, req *memberv1.RedeemMemberCodeRequest) (*memberv1.MemberInfo, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, err
	}
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if p.Kind != tenancy.Device || p.Store == "" {
		return nil, fault.Forbidden("device")
	}
	found, err := command.Local[struct{}, *memberv1.MemberInfo]{
		Method: memberv1.Member_RedeemMemberCode_FullMethodName, Request: req,
		// A wrong code is answered with nobody, not refused: a refusal would undo the count of wrong ones.
		Decide: func(ctx context.Context, _ struct{}) (*memberv1.MemberInfo, error) {
			ctx = asCenter(ctx)
			id, err := s.Codes.Redeem(ctx, p.Store, req.GetCode(), req.GetMemberId())
			if err != nil || id == "" {
				return &memberv1.MemberInfo{}, err
			}
			m, err := s.Members.Get(ctx, id)
			if err != nil {
				return nil, err
			}
			return toMember(m), nil
		},
	}.Run(ctx, s.DB)
	if err != nil {
		return nil, err
	}
	if found.GetId() == "" {
		return nil, biz.MemberCodeInvalid{}
	}
	return found, nil
}
