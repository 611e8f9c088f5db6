package service

import (
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// Whoever sells may ask what something costs there, without an order; nobody asks in another party's shop.
func TestWhoMayCalculateWhere(t *testing.T) {
	direct := tenancy.Principal{Kind: tenancy.HQ, ID: "dan", Org: "hq", Store: "S1", Roles: []string{"clerk"}}.WithScope("hq")
	dealer := tenancy.Principal{Kind: tenancy.Dealer, ID: "dee", Org: "deal", Roles: []string{"operator"}}.WithScope("deal", "fra")
	all := boss.WithScope("hq", "fra", "oth", "deal")
	s := openShop(t, sqlite(t), newWorld())
	for name, c := range map[string]struct {
		by                     tenancy.Principal
		channel, store, member string
		reason                 string
	}{
		"a member in the mall":             {ann, "miniprogram", "", "mbr_ann", ""},
		"a member in a store's shop":       {ann, "miniprogram", "S2", "mbr_ann", ""},
		"a member as a guest":              {ann, "miniprogram", "", "", ""},
		"a member for another":             {ann, "miniprogram", "", "mbr_bob", "NOT_FOUND"},
		"headquarters anywhere":            {all, "miniprogram", "S2", "mbr_bob", ""},
		"a till in its store":              {till, "pos", "S2", "mbr_ann", ""},
		"a till in another store":          {till, "pos", "S1", "", "NOT_FOUND"},
		"a till in no store":               {till, "pos", "", "", "NOT_FOUND"},
		"a till in another channel":        {till, "miniprogram", "S2", "", "NOT_FOUND"},
		"a franchisee's manager":           {keeper, "pos", "S2", "mbr_ann", ""},
		"a franchisee's manager elsewhere": {keeper, "pos", "S1", "", "NOT_FOUND"},
		"another franchisee":               {other, "pos", "S2", "", "NOT_FOUND"},
		"a clerk of a direct store":        {direct, "pos", "S1", "mbr_ann", ""},
		"a clerk in another store":         {direct, "pos", "S2", "", "NOT_FOUND"},
		"a dealer in a store below":        {dealer, "pos", "S2", "", ""},
		"a dealer in headquarters' store":  {dealer, "pos", "S1", "", "NOT_FOUND"},
		"a channel in itself":              {tmall, "tmall", "", "", ""},
		"a channel in another":             {tmall, "miniprogram", "", "", "NOT_FOUND"},
		"a channel for a member":           {tmall, "tmall", "", "mbr_ann", "FORBIDDEN"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Calculate(s.as(c.by), &orderv1.CalculateRequest{Channel: c.channel, ShopStoreCode: c.store, MemberId: c.member, Lines: []*orderv1.OrderLineInput{line("tea", 1)}})
			require.Equal(t, c.reason, reasonOf(fault.Public(err)), "%v", err)
		})
	}
	_, err := s.Calculate(t.Context(), &orderv1.CalculateRequest{Channel: "miniprogram", Lines: []*orderv1.OrderLineInput{line("tea", 1)}})
	requireReason(t, "UNAUTHENTICATED", err)
}

// What a price says is what the order costs, however the goods come.
func TestWhatIsCalculatedIsWhatIsPlaced(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.tier, s.world.listed = "gold", map[string]int64{"gold/tea": 18000}
		s.put("FALL", 0, off(1000))
		s.put("C", 0, couponed(500, 0, 0, 0))
		for _, c := range []struct {
			way    inventoryv1.DeliveryWay
			pickup string
			want   int64
		}{{inventoryv1.DeliveryWay_PARCEL, "", 16500 + 1000 - 700}, {inventoryv1.DeliveryWay_DELIVERY_WAY_UNSPECIFIED, "", 16500 + 1000 - 700}, {inventoryv1.DeliveryWay_PICKUP, "S1", 16500 - 700}} {
			s.world.points["mbr_ann"] = 1000
			coupon := s.claim("C").Id
			ask := &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_ann", Lines: []*orderv1.OrderLineInput{line("tea", 1)}, Points: 700, CouponIds: []string{coupon},
				Way: c.way, PickupStoreCode: c.pickup}
			p, err := s.Calculate(s.as(ann), ask)
			require.NoError(t, err)
			require.Equal(t, c.want, p.ToPay.AmountMinor)
			var kinds []string
			for _, step := range p.Steps {
				kinds = append(kinds, step.Kind)
			}
			want := []string{"LIST", "TIER", "ORDER", "COUPON", "FREIGHT", "POINTS"}
			if c.way == inventoryv1.DeliveryWay_PICKUP {
				want = []string{"LIST", "TIER", "ORDER", "COUPON", "POINTS"}
			}
			require.Equal(t, want, kinds)
			req := wish(ask.Lines...)
			req.Points, req.CouponIds, req.ToPayMinor, req.PickupStoreCode = 700, ask.CouponIds, &p.ToPay.AmountMinor, c.pickup
			if c.way != inventoryv1.DeliveryWay_DELIVERY_WAY_UNSPECIFIED {
				req.Way = c.way
			}
			_, err = s.PlaceOrder(s.as(ann), req)
			require.NoError(t, err)
		}
		_, err := s.Calculate(s.as(ann), &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_ann", Lines: []*orderv1.OrderLineInput{line("tea", 1)}, Way: inventoryv1.DeliveryWay_PICKUP})
		require.Equal(t, "pickup_store_code", requireReason(t, "VALIDATOR", err).Metadata["field"])
		s.audited()
	})
}

// The cart shows what its member pays in its channel.
func TestACartIsPricedByTheLists(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.tier, s.world.listed = "gold", map[string]int64{"miniprogram/tea": 18900, "gold/tea": 18000}
		_, err := s.SetCartLine(s.as(ann), &orderv1.SetCartLineRequest{RequestId: requestID(), MemberId: "mbr_ann", Sku: "tea", Quantity: 2, Channel: "miniprogram"})
		require.NoError(t, err)
		cart, err := s.GetCart(s.as(ann), &orderv1.GetCartRequest{MemberId: "mbr_ann", Channel: "miniprogram"})
		require.NoError(t, err)
		require.Equal(t, []int64{18900, 36000, 36000}, []int64{cart.Lines[0].UnitPrice.AmountMinor, cart.Lines[0].Amount.AmountMinor, cart.Total.AmountMinor})
	})
}
