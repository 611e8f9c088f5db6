// Package entschema is the product center's tables.
package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/tenancy"
)

// Sku is a thing that can be sold. Its code is its key and its partition.
type Sku struct{ ent.Schema }

// Mixin lets everybody read.
func (Sku) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Fields of a SKU.
func (Sku) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxRuneLen(64).Immutable().Annotations(entsql.Annotation{Size: 64}).Comment("business code"),
		field.String("spu").MaxRuneLen(64),
		field.String("barcode").MaxRuneLen(64).Comment("as printed"),
		field.String("gtin").MaxRuneLen(14).Optional().Nillable().Comment("barcode in 14 digits"),
		field.JSON("title", map[string]string{}),
		field.String("search").MaxRuneLen(1024).Comment("code, barcode and titles, folded"),
		field.String("category").MaxRuneLen(64),
		field.String("brand").MaxRuneLen(64).Default(""),
		field.String("tax_class").MaxRuneLen(32),
		field.Int64("price_minor"),
		field.String("currency").MaxRuneLen(3),
		field.Int64("weight_g"),
		field.Bool("returnable"),
		field.Bool("active"),
		field.Int64("updated_us"),
	}
}

// Indexes of a SKU.
func (Sku) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("gtin").Unique(),
		index.Fields("category", "id"),
	}
}
