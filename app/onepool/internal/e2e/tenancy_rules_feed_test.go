package e2e

import (
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

var feedRules = map[string]map[string]rule{
	"onepool.inventory.v1.StockFeed": {
		// Whose shelves changed is for those whose they are; channels are told totals.
		"ListStockChanges": {sees: f1staff + "f1other device " + hq, own: "dealer " + strangers + channels, mark: storeOf, ask: func(o objects) proto.Message {
			return &inventoryv1.ListStockChangesRequest{Skus: []string{o.SKU}, Begin: inventoryv1.FeedBegin_BEGIN_OLDEST, Limit: 200}
		}},
		// Of headquarters' account: the other one has none of that id.
		"PutWebhook": {may: "channel " + editors, none: "channel2", ask: func(o objects) proto.Message {
			return &inventoryv1.PutWebhookRequest{RequestId: id(), Id: o.Webhook, Url: "https://shop.example/stock"}
		}},
		"ListWebhooks": {sees: "channel " + editors, own: "channel2", mark: webhookOf, ask: func(objects) proto.Message {
			return &inventoryv1.ListWebhooksRequest{PageSize: 200}
		}},
		// Each time another one: those who may do it one after the other.
		"DeleteWebhook": {may: "channel " + editors, none: "channel2", ask: func(o objects) proto.Message {
			return &inventoryv1.DeleteWebhookRequest{RequestId: id(), Id: o.Doomed[deleted.Add(1)%int64(len(o.Doomed))]}
		}},
	},
}

var deleted atomic.Int64

func webhookOf(o objects) string { return o.Webhook }
