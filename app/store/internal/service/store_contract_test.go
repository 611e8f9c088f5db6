package service

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/store/internal/biz"
	"github.com/onepool/onepool/app/store/internal/data/migrations"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

func as(ctx context.Context, p tenancy.Principal, below ...string) context.Context {
	return tenancy.NewContext(ctx, p.WithScope(below...))
}

func admin(ctx context.Context) context.Context {
	return as(ctx, tenancy.Principal{Kind: tenancy.HQ, ID: "boss", Org: "HQ", Roles: []string{"admin"}})
}

func manager(ctx context.Context, org, store string) context.Context {
	return as(ctx, tenancy.Principal{Kind: tenancy.Franchisee, ID: "M-" + store, Org: org, Store: store, Roles: []string{"manager"}})
}

func contract(t *testing.T, suite func(t *testing.T, db *database.DB, s *Store)) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(migrations.Files)
		suite(t, db, service(t, db))
	})
}

func service(t *testing.T, db *database.DB) *Store {
	t.Helper()
	tokens, err := authn.NewTokens(secret, nil)
	require.NoError(t, err)
	return New(db, Options{Tokens: tokens, Secrets: biz.NewSecrets(secret), Pages: secret, TokenTTLS: 3600, PasswordCost: 4, Timezone: "Asia/Shanghai"})
}

var requests atomic.Int64

func requestID() string { return fmt.Sprintf("request-%016d", requests.Add(1)) }

func orgRow(code, kind, parent string) *storev1.ImportOrganisationRow {
	return &storev1.ImportOrganisationRow{Line: 2, Code: code, Name: "Org " + code, Kind: kind, ParentCode: parent,
		SettlementRateBp: 6000, FulfilmentFeeMinor: 300, ShareStock: true, Taxpayer: "small"}
}

func storeRow(code, ownership, org string) *storev1.ImportStoreRow {
	return &storev1.ImportStoreRow{Line: 2, Code: code, Name: "Store " + code, Ownership: ownership, OrgCode: org, Address: "南京路 1 号", City: "上海",
		Province: "SH", Country: "CN", Postcode: "200000", Timezone: "GMT+08:00 Asia/Beijing", Lat: proto.Float64(31.23), Lng: proto.Float64(121.47),
		Opens: "09:00", Closes: "22:00", Capabilities: "parcel|pickup", Region: "310101"}
}

func staffRow(code, store, role string) *storev1.ImportStaffRow {
	return &storev1.ImportStaffRow{Line: 2, Code: code, Name: "Name " + code, StoreCode: store, Role: role, Login: strings.ToLower(code)}
}

// brand imports headquarters with a store and a warehouse, a dealer, a franchisee below it and one beside it.
func brand(t *testing.T, s *Store) {
	t.Helper()
	ctx := admin(t.Context())
	for _, send := range []func() (*commonv1.ImportResult, error){
		func() (*commonv1.ImportResult, error) {
			return s.ImportOrganisations(ctx, &storev1.ImportOrganisationsRequest{RequestId: requestID(), Rows: []*storev1.ImportOrganisationRow{
				orgRow("HQ", "headquarters", ""), orgRow("D1", "dealer", "HQ"), orgRow("F1", "franchisee", "D1"), orgRow("F2", "franchisee", "HQ")}})
		},
		func() (*commonv1.ImportResult, error) {
			return s.ImportStores(ctx, &storev1.ImportStoresRequest{RequestId: requestID(), Rows: []*storev1.ImportStoreRow{
				storeRow("S1", "direct", "HQ"), storeRow("S2", "franchise", "F1"), storeRow("S3", "franchise", "F2"), storeRow("W1", "warehouse", "HQ"), storeRow("S4", "franchise", "D1")}})
		},
		func() (*commonv1.ImportResult, error) {
			return s.ImportStaff(ctx, &storev1.ImportStaffRequest{RequestId: requestID(), Rows: []*storev1.ImportStaffRow{
				staffRow("G1", "S2", "guide"), staffRow("M2", "S2", "manager"), staffRow("C1", "S1", "clerk"), staffRow("B1", "", "admin"),
				staffRow("O1", "", "operator"), staffRow("D9", "S4", "manager")}})
		},
	} {
		got, err := send()
		require.NoError(t, err)
		require.Empty(t, got.Errors)
	}
}

