package service

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// wantedInstead is a request of the member's for other goods instead of pieces of a line.
func (s *shop) wantedInstead(o *orderv1.OrderInfo, lineID string, quantity int64, instead ...*orderv1.ExchangeLine) *orderv1.ReturnInfo {
	s.t.Helper()
	for _, w := range instead {
		w.LineId = lineID
	}
	ret, err := s.CreateReturn(s.as(ann), &orderv1.CreateReturnRequest{
		RequestId: requestID(), OrderId: o.Id, Reason: "too large", Exchange: instead, Lines: []*orderv1.ReturnLineInput{{LineId: lineID, Quantity: quantity}},
	})
	require.NoError(s.t, err)
	return ret
}

func (s *shop) exchange(by tenancy.Principal, ret *orderv1.ReturnInfo) (*orderv1.OrderInfo, error) {
	return NewExchanges(s.Order).ApproveExchange(s.as(by), &orderv1.ApproveExchangeRequest{RequestId: requestID(), ReturnId: ret.Id})
}

// shares are what all attributions of an order have, less what was taken back.
func (s *shop) shares(orderIDs ...string) (sum int64) {
	for _, a := range s.world.accruals {
		for _, id := range orderIDs {
			if a.OrderId == id {
				sum += a.AccruedMinor - a.ClawedBackMinor
			}
		}
	}
	return sum
}

// spy keeps what a provider was asked to pay back, by transaction.
type spy struct {
	biz.PaymentProvider
	paid map[string]int64
}

func (p *spy) Refund(ctx context.Context, r biz.RefundOrder) (biz.RefundAnswer, error) {
	p.paid[r.TransactionNo] += r.AmountMinor
	return p.PaymentProvider.Refund(ctx, r)
}

func (s *shop) spied() *spy {
	p := &spy{PaymentProvider: s.Sandbox, paid: map[string]int64{}}
	s.providers["sandbox"] = p
	return p
}

func TestTheSameIsExchangedAtItsFrozenPrice(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		provider := s.spied()
		s.world.stock["S1"]["cup"] = 100
		s.put("OFF", 0, off(1001))
		o, err := s.PlaceOrder(s.as(ann), wish(line("cup", 12)))
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		o = s.get(o.Id)
		s.ship(o)
		s.receive(o)
		s.leaving()
		cup, before, held := o.Lines[0].LineId, s.shares(o.Id), s.world.stock["S1"]["cup"]

		ret := s.wantedInstead(o, cup, 1, &orderv1.ExchangeLine{Quantity: 1})
		_, err = s.ApproveReturn(s.as(boss), &orderv1.ApproveReturnRequest{RequestId: requestID(), ReturnId: ret.Id})
		requireReason(t, "STATE_CONFLICT", err)
		for by, want := range map[*tenancy.Principal]string{&bob: "NOT_FOUND", &ann: "FORBIDDEN", &keeper: "NOT_FOUND"} {
			_, err = s.exchange(*by, ret)
			requireReason(t, want, err)
		}
		s.world.prices["cup"] = 99_900 // today's price has nothing to do with it
		instead, err := s.exchange(boss, ret)
		require.NoError(t, err)
		require.Equal(t, held-1, s.world.stock["S1"]["cup"], "held from the approval on")
		require.Equal(t, []any{orderv1.OrderState_UNPAID, ret.Id, int64(1417), int64(1417)},
			[]any{instead.State, instead.ExchangeFor, instead.Total.AmountMinor, instead.ExchangeCredit.AmountMinor}, "a twelfth of 169.99")
		_, err = s.CreatePayment(s.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: instead.Id, Provider: "sandbox"})
		requireReason(t, "STATE_CONFLICT", err)
		require.Equal(t, instead.Id, s.get(o.Id).Returns[0].ExchangeOrderId)
		s.later(time.Minute)
		require.Empty(t, s.audit())

		// Others of the line come back first: what was promised stays.
		rest, err := s.giveBack(ann, boss, o, cup, 1)
		require.NoError(t, err)
		require.Equal(t, int64(1416), rest.Refund.AmountMinor)
		_, err = s.inspect(boss, ret, "S1")
		require.NoError(t, err)
		got := s.get(instead.Id)
		require.Equal(t, []any{orderv1.OrderState_PAID, orderv1.TenderKind_EXCHANGED, int64(1417)}, []any{got.State, got.Tenders[0].Kind, got.Tenders[0].Amount.AmountMinor})
		require.Equal(t, orderv1.ReturnState_REFUNDED, s.get(o.Id).Returns[0].State)
		s.leaving()
		s.later(0)
		require.Equal(t, map[string]int64{o.Tenders[0].Reference: 1416}, provider.paid, "nothing but the one that came back for money")
		require.InDelta(t, before*11/12, s.shares(o.Id, instead.Id), 3, "who had a share in what is exchanged, has it")
		require.Empty(t, s.audit())

		// All that is left comes back, of both orders: each cent that was paid is back, at where it came from.
		s.ship(got)
		s.receive(got)
		_, err = s.giveBack(ann, boss, got, got.Lines[0].LineId, 1)
		require.NoError(t, err)
		_, err = s.giveBack(ann, boss, o, cup, 10)
		require.NoError(t, err)
		s.leaving()
		s.later(0)
		require.Equal(t, map[string]int64{o.Tenders[0].Reference: 16999}, provider.paid)
		require.Empty(t, s.audit())
	})
}

