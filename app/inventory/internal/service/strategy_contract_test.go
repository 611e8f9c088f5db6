package service

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/platform"
)

const strategyKind = inventoryv1.RulesetKind_STRATEGY

// rules are the strategies' service over a rig.
func (r *rig) rules() *Strategies { return NewStrategies(r.db, r.store) }

func (r *rig) activate(t testing.TB, kind inventoryv1.RulesetKind, name, body string) *inventoryv1.Ruleset {
	t.Helper()
	boss := hq(t.Context(), "operator")
	draft, err := r.rules().CreateRuleset(boss, &inventoryv1.CreateRulesetRequest{RequestId: requestID(), Kind: kind, Name: name, Body: body})
	require.NoError(t, err)
	active, err := r.rules().ActivateRuleset(boss, &inventoryv1.ActivateRulesetRequest{RequestId: requestID(), Kind: kind, Name: name, Version: draft.Version, ExpectedRevision: draft.Revision})
	require.NoError(t, err)
	return active
}

func (r *rig) profile(t testing.TB, p *inventoryv1.LocationProfile) *inventoryv1.LocationProfile {
	t.Helper()
	boss := hq(t.Context(), "operator")
	was, err := r.rules().GetLocationProfile(boss, &inventoryv1.GetLocationProfileRequest{Location: p.Location})
	require.NoError(t, err)
	put, err := r.rules().PutLocationProfile(boss, &inventoryv1.PutLocationProfileRequest{RequestId: requestID(), Profile: p, ExpectedVersion: was.Version})
	require.NoError(t, err)
	return put
}

func oneStage(selectors, rest string) string {
	return `{"for": [` + selectors + `], "stages": [{"name": "only", ` + rest + `}]}`
}