// sent are the locations of the messages in the outbox, oldest first.
func sent(t *testing.T, db *database.DB) []*inventoryv1.LocationFacts {
	t.Helper()
	rows, err := db.Conn(t.Context()).QueryContext(t.Context(), "SELECT calls FROM outbox ORDER BY created_us, id")
	require.NoError(t, err)
	defer rows.Close()
	var all []*inventoryv1.LocationFacts
	for rows.Next() {
		var calls []byte
		require.NoError(t, rows.Scan(&calls))
		_, _, n := protowire.ConsumeTag(calls)
		one, _ := protowire.ConsumeBytes(calls[n:])
		for len(one) > 0 {
			number, _, n := protowire.ConsumeTag(one)
			part, size := protowire.ConsumeBytes(one[n:])
			one = one[n+size:]
			if number == 3 {
				var call inventoryv1.PutLocationsCall
				require.NoError(t, proto.Unmarshal(part, &call))
				require.LessOrEqual(t, len(call.Locations), 200)
				all = append(all, call.Locations...)
			}
		}
	}
	require.NoError(t, rows.Err())
	return all
}

func TestStoresReachTheInventoryCenterInTheSameCommit(t *testing.T) {
	contract(t, func(t *testing.T, db *database.DB, s *Store) {
		brand(t, s)
		first := sent(t, db)
		require.Len(t, first, 5)
		by := map[string]*inventoryv1.LocationFacts{}
		for _, l := range first {
			by[l.Code] = l
		}
		require.Equal(t, inventoryv1.LocationKind_FRANCHISE_STORE, by["S2"].Kind)
		require.Equal(t, int64(6000), by["S2"].SettlementRateBp)
		require.True(t, by["S1"].Shared && by["S2"].Shared && by["S2"].Active)
		require.Contains(t, by["S1"].Ways, inventoryv1.DeliveryWay_CARRY_OUT)
		require.NotContains(t, by["W1"].Ways, inventoryv1.DeliveryWay_CARRY_OUT)
		require.InDelta(t, 31.23, by["S1"].Point.Lat, 1e-9)

		ctx := admin(t.Context())
		same, err := s.ImportStores(ctx, &storev1.ImportStoresRequest{RequestId: requestID(), Rows: []*storev1.ImportStoreRow{storeRow("S1", "direct", "HQ")}})
		require.NoError(t, err)
		require.Equal(t, int64(1), same.Unchanged)
		require.Len(t, sent(t, db), 5, "what has not changed is not told")

		ended := orgRow("F1", "franchisee", "D1")
		ended.ShareStock = false
		_, err = s.ImportOrganisations(ctx, &storev1.ImportOrganisationsRequest{RequestId: requestID(), Rows: []*storev1.ImportOrganisationRow{ended, orgRow("F2", "franchisee", "HQ")}})
		require.NoError(t, err)
		again := sent(t, db)
		require.Len(t, again, 6, "a contract that ended is told for the stores of that party")
		require.Equal(t, "S2", again[5].Code)
		require.False(t, again[5].Shared)
		require.Greater(t, again[5].Version, by["S2"].Version)

		closed, err := s.SetStoreActive(ctx, &storev1.SetStoreActiveRequest{RequestId: requestID(), Code: "S2"})
		require.NoError(t, err)
		require.False(t, closed.Active)
		again = sent(t, db)
		require.Len(t, again, 7)
		require.False(t, again[6].Active)
		require.Greater(t, again[6].Version, again[5].Version)
		_, err = s.SetStoreActive(ctx, &storev1.SetStoreActiveRequest{RequestId: requestID(), Code: "nobody"})
		require.Equal(t, "STORE_UNKNOWN", kratos.Reason(err))
	})
}

