package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// UnmatchedPayment is money at a provider that no order could take.
type UnmatchedPayment struct{ ent.Schema }

// Mixin keeps it to headquarters and services: whose it is has to be found out.
func (UnmatchedPayment) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Fields of such money.
func (UnmatchedPayment) Fields() []ent.Field {
	return []ent.Field{
		key("id"), column.Fixed("provider", 32), column.Fixed("payee", 128), column.Fixed("payment_id", 64), ref("order_id"), column.Fixed("transaction_no", 160),
		constant("amount_minor"), column.Fixed("currency", 3), column.Fixed("why", 16), column.Text("state", 16), number("round"), number("attempts"), number("next_us"),
		column.Text("reference", 160), column.Text("failure", 255), column.Text("decided_by", 128), column.Text("note", 500),
		constant("found_us"), number("decided_us"), number("ended_us"), number("version"),
	}
}

// Indexes of such money: once for each transaction; lists, the timer.
func (UnmatchedPayment) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("provider", "transaction_no").Unique(), index.Fields("state", "next_us"), index.Fields("state", "found_us", "id"), index.Fields("found_us", "id"),
	}
}
