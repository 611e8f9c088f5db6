package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// Promotion is the latest version of a promotion, and what orders hold of its budget and quota.
type Promotion struct{ ent.Schema }

// Mixin lets headquarters and services write promotions.
func (Promotion) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Fields of a promotion. Limits and window repeat what the terms say: they are asked for by statements.
func (Promotion) Fields() []ent.Field {
	return []ent.Field{
		key("id"), number("version"), field.Bool("ended").Default(false), field.Bytes("terms").MaxLen(1 << 20), number("until_us"),
		number("budget_minor"), number("quota"), number("per_buyer"), number("used_minor"), number("used_quantity"), number("claimed"),
		column.Text("changed_by", 128), number("changed_us"),
	}
}

// Indexes of promotions: those in use.
func (Promotion) Indexes() []ent.Index { return []ent.Index{index.Fields("ended", "until_us")} }

// PromotionVersion keeps what a promotion once said.
type PromotionVersion struct{ ent.Schema }

// Mixin lets headquarters and services write versions.
func (PromotionVersion) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Hooks keep versions as they are.
func (PromotionVersion) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Fields of a version.
func (PromotionVersion) Fields() []ent.Field {
	return []ent.Field{key("id"), key("promotion"), constant("version"), field.Bytes("terms").MaxLen(1 << 20).Immutable(), column.Fixed("changed_by", 128), constant("changed_us")}
}

// Indexes of versions.
func (PromotionVersion) Indexes() []ent.Index {
	return []ent.Index{index.Fields("promotion", "version").Unique()}
}

// PromotionUse is what an order holds of a promotion's budget or quota. A placement that is tried again under another
// transaction holds it again.
type PromotionUse struct{ ent.Schema }

// Mixin keeps uses to services.
func (PromotionUse) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Fields of a use.
func (PromotionUse) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("gid"), key("order_id"), key("promotion"), constant("version"), ref("member_id"), number("amount_minor"), number("quantity"),
		field.Bool("given_back").Default(false), constant("at_us"),
	}
}

// Indexes of uses.
func (PromotionUse) Indexes() []ent.Index {
	return []ent.Index{index.Fields("gid", "promotion").Unique(), index.Fields("order_id"), index.Fields("promotion", "given_back")}
}

// PromotionBuyer is how many pieces of a flash sale a member holds.
type PromotionBuyer struct{ ent.Schema }

// Mixin keeps counts to services.
func (PromotionBuyer) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Fields of a count.
func (PromotionBuyer) Fields() []ent.Field {
	return []ent.Field{key("id"), key("promotion"), key("member_id"), number("quantity")}
}

// Indexes of counts.
func (PromotionBuyer) Indexes() []ent.Index {
	return []ent.Index{index.Fields("promotion", "member_id").Unique(), index.Fields("member_id")}
}

// Coupon opens a promotion to a member, for one order.
type Coupon struct{ ent.Schema }

// Mixin keeps coupons to services: who may see one is asked by its member.
func (Coupon) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Fields of a coupon.
func (Coupon) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("promotion"), key("member_id"), column.Text("state", 16), constant("claimed_us"), constant("expires_us"),
		column.Text("order_id", column.IDLen), column.Text("gid", column.IDLen),
	}
}

// Indexes of coupons: a member's, how many a member has of a promotion, an order's.
func (Coupon) Indexes() []ent.Index {
	return []ent.Index{index.Fields("member_id", "claimed_us", "id"), index.Fields("promotion", "member_id"), index.Fields("order_id")}
}
