package service

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func (s *shop) picking(p tenancy.Principal, location string, ids ...string) (*orderv1.PickingList, error) {
	return NewPacking(s.Order).GetPickingList(s.as(p), &orderv1.GetPickingListRequest{Location: location, FulfilmentIds: ids})
}

func (s *shop) waybill(p tenancy.Principal, fulfilment, parcel string) (*orderv1.Waybill, error) {
	return NewPacking(s.Order).GetWaybill(s.as(p), &orderv1.GetWaybillRequest{FulfilmentId: fulfilment, ParcelId: parcel})
}

func TestAPickingListGroupsByGoodsOverFulfilments(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.giftBox()
		s.world.stock["S1"] = map[string]int64{}
		var ids []string
		for _, wanted := range [][]*orderv1.OrderLineInput{{line("pot", 1), line("cup", 3)}, {line("cup", 2), line("box", 1)}} {
			o, err := s.PlaceOrder(s.as(ann), wish(wanted...))
			require.NoError(t, err)
			s.pay(s.payment(o))
			id := s.get(o.Id).Fulfilments[0].Id
			none, err := s.picking(keeper, "", id)
			requireReason(t, "STATE_CONFLICT", err)
			require.Nil(t, none, "it is not accepted")
			_, err = s.AcceptFulfilment(s.as(keeper), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: id})
			require.NoError(t, err)
			ids = append(ids, id)
		}
		list, err := s.picking(keeper, "")
		require.NoError(t, err)
		require.ElementsMatch(t, ids, list.FulfilmentIds)
		got := map[string]int64{}
		for i, sku := range list.Skus {
			var sum int64
			for _, part := range sku.For {
				sum += part.Quantity
			}
			require.Equal(t, sku.Quantity, sum)
			require.Equal(t, "69"+sku.Sku, sku.Barcode)
			got[sku.Sku] = sku.Quantity
			require.True(t, i == 0 || list.Skus[i-1].Sku < sku.Sku)
		}
		kit := s.world.kits["box"]
		require.Equal(t, map[string]int64{"pot": 1 + kit["pot"], "cup": 5 + kit["cup"]}, got, "the parts of a kit are picked, not the kit")

		one, err := s.picking(boss, "S2", ids[0])
		require.NoError(t, err)
		require.Equal(t, []any{ids[:1], int64(3)}, []any{one.FulfilmentIds, one.Skus[0].Quantity})
		_, err = s.fulfilments().PickFulfilment(s.as(keeper), &orderv1.PickFulfilmentRequest{RequestId: requestID(), FulfilmentId: ids[0]})
		require.NoError(t, err)
		list, err = s.picking(till, "")
		require.NoError(t, err)
		require.Equal(t, ids[1:], list.FulfilmentIds, "what is picked is not picked again")

		for p, reason := range map[*tenancy.Principal]string{&ann: "FORBIDDEN", &tmall: "FORBIDDEN", &boss: "VALIDATOR"} {
			_, err := s.picking(*p, "")
			requireReason(t, reason, err)
		}
		_, err = s.picking(keeper, "S1")
		requireReason(t, "NOT_FOUND", err)
		_, err = s.picking(other, "S2", ids[1])
		requireReason(t, "NOT_FOUND", err)
		empty, err := s.picking(other, "S2")
		require.NoError(t, err)
		require.Empty(t, empty.FulfilmentIds)
	})
}

func TestAWaybillHasAllThatACarrierWantsAndNoPrice(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o, f, pots, cups := s.potsAndCups()
		for p, reason := range map[*tenancy.Principal]string{&ann: "FORBIDDEN", &other: "NOT_FOUND", &bob: "NOT_FOUND", &tmall: "NOT_FOUND"} {
			_, err := s.waybill(*p, f.Id, "")
			requireReason(t, reason, err)
		}
		bill, err := s.waybill(keeper, f.Id, "")
		require.NoError(t, err)
		require.Equal(t, []any{"Ann", "13812345678", "Nanjing Rd 1"}, []any{bill.Receiver.Name, bill.Receiver.Phone, bill.Receiver.Address})
		require.Equal(t, []string{"A**", "138****5678"}, []string{bill.ShownName, bill.ShownPhone})
		require.Equal(t, []string{"S2", "Store S2", "Shanghai"}, []string{bill.Sender.Code, bill.Sender.Name, bill.Sender.City})
		require.Equal(t, []int64{5, 1500}, []int64{bill.Pieces, bill.WeightG})
		require.Equal(t, o.Id, bill.OrderId)
		text, err := protojson.Marshal(bill)
		require.NoError(t, err)
		for _, price := range []string{"8900", "1500,", "currency", "amount"} {
			require.NotContains(t, string(text), price)
		}

		shipped, err := s.shipPart(keeper, f, "SF-1", content(pots, 1), content(cups, 2))
		require.NoError(t, err)
		part, err := s.waybill(keeper, f.Id, shipped.Parcels[0].Id)
		require.NoError(t, err)
		require.Equal(t, []any{int64(3), int64(900), "SF-1"}, []any{part.Pieces, part.WeightG, part.TrackingNo})
		_, err = s.waybill(keeper, f.Id, "pcl_none")
		requireReason(t, "NOT_FOUND", err)
		_, err = s.shipPart(keeper, f, "SF-2", content(pots, 1), content(cups, 1))
		require.NoError(t, err)
		s.receive(s.get(o.Id))
		_, err = s.waybill(keeper, f.Id, "")
		requireReason(t, "STATE_CONFLICT", err)
	})
}

func TestACiphertextIsPassedOnAsItCame(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o, err := s.ImportChannelOrder(s.as(tmall), external("T1", "tea", 1, 19900))
		require.NoError(t, err)
		id := s.get(o.Id).Fulfilments[0].Id
		_, err = s.waybill(boss, id, "")
		requireReason(t, "STATE_CONFLICT", err)
		_, err = s.AcceptFulfilment(s.as(boss), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: id})
		require.NoError(t, err)
		bill, err := s.waybill(boss, id, "")
		require.NoError(t, err)
		require.Equal(t, []any{"~AA==", "$BB==", "#CC==", true}, []any{bill.Receiver.Name, bill.Receiver.Phone, bill.Receiver.Address, bill.Receiver.Ciphertext})
		require.Equal(t, []string{"", "", "T1"}, []string{bill.ShownName, bill.ShownPhone, bill.ExternalNo})
	})
}
