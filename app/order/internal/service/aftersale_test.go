package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// asked is a request of the member's to return pieces of a line.
func (s *shop) asked(o *orderv1.OrderInfo, lineID string, quantity int64, pictures ...string) *orderv1.ReturnInfo {
	s.t.Helper()
	ret, err := s.CreateReturn(s.as(ann), &orderv1.CreateReturnRequest{
		RequestId: requestID(), OrderId: o.Id, Reason: "dented", Pictures: pictures, Lines: []*orderv1.ReturnLineInput{{LineId: lineID, Quantity: quantity}},
	})
	require.NoError(s.t, err)
	return ret
}

func (s *shop) approve(by tenancy.Principal, ret *orderv1.ReturnInfo) {
	s.t.Helper()
	_, err := s.ApproveReturn(s.as(by), &orderv1.ApproveReturnRequest{RequestId: requestID(), ReturnId: ret.Id})
	require.NoError(s.t, err)
}

func (s *shop) inspect(by tenancy.Principal, ret *orderv1.ReturnInfo, at string, found ...*orderv1.InspectedPieces) (*orderv1.ReturnInfo, error) {
	return s.ReceiveReturn(s.as(by), &orderv1.ReceiveReturnRequest{RequestId: requestID(), ReturnId: ret.Id, Location: at, Inspection: found})
}

// bought is an order of a tea and six cups that the member has: four cups of headquarters' from S1, two of the franchisee's.
func (s *shop) bought() *orderv1.OrderInfo {
	o := s.paid(0)
	s.ship(o)
	s.receive(o)
	s.leaving()
	return s.get(o.Id)
}

func TestWhatComesBackIsInspected(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.bought()
		cup := o.Lines[1]
		ret := s.asked(o, cup.LineId, 6, "pic_1", "pic_2")
		require.Equal(t, []string{"pic_1", "pic_2"}, ret.Pictures)
		require.Equal(t, int64(9000), ret.Refund.AmountMinor)
		s.approve(boss, ret)
		found := func(sellable, damaged, missing, refunded int64) *orderv1.InspectedPieces {
			return &orderv1.InspectedPieces{LineId: cup.LineId, Sellable: sellable, Damaged: damaged, Missing: missing, MissingRefunded: refunded}
		}
		_, err := s.inspect(boss, ret, "S1", found(3, 2, 0, 0))
		require.Equal(t, "6", requireReason(t, "INSPECTION_MISMATCH", err).Metadata["quantity"])
		for _, wrong := range [][]*orderv1.InspectedPieces{{found(3, 2, 1, 2)}, {found(6, 0, 0, 0), found(3, 2, 1, 0)}, {{LineId: o.Lines[0].LineId, Sellable: 1}}} {
			_, err = s.inspect(boss, ret, "S1", wrong...)
			requireReason(t, "VALIDATOR", err)
		}
		got, err := s.inspect(boss, ret, "S1", found(3, 2, 1, 0))
		require.NoError(t, err)
		require.Equal(t, int64(7500), got.Refund.AmountMinor, "five of six")
		p := got.Lines[0].Pieces[0]
		require.Equal(t, []int64{6, 3, 2, 1, 0}, []int64{p.Quantity, p.Sellable, p.Damaged, p.Missing, p.MissingRefunded})
		s.later(0)
		require.Empty(t, s.audit())
		require.Equal(t, int64(3), s.world.stock["S1"]["cup"], "four had left, three can be sold again")
		require.Equal(t, int64(2), s.world.damaged["S1/cup"])
		require.Equal(t, int64(5), s.get(o.Id).Lines[1].ReturnedQuantity)

		// What was missing is still the member's, and may come later: the sum is what was paid, to the cent.
		_, err = s.giveBack(boss, boss, o, cup.LineId, 1)
		require.NoError(t, err)
		require.Equal(t, int64(9000), s.get(o.Id).Lines[1].Refunded.AmountMinor)
		s.later(0)
		require.Empty(t, s.audit())
	})
}

