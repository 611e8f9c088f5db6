package service

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func (s *shop) giftOrders() *GiftOrders { return NewGiftOrders(s.Order) }

func giving(lines ...*orderv1.OrderLineInput) *orderv1.PlaceGiftRequest {
	return &orderv1.PlaceGiftRequest{
		RequestId: requestID(), Channel: "miniprogram", MemberId: "mbr_ann", Lines: lines, Message: "Happy birthday", Remark: "no bill please, 224.00 is a secret", OpenS: 3600,
	}
}

// given is a paid gift of ann's: a tea, and six cups from two stores.
func (s *shop) given() *orderv1.OrderInfo {
	s.t.Helper()
	o, err := s.giftOrders().PlaceGift(s.as(ann), giving(line("tea", 1), line("cup", 6)))
	require.NoError(s.t, err)
	require.Equal(s.t, int32(200), s.pay(s.payment(o)))
	return s.get(o.Id)
}

func (s *shop) share(o *orderv1.OrderInfo) string {
	s.t.Helper()
	link, err := s.giftOrders().ShareGift(s.as(ann), &orderv1.ShareGiftRequest{RequestId: requestID(), OrderId: o.Id})
	require.NoError(s.t, err)
	return link.Key
}

func bobs() *orderv1.Receiver {
	return &orderv1.Receiver{Name: "Robert", Phone: "13900001111", Address: "Hidden Lane 7", Point: &commonv1.GeoPoint{Lat: 30.2, Lng: 120.1}}
}

func (s *shop) take(p tenancy.Principal, key string) (*orderv1.Gift, error) {
	return s.giftOrders().TakeGift(s.as(p), &orderv1.TakeGiftRequest{RequestId: requestID(), Key: key, Receiver: bobs()})
}

func TestAGiftGoesWhereItsReceiverSays(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o, err := s.giftOrders().PlaceGift(s.as(ann), giving(line("tea", 1), line("cup", 6)))
		require.NoError(t, err)
		require.Equal(t, start+(600+3600+300)*second, s.world.wanted.ExpiresAtUs, "held until the receiver's time is over, however late it is paid")
		_, err = s.giftOrders().ShareGift(s.as(ann), &orderv1.ShareGiftRequest{RequestId: requestID(), OrderId: o.Id})
		requireReason(t, "STATE_CONFLICT", err)
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		o = s.get(o.Id)
		require.Equal(t, []any{orderv1.OrderState_PAID, start + 3600*second}, []any{o.State, o.Gift.UntilUs})
		for _, f := range o.Fulfilments {
			require.Equal(t, orderv1.FulfilmentState_PLANNED, f.State, "nothing is given to a location before the address has come")
		}
		require.Equal(t, []string{"member.SettlePaid", "rebate.Accrue"}, s.leaving(), "no location is asked for an answer yet")
		require.Empty(t, s.audit())

		// The link is its buyer's to make; a new one ends the one before.
		for _, p := range []tenancy.Principal{bob, other} {
			_, err = s.giftOrders().ShareGift(s.as(p), &orderv1.ShareGiftRequest{RequestId: requestID(), OrderId: o.Id})
			requireReason(t, "ORDER_UNKNOWN", err)
		}
		_, err = s.giftOrders().ShareGift(s.as(boss), &orderv1.ShareGiftRequest{RequestId: requestID(), OrderId: o.Id})
		requireReason(t, "FORBIDDEN", err)
		req := &orderv1.ShareGiftRequest{RequestId: requestID(), OrderId: o.Id}
		link, err := s.giftOrders().ShareGift(s.as(ann), req)
		require.NoError(t, err)
		again, err := s.giftOrders().ShareGift(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, link.String(), again.String())
		require.NotContains(t, s.everything(), link.Key, "the key is kept nowhere")
		key := s.share(o)
		_, err = s.take(bob, link.Key)
		requireReason(t, "NOT_FOUND", err)

		gift, err := s.giftOrders().LookAtGift(s.as(bob), &orderv1.LookAtGiftRequest{Key: key})
		require.NoError(t, err)
		require.Equal(t, []any{"Happy birthday", int64(0), 2, 0}, []any{gift.Message, gift.TakenAtUs, len(gift.Lines), len(gift.Parcels)})
		for _, wrong := range []func(r *orderv1.Receiver){func(r *orderv1.Receiver) { r.Point = nil }, func(r *orderv1.Receiver) { r.Ciphertext = true }} {
			r := bobs()
			wrong(r)
			_, err = s.giftOrders().TakeGift(s.as(bob), &orderv1.TakeGiftRequest{RequestId: requestID(), Key: key, Receiver: r})
			requireReason(t, "VALIDATOR", err)
		}
		_, err = s.take(boss, key)
		requireReason(t, "FORBIDDEN", err)
		gift, err = s.take(bob, key)
		require.NoError(t, err)
		require.Len(t, gift.Parcels, 2)
		require.Equal(t, []string{"inventory.ConfirmHold"}, s.leaving())
		require.Empty(t, s.audit())
		_, err = s.take(bob, key)
		requireReason(t, "GIFT_TAKEN", err)

		// Who ships has the address; the buyer has not.
		o = s.get(o.Id)
		require.Equal(t, "Hidden Lane 7", o.Receiver.Address)
		for _, f := range o.Fulfilments {
			require.Equal(t, orderv1.FulfilmentState_ASSIGNED, f.State)
		}
		mine := s.mine(o.Id)
		require.Nil(t, mine.Receiver)
		require.NotZero(t, mine.Gift.TakenAtUs)
		require.NotContains(t, mine.String(), "Hidden")
		require.NotContains(t, mine.String(), "mbr_bob")
		_, err = s.moved(ann, mine, eve)
		require.Equal(t, "PAID", requireReason(t, "STATE_CONFLICT", err).Metadata["state"], "he cannot send it elsewhere either")
		s.ship(o)
		gift, err = s.giftOrders().LookAtGift(s.as(bob), &orderv1.LookAtGiftRequest{Key: key})
		require.NoError(t, err)
		require.Equal(t, []any{orderv1.FulfilmentState_FULFILMENT_SHIPPED, "SF1"}, []any{gift.Parcels[0].State, gift.Parcels[0].TrackingNo})
		_, err = s.giftOrders().LookAtGift(s.as(ann), &orderv1.LookAtGiftRequest{Key: key})
		requireReason(t, "GIFT_TAKEN", err)
		require.Empty(t, s.audit())

		// An exchange would show where it went.
		s.receive(o)
		_, err = s.CreateReturn(s.as(ann), &orderv1.CreateReturnRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x", Lines: []*orderv1.ReturnLineInput{{LineId: o.Lines[0].LineId, Quantity: 1}},
			Exchange: []*orderv1.ExchangeLine{{LineId: o.Lines[0].LineId, Quantity: 1}}})
		require.Equal(t, "exchange", requireReason(t, "VALIDATOR", err).Metadata["field"])
		_, err = s.giveBack(ann, boss, s.get(o.Id), o.Lines[0].LineId, 1)
		require.NoError(t, err)
		require.Empty(t, s.audit())
	})
}

