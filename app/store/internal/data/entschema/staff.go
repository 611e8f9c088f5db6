package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/tenancy"
)

// Staff is a person who works in a store or at headquarters. Its id is its business code.
type Staff struct{ ent.Schema }

// Mixin keeps it to its organisation.
func (Staff) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a staff member.
func (Staff) Fields() []ent.Field {
	return []ent.Field{
		key(codeLen),
		field.String("name").MaxRuneLen(nameLen),
		field.String("store_code").MaxRuneLen(codeLen).Comment("empty for headquarters' people"),
		field.String("role").MaxRuneLen(16),
		field.String("login").MaxRuneLen(codeLen).Comment("empty: cannot sign in"),
		field.Bool("active"),
		field.Int64("updated_us"),
	}
}

// Indexes of a staff member.
func (Staff) Indexes() []ent.Index {
	return []ent.Index{index.Fields("store_code", "id"), index.Fields("org", "id")}
}

// Login is what a person signs in with: a name that is unique for all organisations, and what proves who comes.
type Login struct{ ent.Schema }

// Mixin keeps it to its organisation.
func (Login) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a login.
func (Login) Fields() []ent.Field {
	return []ent.Field{
		key(codeLen),
		field.String("staff_code").MaxRuneLen(codeLen),
		field.String("password_hash").MaxRuneLen(128).Sensitive().Comment("bcrypt; empty: none is set"),
		field.Int64("attempts").Comment("since window_us, not yet proven right"),
		field.Int64("window_us"),
	}
}

// Indexes of a login.
func (Login) Indexes() []ent.Index {
	return []ent.Index{index.Fields("staff_code").Unique()}
}
