// Package entschema declares the member center's tables.
//
// Members belong to the brand, not to a store: their rows carry the headquarters' organisation, and a member sees its
// own. Whoever else may touch one does so through a use case that has checked why.
package entschema

import (
	"context"
	"errors"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/tenancy"
)

const (
	idLen   = 40
	codeLen = 64
)

// ErrAppendOnly refuses to change or remove a ledger's row: a correction is a new entry.
var ErrAppendOnly = errors.New("the points ledger is append-only")

func text(name string, size int) ent.Field {
	return field.String(name).MaxLen(size).Default("").Annotations(entsql.Annotation{Size: int64(size)})
}

func key(name string, size int) ent.Field {
	return field.String(name).MaxLen(size).NotEmpty().Immutable().Annotations(entsql.Annotation{Size: int64(size)})
}

// appendOnly is the hook of a ledger.
func appendOnly(next ent.Mutator) ent.Mutator {
	return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
		if !m.Op().Is(ent.OpCreate) {
			return nil, ErrAppendOnly
		}
		return next.Mutate(ctx, m)
	})
}

// Member is a person as the brand knows it. The phone is found by a keyed hash and kept encrypted.
type Member struct{ ent.Schema }

// Mixin lets a member see its own row.
func (Member) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.OrgOrMember("id")} }

// Annotations name the table.
func (Member) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "members"}}
}

// Fields of a member.
func (Member) Fields() []ent.Field {
	return []ent.Field{
		key("id", idLen),
		key("phone_hash", codeLen),
		field.Bytes("phone_cipher").MaxLen(128).Immutable().Annotations(entsql.Annotation{Size: 128}),
		text("name", 128),
		text("home_store_code", codeLen),
		text("guide_code", codeLen),
		text("guide_store_code", codeLen),
		text("guide_reason", 32),
		field.Int64("guide_bound_at_us").Default(0),
		// Channels joined by a comma, sorted.
		text("channels", 2000),
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
func (PointsAccount) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "points_accounts"}}
}

// Fields of an account; the id is the member's.
func (PointsAccount) Fields() []ent.Field {
	return []ent.Field{
		key("id", idLen),
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
func (PointsLot) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "points_lots"}}
}

// Fields of a lot.
func (PointsLot) Fields() []ent.Field {
	return []ent.Field{
		key("id", idLen),
		key("member_id", idLen),
		text("document", codeLen),
		text("line_id", codeLen),
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
func (PointsEntry) Hooks() []ent.Hook { return []ent.Hook{appendOnly} }

// Annotations name the table.
func (PointsEntry) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "points_entries"}}
}

// Fields of an entry.
func (PointsEntry) Fields() []ent.Field {
	return []ent.Field{
		key("id", idLen),
		key("member_id", idLen),
		field.Int64("seq").Immutable(),
		key("reason", 16),
		text("document", codeLen),
		text("line_id", codeLen),
		key("effect", 255),
		text("lot_id", idLen),
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
func (PointsDocument) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "points_documents"}}
}

// Fields of a document.
func (PointsDocument) Fields() []ent.Field {
	return []ent.Field{
		key("id", codeLen),
		key("member_id", idLen),
		text("gid", codeLen),
		text("state", 16),
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
func (PointsLine) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "points_lines"}}
}

// Fields of a line.
func (PointsLine) Fields() []ent.Field {
	return []ent.Field{
		key("id", idLen),
		key("document", codeLen),
		key("line_id", codeLen),
		key("member_id", idLen),
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
func (SignInCode) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "sign_in_codes"}}
}

// Fields of a code.
func (SignInCode) Fields() []ent.Field {
	return []ent.Field{
		key("id", idLen),
		key("phone_hash", codeLen),
		key("hash", codeLen),
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
