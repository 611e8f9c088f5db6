package biz

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/inventory/internal/biz/pool"
)

// TestKitsAgreeWithANaiveSum asks for kits in a street with random shelves, where a policy leaves a part of what is there.
func TestKitsAgreeWithANaiveSum(t *testing.T) {
	corner := geo.Point{Lat: 31.2304, Lng: 121.4737}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "locations") // so that the nearest that are looked through first are not all
		var locations []Location
		w := &town{index: pool.New()}
		shares := &policies{percent: map[string]int64{}}
		has := map[string]map[string]int64{}
		for i := range n {
			l := Location{Code: fmt.Sprintf("S-%05d", i), Org: rapid.SampledFrom([]string{"HQ", "FR1"}).Draw(t, "org"), Kind: DirectStore,
				Active: rapid.IntRange(0, 9).Draw(t, "active") > 0, Shared: rapid.IntRange(0, 3).Draw(t, "shared") > 0, Ways: WaysOf(Pickup),
				Point: &geo.Point{Lat: corner.Lat + float64(i)*0.0005, Lng: corner.Lng}}
			locations = append(locations, l)
			has[l.Code] = map[string]int64{}
			for k, sku := range []string{"A", "B", "C"} {
				if rapid.IntRange(0, 5*k).Draw(t, "rare") == 0 {
					has[l.Code][sku] = rapid.Int64Range(0, 40).Draw(t, sku)
					w.put(t, sku, l.Code, has[l.Code][sku])
				}
			}
			if rapid.IntRange(0, 4).Draw(t, "limited") == 0 {
				shares.percent[l.Code] = rapid.Int64Range(0, 100).Draw(t, "percent")
			}
		}
		var err error
		w.Directory, err = NewDirectory(locations)
		require.NoError(t, err)
		w.tell(w.stock...)
		kit := KitRow{SKU: "K", Parts: []KitPart{{SKU: "A", Pieces: rapid.Int64Range(1, 4).Draw(t, "a")}, {SKU: "B", Pieces: rapid.Int64Range(1, 4).Draw(t, "b")}}}
		if rapid.Bool().Draw(t, "three") {
			kit.Parts = append(kit.Parts, KitPart{SKU: "C", Pieces: rapid.Int64Range(1, 4).Draw(t, "c")})
		}
		uc := GetAvailability{Pool: w, Shares: shares, Kits: Kits{"K": kit}}
		by := Caller{Org: rapid.SampledFrom([]string{"HQ", "FR1", ""}).Draw(t, "caller")}
		q := AvailabilityQuery{SKUs: []string{"A", "K"}, Channel: rapid.SampledFrom([]string{"tmall", "jd"}).Draw(t, "channel"), Locations: rapid.IntRange(1, 6).Draw(t, "most")}
		if rapid.Bool().Draw(t, "near") {
			q.Near, q.RadiusM = &corner, rapid.SampledFrom([]int64{0, 500, 3000, 12_000}).Draw(t, "radius")
		}
		total := int64(0)
		var near []string
		for i, l := range locations {
			online := kit.Left(func(sku string) int64 {
				pieces := has[l.Code][sku]
				if part, limited := shares.percent[l.Code]; limited && q.Channel == "tmall" {
					pieces = pieces * part / 100
				}
				return pieces
			})
			till := kit.Left(func(sku string) int64 { return has[l.Code][sku] })
			counts := l.Active && (l.Shared || l.Org == by.Org)
			if q.RadiusM > 0 {
				counts = counts && metres(geo.Haversine(corner, *l.Point)) <= q.RadiusM
			}
			exact := by.SeesExactly(l)
			if counts && (exact || q.RadiusM == 0) {
				total += online
			} else if counts {
				total += roughly(online)
			}
			if counts && till > 0 && q.Near != nil && len(near) < q.Locations {
				near = append(near, fmt.Sprint(l.Code, exact, roughly(online)))
			}
			at, err := uc.Get(t.Context(), by, AvailabilityQuery{SKUs: []string{"K"}, Channel: q.Channel, Location: l.Code})
			require.NoError(t, err)
			if i%10 == 0 && l.Active && exact {
				require.Equal(t, []int64{online, till}, []int64{at[0].Near[0].Online, at[0].Near[0].AtTheTill})
			}
		}
		got, err := uc.Get(t.Context(), by, q)
		require.NoError(t, err)
		require.Equal(t, total, got[1].Online)
		var named []string
		for _, la := range got[1].Near {
			named = append(named, fmt.Sprint(la.Location.Code, la.Exact, roughly(la.Online)))
		}
		require.Equal(t, near, named)
	})
}
