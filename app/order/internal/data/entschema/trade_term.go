package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// TradeTerm is one version of terms that orders are priced by from a moment on: tax rates, freight, times to pay.
type TradeTerm struct{ ent.Schema }

// Mixin lets headquarters and services write terms.
func (TradeTerm) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Hooks keep terms as they are.
func (TradeTerm) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Fields of terms. Scope says what they are for, as their kind writes it.
func (TradeTerm) Fields() []ent.Field {
	return []ent.Field{
		key("id"), column.Fixed("kind", 16), column.Fixed("scope", 128), constant("from_us"), constant("version"), field.Bytes("terms").MaxLen(1 << 20).Immutable(),
		column.Fixed("changed_by", 128), constant("changed_us"),
	}
}

// Indexes of terms: one for each version.
func (TradeTerm) Indexes() []ent.Index {
	return []ent.Index{index.Fields("kind", "scope", "from_us", "version").Unique()}
}
