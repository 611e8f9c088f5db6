package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/data"
)

func (s *shop) profiles() *TaxProfiles {
	return NewTaxProfiles(s.DB, s.Seeker.Terms.(*data.TradeTerms), s.Seeker.Sellers, secretKey)
}

// profile puts a tax profile in force from a moment on; 0: now.
func (s *shop) profile(by tenancy.Principal, org, taxpayer string, fromUS int64, set ...func(in *orderv1.PutTaxProfileRequest)) (*orderv1.TaxProfile, error) {
	in := &orderv1.PutTaxProfileRequest{RequestId: requestID(), Org: org, Taxpayer: taxpayer, TaxNo: "91330106MA2" + "ABCDE1X", Title: "Onepool Tea Ltd", FromUs: fromUS}
	for _, one := range set {
		one(in)
	}
	return s.profiles().PutTaxProfile(s.as(by), in)
}

// An order keeps its seller's tax profile of the moment of its placement, and is taxed by the kind of taxpayer that it says.
func TestAnOrderFreezesTheTaxProfileOfItsSeller(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.taxClasses()
		s.taxed("general", "", false, 0, 900, 1300)
		s.taxed("small", "", false, 0, 100, 100)
		before := s.placed(0)
		require.Nil(t, before.SellerTax)
		first, err := s.profile(boss, "", "small", 0)
		require.NoError(t, err)
		require.Equal(t, []any{"hq", int32(180), orderv1.InvoiceMoment_INVOICE_WHEN_SHIPPED}, []any{first.Org, first.RequestDays, first.InvoiceWhen})
		later := start + time.Hour.Microseconds()
		second, err := s.profile(boss, "hq", "general", later)
		require.NoError(t, err)

		o := s.placed(0)
		require.Equal(t, []any{first.Id, "small", first.TaxNo, first.Title}, []any{o.SellerTax.ProfileId, o.SellerTax.Taxpayer, o.SellerTax.TaxNo, o.SellerTax.Title})
		require.Equal(t, int64(100), o.Lines[0].TaxBp, "its profile says what it is, not what the directory says")
		s.clock.Advance(time.Hour)
		next := s.placed(0)
		require.Equal(t, []any{second.Id, int64(900)}, []any{next.SellerTax.ProfileId, next.Lines[0].TaxBp})
		require.Equal(t, []any{first.Id, int64(100)}, []any{s.get(o.Id).SellerTax.ProfileId, s.get(o.Id).Lines[0].TaxBp})
		require.Nil(t, s.get(before.Id).SellerTax)

		// Another seller has another one. A sale at its till freezes it too.
		mine, err := s.profile(keeper, "", "small", 0)
		require.NoError(t, err)
		sold, err := s.SellAtTill(s.as(till), &orderv1.SellAtTillRequest{RequestId: requestID(), StoreCode: "S2", ReceiptNo: "R1", CashMinor: 1500, Lines: []*orderv1.OrderLineInput{line("cup", 1)}})
		require.NoError(t, err)
		require.Equal(t, []string{"fra", mine.Id}, []string{sold.SellerOrg, sold.SellerTax.ProfileId})
		s.audited()
	})
}

func TestTaxProfilesFollowEachOther(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		day := 24 * time.Hour.Microseconds()
		past, err := s.profile(boss, "", "small", start-day)
		require.NoError(t, err, "the first one may be older than the platform")
		_, err = s.profile(boss, "", "general", start-day)
		requireReason(t, "VALIDATOR", err)
		planned, err := s.profile(boss, "", "general", start+10*day)
		require.NoError(t, err)
		for _, from := range []int64{0, start + day} {
			e := requireReason(t, "TAX_PROFILE_OVERLAPS", func() error { _, err := s.profile(boss, "", "general", from); return err }())
			require.Equal(t, "hq", e.Metadata["org"])
		}
		// What has not begun is corrected, or withdrawn, and then something else may begin.
		corrected, err := s.profile(boss, "", "general", start+10*day, func(in *orderv1.PutTaxProfileRequest) { in.Title = "Onepool Tea Group" })
		require.NoError(t, err)
		require.Equal(t, planned.Version+1, corrected.Version)
		withdraw := func(in *orderv1.PutTaxProfileRequest) { in.Withdrawn = true }
		_, err = s.profile(boss, "", "general", start+9*day, withdraw)
		requireReason(t, "VALIDATOR", err)
		_, err = s.profile(boss, "", "general", start+10*day, withdraw)
		require.NoError(t, err)
		_, err = s.profile(boss, "", "small", start+day, withdraw)
		requireReason(t, "VALIDATOR", err)
		s.clock.Advance(11 * 24 * time.Hour)
		require.Equal(t, past.Id, s.placed(0).SellerTax.ProfileId)
		now, err := s.profile(boss, "", "general", 0)
		require.NoError(t, err)
		_, err = s.profile(boss, "", "general", now.FromUs+1, withdraw)
		requireReason(t, "VALIDATOR", err)
		require.Equal(t, now.Id, s.placed(0).SellerTax.ProfileId)
	})
}

func TestTaxProfilesAreTheirOrganisations(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		finance := boss
		finance.ID, finance.Roles = "fin", []string{"finance"}
		clerk := keeper
		clerk.Roles = []string{"clerk"}
		direct := keeper
		direct.Org, direct.Store = "hq", "S1"
		ofStore := boss
		ofStore.Store = "S1"
		for _, c := range []struct {
			by  tenancy.Principal
			org string
			ok  bool
		}{{finance, "fra", true}, {keeper, "fra", true}, {keeper, "oth", false}, {keeper, "hq", false}, {clerk, "fra", false}, {ofStore, "hq", false}, {direct, "", false}, {other, "", true}, {ann, "hq", false}, {till, "fra", false}, {tmall, "hq", false}} {
			_, err := s.profile(c.by, c.org, "small", start+int64(len(s.pages(finance, 200)))*second+second)
			if c.ok {
				require.NoError(t, err, "%s", c.by.ID)
			} else {
				requireReason(t, "FORBIDDEN", err)
			}
		}
		require.Equal(t, []string{"fra", "fra", "oth"}, s.pages(finance, 2))
		require.Equal(t, []string{"fra", "fra"}, s.pages(keeper, 1))
		require.Equal(t, []string{"oth"}, s.pages(other, 1))
		_, err := s.profiles().ListTaxProfiles(s.as(ann), &orderv1.ListTaxProfilesRequest{})
		requireReason(t, "FORBIDDEN", err)
		got, err := s.profiles().ListTaxProfiles(s.as(keeper), &orderv1.ListTaxProfilesRequest{Org: "oth"})
		require.NoError(t, err)
		require.Empty(t, got.Profiles)
	})
}

// pages are the organisations of all profiles that a caller sees, read in pages.
func (s *shop) pages(by tenancy.Principal, size int32) (orgs []string) {
	in := &orderv1.ListTaxProfilesRequest{PageSize: size}
	for {
		got, err := s.profiles().ListTaxProfiles(s.as(by), in)
		require.NoError(s.t, err)
		for _, p := range got.Profiles {
			orgs = append(orgs, p.Org)
		}
		if in.PageToken = got.NextPageToken; in.PageToken == "" {
			return orgs
		}
	}
}
