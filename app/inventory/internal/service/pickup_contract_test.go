package service

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

var shanghai = time.FixedZone("CST", 8*3600)

func (r *rig) pickups() *PickupOptions {
	return NewPickupOptions(r.db, r.store, data.NewCategories(r.shop))
}

// wall sets the clock to a time of day in Shanghai.
func (r *rig) wall(t testing.TB, text string) {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, shanghai)
	require.NoError(t, err)
	r.clock.Set(at.UnixMicro())
}

func basket(stores []string, lines ...*inventoryv1.PickupLine) *inventoryv1.GetPickupOptionsRequest {
	return &inventoryv1.GetPickupOptionsRequest{Channel: "miniprogram", Stores: stores, Lines: lines}
}

func collect(sku string, qty int64) *inventoryv1.PickupLine {
	return &inventoryv1.PickupLine{Sku: sku, Quantity: qty}
}

// collected asks, and writes each option on one line.
func (r *rig) collected(t testing.TB, ctx context.Context, in *inventoryv1.GetPickupOptionsRequest) (said []string) {
	t.Helper()
	got, err := r.pickups().GetPickupOptions(ctx, in)
	require.NoError(t, err)
	for _, o := range got.Options {
		text := o.Location + " " + o.Readiness.String()
		if o.ReadyAtUs != 0 {
			text += time.UnixMicro(o.ReadyAtUs).In(shanghai).Format(" 2006-01-02 15:04")
		}
		for _, s := range o.Short {
			text += fmt.Sprintf(", %d %s", s.Line, s.Sku)
			if s.Missing != nil {
				text += fmt.Sprintf(" -%d", *s.Missing)
			}
		}
		said = append(said, text)
	}
	return said
}

// workdays opens a store from Monday to Friday, except on these dates.
func (r *rig) workdays(t testing.TB, store string, except ...*inventoryv1.DayHours) {
	t.Helper()
	r.profile(t, &inventoryv1.LocationProfile{Location: store, TimeZone: "Asia/Shanghai", Exceptions: except,
		Weekly: []*inventoryv1.WeeklyHours{{Days: []int32{1, 2, 3, 4, 5}, Open: "09:00", Close: "21:00"}}})
}

// expected sends goods that are expected at a time of day in Shanghai; without one nobody knows when.
func (r *rig) expected(t testing.TB, to, at string, lines ...*inventoryv1.TransferWish) {
	t.Helper()
	plan := transferring("W-01", to, lines...)
	if at != "" {
		when, err := time.ParseInLocation("2006-01-02 15:04", at, shanghai)
		require.NoError(t, err)
		plan.ExpectedUs = when.UnixMicro()
	}
	moved, err := r.CreateTransfer(hq(t.Context(), "operator"), plan)
	require.NoError(t, err)
	r.sent(t, moved.Id)
}

func TestABasketIsReadyWhenTheStoreIsOpen(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		boss := hq(t.Context())
		r.workdays(t, "S-01", &inventoryv1.DayHours{Date: "2026-12-03"}, &inventoryv1.DayHours{Date: "2026-12-05", Hours: []*inventoryv1.Hours{{Open: "10:30", Close: "12:00"}}})
		r.stock(t, "S-01", "LJ", 3)
		r.stock(t, "S-02", "LJ", 3)
		ask := basket([]string{"S-02", "S-01"}, collect("LJ", 3))
		for now, ready := range map[string]string{
			"2026-12-02 20:59": "2026-12-02 20:59",
			"2026-12-02 21:00": "2026-12-04 09:00", // a Wednesday; closed on Thursday
			"2026-12-04 08:00": "2026-12-04 09:00",
			"2026-12-04 23:00": "2026-12-05 10:30", // hours of one Saturday
			"2026-12-05 12:00": "2026-12-07 09:00",
		} {
			r.wall(t, now)
			require.Equal(t, []string{"S-02 READY_NOW " + now, "S-01 READY_NOW " + ready}, r.collected(t, boss, ask), "at %s", now)
		}
		// What must come from elsewhere comes when the store is open, too.
		r.stock(t, "W-01", "LJ", 1)
		r.wall(t, "2026-12-02 22:00")
		more := basket([]string{"S-01", "S-02"}, collect("LJ", 4))
		require.Equal(t, []string{"S-01 BY_TRANSFER 2026-12-05 10:30, 1 LJ -1", "S-02 BY_TRANSFER 2026-12-04 22:00, 1 LJ -1"}, r.collected(t, boss, more), "two days")
		more.LeadTimeUs = new(int64((25 * time.Hour).Microseconds()))
		require.Equal(t, []string{"S-01 BY_TRANSFER 2026-12-04 09:00, 1 LJ -1", "S-02 BY_TRANSFER 2026-12-03 23:00, 1 LJ -1"}, r.collected(t, boss, more))
		more.Lines[0].Quantity = 7
		require.Equal(t, []string{"S-01 NOT_READY, 1 LJ -4", "S-02 NOT_READY, 1 LJ -4"}, r.collected(t, boss, more), "no one location has 4")
		r.wall(t, "2027-06-01 12:00")
		closed := &inventoryv1.LocationProfile{Location: "S-01", TimeZone: "Asia/Shanghai", Weekly: []*inventoryv1.WeeklyHours{{Days: []int32{1}, Open: "09:00", Close: "21:00"}}}
		for day := 0; day < 70; day++ {
			closed.Exceptions = append(closed.Exceptions, &inventoryv1.DayHours{Date: time.Date(2027, 6, 1+day, 0, 0, 0, 0, shanghai).Format(time.DateOnly)})
		}
		r.profile(t, closed)
		require.Equal(t, []string{"S-02 READY_NOW 2027-06-01 12:00", "S-01 NOT_READY"}, r.collected(t, boss, ask), "it does not open in sight")
	})
}

