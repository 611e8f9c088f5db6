package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/tenancy"
)

// Device is a till of a store.
type Device struct{ ent.Schema }

// Mixin keeps it to its organisation.
func (Device) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a device.
func (Device) Fields() []ent.Field {
	return []ent.Field{
		key(idLen),
		field.String("store_code").MaxRuneLen(codeLen).Immutable(),
		field.String("name").MaxRuneLen(nameLen),
		field.String("key_hash").MaxRuneLen(64).Sensitive().Comment("SHA-256 of the key, hex"),
		field.Int64("created_us").Immutable(),
		field.Int64("revoked_us").Comment("0: in force"),
	}
}

// Indexes of a device.
func (Device) Indexes() []ent.Index { return []ent.Index{index.Fields("store_code", "id")} }

// ChannelAccount is an organisation's account at an e-commerce platform. The secret that signs is not stored: it is
// derived from the platform's secret and the key id.
type ChannelAccount struct{ ent.Schema }

// Mixin keeps it to its organisation.
func (ChannelAccount) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a channel account.
func (ChannelAccount) Fields() []ent.Field {
	return []ent.Field{
		key(idLen),
		field.String("key_id").MaxRuneLen(idLen).Immutable(),
		field.String("channel").MaxRuneLen(32).Immutable(),
		field.String("name").MaxRuneLen(nameLen),
		field.Int64("created_us").Immutable(),
		field.Int64("revoked_us").Comment("0: in force"),
	}
}

// Indexes of a channel account.
func (ChannelAccount) Indexes() []ent.Index { return []ent.Index{index.Fields("key_id").Unique()} }

// AdminKey is the administrator's key; there is one row.
type AdminKey struct{ ent.Schema }

// Mixin hides it from every organisation.
func (AdminKey) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of the administrator's key.
func (AdminKey) Fields() []ent.Field {
	return []ent.Field{
		key(idLen),
		field.String("key_hash").MaxRuneLen(64).Sensitive(),
		field.Int64("updated_us"),
	}
}

// Nonce is one that a signed request has used up: <key id>:<nonce>.
type Nonce struct{ ent.Schema }

// Mixin keeps it to its organisation.
func (Nonce) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a nonce.
func (Nonce) Fields() []ent.Field {
	return []ent.Field{
		key(128),
		field.Int64("expires_us").Immutable(),
	}
}

// Indexes of a nonce.
func (Nonce) Indexes() []ent.Index { return []ent.Index{index.Fields("expires_us")} }
