package service

import (
	"context"

	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/member/internal/biz"
)

// Signing in has no request id: a code is used once, which is all the repeat protection it needs, and an answer with a
// token must not be stored.

// SendSignInCode sends a one-time code to a phone.
func (s *Member) SendSignInCode(ctx context.Context, req *memberv1.SendSignInCodeRequest) (*memberv1.SendSignInCodeResponse, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, err
	}
	if s.SMS == nil {
		return nil, fault.Unavailable().WithCause(errNoGateway)
	}
	phone, err := biz.NormalizePhone(req.GetPhone(), s.rules.HomeCountry)
	if err != nil {
		return nil, err
	}
	code, err := biz.NewCode()
	if err != nil {
		return nil, err
	}
	out := &memberv1.SendSignInCodeResponse{}
	err = s.DB.InTx(asCenter(ctx), func(ctx context.Context) (err error) {
		out.ExpiresAtUs, err = s.Codes.Issue(ctx, s.Members.Hash(phone), code)
		return err
	})
	if err != nil {
		return nil, err
	}
	// After the commit: a code that was sent must be known.
	if out.SandboxCode, err = s.SMS.SendCode(ctx, phone, code); err != nil {
		return nil, err
	}
	return out, nil
}

// SignIn uses up the code and signs the member in; a new phone becomes a member.
func (s *Member) SignIn(ctx context.Context, req *memberv1.SignInRequest) (*memberv1.SignInResponse, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, err
	}
	phone, err := biz.NormalizePhone(req.GetPhone(), s.rules.HomeCountry)
	if err != nil {
		return nil, err
	}
	var member *biz.Member
	err = s.DB.InTx(asCenter(ctx), func(ctx context.Context) (err error) {
		member, err = s.admit(ctx, phone, req.GetCode(), req.GetChannel())
		return err
	})
	if err != nil {
		return nil, err
	}
	if member == nil {
		return nil, biz.CodeInvalid{}
	}
	caller := tenancy.Principal{Kind: tenancy.Member, ID: member.ID, Member: member.ID, Channel: req.GetChannel()}.WithScope()
	token, expires, err := s.Tokens.Issue(caller, s.rules.TokenTTL)
	if err != nil {
		return nil, err
	}
	return &memberv1.SignInResponse{AccessToken: token, ExpiresAtUs: expires, Member: toMember(member)}, nil
}

// admit returns nil when the code is wrong: the transaction commits, since the attempt counts.
func (s *Member) admit(ctx context.Context, phone, code, channel string) (*biz.Member, error) {
	hash := s.Members.Hash(phone)
	right, err := s.Codes.Use(ctx, hash, code)
	if err != nil || !right {
		return nil, err
	}
	now, err := s.DB.Now(ctx)
	if err != nil {
		return nil, err
	}
	known, err := s.Members.ByHash(ctx, []string{hash})
	if err != nil {
		return nil, err
	}
	m := known[hash]
	if m == nil {
		m = &biz.Member{ID: s.NewID(), Channels: []string{channel}, CreatedUS: now, UpdatedUS: now}
		return m, s.Members.Add(ctx, phone, m)
	}
	if m.Acquaint(channel, "") {
		m.UpdatedUS = now
		return m, s.Members.Save(ctx, m)
	}
	return m, nil
}