func TestABasketWaitsForWhatIsOnItsWay(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		boss := hq(t.Context())
		r.workdays(t, "S-01")
		r.wall(t, "2026-12-02 12:00")
		for sku, qty := range map[string]int64{"LJ": 9, "TG": 2} {
			r.stock(t, "W-01", sku, qty)
		}
		r.stock(t, "S-01", "LJ", 1)
		at := func(lines ...*inventoryv1.PickupLine) string {
			t.Helper()
			said := r.collected(t, boss, basket([]string{"S-01"}, lines...))
			require.Len(t, said, 1)
			return said[0]
		}
		planned := transferring("W-01", "S-01", wish("LJ", 1))
		planned.ExpectedUs = r.nowUS(t) + 1
		_, err := r.CreateTransfer(hq(t.Context(), "operator"), planned)
		require.NoError(t, err)
		require.Equal(t, "S-01 BY_TRANSFER 2026-12-04 12:00, 1 LJ -1", at(collect("LJ", 2)), "a plan brings nothing: the warehouse has it")
		r.expected(t, "S-01", "2026-12-04 22:00", wish("LJ", 3))
		r.expected(t, "S-01", "2026-12-03 15:00", wish("LJ", 2), wish("TG", 1))
		r.expected(t, "S-02", "2026-12-02 15:00", wish("LJ", 4)) // elsewhere
		require.Equal(t, "S-01 READY_NOW 2026-12-02 12:00", at(collect("LJ", 1)))
		require.Equal(t, "S-01 BY_TRANSFER 2026-12-03 15:00, 1 LJ -2", at(collect("LJ", 3)))
		require.Equal(t, "S-01 BY_TRANSFER 2026-12-07 09:00, 1 LJ -5", at(collect("LJ", 6)), "the second comes after closing time on Friday")
		require.Equal(t, "S-01 NOT_READY, 1 LJ -6", at(collect("LJ", 7)))
		require.Equal(t, "S-01 BY_TRANSFER 2026-12-07 09:00, 1 LJ -4, 2 TG -1", at(collect("LJ", 5), collect("TG", 1)), "the last that is needed counts")
		require.Equal(t, "S-01 BY_TRANSFER 2026-12-04 12:00, 1 TG -2", at(collect("TG", 2)), "one is on its way, the other is in the warehouse")
	})
}

