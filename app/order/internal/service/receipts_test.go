package service

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func receiptsOf(lines []*orderv1.OrderLine) (amounts, left []int64) {
	for _, l := range lines {
		amounts, left = append(amounts, l.Receipts.Amount.AmountMinor), append(left, l.Receipts.Left.AmountMinor)
	}
	return amounts, left
}

// The worked example: 50.00 off lines of 199.00, 89.00 and 3 x 15.00, borne 60/40. What the platform bears is the seller's as what
// the buyer pays is, and goes with the pieces that come back, to the cent.
func TestASellerHasWhatTheBuyerPaidAndWhatThePlatformBears(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		terms := off(5000)
		terms.Levels[0].FromMinor = 30_000
		terms.Bearers = []*orderv1.Bearer{{Role: orderv1.BearerRole_FRANCHISEE, ShareBp: 6000}, {Role: orderv1.BearerRole_PLATFORM_BEARS, ShareBp: 4000}}
		s.put("FALL", 0, terms)
		s.put("FREIGHT", 0, &orderv1.PromotionTerms{Kind: orderv1.PromotionKind_FREE_FREIGHT, OffMinor: 400})
		o, err := s.PlaceOrder(s.as(ann), wish(line("tea", 1), line("pot", 1), line("cup", 3)))
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		seen := s.get(o.Id)
		amounts, left := receiptsOf(seen.Lines)
		require.Equal(t, []int64{16912 + 1195, 7564 + 534, 3824 + 271}, amounts)
		require.Equal(t, amounts, left)
		require.Equal(t, int64(28300+2000+600), seen.Receipts.Amount.AmountMinor, "and the freight, of which headquarters bears a part")
		require.Equal(t, int64(2000), seen.Receipts.Subsidy.AmountMinor)
		borne := map[string]int64{}
		for _, b := range seen.Receipts.Bearers {
			borne[b.Role.String()+" "+b.Code] = b.AmountMinor
		}
		require.Equal(t, map[string]int64{"FRANCHISEE hq": 3000, "PLATFORM_BEARS miniprogram": 2000, "HEADQUARTERS hq": 400}, borne, "each is an organisation")
		require.Equal(t, "hq", seen.Lines[0].Discounts[0].Bearers[0].Code, "it is frozen so")

		mine, err := s.GetOrder(s.as(ann), &orderv1.GetOrderRequest{OrderId: o.Id})
		require.NoError(t, err)
		require.Nil(t, mine.Receipts)
		require.Nil(t, mine.Lines[0].Receipts, "a buyer is not told")

		s.ship(seen)
		s.receive(seen)
		cup := seen.Lines[2]
		var back, kept []int64
		for range 3 {
			ret, err := s.giveBack(ann, boss, seen, cup.LineId, 1)
			require.NoError(t, err)
			back = append(back, ret.Refund.AmountMinor)
			kept = append(kept, s.get(o.Id).Lines[2].Receipts.Left.AmountMinor)
		}
		require.Equal(t, []int64{1275, 1274, 1275}, back)
		require.Equal(t, []int64{4095 - 1365, 4095 - 2730, 0}, kept, "the platform's part of each piece is 0.90, 0.91, 0.90")
		s.later(time.Second) // the provider pays
		seen = s.get(o.Id)
		require.Equal(t, int64(28300+2000+600-4095), seen.Receipts.Left.AmountMinor)

		// Who settles is told with each change.
		s.number()
		told, _ := s.follow(boss, "")
		var lefts []int64
		for _, e := range told {
			if e.Receipts != nil {
				require.Equal(t, int64(30900), e.Receipts.Order.Amount.AmountMinor)
				require.Len(t, e.Receipts.Lines, map[bool]int{true: 3, false: 1}[e.Topic == orderv1.TradeTopic_TRADE_PAID])
				lefts = append(lefts, e.Receipts.Order.Left.AmountMinor)
			}
		}
		require.Equal(t, []int64{30900, 30900 - 1365, 30900 - 2730, 26805, 26805, 26805, 26805}, lefts, "paid, back three times, refunded three times")
		parts, _ := s.follow(keeper, "")
		require.NotEmpty(t, parts)
		for _, e := range parts {
			require.Nil(t, e.Receipts, "what the seller has is not its location's to know")
		}
		dealer := tenancy.Principal{Kind: tenancy.Dealer, ID: "d", Org: "deal", Roles: []string{"manager"}}.WithScope("hq", "fra")
		above, _ := s.follow(dealer, "")
		for _, e := range above {
			require.Nil(t, e.Receipts)
		}
		s.audited()
	})
}

