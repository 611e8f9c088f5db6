// Package hookschema is the table of webhooks, for the ent schemas of centers that have some.
package hookschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
)

// Annotations name the table, which package hooks reads and writes.
func Annotations() []schema.Annotation { return column.Raw("webhooks") }

// Fields of a webhook.
func Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("org", column.IDLen),
		column.Key("channel", column.CodeLen),
		column.Key("url", 500),
		field.Bytes("secret"), // signs what is sent
		field.Int64("coalesce_ms"),
		field.Bool("active").Default(true),
		field.Int64("position").Default(0), // up to where it has been told
		field.Int64("failures").Default(0), // in a row
		field.Int64("next_us").Default(0),  // not before
		column.Text("last_error", 200),
		column.Text("lease_owner", column.CodeLen),
		field.Int64("lease_until_us").Default(0),
		field.Int64("created_us").Immutable(),
		field.Int64("updated_us"),
	}
}

// Indexes of webhooks.
func Indexes() []ent.Index {
	return []ent.Index{index.Fields("active", "next_us"), index.Fields("org", "created_us", "id")}
}
