package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/webhook/hookschema"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// TradeEvent is a change of an order as one organisation is told of it: the seller of all, a location's organisation of what
// concerns its fulfilments. position is empty at commit, then given in the order of commits, without gaps.
type TradeEvent struct{ ent.Schema }

// Mixin keeps an event to whom it is told.
func (TradeEvent) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Hooks keep events append-only.
func (TradeEvent) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Fields of an event.
func (TradeEvent) Fields() []ent.Field {
	return []ent.Field{
		key("id"), field.Int64("position").Optional().Nillable(), key("order_id"), ref("seller_org"),
		// The copy of a location's organisation that is not the seller.
		field.Bool("part").Default(false).Immutable(),
		constant("version"), column.Fixed("topic", 16), column.Fixed("state", 16), column.Fixed("kind", 16), column.Fixed("channel", 32),
		column.Fixed("shop_store", 64), ref("fulfilment_id"), column.Fixed("location", 64), constant("at_us"),
		field.JSON("body", biz.TradeBody{}).Immutable(),
	}
}

// Indexes of an event: one row a change, fulfilment and reader; the feed; the purge.
func (TradeEvent) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("order_id", "version", "fulfilment_id", "part").Unique(),
		index.Fields("position").Unique(),
		index.Fields("at_us"),
	}
}

// Webhook is a channel's subscription to what becomes of its orders.
type Webhook struct{ ent.Schema }

// Annotations name the table.
func (Webhook) Annotations() []schema.Annotation { return hookschema.Annotations() }

// Fields of a webhook.
func (Webhook) Fields() []ent.Field { return hookschema.Fields() }

// Indexes of webhooks.
func (Webhook) Indexes() []ent.Index { return hookschema.Indexes() }
