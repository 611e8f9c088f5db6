// Package service serves the member center's API: it checks shape and roles, and maps.
//
// A member's rows are the brand's: only headquarters and the member itself reach them by their own scope. Every other
// use case says here who may ask, and then acts as the center's own service.
package service

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/batch/wire"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/member/internal/biz"
	"github.com/onepool/onepool/app/member/internal/data"
)

const (
	center  = "member"
	maxCode = 64
)

// Rules are what the brand has chosen.
type Rules struct {
	Scheme biz.Scheme
	// HomeCountry is the calling code that phones are written without.
	HomeCountry string
	// ProtectionUS is how long a guide's binding is protected.
	ProtectionUS int64
	TokenTTL     time.Duration
}

// Parts are what the service works with.
type Parts struct {
	DB        *database.DB
	Members   *data.Members
	Ledger    *data.Points
	Codes     *data.Codes
	Points    *biz.Points
	Import    *biz.Import
	Directory biz.Directory
	// SMS is nil when nothing can send codes.
	SMS    biz.SMSGateway
	Tokens *authn.Tokens
	// Pages is the key of page tokens.
	Pages []byte
	NewID func() string
}

// Member is the service.
type Member struct {
	memberv1.UnimplementedMemberServer
	Parts
	rules Rules
}

// New makes the service.
func New(p Parts, r Rules) *Member { return &Member{Parts: p, rules: r} }

// asCenter acts as this center: its rows are out of the caller's own reach.
func asCenter(ctx context.Context) context.Context { return tenancy.WithService(ctx, center) }

// forTill acts as this center for a till, which reaches members through the frontend that serves it; everybody else has
// its own scope.
func forTill(ctx context.Context) context.Context {
	p, err := tenancy.FromContext(ctx)
	if _, inside := authn.Service(ctx); err == nil && inside && p.Kind == tenancy.Device {
		return asCenter(ctx)
	}
	return ctx
}

func requireEditor(ctx context.Context) error { return authn.RequireHQ(ctx, "admin", "operator") }

// ImportMembers keeps the good rows of a batch.
func (s *Member) ImportMembers(ctx context.Context, req *memberv1.ImportMembersRequest) (*commonv1.ImportResult, error) {
	if err := requireEditor(ctx); err != nil {
		return nil, err
	}
	return command.Local[biz.Known, *commonv1.ImportResult]{
		Method: memberv1.Member_ImportMembers_FullMethodName, Request: req,
		Facts: func(ctx context.Context) (biz.Known, error) { return s.known(ctx, req.GetRows()) },
		Decide: func(ctx context.Context, known biz.Known) (*commonv1.ImportResult, error) {
			result, err := s.Import.Rows(asCenter(ctx), req.GetDocument(), toRows(req.GetRows()), known)
			if err != nil {
				return nil, err
			}
			return wire.ImportResult(result), nil
		},
	}.Run(ctx, s.DB)
}

// known asks for the guides and stores of a batch; codes that are too long are nobody's.
func (s *Member) known(ctx context.Context, rows []*memberv1.ImportMemberRow) (known biz.Known, err error) {
	guides, stores := map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		for code, set := range map[string]map[string]bool{strings.TrimSpace(row.GetGuideCode()): guides, strings.TrimSpace(row.GetHomeStoreCode()): stores} {
			if code != "" && len(code) <= maxCode {
				set[code] = true
			}
		}
	}
	if known.Guides, err = s.Directory.Guides(ctx, slices.Sorted(maps.Keys(guides))); err != nil {
		return known, err
	}
	known.Stores, err = s.Directory.Stores(ctx, slices.Sorted(maps.Keys(stores)))
	return known, err
}

// ListMembers pages through the members by id; a store's staff does not see members.
func (s *Member) ListMembers(ctx context.Context, req *memberv1.ListMembersRequest) (*memberv1.ListMembersResponse, error) {
	if err := authn.Require(ctx, "hq"); err != nil {
		return nil, err
	}
	query := page.Query(memberv1.Member_ListMembers_FullMethodName, req.GetHomeStoreCode())
	after, err := page.Decode(s.Pages, req.GetPageToken(), query)
	if err != nil {
		return nil, fault.PageTokenInvalid().WithCause(err)
	}
	last, size := "", page.Size(req.GetPageSize())
	if len(after) == 1 {
		last = after[0]
	}
	members, err := s.Members.List(ctx, req.GetHomeStoreCode(), last, size+1)
	if err != nil {
		return nil, err
	}
	out := &memberv1.ListMembersResponse{}
	if len(members) > size {
		members = members[:size]
		out.NextPageToken = page.Encode(s.Pages, query, members[size-1].ID)
	}
	for _, m := range members {
		out.Members = append(out.Members, toHeadquarters(m))
	}
	return out, nil
}