func TestTheLifeOfAStrategy(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		boss, s := hq(t.Context(), "operator"), r.rules()
		body, other := oneStage(`{"channel": "tmall"}`, `"split": {"parcels": "never"}`), oneStage(`{"channel": "tmall"}`, `"split": {"parcels": 2}`)
		_, err := s.CreateRuleset(boss, &inventoryv1.CreateRulesetRequest{RequestId: requestID(), Kind: strategyKind, Name: "near", Body: `{"stages": [{"name": "x", "filters": [{"rule": "moon"}]}]}`})
		require.Equal(t, "VALIDATOR", reasonOf(err))
		require.Equal(t, "stages[0].filters[0].rule", metadataOf(err)["field"])
		_, err = s.CreateRuleset(boss, &inventoryv1.CreateRulesetRequest{RequestId: requestID(), Kind: strategyKind, Name: "near", CopyOfVersion: 1})
		require.Equal(t, "NOT_FOUND", reasonOf(err))

		ask := &inventoryv1.CreateRulesetRequest{RequestId: requestID(), Kind: strategyKind, Name: "near", Body: body}
		draft, err := s.CreateRuleset(boss, ask)
		require.NoError(t, err)
		again, err := s.CreateRuleset(boss, ask)
		require.NoError(t, err)
		require.Equal(t, draft.String(), again.String(), "a repeat makes no second version")
		require.Equal(t, []int64{1, 1}, []int64{draft.Version, draft.Revision})
		require.Equal(t, inventoryv1.RulesetState_RULESET_DRAFT, draft.State)

		changed, err := s.UpdateRuleset(boss, &inventoryv1.UpdateRulesetRequest{RequestId: requestID(), Kind: strategyKind, Name: "near", Version: 1, Body: other, ExpectedRevision: 1})
		require.NoError(t, err)
		require.Equal(t, int64(2), changed.Revision)
		_, err = s.UpdateRuleset(boss, &inventoryv1.UpdateRulesetRequest{RequestId: requestID(), Kind: strategyKind, Name: "near", Version: 1, Body: body, ExpectedRevision: 1})
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))
		require.Equal(t, "2", metadataOf(err)["revision"])
		_, err = s.ActivateRuleset(boss, &inventoryv1.ActivateRulesetRequest{RequestId: requestID(), Kind: strategyKind, Name: "near", Version: 1, ExpectedRevision: 1})
		require.Equal(t, "STATE_CONFLICT", reasonOf(err), "what was not read is not activated")
		active, err := s.ActivateRuleset(boss, &inventoryv1.ActivateRulesetRequest{RequestId: requestID(), Kind: strategyKind, Name: "near", Version: 1, ExpectedRevision: 2})
		require.NoError(t, err)
		require.Equal(t, inventoryv1.RulesetState_RULESET_ACTIVE, active.State)
		require.Equal(t, other, active.Body)
		_, err = s.UpdateRuleset(boss, &inventoryv1.UpdateRulesetRequest{RequestId: requestID(), Kind: strategyKind, Name: "near", Version: 1, Body: body, ExpectedRevision: 2})
		require.Equal(t, "ACTIVE", metadataOf(err)["state"], "what was active never changes")

		// The next version takes its place; the one before can be taken back.
		next := r.activate(t, strategyKind, "near", body)
		require.Equal(t, int64(2), next.Version)
		first, err := s.GetRuleset(boss, &inventoryv1.GetRulesetRequest{Kind: strategyKind, Name: "near", Version: 1})
		require.NoError(t, err)
		require.Equal(t, inventoryv1.RulesetState_RULESET_ARCHIVED, first.State)
		_, err = s.ActivateRuleset(boss, &inventoryv1.ActivateRulesetRequest{RequestId: requestID(), Kind: strategyKind, Name: "near", Version: 1, ExpectedRevision: 2})
		require.NoError(t, err)

		// An equal selector is refused, and said before.
		clash := oneStage(`{"way": "pickup"}, {"channel": "tmall"}`, `"split": {"parcels": 1}`)
		said, err := s.ValidateRuleset(boss, &inventoryv1.ValidateRulesetRequest{Kind: strategyKind, Name: "other", Body: clash})
		require.NoError(t, err)
		require.Equal(t, "for", said.Field)
		require.Contains(t, said.Rule, `near has an equal entry: channel "tmall"`)
		_, err = s.CreateRuleset(boss, &inventoryv1.CreateRulesetRequest{RequestId: requestID(), Kind: strategyKind, Name: "other", Body: clash})
		require.NoError(t, err, "a draft may clash")
		_, err = s.ActivateRuleset(boss, &inventoryv1.ActivateRulesetRequest{RequestId: requestID(), Kind: strategyKind, Name: "other", Version: 1, ExpectedRevision: 1})
		require.Equal(t, "for", metadataOf(err)["field"])
		said, err = s.ValidateRuleset(boss, &inventoryv1.ValidateRulesetRequest{Kind: strategyKind, Name: "near", Body: body})
		require.NoError(t, err)
		require.True(t, said.Valid, "a version does not clash with another of its name")

		// Freight: named only while it is active, and not archived while it is named.
		priced := `{"for": [{}], "freight": "standard", "stages": [{"name": "one", "preferences": [{"rule": "cheapest_freight"}]}]}`
		said, err = s.ValidateRuleset(boss, &inventoryv1.ValidateRulesetRequest{Kind: strategyKind, Name: "priced", Body: priced})
		require.NoError(t, err)
		require.Equal(t, "freight", said.Field)
		r.activate(t, inventoryv1.RulesetKind_FREIGHT, "standard", `{"currency": "CNY", "rows": [{"from": "*", "to": "*", "steps": [{"up_to_g": 1000, "price_minor": 600}]}]}`)
		r.activate(t, strategyKind, "priced", priced)
		_, err = s.ArchiveRuleset(boss, &inventoryv1.ArchiveRulesetRequest{RequestId: requestID(), Kind: inventoryv1.RulesetKind_FREIGHT, Name: "standard", Version: 1})
		require.Equal(t, "IN_USE", metadataOf(err)["state"])
		_, err = s.ArchiveRuleset(boss, &inventoryv1.ArchiveRulesetRequest{RequestId: requestID(), Kind: strategyKind, Name: "priced", Version: 1})
		require.NoError(t, err)
		_, err = s.ArchiveRuleset(boss, &inventoryv1.ArchiveRulesetRequest{RequestId: requestID(), Kind: inventoryv1.RulesetKind_FREIGHT, Name: "standard", Version: 1})
		require.NoError(t, err)

		var names []string
		token := ""
		for {
			page, err := s.ListRulesets(boss, &inventoryv1.ListRulesetsRequest{PageSize: 2, PageToken: token})
			require.NoError(t, err)
			for _, row := range page.Rulesets {
				names = append(names, fmt.Sprintf("%s %s %d", row.Kind, row.Name, row.Version))
				require.Empty(t, row.Body)
			}
			if token = page.NextPageToken; token == "" {
				break
			}
		}
		require.Equal(t, []string{"FREIGHT standard 1", "STRATEGY near 1", "STRATEGY near 2", "STRATEGY other 1", "STRATEGY priced 1"}, names)
		listed, err := s.ListRulesets(boss, &inventoryv1.ListRulesetsRequest{Kind: strategyKind, State: inventoryv1.RulesetState_RULESET_ACTIVE})
		require.NoError(t, err)
		require.Len(t, listed.Rulesets, 1)

		entries, err := platform.VerifyAudit(t.Context(), r.db)
		require.NoError(t, err)
		require.Equal(t, int64(7), entries, "five were activated, two archived")
	})
}

