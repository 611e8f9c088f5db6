// Package service serves the rebate center's API: it checks shape and roles, and maps.
//
// Headquarters' people with a book-keeping role see all; the managers of a franchisee or dealer see what their
// organisation is paid and supplies; nobody else sees the books, neither do the managers of headquarters' own stores.
package service

import (
	"context"
	"strconv"
	"time"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/rebate/internal/biz"
	"github.com/onepool/onepool/app/rebate/internal/data"
)

const (
	center = "rebate"
	// maxOrderSupplies bounds what one check over centers reads: 200 orders of 200 lines never have more.
	maxOrderSupplies = 100_000
)

// Rebate is the service.
type Rebate struct {
	rebatev1.UnimplementedRebateServer
	db      *database.DB
	ledger  *data.Ledger
	rebates *biz.Rebates
	zone    *time.Location
	pages   []byte
}

// New makes the service; zone is where the brand's months begin, pages the key of page tokens.
func New(db *database.DB, ledger *data.Ledger, zone *time.Location, pages []byte) *Rebate {
	return &Rebate{db: db, ledger: ledger, rebates: biz.NewRebates(ledger, db), zone: zone, pages: pages}
}

// asCenter acts as this center: a command of one party changes rows of all.
func asCenter(ctx context.Context) context.Context { return tenancy.WithService(ctx, center) }

// requireHQ lets headquarters' people with one of the roles through, and services with all organisations in scope.
func requireHQ(ctx context.Context, roles ...string) error {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return err
	}
	switch {
	case p.Kind == tenancy.Service && p.Scope.All:
		return nil
	case p.Kind != tenancy.HQ:
		return fault.Forbidden("finance")
	}
	return authn.Require(ctx, roles...)
}

// requireReader lets those through who may see their part of the books.
func requireReader(ctx context.Context) error {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return err
	}
	if p.Direct { // headquarters' books are not a store's
		return fault.Forbidden("finance")
	}
	if p.Kind == tenancy.Franchisee || p.Kind == tenancy.Dealer {
		return authn.Require(ctx, "manager", "finance")
	}
	return requireHQ(ctx, "admin", "operator", "finance")
}

// whose binds a page token to what the caller sees.
func whose(ctx context.Context) string {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return ""
	}
	return p.Caller()
}

// PutPolicy saves a policy as a new version, unless it says the same.
func (s *Rebate) PutPolicy(ctx context.Context, req *rebatev1.PutPolicyRequest) (*rebatev1.Policy, error) {
	if err := requireHQ(ctx, "admin", "finance"); err != nil {
		return nil, err
	}
	policy := toPolicy(req)
	return command.Local[struct{}, *rebatev1.Policy]{
		Method: rebatev1.Rebate_PutPolicy_FullMethodName, Request: req,
		Decide: func(ctx context.Context, _ struct{}) (*rebatev1.Policy, error) {
			if err := policy.Validate(); err != nil {
				return nil, err
			}
			ctx = asCenter(ctx)
			latest, err := s.ledger.Latest(ctx, policy.Code)
			if err != nil {
				return nil, err
			}
			policy.Version = 1
			if latest != nil {
				if latest.Content() == policy.Content() {
					return fromPolicy(*latest), nil
				}
				policy.Version = latest.Version + 1
			}
			if policy.InForceFromUS, err = s.db.Now(ctx); err != nil {
				return nil, err
			}
			if err := s.ledger.AddPolicy(ctx, policy); err != nil {
				return nil, err
			}
			return fromPolicy(policy), nil
		},
	}.Run(ctx, s.db)
}

// ListPolicies pages through all versions, by code and version.
func (s *Rebate) ListPolicies(ctx context.Context, req *rebatev1.ListPoliciesRequest) (*rebatev1.ListPoliciesResponse, error) {
	if err := requireReader(ctx); err != nil {
		return nil, err
	}
	query := page.Query(rebatev1.Rebate_ListPolicies_FullMethodName)
	after, err := s.after(req.GetPageToken(), query, 2)
	if err != nil {
		return nil, err
	}
	version, err := strconv.Atoi(or(after[1], "0"))
	if err != nil {
		return nil, fault.PageTokenInvalid().WithCause(err)
	}
	size := page.Size(req.GetPageSize())
	policies, err := s.ledger.Policies(ctx, after[0], version, size+1)
	if err != nil {
		return nil, err
	}
	out := &rebatev1.ListPoliciesResponse{}
	if len(policies) > size {
		policies = policies[:size]
		last := policies[size-1]
		out.NextPageToken = page.Encode(s.pages, query, last.Code, strconv.Itoa(last.Version))
	}
	for _, p := range policies {
		out.Policies = append(out.Policies, fromPolicy(p))
	}
	return out, nil
}

