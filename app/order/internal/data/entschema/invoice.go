package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Invoice is a tax invoice of an order, or a red letter of one.
type Invoice struct{ ent.Schema }

// Mixin keeps an invoice to the order's seller.
func (Invoice) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of an invoice.
func (Invoice) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("order_id"), constant("no"), column.Text("state", 16),
		// The invoice that a red letter takes back.
		ref("red_of"), ref("profile"), column.Fixed("moment", 16),
		// JSON of whom it is made out to, encrypted.
		field.Bytes("buyer_cipher").Optional().MaxLen(16 << 10),
		number("amount_minor"), number("tax_minor"), field.JSON("lines", []biz.InvoiceLine{}).Optional(),
		number("round"), number("asked_us"), number("accepted_us"), number("attempts"), number("next_us"), column.Text("failure", 64),
		column.Text("official_no", 64), column.Text("url", 500), column.Fixed("asked_by", 128), constant("requested_us"), number("issued_us"),
	}
}

// Indexes of an invoice: its order's, the timer's, lists.
func (Invoice) Indexes() []ent.Index {
	return []ent.Index{index.Fields("order_id", "no").Unique(), index.Fields("state", "next_us"), index.Fields("state", "requested_us"), index.Fields("requested_us", "id")}
}

// SandboxInvoice is what the sandbox issuer of invoices has in its books. It is another party's, and joined with nothing of ours.
type SandboxInvoice struct{ ent.Schema }

// Mixin lets services write the books.
func (SandboxInvoice) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Hooks keep the books as they are.
func (SandboxInvoice) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Fields of an entry: its id is the number that it was asked under.
func (SandboxInvoice) Fields() []ent.Field {
	return []ent.Field{
		key("id"), ref("red_of"), column.Fixed("fingerprint", 64), column.Fixed("refusal", 64), column.Fixed("message", 255), constant("amount_minor"), column.Fixed("official_no", 64), constant("at_us"),
	}
}

// Indexes of the books: the red letters of an invoice.
func (SandboxInvoice) Indexes() []ent.Index { return []ent.Index{index.Fields("red_of")} }
