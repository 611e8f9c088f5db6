package service

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/fault"
)

func TestAPlacedOrderHoldsStockAndPoints(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.placed(300)
		require.Equal(t, orderv1.OrderState_UNPAID, o.State)
		require.Equal(t, "hq", o.SellerOrg)
		require.Equal(t, int64(19900+6*1500+1000), o.Total.AmountMinor)
		require.Len(t, o.Fulfilments, 2)
		require.Equal(t, int64(300), s.world.frozen[o.Id])
		require.Equal(t, int64(4), s.world.stock["S1"]["tea"])
		require.Equal(t, int64(98), s.world.stock["S2"]["cup"])
		kept, err := s.GetOrder(s.as(ann), &orderv1.GetOrderRequest{OrderId: o.Id})
		require.NoError(t, err)
		require.Equal(t, o.String(), kept.String(), "what was answered is what is kept")
		require.Len(t, o.History, 3)
		require.Empty(t, s.leaving())
	})
}

func TestARepeatedPlacementIsOneOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		req := wish(line("tea", 1))
		first, err := s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		s.world.prices["tea"] = 1 // facts are not asked again
		second, err := s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, first.String(), second.String())
		require.Equal(t, 1, s.world.holdings)
		again := proto.Clone(req).(*orderv1.PlaceOrderRequest)
		again.Remark = "x"
		_, err = s.PlaceOrder(s.as(ann), again)
		requireReason(t, "REQUEST_ID_REUSED", err)
	})
}

func TestARefusedHoldLeavesNothingAndStaysRefused(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		req := wish(line("tea", 11))
		_, err := s.PlaceOrder(s.as(ann), req)
		e := requireReason(t, "STOCK_INSUFFICIENT", err)
		require.Equal(t, map[string]string{"sku": "tea", "wanted": "11", "left": "10"}, e.Metadata)
		s.world.stock["S1"]["tea"] = 100
		_, err = s.PlaceOrder(s.as(ann), req)
		require.Equal(t, e.Metadata, requireReason(t, "STOCK_INSUFFICIENT", err).Metadata)
		list, err := s.ListOrders(s.as(ann), &orderv1.ListOrdersRequest{})
		require.NoError(t, err)
		require.Empty(t, list.Orders)
	})
}

func TestRefusedPointsLetTheStockGo(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		req := wish(line("tea", 1))
		req.Points = 5000
		_, err := s.PlaceOrder(s.as(ann), req)
		require.Equal(t, "1000", requireReason(t, "POINTS_INSUFFICIENT", err).Metadata["left"])
		require.Equal(t, int64(5), s.world.stock["S1"]["tea"])
		require.Equal(t, int64(1000), s.world.points["mbr_ann"])
	})
}

func TestAChangedPriceIsTold(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		req := wish(line("tea", 1))
		req.Lines[0].UnitPriceMinor = 1
		_, err := s.PlaceOrder(s.as(ann), req)
		require.Equal(t, "19900", requireReason(t, "PRICE_CHANGED", err).Metadata["price_minor"])
		req.Lines[0].UnitPriceMinor = 19900 // nothing was decided, so the corrected request may keep its id
		req.ToPayMinor = proto.Int64(20000)
		_, err = s.PlaceOrder(s.as(ann), req)
		require.Equal(t, "20900", requireReason(t, "PRICE_CHANGED", err).Metadata["total_minor"])
		require.Zero(t, s.world.holdings)
	})
}

func TestNobodyOrdersForAnotherMember(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		_, err := s.PlaceOrder(s.as(bob), wish(line("tea", 1)))
		requireReason(t, "NOT_FOUND", err)
		_, err = s.PlaceOrder(s.as(keeper), wish(line("tea", 1)))
		requireReason(t, "FORBIDDEN", err)
		nowhere := wish(line("tea", 1))
		nowhere.Receiver.Point.Lat = 91
		_, err = s.PlaceOrder(s.as(ann), nowhere)
		requireReason(t, "GEO_INVALID", err)
		nowhere.Receiver.Point = nil
		_, err = s.PlaceOrder(s.as(ann), nowhere)
		requireReason(t, "VALIDATOR", err)
		_, err = s.PlaceOrder(t.Context(), wish(line("tea", 1)))
		requireReason(t, "UNAUTHENTICATED", err)
	})
}

