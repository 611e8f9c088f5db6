package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/tenancy"
)

// Store is a shop or a warehouse. Its id is its business code.
type Store struct{ ent.Schema }

// Mixin keeps it to its organisation.
func (Store) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a store.
func (Store) Fields() []ent.Field {
	return []ent.Field{
		key(codeLen),
		field.String("name").MaxLen(nameLen),
		field.String("ownership").MaxLen(16),
		field.String("address").MaxLen(512),
		field.String("city").MaxLen(nameLen),
		field.String("province").MaxLen(nameLen),
		field.String("country").MaxLen(64),
		field.String("postcode").MaxLen(32),
		field.String("timezone").MaxLen(64),
		field.Float("lat"),
		field.Float("lng"),
		field.String("opens").MaxLen(5),
		field.String("closes").MaxLen(5),
		field.String("capabilities").MaxLen(64).Comment("joined by |, in a fixed order"),
		field.Bool("active"),
		field.Int64("updated_us").Comment("grows with every change"),
	}
}

// Indexes of a store.
func (Store) Indexes() []ent.Index {
	return []ent.Index{index.Fields("org", "id"), index.Fields("city", "id")}
}
