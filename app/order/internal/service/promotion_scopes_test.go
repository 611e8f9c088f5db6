package service

import (
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// Each scope is kept by its version, and goes by what the centers say: the product's of the line, the store's of the sale, the
// member's of who buys.
func TestEachScopeOfAPromotion(t *testing.T) {
	guest := tenancy.Principal{Kind: tenancy.HQ, ID: "cleo", Org: "hq", Roles: []string{"clerk"}}.WithScope()
	for name, c := range map[string]struct {
		scope *orderv1.PromotionScope
		in    func(w *world, req *orderv1.CalculateRequest)
		out   func(w *world, req *orderv1.CalculateRequest)
	}{
		"sku":      {&orderv1.PromotionScope{Skus: []string{"tea"}}, nil, func(_ *world, req *orderv1.CalculateRequest) { req.Lines[0].Sku = "pot" }},
		"all but":  {&orderv1.PromotionScope{ExceptSkus: []string{"pot"}}, nil, func(_ *world, req *orderv1.CalculateRequest) { req.Lines[0].Sku = "pot" }},
		"category": {&orderv1.PromotionScope{Categories: []string{"leaf"}}, nil, func(w *world, _ *orderv1.CalculateRequest) { w.categories["tea"] = "leaflet" }},
		"brand":    {&orderv1.PromotionScope{Brands: []string{"LJ", "QY"}}, nil, func(w *world, _ *orderv1.CalculateRequest) { w.brands["tea"] = "" }},
		"channel":  {&orderv1.PromotionScope{Channels: []string{"miniprogram"}}, nil, func(_ *world, req *orderv1.CalculateRequest) { req.Channel = "pos" }},
		"store":    {&orderv1.PromotionScope{StoreCodes: []string{"S1"}}, func(_ *world, req *orderv1.CalculateRequest) { req.ShopStoreCode = "S1" }, func(_ *world, req *orderv1.CalculateRequest) { req.ShopStoreCode = "S2" }},
		"region": {&orderv1.PromotionScope{Regions: []string{"33"}}, func(_ *world, req *orderv1.CalculateRequest) { req.ShopStoreCode = "S1" },
			func(_ *world, req *orderv1.CalculateRequest) { req.ShopStoreCode = "S2" }},
		"a region of no store": {&orderv1.PromotionScope{Regions: []string{"33"}}, func(_ *world, req *orderv1.CalculateRequest) { req.ShopStoreCode = "S1" }, func(_ *world, req *orderv1.CalculateRequest) {}},
		"tier":                 {&orderv1.PromotionScope{Tiers: []string{"gold"}}, nil, func(w *world, _ *orderv1.CalculateRequest) { w.tier = "silver" }},
		"tier of a guest":      {&orderv1.PromotionScope{Tiers: []string{"gold"}}, nil, func(_ *world, req *orderv1.CalculateRequest) { req.MemberId = "" }},
		"segment":              {&orderv1.PromotionScope{Segments: []string{"dormant", "tea-lover"}}, nil, func(w *world, _ *orderv1.CalculateRequest) { w.segments = []string{"new"} }},
		"members":              {&orderv1.PromotionScope{MembersOnly: true}, nil, func(_ *world, req *orderv1.CalculateRequest) { req.MemberId = "" }},
		"first order":          {&orderv1.PromotionScope{FirstOrder: true}, nil, func(_ *world, req *orderv1.CalculateRequest) { req.MemberId = "mbr_old" }},
	} {
		t.Run(name, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, s *shop) {
				w := s.world
				w.categories, w.brands, w.regions = map[string]string{"tea": "leaf/green"}, map[string]string{"tea": "QY"}, map[string]string{"S1": "330106", "S2": "440103"}
				w.tier, w.segments = "gold", []string{"new", "tea-lover"}
				s.put("P", 0, &orderv1.PromotionTerms{Kind: orderv1.PromotionKind_MONEY_OFF, OffMinor: 100, Scope: c.scope})
				kept, err := s.promotions().GetPromotion(s.as(promoting), &orderv1.GetPromotionRequest{Code: "P"})
				require.NoError(t, err)
				require.Equal(t, c.scope.String(), kept.Terms.Scope.String())
				old := wish(line("cup", 1))
				old.MemberId = "mbr_old"
				_, err = s.PlaceOrder(s.as(boss), old)
				require.NoError(t, err)

				off := func(change func(w *world, req *orderv1.CalculateRequest)) int64 {
					req := &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_ann", Lines: []*orderv1.OrderLineInput{line("tea", 1)}}
					if change != nil {
						change(w, req)
					}
					p, err := s.Calculate(s.as(guest), req)
					require.NoError(t, err)
					return p.Lines[0].Discount.AmountMinor
				}
				require.Equal(t, int64(100), off(c.in))
				require.Zero(t, off(c.out))
			})
		})
	}
}