func TestWhatIsLateOrOwedIsNotPromisedTwice(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		boss := hq(t.Context(), "operator")
		r.wall(t, "2026-12-02 12:00")
		r.stock(t, "W-01", "LJ", 10)
		r.stock(t, "S-01", "LJ", 2)
		// Safety stock of 5: three of those that come are not for sale.
		_, err := r.AdjustStock(boss, &inventoryv1.AdjustStockRequest{RequestId: requestID(), Document: "d", Reason: "r", Location: "S-01", Sku: "LJ", SafetyStock: new(int64(5))})
		require.NoError(t, err)
		r.expected(t, "S-01", "2026-12-02 18:00", wish("LJ", 4))
		r.expected(t, "S-01", "", wish("LJ", 6))
		ask := func(qty int64) *inventoryv1.GetPickupOptionsRequest {
			return basket([]string{"S-01"}, collect("LJ", qty))
		}
		require.Equal(t, []string{"S-01 BY_TRANSFER 2026-12-02 18:00, 1 LJ -1"}, r.collected(t, boss, ask(1)))
		require.Equal(t, []string{"S-01 BY_TRANSFER 2026-12-04 12:00, 1 LJ -2"}, r.collected(t, boss, ask(2)), "nobody said when the second comes: the lead time")
		require.Equal(t, []string{"S-01 BY_TRANSFER 2026-12-04 12:00, 1 LJ -7"}, r.collected(t, boss, ask(7)))
		require.Equal(t, []string{"S-01 NOT_READY, 1 LJ -8"}, r.collected(t, boss, ask(8)))
		r.wall(t, "2026-12-03 10:00")
		require.Equal(t, []string{"S-01 BY_TRANSFER 2026-12-03 10:00, 1 LJ -1"}, r.collected(t, boss, ask(1)), "late: any moment now")
		// From another location the three have to be brought as well.
		r.stock(t, "S-02", "TG", 3)
		r.stock(t, "S-01", "TG", 1)
		_, err = r.AdjustStock(boss, &inventoryv1.AdjustStockRequest{RequestId: requestID(), Document: "d", Reason: "r", Location: "S-01", Sku: "TG", SafetyStock: new(int64(3))})
		require.NoError(t, err)
		require.Equal(t, []string{"S-01 BY_TRANSFER 2026-12-05 10:00, 1 TG -1"}, r.collected(t, boss, basket([]string{"S-01"}, collect("TG", 1))))
		require.Equal(t, []string{"S-01 NOT_READY, 1 TG -2"}, r.collected(t, boss, basket([]string{"S-01"}, collect("TG", 2))))
		r.audit(t)
	})
}

func TestAChannelCollectsWhatItMayPromise(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		boss := hq(t.Context())
		r.wall(t, "2026-12-02 12:00")
		r.box(t)
		r.stock(t, "S-01", "POT", 5)
		r.stock(t, "S-01", "CUP", 7)
		r.stock(t, "W-01", "CUP", 4)
		kits := basket([]string{"S-01"}, collect("BOX", 2), collect("CUP", 2), collect("BOX", 1))
		require.Equal(t, []string{"S-01 BY_TRANSFER 2026-12-04 12:00, 2 CUP -1, 3 BOX -1"}, r.collected(t, boss, kits), "lines see each other: 11 cups, 7 are there")
		kits.Lines[1].Quantity = 3
		require.Equal(t, []string{"S-01 NOT_READY, 2 CUP -2, 3 BOX -1"}, r.collected(t, boss, kits))
		kits.Lines = kits.Lines[:1]
		require.Equal(t, []string{"S-01 READY_NOW 2026-12-02 12:00"}, r.collected(t, boss, kits))

		r.policy(t, quota("douyin", "S-01", "CUP", 3))
		require.Equal(t, []string{"S-01 BY_TRANSFER 2026-12-04 12:00, 1 BOX -1"}, r.collected(t, boss, kits), "3 cups are another channel's")
		none := terms("miniprogram", inventoryv1.SharingMode_SHARE_NONE, 0)
		none.Place = &inventoryv1.SharingTerms_Location{Location: "W-01"}
		p := r.policy(t, none)
		require.Equal(t, []string{"S-01 NOT_READY, 1 BOX -1"}, r.collected(t, boss, kits), "the warehouse is not for this channel")
		_, err := r.shares.EndSharingPolicy(hq(t.Context(), "operator"), &inventoryv1.EndSharingPolicyRequest{RequestId: requestID(), Id: p.Id})
		require.NoError(t, err)
		none.Place = &inventoryv1.SharingTerms_Location{Location: "S-01"}
		r.policy(t, none)
		require.Equal(t, []string{"S-01 NOT_READY, 1 BOX -2"}, r.collected(t, boss, kits), "nor would what is brought there be")
	})
}

