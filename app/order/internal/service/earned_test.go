package service

import (
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

func TestAGiftComesBackWithTheGoodsThatEarnedItOrIsDeducted(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("GIFT", 0, &orderv1.PromotionTerms{Kind: orderv1.PromotionKind_GIFT, GiftSku: "cup", GiftPieces: 2, Levels: []*orderv1.PromotionLevel{{FromMinor: 30_000}}})
		o, err := s.PlaceOrder(s.as(ann), wish(line("tea", 2)))
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		o = s.get(o.Id)
		s.ship(o)
		s.receive(o)
		s.leaving()
		// The promotion is another one by now: the order's terms are its own.
		s.put("GIFT", 1, &orderv1.PromotionTerms{Kind: orderv1.PromotionKind_GIFT, GiftSku: "cup", GiftPieces: 2, Levels: []*orderv1.PromotionLevel{{FromMinor: 1}}})

		tea, cup := o.Lines[0].LineId, o.Lines[1].LineId
		ret := s.asked(o, tea, 1)
		require.Equal(t, int64(3000), ret.GiftCharge.AmountMinor, "a tea alone earns nothing: two cups at their list price")
		s.approve(boss, ret)
		_, err = s.inspect(boss, ret, "S1")
		require.NoError(t, err)
		s.later(0)
		got := s.get(o.Id)
		require.Equal(t, []int64{19900 - 3000, 3000}, []int64{got.Refunded.AmountMinor, got.GiftsCharged.AmountMinor})
		require.Equal(t, int64(19900), got.Lines[0].Refunded.AmountMinor, "the line's own refund is whole")
		require.Empty(t, s.audit())

		// The cups come after all, one by one: what was kept goes back.
		for range 2 {
			back, err := s.giveBack(ann, boss, o, cup, 1)
			require.NoError(t, err)
			require.Equal(t, int64(-1500), back.GiftCharge.AmountMinor)
			s.later(0)
			require.Empty(t, s.audit())
		}
		got = s.get(o.Id)
		require.Equal(t, int64(19900), got.Refunded.AmountMinor)
		require.Zero(t, got.GetGiftsCharged().GetAmountMinor())

		// With everything back nothing is kept, and all that was paid for goods is refunded.
		last, err := s.giveBack(ann, boss, o, tea, 1)
		require.NoError(t, err)
		require.Zero(t, last.GiftCharge.AmountMinor)
		s.later(0)
		require.Equal(t, int64(2*19900), s.get(o.Id).Refunded.AmountMinor)
		require.Empty(t, s.audit())
	})
}