func TestMissingPiecesAreRefundedIfTheSellerSaysSo(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.shippedBy("") // headquarters sold what the franchisee shipped
		ret := s.asked(o, o.Lines[0].LineId, 1)
		s.approve(boss, ret)
		gone := func(refunded int64) *orderv1.InspectedPieces {
			return &orderv1.InspectedPieces{LineId: o.Lines[0].LineId, Missing: 1, MissingRefunded: refunded}
		}
		_, err := s.inspect(keeper, ret, "S2", gone(1))
		requireReason(t, "FORBIDDEN", err)
		done, err := s.inspect(boss, ret, "", gone(1))
		require.NoError(t, err)
		require.Equal(t, int64(8900), done.Refund.AmountMinor)
		require.NotContains(t, s.leaving(), "inventory.TakeBack", "there is nothing to put anywhere")
		require.Equal(t, int64(8), s.world.stock["S2"]["pot"])
		s.later(0)
		require.Empty(t, s.audit(), "and its owner has been paid for what is gone")

		// Nothing there, nothing said: nothing is paid, and the piece is still out.
		o = s.shippedBy("")
		s.leaving()
		ret = s.asked(o, o.Lines[0].LineId, 1)
		s.approve(boss, ret)
		done, err = s.inspect(keeper, ret, "S2", gone(0))
		require.NoError(t, err)
		require.Equal(t, orderv1.ReturnState_REFUNDED, done.State)
		require.Zero(t, done.Refund.AmountMinor)
		require.Empty(t, s.leaving())
		require.Zero(t, s.get(o.Id).Refunded.AmountMinor)
		s.approve(boss, s.asked(o, o.Lines[0].LineId, 1))
		require.Empty(t, s.audit())
	})
}

func TestAKitIsInspectedPartByPartAndComesBackWhole(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.giftBox()
		placed, err := s.PlaceOrder(s.as(ann), wish(line("box", 2)))
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(s.payment(placed)))
		o := s.get(placed.Id)
		s.ship(o)
		s.receive(o)
		s.leaving()
		box := o.Lines[0].LineId
		ret := s.asked(o, box, 2)
		s.approve(boss, ret)
		part := func(sku string, sellable, damaged, missing, refunded int64) *orderv1.InspectedPieces {
			return &orderv1.InspectedPieces{LineId: box, Sku: sku, Sellable: sellable, Damaged: damaged, Missing: missing, MissingRefunded: refunded}
		}
		_, err = s.inspect(boss, ret, "", part("", 8, 0, 0, 0))
		requireReason(t, "VALIDATOR", err) // which part?
		_, err = s.inspect(boss, ret, "", part("cup", 5, 0, 1, 0))
		requireReason(t, "VALIDATOR", err) // a kit and two thirds
		_, err = s.inspect(boss, ret, "", part("cup", 2, 0, 4, 1), part("pot", 1, 0, 1, 0))
		require.NoError(t, err, "one kit is missing, and a cup of the other one is let go")
		got := s.get(o.Id)
		require.Equal(t, int64(1), got.Lines[0].ReturnedQuantity)
		require.Equal(t, int64(12999), got.Returns[0].Refund.AmountMinor)
		s.leaving()
		require.Equal(t, int64(96), s.world.stock["S2"]["cup"])
		require.Equal(t, int64(8), s.world.stock["S2"]["pot"])
		s.later(0)
		require.Empty(t, s.audit())
	})
}

func TestARequestIsRefusedWithdrawnOrSent(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		after := NewAfterSales(s.Order)
		o := s.bought()
		cup := o.Lines[1].LineId
		ret := s.asked(o, cup, 6)
		refuse := func(by tenancy.Principal) (*orderv1.ReturnInfo, error) {
			return after.RefuseReturn(s.as(by), &orderv1.RefuseReturnRequest{RequestId: requestID(), ReturnId: ret.Id, Reason: "used"})
		}
		withdraw := func(by tenancy.Principal) (*orderv1.ReturnInfo, error) {
			return after.WithdrawReturn(s.as(by), &orderv1.WithdrawReturnRequest{RequestId: requestID(), ReturnId: ret.Id})
		}
		send := func(by tenancy.Principal, no string) (*orderv1.ReturnInfo, error) {
			return after.SendReturn(s.as(by), &orderv1.SendReturnRequest{RequestId: requestID(), ReturnId: ret.Id, Carrier: "SF", TrackingNo: no})
		}
		for _, by := range []tenancy.Principal{bob, other, tmall} {
			for _, ask := range []func(tenancy.Principal) (*orderv1.ReturnInfo, error){refuse, withdraw, func(p tenancy.Principal) (*orderv1.ReturnInfo, error) { return send(p, "1") }} {
				_, err := ask(by)
				requireReason(t, "NOT_FOUND", err)
			}
		}
		_, err := refuse(ann)
		requireReason(t, "FORBIDDEN", err)
		no, err := refuse(boss)
		require.NoError(t, err)
		require.Equal(t, "used", no.Refusal)
		require.Equal(t, orderv1.ReturnState_RETURN_REFUSED, no.State)
		_, err = withdraw(ann)
		requireReason(t, "STATE_CONFLICT", err)

		ret = s.asked(o, cup, 6) // all of them are the member's again
		_, err = send(ann, "1")
		requireReason(t, "STATE_CONFLICT", err)
		s.approve(boss, ret)
		back, err := withdraw(ann)
		require.NoError(t, err)
		require.Equal(t, orderv1.ReturnState_WITHDRAWN, back.State)

		ret = s.asked(o, cup, 5)
		s.approve(boss, ret)
		_, err = send(ann, "1")
		require.NoError(t, err)
		sent, err := send(ann, "2")
		require.NoError(t, err)
		require.Equal(t, []any{orderv1.ReturnState_SENT, "SF", "2"}, []any{sent.State, sent.Carrier, sent.TrackingNo})
		_, err = withdraw(ann)
		requireReason(t, "STATE_CONFLICT", err)
		_, err = refuse(boss)
		requireReason(t, "STATE_CONFLICT", err)
		_, err = s.CreateReturn(s.as(ann), &orderv1.CreateReturnRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x", Lines: []*orderv1.ReturnLineInput{{LineId: cup, Quantity: 2}}})
		require.Equal(t, "1", requireReason(t, "REFUND_EXCEEDS_PAID", err).Metadata["left"])
		s.later(2 * time.Hour)
		require.NotEqual(t, orderv1.OrderState_COMPLETED, s.get(o.Id).State, "something is on its way back")
		_, err = s.inspect(boss, ret, "")
		require.NoError(t, err)
		s.later(time.Minute)
		s.later(time.Minute)
		require.Equal(t, orderv1.OrderState_COMPLETED, s.get(o.Id).State)
		require.Empty(t, s.audit())
	})
}

