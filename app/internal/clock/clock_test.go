package clock

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
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
	now, _ = Fixed(9).NowUS(t.Context())
	require.EqualValues(t, 9, now)
}

func TestZoneRefusesTheServersOwn(t *testing.T) {
	for _, bad := range []string{"", "Local", "Asia/Nowhere", "../etc/passwd"} {
		_, err := Zone(bad)
		require.ErrorIs(t, err, ErrTime, bad)
	}
	_, err := Zone("Asia/Shanghai")
	require.NoError(t, err)
}

func TestBusinessDayIsTheStores(t *testing.T) {
	shanghai, _ := Zone("Asia/Shanghai")
	late := time.Date(2026, 3, 31, 16, 0, 0, 0, time.UTC).UnixMicro()
	require.Equal(t, "2026-04-01", BusinessDay(late, shanghai))
	require.Equal(t, "2026-03-31", BusinessDay(late-1, shanghai))
}

func TestADayWithDaylightSavingIsNot24Hours(t *testing.T) {
	newYork, _ := Zone("America/New_York")
	noon := time.Date(2026, 3, 8, 12, 0, 0, 0, newYork).UnixMicro()
	require.Equal(t, 23*time.Hour, time.Duration(DayStartUS(noon, newYork, 1)-DayStartUS(noon, newYork, 0))*time.Microsecond)
}

// In these zones midnight is skipped or comes twice. Days must tile time: each ends where the next begins.
func TestDaysTileTimeInEveryZone(t *testing.T) {
	zones := []string{"Asia/Shanghai", "America/New_York", "America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo", "America/Havana",
		"Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "America/Asuncion", "Atlantic/Azores"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := Zone(rapid.SampledFrom(zones).Draw(t, "zone"))
		require.NoError(t, err)
		us := rapid.Int64Range(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro(), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()).Draw(t, "us")
		start, end := DayStartUS(us, zone, 0), DayStartUS(us, zone, 1)
		day := BusinessDay(us, zone)
		require.True(t, start <= us && us < end, "%s: [%d, %d) does not hold %d", day, start, end, us)
		require.Equal(t, day, BusinessDay(start, zone))
		require.NotEqual(t, day, BusinessDay(start-1, zone))
		require.NotEqual(t, day, BusinessDay(end, zone))
		require.Equal(t, end, DayStartUS(end, zone, 0))
		_, monthEnd := MonthUS(us, zone, 0)
		nextStart, _ := MonthUS(us, zone, 1)
		require.Equal(t, monthEnd, nextStart)
	})
}
