// Package entschema is the smallest schema that has each tenancy rule: the tests of the storage packages run on it.
package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/tenancy"
)

// Note is a row of an organisation that a member may see as its own.
type Note struct{ ent.Schema }

// Mixin keeps a note to its organisation and its member.
func (Note) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.OrgOrMember("member")} }

// Fields of a note.
func (Note) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(40).NotEmpty().Immutable().Annotations(entsql.Annotation{Size: 40}),
		field.String("member").MaxLen(40).Optional().Annotations(entsql.Annotation{Size: 40}),
		field.String("code").MaxLen(64).Annotations(entsql.Annotation{Size: 64}),
		field.Int64("qty").Default(0),
		field.Int64("created_us").Default(0),
	}
}

// Indexes of a note.
func (Note) Indexes() []ent.Index {
	return []ent.Index{index.Fields("org", "code").Unique()}
}

// Shelf is a row of an organisation.
type Shelf struct{ ent.Schema }

// Mixin keeps a shelf to its organisation.
func (Shelf) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a shelf.
func (Shelf) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(40).NotEmpty().Immutable().Annotations(entsql.Annotation{Size: 40}),
		field.String("sku").MaxLen(64).Annotations(entsql.Annotation{Size: 64}),
		field.Int64("on_hand").Default(0),
	}
}

// Indexes of a shelf.
func (Shelf) Indexes() []ent.Index {
	return []ent.Index{index.Fields("org", "sku").Unique()}
}

// Brand is readable by everyone.
type Brand struct{ ent.Schema }

// Mixin makes brands shared.
func (Brand) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Fields of a brand.
func (Brand) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(40).NotEmpty().Immutable().Annotations(entsql.Annotation{Size: 40}),
		field.String("name").MaxLen(200).Annotations(entsql.Annotation{Size: 200}),
	}
}