// GetMember answers who a member is.
func (s *Member) GetMember(ctx context.Context, req *memberv1.GetMemberRequest) (*memberv1.MemberInfo, error) {
	m, err := s.Members.Get(forTill(ctx), req.GetMemberId())
	if err != nil {
		return nil, err
	}
	if p, err := tenancy.FromContext(ctx); err == nil && p.Kind == tenancy.HQ {
		return toHeadquarters(m), nil
	}
	return toMember(m), nil
}

// FindByPhone finds a member for a till.
func (s *Member) FindByPhone(ctx context.Context, req *memberv1.FindByPhoneRequest) (*memberv1.MemberInfo, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, err
	}
	phone, err := biz.NormalizePhone(req.GetPhone(), s.rules.HomeCountry)
	if err != nil {
		return nil, err
	}
	m, err := s.Members.ByPhone(asCenter(ctx), phone)
	if err != nil {
		return nil, err
	}
	return toMember(m), nil
}

// BindGuide makes a member a guide's customer, unless another guide is protected.
func (s *Member) BindGuide(ctx context.Context, req *memberv1.BindGuideRequest) (*memberv1.MemberInfo, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	return command.Local[biz.Guide, *memberv1.MemberInfo]{
		Method: memberv1.Member_BindGuide_FullMethodName, Request: req,
		Facts: func(ctx context.Context) (biz.Guide, error) {
			known, err := s.Directory.Guides(ctx, []string{req.GetGuideCode()})
			if err != nil {
				return biz.Guide{}, err
			}
			return known[req.GetGuideCode()], nil
		},
		Decide: func(ctx context.Context, guide biz.Guide) (*memberv1.MemberInfo, error) {
			if err := mayBind(p, req.GetMemberId(), guide); err != nil {
				return nil, err
			}
			if !guide.Active {
				return nil, fault.NotFound("guide")
			}
			return s.bind(asCenter(ctx), req, guide)
		},
	}.Run(ctx, s.DB)
}

// mayBind: headquarters binds anybody; people of an organisation bind to its own guides, whom the customer has met; a
// member binds itself, by scanning a guide's code.
func mayBind(p tenancy.Principal, member string, guide biz.Guide) error {
	switch {
	case p.Kind == tenancy.HQ && (p.HasRole("admin") || p.HasRole("operator") || p.Scope.Covers(guide.OrgCode) && p.Store != "" && p.Store == guide.StoreCode):
		return nil
	case p.Kind == tenancy.Member && p.Member == member:
		return nil
	case (p.Kind == tenancy.Franchisee || p.Kind == tenancy.Dealer || p.Kind == tenancy.Device) && guide.OrgCode != "" && p.Scope.Covers(guide.OrgCode):
		return nil
	case p.Kind == tenancy.Service && p.Scope.All:
		return nil
	}
	return fault.Forbidden("operator, or staff of the guide's store")
}

func (s *Member) bind(ctx context.Context, req *memberv1.BindGuideRequest, guide biz.Guide) (*memberv1.MemberInfo, error) {
	now, err := s.DB.Now(ctx)
	if err != nil {
		return nil, err
	}
	m, err := s.Members.Lock(ctx, req.GetMemberId())
	if err != nil {
		return nil, err
	}
	next := biz.Binding{GuideCode: guide.Code, StoreCode: guide.StoreCode, Reason: req.GetReason(), BoundUS: now}
	bound, changed := m.Binding.Rebind(next, s.rules.ProtectionUS)
	if !changed {
		if bound.GuideCode != guide.Code {
			return nil, biz.Conflict{State: "bound", Message: "the member is another guide's customer: it can be bound again when the protection period is over"}
		}
		return toMember(m), nil
	}
	m.Binding, m.UpdatedUS = bound, now
	if err := s.Members.Save(ctx, m); err != nil {
		return nil, err
	}
	return toMember(m), nil
}

// CheckInvariants proves what must always hold.
func (s *Member) CheckInvariants(ctx context.Context, req *commonv1.CheckInvariantsRequest) (*commonv1.CheckInvariantsResponse, error) {
	if err := requireAuditor(ctx); err != nil {
		return nil, err
	}
	return invariant.Run(ctx, s.DB, center, req.GetLimit(), data.Checks())
}

func requireAuditor(ctx context.Context) error {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return err
	}
	if p.Kind != tenancy.HQ && !(p.Kind == tenancy.Service && p.Scope.All) {
		return fault.Forbidden("admin or operator")
	}
	return authn.Require(ctx, "admin", "operator", "service")
}

// errNoGateway: codes cannot be sent; trying again does not help until the configuration has a gateway.
var errNoGateway = errors.New("no SMS gateway is configured, and the sandbox is off")
