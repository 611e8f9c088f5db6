package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Fulfilment is what one location ships.
type Fulfilment struct{ ent.Schema }

// Mixin keeps a fulfilment to its location's organisation and the member who gets it.
func (Fulfilment) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.OrgOrMember("member_id")} }

// Fields of a fulfilment.
func (Fulfilment) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("order_id"), ref("member_id"), ref("seller_org"), column.Fixed("channel", 32), column.Fixed("way", 16),
		column.Fixed("location", 64), column.Fixed("location_name", 255), column.Text("state", 16), column.Text("carrier", 64), column.Text("tracking_no", 64),
		constant("created_us"), number("assigned_us"), number("accepted_us"), number("shipped_us"), number("received_us"),
		number("auto_receive_us"), number("return_until_us"), number("close_us"), number("version"), constant("no"),
		// When the order was placed: orders that a location ships are listed by time.
		number("placed_us"),
		number("picked_us"), number("packed_us"), number("delivered_us"), number("failed_us"), number("back_us"), number("shortened_us"),
		// What the service level asks, and whether it was kept; since when it is late, and when to look next.
		number("accept_by_us"), number("ship_by_us"), number("accept_late_us"), number("ship_late_us"), number("overdue_us"), number("due_us"), number("collect_until_us"),
		field.Int64("pick_by_us").Optional(), field.Int64("pick_late_us").Optional(),
		// Why the goods could not be handed over.
		column.Text("failure", 200),
		// The parcel in which it travels with others.
		short("merged", column.IDLen),
	}
}

// Indexes of a fulfilment: lists and timers.
func (Fulfilment) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("order_id", "no").Unique(),
		index.Fields("location", "state", "created_us", "id"),
		index.Fields("location", "created_us", "id"),
		index.Fields("location", "placed_us", "order_id"),
		index.Fields("org", "created_us", "id"),
		index.Fields("created_us", "id"),
		index.Fields("state", "auto_receive_us"),
		index.Fields("state", "close_us"),
		index.Fields("due_us", "id"),
		index.Fields("location", "due_us", "id"),
		index.Fields("state", "collect_until_us"),
		index.Fields("overdue_us", "id"),
	}
}

// FulfilmentLine is pieces of one order line, of one owner.
type FulfilmentLine struct{ ent.Schema }

// Mixin keeps a fulfilment's line to the location's organisation.
func (FulfilmentLine) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a fulfilment's line.
func (FulfilmentLine) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("fulfilment_id"), key("order_id"), key("line_id"), column.Fixed("sku", 64), titles(), number("quantity"),
		number("returned_quantity"), column.Fixed("owner", 64), column.Fixed("reservation_id", 64), constant("settlement_minor"), constant("fee_minor"),
		constant("no"),
		// When the fulfilment was made: fulfilments of a SKU are listed by time.
		number("created_us"),
	}
}

// Indexes of a fulfilment's line: the fulfilment's, the order's, the fulfilments of a SKU.
func (FulfilmentLine) Indexes() []ent.Index {
	return []ent.Index{index.Fields("fulfilment_id", "no").Unique(), index.Fields("order_id"), index.Fields("sku", "created_us", "fulfilment_id")}
}

// GoodsReturn is goods that come back.
type GoodsReturn struct{ ent.Schema }

// Mixin keeps a return to the order's seller.
func (GoodsReturn) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a return.
func (GoodsReturn) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("order_id"), constant("no"), column.Text("state", 16), column.Fixed("reason", 800), column.Text("location", 64),
		// References of pictures; why the seller refused; the parcel that brings the goods.
		field.JSON("pictures", []string{}).Optional().Immutable(), column.Text("refusal", 800), column.Text("carrier", 64), column.Text("tracking_no", 64),
		field.JSON("exchange", []biz.ExchangeWish{}).Optional().Immutable(), column.Text("exchange_order", column.IDLen),
		field.Bool("refund_only").Default(false), column.Text("cash_at", 64), number("freight_minor"), number("gift_minor"), number("sent_us"), number("refund_minor"), number("points_back"),
		constant("requested_us"), number("approved_us"), number("received_us"), number("done_us"),
	}
}

// Indexes of a return: its order's, and lists.
func (GoodsReturn) Indexes() []ent.Index {
	return []ent.Index{index.Fields("order_id", "no").Unique(), index.Fields("state", "requested_us"), index.Fields("requested_us", "id")}
}

// ReturnLine is pieces of one fulfilment line.
type ReturnLine struct{ ent.Schema }

// Mixin keeps a return's line to the order's seller.
func (ReturnLine) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a return's line.
func (ReturnLine) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("return_id"), key("order_id"), key("line_id"), key("fulfilment_line_id"), column.Fixed("sku", 64),
		constant("quantity"), number("damaged"), number("missing"), number("forgiven"), number("refund_minor"), number("points_back"), constant("no"),
	}
}

// Indexes of a return's line.
func (ReturnLine) Indexes() []ent.Index {
	return []ent.Index{index.Fields("return_id", "no").Unique(), index.Fields("order_id")}
}
