// Package entschema declares the member center's tables.
//
// Members belong to the brand, not to a store: their rows carry the headquarters' organisation, and a member sees its
// own. Whoever else may touch one does so through a use case that has checked why.
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

// Member is a person as the brand knows it. The phone is found by a keyed hash and kept encrypted.
type Member struct{ ent.Schema }

// Mixin lets a member see its own row.
func (Member) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.OrgOrMember("id")} }

// Annotations name the table.
func (Member) Annotations() []schema.Annotation { return column.Table("members") }

// Fields of a member.
func (Member) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("phone_hash", column.CodeLen),
		field.Bytes("phone_cipher").MaxLen(128).Immutable().Annotations(entsql.Annotation{Size: 128}),
		column.Text("name", 128),
		column.Text("home_store_code", column.CodeLen),
		column.Text("guide_code", column.CodeLen),
		column.Text("guide_store_code", column.CodeLen),
		column.Text("guide_reason", 32),
		field.Int64("guide_bound_at_us").Default(0),
		// Channels joined by a comma, sorted.
		column.Text("channels", 2000),
		column.Text("tier", column.CodeLen),
		// Segments joined by a comma, sorted.
		column.Text("segments", 2000),
		field.Int64("created_at_us").Immutable(),
		field.Int64("updated_at_us"),
	}
}

// Indexes of a member.
func (Member) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("phone_hash").Unique(),
		index.Fields("home_store_code", "id"),
	}
}

// PointsAccount is a member's points; its row is the lock of everything below.
type PointsAccount struct{ ent.Schema }

// Mixin lets a member see its own row.
func (PointsAccount) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.OrgOrMember("id")} }

// Annotations name the table.
func (PointsAccount) Annotations() []schema.Annotation { return column.Table("points_accounts") }

// Fields of an account; the id is the member's.
func (PointsAccount) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		field.Int64("balance").Default(0),
		field.Int64("frozen").Default(0),
		field.Int64("pending").Default(0),
		field.Int64("debt").Default(0),
		// The sequence number of the last entry.
		field.Int64("seq").Default(0),
	}
}

// PointsLot is what remains of points that expire together.
type PointsLot struct{ ent.Schema }

// Mixin lets a member see its own rows.
func (PointsLot) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.OrgOrMember("member_id")} }

// Annotations name the table. "remaining" is left of "points".
func (PointsLot) Annotations() []schema.Annotation { return column.Table("points_lots") }

// Fields of a lot.
func (PointsLot) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("member_id", column.IDLen),
		column.Text("document", column.CodeLen),
		column.Text("line_id", column.CodeLen),
		field.Int64("points").Immutable(),
		field.Int64("remaining"),
		field.Int64("expires_at_us").Immutable(),
		field.Int64("at_us").Immutable(),
	}
}

// Indexes of a lot.
func (PointsLot) Indexes() []ent.Index {
	return []ent.Index{index.Fields("member_id", "expires_at_us"), index.Fields("expires_at_us", "remaining")}
}

// PointsEntry is a line of the ledger.
type PointsEntry struct{ ent.Schema }

// Mixin lets a member see its own rows.
func (PointsEntry) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.OrgOrMember("member_id")} }

// Hooks keep the ledger append-only.
func (PointsEntry) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Annotations name the table.
func (PointsEntry) Annotations() []schema.Annotation { return column.Table("points_entries") }

// Fields of an entry.
func (PointsEntry) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("member_id", column.IDLen),
		field.Int64("seq").Immutable(),
		column.Key("reason", 16),
		column.Text("document", column.CodeLen),
		column.Text("line_id", column.CodeLen),
		column.Key("effect", 255),
		column.Text("lot_id", column.IDLen),
		field.Int64("points").Immutable(),
		field.Int64("pending").Immutable(),
		field.Int64("debt").Immutable(),
		field.Int64("balance_after").Immutable(),
		field.Int64("at_us").Immutable(),
	}
}

