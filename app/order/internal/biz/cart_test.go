package biz

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestWhatABuyerHasToKnowOfALine(t *testing.T) {
	tea := SKU{Code: "tea", PriceMinor: 100, TierMinor: 90, Currency: "CNY", Active: true}
	l := CartLine{SKU: "tea", Quantity: 3, SeenMinor: 90}
	require.Empty(t, l.Notices(tea, true, 3))
	require.Equal(t, []CartNotice{{Reason: "STOCK_INSUFFICIENT", Available: 2}}, l.Notices(tea, true, 2))
	require.Equal(t, []CartNotice{{Reason: "NOT_FOR_SALE"}}, l.Notices(SKU{}, false, 0))
	l.SeenMinor = 80
	require.Equal(t, []CartNotice{{Reason: "PRICE_CHANGED", SeenMinor: 80, NowMinor: 90}, {Reason: "STOCK_INSUFFICIENT"}}, l.Notices(tea, true, 0))
	l.SeenMinor = 0 // of a time when it was not kept
	require.Empty(t, l.Notices(tea, true, 3))
	tea.TierMinor = 110 // nobody pays more for being a member
	require.Equal(t, int64(100), tea.OneMinor())
}

// Nothing of a guest's cart is lost, and no bound is passed: what is not in the member's cart is told.
func TestMergedCartsLoseNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		most, quantity := rapid.IntRange(1, 6).Draw(rt, "lines"), rapid.Int64Range(1, 9).Draw(rt, "quantity")
		cart := func(label string) (lines []CartLine) {
			for i := range 6 {
				if len(lines) < most && rapid.Bool().Draw(rt, fmt.Sprint(label, i)) {
					lines = append(lines, CartLine{Shop: fmt.Sprint(i % 2), SKU: fmt.Sprint(i / 2), Quantity: rapid.Int64Range(1, quantity).Draw(rt, "n"), SeenMinor: rapid.Int64Range(0, 2).Draw(rt, "seen")})
				}
			}
			return lines
		}
		member, guest := cart("member"), cart("guest")
		changed, over := MergeCarts(member, guest, most, quantity)
		type key struct{ shop, sku string }
		after, seen := map[key]int64{}, map[key]int64{}
		for _, l := range append(append([]CartLine{}, member...), changed...) {
			after[key{l.Shop, l.SKU}], seen[key{l.Shop, l.SKU}] = l.Quantity, l.SeenMinor
			require.LessOrEqual(rt, l.Quantity, quantity)
		}
		require.LessOrEqual(rt, len(after), most)
		lost := map[key]int64{}
		for _, o := range over {
			require.Positive(rt, o.Quantity)
			lost[key{o.Shop, o.SKU}] += o.Quantity
		}
		for _, l := range member {
			after[key{l.Shop, l.SKU}] -= l.Quantity
		}
		for _, g := range guest {
			k := key{g.Shop, g.SKU}
			require.Equal(rt, g.Quantity, after[k]+lost[k], "%v", k)
			if after[k] > 0 && g.SeenMinor > 0 {
				require.LessOrEqual(rt, seen[k], g.SeenMinor)
				require.Positive(rt, seen[k])
			}
		}
	})
}
