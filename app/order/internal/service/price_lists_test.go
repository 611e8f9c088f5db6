package service

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// An order costs what the price lists say for its channel, store, region and buyer, asked for in one call; the steps name the
// lists.
func TestPricesComeFromTheListsOfTheSale(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.regions, s.world.tier = map[string]string{"S2": "330106"}, "gold"
		s.world.listed = map[string]int64{"miniprogram/tea": 18900, "S2/tea": 17900, "gold/tea": 15000, "gold/cup": 1600}
		ask := &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_ann", ShopStoreCode: "S2",
			Lines: []*orderv1.OrderLineInput{line("tea", 2), line("cup", 1), line("pot", 1)}}
		p, err := s.Calculate(s.as(ann), ask)
		require.NoError(t, err)
		var steps []string
		for _, step := range p.Steps {
			steps = append(steps, fmt.Sprint(step.Kind, " ", step.List, " ", step.AmountMinor, " ", step.Skus))
		}
		require.Equal(t, []string{"LIST S2 35800 [tea]", "LIST  10400 [cup pot]", "TIER gold -5800 [tea]", "FREIGHT  1000 []"}, steps, "a tier's price that is higher is nobody's")
		require.Equal(t, int64(30000), p.Lines[0].Gross.AmountMinor)
		require.Len(t, s.world.priced, 1)
		asked := s.world.priced[0]
		require.Equal(t, []string{"miniprogram", "S2", "330106", "gold"}, []string{asked.Channel, asked.StoreCode, asked.Region, asked.Tier})
		require.Equal(t, start, asked.AtUs)

		// The buyer may have been shown the list price or the tier's.
		for seen, reason := range map[int64]string{17900: "", 15000: "", 18900: "PRICE_CHANGED"} {
			req := wish(line("tea", 1))
			req.ShopStoreCode = "S2"
			req.Lines[0].UnitPriceMinor = seen
			o, err := s.PlaceOrder(s.as(ann), req)
			if reason != "" {
				require.Equal(t, "17900", requireReason(t, reason, err).Metadata["price_minor"])
				continue
			}
			require.NoError(t, err)
			require.Equal(t, int64(16000), o.Total.AmountMinor)
		}
		sold, err := s.SellAtTill(s.as(till), &orderv1.SellAtTillRequest{RequestId: requestID(), StoreCode: "S2", ReceiptNo: "R1", CashMinor: 17900,
			Lines: []*orderv1.OrderLineInput{line("tea", 1)}})
		require.NoError(t, err)
		require.Equal(t, int64(17900), sold.Total.AmountMinor)
		s.audited()
	})
}
