package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// tillAtS1 is headquarters' own till at S1; till is the franchisee's at S2.
var tillAtS1 = tenancy.Principal{Kind: tenancy.Device, ID: "dev_9", Org: "hq", Store: "S1", Direct: true}.WithScope()

func (s *shop) counter() *CounterReturns { return NewCounterReturns(s.Order) }

func (s *shop) receiptOf(by tenancy.Principal, o *orderv1.OrderInfo) (*orderv1.CounterSale, error) {
	return s.counter().FindForReturn(s.as(by), &orderv1.FindForReturnRequest{StoreCode: by.Store, OrderId: o.Id, TotalMinor: o.Total.AmountMinor})
}

func (s *shop) overCounter(by tenancy.Principal, token, lineID string, n int64, tender orderv1.RefundTender, found ...*orderv1.InspectedPieces) (*orderv1.CounterReturn, error) {
	return s.counter().ReturnAtCounter(s.as(by), &orderv1.ReturnAtCounterRequest{
		RequestId: requestID(), StoreCode: by.Store, Token: token, Reason: "too small", Tender: tender, Inspection: found,
		Lines: []*orderv1.ReturnLineInput{{LineId: lineID, Quantity: n}},
	})
}

func TestGoodsComeBackOverTheCounterOfTheSellersStore(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.bought() // in the mall, paid with a provider
		cup := o.Lines[1].LineId
		sale, err := s.receiptOf(tillAtS1, o)
		require.NoError(t, err)
		require.True(t, sale.CashPossible)
		require.Equal(t, []int64{6, 6, 9000}, []int64{sale.Lines[1].Quantity, sale.Lines[1].ReturnableQuantity, sale.Lines[1].Refund.AmountMinor})
		damaged := &orderv1.InspectedPieces{LineId: cup, Sellable: 2, Damaged: 1}
		got, err := s.overCounter(tillAtS1, sale.Token, cup, 3, orderv1.RefundTender_IN_CASH, damaged)
		require.NoError(t, err)
		require.Equal(t, []any{int64(4500), "S1", "S1", orderv1.ReturnState_REFUNDED}, []any{got.Cash.AmountMinor, got.Return.CashAt, got.Return.Location, got.Return.State})
		s.leaving()
		require.Equal(t, int64(2), s.world.stock["S1"]["cup"])
		require.Equal(t, int64(1), s.world.damaged["S1/cup"])
		require.Empty(t, s.audit())

		// To where it came from: the till hands nothing out.
		got, err = s.overCounter(tillAtS1, sale.Token, cup, 1, orderv1.RefundTender_TO_ORIGIN)
		require.NoError(t, err)
		require.Zero(t, got.Cash.AmountMinor)
		require.Equal(t, orderv1.ReturnState_RETURN_RECEIVED, got.Return.State)
		s.later(0)
		_, err = s.overCounter(tillAtS1, sale.Token, cup, 3, orderv1.RefundTender_TO_ORIGIN)
		require.Equal(t, "2", requireReason(t, "REFUND_EXCEEDS_PAID", err).Metadata["left"])
		sale, err = s.receiptOf(tillAtS1, o)
		require.NoError(t, err)
		require.Equal(t, []int64{2, 3000}, []int64{sale.Lines[1].ReturnableQuantity, sale.Lines[1].Refund.AmountMinor})
		info := s.get(o.Id)
		require.Equal(t, int64(6000), info.Refunded.AmountMinor)
		require.Equal(t, int64(6000), info.Tenders[0].Refunded.AmountMinor, "never above what was paid, whatever it is paid with")
		require.Empty(t, s.audit())
	})
}

// What a till says that comes back is what comes back, to the cent, whatever was cancelled or is promised of a line before.
func TestATillKnowsWhatComesBackOfWhatIsLeft(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("OFF", 0, off(1001))
		o, err := s.PlaceOrder(s.as(ann), wish(line("cup", 12)))
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		o = s.get(o.Id)
		cup := o.Lines[0].LineId
		_, err = s.cancelLines(ann, less(o, of(o.Lines[0], 1)))
		require.NoError(t, err)
		s.leaving()
		o = s.get(o.Id)
		s.ship(o)
		s.receive(o)
		for range 10 {
			sale, err := s.receiptOf(tillAtS1, o)
			require.NoError(t, err)
			got, err := s.overCounter(tillAtS1, sale.Token, cup, 1, orderv1.RefundTender_IN_CASH)
			require.NoError(t, err)
			after, err := s.receiptOf(tillAtS1, o)
			require.NoError(t, err)
			require.Equal(t, got.Cash.AmountMinor, sale.Lines[0].Refund.AmountMinor-after.Lines[0].Refund.AmountMinor)
		}
		s.asked(o, cup, 1)
		sale, err := s.receiptOf(tillAtS1, o)
		require.NoError(t, err)
		require.Equal(t, []int64{0, 0}, []int64{sale.Lines[0].ReturnableQuantity, sale.Lines[0].Refund.AmountMinor})
	})
}

func TestWhoHasNoReceiptReturnsNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.bought()
		cup := o.Lines[1].LineId
		find := func(by tenancy.Principal, in *orderv1.FindForReturnRequest) error {
			_, err := s.counter().FindForReturn(s.as(by), in)
			return err
		}
		total := o.Total.AmountMinor
		requireReason(t, "ORDER_UNKNOWN", find(tillAtS1, &orderv1.FindForReturnRequest{StoreCode: "S1", OrderId: o.Id, TotalMinor: total + 1}))
		requireReason(t, "ORDER_UNKNOWN", find(tillAtS1, &orderv1.FindForReturnRequest{StoreCode: "S1", SoldStoreCode: "S2", ReceiptNo: "R", TotalMinor: total}))
		requireReason(t, "VALIDATOR", find(tillAtS1, &orderv1.FindForReturnRequest{StoreCode: "S1", SoldStoreCode: "S2", TotalMinor: total}))
		requireReason(t, "NOT_FOUND", find(tillAtS1, &orderv1.FindForReturnRequest{StoreCode: "S2", OrderId: o.Id, TotalMinor: total}))
		requireReason(t, "FORBIDDEN", find(ann, &orderv1.FindForReturnRequest{StoreCode: "S1", OrderId: o.Id, TotalMinor: total}))
		sale, err := s.receiptOf(tillAtS1, o)
		require.NoError(t, err)
		for _, token := range []string{"nonsense", sale.Token + "x"} {
			_, err = s.overCounter(tillAtS1, token, cup, 1, orderv1.RefundTender_TO_ORIGIN)
			requireReason(t, "VALIDATOR", err)
		}
		_, err = s.overCounter(till, sale.Token, cup, 1, orderv1.RefundTender_TO_ORIGIN)
		requireReason(t, "VALIDATOR", err) // another store's
		_, err = s.overCounter(tillAtS1, sale.Token, cup, 1, orderv1.RefundTender_TO_ORIGIN, &orderv1.InspectedPieces{LineId: cup, Missing: 1})
		requireReason(t, "VALIDATOR", err)
		s.clock.Advance(16 * time.Minute)
		_, err = s.overCounter(tillAtS1, sale.Token, cup, 1, orderv1.RefundTender_TO_ORIGIN)
		requireReason(t, "VALIDATOR", err)
		s.clock.Advance(time.Hour)
		sale, err = s.receiptOf(tillAtS1, o)
		require.NoError(t, err)
		require.Zero(t, sale.Lines[1].ReturnableQuantity)
		_, err = s.overCounter(tillAtS1, sale.Token, cup, 1, orderv1.RefundTender_TO_ORIGIN)
		requireReason(t, "NOT_RETURNABLE", err)
		require.Empty(t, s.get(o.Id).Returns)
		require.Empty(t, s.audit())
	})
}

func TestAnotherOrganisationsStoreTakesBackIfTheSellerLetsIt(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		closed := s.bought()
		_, err := s.receiptOf(till, closed)
		require.Equal(t, "S2", requireReason(t, "NOT_IN_THIS_STORE", err).Metadata["store"])

		s.world.stock["S1"]["cup"] = 4
		s.rules(func(in *orderv1.PutReturnPolicyRequest) { in.AnyStore = true })
		o := s.bought()
		before := len(s.world.accruals)
		sale, err := s.receiptOf(till, o)
		require.NoError(t, err)
		require.False(t, sale.CashPossible)
		tea := o.Lines[0].LineId
		_, err = s.overCounter(till, sale.Token, tea, 1, orderv1.RefundTender_IN_CASH)
		requireReason(t, "NOT_IN_THIS_STORE", err)
		at := s.world.stock["S2"]["tea"]
		got, err := s.overCounter(till, sale.Token, tea, 1, orderv1.RefundTender_TO_ORIGIN)
		require.NoError(t, err)
		require.Equal(t, "S2", got.Return.Location)
		require.Equal(t, int64(19900), got.Return.Refund.AmountMinor)
		s.leaving()
		s.later(0)
		require.Equal(t, at+1, s.world.stock["S2"]["tea"], "on the shelf of the store that has it")
		info := s.get(o.Id)
		require.Equal(t, []any{"hq", int64(19900)}, []any{info.SellerOrg, info.Refunded.AmountMinor}, "the seller's money")
		require.Len(t, s.world.accruals, before, "nobody else has a share in it")
		require.Empty(t, s.audit())

		// What was paid in cash comes out of the seller's tills only.
		sold, err := s.SellAtTill(s.as(tillAtS1), &orderv1.SellAtTillRequest{RequestId: requestID(), StoreCode: "S1", ReceiptNo: "R7", CashMinor: 19900, Lines: []*orderv1.OrderLineInput{line("tea", 1)}})
		require.NoError(t, err)
		find := &orderv1.FindForReturnRequest{StoreCode: "S2", SoldStoreCode: "S1", ReceiptNo: "R7", TotalMinor: 19900}
		sale, err = s.counter().FindForReturn(s.as(till), find)
		require.NoError(t, err)
		_, err = s.overCounter(till, sale.Token, sold.Lines[0].LineId, 1, orderv1.RefundTender_TO_ORIGIN)
		requireReason(t, "NOT_IN_THIS_STORE", err)
		require.Zero(t, s.get(sold.Id).Refunded.AmountMinor)
		find.StoreCode = "S1"
		sale, err = s.counter().FindForReturn(s.as(tillAtS1), find)
		require.NoError(t, err)
		got, err = s.overCounter(tillAtS1, sale.Token, sold.Lines[0].LineId, 1, orderv1.RefundTender_TO_ORIGIN)
		require.NoError(t, err)
		require.Equal(t, int64(19900), got.Cash.AmountMinor)
		require.Empty(t, s.audit())
	})
}