func TestOnlyHeadquartersOperatorsChangeWhatAllocationGoesBy(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		s := r.rules()
		create := &inventoryv1.CreateRulesetRequest{RequestId: requestID(), Kind: strategyKind, Name: "near", Body: oneStage(`{}`, `"split": {}`)}
		_, err := s.CreateRuleset(hq(t.Context(), "finance"), create)
		require.Equal(t, "FORBIDDEN", reasonOf(err))
		_, err = s.CreateRuleset(franchisee(t.Context(), "FR1", "manager"), create)
		require.Equal(t, "FORBIDDEN", reasonOf(err))
		_, err = s.ListRulesets(hq(t.Context(), "finance"), &inventoryv1.ListRulesetsRequest{})
		require.NoError(t, err)
		_, err = s.ListRulesets(franchisee(t.Context(), "FR1", "manager"), &inventoryv1.ListRulesetsRequest{})
		require.Equal(t, "FORBIDDEN", reasonOf(err))
	})
}

func TestTwoReplicasActivateOneVersion(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		boss := hq(t.Context(), "operator")
		replicas := []*Strategies{r.rules(), newRig(r.db).rules()}
		const rivals = 6
		for i := range rivals {
			name := []string{"near", "far"}[i%2] // three versions each of two names that want the same documents
			_, err := replicas[0].CreateRuleset(boss, &inventoryv1.CreateRulesetRequest{RequestId: requestID(), Kind: strategyKind, Name: name, Body: oneStage(`{"channel": "jd"}`, `"split": {}`)})
			require.NoError(t, err)
		}
		var wg sync.WaitGroup
		for i := range rivals {
			wg.Go(func() {
				_, _ = replicas[i%2].ActivateRuleset(boss, &inventoryv1.ActivateRulesetRequest{RequestId: requestID(), Kind: strategyKind,
					Name: []string{"near", "far"}[i%2], Version: int64(i/2 + 1), ExpectedRevision: 1})
			})
		}
		wg.Wait()
		active, err := replicas[1].ListRulesets(boss, &inventoryv1.ListRulesetsRequest{State: inventoryv1.RulesetState_RULESET_ACTIVE})
		require.NoError(t, err)
		require.Len(t, active.Rulesets, 1, "two names with an equal selector are never active together, nor two versions of one")
	})
}

func (r *rig) heldAt(t testing.TB, request *inventoryv1.HoldRequest) string {
	t.Helper()
	held, err := r.Hold(order(t.Context()), request)
	require.NoError(t, err)
	var at []string
	for _, reservation := range held.Reservations {
		at = append(at, reservation.Location)
	}
	return strings.Join(at, " ")
}

