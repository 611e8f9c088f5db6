package biz

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/batch"
	"github.com/onepool/onepool/app/internal/geo"
)

const now = int64(1_700_000_000_000_000)

func org(line int64, code, kind, parent string, change ...func(*OrganisationRow)) OrganisationRow {
	r := OrganisationRow{Line: line, Code: code, Name: "Org " + code, Kind: kind, ParentCode: parent, SettlementRateBP: 6000, FulfilmentFee: 300, ShareStock: true}
	for _, c := range change {
		c(&r)
	}
	return r
}

func brand(t *testing.T) KnownOrganisations {
	t.Helper()
	plan := ImportOrganisations(KnownOrganisations{}, []OrganisationRow{
		org(1, "HQ", "headquarters", ""), org(2, "D1", "dealer", "HQ"), org(3, "F1", "franchisee", "D1"), org(4, "F2", "franchisee", "HQ"),
	}, now)
	require.Empty(t, plan.Result.Errors)
	known := KnownOrganisations{ByCode: map[string]Organisation{}, Headquarters: "HQ"}
	for _, o := range plan.Create {
		known.ByCode[o.Code] = o
	}
	return known
}

func store(line int64, code, ownership, org string, change ...func(*StoreRow)) StoreRow {
	lat, lng := 31.2304, 121.4737
	r := StoreRow{Line: line, Code: code, Name: "Store " + code, Ownership: ownership, OrgCode: org, Address: "南京路 1 号", City: "上海",
		Province: "SH", Country: "CN", Postcode: "200000", Timezone: "Asia/Shanghai", Lat: &lat, Lng: &lng, Opens: "09:00", Closes: "22:00",
		Capabilities: "pickup|parcel"}
	for _, c := range change {
		c(&r)
	}
	return r
}

func refusals(r batch.Result) (got []string) {
	for _, e := range r.Errors {
		got = append(got, e.Reason+" "+e.Field)
	}
	return got
}

func TestTheTreeOfOrganisationsHasOneRootAndNoCycle(t *testing.T) {
	known := brand(t)
	for name, c := range map[string]struct {
		row  OrganisationRow
		want string
	}{
		"second headquarters":      {org(9, "HQ2", "headquarters", ""), "STATE_CONFLICT kind"},
		"headquarters with parent": {org(9, "HQ", "headquarters", "D1"), "VALIDATOR parent_code"},
		"no parent":                {org(9, "D2", "dealer", ""), "VALIDATOR parent_code"},
		"unknown parent":           {org(9, "D2", "dealer", "D9"), "ORGANISATION_UNKNOWN parent_code"},
		"itself above":             {org(9, "D1", "dealer", "D1"), "VALIDATOR parent_code"},
		"below a franchisee":       {org(9, "F3", "franchisee", "F1"), "VALIDATOR parent_code"},
		"other kind":               {org(9, "F1", "dealer", "HQ"), "STATE_CONFLICT kind"},
		"unknown kind":             {org(9, "X", "supplier", "HQ"), "VALIDATOR kind"},
		"rate above one":           {org(9, "X", "dealer", "HQ", func(r *OrganisationRow) { r.SettlementRateBP = 10_001 }), "AMOUNT_INVALID settlement_rate_bp"},
		"negative fee":             {org(9, "X", "dealer", "HQ", func(r *OrganisationRow) { r.FulfilmentFee = -1 }), "AMOUNT_INVALID fulfilment_fee_minor"},
		"a code of nobody":         {org(9, "brand", "franchisee", "HQ"), "VALIDATOR code"},
		"long code":                {org(9, "X234567890123456789012345678901234567890X", "dealer", "HQ"), "VALIDATOR code"},
	} {
		plan := ImportOrganisations(known, []OrganisationRow{c.row}, now)
		require.Equal(t, []string{c.want}, refusals(plan.Result), name)
		require.Empty(t, plan.Create, name)
		require.Empty(t, plan.Update, name)
	}
	// A cycle over two: D2 goes below D3, D3 must not go below D2.
	plan := ImportOrganisations(known, []OrganisationRow{org(5, "D3", "dealer", "HQ"), org(6, "D2", "dealer", "D3"), org(7, "D3", "dealer", "D2")}, now)
	require.Equal(t, []string{"DUPLICATE code"}, refusals(plan.Result))
	for _, o := range plan.Create {
		known.ByCode[o.Code] = o
	}
	plan = ImportOrganisations(known, []OrganisationRow{org(8, "D3", "dealer", "D2")}, now)
	require.Equal(t, []string{"VALIDATOR parent_code"}, refusals(plan.Result))
}