func TestWhoMayCollectWhere(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.wall(t, "2026-12-02 12:00")
		warehouse := location("W-01", "HQ", inventoryv1.LocationKind_WAREHOUSE, 31.40, 121.50)
		warehouse.Ways, warehouse.Version = []inventoryv1.DeliveryWay{inventoryv1.DeliveryWay_PARCEL}, 2
		own := location("F-02", "FR1", inventoryv1.LocationKind_FRANCHISE_STORE, 31.2311, 121.4740)
		own.Shared = false
		shut := location("S-03", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2311, 121.4741)
		shut.Active = false
		r.put(t, warehouse, own, shut)
		r.stock(t, "W-01", "LJ", 9)
		r.stock(t, "S-02", "LJ", 2)
		r.stock(t, "F-02", "LJ", 2)
		in := &inventoryv1.GetPickupOptionsRequest{Channel: "miniprogram", Point: square, RadiusM: 5000, Lines: []*inventoryv1.PickupLine{collect("LJ", 2)}}
		const later = "2026-12-04 12:00"
		require.Equal(t, []string{"F-01 NOT_READY, 1 LJ", "S-01 BY_TRANSFER " + later + ", 1 LJ", "S-02 READY_NOW 2026-12-02 12:00"}, r.collected(t, member(t.Context()), in),
			"a franchisee's store gets nothing from headquarters, nor from one of its own that does not share; no figures for a member")
		require.Equal(t, []string{"F-01 BY_TRANSFER " + later + ", 1 LJ -2", "S-01 BY_TRANSFER " + later + ", 1 LJ", "F-02 READY_NOW 2026-12-02 12:00", "S-02 READY_NOW 2026-12-02 12:00"},
			r.collected(t, franchisee(t.Context(), "FR1", "clerk"), in))
		in.RadiusM = 100
		require.Equal(t, []string{"F-01 NOT_READY, 1 LJ -2", "S-01 BY_TRANSFER " + later + ", 1 LJ -2"}, r.collected(t, order(t.Context()), in))
		require.Empty(t, r.collected(t, member(t.Context()), basket([]string{"W-01", "S-03", "F-02"}, collect("LJ", 1))), "not for collecting")
		got, err := r.pickups().GetPickupOptions(member(t.Context()), in)
		require.NoError(t, err)
		require.Equal(t, []int64{24, 73}, []int64{got.Options[0].DistanceM, got.Options[1].DistanceM})
	})
}

func TestTheNearestFiftyStoresAreAsked(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		var all []*inventoryv1.LocationFacts
		for i := range 60 { // two at each place, the farthest first
			all = append(all, location(fmt.Sprintf("S-%02d", i), "HQ", inventoryv1.LocationKind_DIRECT_STORE, square.Lat+0.001*float64((61-i)/2), square.Lng))
		}
		r.put(t, all...)
		got, err := r.pickups().GetPickupOptions(member(t.Context()), &inventoryv1.GetPickupOptionsRequest{Point: square, RadiusM: 50_000, Lines: []*inventoryv1.PickupLine{collect("LJ", 1)}})
		require.NoError(t, err)
		require.Len(t, got.Options, 50)
		for i, o := range got.Options[1:] {
			before := got.Options[i]
			require.True(t, before.DistanceM < o.DistanceM || before.DistanceM == o.DistanceM && before.Location < o.Location, "%s, %s", before.Location, o.Location)
		}
		require.Equal(t, []string{"S-58", "S-59", "S-11"}, []string{got.Options[0].Location, got.Options[1].Location, got.Options[49].Location})
	})
}

func TestABasketThatCannotBeIsRefusedByName(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		one := []*inventoryv1.PickupLine{collect("LJ", 1)}
		for field, in := range map[string]*inventoryv1.GetPickupOptionsRequest{
			"lines":             basket([]string{"S-01"}),
			"lines[1].sku":      basket([]string{"S-01"}, collect("LJ", 1), collect("", 1)),
			"lines[0].quantity": basket([]string{"S-01"}, collect("LJ", 1_000_001)),
			"stores":            {Lines: one},
			"stores[1]":         basket([]string{"S-01", "S-01"}, one...),
			"radius_m":          {Lines: one, Point: square},
			"lead_time_us":      {Lines: one, Stores: []string{"S-01"}, LeadTimeUs: new((31 * 24 * time.Hour).Microseconds())},
		} {
			_, err := r.pickups().GetPickupOptions(member(t.Context()), in)
			require.Equal(t, "VALIDATOR", reasonOf(err), "%s: %v", field, err)
			require.Equal(t, field, metadataOf(err)["field"])
		}
		both := basket([]string{"S-01"}, one...)
		both.Point, both.RadiusM = square, 1000
		_, err := r.pickups().GetPickupOptions(member(t.Context()), both)
		require.Equal(t, "stores", metadataOf(err)["field"])
		_, err = r.pickups().GetPickupOptions(member(t.Context()), basket([]string{"S-01", "S-09"}, one...))
		require.Equal(t, "LOCATION_UNKNOWN", reasonOf(err))
		require.Equal(t, "S-09", metadataOf(err)["location"])
		_, err = r.pickups().GetPickupOptions(t.Context(), basket([]string{"S-01"}, one...))
		require.Error(t, err, "nobody asks")
	})
}

