package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// giftBox is a kit of one pot and three cups, which only the franchisee's store S2 has together.
func (s *shop) giftBox() {
	s.world.prices["box"] = 12999
	s.world.kits = map[string]map[string]int64{"box": {"cup": 3, "pot": 1}}
}

// piecesAt sums what a fulfilment has of a line, by SKU.
func piecesAt(f *orderv1.Fulfilment, lineID string) map[string]int64 {
	n := map[string]int64{}
	for _, l := range f.Lines {
		if l.LineId == lineID {
			n[l.Sku] += l.Quantity
		}
	}
	return n
}

func TestAKitIsShippedInPartsAndComesBackWhole(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.giftBox()
		req := wish(line("box", 3), line("cup", 2))
		req.Points = 500
		placed, err := s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(s.payment(placed)))
		o := s.get(placed.Id)
		box := o.Lines[0]
		require.Equal(t, int64(3), box.Quantity)
		var at *orderv1.Fulfilment
		for _, f := range o.Fulfilments {
			if f.Location == "S2" {
				at = f
			}
		}
		require.Equal(t, map[string]int64{"pot": 3, "cup": 9}, piecesAt(at, box.LineId), "parts, not kits, leave the shelf")
		require.Equal(t, int64(6), s.world.stock["S2"]["pot"])
		require.Equal(t, int64(91), s.world.stock["S2"]["cup"])
		require.Empty(t, s.audit())

		s.ship(o)
		s.receive(o)
		s.leaving()
		supplied := map[string][2]int64{}
		for _, entry := range s.world.supplies {
			require.Equal(t, box.LineId, entry.LineId, "the plain cups are headquarters' own")
			supplied[entry.Sku] = [2]int64{entry.Quantity, entry.PriceMinor}
		}
		require.Len(t, s.world.supplies, 2, "one entry a part")
		require.Equal(t, map[string][2]int64{"pot": {3, 3}, "cup": {9, 3}}, supplied)
		require.Empty(t, s.audit())

		_, err = s.giveBack(ann, boss, o, box.LineId, 4)
		require.Equal(t, "3", requireReason(t, "REFUND_EXCEEDS_PAID", err).Metadata["left"], "kits, not pieces")
		var money, points int64
		for i, n := range []int64{1, 2} {
			ret, err := s.giveBack(ann, boss, o, box.LineId, n)
			require.NoError(t, err)
			require.Len(t, ret.Lines, 1)
			require.Equal(t, "box", ret.Lines[0].Sku)
			require.Equal(t, n, ret.Lines[0].Quantity)
			money, points = money+ret.Refund.AmountMinor, points+ret.PointsBack
			if i == 0 {
				require.Equal(t, (box.Payable.AmountMinor-box.PointsAmount.AmountMinor+1)/3, ret.Refund.AmountMinor, "a third")
			}
			s.later(0)
			require.Empty(t, s.audit())
		}
		require.Equal(t, box.Payable.AmountMinor-box.PointsAmount.AmountMinor, money)
		require.Equal(t, box.Points, points)
		require.Equal(t, int64(9), s.world.stock["S2"]["pot"], "each part is back")
		require.Equal(t, int64(100), s.world.stock["S2"]["cup"])
		for _, sku := range []string{"pot", "cup"} {
			var left int64
			for _, entry := range s.world.supplies {
				if entry.Sku == sku {
					left += entry.Quantity
				}
			}
			require.Zero(t, left, "what came back is supplied no more: %s", sku)
		}
		require.Equal(t, int64(3), s.get(o.Id).Lines[0].ReturnedQuantity)
		_, err = s.giveBack(boss, boss, o, box.LineId, 1)
		require.Equal(t, "0", requireReason(t, "REFUND_EXCEEDS_PAID", err).Metadata["left"])
		s.later(time.Hour)
		require.Empty(t, s.audit())
	})
}

func TestACancelledKitGivesAllPartsBack(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.giftBox()
		o, err := s.PlaceOrder(s.as(ann), wish(line("box", 2)))
		require.NoError(t, err)
		require.Equal(t, int64(7), s.world.stock["S2"]["pot"])
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		s.leaving()
		require.Equal(t, int64(9), s.world.stock["S2"]["pot"])
		require.Equal(t, int64(100), s.world.stock["S2"]["cup"])
		require.Empty(t, s.audit())
	})
}

// The parts of a kit may have several owners: each is supplied for its own.
func TestAKitOfTwoOwnersIsSuppliedByEach(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.giftBox()
		s.world.owners = map[string]string{"pot": "hq"} // on consignment in S2
		o, err := s.PlaceOrder(s.as(ann), wish(line("box", 2)))
		require.NoError(t, err)
		s.pay(s.payment(o))
		o = s.get(o.Id)
		s.ship(o)
		s.receive(o)
		require.Empty(t, s.audit())
		require.Len(t, s.world.supplies, 1, "the pot is the seller's own")
		require.Equal(t, "cup", s.world.supplies[0].Sku)
		require.Equal(t, int64(6), s.world.supplies[0].Quantity)
		_, err = s.giveBack(ann, boss, o, o.Lines[0].LineId, 1)
		require.NoError(t, err)
		require.Empty(t, s.audit())
		require.Equal(t, int64(-3), s.world.supplies[1].Quantity)
	})
}

// The audit counts a kit's parts by themselves.
func TestTheAuditSeesAPartTooMany(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.giftBox()
		o, err := s.PlaceOrder(s.as(ann), wish(line("box", 2)))
		require.NoError(t, err)
		require.Empty(t, s.audit())
		for _, held := range s.world.holds[o.Id] {
			held.Open++
			require.NotEmpty(t, s.audit()["I4"], held.Sku)
			held.Open--
		}
	})
}