func TestANewContractIsToldAndANewNameIsNot(t *testing.T) {
	known := brand(t)
	plan := ImportOrganisations(known, []OrganisationRow{
		org(2, "F1", "franchisee", "D1", func(r *OrganisationRow) { r.Name = "Renamed" }),
		org(3, "F2", "franchisee", "HQ", func(r *OrganisationRow) { r.ShareStock = false }),
		org(4, "HQ", "headquarters", "", func(r *OrganisationRow) { r.ShareStock = false }),
	}, now)
	require.Equal(t, batch.Result{Updated: 3}, plan.Result)
	require.Equal(t, []string{"F2"}, plan.NewTerms, "headquarters always shares its stock")
	for _, o := range plan.Update {
		require.Greater(t, o.UpdatedUS, known.ByCode[o.Code].UpdatedUS, "a version grows although the clock stands still")
	}
}

func TestImportingTheSameStoresTwiceChangesNothing(t *testing.T) {
	known := KnownStores{Organisations: brand(t).ByCode, ByCode: map[string]Store{}}
	rows := []StoreRow{store(2, "S1", "direct", "HQ"), store(3, "S2", "Franchise", "F1"), store(4, "W1", "warehouse", "HQ")}
	plan := ImportStores(known, rows, now)
	require.Equal(t, batch.Result{Created: 3}, plan.Result)
	for _, s := range plan.Create {
		known.ByCode[s.Code] = s
	}
	require.Equal(t, batch.Result{Unchanged: 3}, ImportStores(known, rows, now+1).Result)
	moved := ImportStores(known, []StoreRow{store(2, "S1", "direct", "HQ", func(r *StoreRow) { r.Name = "New" })}, now)
	require.Equal(t, batch.Result{Updated: 1}, moved.Result)
	require.Equal(t, now+1, moved.Update[0].UpdatedUS)
}

func TestBadStoreRowsAreRefusedWithTheirReason(t *testing.T) {
	known := KnownStores{Organisations: brand(t).ByCode, ByCode: map[string]Store{"OLD": {Code: "OLD", Org: "F2"}}}
	for name, c := range map[string]struct {
		row  StoreRow
		want string
	}{
		"no position":          {store(2, "S", "direct", "HQ", func(r *StoreRow) { r.Lat, r.Lng = nil, nil }), "GEO_INVALID lat"},
		"half a position":      {store(2, "S", "direct", "HQ", func(r *StoreRow) { r.Lng = nil }), "GEO_INVALID lat"},
		"off the earth":        {store(2, "S", "direct", "HQ", func(r *StoreRow) { *r.Lat = 91 }), "GEO_INVALID lat"},
		"unknown organisation": {store(2, "S", "direct", "XX"), "ORGANISATION_UNKNOWN org_code"},
		"unknown zone":         {store(2, "S", "direct", "HQ", func(r *StoreRow) { r.Timezone = "Asia/Atlantis" }), "TIME_INVALID timezone"},
		"no zone":              {store(2, "S", "direct", "HQ", func(r *StoreRow) { r.Timezone = "" }), "TIME_INVALID timezone"},
		"the machine's zone":   {store(2, "S", "direct", "HQ", func(r *StoreRow) { r.Timezone = "Local" }), "TIME_INVALID timezone"},
		"closes before":        {store(2, "S", "direct", "HQ", func(r *StoreRow) { r.Opens = "22:00"; r.Closes = "09:00" }), "TIME_INVALID closes"},
		"no such hour":         {store(2, "S", "direct", "HQ", func(r *StoreRow) { r.Closes = "24:01" }), "TIME_INVALID closes"},
		"half the hours":       {store(2, "S", "direct", "HQ", func(r *StoreRow) { r.Opens = "" }), "TIME_INVALID opens"},
		"unknown capability":   {store(2, "S", "direct", "HQ", func(r *StoreRow) { r.Capabilities = "parcel|drone" }), "VALIDATOR capabilities"},
		"unknown ownership":    {store(2, "S", "rented", "HQ"), "VALIDATOR ownership"},
		"direct of another":    {store(2, "S", "direct", "F1"), "VALIDATOR ownership"},
		"franchise of HQ":      {store(2, "S", "franchise", "HQ"), "VALIDATOR ownership"},
		"other organisation":   {store(2, "OLD", "franchise", "F1"), "STATE_CONFLICT org_code"},
		"no name":              {store(2, "S", "direct", "HQ", func(r *StoreRow) { r.Name = "" }), "VALIDATOR name"},
		"control character":    {store(2, "S", "direct", "HQ", func(r *StoreRow) { r.Address = "a\x00" }), "VALIDATOR address"},
	} {
		plan := ImportStores(known, []StoreRow{c.row, store(3, "GOOD", "direct", "HQ")}, now)
		require.Equal(t, []string{c.want}, refusals(plan.Result), name)
		require.Equal(t, int64(2), plan.Result.Errors[0].Line, name)
		require.Equal(t, int64(1), plan.Result.Created, name)
	}
}