// What comes after the cut-off is worked on the next day that the store works.
func TestABasketAfterTheCutOffIsWorkedOnTheNextDay(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		boss := hq(t.Context())
		r.profile(t, &inventoryv1.LocationProfile{Location: "S-01", TimeZone: "Asia/Shanghai", CutOff: "18:00",
			Weekly: []*inventoryv1.WeeklyHours{{Days: []int32{1, 2, 3, 4, 5}, Open: "09:00", Close: "21:00"}}})
		r.stock(t, "S-01", "LJ", 3)
		ask := basket([]string{"S-01"}, collect("LJ", 3))
		for now, ready := range map[string]string{
			"2026-12-02 17:59": "2026-12-02 17:59", // a Wednesday
			"2026-12-02 18:00": "2026-12-03 09:00",
			"2026-12-02 22:00": "2026-12-03 09:00",
			"2026-12-04 18:30": "2026-12-07 09:00",
			"2026-12-05 10:00": "2026-12-07 09:00",
		} {
			r.wall(t, now)
			require.Equal(t, []string{"S-01 READY_NOW " + ready}, r.collected(t, boss, ask), "at %s", now)
		}
		// Goods that arrive after it, too.
		r.wall(t, "2026-12-01 10:00")
		r.stock(t, "W-01", "LJ", 9)
		r.expected(t, "S-01", "2026-12-02 17:00", wish("LJ", 1))
		r.expected(t, "S-01", "2026-12-02 19:00", wish("LJ", 1))
		ask.LeadTimeUs = new(int64((20 * 24 * time.Hour).Microseconds()))
		ask.Lines[0].Quantity = 4
		require.Equal(t, []string{"S-01 BY_TRANSFER 2026-12-02 17:00, 1 LJ -1"}, r.collected(t, boss, ask))
		ask.Lines[0].Quantity = 5
		require.Equal(t, []string{"S-01 BY_TRANSFER 2026-12-03 09:00, 1 LJ -2"}, r.collected(t, boss, ask))
	})
}

// A store whose day is full would refuse the order: it is no option now, and says why.
func TestAStoreWhoseDayIsFullIsNoOption(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.wall(t, "2026-12-02 10:00")
		r.profile(t, &inventoryv1.LocationProfile{Location: "S-01", TimeZone: "Asia/Shanghai", DailyOrders: 1, CutOff: "18:00"})
		r.profile(t, &inventoryv1.LocationProfile{Location: "S-02", TimeZone: "Asia/Shanghai", DailyLines: 2})
		for _, at := range []string{"S-01", "S-02"} {
			r.stock(t, at, "LJ", 9)
			r.stock(t, at, "TG", 9)
		}
		options := func(lines ...*inventoryv1.PickupLine) (said []string) {
			got, err := r.pickups().GetPickupOptions(member(t.Context()), basket([]string{"S-01", "S-02"}, lines...))
			require.NoError(t, err)
			for _, o := range got.Options {
				require.Equal(t, o.DayFull, o.ReadyAtUs == 0)
				said = append(said, fmt.Sprint(o.Location, " ", o.Readiness, " ", o.DayFull))
			}
			return said
		}
		one := collect("LJ", 1)
		require.Equal(t, []string{"S-01 READY_NOW false", "S-02 READY_NOW false"}, options(one, collect("TG", 1)))
		for _, at := range []string{"S-01", "S-02"} {
			_, err := r.Hold(order(t.Context()), pickup("first "+at, at, line("1", "LJ", 1)))
			require.NoError(t, err)
		}
		require.Equal(t, []string{"S-01 NOT_READY true", "S-02 READY_NOW false"}, options(one))
		require.Equal(t, []string{"S-01 NOT_READY true", "S-02 NOT_READY true"}, options(one, collect("TG", 1)), "two lines, and one is left")
		_, err := r.Hold(order(t.Context()), pickup("second", "S-01", line("1", "LJ", 1)))
		require.Error(t, err, "a hold says the same")
		_, err = r.Hold(order(t.Context()), pickup("second", "S-02", line("1", "LJ", 1)))
		require.NoError(t, err)
		r.wall(t, "2026-12-02 18:30")
		require.Equal(t, []string{"S-01 READY_NOW false", "S-02 NOT_READY true"}, options(one), "an order of now is of tomorrow at S-01")
	})
}
