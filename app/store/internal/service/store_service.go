// Package service serves the store center's API: it checks shape and roles, runs commands, and maps.
package service

import (
	"context"
	"net/http"
	"sync"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/store/internal/biz"
	"github.com/onepool/onepool/app/store/internal/data"
)

const center = "store"

// Store is the service.
type Store struct {
	storev1.UnimplementedStoreServer
	db          *database.DB
	directory   *data.Directory
	credentials *data.Credentials
	options     Options

	decoyOnce sync.Once
	decoyHash string
}

// Options are what the service works with beside its rows.
type Options struct {
	Tokens  *authn.Tokens
	Secrets biz.Secrets
	// Pages is the key of page tokens.
	Pages []byte
	// TokenTTLS is how long a staff token is good for, in seconds.
	TokenTTLS int64
	// PasswordCost is bcrypt's.
	PasswordCost int
	// Timezone is the brand's: that of a sale without a store.
	Timezone string
}

// New makes the service.
func New(db *database.DB, o Options) *Store {
	return &Store{db: db, directory: data.NewDirectory(db), credentials: data.NewCredentials(db), options: o}
}

// requireHeadquarters lets only headquarters' people with one of the roles pass.
func requireHeadquarters(ctx context.Context, roles ...string) (tenancy.Principal, error) {
	if err := authn.RequireHQ(ctx, roles...); err != nil {
		return tenancy.Principal{}, err
	}
	return tenancy.FromContext(ctx)
}

func requireEditor(ctx context.Context) (tenancy.Principal, error) {
	return requireHeadquarters(ctx, biz.RoleAdmin, biz.RoleOperator)
}

// requireOrganisation lets pass who belongs to an organisation: members and guests do not read the directory.
func requireOrganisation(ctx context.Context) (tenancy.Principal, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return p, err
	}
	switch p.Kind {
	case tenancy.HQ, tenancy.Dealer, tenancy.Franchisee, tenancy.Device, tenancy.Service:
		return p, nil
	}
	return p, fault.Forbidden("staff")
}

func storeUnknown(code string) error {
	return fault.New(http.StatusNotFound, storev1.StoreErrorReason_STORE_UNKNOWN.String(), "there is no such store: check the code", "store", code)
}

func organisationUnknown(code string) error {
	return fault.New(http.StatusNotFound, storev1.StoreErrorReason_ORGANISATION_UNKNOWN.String(),
		"there is no such organisation: check the code", "organisation", code)
}

// list is one page of a list in the order of its codes: next returns at most n rows after a code.
func list[T any](s *Store, token, query string, size int32, code func(T) string, next func(after string, n int) ([]T, error)) ([]T, string, error) {
	after, err := page.Decode(s.options.Pages, token, query)
	if err != nil {
		return nil, "", err
	}
	last, n := "", page.Size(size)
	if len(after) == 1 {
		last = after[0]
	}
	rows, err := next(last, n+1)
	if err != nil || len(rows) <= n {
		return rows, "", err
	}
	rows = rows[:n]
	return rows, page.Encode(s.options.Pages, query, code(rows[n-1])), nil
}

// ListOrganisations pages through the parties that the caller may see.
func (s *Store) ListOrganisations(ctx context.Context, req *storev1.ListOrganisationsRequest) (*storev1.ListOrganisationsResponse, error) {
	p, err := requireOrganisation(ctx)
	if err != nil {
		return nil, err
	}
	query := page.Query(storev1.Store_ListOrganisations_FullMethodName, p.Caller())
	rows, token, err := list(s, req.GetPageToken(), query, req.GetPageSize(), func(o biz.Organisation) string { return o.Code },
		func(after string, n int) ([]biz.Organisation, error) {
			return s.directory.ListOrganisations(ctx, after, n)
		})
	if err != nil {
		return nil, err
	}
	return &storev1.ListOrganisationsResponse{Organisations: each(rows, toOrganisation), NextPageToken: token}, nil
}

