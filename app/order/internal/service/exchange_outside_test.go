package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// instead asks for other goods in the name of whoever sells.
func (s *shop) instead(by tenancy.Principal, o *orderv1.OrderInfo, quantity int64, wishes ...*orderv1.ExchangeLine) *orderv1.ReturnInfo {
	s.t.Helper()
	for _, w := range wishes {
		w.LineId = o.Lines[0].LineId
	}
	ret, err := s.CreateReturn(s.as(by), &orderv1.CreateReturnRequest{RequestId: requestID(), OrderId: o.Id, Reason: "too large", Exchange: wishes,
		Lines: []*orderv1.ReturnLineInput{{LineId: o.Lines[0].LineId, Quantity: quantity}}})
	require.NoError(s.t, err)
	return ret
}

// What a till has sold, to whomever, is exchanged in its store: held there, paid with what comes back, and the difference there.
func TestATillsSaleIsExchangedInItsStore(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		req := sale("R1", 4*1500, line("cup", 4))
		req.MemberId, req.Points = "", 0
		o, err := s.SellAtTill(s.served(till), req)
		require.NoError(t, err)
		pots := s.world.stock["S2"]["pot"]

		// Dearer: two cups for a pot, and 59.00 at the till.
		ret := s.instead(till, o, 2, &orderv1.ExchangeLine{Sku: "pot", Quantity: 1})
		_, err = s.exchange(till, ret)
		requireReason(t, "FORBIDDEN", err)
		pot, err := s.exchange(keeper, ret)
		require.NoError(t, err)
		require.Equal(t, pots-1, s.world.stock["S2"]["pot"], "held in the store")
		require.Equal(t, []any{"S2", inventoryv1.DeliveryWay_PICKUP, int64(8900), int64(3000)},
			[]any{pot.Fulfilments[0].Location, pot.Fulfilments[0].Way, pot.Total.AmountMinor, pot.ExchangeCredit.AmountMinor})
		pay := func(by tenancy.Principal, orderID string, cash int64, cards ...*orderv1.CardTender) (*orderv1.OrderInfo, error) {
			return NewExchanges(s.Order).PayExchange(s.as(by), &orderv1.PayExchangeRequest{RequestId: requestID(), OrderId: orderID, StoreCode: by.Store, CashMinor: cash, Cards: cards})
		}
		_, err = pay(till, pot.Id, 5900)
		requireReason(t, "STATE_CONFLICT", err) // the cups are not back
		_, err = s.inspect(till, ret, "S2")
		require.NoError(t, err)
		require.Equal(t, int64(5900), s.get(pot.Id).LeftToPay.AmountMinor)
		_, err = pay(till, pot.Id, 5800)
		require.Equal(t, "5900", requireReason(t, "PRICE_CHANGED", err).Metadata["total_minor"])
		_, err = pay(tillAtS1, pot.Id, 5900)
		requireReason(t, "ORDER_UNKNOWN", err) // another store's
		_, err = pay(till, o.Id, 5900)
		requireReason(t, "ORDER_UNKNOWN", err) // no replacement
		_, err = pay(ann, pot.Id, 5900)
		requireReason(t, "FORBIDDEN", err)
		paid, err := pay(till, pot.Id, 5000, &orderv1.CardTender{AmountMinor: 900, Reference: "T1"})
		require.NoError(t, err)
		require.Equal(t, []any{orderv1.OrderState_PAID, int64(8900)}, []any{paid.State, paid.Paid.AmountMinor})
		_, err = pay(till, pot.Id, 5900)
		requireReason(t, "STATE_CONFLICT", err)
		s.ship(s.get(pot.Id))
		require.Empty(t, s.audit())

		// The same, and nothing to pay; cheaper, and the rest in cash at once.
		ret = s.instead(till, o, 1, &orderv1.ExchangeLine{Quantity: 1})
		cup, err := s.exchange(keeper, ret)
		require.NoError(t, err)
		_, err = s.inspect(till, ret, "S2")
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_PAID, s.get(cup.Id).State)
		s.world.prices["lid"] = 400
		s.world.stock["S2"]["lid"] = 3
		ret = s.instead(till, o, 1, &orderv1.ExchangeLine{Sku: "lid", Quantity: 1})
		lid, err := s.exchange(keeper, ret)
		require.NoError(t, err)
		_, err = s.inspect(till, ret, "S2")
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_PAID, s.get(lid.Id).State)
		back := s.get(o.Id)
		require.Equal(t, int64(6000), back.Refunded.AmountMinor)
		require.Equal(t, orderv1.ReturnState_REFUNDED, back.Returns[2].State, "11.00 in cash, the rest in goods")
		require.Empty(t, s.audit())

		// What was exchanged comes back for money: each cent, in cash or by the card that paid it.
		got := s.get(pot.Id)
		_, err = s.giveBack(keeper, keeper, got, got.Lines[0].LineId, 1)
		require.NoError(t, err)
		got = s.get(pot.Id)
		require.Equal(t, int64(8900), got.Refunded.AmountMinor)
		require.Empty(t, s.audit())
	})
}

// An order of another platform is exchanged for as much as comes back of it: nobody could pay more there.
func TestAPlatformsOrderIsExchangedForWhatComesBack(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o, err := s.ImportChannelOrder(s.as(tmall), external("T1", "cup", 3, 3600))
		require.NoError(t, err)
		o = s.get(o.Id)
		s.ship(o)
		ret := s.instead(tmall, o, 2, &orderv1.ExchangeLine{Sku: "pot", Quantity: 1})
		_, err = s.exchange(boss, ret)
		require.Equal(t, "exchange.sku", requireReason(t, "VALIDATOR", err).Metadata["field"])
		_, err = NewAfterSales(s.Order).WithdrawReturn(s.as(boss), &orderv1.WithdrawReturnRequest{RequestId: requestID(), ReturnId: ret.Id})
		require.NoError(t, err)

		ret = s.instead(tmall, o, 1, &orderv1.ExchangeLine{Quantity: 1})
		same, err := s.exchange(boss, ret)
		require.NoError(t, err)
		require.Equal(t, []any{"tmall", int64(1200), inventoryv1.DeliveryWay_PARCEL}, []any{same.Channel, same.Total.AmountMinor, same.Fulfilments[0].Way}, "at what was paid there")
		require.True(t, s.get(same.Id).Receiver.Ciphertext, "to the same receiver, who is not read")
		_, err = s.inspect(boss, ret, "S1")
		require.NoError(t, err)
		got := s.get(same.Id)
		require.Equal(t, []any{orderv1.OrderState_PAID, orderv1.TenderKind_PLATFORM}, []any{got.State, got.Tenders[0].Kind})
		s.ship(got)
		require.Empty(t, s.audit())

		// One of two is missing: nobody could pay for it, so there is no replacement, and what is there is refunded.
		ret = s.instead(tmall, o, 2, &orderv1.ExchangeLine{Quantity: 2})
		two, err := s.exchange(boss, ret)
		require.NoError(t, err)
		_, err = s.inspect(boss, ret, "S1", &orderv1.InspectedPieces{LineId: o.Lines[0].LineId, Sellable: 1, Missing: 1})
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_CANCELLED, s.get(two.Id).State)
		require.Equal(t, int64(1200+1200), s.get(o.Id).Refunded.AmountMinor)
		s.later(time.Second)
		require.Empty(t, s.audit())
	})
}
