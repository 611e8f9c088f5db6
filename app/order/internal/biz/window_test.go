package biz

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAReturnWindowRunsFromTheDayAfterReceipt(t *testing.T) {
	for _, c := range []struct {
		zone, received string
		days           int64
		over           string
	}{
		{"Asia/Shanghai", "2027-01-15T16:00:00+08:00", 7, "2027-01-23T00:00:00+08:00"},
		{"Asia/Shanghai", "2027-01-15T00:00:00+08:00", 7, "2027-01-23T00:00:00+08:00"},
		{"Asia/Shanghai", "2027-01-15T23:59:59+08:00", 7, "2027-01-23T00:00:00+08:00"},
		{"Asia/Shanghai", "2027-01-16T00:00:00+08:00", 7, "2027-01-24T00:00:00+08:00"},
		{"", "2027-01-15T16:30:00Z", 7, "2027-01-23T00:00:00Z"},              // already the 16th in Shanghai
		{"Asia/Shanghai", "2027-01-15T16:30:00Z", 7, "2027-01-23T16:00:00Z"}, // the same moment, another day
		{"America/New_York", "2027-03-10T12:00:00-05:00", 7, "2027-03-18T00:00:00-04:00"},
		{"America/New_York", "2027-11-03T12:00:00-04:00", 7, "2027-11-11T00:00:00-05:00"},
		{"Asia/Shanghai", "2027-02-27T09:00:00+08:00", 1, "2027-03-01T00:00:00+08:00"},
		{"Asia/Shanghai", "2027-12-31T09:00:00+08:00", 0, "2028-01-01T00:00:00+08:00"},
	} {
		zone, err := time.LoadLocation(c.zone)
		require.NoError(t, err)
		at := func(text string) int64 {
			when, err := time.Parse(time.RFC3339, text)
			require.NoError(t, err)
			return when.UnixMicro()
		}
		require.Equal(t, at(c.over), WindowEnd(at(c.received), c.days*dayUS, zone), "%+v", c)
	}
	require.Equal(t, int64(1_000_005), WindowEnd(5, 1_000_000, time.UTC), "a trial's window runs from receipt")
}

func TestAnOrderOfASellerWithoutClocksIsNotTaken(t *testing.T) {
	b := placed(t, 0)
	b.r.ReturnTerms = &ReturnTerms{Zone: "Moon/Tycho"}
	b.pay(t)
	id := b.r.Fulfilments[0].ID
	require.NoError(t, b.do(func(o *Order) error { return o.Accept(id) }))
	require.NoError(t, b.do(func(o *Order) error { return o.Ship(id, "SF", "1") }))
	require.ErrorContains(t, b.do(func(o *Order) error { return o.Receive(id) }), "Moon/Tycho")
}
