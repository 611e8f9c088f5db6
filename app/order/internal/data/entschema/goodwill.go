package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// Goodwill is money that a seller gives beyond the price.
type Goodwill struct{ ent.Schema }

// Mixin keeps goodwill to the order's seller.
func (Goodwill) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of goodwill.
func (Goodwill) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("order_id"), constant("no"), column.Text("state", 16), constant("amount_minor"), column.Fixed("way", 16), column.Fixed("reason", 800),
		column.Fixed("asked_by", 128), column.Text("approved_by", 128), column.Text("refusal", 800), column.Text("reference", 128),
		constant("asked_us"), number("approved_us"), number("done_us"),
	}
}

// Indexes of goodwill: its order's, and lists.
func (Goodwill) Indexes() []ent.Index {
	return []ent.Index{index.Fields("order_id", "no").Unique(), index.Fields("state", "asked_us"), index.Fields("asked_us", "id")}
}
