package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
)

// Ruleset is a version of what an allocation goes by: a strategy, or a freight table.
type Ruleset struct{ ent.Schema }

// Annotations name the table.
func (Ruleset) Annotations() []schema.Annotation { return column.Raw("rulesets") }

// Fields of a ruleset. The body of a version that is not a draft never changes.
func (Ruleset) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id"),
		column.Key("kind", 16), // STRATEGY, FREIGHT
		column.Key("name", column.CodeLen),
		field.Int64("version").Immutable(),
		field.Int8("state"), // draft, active, archived
		field.Bytes("body"), // JSON
		field.String("active_key").Optional().Nillable().Unique().MaxLen(120), // kind and name while active: one version at a time
		field.Int64("revision").Default(1),                                    // grows with every change of a draft
		column.Text("created_by", 128),
		column.Text("activated_by", 128),
		field.Int64("created_us").Immutable(),
		field.Int64("updated_us"),
	}
}

// Indexes of rulesets.
func (Ruleset) Indexes() []ent.Index {
	return []ent.Index{index.Fields("kind", "name", "version").Unique(), index.Fields("kind", "state")}
}

// Assignment gives a part of a document to a location, until it ships or says no.
type Assignment struct{ ent.Schema }

// Annotations name the table.
func (Assignment) Annotations() []schema.Annotation { return column.Raw("assignments") }

// Fields of an assignment.
func (Assignment) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("org", column.IDLen), // of the location
		column.Key("document", column.CodeLen),
		column.Key("location", column.CodeLen),
		field.Int64("round").Immutable(),
		field.Int8("state"), // assigned, accepted, declined, timed out, released, done
		field.Int64("lines").Immutable(),
		field.Int64("capacity_day").Default(0), // days since 1970-01-01 in the location's zone; 0: none is counted
		field.Int64("answer_by_us").Default(0), // silence after it counts as a decline; 0: none
		column.Text("reason", nameLen),
		column.Text("actor", 128),
		field.Int64("version").Default(1),
		field.Int64("created_us").Immutable(),
		field.Int64("updated_us"),
	}
}

// Indexes of assignments.
func (Assignment) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("document", "location", "round").Unique(),
		index.Fields("state", "answer_by_us"),
		index.Fields("location", "created_us"),
		index.Fields("org", "created_us"),
	}
}

// Capacity counts what a location has been given for a day.
type Capacity struct{ ent.Schema }

// Annotations name the table.
func (Capacity) Annotations() []schema.Annotation { return column.Raw("capacities") }

// Fields of a day's count.
func (Capacity) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id"),
		column.Key("location", column.CodeLen),
		field.Int64("day").Immutable(), // days since 1970-01-01 in the location's zone
		field.Int64("orders").Default(0),
		field.Int64("lines").Default(0),
		field.Int64("version").Default(0),
		field.Int64("updated_us").Default(0),
	}
}

// Indexes of capacities.
func (Capacity) Indexes() []ent.Index {
	return []ent.Index{index.Fields("location", "day").Unique()}
}

// Simulation replays orders against a copy of the stock, under several strategies.
type Simulation struct{ ent.Schema }

// Annotations name the table.
func (Simulation) Annotations() []schema.Annotation { return column.Raw("simulations") }

// Fields of a simulation.
func (Simulation) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		field.Int8("state"),       // open for orders, waiting, running, done, failed
		field.Bytes("strategies"), // JSON: names and versions
		field.Int64("orders").Default(0),
		field.Int64("done").Default(0),
		field.Bytes("report").Optional(), // JSON, when done
		column.Text("failure", nameLen),
		column.Text("created_by", 128),
		column.Text("lease_owner", column.CodeLen),
		field.Int64("lease_until_us").Default(0),
		field.Int64("version").Default(1),
		field.Int64("created_us").Immutable(),
		field.Int64("updated_us"),
	}
}

// Indexes of simulations.
func (Simulation) Indexes() []ent.Index {
	return []ent.Index{index.Fields("state", "lease_until_us"), index.Fields("created_us", "id")}
}

// SimulationOrder is an order of a simulation and what each strategy made of it.
type SimulationOrder struct{ ent.Schema }

// Annotations name the table.
func (SimulationOrder) Annotations() []schema.Annotation { return column.Raw("simulation_orders") }

// Fields of a simulation's order.
func (SimulationOrder) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id"),
		column.Key("simulation", column.IDLen),
		field.Int64("number").Immutable(), // in the order of the file
		column.Key("document", column.CodeLen),
		field.Bytes("demand").Immutable(),
		field.Bytes("outcome").Optional(), // JSON, one entry a strategy
		field.Bool("differs").Default(false),
	}
}

// Indexes of a simulation's orders.
func (SimulationOrder) Indexes() []ent.Index {
	return []ent.Index{index.Fields("simulation", "number").Unique(), index.Fields("simulation", "differs", "number")}
}
