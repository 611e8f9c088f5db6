package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Parcel is a part of a fulfilment that travels by itself.
type Parcel struct{ ent.Schema }

// Mixin keeps a parcel to the location's organisation.
func (Parcel) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a parcel. What is in it never changes.
func (Parcel) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("fulfilment_id"), key("order_id"), constant("no"), column.Text("state", 16), column.Text("carrier", 64), column.Text("tracking_no", 64),
		field.JSON("lines", []biz.ParcelLine{}).Immutable(),
		constant("made_us"), number("shipped_us"), number("delivered_us"), number("failed_us"), number("back_us"),
		// Why it could not be handed over.
		column.Text("failure", 200),
	}
}

// Indexes of a parcel.
func (Parcel) Indexes() []ent.Index {
	return []ent.Index{index.Fields("fulfilment_id", "no").Unique(), index.Fields("order_id")}
}
