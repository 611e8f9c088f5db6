package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// Payment is money that was asked for.
type Payment struct{ ent.Schema }

// Mixin keeps a payment to the order's seller.
func (Payment) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a payment.
func (Payment) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("order_id"), constant("no"), column.Fixed("provider", 32), column.Text("state", 16), constant("amount_minor"), column.Fixed("payee", 128),
		constant("expires_us"), constant("created_us"),
	}
}

// Indexes of a payment.
func (Payment) Indexes() []ent.Index { return []ent.Index{index.Fields("order_id", "no").Unique()} }

// Capture is one transaction of a provider. The unique key makes it one effect.
type Capture struct{ ent.Schema }

// Mixin keeps a capture to the order's seller.
func (Capture) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a capture.
func (Capture) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("order_id"), key("payment_id"), constant("no"), column.Fixed("provider", 32), column.Fixed("transaction_no", 160),
		constant("amount_minor"), column.Fixed("currency", 3), column.Fixed("payee", 128), number("refunded_minor"), constant("at_us"),
	}
}

// Indexes of a capture.
func (Capture) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("org", "provider", "transaction_no").Unique(),
		index.Fields("order_id", "no").Unique(),
	}
}

// Refund is money that goes back.
type Refund struct{ ent.Schema }

// Mixin keeps a refund to the order's seller.
func (Refund) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a refund.
func (Refund) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("order_id"), key("capture_id"), constant("no"), ref("return_id"), column.Fixed("reason", 16), column.Text("state", 16),
		constant("amount_minor"), column.Text("reference", 160), number("attempts"), number("next_us"), constant("created_us"), number("done_us"),
	}
}

// Indexes of a refund.
func (Refund) Indexes() []ent.Index {
	return []ent.Index{index.Fields("order_id", "no").Unique(), index.Fields("state", "next_us")}
}
