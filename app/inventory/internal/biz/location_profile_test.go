package biz

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onepool/onepool/app/internal/geo"
)

func profileOf(t require.TestingT, body string) *Profile {
	p, err := ParseProfile([]byte(body))
	require.NoError(t, err)
	return p
}

func TestProfilesThatCannotBeAreRefusedByTheirField(t *testing.T) {
	zone := `{"time_zone": "Asia/Shanghai", `
	for body, field := range map[string]string{
		`{"time_zone": "Asia/Atlantis"}`: "TIME_INVALID time_zone",
		`{"time_zone": "Local"}`:         "TIME_INVALID time_zone",
		`{"cut_off": "16:00"}`:           "TIME_INVALID time_zone",
		`{"daily_orders": 1}`:            "TIME_INVALID time_zone",
		zone + `"cut_off": "25:00"}`:     "TIME_INVALID cut_off",
		zone + `"cut_off": "9:00"}`:      "TIME_INVALID cut_off",
		zone + `"cut_off": "24:01"}`:     "TIME_INVALID cut_off",
		zone + `"weekly": [{"days": [1], "open": "09:60", "close": "12:00"}]}`:                                                   "TIME_INVALID weekly[0].open",
		zone + `"weekly": [{"days": [1], "open": "24:00", "close": "24:00"}]}`:                                                   "TIME_INVALID weekly[0].open",
		zone + `"weekly": [{"days": [1], "open": "22:00", "close": "02:00"}]}`:                                                   "TIME_INVALID weekly[0].close",
		zone + `"weekly": [{"days": [0], "open": "09:00", "close": "12:00"}]}`:                                                   "TIME_INVALID weekly[0].days",
		zone + `"weekly": [{"days": [], "open": "09:00", "close": "12:00"}]}`:                                                    "TIME_INVALID weekly[0].days",
		zone + `"weekly": [{"days": [1], "open": "09:00", "close": "12:00"}, {"days": [1], "open": "11:59", "close": "13:00"}]}`: "TIME_INVALID weekly[1]",
		zone + `"exceptions": [{"date": "2026-02-29"}]}`:                                                                         "TIME_INVALID exceptions[0].date",
		zone + `"exceptions": [{"date": "2026-02-28"}, {"date": "2026-02-28"}]}`:                                                 "TIME_INVALID exceptions[1].date",
		zone + `"exceptions": [{"date": "2026-02-28", "hours": [{"open": "9", "close": "12:00"}]}]}`:                             "TIME_INVALID exceptions[0].hours[0].open",
		zone + `"daily_orders": -1}`:               "daily_orders: must be between 0 and 1000000",
		zone + `"daily_lines": 1000001}`:           "daily_lines: must be between 0 and 1000000",
		`{"groups": ["a", ""]}`:                    "groups[1]: must have 1 to 64 characters",
		`{"delivery": {}}`:                         "GEO_INVALID delivery",
		`{"delivery": {"radius_m": -1}}`:           "GEO_INVALID delivery.radius_m",
		`{"territory": {"polygon": [[0,0]]}}`:      "GEO_INVALID territory.polygon",
		`{"territory": {"regions": ["31", "31"]}}`: "territory.regions[1]: occurs twice: 31",
		`{"hours": []}`:                            "hours: is not known here",
	} {
		_, err := ParseProfile([]byte(body))
		require.Equal(t, field, refusal(err), body)
	}
}

func TestAProfileIsKeptAsItWasSaid(t *testing.T) {
	p := profileOf(t, `{"time_zone": "Asia/Shanghai", "weekly": [{"days": [1, 7], "open": "09:00", "close": "24:00"}], "exceptions": [{"date": "2026-10-01", "hours": [{"open": "10:00", "close": "12:00"}]}],
		"cut_off": "16:00", "daily_orders": 10, "daily_lines": 20, "groups": ["a"], "region": "310101", "freight_zone": "EAST", "delivery": {"radius_m": 5000}, "territory": {"polygon": [[31, 121], [31, 122], [32, 122]], "regions": ["31"]}}`)
	kept, err := json.Marshal(p.Body())
	require.NoError(t, err)
	again := profileOf(t, string(kept))
	require.Equal(t, p.Body(), again.Body())
}

