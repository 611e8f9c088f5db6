package e2e

import (
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

func init() {
	rules["onepool.order.v1.TradeEvents"] = map[string]rule{
		"ListTradeEvents": {sees: f1staff + "dealer operator admin ", own: "f1other dealer2 " + f2 + directs + channels, ask: func(objects) proto.Message {
			return &orderv1.ListTradeEventsRequest{Begin: orderv1.TradeEventsBegin_TRADE_EVENTS_OLDEST, Limit: 200}
		}},
		// There is none of these ids: whose a subscription is, the center's own tests say.
		"PutEventWebhook": {none: channels + editors, ask: func(objects) proto.Message {
			return &orderv1.PutEventWebhookRequest{RequestId: id(), Id: "whk_nobodys", Url: "https://shop.example/orders"}
		}},
		"ListEventWebhooks": {own: channels + editors, ask: func(objects) proto.Message { return &orderv1.ListEventWebhooksRequest{PageSize: 200} }},
		"DeleteEventWebhook": {none: channels + editors, ask: func(objects) proto.Message {
			return &orderv1.DeleteEventWebhookRequest{RequestId: id(), Id: "whk_nobodys"}
		}},
	}
}
