package service

import (
	"context"
	"slices"
	"strconv"
	"strings"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// TaxProfiles is the service of who sellers are to the tax office.
type TaxProfiles struct {
	orderv1.UnimplementedTaxProfilesServer
	db      *database.DB
	book    *data.TradeTerms
	sellers biz.SellerDirectory
	secret  []byte
}

// NewTaxProfiles puts the use cases together; sellers know the organisations, secret is the key of page tokens.
func NewTaxProfiles(db *database.DB, book *data.TradeTerms, sellers biz.SellerDirectory, secret []byte) *TaxProfiles {
	return &TaxProfiles{db: db, book: book, sellers: sellers, secret: secret}
}

// anyProfileRoles of headquarters may write every profile, ownProfileRoles elsewhere that of their organisation.
var (
	anyProfileRoles = []string{"admin", "operator", "finance"}
	ownProfileRoles = []string{"admin", "manager", "finance"}
)

// writesProfile says whose profile a caller may write, who names an organisation or none.
func writesProfile(ctx context.Context, org string) (tenancy.Principal, string, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return p, "", err
	}
	if org == "" {
		org = p.Org
	}
	switch {
	case p.Kind == tenancy.HQ && p.Store == "" && hasRole(p, anyProfileRoles), p.Kind != tenancy.HQ && hasRole(p, ownProfileRoles) && org == p.Org:
		return p, org, nil
	}
	return p, "", notProfile()
}

// PutTaxProfile stores a profile.
func (s *TaxProfiles) PutTaxProfile(ctx context.Context, in *orderv1.PutTaxProfileRequest) (*orderv1.TaxProfile, error) {
	p, org, err := writesProfile(ctx, in.GetOrg())
	if err != nil {
		return nil, err
	}
	return command.Local[struct{}, *orderv1.TaxProfile]{
		Method: orderv1.TaxProfiles_PutTaxProfile_FullMethodName, Request: in,
		Facts: func(ctx context.Context) (struct{}, error) {
			return struct{}{}, s.known(ctx, p, org)
		},
		Decide: func(ctx context.Context, _ struct{}) (*orderv1.TaxProfile, error) {
			now, err := s.db.Now(ctx)
			if err != nil {
				return nil, err
			}
			next := biz.TaxProfile{
				Org: org, Taxpayer: in.GetTaxpayer(), TaxNo: in.GetTaxNo(), Title: in.GetTitle(), InvoiceWhen: fromMoment(in.GetInvoiceWhen()), RequestDays: int64(in.GetRequestDays()),
				FromUS: in.GetFromUs(), Withdrawn: in.GetWithdrawn(), ChangedBy: p.Actor(), ChangedUS: now,
			}
			if next.FromUS == 0 {
				next.FromUS = now
			}
			if next.RequestDays == 0 {
				next.RequestDays = standardRequestDays
			}
			kept, err := s.book.PutProfile(ctx, next, now)
			if err != nil {
				return nil, err
			}
			return toTaxProfile(kept), platform.AppendAudit(ctx, platform.AuditEntry{Actor: p.Actor(), Action: "order.tax_profile.put", Subject: org})
		},
	}.Run(ctx, s.db)
}

// known refuses an organisation that there is not, and headquarters to who works for one of its stores.
func (s *TaxProfiles) known(ctx context.Context, p tenancy.Principal, org string) error {
	if _, err := s.sellers.Seller(ctx, biz.SellerQuery{Org: org}); err != nil {
		return err
	}
	headquarters, err := s.sellers.Seller(ctx, biz.SellerQuery{})
	if err == nil && headquarters.Org == org && p.Kind != tenancy.HQ {
		err = notProfile()
	}
	return err
}

func notProfile() error {
	return biz.Forbidden("finance of headquarters, or of the organisation itself")
}

// standardRequestDays is how long after completion an invoice may be asked for where a profile does not say.
const standardRequestDays = 180

// ListTaxProfiles pages through profiles.
func (s *TaxProfiles) ListTaxProfiles(ctx context.Context, in *orderv1.ListTaxProfilesRequest) (*orderv1.ListTaxProfilesResponse, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if !hasRole(p, append(slices.Clone(staffRoles), "finance")) {
		return nil, biz.Forbidden(strings.Join(staffRoles, ", ") + " or finance")
	}
	query := page.Query("tax profiles", p.Caller(), in.GetOrg())
	keys, err := page.Decode(s.secret, in.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	var after *biz.TaxProfile
	if len(keys) > 0 {
		if after, err = profileKey(keys); err != nil {
			return nil, err
		}
	}
	size := page.Size(in.GetPageSize())
	list, err := s.book.VisibleProfiles(ctx, in.GetOrg(), after, size+1)
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListTaxProfilesResponse{}
	if len(list) > size {
		list = list[:size]
		last := list[size-1]
		out.NextPageToken = page.Encode(s.secret, query, last.Org, strconv.FormatInt(last.FromUS, 10), strconv.FormatInt(last.Version, 10))
	}
	for _, one := range list {
		out.Profiles = append(out.Profiles, toTaxProfile(one))
	}
	return out, nil
}

func profileKey(keys []string) (*biz.TaxProfile, error) {
	if len(keys) != 3 {
		return nil, fault.PageTokenInvalid()
	}
	from, err := strconv.ParseInt(keys[1], 10, 64)
	if err != nil {
		return nil, fault.PageTokenInvalid()
	}
	version, err := strconv.ParseInt(keys[2], 10, 64)
	if err != nil {
		return nil, fault.PageTokenInvalid()
	}
	return &biz.TaxProfile{Org: keys[0], FromUS: from, Version: version}, nil
}

const momentPrefix = "INVOICE_WHEN_"

func fromMoment(m orderv1.InvoiceMoment) biz.InvoiceMoment {
	if m == orderv1.InvoiceMoment_INVOICE_MOMENT_UNSPECIFIED {
		return biz.WhenShipped
	}
	return biz.InvoiceMoment(strings.TrimPrefix(m.String(), momentPrefix))
}

func toMoment(m biz.InvoiceMoment) orderv1.InvoiceMoment {
	return orderv1.InvoiceMoment(orderv1.InvoiceMoment_value[momentPrefix+string(m)])
}

func toSellerTax(p biz.TaxProfile) *orderv1.SellerTax {
	return &orderv1.SellerTax{ProfileId: p.ID, Taxpayer: p.Taxpayer, TaxNo: p.TaxNo, Title: p.Title}
}

func toTaxProfile(p biz.TaxProfile) *orderv1.TaxProfile {
	return &orderv1.TaxProfile{
		Id: p.ID, Org: p.Org, Taxpayer: p.Taxpayer, TaxNo: p.TaxNo, Title: p.Title, InvoiceWhen: toMoment(p.InvoiceWhen), RequestDays: int32(p.RequestDays),
		FromUs: p.FromUS, Version: p.Version, Withdrawn: p.Withdrawn, ChangedBy: p.ChangedBy, ChangedAtUs: p.ChangedUS,
	}
}
