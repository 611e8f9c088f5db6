package biz

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func shelf(prices map[string]int64) map[string]SKU {
	skus := map[string]SKU{}
	for code, price := range prices {
		skus[code] = SKU{Code: code, PriceMinor: price, Currency: "CNY", Returnable: true, Active: true}
	}
	return skus
}

func requireReason(t require.TestingT, reason string, err error) Refusal {
	var r Refusal
	require.True(t, errors.As(err, &r), "%v", err)
	require.Equal(t, reason, r.Reason)
	return r
}

func TestAPriceIsTheSumOfItsLinesAndFreight(t *testing.T) {
	p, err := Calculate(PriceInput{
		Lines: []WantedLine{{SKU: "tea", Quantity: 2, SeenUnitMinor: 19900}, {SKU: "cup", Quantity: 3}},
		SKUs:  shelf(map[string]int64{"tea": 19900, "cup": 1500}), FreightMinor: 1000,
	})
	require.NoError(t, err)
	require.Equal(t, int64(44300), p.GoodsMinor)
	require.Equal(t, int64(45300), p.TotalMinor)
	require.Equal(t, int64(45300), p.ToPayMinor())
}

func TestPointsPayWholePointsAndAtMostTheGoods(t *testing.T) {
	in := PriceInput{
		Lines: []WantedLine{{SKU: "tea", Quantity: 1}, {SKU: "cup", Quantity: 1}},
		SKUs:  shelf(map[string]int64{"tea": 100, "cup": 55}), FreightMinor: 1000, Points: 1_000_000, PointValueMinor: 10,
	}
	p, err := Calculate(in)
	require.NoError(t, err)
	require.Equal(t, int64(15), p.Points)
	require.Equal(t, int64(150), p.PointsAmountMinor)
	require.Equal(t, int64(1005), p.ToPayMinor())
}

func TestAnotherPriceThanTheBuyerSawIsRefused(t *testing.T) {
	in := PriceInput{Lines: []WantedLine{{SKU: "tea", Quantity: 1, SeenUnitMinor: 18900}}, SKUs: shelf(map[string]int64{"tea": 19900})}
	_, err := Calculate(in)
	r := requireReason(t, "PRICE_CHANGED", err)
	require.Equal(t, "19900", r.Metadata["price_minor"])
	require.Equal(t, "tea", r.Metadata["sku"])

	in.Lines[0].SeenUnitMinor = 19900
	p, err := Calculate(in)
	require.NoError(t, err)
	require.Equal(t, "19900", requireReason(t, "PRICE_CHANGED", CheckToPay(p, 19800)).Metadata["total_minor"])
	require.NoError(t, CheckToPay(p, 19900))
	requireReason(t, "PRICE_CHANGED", CheckTaken(p, 20000, 0, nil))
}

func TestWhatIsNotForSaleIsNotSold(t *testing.T) {
	skus := shelf(map[string]int64{"tea": 100, "old": 5, "eur": 7})
	old := skus["old"]
	old.Active = false
	skus["old"] = old
	eur := skus["eur"]
	eur.Currency = "EUR"
	skus["eur"] = eur
	for sku, reason := range map[string]string{"none": "NOT_FOR_SALE", "old": "NOT_FOR_SALE", "eur": "AMOUNT_INVALID"} {
		_, err := Calculate(PriceInput{Lines: []WantedLine{{SKU: "tea", Quantity: 1}, {SKU: sku, Quantity: 1}}, SKUs: skus})
		requireReason(t, reason, err)
	}
	_, err := Calculate(PriceInput{Lines: []WantedLine{{SKU: "tea", Quantity: 1_000_000}}, SKUs: shelf(map[string]int64{"tea": math.MaxInt64 / 2})})
	requireReason(t, "AMOUNT_INVALID", err)
}

func TestPointsAreSplitToLinesToTheCent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prices, lines := map[string]int64{}, []WantedLine{}
		for i := range rapid.IntRange(1, 12).Draw(t, "lines") {
			sku := string(rune('a' + i))
			prices[sku] = rapid.Int64Range(0, 5000).Draw(t, "price")
			lines = append(lines, WantedLine{SKU: sku, Quantity: rapid.Int64Range(1, 9).Draw(t, "quantity")})
		}
		p, err := Calculate(PriceInput{
			Lines: lines, SKUs: shelf(prices), FreightMinor: rapid.Int64Range(0, 900).Draw(t, "freight"),
			Points: rapid.Int64Range(0, 3000).Draw(t, "points"), PointValueMinor: rapid.Int64Range(1, 20).Draw(t, "value"),
		})
		require.NoError(t, err)
		var goods, amount, points int64
		for _, l := range p.Lines {
			require.Equal(t, l.GrossMinor-l.DiscountMinor, l.PayableMinor)
			require.LessOrEqual(t, l.PointsAmountMinor, l.PayableMinor)
			require.GreaterOrEqual(t, l.PointsAmountMinor, int64(0))
			goods, amount, points = goods+l.PayableMinor, amount+l.PointsAmountMinor, points+l.Points
		}
		require.Equal(t, p.GoodsMinor, goods)
		require.Equal(t, p.TotalMinor, goods+p.FreightMinor)
		require.Equal(t, p.PointsAmountMinor, amount)
		require.Equal(t, p.Points, points)
		require.GreaterOrEqual(t, p.ToPayMinor(), p.FreightMinor)
	})
}

func TestAChannelOrderCostsWhatThePlatformTook(t *testing.T) {
	skus := shelf(map[string]int64{"tea": 19900, "cup": 1500})
	lines := []ChannelLine{{SKU: "tea", Quantity: 1, PaidMinor: 17900}, {SKU: "cup", Quantity: 2, PaidMinor: 3200}}
	p, err := ChannelPrice(lines, skus, 500, 21600, "CNY")
	require.NoError(t, err)
	require.Equal(t, int64(2000), p.DiscountMinor)
	require.Equal(t, int64(21100), p.GoodsMinor)
	_, err = ChannelPrice(lines, skus, 500, 21601, "CNY")
	requireReason(t, "VALIDATOR", err)
}