func TestAGiftThatNobodyTakesGoesBackToItsBuyer(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		tea := s.world.stock["S1"]["tea"]
		o := s.given()
		s.leaving()
		key := s.share(o)
		s.come(o.Gift.UntilUs - 1)
		require.Equal(t, orderv1.OrderState_PAID, s.get(o.Id).State)
		s.clock.Advance(time.Microsecond)
		_, err := s.take(bob, key)
		requireReason(t, "GIFT_LAPSED", err)
		_, err = s.giftOrders().LookAtGift(s.as(bob), &orderv1.LookAtGiftRequest{Key: key})
		requireReason(t, "GIFT_LAPSED", err)
		s.later(0)
		s.later(time.Second)
		o = s.get(o.Id)
		require.Equal(t, []any{orderv1.OrderState_CANCELLED, o.Paid.AmountMinor}, []any{o.State, o.Refunded.AmountMinor})
		require.Equal(t, []string{"inventory.Release", "member.ClawBack", "rebate.ClawBack"}, s.leaving())
		require.Equal(t, tea, s.world.stock["S1"]["tea"])
		require.Empty(t, s.audit())

		// One that its buyer takes back before.
		o = s.given()
		_, err = NewOrderChanges(s.Order).CancelLines(s.as(ann), &orderv1.CancelLinesRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x", Lines: []*orderv1.CancelledLine{{LineId: o.Lines[1].LineId, Quantity: 1}}})
		requireReason(t, "STATE_CONFLICT", err)
		key = s.share(o)
		s.cancelBy(ann, o)
		_, err = s.take(bob, key)
		requireReason(t, "GIFT_LAPSED", err)
		require.Empty(t, s.audit())

		// And one that is taken, but has not left: he is not told where it was to go.
		o = s.given()
		_, err = s.take(bob, s.share(o))
		require.NoError(t, err)
		gone, err := s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		require.Nil(t, gone.Receiver)
		require.Empty(t, s.audit())

		// One that is not paid closes as any order.
		o, err = s.giftOrders().PlaceGift(s.as(ann), giving(line("tea", 1)))
		require.NoError(t, err)
		s.later(11 * time.Minute)
		require.Equal(t, orderv1.OrderState_CANCELLED, s.get(o.Id).State)
		require.Empty(t, s.audit())
	})
}

