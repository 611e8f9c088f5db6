package service

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/data"
)

func (s *shop) terms() *TradeTerms {
	return NewTradeTerms(s.DB, s.Seeker.Terms.(*data.TradeTerms), secretKey)
}

// taxed puts rates of the tax classes leaf and ware in force.
func (s *shop) taxed(taxpayer, region string, onTop bool, fromUS int64, leaf, ware int64) *orderv1.TaxRates {
	s.t.Helper()
	r, err := s.terms().PutTaxRates(s.as(promoting), &orderv1.PutTaxRatesRequest{RequestId: requestID(), Taxpayer: taxpayer, Region: region, OnTop: onTop, FromUs: fromUS,
		Rates: []*orderv1.TaxRate{{TaxClass: "leaf", RateBp: leaf}, {TaxClass: "ware", RateBp: ware}}})
	require.NoError(s.t, err)
	return r
}

func (w *world) taxClasses() {
	w.classes, w.taxpayers, w.regions = map[string]string{"tea": "leaf", "cup": "ware", "pot": "ware"}, map[string]string{"hq": "general", "fra": "small"}, map[string]string{"S2": "330106"}
}

// An order freezes the tax of its lines by their classes, the seller's kind of taxpayer, its region and the moment.
func TestTaxIsFrozenByLine(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.taxClasses()
		untaxed := s.placed(0)
		require.Zero(t, untaxed.Tax.AmountMinor)
		s.taxed("general", "", false, 0, 900, 1300)
		s.taxed("small", "", false, 0, 100, 100)
		s.put("P", 0, off(1000))
		o, err := s.PlaceOrder(s.as(ann), wish(line("tea", 1), line("pot", 1)))
		require.NoError(t, err)
		// 10.00 off 288.00: 199.00 - 6.91 at 9 %, 89.00 - 3.09 at 13 %, half up.
		require.Equal(t, []int64{19209, 900, 1586, 8591, 1300, 988}, []int64{o.Lines[0].Payable.AmountMinor, o.Lines[0].TaxBp, o.Lines[0].Tax.AmountMinor,
			o.Lines[1].Payable.AmountMinor, o.Lines[1].TaxBp, o.Lines[1].Tax.AmountMinor})
		require.Equal(t, []int64{2574, 27800, 28800}, []int64{o.Tax.AmountMinor, o.Goods.AmountMinor, o.Total.AmountMinor}, "the tax is in the price")
		require.False(t, o.TaxOnTop)
		req := wish(line("tea", 1))
		req.ShopStoreCode = "S2"
		o, err = s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, int64(100), o.Lines[0].TaxBp, "the franchisee is another kind of taxpayer")

		// The rates change at a moment; what is placed stays.
		s.taxed("small", "3301", false, start+time.Hour.Microseconds(), 300, 300)
		require.Equal(t, int64(100), s.get(o.Id).Lines[0].TaxBp)
		s.clock.Advance(time.Hour)
		later := wish(line("tea", 1))
		later.ShopStoreCode = "S2"
		next, err := s.PlaceOrder(s.as(ann), later)
		require.NoError(t, err)
		require.Equal(t, []int64{100, 300}, []int64{s.get(o.Id).Lines[0].TaxBp, next.Lines[0].TaxBp})
		s.audited()
	})
}

// Where prices are without tax, the buyer pays it with each line, and gets it back with each piece, to the cent.
func TestTaxOnTopIsPaidAndComesBackWithItsLine(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.taxClasses()
		s.taxed("", "", true, 0, 900, 1333)
		shown, err := s.Calculate(s.as(ann), &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_ann", Lines: []*orderv1.OrderLineInput{line("cup", 3)}})
		require.NoError(t, err)
		last := shown.Steps[len(shown.Steps)-1]
		require.Equal(t, []any{"TAX", int64(600)}, []any{last.Kind, last.AmountMinor}, "45.00 at 13.33 %")
		require.Equal(t, []int64{1500, 5100, 5100, 600, 6100}, []int64{shown.Lines[0].UnitPrice.AmountMinor, shown.Lines[0].Gross.AmountMinor, shown.Lines[0].Payable.AmountMinor,
			shown.Tax.AmountMinor, shown.ToPay.AmountMinor})
		require.True(t, shown.TaxOnTop)
		req := wish(line("cup", 3))
		req.ToPayMinor = &shown.ToPay.AmountMinor
		o, err := s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		require.True(t, o.TaxOnTop)
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		o = s.get(o.Id)
		s.ship(o)
		s.receive(o)
		o = s.get(o.Id)
		for range 3 {
			ret, err := s.giveBack(ann, boss, o, o.Lines[0].LineId, 1)
			require.NoError(t, err)
			require.NotEmpty(t, ret.Id)
		}
		require.Equal(t, int64(5100), s.get(o.Id).Lines[0].Refunded.AmountMinor)
		s.audited()
	})
}

