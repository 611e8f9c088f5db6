package service

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// gift gives cups with goods from 100.00.
func gift(pieces int64) *orderv1.PromotionTerms {
	return &orderv1.PromotionTerms{Kind: orderv1.PromotionKind_GIFT, GiftSku: "cup", GiftPieces: pieces, Levels: []*orderv1.PromotionLevel{{FromMinor: 10_000}}}
}

// cups says how many cups are left in all, and how many more inventory's index still shows.
func (w *world) cups(left, behind int64) {
	w.stock["S1"]["cup"], w.stock["S2"]["cup"], w.behind = 0, left, map[string]int64{"cup": behind}
}

// leftOut is what the history says of gifts that an order goes without.
func leftOut(o *orderv1.OrderInfo) (notes []string) {
	for _, e := range o.History {
		if e.Event == "gift.leave_out" {
			_, note, _ := strings.Cut(e.Note, " ") // after the line's id
			notes = append(notes, note)
		}
	}
	return notes
}

func TestAGiftIsLeftOutWhenThereIsNone(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		terms := gift(2)
		terms.BudgetMinor = 100_000
		s.put("CUPS", 0, terms)
		used := func() int64 {
			p, err := s.promotions().GetPromotion(s.as(promoting), &orderv1.GetPromotionRequest{Code: "CUPS"})
			require.NoError(t, err)
			return p.UsedMinor
		}
		step := func() *orderv1.PriceStep {
			p, err := s.Calculate(s.as(ann), &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_ann", Lines: []*orderv1.OrderLineInput{line("tea", 1)}})
			require.NoError(t, err)
			return p.Steps[1]
		}
		s.world.cups(2, 0)
		require.True(t, step().Applied)
		o := s.placed1(t)
		require.Len(t, o.Lines, 2)
		require.Empty(t, leftOut(o))
		require.Equal(t, int64(3000), used())

		// It is known to be gone: the price says so.
		s.world.cups(1, 0)
		require.Equal(t, []any{"GIFT", false, "GIFT_OUT_OF_STOCK"}, []any{step().Kind, step().Applied, step().Reason})
		o = s.placed1(t)
		require.Len(t, o.Lines, 1)

		// It is found to be gone when the stock is held: the order says so, and takes nothing of the budget.
		s.world.cups(1, 9)
		require.True(t, step().Applied)
		o = s.placed1(t)
		require.Len(t, o.Lines, 1)
		require.Equal(t, []string{"CUPS: 2 of cup"}, leftOut(o))
		require.Equal(t, []int64{0, 19900, 20900}, []int64{o.Lines[0].Discount.AmountMinor, o.Goods.AmountMinor, o.Total.AmountMinor})
		require.Equal(t, int64(3000), used())
		require.Equal(t, int64(1), s.world.stock["S2"]["cup"])
		s.audited()

		// What is bought is not left out, whatever else is given.
		s.world.cups(1, 9)
		_, err := s.PlaceOrder(s.as(ann), wish(line("tea", 1), line("cup", 2)))
		requireReason(t, "STOCK_INSUFFICIENT", err)
		s.audited()
	})
}

// placed1 is an order of a tea.
func (s *shop) placed1(t *testing.T) *orderv1.OrderInfo {
	t.Helper()
	o, err := s.PlaceOrder(s.as(ann), wish(line("tea", 1)))
	require.NoError(t, err)
	return o
}

func TestAGiftThatIsRequiredRefusesTheOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		terms := gift(2)
		terms.GiftRequired = true
		require.True(t, s.put("CUPS", 0, terms).Terms.GiftRequired)
		s.world.cups(1, 0)
		_, err := s.PlaceOrder(s.as(ann), wish(line("tea", 1)))
		require.Equal(t, "cup", requireReason(t, "STOCK_INSUFFICIENT", err).Metadata["sku"])
		require.Zero(t, s.world.promises, "nobody has to be asked")

		// A coupon is for its gift: it is not taken for nothing.
		s.promotionsEnd("CUPS")
		byCoupon := gift(2)
		byCoupon.Coupon = &orderv1.CouponTerms{}
		s.put("CARD", 0, byCoupon)
		req := wish(line("tea", 1))
		req.CouponIds = []string{s.claim("CARD").Id}
		_, err = s.PlaceOrder(s.as(ann), req)
		requireReason(t, "STOCK_INSUFFICIENT", err)
		require.Equal(t, orderv1.CouponState_COUPON_OPEN, s.coupon(req.CouponIds[0]).State)
		s.audited()
	})
}

func (s *shop) promotionsEnd(code string) {
	s.t.Helper()
	_, err := s.promotions().EndPromotion(s.as(promoting), &orderv1.EndPromotionRequest{RequestId: requestID(), Code: code})
	require.NoError(s.t, err)
}

// One of two gifts is gone, the other is a kit of which a part is: all that has to go goes, in the end.
func TestGiftsAreLeftOutOneByOne(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.prices["box"] = 5000
		s.world.kits = map[string]map[string]int64{"box": {"cup": 1, "pot": 1}}
		box := gift(1)
		box.GiftSku = "box"
		s.put("A", 0, gift(1))
		s.put("B", 0, box)
		s.world.behind = map[string]int64{"box": 9, "cup": 9}
		o := s.placed1(t)
		require.Len(t, o.Lines, 3)
		s.world.cups(0, 9)
		s.world.behind["box"] = 9
		o = s.placed1(t)
		require.Len(t, o.Lines, 1)
		require.ElementsMatch(t, []string{"A: 1 of cup", "B: 1 of box"}, leftOut(o))
		s.audited()
	})
}

func TestATillSellsWithoutTheGiftThatItsStoreLacks(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("CUPS", 0, gift(2))
		sell := func(no string) *orderv1.OrderInfo {
			o, err := s.SellAtTill(s.as(till), &orderv1.SellAtTillRequest{
				RequestId: requestID(), StoreCode: "S2", DeviceId: "dev_1", ReceiptNo: no, Lines: []*orderv1.OrderLineInput{line("tea", 1)}, CashMinor: 19900,
			})
			require.NoError(t, err)
			return o
		}
		require.Len(t, sell("R1").Lines, 2)
		s.world.cups(0, 0)
		s.world.stock["S1"]["cup"] = 50 // of another store
		require.Len(t, sell("R2").Lines, 1)
		s.world.behind = map[string]int64{"cup": 2}
		o := sell("R3")
		require.Len(t, o.Lines, 1)
		require.Equal(t, []string{"CUPS: 2 of cup"}, leftOut(o))
		s.audited()
	})
}