func TestAHoldGoesByTheMostSpecificStrategy(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		for _, at := range []string{"W-01", "S-01", "S-02", "F-01"} {
			r.stock(t, at, "LJ", 100)
		}
		hold := func(channel string, change func(*inventoryv1.HoldRequest)) string {
			in := parcel(requestID(), line("1", "LJ", 1))
			in.Channel = channel
			if change != nil {
				change(in)
			}
			return r.heldAt(t, in)
		}
		require.Equal(t, "F-01", hold("tmall", nil), "built in: the nearest")
		r.activate(t, strategyKind, "warehouse", oneStage(`{"channel": "tmall"}`, `"preferences": [{"rule": "warehouse_first"}]`))
		r.activate(t, strategyKind, "home", oneStage(`{"channel": "tmall", "region": "31"}`, `"preferences": [{"rule": "home_store"}, {"rule": "nearest"}]`))
		require.Equal(t, "W-01", hold("tmall", nil))
		require.Equal(t, "F-01", hold("jd", nil))
		require.Equal(t, "S-02", hold("tmall", func(in *inventoryv1.HoldRequest) { in.Region, in.HomeStore = "310101", "S-02" }))
		require.Equal(t, "F-01", hold("tmall", func(in *inventoryv1.HoldRequest) { in.Region = "310101" }))

		// Another replica sees a change within a second.
		other := newRig(r.db)
		require.Equal(t, "W-01", other.heldAt(t, func() *inventoryv1.HoldRequest {
			in := parcel(requestID(), line("1", "LJ", 1))
			in.Channel = "tmall"
			return in
		}()))
		r.activate(t, strategyKind, "warehouse", oneStage(`{"channel": "tmall"}`, `"filters": [{"rule": "organisation", "of": "others"}]`))
		require.Eventually(t, func() bool {
			in := parcel(requestID(), line("1", "LJ", 1))
			in.Channel = "tmall"
			return other.heldAt(t, in) == "F-01"
		}, time.Second, 20*time.Millisecond)
		explained, err := r.GetAllocation(order(t.Context()), &inventoryv1.GetAllocationRequest{Document: "none"})
		require.Error(t, err)
		require.Nil(t, explained)
		in := parcel("ord_why", line("1", "LJ", 1))
		in.Channel = "tmall"
		r.heldAt(t, in)
		explained, err = r.GetAllocation(order(t.Context()), &inventoryv1.GetAllocationRequest{Document: "ord_why"})
		require.NoError(t, err)
		require.Equal(t, "warehouse v2", explained.Strategy)
		require.Contains(t, explained.Text, "dropped: the seller's own location")
		r.audit(t)
	})
}

func TestATerritoryIsServedByItsFranchisee(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.put(t, location("F-02", "FR2", inventoryv1.LocationKind_FRANCHISE_STORE, 31.30, 121.40))
		for _, at := range []string{"S-01", "F-01", "F-02"} {
			r.stock(t, at, "LJ", 100)
		}
		r.activate(t, strategyKind, "protected", oneStage(`{}`, `"filters": [{"rule": "territory", "against": "everyone", "soft": true}], "preferences": [{"rule": "nearest"}]`))
		require.Equal(t, "F-01", r.heldAt(t, parcel("ord_1", line("1", "LJ", 1))))
		r.profile(t, &inventoryv1.LocationProfile{Location: "F-02", Territory: &inventoryv1.Area{RadiusM: 20_000}})
		require.Equal(t, "F-02", r.heldAt(t, parcel("ord_2", line("1", "LJ", 1))))
		away := parcel("ord_3", line("1", "LJ", 1))
		away.Destination = &commonv1.GeoPoint{Lat: 30.2, Lng: 120.2}
		require.NotEqual(t, "F-02", r.heldAt(t, away))
	})
}