// Of several that have the link one takes the gift.
func TestOneReceiverWins(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.given()
		key := s.share(o)
		var group sync.WaitGroup
		results := make([]error, 6)
		requests := make([]*orderv1.TakeGiftRequest, len(results))
		for i := range requests {
			r := bobs()
			r.Address = fmt.Sprint("Street ", i)
			requests[i] = &orderv1.TakeGiftRequest{RequestId: requestID(), Key: key, Receiver: r}
		}
		for i := range results {
			group.Go(func() {
				p := tenancy.Principal{Kind: tenancy.Member, ID: fmt.Sprint("mbr_", i), Member: fmt.Sprint("mbr_", i)}.WithScope()
				_, results[i] = s.giftOrders().TakeGift(s.as(p), requests[i])
			})
		}
		group.Wait()
		winner := -1
		for i, err := range results {
			if err == nil {
				require.Equal(t, -1, winner, "two have taken it")
				winner = i
				continue
			}
			require.Equal(t, "GIFT_TAKEN", reasonOf(fault.Public(err)), "%v", err)
		}
		require.NotEqual(t, -1, winner)
		require.Equal(t, fmt.Sprint("Street ", winner), s.get(o.Id).Receiver.Address)
		require.Equal(t, []string{"member.SettlePaid", "rebate.Accrue", "inventory.ConfirmHold"}, s.leaving())
		require.Empty(t, s.audit())
	})
}

func TestAGiftIsPlacedForOneselfAndWithoutADeposit(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		_, err := s.giftOrders().PlaceGift(s.as(bob), giving(line("tea", 1)))
		requireReason(t, "NOT_FOUND", err)
		req := giving(line("tea", 1))
		req.OpenS = 2_592_001
		_, err = s.giftOrders().PlaceGift(s.as(ann), req)
		require.Equal(t, "open_s", requireReason(t, "VALIDATOR", err).Metadata["field"])
		seen := int64(1)
		req = giving(line("tea", 1))
		req.ToPayMinor = &seen
		_, err = s.giftOrders().PlaceGift(s.as(ann), req)
		requireReason(t, "PRICE_CHANGED", err)
		s.presale("tea", 5001)
		_, err = s.giftOrders().PlaceGift(s.as(ann), giving(line("tea", 1)))
		require.Equal(t, "lines", requireReason(t, "VALIDATOR", err).Metadata["field"])
		for _, key := range []string{"", "x", strings.Repeat("A", 43)} {
			_, err = s.giftOrders().LookAtGift(s.as(bob), &orderv1.LookAtGiftRequest{Key: key})
			requireReason(t, "NOT_FOUND", err)
		}
	})
}

func TestTheAuditSeesAGiftThatLeavesTooEarly(t *testing.T) {
	for _, wrong := range []string{
		"UPDATE fulfilments SET state = 'ASSIGNED'", "DELETE FROM gift_orders", "UPDATE orders SET kind = 'mall'", "UPDATE gift_orders SET due_us = 0", "UPDATE gift_orders SET taken_us = until_us + 1, due_us = 0",
	} {
		s := openShop(t, sqlite(t), newWorld())
		s.given()
		require.Empty(t, s.audit())
		s.corrupt(wrong)
		require.Contains(t, s.audit(), "I14", wrong)
	}
}

