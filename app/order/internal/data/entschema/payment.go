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
		constant("expires_us"), constant("created_us"), number("ask_us"),
	}
}

// Indexes of a payment: its order's, and those to ask about.
func (Payment) Indexes() []ent.Index {
	return []ent.Index{index.Fields("order_id", "no").Unique(), index.Fields("ask_us")}
}

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
		column.Text("failure", 255), number("round"),
	}
}

// Indexes of a refund.
func (Refund) Indexes() []ent.Index {
	return []ent.Index{index.Fields("order_id", "no").Unique(), index.Fields("state", "next_us")}
}

// SandboxEntry is a line in the books of the sandbox payment provider: it is somebody else's, and only kept here.
type SandboxEntry struct{ ent.Schema }

// Mixin keeps the books to services.
func (SandboxEntry) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Hooks keep entries as they are.
func (SandboxEntry) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Fields of an entry. The id is that of the payment, which is paid or closed once, or the number of the refund.
func (SandboxEntry) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", 64), key("payment_id"), column.Fixed("kind", 16), column.Fixed("transaction_no", 160), constant("amount_minor"),
		column.Fixed("currency", 3), column.Fixed("payee", 128), constant("at_us"),
	}
}

// Indexes of entries: a payment's.
func (SandboxEntry) Indexes() []ent.Index { return []ent.Index{index.Fields("payment_id")} }