func TestOnlyTheDifferenceOfOtherGoodsIsPaid(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		provider := s.spied()
		o := s.bought() // a tea at 199.00, six cups at 15.00
		tea, cup := o.Lines[0].LineId, o.Lines[1].LineId

		// Dearer: two cups for a pot, and 59.00.
		ret := s.wantedInstead(o, cup, 2, &orderv1.ExchangeLine{Sku: "pot", Quantity: 1})
		pot, err := s.exchange(boss, ret)
		require.NoError(t, err)
		payment, err := s.CreatePayment(s.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: pot.Id, Provider: "sandbox"})
		require.NoError(t, err)
		require.Equal(t, int64(5900), payment.Amount.AmountMinor)
		require.Equal(t, int32(200), s.pay(payment))
		require.Equal(t, orderv1.OrderState_UNPAID, s.get(pot.Id).State, "the cups are not back")
		_, err = s.inspect(boss, ret, "S1")
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_PAID, s.get(pot.Id).State)
		s.later(0)
		require.Empty(t, provider.paid)
		require.Empty(t, s.audit())

		// Cheaper: the tea for a cup; 184.00 go back.
		s.world.stock["S1"]["cup"] = 4
		ret = s.wantedInstead(o, tea, 1, &orderv1.ExchangeLine{Sku: "cup", Quantity: 1})
		one, err := s.exchange(boss, ret)
		require.NoError(t, err)
		_, err = s.inspect(boss, ret, "S1")
		require.NoError(t, err)
		s.later(0)
		require.Equal(t, orderv1.OrderState_PAID, s.get(one.Id).State)
		require.Equal(t, map[string]int64{o.Tenders[0].Reference: 18400}, provider.paid)
		require.Empty(t, s.audit())

		// The pot is cancelled before it ships: 59.00 and 30.00, each to where it came from.
		difference := s.get(pot.Id).Tenders[0].Reference
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: pot.Id, Reason: "no more"})
		require.NoError(t, err)
		s.later(0)
		require.Equal(t, map[string]int64{o.Tenders[0].Reference: 18400 + 3000, difference: 5900}, provider.paid)
		require.Empty(t, s.audit())
	})
}

func TestAnExchangeThatComesToNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.bought()
		tea, cup := o.Lines[0].LineId, o.Lines[1].LineId
		for _, wrong := range []*orderv1.ExchangeLine{{LineId: cup, Quantity: 1}, {LineId: tea, Quantity: 2}, {LineId: "lin_x", Quantity: 1}} {
			_, err := s.CreateReturn(s.as(ann), &orderv1.CreateReturnRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x",
				Exchange: []*orderv1.ExchangeLine{wrong}, Lines: []*orderv1.ReturnLineInput{{LineId: tea, Quantity: 1}}})
			requireReason(t, "VALIDATOR", err)
		}
		stock := s.world.stock
		s.world.stock = map[string]map[string]int64{"S1": {}, "S2": {}}
		ret := s.wantedInstead(o, tea, 1, &orderv1.ExchangeLine{Quantity: 1})
		_, err := s.exchange(boss, ret)
		requireReason(t, "STOCK_INSUFFICIENT", err)
		require.Equal(t, orderv1.ReturnState_REQUESTED, s.get(o.Id).Returns[0].State)
		s.world.stock = stock
		before := stock["S1"]["tea"] + stock["S2"]["tea"]
		instead, err := s.exchange(boss, ret)
		require.NoError(t, err)
		_, err = s.exchange(boss, ret)
		requireReason(t, "STATE_CONFLICT", err)
		require.Equal(t, before-1, stock["S1"]["tea"]+stock["S2"]["tea"], "the second approval holds nothing")
		require.Empty(t, s.audit())

		// The buyer keeps the goods: the replacement is let go.
		_, err = NewAfterSales(s.Order).WithdrawReturn(s.as(ann), &orderv1.WithdrawReturnRequest{RequestId: requestID(), ReturnId: ret.Id})
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_CANCELLED, s.get(instead.Id).State)
		s.leaving()
		require.Equal(t, before, stock["S1"]["tea"]+stock["S2"]["tea"])
		require.Empty(t, s.audit())

		// The goods do not come in time: what comes later is refunded.
		ret = s.wantedInstead(o, tea, 1, &orderv1.ExchangeLine{Quantity: 1})
		instead, err = s.exchange(boss, ret)
		require.NoError(t, err)
		s.later(31 * day)
		require.Equal(t, orderv1.OrderState_CANCELLED, s.get(instead.Id).State)
		_, err = s.inspect(boss, ret, "S1")
		require.NoError(t, err)
		s.later(0)
		require.Equal(t, int64(19900), s.get(o.Id).Tenders[0].Refunded.AmountMinor)
		require.Empty(t, s.audit())

		// One of two is missing: what is there pays a part, the buyer the rest.
		ret, err = s.CreateReturn(s.as(boss), &orderv1.CreateReturnRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x",
			Exchange: []*orderv1.ExchangeLine{{LineId: cup, Quantity: 2}}, Lines: []*orderv1.ReturnLineInput{{LineId: cup, Quantity: 2}}})
		require.NoError(t, err)
		instead, err = s.exchange(boss, ret)
		require.NoError(t, err)
		_, err = s.inspect(boss, ret, "S1", &orderv1.InspectedPieces{LineId: cup, Sellable: 1, Missing: 1})
		require.NoError(t, err)
		require.Equal(t, int64(1500), s.get(instead.Id).LeftToPay.AmountMinor)
		require.Equal(t, int32(200), s.pay(s.payment(instead)))
		require.Equal(t, orderv1.OrderState_PAID, s.get(instead.Id).State)
		s.later(0)
		require.Empty(t, s.audit())
	})
}

