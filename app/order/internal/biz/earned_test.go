package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/order/pricing"
)

// Whatever comes back in whatever order: what is kept for gifts is what the frozen terms say, never more than there is to give
// back, and nothing once the gifts have come.
func TestGiftsComeBackOrAreDeducted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		teas := rapid.Int64Range(1, 5).Draw(t, "teas")
		gift := pricing.Promotion{
			ID: "GIFT", Version: 1, Kind: pricing.Gift, Stacking: pricing.WithAll, GiftSKU: "cup", GiftPieces: rapid.Int64Range(1, 3).Draw(t, "gifts"),
			Every: rapid.Bool().Draw(t, "every"), Levels: []pricing.Level{{FromQuantity: rapid.Int64Range(1, teas).Draw(t, "from")}}, Scope: pricing.Scope{SKUs: []string{"tea"}},
			Bearers: []pricing.Bearer{{Party: pricing.Party{Role: pricing.Headquarters}, ShareBP: 10_000}},
		}
		p, err := Calculate(PriceInput{
			Lines: []WantedLine{{SKU: "tea", Quantity: teas}, {SKU: "pot", Quantity: 1}}, SKUs: shelf(map[string]int64{"tea": 19901, "pot": 8900, "cup": 15_000}),
			FreightMinor: 800, Promotions: PromotionFacts{Promotions: []pricing.Promotion{gift}, Left: map[string]pricing.Left{"GIFT": pricing.Unlimited}},
		})
		require.NoError(t, err)
		require.Len(t, p.Lines, 3)
		d := NewDraft(Header{ID: ids.New("ord"), Org: "hq", Kind: KindMall, MemberID: "mbr_1", MerchantAccount: "acct-hq", PayUntilUS: 100 * second}, p)
		var held []Reservation
		for _, l := range d.Record.Lines {
			held = append(held, Reservation{ID: ids.New("res"), LineID: l.ID, SKU: l.SKU, Location: "S1", LocationOrg: "hq", Owner: "hq", Quantity: l.Quantity})
		}
		o, err := Place(d, held, demoTerms, second, "m")
		require.NoError(t, err)
		b := &book{nowUS: second}
		b.keep(o)
		b.pay(t)
		b.ship(t, 0)
		cup := b.r.Lines[2]
		require.Equal(t, p.Lines[2].Quantity, cup.Quantity)
		for range rapid.IntRange(1, 8).Draw(t, "returns") {
			l := b.r.Lines[rapid.IntRange(0, 2).Draw(t, "line")]
			n := rapid.Int64Range(1, l.Quantity).Draw(t, "pieces")
			charged, forecast := b.r.GiftChargedMinor, int64(0)
			var id string
			if b.do(func(o *Order) (err error) { id, err = o.RequestReturn([]ReturnWish{{l.ID, n}}, "x", false); return err }) != nil {
				continue
			}
			forecast = b.r.Returns[len(b.r.Returns)-1].GiftMinor
			require.NoError(t, b.do(func(o *Order) error { return o.ApproveReturn(id) }))
			require.NoError(t, b.do(func(o *Order) error { return o.ReceiveReturn(id, "") }))
			require.Equal(t, forecast, b.r.GiftChargedMinor-charged, "said before it was done")
			left := b.r.Lines[0].Quantity - b.r.Lines[0].ReturnedQuantity
			kept := int64(0)
			if from := gift.Levels[0].FromQuantity; left >= from {
				kept = gift.GiftPieces
				if gift.Every {
					kept *= left / from
				}
			}
			owed := 15_000 * max(0, cup.Quantity-b.r.Lines[2].ReturnedQuantity-kept)
			require.LessOrEqual(t, b.r.GiftChargedMinor, owed)
			require.GreaterOrEqual(t, b.r.GiftChargedMinor, int64(0))
			if b.r.GiftChargedMinor < owed {
				require.Zero(t, refunded(b, id), "less is kept only where there was nothing more to keep")
			}
			b.audit(t)
		}
	})
}

// refunded is what a return gave back in money.
func refunded(b *book, returnID string) (sum int64) {
	for _, f := range b.r.Refunds {
		if f.ReturnID == returnID {
			sum += f.AmountMinor
		}
	}
	return sum
}
