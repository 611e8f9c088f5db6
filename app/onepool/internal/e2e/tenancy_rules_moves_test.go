package e2e

import (
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

// f1Second is the store of f1other.
const f1Second = "S-NJ-03"

// Whose goods they are and where they are says who may move and count them; the organisation's others may look.
var (
	looks   = f1staff + "f1other dealer device " + hq
	outside = members + channels + "f1other dealer " + strangers
)

func transferOf(o objects) string    { return o.Transfer }
func stocktakeOf(o objects) string   { return o.Stocktake }
func discrepancyOf(o objects) string { return o.Discrepancy }

func damage(o objects) proto.Message {
	return &inventoryv1.DamageRequest{RequestId: id(), Document: "DM-1", Reason: "torn", Location: o.Store, Sku: o.SKU, Quantity: 1}
}

func init() {
	rules["onepool.inventory.v1.Stockroom"] = map[string]rule{
		"MarkDamaged":     {may: "f1manager " + editors, none: outside, ask: damage},
		"RestoreDamaged":  {may: "f1manager " + editors, none: outside, ask: damage},
		"WriteOffDamaged": {may: "f1manager " + editors, none: outside, ask: damage},
		"WriteOffLot": {may: "f1manager " + editors, none: outside, ask: func(o objects) proto.Message {
			return &inventoryv1.DamageRequest{RequestId: id(), Document: "DM-2", Reason: "expired", Location: o.Store, Sku: o.SKU, Quantity: 1, Batch: "L-1"}
		}},
		"ListLots": {sees: looks, own: strangers, mark: func(objects) string { return "L-1" }, ask: func(o objects) proto.Message {
			return &inventoryv1.ListLotsRequest{Sku: o.SKU, PageSize: 200}
		}},
		"ListDiscrepancies": {sees: looks, own: strangers, mark: discrepancyOf, ask: func(objects) proto.Message {
			return &inventoryv1.ListDiscrepanciesRequest{PageSize: 200, ClosedToo: true}
		}},
		"CloseDiscrepancy": {may: "f1manager " + editors, none: strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.CloseDiscrepancyRequest{RequestId: id(), Id: o.Discrepancy}
		}},
	}
	rules["onepool.inventory.v1.Transfers"] = map[string]rule{
		// The other store may ask for goods.
		"CreateTransfer": {may: "f1manager f1other " + editors, none: members + channels + "dealer " + strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.CreateTransferRequest{RequestId: id(), FromLocation: o.Store, ToLocation: f1Second, Lines: []*inventoryv1.TransferWish{{Sku: o.SKU, Quantity: 1}}}
		}},
		"SendTransfer": {may: "f1manager " + editors, none: strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.SendTransferRequest{RequestId: id(), Id: o.Transfer}
		}},
		"ReceiveTransfer": {may: "f1other " + editors, none: strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.ReceiveTransferRequest{RequestId: id(), Id: o.Transfer, Lines: []*inventoryv1.TransferArrival{{Line: 1, Received: 1}}}
		}},
		"CancelTransfer": {may: "f1manager " + editors, none: strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.CancelTransferRequest{RequestId: id(), Id: o.Transfer}
		}},
		"GetTransfer": {sees: looks, none: strangers, mark: transferOf, ask: func(o objects) proto.Message {
			return &inventoryv1.GetTransferRequest{Id: o.Transfer}
		}},
		"ListTransfers": {sees: looks, own: strangers, mark: transferOf, ask: func(objects) proto.Message {
			return &inventoryv1.ListTransfersRequest{PageSize: 200}
		}},
	}
	rules["onepool.inventory.v1.Stocktakes"] = map[string]rule{
		"OpenStocktake": {may: "f1manager " + editors, none: outside, ask: func(o objects) proto.Message {
			return &inventoryv1.OpenStocktakeRequest{RequestId: id(), Location: o.Store, Skus: []string{o.SKU}}
		}},
		"CountStocktake": {may: "f1manager " + editors, none: strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.CountStocktakeRequest{RequestId: id(), Id: o.Stocktake, Counts: []*inventoryv1.StocktakeCount{{Sku: o.SKU, Counted: 400}}}
		}},
		"SubmitStocktake": {may: "f1manager " + editors, none: strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.SubmitStocktakeRequest{RequestId: id(), Id: o.Stocktake}
		}},
		"ApproveStocktake": {may: "f1manager " + editors, none: strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.DecideStocktakeRequest{RequestId: id(), Id: o.Stocktake}
		}},
		"RejectStocktake": {may: "f1manager " + editors, none: strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.RejectStocktakeRequest{RequestId: id(), Id: o.Stocktake}
		}},
		"CancelStocktake": {may: "f1manager " + editors, none: strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.DecideStocktakeRequest{RequestId: id(), Id: o.Stocktake}
		}},
		"GetStocktake": {sees: looks, none: strangers, mark: stocktakeOf, ask: func(o objects) proto.Message {
			return &inventoryv1.GetStocktakeRequest{Id: o.Stocktake}
		}},
		"ListStocktakeLines": {sees: looks, none: strangers, mark: func(o objects) string { return o.SKU }, ask: func(o objects) proto.Message {
			return &inventoryv1.ListStocktakeLinesRequest{Id: o.Stocktake}
		}},
		"ListStocktakes": {sees: looks, own: strangers, mark: stocktakeOf, ask: func(objects) proto.Message {
			return &inventoryv1.ListStocktakesRequest{PageSize: 200}
		}},
	}
}

