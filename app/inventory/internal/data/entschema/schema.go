// Package entschema declares the inventory center's tables.
//
// A row of stock, and what happened to it, belongs to the organisation of its location: that organisation sees it,
// whoever owns the goods. What an order asked for belongs to the organisation that sells.
package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
)

const (
	nameLen = 200
	refLen  = 80
)

// Location is a warehouse or a store that holds stock; its id is its code.
type Location struct{ ent.Schema }

// Mixin lets everybody read where the stores are.
func (Location) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Annotations name the table.
func (Location) Annotations() []schema.Annotation { return column.Table("locations") }

// Fields of a location.
func (Location) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.CodeLen),
		column.Text("name", nameLen),
		column.Text("org", column.IDLen),
		field.Int8("kind"),
		field.Float("lat").Optional().Nillable(),
		field.Float("lng").Optional().Nillable(),
		field.Bool("active").Default(true),
		field.Int64("ways"), // a bit each
		field.Bool("shared").Default(false),
		field.Int64("settlement_rate_bp").Default(0),
		field.Int64("fulfilment_fee_minor").Default(0),
		field.Int64("version"),                    // the sender's: an older one never overwrites a newer one
		field.Bytes("profile").Optional(),         // JSON: opening hours, cut-off, groups, region, limits; kept here, not by the sender
		field.Int64("profile_version").Default(0), // grows with every change of the profile
		field.Int64("updated_us"),
	}
}

// Generation counts the changes of a small table that replicas keep in memory.
type Generation struct{ ent.Schema }

// Mixin lets everybody read it.
func (Generation) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Annotations name the table.
func (Generation) Annotations() []schema.Annotation { return column.Table("generations") }

// Fields of a generation; its id is the table's name.
func (Generation) Fields() []ent.Field {
	return []ent.Field{column.Key("id", column.IDLen), field.Int64("number").Default(0)}
}

// Stock is what one owner has of one SKU in one location.
type Stock struct{ ent.Schema }

// Mixin keeps stock to the location's organisation.
func (Stock) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Annotations name the table.
func (Stock) Annotations() []schema.Annotation { return column.Table("stock") }

// Fields of a stock row.
func (Stock) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id"),
		column.Key("sku", column.CodeLen),
		column.Key("location", column.CodeLen),
		column.Key("owner", column.CodeLen),
		field.Int64("on_hand").Default(0),
		field.Int64("reserved").Default(0),
		field.Int64("safety").Default(0),
		field.Int64("in_transit").Default(0),                                     // on the way here, of transfers
		field.Int64("damaged").Default(0),                                        // here, not for sale, not in on_hand
		field.Int64("blocked").Default(0),                                        // part of on_hand that must not be sold: expired lots
		field.Int64("batched").Default(0),                                        // part of on_hand that is in lots
		field.Int64("outage_until_us").Default(0),                                // declined by the store: not promised online until then
		field.Int64("received_us").Default(0),                                    // when on hand last rose from nothing: how old the stock is
		field.Int64("seq").Default(0),                                            // number of its last movement
		field.Bytes("chain").MaxLen(32).Annotations(entsql.Annotation{Size: 32}), // hash of its last movement
		field.Int64("version").Default(0),                                        // the guard of every update
		field.Int64("updated_us").Default(0),
	}
}

// Indexes of stock.
func (Stock) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("sku", "location", "owner").Unique(),
		index.Fields("location", "sku", "owner"),
	}
}

// Movement is an entry of the ledger of on hand.
type Movement struct{ ent.Schema }

// Mixin keeps movements to the location's organisation.
func (Movement) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Hooks keep the ledger append-only.
func (Movement) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Annotations name the table.
func (Movement) Annotations() []schema.Annotation { return column.Table("movements") }

// Fields of a movement.
func (Movement) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("sku", column.CodeLen),
		column.Key("location", column.CodeLen),
		column.Key("owner", column.CodeLen),
		field.Int64("seq").Immutable(), // of its stock row, without gaps
		column.Key("reason", 16),
		column.Key("document", column.CodeLen),
		column.Text("ref", refLen),
		column.Text("actor", 128),
		column.Text("note", nameLen),
		column.Fixed("bucket", 16),              // empty: on hand; else IN_TRANSIT or DAMAGED
		column.Fixed("batch", column.CodeLen),   // of which lot
		column.Fixed("request", column.CodeLen), // request id of the command
		field.Int64("quantity").Immutable(),
		field.Int64("qty_before").Immutable(),
		field.Int64("qty_after").Immutable(),
		field.Int64("at_us").Immutable(),
		field.Bytes("hash").MaxLen(32).Immutable().Annotations(entsql.Annotation{Size: 32}), // covers this entry and the hash before it
	}
}

// Indexes of movements: the first two are what makes an entry happen once.
func (Movement) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("sku", "location", "owner", "seq").Unique(),
		index.Fields("sku", "location", "owner", "reason", "document", "ref", "bucket").Unique().StorageKey("movement_once"),
		index.Fields("document"),
		index.Fields("at_us", "id"),
		index.Fields("location", "at_us", "id"),
	}
}

// Hold is a document that holds or held stock: its row is the lock of all that happens to the document's reservations.
type Hold struct{ ent.Schema }

// Mixin keeps a hold to the organisation that sells.
func (Hold) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Annotations name the table.
func (Hold) Annotations() []schema.Annotation { return column.Table("holds") }

