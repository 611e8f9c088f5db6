// Package entschema has a field of each kind that centers use.
package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/tenancy"
)

// Kind has a field of each kind.
type Kind struct{ ent.Schema }

// Mixin keeps a row to its organisation.
func (Kind) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of each kind.
func (Kind) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(40).NotEmpty().Immutable().Annotations(entsql.Annotation{Size: 40}),
		field.JSON("titles", map[string]string{}),
		field.JSON("tags", []string{}).Optional(),
		field.Text("note").Optional(),
		field.Bytes("secret").Optional().MaxLen(4096),
		field.Bool("active").Default(true),
		field.Enum("state").Values("open", "done").Default("open"),
		field.Float("lat"),
		field.Int("n").Optional().Nillable(),
		field.Int32("small").Default(1),
		field.String("plain").Default("a'b"),
		field.Int64("position").Optional().Nillable().Unique(),
	}
}

// Indexes of kinds.
func (Kind) Indexes() []ent.Index {
	return []ent.Index{index.Fields("org", "state", "n"), index.Fields("active")}
}