func TestAFullBatchAndAFullOrganisationAreTold(t *testing.T) {
	contract(t, func(t *testing.T, db *database.DB, s *Store) {
		brand(t, s)
		ctx := admin(t.Context())
		for batch := range 2 {
			var rows []*storev1.ImportStoreRow
			for i := range 200 {
				rows = append(rows, storeRow(fmt.Sprintf("F2-%d-%03d", batch, i), "franchise", "F2"))
			}
			got, err := s.ImportStores(ctx, &storev1.ImportStoresRequest{RequestId: requestID(), Rows: rows})
			require.NoError(t, err)
			require.Equal(t, int64(200), got.Created)
		}
		before := len(sent(t, db))
		terms := orgRow("F2", "franchisee", "HQ")
		terms.SettlementRateBp = 7000
		_, err := s.ImportOrganisations(ctx, &storev1.ImportOrganisationsRequest{RequestId: requestID(), Rows: []*storev1.ImportOrganisationRow{terms}})
		require.NoError(t, err)
		require.Len(t, sent(t, db), before+401)
	})
}

// Imports that run at once never lose a change of a contract: the last that the inventory center hears of each store has
// the terms that its organisation has in the end.
func TestAContractAndANewStoreNeverMissEachOther(t *testing.T) {
	contract(t, func(t *testing.T, db *database.DB, s *Store) {
		brand(t, s)
		ctx := admin(t.Context())
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				terms := orgRow("F2", "franchisee", "HQ")
				terms.SettlementRateBp = int64(5000 + i)
				_, err := s.ImportOrganisations(ctx, &storev1.ImportOrganisationsRequest{RequestId: requestID(), Rows: []*storev1.ImportOrganisationRow{terms}})
				assert.NoError(t, err)
			})
			all.Go(func() {
				_, err := s.ImportStores(ctx, &storev1.ImportStoresRequest{RequestId: requestID(), Rows: []*storev1.ImportStoreRow{
					storeRow(fmt.Sprint("NEW-", i), "franchise", "F2"), storeRow("SAME", "franchise", "F2"), storeRow("S3", "franchise", "F2")}})
				assert.NoError(t, err)
			})
		}
		all.Wait()
		final, ok, err := s.directory.Organisation(ctx, "F2")
		require.NoError(t, err)
		require.True(t, ok)
		last := map[string]*inventoryv1.LocationFacts{}
		for _, l := range sent(t, db) {
			if l.Org == "F2" && (last[l.Code] == nil || l.Version > last[l.Code].Version) {
				last[l.Code] = l
			}
		}
		require.Len(t, last, 8)
		for code, l := range last {
			require.Equal(t, final.SettlementRateBP, l.SettlementRateBp, code)
		}
	})
}

// The same, step by step: a contract changes between an import's look at the organisation and its commit.
func TestAContractWaitsForTheImportThatHasReadIt(t *testing.T) {
	contract(t, func(t *testing.T, db *database.DB, s *Store) {
		brand(t, s)
		ctx := admin(t.Context())
		rows := toStoreRows([]*storev1.ImportStoreRow{storeRow("NEW", "franchise", "F2")})
		changed := make(chan error, 1)
		require.NoError(t, db.InTx(ctx, func(inside context.Context) error {
			known, err := s.directory.KnownStores(inside, rows)
			if err != nil {
				return err
			}
			go func() {
				terms := orgRow("F2", "franchisee", "HQ")
				terms.ShareStock = false
				_, err := s.ImportOrganisations(ctx, &storev1.ImportOrganisationsRequest{RequestId: requestID(), Rows: []*storev1.ImportOrganisationRow{terms}})
				changed <- err
			}()
			select {
			case err := <-changed: // it did not wait
				changed <- err
			case <-time.After(200 * time.Millisecond):
			}
			plan := biz.ImportStores(known, rows, 1_700_000_000_000_000)
			return s.directory.ApplyStores(inside, plan, known.Organisations)
		}))
		require.NoError(t, <-changed)
		var last *inventoryv1.LocationFacts
		for _, l := range sent(t, db) {
			if l.Code == "NEW" && (last == nil || l.Version > last.Version) {
				last = l
			}
		}
		require.False(t, last.Shared, "the contract has ended")
	})
}