func TestFreightIsByWeightRegionAndDate(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.weights = map[string]int64{"tea": 400, "cup": 250}
		put := func(in *orderv1.PutFreightRequest) *orderv1.FreightTerms {
			t.Helper()
			in.RequestId = requestID()
			f, err := s.terms().PutFreight(s.as(promoting), in)
			require.NoError(t, err)
			return f
		}
		costs := func(region string, lines ...*orderv1.OrderLineInput) int64 {
			t.Helper()
			p, err := s.Calculate(s.as(ann), &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_ann", DestinationRegion: region, Lines: lines})
			require.NoError(t, err)
			return p.Freight.AmountMinor
		}
		require.Equal(t, int64(1000), costs("33", line("tea", 1)), "without terms: what is configured")
		require.Equal(t, int64(1), put(&orderv1.PutFreightRequest{FirstG: 1000, FirstMinor: 800, StepG: 500, StepMinor: 200, FreeFromMinor: 50_000}).Version)
		put(&orderv1.PutFreightRequest{Region: "65", FirstG: 500, FirstMinor: 2000, StepG: 500, StepMinor: 900})
		put(&orderv1.PutFreightRequest{Region: "65", Channel: "tmall", FirstMinor: 1})
		for want, c := range map[int64]struct {
			region string
			lines  []*orderv1.OrderLineInput
		}{
			800:  {"33", []*orderv1.OrderLineInput{line("cup", 4)}},                   // 1,000 g
			1000: {"", []*orderv1.OrderLineInput{line("cup", 1), line("tea", 2)}},     // 1,050 g
			1200: {"33", []*orderv1.OrderLineInput{line("cup", 7)}},                   // 1,750 g
			0:    {"33", []*orderv1.OrderLineInput{line("tea", 3)}},                   // 597.00
			2000: {"6501", []*orderv1.OrderLineInput{line("cup", 2)}},                 // 500 g
			3800: {"6501", []*orderv1.OrderLineInput{line("cup", 1), line("tea", 2)}}, // 1,050 g
		} {
			require.Equal(t, want, costs(c.region, c.lines...), "%v", c)
		}
		// A placement is charged the same, and terms that begin later do not count yet.
		put(&orderv1.PutFreightRequest{Region: "65", FirstMinor: 5000, FromUs: start + time.Hour.Microseconds()})
		req := wish(line("cup", 2))
		req.DestinationRegion = "650100"
		o, err := s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, []int64{2000, 5000}, []int64{o.Freight.AmountMinor, o.Total.AmountMinor})
		pickup := wish(line("cup", 2))
		pickup.Way, pickup.PickupStoreCode, pickup.DestinationRegion = inventoryv1.DeliveryWay_PICKUP, "S1", "650100"
		o, err = s.PlaceOrder(s.as(ann), pickup)
		require.NoError(t, err)
		require.Zero(t, o.Freight.AmountMinor)
		s.clock.Advance(time.Hour)
		require.Equal(t, int64(5000), costs("6501", line("cup", 2)))
		require.Equal(t, int64(2), put(&orderv1.PutFreightRequest{Region: "65", Withdrawn: true, FromUs: start + time.Hour.Microseconds()}).Version)
		require.Equal(t, int64(800), costs("6501", line("cup", 2)), "what is less specific counts again")
		s.put("FREE", 0, &orderv1.PromotionTerms{Kind: orderv1.PromotionKind_FREE_FREIGHT, OffMinor: 300})
		require.Equal(t, int64(500), costs("6501", line("cup", 2)), "promotions take off what the terms say")
		s.audited()
	})
}

func TestTermsAreListedAndHeadquarters(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.taxed("general", "", false, 5, 900, 1300)
		s.taxed("general", "", false, 5, 600, 1300)
		s.taxed("", "33", false, 9, 100, 100)
		var seen []string
		token := ""
		for {
			page, err := s.terms().ListTaxRates(s.as(till), &orderv1.ListTaxRatesRequest{PageSize: 1, PageToken: token})
			require.NoError(t, err)
			for _, r := range page.Rates {
				seen = append(seen, fmt.Sprint(r.Taxpayer, "/", r.Region, " ", r.FromUs, " v", r.Version, " ", r.Rates[0].RateBp, " ", r.ChangedBy))
			}
			if token = page.NextPageToken; token == "" {
				break
			}
		}
		require.Equal(t, []string{"/33 9 v1 100 hq:pia", "general/ 5 v1 900 hq:pia", "general/ 5 v2 600 hq:pia"}, seen)
		for _, p := range []tenancy.Principal{ann, keeper, {Kind: tenancy.HQ, ID: "cleo", Org: "hq", Roles: []string{"clerk"}}} {
			_, err := s.terms().PutTaxRates(s.as(p), &orderv1.PutTaxRatesRequest{RequestId: requestID()})
			requireReason(t, "FORBIDDEN", err)
			_, err = s.terms().PutFreight(s.as(p), &orderv1.PutFreightRequest{RequestId: requestID()})
			requireReason(t, "FORBIDDEN", err)
		}
		_, err := s.terms().ListFreight(s.as(ann), &orderv1.ListFreightRequest{})
		requireReason(t, "FORBIDDEN", err)
		twice := &orderv1.PutTaxRatesRequest{RequestId: requestID(), Rates: []*orderv1.TaxRate{{TaxClass: "a"}, {TaxClass: "a"}}}
		_, err = s.terms().PutTaxRates(s.as(promoting), twice)
		require.Equal(t, "rates.tax_class", requireReason(t, "VALIDATOR", err).Metadata["field"])
		for _, bad := range []*orderv1.PutFreightRequest{{StepG: 5}, {StepMinor: 5}, {Withdrawn: true, FirstMinor: 1}} {
			bad.RequestId = requestID()
			_, err = s.terms().PutFreight(s.as(promoting), bad)
			requireReason(t, "VALIDATOR", err)
		}
		list, err := s.terms().ListFreight(s.as(promoting), &orderv1.ListFreightRequest{})
		require.NoError(t, err)
		require.Empty(t, list.Terms)
	})
}

// A platform's order carries the tax that is in what was paid there.
func TestAChannelOrderHasTheTaxOfItsPrice(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.taxClasses()
		s.taxed("general", "", false, 1, 900, 1300)
		o, err := s.ImportChannelOrder(s.as(tmall), external("T-TAX", "tea", 1, 17900))
		require.NoError(t, err)
		for _, l := range o.Lines {
			require.Equal(t, []int64{900, 1478}, []int64{l.TaxBp, l.Tax.AmountMinor})
		}
		s.audited()
	})
}