// The franchisee's store has shipped what headquarters sold: it takes the goods back, and that is all.
func TestWhoShippedDoesNotSpeakForTheBuyer(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		after := NewAfterSales(s.Order)
		o := s.shippedBy("")
		ret := s.asked(o, o.Lines[0].LineId, 1)
		withdraw := func(by tenancy.Principal) error {
			_, err := after.WithdrawReturn(s.as(by), &orderv1.WithdrawReturnRequest{RequestId: requestID(), ReturnId: ret.Id})
			return err
		}
		requireReason(t, "FORBIDDEN", withdraw(keeper))
		s.approve(boss, ret)
		requireReason(t, "FORBIDDEN", withdraw(keeper))
		_, err := after.SendReturn(s.as(keeper), &orderv1.SendReturnRequest{RequestId: requestID(), ReturnId: ret.Id, Carrier: "SF", TrackingNo: "1"})
		requireReason(t, "FORBIDDEN", err)
		require.Equal(t, orderv1.ReturnState_APPROVED, s.get(o.Id).Returns[0].State)
		require.NoError(t, withdraw(boss), "the seller's staff does, when the buyer calls")

		again := s.asked(o, o.Lines[0].LineId, 1)
		s.approve(boss, again)
		_, err = s.inspect(keeper, again, "S2")
		require.NoError(t, err)
		require.Empty(t, s.audit())
	})
}

func TestReturnsAreListedForTheSeller(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		after := NewAfterSales(s.Order)
		o := s.bought()
		var want []string
		for range 3 {
			want = append([]string{s.asked(o, o.Lines[1].LineId, 1).Id}, want...)
			s.clock.Advance(time.Second)
		}
		mine := s.shippedBy("S2")
		theirs := s.asked(mine, mine.Lines[0].LineId, 1)
		list := func(by tenancy.Principal, size int32, state orderv1.ReturnState) (ids []string) {
			token := ""
			for {
				page, err := after.ListReturns(s.as(by), &orderv1.ListReturnsRequest{PageSize: size, PageToken: token, State: state})
				require.NoError(t, err)
				for _, r := range page.Returns {
					ids = append(ids, r.Id)
				}
				if token = page.NextPageToken; token == "" {
					return ids
				}
			}
		}
		require.Equal(t, append([]string{theirs.Id}, want...), list(boss, 2, orderv1.ReturnState_RETURN_STATE_UNSPECIFIED))
		require.Equal(t, []string{theirs.Id}, list(keeper, 2, orderv1.ReturnState_REQUESTED))
		require.Empty(t, list(other, 10, orderv1.ReturnState_REQUESTED))
		s.approve(keeper, theirs)
		require.Equal(t, []string{theirs.Id}, list(boss, 2, orderv1.ReturnState_APPROVED))
		_, err := after.ListReturns(s.as(ann), &orderv1.ListReturnsRequest{})
		requireReason(t, "FORBIDDEN", err)
	})
}
