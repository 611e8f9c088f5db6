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
		field.String("name").MaxRuneLen(nameLen),
		field.String("ownership").MaxRuneLen(16),
		field.String("address").MaxRuneLen(512),
		field.String("city").MaxRuneLen(nameLen),
		field.String("province").MaxRuneLen(nameLen),
		field.String("country").MaxRuneLen(64),
		field.String("postcode").MaxRuneLen(32),
		field.String("region").MaxRuneLen(32).Default("").Comment("administrative, code"),
		field.String("timezone").MaxRuneLen(64),
		field.Float("lat"),
		field.Float("lng"),
		field.String("opens").MaxRuneLen(5),
		field.String("closes").MaxRuneLen(5),
		field.String("capabilities").MaxRuneLen(64).Comment("joined by |, in a fixed order"),
		field.Bool("active"),
		field.Int64("updated_us").Comment("grows with every change"),
	}
}

// Indexes of a store.
func (Store) Indexes() []ent.Index {
	return []ent.Index{index.Fields("org", "id"), index.Fields("city", "id")}
}