// Fields of a hold; its id is the document.
func (Hold) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.CodeLen),
		field.Bytes("demand").Optional(),     // what was asked for, so that it can be allocated again
		field.Int8("state").Default(0),       // 0: as its reservations say; else waiting for stock, or for a person
		field.Int64("round").Default(0),      // how often it has been allocated
		field.Int64("priority").Default(0),   // of those that wait: higher first
		field.Int64("ship_by_us").Default(0), // then the earlier; 0: none
		field.Int64("waiting_since_us").Default(0),
		field.Int64("tried_us").Default(0), // last attempt to allocate it
		field.Int64("created_us").Immutable(),
	}
}

// Indexes of holds.
func (Hold) Indexes() []ent.Index {
	return []ent.Index{index.Fields("state", "priority", "ship_by_us", "waiting_since_us")}
}

// Reservation holds units for one line of a document.
type Reservation struct{ ent.Schema }

// Mixin keeps reservations to the location's organisation.
func (Reservation) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Annotations name the table.
func (Reservation) Annotations() []schema.Annotation { return column.Table("reservations") }

// Fields of a reservation.
func (Reservation) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("document", column.CodeLen),
		column.Key("line_id", column.CodeLen),
		column.Text("gid", column.CodeLen),
		column.Key("sku", column.CodeLen),
		column.Key("location", column.CodeLen),
		column.Key("owner", column.CodeLen),
		column.Text("location_name", nameLen),
		column.Key("seller", column.CodeLen),
		column.Text("channel", column.CodeLen),
		field.Int8("way").Immutable(),
		field.Int64("quantity").Immutable(),
		field.Int64("open"),
		field.Int64("shipped").Default(0),
		field.Int64("released").Default(0),
		field.Int64("expired").Default(0),
		field.Int8("state"),
		field.Int64("version"),
		field.Int64("expires_at_us").Immutable(), // 0: never
		field.Int64("due_us").Default(0),         // the deadline while it counts, else 0: what the expiry worker looks for
		field.Int64("settlement_price_minor").Immutable(),
		field.Int64("fulfilment_fee_minor").Immutable(),
		field.Int64("distance_m").Immutable(),
		column.Text("replaces", column.IDLen),
		column.Fixed("batch", column.CodeLen),              // lot that it holds; empty: none
		column.Fixed("quota", column.IDLen),                // exclusive quota that it draws on; empty: none
		column.Fixed("presale", column.IDLen),              // promise of stock to come that it draws on; empty: none
		column.Fixed("kit_sku", column.CodeLen),            // the kit that was sold, of which this is a part
		field.Int64("capacity_day").Immutable().Default(0), // the location's day whose capacity it takes; 0: none is counted
		field.Int64("created_us").Immutable(),
		field.Int64("updated_us"),
	}
}

// Indexes of reservations.
func (Reservation) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("document", "created_us"),
		index.Fields("due_us"),
		index.Fields("sku", "location", "owner", "state"),
		index.Fields("created_us", "org", "document"), // who has been given how much lately
	}
}

// ReservationChange is a step of a reservation's history; version 1 is the reservation itself.
type ReservationChange struct{ ent.Schema }

// Mixin keeps the history to the location's organisation.
func (ReservationChange) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Hooks keep the history append-only.
func (ReservationChange) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Annotations name the table.
func (ReservationChange) Annotations() []schema.Annotation {
	return column.Table("reservation_changes")
}

// Fields of a step.
func (ReservationChange) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id"),
		column.Key("reservation_id", column.IDLen),
		field.Int64("version").Immutable(),
		field.Int8("from_state").Immutable(),
		field.Int8("to_state").Immutable(),
		field.Int64("quantity").Immutable(),
		column.Text("actor", 128),
		field.Int64("at_us").Immutable(),
	}
}

// Indexes of the history.
func (ReservationChange) Indexes() []ent.Index {
	return []ent.Index{index.Fields("reservation_id", "version").Unique()}
}

// Discrepancy is a gap between the books and the shelf that a person has to look at: open is what is left of it.
type Discrepancy struct{ ent.Schema }

// Mixin keeps discrepancies to the location's organisation.
func (Discrepancy) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Annotations name the table.
func (Discrepancy) Annotations() []schema.Annotation { return column.Table("discrepancies") }

// Fields of a discrepancy.
func (Discrepancy) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Text("sku", column.CodeLen),
		column.Text("location", column.CodeLen),
		column.Text("owner", column.CodeLen),
		column.Key("kind", 16),
		column.Text("document", column.CodeLen),
		column.Text("reservation_id", column.IDLen),
		field.Int64("size").Immutable(),
		field.Int64("open"),
		field.Int64("opened_us").Immutable(),
		field.Int64("closed_us").Default(0),
	}
}

// Indexes of discrepancies.
func (Discrepancy) Indexes() []ent.Index {
	return []ent.Index{index.Fields("sku", "location", "owner", "open"), index.Fields("opened_us", "id"), index.Fields("kind", "open")}
}

// Allocation is why the locations of a document were chosen.
type Allocation struct{ ent.Schema }

// Mixin keeps it to the organisation that sells.
func (Allocation) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Annotations name the table.
func (Allocation) Annotations() []schema.Annotation { return column.Table("allocations") }

// Fields of an allocation.
func (Allocation) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("document", column.CodeLen),
		column.Key("strategy", column.CodeLen),
		field.Text("text").Immutable(),
		field.Bytes("candidates").Immutable(), // JSON
		field.Int64("considered").Immutable(),
		field.Int64("took_us").Immutable(),
		field.Int64("decided_at_us").Immutable(),
	}
}

// Indexes of allocations.
func (Allocation) Indexes() []ent.Index {
	return []ent.Index{index.Fields("document", "decided_at_us")}
}