func TestFranchiseesGetTheirFairShare(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.put(t, location("F-02", "FR2", inventoryv1.LocationKind_FRANCHISE_STORE, 31.30, 121.40))
		for _, at := range []string{"F-01", "F-02"} {
			r.stock(t, at, "LJ", 100)
		}
		require.Equal(t, "F-01", r.heldAt(t, parcel("ord_1", line("1", "LJ", 1))))
		r.activate(t, strategyKind, "fair", oneStage(`{}`, `"preferences": [{"rule": "fair_share"}, {"rule": "nearest"}]`))
		require.Equal(t, "F-02", r.heldAt(t, parcel("ord_2", line("1", "LJ", 1))), "the other one has been given none")
		served, err := newRig(r.db).store.Served(t.Context(), 30)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"FR1": 1, "FR2": 1}, served)
		require.Equal(t, "F-01", newRig(r.db).heldAt(t, parcel("ord_3", line("1", "LJ", 1))), "now they are even, and the nearer one is first")
	})
}

func TestWhoSaysHowALocationWorks(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		s := r.rules()
		full := &inventoryv1.LocationProfile{Location: "F-01", TimeZone: "Asia/Shanghai", Weekly: []*inventoryv1.WeeklyHours{{Days: []int32{1, 2}, Open: "09:00", Close: "22:00"}},
			Exceptions: []*inventoryv1.DayHours{{Date: "2026-10-01", Hours: []*inventoryv1.Hours{{Open: "10:00", Close: "12:00"}}}}, CutOff: "16:00", DailyOrders: 10, DailyLines: 20,
			Groups: []string{"flagship"}, Region: "310101", FreightZone: "EAST", Delivery: &inventoryv1.Area{RadiusM: 5000, Regions: []string{"31"}},
			Territory: &inventoryv1.Area{Polygon: []*commonv1.GeoPoint{{Lat: 31, Lng: 121}, {Lat: 31, Lng: 122}, {Lat: 32, Lng: 122}}}}
		put := r.profile(t, full)
		full.Version = 1
		require.Equal(t, full.String(), put.String())
		got, err := s.GetLocationProfile(franchisee(t.Context(), "FR1", "clerk"), &inventoryv1.GetLocationProfileRequest{Location: "F-01"})
		require.NoError(t, err)
		require.Equal(t, full.String(), got.String())

		own, other := franchisee(t.Context(), "FR1", "manager"), franchisee(t.Context(), "FR2", "manager")
		change := func(p *inventoryv1.LocationProfile, expected int64) *inventoryv1.PutLocationProfileRequest {
			return &inventoryv1.PutLocationProfileRequest{RequestId: requestID(), Profile: p, ExpectedVersion: expected}
		}
		_, err = s.GetLocationProfile(other, &inventoryv1.GetLocationProfileRequest{Location: "F-01"})
		require.Equal(t, "LOCATION_UNKNOWN", reasonOf(err))
		_, err = s.PutLocationProfile(other, change(full, 1))
		require.Equal(t, "LOCATION_UNKNOWN", reasonOf(err))
		_, err = s.PutLocationProfile(franchisee(t.Context(), "FR1", "clerk"), change(full, 1))
		require.Equal(t, "FORBIDDEN", reasonOf(err))
		full.DailyOrders = 30
		changed, err := s.PutLocationProfile(own, change(full, 1))
		require.NoError(t, err)
		require.Equal(t, []int64{2, 30}, []int64{changed.Version, changed.DailyOrders})
		_, err = s.PutLocationProfile(own, change(full, 1))
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))
		require.Equal(t, "2", metadataOf(err)["version"])
		full.Territory = &inventoryv1.Area{RadiusM: 1_000_000}
		_, err = s.PutLocationProfile(own, change(full, 2))
		require.Equal(t, "FORBIDDEN", reasonOf(err), "nobody gives himself a territory")
		full.Territory, full.TimeZone = nil, "Asia/Atlantis"
		_, err = s.PutLocationProfile(hq(t.Context(), "admin"), change(full, 2))
		require.Equal(t, "TIME_INVALID", reasonOf(err))
		require.Equal(t, "time_zone", metadataOf(err)["field"])
		full.TimeZone, full.Delivery = "Asia/Shanghai", &inventoryv1.Area{Polygon: []*commonv1.GeoPoint{{Lat: 1}, {Lat: 2}}}
		_, err = s.PutLocationProfile(hq(t.Context(), "admin"), change(full, 2))
		require.Equal(t, "GEO_INVALID", reasonOf(err))

		// What the store center tells later does not touch it.
		told := location("F-01", "FR1", inventoryv1.LocationKind_FRANCHISE_STORE, 31.2306, 121.4738)
		told.Version = 2
		r.put(t, told)
		got, err = s.GetLocationProfile(own, &inventoryv1.GetLocationProfileRequest{Location: "F-01"})
		require.NoError(t, err)
		require.Equal(t, int64(2), got.Version)
	})
}