func TestBadRowsAreReportedAndGoodOnesKept(t *testing.T) {
	contract(t, func(t *testing.T, _ *database.DB, s *Store) {
		brand(t, s)
		nowhere := storeRow("N1", "direct", "HQ")
		nowhere.Line, nowhere.Lat, nowhere.Lng = 7, nil, nil
		unknown := storeRow("N2", "franchise", "F9")
		unknown.Line = 8
		got, err := s.ImportStores(admin(t.Context()), &storev1.ImportStoresRequest{RequestId: requestID(), Rows: []*storev1.ImportStoreRow{
			nowhere, unknown, storeRow("N3", "direct", "HQ")}})
		require.NoError(t, err)
		require.Equal(t, int64(1), got.Created)
		require.Equal(t, "GEO_INVALID", got.Errors[0].Reason)
		require.Equal(t, int64(7), got.Errors[0].Line)
		require.Equal(t, "ORGANISATION_UNKNOWN", got.Errors[1].Reason)
	})
}

func TestAFranchiseeSeesItsOwnOnly(t *testing.T) {
	contract(t, func(t *testing.T, _ *database.DB, s *Store) {
		brand(t, s)
		codes := func(ctx context.Context) (stores, orgs, staff []string) {
			a, err := s.ListStores(ctx, &storev1.ListStoresRequest{})
			require.NoError(t, err)
			for _, v := range a.Stores {
				stores = append(stores, v.Code)
			}
			b, err := s.ListOrganisations(ctx, &storev1.ListOrganisationsRequest{})
			require.NoError(t, err)
			for _, v := range b.Organisations {
				orgs = append(orgs, v.Code)
			}
			c, err := s.ListStaff(ctx, &storev1.ListStaffRequest{})
			require.NoError(t, err)
			for _, v := range c.Staff {
				staff = append(staff, v.Code)
			}
			return stores, orgs, staff
		}
		f1 := manager(t.Context(), "F1", "S2")
		stores, orgs, staff := codes(f1)
		require.Equal(t, [][]string{{"S2"}, {"F1"}, {"G1", "M2"}}, [][]string{stores, orgs, staff})
		dealer := as(t.Context(), tenancy.Principal{Kind: tenancy.Dealer, ID: "D9", Org: "D1"}, "F1")
		stores, orgs, _ = codes(dealer)
		require.Equal(t, [][]string{{"S2", "S4"}, {"D1", "F1"}}, [][]string{stores, orgs})
		stores, orgs, staff = codes(admin(t.Context()))
		require.Equal(t, []int{5, 4, 6}, []int{len(stores), len(orgs), len(staff)})

		_, foreign := s.GetStore(f1, &storev1.GetStoreRequest{Code: "S3"})
		_, absent := s.GetStore(f1, &storev1.GetStoreRequest{Code: "S9"})
		require.Equal(t, "STORE_UNKNOWN", kratos.Reason(foreign))
		require.Equal(t, strings.ReplaceAll(absent.Error(), "S9", "S3"), foreign.Error(), "another's looks like none")
		own, err := s.GetStore(f1, &storev1.GetStoreRequest{Code: "S2"})
		require.NoError(t, err)
		require.Equal(t, "Asia/Shanghai", own.Timezone)

		for name, ctx := range map[string]context.Context{
			"member":  as(t.Context(), tenancy.Principal{Kind: tenancy.Member, ID: "m", Member: "m"}),
			"channel": as(t.Context(), tenancy.Principal{Kind: tenancy.Channel, ID: "c", Org: "HQ"}),
		} {
			_, err := s.ListStores(ctx, &storev1.ListStoresRequest{})
			require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), name)
		}
		for name, ctx := range map[string]context.Context{"manager": f1, "dealer": dealer,
			"finance": as(t.Context(), tenancy.Principal{Kind: tenancy.HQ, ID: "f", Org: "HQ", Roles: []string{"finance"}})} {
			_, err := s.ImportStores(ctx, &storev1.ImportStoresRequest{RequestId: requestID(), Rows: []*storev1.ImportStoreRow{storeRow("X", "franchise", "F1")}})
			require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), name)
			_, err = s.RegisterChannelAccount(ctx, &storev1.RegisterChannelAccountRequest{RequestId: requestID(), Channel: "tmall", Name: "x", OrgCode: "F1"})
			require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), name)
		}
	})
}

