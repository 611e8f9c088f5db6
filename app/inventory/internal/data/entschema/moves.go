package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
)

// Transfer moves stock from one location to another.
type Transfer struct{ ent.Schema }

// Annotations name the table.
func (Transfer) Annotations() []schema.Annotation { return column.Raw("transfers") }

// Fields of a transfer.
func (Transfer) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("number", column.CodeLen), // the paper's
		column.Key("from_location", column.CodeLen),
		column.Key("to_location", column.CodeLen),
		column.Key("from_org", column.IDLen),
		column.Key("to_org", column.IDLen),
		field.Int8("state"),
		field.Bytes("lines"), // JSON: SKU, owner, lot; wanted, sent, received, missing, damaged
		field.Int64("version").Default(1),
		column.Text("note", nameLen),
		column.Text("created_by", 128),
		field.Int64("created_us").Immutable(),
		field.Int64("sent_us").Default(0),
		field.Int64("received_us").Default(0),
		field.Int64("expected_us").Default(0),
		field.Int64("updated_us"),
	}
}

// Indexes of transfers.
func (Transfer) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("from_org", "number").Unique(),
		index.Fields("number"),
		index.Fields("created_us", "id"),
		index.Fields("to_location", "state", "expected_us"),
		index.Fields("from_location", "state"),
	}
}

// Stocktake counts what is on the shelves of a location.
type Stocktake struct{ ent.Schema }

// Annotations name the table.
func (Stocktake) Annotations() []schema.Annotation { return column.Raw("stocktakes") }

// Fields of a stocktake.
func (Stocktake) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("org", column.IDLen),
		column.Key("location", column.CodeLen),
		field.Bool("blind").Immutable(),  // counters do not see the books
		field.Bool("frozen").Immutable(), // nothing is promised online from what is being counted
		field.Int8("state"),
		field.Int64("version").Default(1),
		column.Text("note", nameLen),
		column.Text("created_by", 128),
		column.Text("submitted_by", 128),
		column.Text("decided_by", 128),
		field.Int64("created_us").Immutable(),
		field.Int64("updated_us"),
	}
}

// Indexes of stocktakes.
func (Stocktake) Indexes() []ent.Index {
	return []ent.Index{index.Fields("created_us", "id"), index.Fields("location", "state")}
}

// StocktakeLine is a stock row, or a lot of it, that is counted.
type StocktakeLine struct{ ent.Schema }

// Annotations name the table.
func (StocktakeLine) Annotations() []schema.Annotation { return column.Raw("stocktake_lines") }

// Fields of a line.
func (StocktakeLine) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id"),
		column.Key("stocktake", column.IDLen),
		column.Key("sku", column.CodeLen),
		column.Key("owner", column.CodeLen),
		column.Fixed("batch", column.CodeLen),
		field.Int64("counted").Optional().Nillable(), // nil: not counted yet
		field.Int64("book").Default(0),               // on hand at the moment of the count
		field.Int64("seq").Default(0),                // last movement at that moment: what came later is added
		column.Text("counted_by", 128),
		field.Int64("counted_us").Default(0),
		field.Int64("difference").Default(0), // booked on approval
	}
}

// Indexes of lines.
func (StocktakeLine) Indexes() []ent.Index {
	return []ent.Index{index.Fields("stocktake", "sku", "owner", "batch").Unique(), index.Fields("sku", "owner", "stocktake")}
}

// StocktakeCount is one count of a line by one person. Only inserted: who has counted does not decide.
type StocktakeCount struct{ ent.Schema }

// Annotations name the table.
func (StocktakeCount) Annotations() []schema.Annotation { return column.Raw("stocktake_counts") }

// Fields of a count.
func (StocktakeCount) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id"),
		column.Key("stocktake", column.IDLen),
		column.Key("sku", column.CodeLen),
		column.Key("owner", column.CodeLen),
		column.Fixed("batch", column.CodeLen),
		field.Int64("counted").Immutable(),
		field.Int64("book").Immutable(), // on hand at that moment
		field.Int64("seq").Immutable(),  // last movement at that moment
		column.Key("actor", 128),
		column.Fixed("request", column.CodeLen), // request id of the command
		field.Int64("at_us").Immutable(),
	}
}

// Indexes of counts.
func (StocktakeCount) Indexes() []ent.Index {
	return []ent.Index{index.Fields("stocktake", "actor"), index.Fields("stocktake", "sku", "owner", "batch")}
}