func (r *rig) load(t testing.TB, at string) (orders, lines int64) {
	t.Helper()
	require.NoError(t, r.db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT COALESCE(SUM(orders), 0), COALESCE(SUM(`lines`), 0) FROM capacities WHERE location = ?", at).Scan(&orders, &lines))
	return orders, lines
}

func TestADaysCapacityIsTakenAndGivenBackWithTheStock(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.clock.Set(time.Date(2026, 11, 27, 2, 0, 0, 0, time.UTC).UnixMicro()) // 10:00 in Shanghai
		r.city(t)
		for _, at := range []string{"F-01", "S-01"} {
			r.stock(t, at, "LJ", 100)
			r.stock(t, at, "TG", 100)
		}
		r.profile(t, &inventoryv1.LocationProfile{Location: "F-01", TimeZone: "Asia/Shanghai", DailyOrders: 3, DailyLines: 4, CutOff: "16:00"})
		two := []*inventoryv1.HoldLine{line("1", "LJ", 1), line("2", "TG", 1)}
		require.Equal(t, "F-01 F-01", r.heldAt(t, parcel("ord_1", two...)))
		expiring := parcel("ord_2", line("1", "LJ", 1))
		expiring.ExpiresAtUs = r.nowUS(t) + 1_000_000
		require.Equal(t, "F-01", r.heldAt(t, expiring))
		orders, lines := r.load(t, "F-01")
		require.Equal(t, []int64{2, 3}, []int64{orders, lines})
		require.Equal(t, "S-01 S-01", r.heldAt(t, parcel("ord_3", two...)), "two lines more are too many for that day")
		require.Equal(t, "F-01", r.heldAt(t, parcel("ord_4", line("1", "LJ", 1))))
		require.Equal(t, "S-01", r.heldAt(t, parcel("ord_5", line("1", "LJ", 1))), "three orders are the limit")
		text := r.why(t, "ord_5")
		require.Contains(t, text, "its day is full (3 of 3 orders)")

		// A pickup at a full store is refused: it is never moved. Carry-out is not counted.
		pickup := parcel("ord_6", line("1", "LJ", 1))
		pickup.Way, pickup.Location, pickup.Destination = inventoryv1.DeliveryWay_PICKUP, "F-01", nil
		_, err := r.Hold(order(t.Context()), pickup)
		require.Equal(t, "NO_LOCATION", reasonOf(err))
		till := parcel("ord_7", line("1", "LJ", 1))
		till.Way, till.Location, till.Destination = inventoryv1.DeliveryWay_CARRY_OUT, "F-01", nil
		require.Equal(t, "F-01", r.heldAt(t, till))

		// Expiry and release give it back; what has shipped stays taken.
		r.clock.Advance(2 * time.Second)
		require.Equal(t, 1, r.expire(t))
		orders, lines = r.load(t, "F-01")
		require.Equal(t, []int64{2, 3}, []int64{orders, lines})
		_, err = r.ReleaseHold(order(t.Context()), &inventoryv1.ReleaseHoldRequest{RequestId: requestID(), Document: "ord_4"})
		require.NoError(t, err)
		orders, lines = r.load(t, "F-01")
		require.Equal(t, []int64{1, 2}, []int64{orders, lines})
		held, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{"ord_1"}})
		require.NoError(t, err)
		_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "ord_1", Fulfilment: "ful_1", Reason: "SHIP",
			Lines: []*inventoryv1.ShipLine{{ReservationId: held.Reservations[0].Id, Quantity: 1}}})
		require.NoError(t, err)
		_, err = r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: "ord_1"})
		require.NoError(t, err)
		orders, lines = r.load(t, "F-01")
		require.Equal(t, []int64{1, 1}, []int64{orders, lines}, "one line has shipped, the other was given back")

		// After the cut-off it is the next day's work.
		r.clock.Set(time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC).UnixMicro())
		fresh := newRig(r.db)
		for i := range 3 {
			require.Equal(t, "F-01", fresh.heldAt(t, parcel(fmt.Sprint("ord_late_", i), line("1", "LJ", 1))))
		}
		require.Equal(t, "S-01", fresh.heldAt(t, parcel("ord_late_4", line("1", "LJ", 1))))
		r.audit(t)
	})
}

