package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Review is one time that an order was stopped for a person.
type Review struct{ ent.Schema }

// Mixin keeps a review to the order's seller.
func (Review) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a review. Held from when the order was paid; due is when silence counts as an answer, 0: never.
func (Review) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("order_id"), constant("no"), column.Text("state", 16), column.Fixed("channel", 32), column.Fixed("shop_store", 64),
		field.JSON("hits", []biz.ReviewHit{}).Optional().Immutable(), column.Fixed("reason", 800), column.Fixed("opened_by", 128),
		constant("opened_us"), number("held_us"), number("due_us"), number("escalated_us"), number("done_us"), column.Text("done_by", 128), column.Text("answer", 800),
	}
}

// Indexes of a review: the order's, lists, and the timer.
func (Review) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("order_id", "no").Unique(), index.Fields("state", "held_us", "id"), index.Fields("org", "state", "held_us", "id"), index.Fields("state", "due_us"),
	}
}

// ReviewRule is one version of a rule by which orders are held, from a moment on.
type ReviewRule struct{ ent.Schema }

// Mixin keeps a rule to the organisation that made it.
func (ReviewRule) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Hooks keep rules as they are.
func (ReviewRule) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Fields of a rule.
func (ReviewRule) Fields() []ent.Field {
	return []ent.Field{
		key("id"), column.Key("code", column.CodeLen), constant("version"), constant("from_us"), field.Bytes("terms").MaxLen(256 << 10).Immutable(),
		column.Fixed("changed_by", 128), constant("changed_us"),
	}
}

// Indexes of a rule: one for each version.
func (ReviewRule) Indexes() []ent.Index {
	return []ent.Index{index.Fields("org", "code", "version").Unique()}
}

// OrderRemark is what somebody of the seller's has written on an order.
type OrderRemark struct{ ent.Schema }

// Mixin keeps a remark to the order's seller.
func (OrderRemark) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Hooks keep remarks as they were written.
func (OrderRemark) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Fields of a remark.
func (OrderRemark) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("order_id"), column.Fixed("text", 1000), column.Fixed("flag", 16), field.Bool("internal").Default(false).Immutable(),
		column.Fixed("actor", 128), constant("at_us"),
	}
}

// Indexes of a remark: the order's, by time.
func (OrderRemark) Indexes() []ent.Index { return []ent.Index{index.Fields("order_id", "at_us", "id")} }