func TestASecondRowOfAStoreIsADuplicateWhenItDiffersFromAnAcceptedOne(t *testing.T) {
	known := KnownStores{Organisations: brand(t).ByCode}
	nowhere := store(2, "S", "direct", "HQ", func(r *StoreRow) { r.Lat, r.Lng = nil, nil })
	plan := ImportStores(known, []StoreRow{nowhere, store(3, "S", "direct", "HQ"), store(4, "S", "direct", "HQ"),
		store(5, "S", "direct", "HQ", func(r *StoreRow) { r.City = "Elsewhere" })}, now)
	require.Equal(t, []string{"GEO_INVALID lat", "DUPLICATE code"}, refusals(plan.Result))
	require.Equal(t, int64(1), plan.Result.Created)
	require.Equal(t, int64(1), plan.Result.Unchanged)
	require.Contains(t, plan.Result.Errors[1].Message, "line 3")
}

func TestZonesOfStoreDirectoriesAreUnderstood(t *testing.T) {
	zones := NewZones()
	for text, want := range map[string]string{
		"GMT-08:00 America/Los_Angeles":  "America/Los_Angeles",
		"GMT+000000 America/Phoenix":     "America/Phoenix",
		"GMT+08:00 Asia/Beijing":         "Asia/Shanghai",
		"GMT+05:30 Asia/New_Delhi":       "Asia/Kolkata",
		"GMT-03:00 America/Argentina/Bu": "America/Argentina/Buenos_Aires",
		" Asia/Shanghai ":                "Asia/Shanghai",
		"UTC":                            "UTC",
	} {
		got, refusal := zones.Normalize("timezone", text)
		require.Nil(t, refusal, text)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"", "Local", "GMT+08:00", "../etc/passwd", "Asia/shanghaii"} {
		_, refusal := zones.Normalize("timezone", bad)
		require.NotNil(t, refusal, bad)
	}
}

func TestTheVersionOfALocationGrowsWithEitherSide(t *testing.T) {
	o := Organisation{UpdatedUS: now}
	s := Store{UpdatedUS: now, Active: true, Point: geo.Point{}}
	before := LocationVersion(s, o)
	closed, changed := s.Open(false, now)
	require.True(t, changed)
	require.Greater(t, LocationVersion(closed, o), before)
	_, changed = closed.Open(false, now+9)
	require.False(t, changed)
	o.UpdatedUS++
	require.Greater(t, LocationVersion(s, o), before)
}

func person(line int64, code, store, role, login string) StaffRow {
	return StaffRow{Line: line, Code: code, Name: "Name " + code, StoreCode: store, Role: role, Login: login}
}