// Indexes of an entry: one of each sequence number and one of each effect a member.
func (PointsEntry) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("member_id", "seq").Unique(),
		index.Fields("member_id", "effect").Unique(),
		index.Fields("document"),
	}
}

// PointsDocument is an order as the points see it; the id is the document's.
type PointsDocument struct{ ent.Schema }

// Mixin lets a member see its own rows.
func (PointsDocument) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.OrgOrMember("member_id")} }

// Annotations name the table.
func (PointsDocument) Annotations() []schema.Annotation { return column.Table("points_documents") }

// Fields of a document.
func (PointsDocument) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.CodeLen),
		column.Key("member_id", column.IDLen),
		column.Text("gid", column.CodeLen),
		column.Text("state", 16),
		field.Int64("frozen").Default(0),
		field.Int64("spent").Default(0),
		field.Int64("given_back").Default(0),
		field.Int64("created_at_us").Immutable(),
		field.Int64("updated_at_us"),
	}
}

// Indexes of a document.
func (PointsDocument) Indexes() []ent.Index {
	return []ent.Index{index.Fields("member_id", "state")}
}

// PointsLine is what an order line brings its buyer.
type PointsLine struct{ ent.Schema }

// Mixin lets a member see its own rows.
func (PointsLine) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.OrgOrMember("member_id")} }

// Annotations name the table.
func (PointsLine) Annotations() []schema.Annotation { return column.Table("points_lines") }

// Fields of a line.
func (PointsLine) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("document", column.CodeLen),
		column.Key("line_id", column.CodeLen),
		column.Key("member_id", column.IDLen),
		field.Int64("base_minor").Immutable(),
		field.Int64("accrued").Immutable(),
		field.Int64("clawed_back").Default(0),
		field.Int64("earned").Default(0),
		field.Bool("is_earned").Default(false),
		field.Int64("refunded_minor").Default(0),
	}
}

// Indexes of a line.
func (PointsLine) Indexes() []ent.Index {
	return []ent.Index{index.Fields("document", "line_id").Unique(), index.Fields("member_id", "is_earned")}
}

// SignInCode is a one-time code, hashed.
type SignInCode struct{ ent.Schema }

// Mixin keeps codes to the center's own service.
func (SignInCode) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Annotations name the table.
func (SignInCode) Annotations() []schema.Annotation { return column.Table("sign_in_codes") }

// Fields of a code.
func (SignInCode) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("phone_hash", column.CodeLen),
		column.Key("hash", column.CodeLen),
		field.Int64("expires_at_us").Immutable(),
		field.Int("attempts").Default(0),
		field.Bool("used").Default(false),
		field.Int64("at_us").Immutable(),
	}
}

// Indexes of a code.
func (SignInCode) Indexes() []ent.Index {
	return []ent.Index{index.Fields("phone_hash", "at_us"), index.Fields("at_us")}
}

// MemberCode is the one-time code that a member shows at a till, hashed; the id is the member's: there is one at most. It
// is deleted when it is used.
type MemberCode struct{ ent.Schema }

// Mixin keeps codes to the center's own service.
func (MemberCode) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Annotations name the table.
func (MemberCode) Annotations() []schema.Annotation { return column.Table("member_codes") }

// Fields of a code.
func (MemberCode) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("hash", column.CodeLen),
		field.Int64("expires_at_us").Immutable(),
	}
}

// Indexes of a code: it tells whose it is.
func (MemberCode) Indexes() []ent.Index { return []ent.Index{index.Fields("hash").Unique()} }

// CodeMisses counts the wrong member codes that the tills of a store have sent lately; the id is the store's code.
type CodeMisses struct{ ent.Schema }

// Mixin keeps the count to the center's own service.
func (CodeMisses) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Annotations name the table.
func (CodeMisses) Annotations() []schema.Annotation { return column.Table("code_misses") }

// Fields of a count.
func (CodeMisses) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.CodeLen),
		field.Int("misses").Default(0),
		// When the first of them was counted.
		field.Int64("since_us"),
	}
}
