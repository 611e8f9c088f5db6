package service

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

// Whatever locations decline, of whatever they were given: it ends. No location is asked again, there are no more rounds than
// the strategy has and its last resort, each piece is at one location or without one, and somebody is told of what has none.
func TestDecliningNeverGoesInCircles(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.put(t, location("S-03", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2500, 121.4900))
		r.answered(t, "W-01")
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			sku, document := fmt.Sprintf("SKU-%d", round), fmt.Sprintf("ord_%d", round)
			places := []string{"F-01", "S-01", "S-02", "S-03", "W-01"}
			left := int64(0)
			for _, at := range places {
				if n := rapid.Int64Range(0, 4).Draw(rt, at); n > 0 {
					r.stock(t, at, sku, n)
					left += n
				}
			}
			wanted := rapid.Int64Range(1, 4).Draw(rt, "wanted")
			if wanted > left {
				return
			}
			r.paid(t, parcel(document, line("1", sku, wanted)))
			said := map[string]bool{}
			for declines := 0; ; declines++ {
				open := r.open(t, document)
				if len(open) == 0 {
					break
				}
				require.LessOrEqual(rt, declines, len(places), "each location declines once at most")
				var at string
				for _, place := range places {
					if open[place+"/1"] > 0 && (at == "" || rapid.Bool().Draw(rt, "other")) {
						at = place
					}
				}
				require.False(rt, said[at], "%s is asked again", at)
				said[at] = true
				in := declining(document, at)
				in.Effect = rapid.SampledFrom([]inventoryv1.StockEffect{inventoryv1.StockEffect_NO_STOCK_EFFECT, inventoryv1.StockEffect_MINUS_QUANTITY, inventoryv1.StockEffect_TO_ZERO}).Draw(rt, "effect")
				got, err := r.DeclineAssignment(order(t.Context()), in)
				require.NoError(rt, err)
				a := got.Reallocations[0]
				held, lacks := int64(0), int64(0)
				for _, n := range r.open(t, document) {
					held += n
				}
				list, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{document}})
				require.NoError(rt, err)
				if a.State != inventoryv1.WorkState_SETTLED {
					require.Equal(rt, []string{document}, list.Waiting)
					lacks = wanted - held
					require.Positive(rt, lacks)
				}
				require.Equal(rt, wanted, held+lacks)
			}
			state := r.work(t)[document]
			require.Contains(rt, []inventoryv1.WorkState{inventoryv1.WorkState_TO_PERSON, inventoryv1.WorkState_WAITS_FOR_STOCK}, state)
			// It is over for this order: others go on.
			_, err := r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: document})
			require.NoError(rt, err)
		})
		r.audit(t)
	})
}
