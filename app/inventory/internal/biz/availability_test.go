package biz

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/inventory/internal/biz/pool"
)

// policies are a part in percent for each location; others share all.
type policies struct {
	percent map[string]int64
	edition uint64
	asked   int
}

func (p *policies) Share(_ context.Context, channel string, _ []string, _ int64) (ChannelShare, error) {
	if channel != "tmall" {
		return nil, nil
	}
	return p, nil
}

func (p *policies) May(l *Location, _ string, online int64) int64 {
	p.asked++
	if part, limited := p.percent[l.Code]; limited {
		return online * part / 100
	}
	return online
}

func (p *policies) Edition(string) uint64 { return p.edition }

func TestAvailabilityHonoursTheSharingPolicyEverywhere(t *testing.T) {
	w := street(t, 40, nil)
	for i, code := range []string{"S-00000", "S-00010", "S-00020", "S-00030"} {
		w.tell(w.put(t, "A", code, int64(10*(i+1))))
	}
	shares := &policies{percent: map[string]int64{"S-00010": 50, "S-00020": 0}}
	uc := GetAvailability{Pool: w, Shares: shares, Kits: Kits{}}
	ask := func(q AvailabilityQuery) Availability {
		t.Helper()
		q.SKUs = []string{"A", "unheard of"}
		got, err := uc.Get(t.Context(), Caller{Headquarters: true, Org: "HQ"}, q)
		require.NoError(t, err)
		require.Zero(t, got[1].Online)
		return got[0]
	}
	// The street's stores are the caller's own, not shared: the sum is made of these.
	require.Equal(t, int64(100), ask(AvailabilityQuery{Channel: "miniprogram"}).Online)
	require.Equal(t, int64(10+10+0+40), ask(AvailabilityQuery{Channel: "tmall"}).Online)
	at := ask(AvailabilityQuery{Channel: "tmall", Location: "S-00010"})
	require.Equal(t, []int64{10, 10, 20}, []int64{at.Online, at.Near[0].Online, at.Near[0].AtTheTill})
	near := &geo.Point{Lat: 31.2304, Lng: 121.4737}
	within := ask(AvailabilityQuery{Channel: "tmall", Near: near, RadiusM: 1200})
	require.Equal(t, int64(10+10+0), within.Online)
	require.Len(t, within.Near, 3)
	require.Equal(t, "no", within.Near[2].Level, "nothing of it is for this channel, and it can still be shown")
	require.Equal(t, int64(10+20+30), ask(AvailabilityQuery{Near: near, RadiusM: 1200}).Online)
}

func TestSumsOverSharedLocationsAreRememberedUntilStockOrPolicyChange(t *testing.T) {
	w := &town{index: pool.New()}
	var err error
	w.Directory, err = NewDirectory([]Location{{Code: "S-1", Org: "HQ", Active: true, Shared: true}, {Code: "S-2", Org: "HQ", Active: true, Shared: true}, {Code: "S-3", Org: "HQ", Shared: true}})
	require.NoError(t, err)
	chart := w.Directory.Chart(w.index)
	for _, code := range []string{"S-1", "S-2", "S-3"} {
		w.tell(w.put(t, "A", code, 10))
	}
	shares := &policies{percent: map[string]int64{"S-2": 50}}
	uc := GetAvailability{Pool: fixedPool{Pool{Directory: w.Directory, Stock: w.index, Chart: chart}}, Shares: shares, Kits: Kits{}}
	total := func(channel string) int64 {
		t.Helper()
		got, err := uc.Get(t.Context(), Caller{Org: "FR9"}, AvailabilityQuery{SKUs: []string{"A"}, Channel: channel})
		require.NoError(t, err)
		return got[0].Online
	}
	require.Equal(t, int64(15), total("tmall"), "an inactive location does not count")
	asked := shares.asked
	require.Equal(t, int64(15), total("tmall"))
	require.Equal(t, asked, shares.asked, "from memory")
	require.Equal(t, int64(20), total("jd"))
	w.index.Tell([]pool.Row{{SKU: "A", At: w.index.Number("S-2"), Online: 4, Till: 4, Version: 9}})
	require.Equal(t, int64(12), total("tmall"))
	require.Equal(t, int64(14), total("jd"))
	shares.percent["S-1"], shares.edition = 0, 2
	require.Equal(t, int64(2), total("tmall"))
	require.Equal(t, int64(14), total("jd"))
}

// fixedPool has one chart, as the data layer keeps it while the locations stay.
type fixedPool struct{ pool Pool }

func (f fixedPool) Pool(context.Context) (Pool, error)    { return f.pool, nil }
func (f fixedPool) PoolNow(context.Context) (Pool, error) { return f.pool, nil }
