package service

import (
	"context"
	"testing"
	"time"

	"github.com/go-kratos/kratos/v2/transport"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func sale(receipt string, cash int64, lines ...*orderv1.OrderLineInput) *orderv1.SellAtTillRequest {
	return &orderv1.SellAtTillRequest{
		RequestId: requestID(), StoreCode: "S2", DeviceId: "dev_1", ReceiptNo: receipt, Lines: lines, MemberId: "mbr_ann", Points: 100, CashMinor: cash, Clerk: "C1",
	}
}

func TestASaleAtTheTillIsPaidAndCarriedOut(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		_, err := s.SellAtTill(s.served(till), sale("R1", 3000, line("cup", 2)))
		require.Equal(t, "2900", requireReason(t, "PRICE_CHANGED", err).Metadata["total_minor"])
		req := sale("R1", 2900, line("cup", 2))
		o, err := s.SellAtTill(s.served(till), req)
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_PAID, o.State)
		require.Equal(t, "fra", o.SellerOrg)
		require.Equal(t, "R1", o.ExternalNo)
		require.Equal(t, orderv1.FulfilmentState_RECEIVED, o.Fulfilments[0].State)
		require.Len(t, o.Fulfilments, 1)
		require.Equal(t, int64(98), s.world.stock["S2"]["cup"])
		require.Equal(t, []string{"inventory.Ship", "member.SettlePaid", "rebate.Accrue"}, s.leaving())

		again, err := s.SellAtTill(s.served(till), req)
		require.NoError(t, err)
		require.Equal(t, o.String(), again.String())
		sent := proto.Clone(req).(*orderv1.SellAtTillRequest)
		sent.RequestId = requestID()
		s.world.prices["cup"] = 1
		again, err = s.SellAtTill(s.served(till), sent)
		require.NoError(t, err)
		require.Equal(t, o.Id, again.Id)
		sent.RequestId, sent.Lines[0].Quantity = requestID(), 1
		_, err = s.SellAtTill(s.served(till), sent)
		requireReason(t, "STATE_CONFLICT", err)
		require.Equal(t, 1, s.world.holdings)

		// Cash goes back at once, when the store's manager says so.
		ret, err := s.giveBack(till, keeper, o, o.Lines[0].LineId, 1)
		require.NoError(t, err)
		require.Equal(t, orderv1.ReturnState_REFUNDED, ret.State)
		require.Equal(t, int64(1450), ret.Refund.AmountMinor)
		require.Equal(t, int64(50), ret.PointsBack)
		require.Empty(t, s.audit())
		s.later(time.Hour)
		require.Equal(t, orderv1.OrderState_COMPLETED, s.get(o.Id).State)
		require.Empty(t, s.audit())
	})
}

func TestATillSellsItsOwnStoresStockOnly(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		req := sale("R1", 1, line("tea", 6)) // five here, five in the other store
		req.CashMinor = 6*19900 - 100
		_, err := s.SellAtTill(s.served(till), req)
		requireReason(t, "STOCK_INSUFFICIENT", err)
		require.Equal(t, int64(1000), s.world.points["mbr_ann"])
		req = sale("R2", 1, line("tea", 1))
		req.StoreCode = "S1"
		_, err = s.SellAtTill(s.served(till), req)
		requireReason(t, "NOT_FOUND", err)
		_, err = s.SellAtTill(s.served(ann), req)
		requireReason(t, "FORBIDDEN", err)
		o, err := s.SellAtTill(s.served(till), sale("R3", 1400, line("cup", 1)))
		require.NoError(t, err)
		_, err = s.GetOrder(s.as(till), &orderv1.GetOrderRequest{OrderId: o.Id})
		require.NoError(t, err)
		_, err = s.GetOrder(s.as(till), &orderv1.GetOrderRequest{OrderId: s.placed(0).Id})
		requireReason(t, "ORDER_UNKNOWN", err)
	})
}

// Points are spent through the frontend, which has seen the member's code; a key alone spends nobody's.
func TestPointsAreNotSpentByACallFromOutside(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		for _, caller := range []tenancy.Principal{till, keeper, boss} {
			req := sale("R-"+caller.ID, 1400, line("cup", 1))
			_, err := s.SellAtTill(s.as(caller), req)
			requireReason(t, "FORBIDDEN", err)
			require.Equal(t, int64(1000), s.world.points["mbr_ann"])
			req.Points, req.CashMinor = 0, 1500
			o, err := s.SellAtTill(s.as(caller), req)
			require.NoError(t, err, "a sale that spends none")
			req.RequestId, req.Points, req.CashMinor = requestID(), 100, 1400
			_, err = s.SellAtTill(s.as(caller), req)
			requireReason(t, "FORBIDDEN", err)
			require.Equal(t, orderv1.OrderState_PAID, s.get(o.Id).State)
		}
	})
}

// served is a call through a frontend: it goes through the real authentication.
func (s *shop) served(p tenancy.Principal) context.Context {
	tokens, err := authn.NewTokens(secretKey, time.Now)
	require.NoError(s.t, err)
	token, err := tokens.IssueInternal("pos", p)
	require.NoError(s.t, err)
	var seen context.Context
	check := authn.New(tokens, nil).Middleware()(func(ctx context.Context, _ any) (any, error) {
		seen = ctx
		return nil, nil
	})
	_, err = check(transport.NewServerContext(s.t.Context(), internal(token)), nil)
	require.NoError(s.t, err)
	return seen
}

// internal is the credential of a call from another process; it is the only header.
type internal string

func (internal) Kind() transport.Kind              { return transport.KindGRPC }
func (internal) Endpoint() string                  { return "" }
func (internal) Operation() string                 { return "/test" }
func (h internal) RequestHeader() transport.Header { return h }
func (h internal) ReplyHeader() transport.Header   { return h }
func (internal) Get(string) string                 { return "" }
func (internal) Set(string, string)                {}
func (internal) Add(string, string)                {}
func (internal) Keys() []string                    { return nil }
func (h internal) Values(key string) []string {
	if key == authn.HeaderInternal {
		return []string{"Bearer " + string(h)}
	}
	return nil
}