func (r *rig) why(t testing.TB, document string) string {
	t.Helper()
	a, err := r.GetAllocation(order(t.Context()), &inventoryv1.GetAllocationRequest{Document: document})
	require.NoError(t, err)
	return a.Text
}

func TestReplicasNeverExceedADaysCapacity(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "F-01", "LJ", 1000)
		r.stock(t, "S-01", "LJ", 1000)
		const limit, clients, each = 17, 8, 6
		r.profile(t, &inventoryv1.LocationProfile{Location: "F-01", TimeZone: "Asia/Shanghai", DailyOrders: limit})
		replicas := []*rig{r, newRig(r.db), newRig(r.db)}
		var wg sync.WaitGroup
		var mu sync.Mutex
		at := map[string]int{}
		for c := range clients {
			wg.Go(func() {
				for i := range each {
					held, err := replicas[c%len(replicas)].Hold(order(t.Context()), parcel(fmt.Sprintf("ord_%d_%d", c, i), line("1", "LJ", 1)))
					if err != nil {
						t.Error(err)
						continue
					}
					mu.Lock()
					at[held.Reservations[0].Location]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		require.Equal(t, map[string]int{"F-01": limit, "S-01": clients*each - limit}, at, "the limit is reached, and not exceeded")
		orders, _ := r.load(t, "F-01")
		require.Equal(t, int64(limit), orders)

		// Releases race with holds: the count is what the reservations say.
		for c := range clients {
			wg.Go(func() {
				for i := range each {
					_, err := replicas[(c+1)%len(replicas)].ReleaseHold(order(t.Context()), &inventoryv1.ReleaseHoldRequest{RequestId: requestID(), Document: fmt.Sprintf("ord_%d_%d", c, i)})
					if err != nil {
						t.Error(err)
					}
					if _, err := replicas[c%len(replicas)].Hold(order(t.Context()), parcel(fmt.Sprintf("again_%d_%d", c, i), line("1", "LJ", 1))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		orders, _ = r.load(t, "F-01")
		var documents int64
		require.NoError(t, r.db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT COUNT(DISTINCT document) FROM reservations WHERE location = 'F-01' AND open > 0").Scan(&documents))
		require.Equal(t, documents, orders)
		require.LessOrEqual(t, orders, int64(limit))
		r.audit(t)
	})
}

func TestTheAuditFindsADayThatIsCountedWrong(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "F-01", "LJ", 10)
		r.profile(t, &inventoryv1.LocationProfile{Location: "F-01", TimeZone: "Asia/Shanghai", DailyLines: 5})
		require.Equal(t, "F-01", r.heldAt(t, parcel("ord_1", line("1", "LJ", 1))))
		r.audit(t)
		require.NoError(t, r.db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := r.db.Conn(ctx).ExecContext(ctx, "UPDATE capacities SET `lines` = `lines` + 1")
			return err
		}))
		got, err := r.CheckInvariants(hq(t.Context(), "admin"), &commonv1.CheckInvariantsRequest{})
		require.NoError(t, err)
		for _, result := range got.Results {
			require.Equal(t, result.Id == "I3a", result.Violations > 0, result.Id)
		}
	})
}