// An inventory that does not answer leaves the outcome open; whoever comes next, a repeat or the worker, brings the end.
func TestAnUnknownHoldIsBroughtToAnEnd(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		for name, finish := range map[string]func(req *orderv1.PlaceOrderRequest){
			"repeat": func(*orderv1.PlaceOrderRequest) {},
			"worker": func(*orderv1.PlaceOrderRequest) {
				s.clock.Advance(20 * time.Second)
				require.NoError(t, s.ResumeOrphans(t.Context()))
			},
		} {
			t.Run(name, func(t *testing.T) {
				req := wish(line("tea", 1))
				s.world.refuse = fault.Unavailable()
				_, err := s.PlaceOrder(s.as(ann), req)
				requireReason(t, "IN_PROGRESS", err)
				finish(req)
				o, err := s.PlaceOrder(s.as(ann), req)
				require.NoError(t, err)
				require.Equal(t, orderv1.OrderState_UNPAID, o.State)
			})
		}
	})
}

// The coordinator alone brings a placement to its end when the process that began it does nothing more.
func TestTheCoordinatorCallsBack(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		req := wish(line("tea", 1))
		s.world.refuse = fault.Unavailable()
		_, err := s.PlaceOrder(s.as(ann), req)
		requireReason(t, "IN_PROGRESS", err)
		require.Eventually(t, func() bool {
			in, err := command.Find(tenancyOf(s), s.DB, orderv1.Order_PlaceOrder_FullMethodName, req)
			return err == nil && in != nil && in.Done()
		}, 30*time.Second, 100*time.Millisecond)
	})
}

func tenancyOf(s *shop) context.Context { return s.as(ann) }

func TestAnOrderTakesItsLinesOutOfTheCart(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		for sku, n := range map[string]int64{"tea": 2, "cup": 1} {
			_, err := s.SetCartLine(s.as(ann), &orderv1.SetCartLineRequest{RequestId: requestID(), MemberId: "mbr_ann", Sku: sku, Quantity: n})
			require.NoError(t, err)
		}
		_, err := s.SetCartLine(s.as(ann), &orderv1.SetCartLineRequest{RequestId: requestID(), MemberId: "mbr_ann", Sku: "none", Quantity: 1})
		requireReason(t, "NOT_FOR_SALE", err)
		cart, err := s.GetCart(s.as(ann), &orderv1.GetCartRequest{MemberId: "mbr_ann"})
		require.NoError(t, err)
		require.Equal(t, int64(2*19900+1500), cart.Total.AmountMinor)
		_, err = s.GetCart(s.as(bob), &orderv1.GetCartRequest{MemberId: "mbr_ann"})
		requireReason(t, "NOT_FOUND", err)
		req := wish(line("tea", 2))
		req.FromCart = true
		_, err = s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		cart, err = s.GetCart(s.as(ann), &orderv1.GetCartRequest{MemberId: "mbr_ann"})
		require.NoError(t, err)
		require.Len(t, cart.Lines, 1)
		require.Equal(t, "cup", cart.Lines[0].Sku)
	})
}

func TestAPreviewPromisesNoMoreThanAnOrderKeeps(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		ask := func(points int64, lines ...*orderv1.OrderLineInput) (*orderv1.Calculation, error) {
			return s.Calculate(s.as(ann), &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_ann", Points: points, Lines: lines})
		}
		tea := &orderv1.OrderLineInput{Sku: "tea", Quantity: 1}
		p, err := ask(1000, tea)
		require.NoError(t, err)
		require.Equal(t, p.Total.AmountMinor-p.PointsAmount.AmountMinor, p.ToPay.AmountMinor)
		require.Equal(t, int64(1000), p.Points)
		_, err = ask(1001, tea)
		require.Equal(t, map[string]string{"left": "1000", "wanted": "1001"}, requireReason(t, "POINTS_INSUFFICIENT", err).Metadata)
		_, err = ask(0, &orderv1.OrderLineInput{Sku: "tea", Quantity: 1, UnitPriceMinor: 1})
		requireReason(t, "PRICE_CHANGED", err)
		_, err = ask(0, &orderv1.OrderLineInput{Sku: "nothing", Quantity: 1})
		requireReason(t, "NOT_FOR_SALE", err)
	})
}
