package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// ReturnPolicy is a rule about returns, from a time on. Rules are only ever added.
type ReturnPolicy struct{ ent.Schema }

// Mixin lets headquarters and services write rules.
func (ReturnPolicy) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Hooks keep rules as they are.
func (ReturnPolicy) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Fields of a rule. An empty channel stands for those without a rule of their own.
func (ReturnPolicy) Fields() []ent.Field {
	return []ent.Field{
		key("id"), column.Fixed("channel", 32), constant("from_us"), constant("window_days"), constant("receive_days"), constant("delay_days"),
		constant("keep_goods_minor"), constant("freight"), constant("goodwill_alone_minor"), field.Bool("any_store").Default(false).Immutable(),
		column.Fixed("changed_by", 128), constant("changed_us"),
	}
}

// Indexes of rules: the one in force.
func (ReturnPolicy) Indexes() []ent.Index {
	return []ent.Index{index.Fields("channel", "from_us", "changed_us"), index.Fields("changed_us", "id")}
}