// moves makes what the rules above are about.
func (w *world) moves() {
	t, o, all := w.t, &w.objects, w.admin.GRPC(w.ctx)
	transfers := inventoryv1.NewTransfersClient(w.grpc)
	_, err := w.admin.Inventory().ReceiveStock(w.ctx, &inventoryv1.ReceiveStockRequest{RequestId: client.RequestID(), Document: "PO-9", Lines: []*inventoryv1.StockLine{{Location: f1Second, Sku: o.SKU, Quantity: 5}}})
	require.NoError(t, err)
	_, err = w.admin.Inventory().ReceiveStock(w.ctx, &inventoryv1.ReceiveStockRequest{RequestId: client.RequestID(), Document: "PO-10", Lines: []*inventoryv1.StockLine{
		{Location: f1Store, Sku: o.SKU, Quantity: 50, Batch: "L-1", ProducedDay: 20000, ExpiresDay: 40000}}})
	require.NoError(t, err)
	plan := func(from, to string, qty int64) string {
		planned, err := transfers.CreateTransfer(all, &inventoryv1.CreateTransferRequest{RequestId: client.RequestID(), FromLocation: from, ToLocation: to,
			Lines: []*inventoryv1.TransferWish{{Sku: o.SKU, Quantity: qty}}})
		require.NoError(t, err)
		return planned.Id
	}
	lost := plan(f1Second, f1Store, 1)
	_, err = transfers.SendTransfer(all, &inventoryv1.SendTransferRequest{RequestId: client.RequestID(), Id: lost})
	require.NoError(t, err)
	_, err = transfers.ReceiveTransfer(all, &inventoryv1.ReceiveTransferRequest{RequestId: client.RequestID(), Id: lost, Last: true})
	require.NoError(t, err)
	listed, err := inventoryv1.NewStockroomClient(w.grpc).ListDiscrepancies(all, &inventoryv1.ListDiscrepanciesRequest{Location: f1Store, Kind: "TRANSFER_SHORT"})
	require.NoError(t, err)
	require.Len(t, listed.Discrepancies, 1)
	o.Discrepancy, o.Transfer = listed.Discrepancies[0].Id, plan(f1Store, f1Second, 100)
	opened, err := inventoryv1.NewStocktakesClient(w.grpc).OpenStocktake(all, &inventoryv1.OpenStocktakeRequest{RequestId: client.RequestID(), Location: f1Store, Skus: []string{o.SKU}})
	require.NoError(t, err)
	o.Stocktake = opened.Id
	promised, err := inventoryv1.NewPresalesClient(w.grpc).OpenPresale(all, &inventoryv1.OpenPresaleRequest{RequestId: client.RequestID(), Sku: o.SKU, Location: f1Store, Quota: 5, ArrivesUs: arrives})
	require.NoError(t, err)
	o.Presale = promised.Id
}