// ListStores pages through the stores that the caller may see.
func (s *Store) ListStores(ctx context.Context, req *storev1.ListStoresRequest) (*storev1.ListStoresResponse, error) {
	p, err := requireOrganisation(ctx)
	if err != nil {
		return nil, err
	}
	query := page.Query(storev1.Store_ListStores_FullMethodName, p.Caller(), req.GetOrgCode(), req.GetCity())
	rows, token, err := list(s, req.GetPageToken(), query, req.GetPageSize(), func(v biz.Store) string { return v.Code },
		func(after string, n int) ([]biz.Store, error) {
			return s.directory.ListStores(ctx, data.StoreFilter{Org: req.GetOrgCode(), City: req.GetCity()}, after, n)
		})
	if err != nil {
		return nil, err
	}
	return &storev1.ListStoresResponse{Stores: each(rows, toStore), NextPageToken: token}, nil
}

// GetStore reads one store; another organisation's looks like none.
func (s *Store) GetStore(ctx context.Context, req *storev1.GetStoreRequest) (*storev1.StoreInfo, error) {
	if _, err := requireOrganisation(ctx); err != nil {
		return nil, err
	}
	found, ok, err := s.directory.Store(ctx, req.GetCode())
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, storeUnknown(req.GetCode())
	}
	return toStore(found), nil
}

// ListStaff pages through the people that the caller may see.
func (s *Store) ListStaff(ctx context.Context, req *storev1.ListStaffRequest) (*storev1.ListStaffResponse, error) {
	p, err := requireOrganisation(ctx)
	if err != nil {
		return nil, err
	}
	query := page.Query(storev1.Store_ListStaff_FullMethodName, p.Caller(), req.GetStoreCode())
	rows, token, err := list(s, req.GetPageToken(), query, req.GetPageSize(), func(v biz.Staff) string { return v.Code },
		func(after string, n int) ([]biz.Staff, error) {
			return s.directory.ListStaff(ctx, req.GetStoreCode(), after, n)
		})
	if err != nil {
		return nil, err
	}
	return &storev1.ListStaffResponse{Staff: each(rows, toStaff), NextPageToken: token}, nil
}

// GetStaff answers what is known of some people, to other centers.
func (s *Store) GetStaff(ctx context.Context, req *storev1.GetStaffRequest) (*storev1.ListStaffResponse, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, err
	}
	found, err := s.directory.Staff(tenancy.WithService(ctx, center), req.GetCodes())
	if err != nil {
		return nil, err
	}
	return &storev1.ListStaffResponse{Staff: each(found, toStaff)}, nil
}

// GetSellerFacts answers who sells and where stores stand, to other centers.
func (s *Store) GetSellerFacts(ctx context.Context, req *storev1.GetSellerFactsRequest) (*storev1.SellerFacts, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, err
	}
	ctx = tenancy.WithService(ctx, center)
	headquarters, err := s.directory.Headquarters(ctx)
	if err != nil {
		return nil, err
	}
	out := &storev1.SellerFacts{HeadquartersOrg: headquarters, StoreCode: req.GetStoreCode(), Timezone: s.options.Timezone}
	seller := req.GetOrgCode()
	if seller == "" {
		seller = headquarters
	}
	if code := req.GetStoreCode(); code != "" {
		shop, ok, err := s.directory.Store(ctx, code)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, storeUnknown(code)
		}
		if !shop.Active {
			return nil, fault.StateConflict("closed", "this store is closed: choose another one")
		}
		seller, out.Timezone, out.Region = shop.Org, shop.Timezone, shop.Region
	}
	org, ok, err := s.directory.Organisation(ctx, seller)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, organisationUnknown(seller)
	}
	out.SellerOrg, out.SellerKind, out.MerchantAccount, out.Taxpayer = org.Code, toKind(org.Kind), org.MerchantAccount, org.Taxpayer
	places, err := s.directory.Places(ctx, req.GetStores())
	if err != nil {
		return nil, err
	}
	out.Stores = each(places, toStanding)
	return out, nil
}

// CheckInvariants proves the directory.
func (s *Store) CheckInvariants(ctx context.Context, req *commonv1.CheckInvariantsRequest) (*commonv1.CheckInvariantsResponse, error) {
	if _, err := requireEditor(ctx); err != nil {
		return nil, err
	}
	return invariant.Run(ctx, s.db, center, req.GetLimit(), data.Checks())
}
