package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Order is an order. A member sees its own.
type Order struct{ ent.Schema }

// Mixin keeps an order to its seller and its member.
func (Order) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.OrgOrMember("member_id")} }

// Fields of an order.
func (Order) Fields() []ent.Field {
	return []ent.Field{
		key("id"), ref("member_id"), column.Fixed("kind", 16), column.Fixed("channel", 32),
		// Number in the channel; the order's own id where the channel gives none.
		column.Fixed("source_no", 160),
		// The number that the channel itself gave: of a till without its store, none in the mall.
		column.Text("external_no", 160),
		column.Fixed("shop_store", 64), column.Text("state", 16), column.Fixed("currency", 3),
		constant("goods_minor"), constant("discount_minor"), constant("freight_minor"), constant("total_minor"),
		constant("points"), constant("points_amount_minor"), number("captured_minor"), number("refunded_minor"), number("freight_refunded_minor"), number("gift_charged_minor"),
		// Of a replacement: the order and the return that it is for, and what that will bring in.
		ref("origin_order"), ref("origin_return"), number("credit_minor"),
		column.Fixed("merchant_account", 128), field.JSON("attributions", []biz.Attribution{}).Optional().Immutable(),
		column.Text("way", 16), column.Text("pickup_store", 64),
		// JSON of the receiver; personal data. In clear only in rows without a phone key: older versions kept it so.
		field.Bytes("receiver").Optional().MaxLen(8 << 10),
		field.Bytes("receiver_cipher").Optional().MaxLen(16 << 10), column.Text("phone_key", 64),
		column.Fixed("remark", 2000), column.Fixed("device", 64), column.Fixed("clerk", 64), column.Fixed("fingerprint", 64),
		constant("placed_us"), number("paid_us"), constant("pay_until_us"), constant("ship_by_us"), number("updated_us"),
		// What promotions took off the freight.
		field.JSON("freight_discounts", []biz.Discount{}).Optional().Immutable(),
		// What was promised about receipt and returns; absent: before it was frozen.
		field.JSON("return_terms", &biz.ReturnTerms{}).Optional().Immutable(),
		// In the goods; on top: unit prices are without it.
		constant("tax_minor"), field.Bool("tax_on_top").Default(false).Immutable(),
		field.Bool("unallocated").Default(false), number("allocate_attempt"), number("allocate_at_us"), number("version"),
		// Since when, and by when, the buyer of a pickup has to choose.
		number("asked_us"), number("choose_by_us"),
		// Until when stock is held for a payment; 0: as configured.
		field.Int64("held_until_us").Optional().Immutable(),
		// The seller's at placement; empty: it had none.
		ref("tax_profile"),
		// How many invoices and red letters it has.
		number("invoice_count"),
		// How its last review stands; empty: it has none.
		short("review", 16),
		// A keyed hash of the address that the goods are delivered to; empty: none that may be matched.
		short("place_key", 64),
	}
}

// Indexes of an order: one order a number in a channel, lists, timers.
func (Order) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("org", "channel", "source_no").Unique(),
		index.Fields("placed_us", "id"),
		index.Fields("member_id", "placed_us", "id"),
		index.Fields("phone_key", "placed_us", "id"),
		index.Fields("external_no", "placed_us", "id"),
		index.Fields("org", "placed_us", "id"),
		index.Fields("shop_store", "placed_us", "id"),
		index.Fields("channel", "placed_us", "id"),
		index.Fields("state", "placed_us", "id"),
		index.Fields("state", "pay_until_us"),
		index.Fields("unallocated", "allocate_at_us"),
		index.Fields("state", "choose_by_us"),
		index.Fields("place_key", "placed_us"),
	}
}

// OrderLine is a line with its frozen shares.
type OrderLine struct{ ent.Schema }

// Mixin keeps a line to the order's seller.
func (OrderLine) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a line.
func (OrderLine) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("order_id"), constant("no"), column.Fixed("sku", 64), titles(), column.Fixed("tax_class", 64),
		field.Bool("returnable").Default(false).Immutable(),
		constant("quantity"), constant("unit_minor"), constant("gross_minor"), constant("discount_minor"), constant("payable_minor"),
		constant("points_amount_minor"), constant("points"),
		// What makes up discount_minor, and who bears it; the promotion that gives the line away.
		field.JSON("discounts", []biz.Discount{}).Optional().Immutable(), ref("gift_of"),
		// What earned the gift.
		field.JSON("earned", &biz.Earned{}).Optional().Immutable(),
		constant("tax_bp"), constant("tax_minor"),
		// What the line brings its seller; absent: before it was frozen.
		field.Int64("receipts_minor").Optional().Nillable().Immutable(),
		number("returned_quantity"), number("cancelled_quantity"), number("refunded_minor"), number("points_back"),
		// When the order was placed: orders of a SKU are listed by time.
		number("placed_us"),
	}
}

// Indexes of a line: the order's, the orders of a SKU.
func (OrderLine) Indexes() []ent.Index {
	return []ent.Index{index.Fields("order_id", "no").Unique(), index.Fields("sku", "placed_us", "order_id")}
}

// OrderEvent is a row of an order's history.
type OrderEvent struct{ ent.Schema }

// Mixin keeps history to the order's seller.
func (OrderEvent) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Hooks keep history append-only.
func (OrderEvent) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Fields of an event.
func (OrderEvent) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("order_id"), constant("version"), column.Fixed("subject", 16), key("subject_id"), column.Fixed("event", 16),
		column.Fixed("from_state", 16), column.Fixed("to_state", 16), column.Fixed("actor", 128), column.Fixed("note", 1000), constant("at_us"),
	}
}

// Indexes of an event.
func (OrderEvent) Indexes() []ent.Index {
	return []ent.Index{index.Fields("order_id", "version").Unique()}
}
