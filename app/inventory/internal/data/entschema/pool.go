package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/webhook/hookschema"
)

// The tables of the pool that only SQL works on: they are locked with stock rows, or written in bulk.

// Batch is a lot of a stock row: pieces with one production and expiry date.
type Batch struct{ ent.Schema }

// Annotations name the table.
func (Batch) Annotations() []schema.Annotation { return column.Raw("batches") }

// Fields of a lot. Dates are days since 1970-01-01; 0: not known.
func (Batch) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id"),
		column.Key("org", column.IDLen),
		column.Key("sku", column.CodeLen),
		column.Key("location", column.CodeLen),
		column.Key("owner", column.CodeLen),
		column.Key("code", column.CodeLen),
		field.Int64("produced_day").Default(0),
		field.Int64("expires_day").Default(0),
		field.Int64("expires_us").Default(0), // the first moment at which it is expired, in the location's zone; 0: never
		field.Int64("on_hand").Default(0),
		field.Int64("reserved").Default(0),
		field.Bool("blocked").Default(false),
		field.Int64("version").Default(0),
		field.Int64("updated_us").Default(0),
	}
}

// Indexes of lots.
func (Batch) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("sku", "location", "owner", "code").Unique(),
		index.Fields("blocked", "expires_us"),
	}
}

// SharingPolicy says what part of a location's stock a channel may sell.
type SharingPolicy struct{ ent.Schema }

// Annotations name the table.
func (SharingPolicy) Annotations() []schema.Annotation { return column.Raw("sharing_policies") }

// Fields of a sharing policy. A version is never changed; its end is.
func (SharingPolicy) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Text("channel", column.CodeLen), // empty: every channel
		field.Int8("place_kind").Immutable(),   // 0 everywhere, 1 store type, 2 region, 3 location
		column.Fixed("place", column.CodeLen),
		field.Int8("product_kind").Immutable(), // 0 everything, 1 category, 2 SKU
		column.Fixed("product", column.CodeLen),
		field.Int8("mode").Immutable(),   // all, percentage, exclusive quota, all but a buffer, none
		field.Int64("value").Immutable(), // basis points or pieces
		field.Int64("from_us").Immutable(),
		field.Int64("until_us").Default(0),                                  // give-back time of a quota; 0: until it is ended
		field.String("live_key").Optional().Nillable().Unique().MaxLen(200), // channel, place and product while it is in force: two equal ones cannot be
		column.Text("created_by", 128),
		field.Int64("created_us").Immutable(),
		field.Int64("ended_us").Default(0),
	}
}

// Indexes of sharing policies.
func (SharingPolicy) Indexes() []ent.Index {
	return []ent.Index{index.Fields("ended_us", "until_us"), index.Fields("created_us", "id")}
}

// Quota counts what a channel has drawn from its exclusive quota at one location.
type Quota struct{ ent.Schema }

// Annotations name the table.
func (Quota) Annotations() []schema.Annotation { return column.Raw("quotas") }

// Fields of a quota's count. used is what is held or was shipped from it; what is released comes back.
func (Quota) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id"),
		column.Key("policy", column.IDLen),
		column.Key("sku", column.CodeLen),
		column.Key("location", column.CodeLen),
		field.Int64("used").Default(0),
		field.Int64("version").Default(0),
		field.Int64("updated_us").Default(0),
	}
}

// Indexes of quotas.
func (Quota) Indexes() []ent.Index {
	return []ent.Index{index.Fields("sku", "location", "policy").Unique(), index.Fields("policy")}
}

// Kit is a sold SKU that consists of several stock SKUs.
type Kit struct{ ent.Schema }

// Annotations name the table.
func (Kit) Annotations() []schema.Annotation { return column.Raw("kits") }

// Fields of a kit; its id is the sold SKU.
func (Kit) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.CodeLen),
		field.Bytes("parts"), // JSON: stock SKU and pieces of it in one kit
		field.Bool("active").Default(true),
		field.Int64("version").Default(1),
		column.Text("changed_by", 128),
		field.Int64("updated_us"),
	}
}

// Presale promises stock that will arrive.
type Presale struct{ ent.Schema }

// Annotations name the table.
func (Presale) Annotations() []schema.Annotation { return column.Raw("presales") }

// Fields of a presale.
func (Presale) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("org", column.IDLen),
		column.Key("sku", column.CodeLen),
		column.Key("location", column.CodeLen), // where it will arrive
		column.Key("owner", column.CodeLen),
		field.Int64("quota"),
		field.Int64("used").Default(0),
		field.Int64("arrives_us"),
		field.Bool("open").Default(true),
		field.Int64("version").Default(0),
		column.Text("created_by", 128),
		field.Int64("created_us").Immutable(),
		field.Int64("updated_us"),
	}
}

// Indexes of presales.
func (Presale) Indexes() []ent.Index {
	return []ent.Index{index.Fields("sku", "open", "arrives_us"), index.Fields("created_us", "id")}
}

// StockChange says which stock rows a commit has changed: one row a commit, numbered afterwards.
type StockChange struct{ ent.Schema }

// Annotations name the table.
func (StockChange) Annotations() []schema.Annotation { return column.Raw("stock_changes") }

// Fields of a change.
func (StockChange) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		field.Int64("position").Optional().Nillable().Unique(),
		field.Bytes("body").Immutable(), // the rows as they are after the commit
		field.Int64("created_us").Immutable(),
	}
}

// Indexes of changes.
func (StockChange) Indexes() []ent.Index { return []ent.Index{index.Fields("created_us", "id")} }

// Moment is a time at which what may be promised becomes different by itself.
type Moment struct{ ent.Schema }

// Annotations name the table.
func (Moment) Annotations() []schema.Annotation { return column.Raw("moments") }

// Fields of a moment.
func (Moment) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id"),
		field.Int64("at_us").Immutable(),
		field.Int64("stock_id").Immutable().Default(0), // the row; 0: more than can be listed
	}
}

// Indexes of moments.
func (Moment) Indexes() []ent.Index { return []ent.Index{index.Fields("at_us")} }

// Webhook is a channel's subscription to changes of what it may sell.
type Webhook struct{ ent.Schema }

// Annotations name the table.
func (Webhook) Annotations() []schema.Annotation { return hookschema.Annotations() }

// Fields of a webhook.
func (Webhook) Fields() []ent.Field { return hookschema.Fields() }

// Indexes of webhooks.
func (Webhook) Indexes() []ent.Index { return hookschema.Indexes() }
