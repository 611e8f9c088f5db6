package clock

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestManualMovesBothWays(t *testing.T) {
	m := NewManual(1_000_000)
	m.Advance(-2 * time.Second)
	now, err := m.NowUS(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, -1_000_000, now)
	m.Set(7)
	now, _ = m.NowUS(t.Context())
	require.EqualValues(t, 7, now)
}

func TestZoneRefusesTheServersOwn(t *testing.T) {
	for _, bad := range []string{"", "Local", "Asia/Nowhere", "../etc/passwd"} {
		_, err := Zone(bad)
		require.ErrorIs(t, err, ErrTime, bad)
	}
	_, err := Zone("Asia/Shanghai")
	require.NoError(t, err)
}

// businessDay returns the calendar day of us in zone, as "2006-01-02".
func businessDay(us int64, zone *time.Location) string {
	return time.UnixMicro(us).In(zone).Format(time.DateOnly)
}

// dayStartUS returns the first microsecond of the day that lies days after the day of us in zone. It adds calendar days,
// not 24 hours: a day with a change to daylight saving is 23 or 25 hours long, and some days do not begin at midnight.
func dayStartUS(us int64, zone *time.Location, days int) int64 {
	year, month, day := time.UnixMicro(us).In(zone).Date()
	return firstOf(year, month, day+days, zone).UnixMicro()
}

func TestBusinessDayIsTheStores(t *testing.T) {
	shanghai, _ := Zone("Asia/Shanghai")
	late := time.Date(2026, 3, 31, 16, 0, 0, 0, time.UTC).UnixMicro()
	require.Equal(t, "2026-04-01", businessDay(late, shanghai))
	require.Equal(t, "2026-03-31", businessDay(late-1, shanghai))
}

func TestADayWithDaylightSavingIsNot24Hours(t *testing.T) {
	newYork, _ := Zone("America/New_York")
	noon := time.Date(2026, 3, 8, 12, 0, 0, 0, newYork).UnixMicro()
	require.Equal(t, 23*time.Hour, time.Duration(dayStartUS(noon, newYork, 1)-dayStartUS(noon, newYork, 0))*time.Microsecond)
}

// In these zones midnight is skipped or comes twice. Days must tile time: each ends where the next begins.
func TestDaysTileTimeInEveryZone(t *testing.T) {
	for _, name := range []string{"Asia/Shanghai", "America/New_York", "America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo", "America/Havana",
		"Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "America/Asuncion", "Atlantic/Azores", "Asia/Amman", "Asia/Gaza", "Europe/Chisinau"} {
		zone, err := Zone(name)
		require.NoError(t, err)
		for noon := time.Date(2015, 1, 1, 12, 0, 0, 0, zone); noon.Year() < 2027; noon = noon.AddDate(0, 0, 1) {
			us := noon.UnixMicro()
			start, end := dayStartUS(us, zone, 0), dayStartUS(us, zone, 1)
			day := businessDay(us, zone)
			if start > us || us >= end || businessDay(start, zone) != day || businessDay(start-1, zone) == day ||
				businessDay(end-1, zone) != day || businessDay(end, zone) == day {
				t.Fatalf("%s %s: [%s, %s)", name, day, time.UnixMicro(start).UTC(), time.UnixMicro(end).UTC())
			}
			require.Equal(t, end, dayStartUS(end, zone, 0))
		}
		for us := time.Date(2015, 1, 31, 23, 0, 0, 0, zone); us.Year() < 2027; us = us.AddDate(0, 0, 17) {
			start, end := MonthUS(us.UnixMicro(), zone, 0)
			next, _ := MonthUS(us.UnixMicro(), zone, 1)
			require.True(t, start <= us.UnixMicro() && us.UnixMicro() < end)
			require.Equal(t, end, next)
			require.Equal(t, start, dayStartUS(start, zone, 0))
		}
	}
}