func TestStaffWorkInAStoreOrAtHeadquarters(t *testing.T) {
	known := KnownStaff{Headquarters: "HQ", MayGrantGuarded: true,
		Stores:     map[string]Store{"S1": {Code: "S1", Org: "HQ"}, "S2": {Code: "S2", Org: "F1"}},
		ByCode:     map[string]Staff{"G0": {Code: "G0", Org: "F1", Store: "S2", Role: "guide", Login: "g0", Name: "Name G0", Active: false}},
		LoginOwner: map[string]string{"g0": "G0"}}
	plan := ImportStaff(known, []StaffRow{
		person(1, "G1", "S2", "guide", "g1"), person(2, "O1", "", "Operator", "o1"), person(3, "G0", "S2", "guide", "g0"),
		person(4, "X", "", "guide", ""), person(5, "X", "S1", "finance", ""), person(6, "X", "S9", "clerk", ""), person(7, "X", "S1", "boss", ""),
		person(8, "G0", "S1", "guide", "g0"), person(9, "X", "S1", "clerk", "g0"), person(10, "Y", "S1", "clerk", "g1"), person(11, "A", "", "admin", "a"),
	}, now)
	require.Equal(t, []string{"VALIDATOR store_code", "VALIDATOR store_code", "STORE_UNKNOWN store_code", "VALIDATOR role",
		"DUPLICATE code", "DUPLICATE login", "DUPLICATE login"}, refusals(plan.Result))
	require.Equal(t, int64(3), plan.Result.Created)
	require.Equal(t, int64(1), plan.Result.Unchanged, "an import does not undo a revocation")
	require.Equal(t, "F1", plan.Create[0].Org)
	require.Equal(t, "HQ", plan.Create[1].Org)

	moved := ImportStaff(known, []StaffRow{person(8, "G0", "S1", "guide", "g0")}, now)
	require.Equal(t, []string{"STATE_CONFLICT store_code"}, refusals(moved.Result))
	known.MayGrantGuarded = false
	require.Equal(t, []string{"FORBIDDEN role"}, refusals(ImportStaff(known, []StaffRow{person(1, "A", "", "admin", "a")}, now).Result))
	// Whoever may set an operator's password must not become finance by making finance an operator, and back.
	known.ByCode["F0"] = Staff{Code: "F0", Org: "HQ", Role: "finance", Login: "f0", Name: "Name F0", Active: true}
	finance := ImportStaff(known, []StaffRow{person(1, "F", "", "finance", "f"), person(2, "F0", "", "operator", "f0"), person(3, "F0", "", "finance", "")}, now)
	require.Equal(t, []string{"FORBIDDEN role", "FORBIDDEN role", "FORBIDDEN role"}, refusals(finance.Result))
	same := ImportStaff(known, []StaffRow{person(1, "F0", "", "finance", "f0")}, now)
	require.Equal(t, int64(1), same.Result.Unchanged, "what changes nothing is not refused")
	freed := ImportStaff(known, []StaffRow{person(1, "G0", "S2", "guide", ""), person(2, "G2", "S2", "guide", "g0")}, now)
	require.Empty(t, freed.Result.Errors)
	require.Equal(t, []string{"g0"}, freed.FreedLogins)
}

func TestGuessingIsBoundedAlsoInParallel(t *testing.T) {
	l := Login{}
	for range MaxAttempts {
		var ok bool
		l, ok, _ = l.Attempt(now)
		require.True(t, ok)
	}
	_, ok, wait := l.Attempt(now + 60_000_000)
	require.False(t, ok)
	require.Equal(t, int64(AttemptWindowUS-60_000_000), wait)
	l, ok, _ = l.Attempt(now + AttemptWindowUS)
	require.True(t, ok)
	require.Equal(t, int64(1), l.Attempts)
}

func TestStaffOfADirectStoreAreNotHeadquarters(t *testing.T) {
	hq := Organisation{Kind: Headquarters}
	require.Equal(t, ForHeadquarters, StandingOf(Staff{}, hq))
	require.Equal(t, ForStore, StandingOf(Staff{Store: "S1"}, hq))
	require.Equal(t, ForDealer, StandingOf(Staff{Store: "S1"}, Organisation{Kind: Dealer}))
	require.Equal(t, ForStore, StandingOf(Staff{Store: "S1"}, Organisation{Kind: Franchisee}))
}

func TestTheDealerAboveIsTheNearestOne(t *testing.T) {
	by := brand(t).ByCode
	place, ok := Place(Store{Code: "S", Org: "F1"}, by)
	require.True(t, ok)
	require.Equal(t, "D1", place.Dealer)
	place, _ = Place(Store{Code: "S", Org: "F2"}, by)
	require.Empty(t, place.Dealer)
	place, _ = Place(Store{Code: "S", Org: "D1"}, by)
	require.Empty(t, place.Dealer, "a dealer's own store has no dealer above")
	_, ok = Place(Store{Code: "S", Org: "??"}, by)
	require.False(t, ok)
}