// Berlin: on 2026-03-29 the clock goes from 02:00 to 03:00, on 2026-10-25 from 03:00 back to 02:00.
func TestHoursOnDaysWhenClocksAreChanged(t *testing.T) {
	p := profileOf(t, `{"time_zone": "Europe/Berlin", "cut_off": "02:30", "weekly": [{"days": [1,2,3,4,5,6,7], "open": "02:15", "close": "03:15"}]}`)
	for at, open := range map[string]bool{
		"2026-03-28T01:14:59Z": false, "2026-03-28T01:15:00Z": true, "2026-03-28T02:14:59Z": true, "2026-03-28T02:15:00Z": false,
		// 02:15 never comes; from 03:00 to 03:15 it is open.
		"2026-03-29T00:59:59Z": false, "2026-03-29T01:00:00Z": true, "2026-03-29T01:14:59Z": true, "2026-03-29T01:15:00Z": false,
		// 02:15 comes twice.
		"2026-10-25T00:14:59Z": false, "2026-10-25T00:15:00Z": true, "2026-10-25T00:59:59Z": true, "2026-10-25T01:00:00Z": false, "2026-10-25T01:15:00Z": true, "2026-10-25T02:14:59Z": true, "2026-10-25T02:15:00Z": false,
	} {
		require.Equal(t, open, p.openAt(atUTC(at)), at)
	}
	// The cut-off at 02:30: skipped in spring, so it falls at 03:00; in autumn the first 02:30 is early enough to be past, but
	// the clock shows less again until the second.
	require.True(t, p.beforeCutOff(atUTC("2026-03-29T00:59:59Z")))
	require.False(t, p.beforeCutOff(atUTC("2026-03-29T01:00:00Z")))
	require.False(t, p.beforeCutOff(atUTC("2026-10-25T00:30:00Z")))
	require.True(t, p.beforeCutOff(atUTC("2026-10-25T01:29:59Z")))
	require.False(t, p.beforeCutOff(atUTC("2026-10-25T01:30:00Z")))

	// The next opening is found at the right moment, whether it is skipped or comes twice.
	for day, opens := range map[string]string{"2026-03-28": "2026-03-28T01:15:00Z", "2026-03-29": "2026-03-29T01:00:00Z", "2026-10-25": "2026-10-25T00:15:00Z"} {
		date, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		require.Equal(t, opens, p.instant(dayOf(date), 2*60+15).UTC().Format(time.RFC3339), day)
		at := atUTC(opens)
		require.False(t, p.openBy(at-3_600_000_000*2, at-1), day)
		require.True(t, p.openBy(at-3_600_000_000*2, at), day)
	}
}

// Whatever the zone and the day: a shop opens at the first moment at which the clock on its wall shows the time, or more.
func TestTheFirstMomentOfAnHourInEveryZone(t *testing.T) {
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Asia/Shanghai", "Pacific/Apia", "Africa/Casablanca", "America/Havana"}
	rapid.Check(t, func(t *rapid.T) {
		p := profileOf(t, `{"time_zone": "`+rapid.SampledFrom(zones).Draw(t, "zone")+`"}`)
		day := rapid.Int64Range(14_000, 21_000).Draw(t, "day")
		minute := rapid.IntRange(0, dayMinutes-1).Draw(t, "minute")
		shown := func(at time.Time) int64 { return dayOf(at)*dayMinutes + int64(at.Hour()*60+at.Minute()) }
		wanted := day*dayMinutes + int64(minute)
		// By walking: the first minute of the surrounding hours that shows it or more.
		at := time.Unix(day*86_400, 0).UTC().Add(-40 * time.Hour).In(p.zone)
		for shown(at) < wanted {
			at = at.Add(time.Minute)
		}
		require.Equal(t, at.UTC().Format(time.RFC3339), p.instant(day, minute).UTC().Format(time.RFC3339))
	})
}

func TestTheDayWhoseWorkItIs(t *testing.T) {
	p := profileOf(t, `{"time_zone": "Asia/Shanghai", "cut_off": "16:00", "weekly": [{"days": [1,2,3,4,5], "open": "09:00", "close": "18:00"}], "exceptions": [{"date": "2026-11-30"}]}`)
	friday := dayOf(time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC))
	require.Equal(t, friday, p.workDay(atUTC("2026-11-26T16:00:00Z")), "midnight in Shanghai")
	require.Equal(t, friday, p.workDay(atUTC("2026-11-27T07:59:59Z")))
	require.Equal(t, friday+4, p.workDay(atUTC("2026-11-27T08:00:00Z")), "after the cut-off: not Saturday, not Sunday, not the Monday that is closed")
	require.Equal(t, friday-1, p.workDay(atUTC("2026-11-26T07:00:00Z")))
	require.Zero(t, (*Profile)(nil).workDay(1))
	closed := profileOf(t, `{"time_zone": "Asia/Shanghai", "weekly": [{"days": [1], "open": "09:00", "close": "18:00"}], "exceptions": []}`)
	require.Equal(t, friday+3, closed.workDay(atUTC("2026-11-27T07:00:00Z")))
}

func TestATerritoryCovers(t *testing.T) {
	near, far := &geo.Point{Lat: 31.01, Lng: 121}, &geo.Point{Lat: 33, Lng: 121}
	l := Location{Code: "F-1", Org: "FR1", Kind: FranchiseStore, Active: true, Point: &geo.Point{Lat: 31, Lng: 121}}
	for body, covered := range map[string][3]bool{ // near by, far away, in region 3301
		`{}`:                                 {false, false, false},
		`{"territory": {"radius_m": 5000}}`:  {true, false, false},
		`{"territory": {"regions": ["33"]}}`: {false, false, true},
		`{"territory": {"regions": ["330"], "polygon": [[32, 120], [32, 122], [34, 122], [34, 120]]}}`: {false, true, true},
	} {
		l.Profile = profileOf(t, body)
		require.Equal(t, covered, [3]bool{l.guards(Demand{Destination: near}), l.guards(Demand{Destination: far}), l.guards(Demand{Region: "330105"})}, body)
	}
	l.Profile = profileOf(t, `{"territory": {"radius_m": 5000}}`)
	l.Active = false
	require.False(t, l.guards(Demand{Destination: near}), "who does not work has no territory")
	l.Active, l.Kind = true, DirectStore
	require.False(t, l.guards(Demand{Destination: near}), "territories are franchisees'")
}