func TestListsPageAndTokensBelongToTheirCaller(t *testing.T) {
	db := testkit.SQLite(t, migrations.Files)
	s := service(t, db)
	brand(t, s)
	ctx, got, token := admin(t.Context()), []string{}, ""
	for {
		list, err := s.ListStores(ctx, &storev1.ListStoresRequest{PageSize: 2, PageToken: token})
		require.NoError(t, err)
		for _, v := range list.Stores {
			got = append(got, v.Code)
		}
		if token = list.NextPageToken; token == "" {
			break
		}
		_, err = s.ListStores(manager(t.Context(), "F1", "S2"), &storev1.ListStoresRequest{PageToken: token})
		require.Equal(t, fault.ReasonPageTokenInvalid, kratos.Reason(fault.Public(err)))
	}
	require.Equal(t, []string{"S1", "S2", "S3", "S4", "W1"}, got)
	city, err := s.ListStores(ctx, &storev1.ListStoresRequest{City: "北京"})
	require.NoError(t, err)
	require.Empty(t, city.Stores)
}

func TestSellerFacts(t *testing.T) {
	contract(t, func(t *testing.T, _ *database.DB, s *Store) {
		brand(t, s)
		service := between(t, s)
		mall, err := s.GetSellerFacts(service, &storev1.GetSellerFactsRequest{Stores: []string{"S2", "S3", "nobody"}})
		require.NoError(t, err)
		require.Equal(t, []string{"HQ", "M-HQ", "HQ", "Asia/Shanghai"}, []string{mall.SellerOrg, mall.MerchantAccount, mall.HeadquartersOrg, mall.Timezone})
		require.Len(t, mall.Stores, 2)
		require.Equal(t, []string{"", "310101"}, []string{mall.Region, mall.Stores[0].Region})
		require.Equal(t, []string{"S2", "F1", "D1"}, []string{mall.Stores[0].StoreCode, mall.Stores[0].OrgCode, mall.Stores[0].DealerOrg})
		require.Empty(t, mall.Stores[1].DealerOrg)

		shop, err := s.GetSellerFacts(service, &storev1.GetSellerFactsRequest{StoreCode: "S2"})
		require.NoError(t, err)
		require.Equal(t, []string{"F1", "M-F1", "HQ", "S2", "310101", "small"}, []string{shop.SellerOrg, shop.MerchantAccount, shop.HeadquartersOrg, shop.StoreCode, shop.Region, shop.Taxpayer})
		require.Equal(t, storev1.OrganisationKind_FRANCHISEE, shop.SellerKind)
		account, err := s.GetSellerFacts(service, &storev1.GetSellerFactsRequest{OrgCode: "F2"})
		require.NoError(t, err)
		require.Equal(t, "F2", account.SellerOrg)

		_, err = s.GetSellerFacts(service, &storev1.GetSellerFactsRequest{StoreCode: "nobody"})
		require.Equal(t, "STORE_UNKNOWN", kratos.Reason(err))
		_, err = s.GetSellerFacts(service, &storev1.GetSellerFactsRequest{OrgCode: "nobody"})
		require.Equal(t, "ORGANISATION_UNKNOWN", kratos.Reason(err))
		_, err = s.SetStoreActive(admin(t.Context()), &storev1.SetStoreActiveRequest{RequestId: requestID(), Code: "S2"})
		require.NoError(t, err)
		_, err = s.GetSellerFacts(service, &storev1.GetSellerFactsRequest{StoreCode: "S2"})
		require.Equal(t, fault.ReasonStateConflict, kratos.Reason(err))
		_, err = s.GetSellerFacts(admin(t.Context()), &storev1.GetSellerFactsRequest{})
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), "only for services")

		staff, err := s.GetStaff(service, &storev1.GetStaffRequest{Codes: []string{"G1", "nobody", "C1"}})
		require.NoError(t, err)
		require.Len(t, staff.Staff, 2)
		_, err = s.GetStaff(admin(t.Context()), &storev1.GetStaffRequest{Codes: []string{"G1"}})
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err))
	})
}

