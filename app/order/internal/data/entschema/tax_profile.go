package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// TaxProfile is one version of who a seller is to the tax office from a moment on.
type TaxProfile struct{ ent.Schema }

// Mixin keeps a profile to its organisation.
func (TaxProfile) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Hooks keep profiles as they are: orders name them.
func (TaxProfile) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Fields of a profile.
func (TaxProfile) Fields() []ent.Field {
	return []ent.Field{
		key("id"), column.Fixed("taxpayer", 32), column.Fixed("tax_no", 32), column.Fixed("title", 100), column.Fixed("invoice_when", 16), constant("request_days"),
		constant("from_us"), constant("version"), field.Bool("withdrawn").Default(false).Immutable(), column.Fixed("changed_by", 128), constant("changed_us"),
	}
}

// Indexes of profiles: one for each version, and what is new.
func (TaxProfile) Indexes() []ent.Index {
	return []ent.Index{index.Fields("org", "from_us", "version").Unique(), index.Fields("changed_us")}
}