// Points are a tender: who pays with them pays the seller. What is cancelled brings nothing.
func TestReceiptsCountPointsAndEndWithTheOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		terms := off(1000)
		terms.Bearers = []*orderv1.Bearer{{Role: orderv1.BearerRole_PAYMENT_PROVIDER, ShareBp: 10_000}}
		s.put("BANK", 0, terms)
		o := s.paid(777)
		require.Equal(t, int64(19900+6*1500+1000), o.Receipts.Amount.AmountMinor, "the bank bears all of it")
		require.Len(t, o.Receipts.Bearers, 1)
		require.Equal(t, "sandbox", o.Receipts.Bearers[0].Code, "through which all the money came")

		_, err := NewOrderChanges(s.Order).CancelLines(s.as(ann), &orderv1.CancelLinesRequest{RequestId: requestID(), OrderId: o.Id, Reason: "fewer", Lines: []*orderv1.CancelledLine{{LineId: o.Lines[1].LineId, Quantity: 5}}})
		require.NoError(t, err)
		seen := s.get(o.Id)
		tea, cup := seen.Lines[0].Receipts, seen.Lines[1].Receipts
		require.Equal(t, int64(19900), tea.Left.AmountMinor)
		require.Equal(t, int64(1500), cup.Left.AmountMinor)
		s.audited()
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "none"})
		require.NoError(t, err)
		seen = s.get(o.Id)
		require.Zero(t, seen.Receipts.Left.AmountMinor)
		require.Zero(t, seen.Receipts.Bearers[0].LeftMinor)
		s.number()
		told, _ := s.follow(boss, "", orderv1.TradeTopic_TRADE_CHANGED, orderv1.TradeTopic_TRADE_CANCELLED)
		var lefts []int64
		for _, e := range told {
			if e.FulfilmentId == "" {
				lefts = append(lefts, e.Receipts.Order.Left.AmountMinor)
			}
		}
		require.Equal(t, []int64{19900 + 1500 + 1000, 0}, lefts)
		s.audited()
	})
}

// A line whose frozen receipts were changed is found.
func TestTheAuditKnowsReceipts(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("HQ", 0, off(1000))
		s.paid(0)
		s.audited()
		s.corrupt("UPDATE order_lines SET receipts_minor = receipts_minor + 1 WHERE no = 1")
		broken := s.audit()
		require.Contains(t, strings.Join(broken["I9"], ";"), "receipts are not what the buyer pays")
		require.Contains(t, strings.Join(broken["I7"], ";"), "are left, of")
	})
}

// Orders of an older version have no receipts of their own: they are read off their shares.
func TestOlderLinesHaveTheirReceiptsByTheirShares(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		terms := off(1000)
		terms.Bearers = []*orderv1.Bearer{{Role: orderv1.BearerRole_PLATFORM_BEARS, Code: "wechat", ShareBp: 10_000}}
		s.put("P", 0, terms)
		o := s.paid(0)
		s.corrupt("UPDATE order_lines SET receipts_minor = NULL WHERE order_id = ?", o.Id)
		seen := s.get(o.Id)
		require.Equal(t, o.Receipts.Amount.AmountMinor, seen.Receipts.Amount.AmountMinor)
		require.Equal(t, "wechat", seen.Receipts.Bearers[0].Code)
		s.audited()
	})
}