// Whatever is given away at whatever price: what goes with the parcel, and what its receiver is shown, has no price in it, and
// nothing of the buyer.
func TestAGiftsPapersNeverShowAPrice(t *testing.T) {
	s := openShop(t, sqlite(t), newWorld())
	rapid.Check(t, func(rt *rapid.T) {
		s.world.mu.Lock()
		for _, sku := range []string{"tea", "cup", "pot"} {
			s.world.prices[sku] = rapid.Int64Range(777_001, 999_999).Draw(rt, sku)
			s.world.stock["S1"][sku], s.world.stock["S2"][sku] = rapid.Int64Range(1, 3).Draw(rt, "in S1"), 9
		}
		s.world.points["mbr_ann"] = 1000
		s.world.mu.Unlock()
		req := giving(line("tea", rapid.Int64Range(1, 4).Draw(rt, "teas")), line("cup", rapid.Int64Range(1, 4).Draw(rt, "cups")), line("pot", 1))
		req.Points = rapid.Int64Range(0, 1000).Draw(rt, "points")
		o, err := s.giftOrders().PlaceGift(s.as(ann), req)
		require.NoError(rt, err)
		require.Equal(rt, int32(200), s.pay(s.payment(o)))
		key := s.share(o)
		papers := []proto.Message{}
		look := func() {
			gift, err := s.giftOrders().LookAtGift(s.as(bob), &orderv1.LookAtGiftRequest{Key: key})
			require.NoError(rt, err)
			papers = append(papers, gift)
		}
		look()
		gift, err := s.take(bob, key)
		require.NoError(rt, err)
		papers = append(papers, gift)
		s.leaving()
		for _, f := range s.get(o.Id).Fulfilments {
			s.accept(f.Id)
			list, err := s.picking(boss, f.Location, f.Id)
			require.NoError(rt, err)
			bill, err := s.waybill(boss, f.Id, "")
			require.NoError(rt, err)
			require.Equal(rt, []string{"Happy birthday", "", "Hidden Lane 7"}, []string{bill.GiftMessage, bill.Remark, bill.Receiver.Address})
			parts, err := s.ListFulfilments(s.as(boss), &orderv1.ListFulfilmentsRequest{OrderId: o.Id})
			require.NoError(rt, err)
			papers = append(papers, list, bill, parts)
			_, err = s.shipOne(boss, f.Id)
			require.NoError(rt, err)
			look()
		}
		secrets := []string{"mbr_ann", "secret", "CNY"}
		for _, l := range o.Lines {
			secrets = append(secrets, fmt.Sprint(l.UnitPrice.AmountMinor), fmt.Sprint(l.Payable.AmountMinor))
		}
		secrets = append(secrets, fmt.Sprint(o.Total.AmountMinor))
		for _, paper := range papers {
			text := paper.ProtoReflect().Descriptor().FullName()
			for _, secret := range secrets {
				require.NotContains(rt, fmt.Sprint(paper), secret, "%s", text)
			}
			require.False(rt, priced(paper.ProtoReflect().Descriptor(), map[protoreflect.FullName]bool{}), "%s has a place for money", text)
		}
	})
	require.Empty(t, s.audit())
}

// priced says whether a message has a place for money, however deep.
func priced(m protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) bool {
	if seen[m.FullName()] {
		return false
	}
	seen[m.FullName()] = true
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		if strings.HasSuffix(string(f.Name()), "_minor") || f.Message() != nil && (f.Message().FullName() == "onepool.common.v1.Money" || priced(f.Message(), seen)) {
			return true
		}
	}
	return false
}

// The test above can see money where it is.
func TestPricedFindsMoney(t *testing.T) {
	require.True(t, priced((&orderv1.OrderInfo{}).ProtoReflect().Descriptor(), map[protoreflect.FullName]bool{}))
}

// A person looks at a gift: before the address has come and after, nothing leaves without his word and the receiver's.
func TestAHeldGiftWaitsForBoth(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		states := func(o *orderv1.OrderInfo) (all []orderv1.FulfilmentState) {
			for _, f := range s.get(o.Id).Fulfilments {
				all = append(all, f.State)
			}
			return all
		}
		planned := []orderv1.FulfilmentState{orderv1.FulfilmentState_PLANNED, orderv1.FulfilmentState_PLANNED}
		assigned := []orderv1.FulfilmentState{orderv1.FulfilmentState_ASSIGNED, orderv1.FulfilmentState_ASSIGNED}
		o := s.given()
		_, err := s.holdBack(boss, o.Id)
		require.NoError(t, err)
		_, err = s.take(bob, s.share(o))
		require.NoError(t, err)
		require.Equal(t, planned, states(o), "the address has come, and the person has not released it")
		require.Empty(t, s.audit())
		_, err = s.release(boss, o.Id)
		require.NoError(t, err)
		require.Equal(t, assigned, states(o))
		require.Empty(t, s.audit())

		s.world.stock["S1"]["cup"], s.world.stock["S1"]["tea"] = 4, 5
		o = s.given()
		_, err = s.holdBack(boss, o.Id)
		require.NoError(t, err)
		_, err = s.release(boss, o.Id)
		require.NoError(t, err)
		require.Equal(t, planned, states(o), "the person has released it, and no address has come")
		require.Empty(t, s.audit())
		_, err = s.take(bob, s.share(o))
		require.NoError(t, err)
		require.Equal(t, assigned, states(o))
		require.Empty(t, s.audit())

		// A deposit that is held, and rejected, goes back whole.
		o = s.deposited(nil)
		_, err = s.holdBack(boss, o.Id)
		require.NoError(t, err)
		_, err = s.reject(boss, o.Id)
		require.NoError(t, err)
		s.later(time.Second)
		o = s.get(o.Id)
		require.Equal(t, []any{orderv1.OrderState_CANCELLED, int64(5001)}, []any{o.State, o.Refunded.AmountMinor})
		require.Empty(t, s.audit())
	})
}