// What stored value paid goes back to the wallet from the order of a replacement too: no till makes cash of it.
func TestStoredValueDoesNotBecomeCashByAnExchange(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		p := withPurse(s, 100_000)
		o, err := s.PlaceOrder(s.as(ann), wish(line("cup", 2)))
		require.NoError(t, err)
		_, err = s.byWallet(o, 0)
		require.NoError(t, err)
		o = s.get(o.Id)
		s.ship(o)
		s.receive(o)
		s.leaving()
		spent := p.balance
		ret := s.wantedInstead(o, o.Lines[0].LineId, 2, &orderv1.ExchangeLine{Quantity: 2})
		instead, err := s.exchange(boss, ret)
		require.NoError(t, err)
		_, err = s.inspect(boss, ret, "S1")
		require.NoError(t, err)
		s.leaving()
		instead = s.get(instead.Id)
		require.Equal(t, orderv1.OrderState_PAID, instead.State)
		s.ship(instead)
		s.receive(instead)
		s.leaving()

		sale, err := s.receiptOf(tillAtS1, instead)
		require.NoError(t, err)
		got, err := s.overCounter(tillAtS1, sale.Token, instead.Lines[0].LineId, 2, orderv1.RefundTender_IN_CASH)
		require.NoError(t, err)
		require.Zero(t, got.Cash.AmountMinor, "the till hands nothing out")
		s.leaving()
		s.later(time.Second)
		require.Equal(t, spent+3000, p.balance)
		require.Empty(t, s.audit())
	})
}

// A gift cost nothing, so nothing is left to pay of what is sent instead of it. It waits for the first one all the same: else a
// buyer who changes his mind then has both.
func TestAReplacementThatCostsNothingWaitsForTheGoods(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("CUPS", 0, gift(2))
		o, err := s.PlaceOrder(s.as(ann), wish(line("tea", 1)))
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		o = s.get(o.Id)
		s.ship(o)
		s.receive(o)
		s.leaving()
		cups := o.Lines[1]
		require.Equal(t, []any{"cup", "CUPS", int64(0)}, []any{cups.Sku, cups.GiftOf, cups.Payable.AmountMinor})

		ret := s.wantedInstead(o, cups.LineId, 2, &orderv1.ExchangeLine{Quantity: 2})
		instead, err := s.exchange(boss, ret)
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_UNPAID, s.get(instead.Id).State)
		require.Empty(t, s.audit())
		_, err = s.CreatePayment(s.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: instead.Id, Provider: "sandbox"})
		requireReason(t, "STATE_CONFLICT", err)
		_, err = NewAfterSales(s.Order).WithdrawReturn(s.as(ann), &orderv1.WithdrawReturnRequest{RequestId: requestID(), ReturnId: ret.Id})
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_CANCELLED, s.get(instead.Id).State, "he keeps the ones that he has, and gets no others")
		s.leaving()
		require.Empty(t, s.audit())

		ret = s.wantedInstead(o, cups.LineId, 2, &orderv1.ExchangeLine{Quantity: 2})
		instead, err = s.exchange(boss, ret)
		require.NoError(t, err)
		_, err = s.inspect(boss, ret, "S1")
		require.NoError(t, err)
		instead = s.get(instead.Id)
		require.Equal(t, orderv1.OrderState_PAID, instead.State)
		s.leaving()
		s.ship(instead)
		s.receive(instead)
		s.leaving()
		require.Zero(t, s.get(o.Id).Refunded.AmountMinor)
		require.Empty(t, s.audit())
	})
}