// ListAccruals pages through the accruals that the caller is paid by.
func (s *Rebate) ListAccruals(ctx context.Context, req *rebatev1.ListAccrualsRequest) (*rebatev1.ListAccrualsResponse, error) {
	if err := requireReader(ctx); err != nil {
		return nil, err
	}
	query := page.Query(rebatev1.Rebate_ListAccruals_FullMethodName, req.GetOrderId(), req.GetPayee(), whose(ctx))
	after, err := s.after(req.GetPageToken(), query, 1)
	if err != nil {
		return nil, err
	}
	size := page.Size(req.GetPageSize())
	accruals, err := s.ledger.ListAccruals(ctx, req.GetOrderId(), req.GetPayee(), after[0], size+1)
	if err != nil {
		return nil, err
	}
	out := &rebatev1.ListAccrualsResponse{}
	if len(accruals) > size {
		accruals = accruals[:size]
		out.NextPageToken = page.Encode(s.pages, query, accruals[size-1].ID)
	}
	for _, a := range accruals {
		out.Accruals = append(out.Accruals, fromAccrual(a))
	}
	return out, nil
}

// ListSupplyEntries pages through the supplies in which the caller has a part.
func (s *Rebate) ListSupplyEntries(ctx context.Context, req *rebatev1.ListSupplyEntriesRequest) (*rebatev1.ListSupplyEntriesResponse, error) {
	if err := requireReader(ctx); err != nil {
		return nil, err
	}
	query := page.Query(rebatev1.Rebate_ListSupplyEntries_FullMethodName, req.GetOrderId(), whose(ctx))
	after, err := s.after(req.GetPageToken(), query, 1)
	if err != nil {
		return nil, err
	}
	var orders []string
	if req.GetOrderId() != "" {
		orders = []string{req.GetOrderId()}
	}
	size := page.Size(req.GetPageSize())
	supplies, err := s.ledger.Supplies(ctx, orders, after[0], size+1)
	if err != nil {
		return nil, err
	}
	out := &rebatev1.ListSupplyEntriesResponse{}
	if len(supplies) > size {
		supplies = supplies[:size]
		out.NextPageToken = page.Encode(s.pages, query, supplies[size-1].ID)
	}
	for _, supply := range supplies {
		out.Entries = append(out.Entries, fromSupply(supply))
	}
	return out, nil
}

// GetTrialBalance sums up the journal.
func (s *Rebate) GetTrialBalance(ctx context.Context, _ *rebatev1.GetTrialBalanceRequest) (*rebatev1.TrialBalance, error) {
	if err := requireHQ(ctx, "admin", "finance"); err != nil {
		return nil, err
	}
	balances, err := s.ledger.TrialBalance(ctx)
	if err != nil {
		return nil, err
	}
	out := &rebatev1.TrialBalance{}
	for _, b := range balances {
		out.Accounts = append(out.Accounts, fromBalance(b))
	}
	return out, nil
}

// GetOrderAccruals answers what orders have accrued and supplied, for checks over centers.
func (s *Rebate) GetOrderAccruals(ctx context.Context, req *rebatev1.GetOrderAccrualsRequest) (*rebatev1.GetOrderAccrualsResponse, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, err
	}
	ctx = asCenter(ctx)
	accruals, err := s.ledger.OfOrders(ctx, req.GetOrderIds())
	if err != nil {
		return nil, err
	}
	supplies, err := s.ledger.Supplies(ctx, req.GetOrderIds(), "", maxOrderSupplies)
	if err != nil {
		return nil, err
	}
	out := &rebatev1.GetOrderAccrualsResponse{}
	for _, a := range accruals {
		out.Accruals = append(out.Accruals, fromAccrual(a))
	}
	for _, supply := range supplies {
		out.SupplyEntries = append(out.SupplyEntries, fromSupply(supply))
	}
	return out, nil
}

// CheckInvariants proves what must always hold.
func (s *Rebate) CheckInvariants(ctx context.Context, req *commonv1.CheckInvariantsRequest) (*commonv1.CheckInvariantsResponse, error) {
	if err := requireHQ(ctx, "admin", "operator"); err != nil {
		return nil, err
	}
	return invariant.Run(ctx, s.db, center, req.GetLimit(), data.Checks())
}

// after decodes a page token of n columns; they are empty for the first page.
func (s *Rebate) after(token, query string, n int) ([]string, error) {
	after, err := page.Decode(s.pages, token, query)
	if err != nil {
		return nil, fault.PageTokenInvalid().WithCause(err)
	}
	if len(after) != n {
		after = make([]string, n)
	}
	return after, nil
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
