package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// PriceList says where, for whom and when its prices are. Its code is its key and its partition.
type PriceList struct{ ent.Schema }

// Mixin lets everybody read.
func (PriceList) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Fields of a list. What it is for never changes.
func (PriceList) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxRuneLen(64).Immutable().Annotations(entsql.Annotation{Size: 64}).Comment("business code"),
		field.String("name").MaxRuneLen(200),
		field.String("channel").MaxRuneLen(32).Immutable(),
		field.String("store").MaxRuneLen(64).Immutable(),
		field.String("region").MaxRuneLen(32).Immutable(),
		field.String("tier").MaxRuneLen(64).Immutable(),
		field.String("currency").MaxRuneLen(3).Immutable(),
		field.Int64("from_us"),
		field.Int64("until_us"),
		field.Int64("version"),
		field.String("changed_by").MaxRuneLen(128),
		field.Int64("changed_us"),
	}
}

// PriceEntry is what a list says of a SKU from a moment on.
type PriceEntry struct{ ent.Schema }

// Mixin lets everybody read.
func (PriceEntry) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Hooks keep entries as they are.
func (PriceEntry) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Fields of an entry.
func (PriceEntry) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		field.String("price_list").MaxRuneLen(64).Immutable(),
		field.String("sku").MaxRuneLen(64).Immutable(),
		field.Int64("from_us").Immutable(),
		field.Int64("version").Immutable(),
		field.Int64("price_minor").Immutable(),
		field.Bool("withdrawn").Immutable(),
		field.String("changed_by").MaxRuneLen(128).Immutable(),
		field.Int64("changed_us").Immutable(),
	}
}

// Indexes of entries: one for each version.
func (PriceEntry) Indexes() []ent.Index {
	return []ent.Index{index.Fields("sku", "price_list", "from_us", "version").Unique(), index.Fields("price_list", "sku", "from_us", "version")}
}
