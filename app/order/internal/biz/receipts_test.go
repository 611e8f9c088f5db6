package biz

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/money"
	"github.com/onepool/onepool/app/order/pricing"
)

// In whatever pieces a line ends, what is over of its receipts only grows, by what its buyer gets and each bearer's part, and in the
// end all of it is over.
func TestReceiptsEndInWhateverPieces(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 2000 {
		l := Line{ID: "l", Quantity: 1 + rng.Int64N(9), PayableMinor: rng.Int64N(10_000)}
		l.PointsAmountMinor = rng.Int64N(l.PayableMinor + 1)
		l.Points = rng.Int64N(l.PointsAmountMinor + 1)
		for range rng.IntN(4) {
			d := Discount{Promotion: "p"}
			for _, role := range []string{pricing.Headquarters, pricing.Platform, pricing.PaymentProvider} {
				n := rng.Int64N(500)
				d.Bearers = append(d.Bearers, pricing.Borne{Party: pricing.Party{Role: role, Code: "x"}, AmountMinor: n})
				d.AmountMinor += n
			}
			l.Discounts = append(l.Discounts, d)
		}
		l.ReceiptsMinor = FrozenReceipts(l.PayableMinor, l.Discounts)
		r := Record{Header: Header{State: OrderPaid}, Lines: []Line{l}}
		last := int64(0)
		for l.Ended() < l.Quantity {
			more := 1 + rng.Int64N(l.Quantity-l.Ended())
			l.RefundedMinor += l.Back(l.Ended(), more).MoneyMinor
			if rng.IntN(2) == 0 {
				l.ReturnedQuantity += more
			} else {
				l.CancelledQuantity += more
			}
			of := r.LineReceipts(l)
			var others int64
			for _, b := range of.Bearers {
				if paysSeller(b.Role) {
					others += b.BackMinor
				}
			}
			points := money.Proportion(l.PointsAmountMinor, l.Ended(), l.Quantity)
			require.Equal(t, l.RefundedMinor+points+others, of.BackMinor, "seed %d", seed)
			require.GreaterOrEqual(t, of.BackMinor, last, "seed %d", seed)
			last = of.BackMinor
		}
		of := r.LineReceipts(l)
		require.Zero(t, of.LeftMinor(), "seed %d", seed)
		for _, b := range of.Bearers {
			require.Equal(t, b.AmountMinor, b.BackMinor, "seed %d", seed)
		}
	}
}

// A promotion that names roles alone is borne by the organisations of the sale.
func TestBearersAreOrganisations(t *testing.T) {
	borne := func(role, code string) pricing.Borne {
		return pricing.Borne{Party: pricing.Party{Role: role, Code: code}, AmountMinor: 1}
	}
	p := Price{Lines: []PricedLine{{Discounts: []Discount{{Bearers: []pricing.Borne{
		borne(pricing.Franchisee, ""), borne(pricing.Headquarters, ""), borne(pricing.Platform, ""), borne(pricing.Supplier, "sup"), borne(pricing.PaymentProvider, ""), borne(pricing.Platform, "jd"),
	}}}}}, FreightDiscounts: []Discount{{Bearers: []pricing.Borne{borne(pricing.Franchisee, "")}}}}
	p.bearers("tmall", Seller{Org: "fra", HeadquartersOrg: "hq"})
	var codes []string
	for _, b := range p.Lines[0].Discounts[0].Bearers {
		codes = append(codes, b.Code)
	}
	require.Equal(t, []string{"fra", "hq", "tmall", "sup", "", "jd"}, codes)
	require.Equal(t, "fra", p.FreightDiscounts[0].Bearers[0].Code)

	r := Record{Header: Header{State: OrderPaid}, Lines: []Line{{Quantity: 1, Discounts: p.Lines[0].Discounts}}, Captures: []Capture{{Provider: "alipay"}, {Provider: "alipay"}}}
	require.Contains(t, r.Receipts().Bearers, BearerPart{Party: pricing.Party{Role: pricing.PaymentProvider, Code: "alipay"}, AmountMinor: 1})
	r.Captures[1].Provider = "wechat"
	require.Contains(t, r.Receipts().Bearers, BearerPart{Party: pricing.Party{Role: pricing.PaymentProvider}, AmountMinor: 1}, "which one is not known")
}
