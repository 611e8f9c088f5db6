package service

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func less(o *orderv1.OrderInfo, lines ...*orderv1.CancelledLine) *orderv1.CancelLinesRequest {
	return &orderv1.CancelLinesRequest{RequestId: requestID(), OrderId: o.Id, Lines: lines, Reason: "too many"}
}

func of(l *orderv1.OrderLine, n int64) *orderv1.CancelledLine {
	return &orderv1.CancelledLine{LineId: l.LineId, Quantity: n}
}

func (s *shop) cancelLines(p tenancy.Principal, req *orderv1.CancelLinesRequest) (*orderv1.OrderInfo, error) {
	return NewOrderChanges(s.Order).CancelLines(s.as(p), req)
}

func TestAPartOfAnOrderIsCancelledOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(300)
		s.leaving()
		for who, reason := range map[*tenancy.Principal]string{&bob: "ORDER_UNKNOWN", &other: "ORDER_UNKNOWN", &keeper: "ORDER_UNKNOWN", &tmall: "ORDER_UNKNOWN"} {
			_, err := s.cancelLines(*who, less(o, of(o.Lines[1], 1)))
			requireReason(t, reason, err)
		}
		before := map[string]int64{"S1": s.world.stock["S1"]["cup"], "S2": s.world.stock["S2"]["cup"]}
		req := less(o, of(o.Lines[1], 2))
		got, err := s.cancelLines(ann, req)
		require.NoError(t, err)
		again, err := s.cancelLines(ann, req)
		require.NoError(t, err)
		require.Equal(t, got.String(), again.String())
		require.Equal(t, int64(2), got.Lines[1].CancelledQuantity)
		require.Equal(t, got.Lines[1].Refunded.AmountMinor, got.Refunded.AmountMinor)
		require.Equal(t, "2 of cup: too many", got.History[len(got.History)-2].Note)
		require.Empty(t, s.audit(), "stock, points and rebates follow")
		require.Equal(t, before["S1"]+before["S2"]+2, s.world.stock["S1"]["cup"]+s.world.stock["S2"]["cup"])

		_, err = s.cancelLines(ann, less(o, of(o.Lines[1], 5)))
		require.Equal(t, "4", requireReason(t, "REFUND_EXCEEDS_PAID", err).Metadata["left"])
		done, err := s.cancelLines(ann, less(o, of(o.Lines[1], 4), of(o.Lines[0], 1)))
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_CANCELLED, done.State)
		require.Equal(t, done.Paid.AmountMinor, done.Refunded.AmountMinor)
		require.Empty(t, s.audit())
		require.Equal(t, s.world.document(o.Id).Spent, s.world.document(o.Id).GivenBack, "each point once")
	})
}

func TestWhatPromotionsHoldGoesBackWithAPart(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("FLASH", 0, flash(10, 4))
		budget := off(1001)
		budget.BudgetMinor = 100_000
		s.put("BUDGET", 0, budget)
		used := func(code string) []int64 {
			p, err := s.promotions().GetPromotion(s.as(promoting), &orderv1.GetPromotionRequest{Code: code})
			require.NoError(t, err)
			return []int64{p.UsedMinor, p.UsedQuantity}
		}
		o, err := s.PlaceOrder(s.as(ann), wish(line("tea", 4), line("cup", 3)))
		require.NoError(t, err)
		s.pay(s.payment(o))
		require.Equal(t, int64(4), used("FLASH")[1])
		require.Equal(t, int64(1001), used("BUDGET")[0])
		_, err = s.cancelLines(ann, less(o, of(o.Lines[0], 1)))
		require.NoError(t, err)
		require.Equal(t, []int64{30000, 3}, used("FLASH"))
		_, err = s.PlaceOrder(s.as(ann), wish(line("tea", 1)))
		require.NoError(t, err, "the member may have that piece again")
		require.Equal(t, int64(4), used("FLASH")[1])
		require.Empty(t, s.audit())
		_, err = s.cancelLines(ann, less(o, of(o.Lines[0], 3), of(o.Lines[1], 1)))
		require.NoError(t, err)
		require.Equal(t, []int64{10000, 1}, used("FLASH"), "the other order's")
		require.Empty(t, s.audit())
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		require.Empty(t, s.audit())
	})
}

func TestAPlatformCancelsAPartOfItsOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o, err := s.ImportChannelOrder(s.as(tmall), external("T1", "tea", 3, 59700))
		require.NoError(t, err)
		got, err := s.cancelLines(tmall, less(o, of(s.get(o.Id).Lines[0], 1)))
		require.NoError(t, err)
		require.Equal(t, []int64{19900, 2}, []int64{got.Refunded.AmountMinor, got.Fulfilments[0].Lines[0].Quantity})
		require.Empty(t, s.audit())
		waiting, err := s.ImportChannelOrder(s.as(tmall), external("T2", "tea", 50, 59700))
		require.NoError(t, err)
		_, err = s.cancelLines(tmall, less(waiting, of(waiting.Lines[0], 1)))
		requireReason(t, "STATE_CONFLICT", err)
	})
}

// What earned a gift is cancelled before anything has left: the gift goes with it, its stock and its promotion's budget too.
func TestAGiftDoesNotLeaveWithoutWhatEarnedIt(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		terms := gift(2)
		terms.BudgetMinor = 100_000
		s.put("CUPS", 0, terms)
		used := func() int64 {
			p, err := s.promotions().GetPromotion(s.as(promoting), &orderv1.GetPromotionRequest{Code: "CUPS"})
			require.NoError(t, err)
			return p.UsedMinor
		}
		cups := func() int64 { return s.world.stock["S1"]["cup"] + s.world.stock["S2"]["cup"] }
		before := cups()
		buy := func() *orderv1.OrderInfo {
			o, err := s.PlaceOrder(s.as(ann), wish(line("tea", 1), line("pot", 1)))
			require.NoError(t, err)
			require.Equal(t, int32(200), s.pay(s.payment(o)))
			s.leaving()
			return s.get(o.Id)
		}
		o := buy()
		require.Equal(t, []any{"cup", int64(2)}, []any{o.Lines[2].Sku, o.Lines[2].Quantity})
		require.Equal(t, []int64{before - 2, 3000}, []int64{cups(), used()})
		got, err := s.cancelLines(ann, less(o, of(o.Lines[0], 1)))
		require.NoError(t, err)
		require.Equal(t, []int64{2, 19900}, []int64{got.Lines[2].CancelledQuantity, got.Refunded.AmountMinor})
		s.leaving()
		require.Equal(t, []int64{before, 0}, []int64{cups(), used()})
		require.Empty(t, s.audit())

		done, err := s.cancelLines(ann, less(o, of(o.Lines[1], 1)))
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_CANCELLED, done.State)
		require.Equal(t, done.Paid.AmountMinor, done.Refunded.AmountMinor, "with the freight: nothing is left to send")
		s.leaving()
		require.Empty(t, s.audit())

		// They have left already: their price is kept of what goes back.
		o = buy()
		f := o.Fulfilments[slices.IndexFunc(o.Fulfilments, func(f *orderv1.Fulfilment) bool {
			return slices.ContainsFunc(f.Lines, func(l *orderv1.FulfilmentLine) bool { return l.Sku == "cup" })
		})]
		s.accept(f.Id)
		_, err = s.shipPart(boss, f, "1", &orderv1.ParcelContent{LineId: o.Lines[2].LineId, Quantity: 2})
		require.NoError(t, err)
		got, err = s.cancelLines(ann, less(o, of(o.Lines[0], 1)))
		require.NoError(t, err)
		require.Equal(t, []int64{19900 - 3000, 3000}, []int64{got.Refunded.AmountMinor, got.GiftsCharged.AmountMinor})
		s.leaving()
		require.Empty(t, s.audit())
	})
}