func TestTheAuditSeesWhatIsBroken(t *testing.T) {
	contract(t, func(t *testing.T, db *database.DB, s *Store) {
		brand(t, s)
		setPassword(t, s, "g1", "correct horse")
		ctx := admin(t.Context())
		check := func() map[string]*commonv1.InvariantResult {
			got, err := s.CheckInvariants(ctx, &commonv1.CheckInvariantsRequest{})
			require.NoError(t, err)
			by := map[string]*commonv1.InvariantResult{}
			for _, r := range got.Results {
				by[r.Id] = r
			}
			return by
		}
		for id, r := range check() {
			require.Zero(t, r.Violations, "%s %v", id, r.Examples)
			require.Equal(t, "store", r.Center)
		}
		require.Equal(t, int64(1), check()["I19"].Checked)
		require.Equal(t, int64(5+6+6), check()["I18"].Checked)
		for _, c := range []struct{ id, broken string }{
			{"S1", "UPDATE organisations SET parent = 'F1' WHERE id = 'D1'"},
			{"S2", "UPDATE stores SET ownership = 'direct' WHERE id = 'S3'"},
			{"I18", "UPDATE stores SET org = 'F9' WHERE id = 'S3'"},
			{"I18", "UPDATE staffs SET store_code = 'S1' WHERE id = 'G1'"},
			{"I18", "UPDATE logins SET org = 'F2' WHERE id = 'c1'"},
			{"I16", "UPDATE outbox SET created_us = 1"},
			{"I17", "UPDATE commands SET refusal = answer"},
			{"I19", "UPDATE audit_log SET actor = 'nobody'"},
		} {
			before := check()[c.id].Violations
			require.NoError(t, db.InTx(ctx, func(ctx context.Context) error {
				_, err := db.Conn(ctx).ExecContext(ctx, c.broken)
				return err
			}))
			require.Greater(t, check()[c.id].Violations, before, c.broken)
		}
	})
}

func TestTextsAreBoundedByCharacters(t *testing.T) {
	contract(t, func(t *testing.T, _ *database.DB, s *Store) {
		ctx, long := admin(t.Context()), strings.Repeat("𠮷", 200)
		org, shop, person := orgRow("HQ", "headquarters", ""), storeRow("S1", "direct", "HQ"), staffRow("C1", "S1", "clerk")
		org.Name, shop.Name, shop.City, shop.Address, person.Name = long, long, long, strings.Repeat("路", 512), long
		got, err := s.ImportOrganisations(ctx, &storev1.ImportOrganisationsRequest{RequestId: requestID(), Rows: []*storev1.ImportOrganisationRow{org}})
		require.NoError(t, err)
		require.Equal(t, int64(1), got.Created, "%v", got.Errors)
		got, err = s.ImportStores(ctx, &storev1.ImportStoresRequest{RequestId: requestID(), Rows: []*storev1.ImportStoreRow{shop}})
		require.NoError(t, err)
		require.Equal(t, int64(1), got.Created, "%v", got.Errors)
		got, err = s.ImportStaff(ctx, &storev1.ImportStaffRequest{RequestId: requestID(), Rows: []*storev1.ImportStaffRow{person}})
		require.NoError(t, err)
		require.Equal(t, int64(1), got.Created, "%v", got.Errors)
	})
}
