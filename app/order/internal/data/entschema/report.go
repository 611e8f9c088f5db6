package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// ShippingReport is what another platform has to be told: goods of an order of its own have left under a number.
type ShippingReport struct{ ent.Schema }

// Mixin keeps a report to the order's seller.
func (ShippingReport) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a report. Nothing of it changes, except that it is acknowledged.
func (ShippingReport) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("order_id"), column.Fixed("channel", 32), column.Fixed("external_no", 160), key("fulfilment_id"), ref("parcel_id"),
		column.Fixed("carrier", 64), column.Fixed("tracking_no", 64), field.JSON("lines", []biz.ReportedLine{}).Immutable(), constant("at_us"),
		// 0: not yet.
		number("acknowledged_us"), column.Text("acknowledged_by", 128),
	}
}

// Indexes of a report: what a channel has not acknowledged, the oldest first.
func (ShippingReport) Indexes() []ent.Index {
	return []ent.Index{index.Fields("channel", "acknowledged_us", "at_us", "id"), index.Fields("order_id")}
}
