package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// Wallet is a member's stored value, in minor units of the brand's currency; the id is the member's.
type Wallet struct{ ent.Schema }

// Mixin lets a member see its own row.
func (Wallet) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.OrgOrMember("id")} }

// Annotations name the table.
func (Wallet) Annotations() []schema.Annotation { return column.Table("wallets") }

// Fields of a wallet.
func (Wallet) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Fixed("currency", 3),
		field.Int64("balance_minor").Default(0),
		// The sequence number of the last entry.
		field.Int64("seq").Default(0),
	}
}

// WalletEntry is a line of the ledger. The id is a payment's, which is paid or closed, once; a refund's number; or the top-up's.
type WalletEntry struct{ ent.Schema }

// Mixin lets a member see its own rows.
func (WalletEntry) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.OrgOrMember("member_id")} }

// Hooks keep the ledger append-only.
func (WalletEntry) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Annotations name the table.
func (WalletEntry) Annotations() []schema.Annotation { return column.Table("wallet_entries") }

// Fields of an entry.
func (WalletEntry) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.CodeLen),
		column.Key("member_id", column.IDLen),
		field.Int64("seq").Immutable(),
		column.Key("kind", 16),
		column.Fixed("payment_id", column.IDLen),
		field.Int64("amount_minor").Immutable(),
		field.Int64("balance_after").Immutable(),
		column.Fixed("payee", 128),
		column.Fixed("note", 200),
		column.Fixed("actor", 128),
		field.Int64("at_us").Immutable(),
	}
}

// Indexes of an entry: one of each sequence number, and a payment's.
func (WalletEntry) Indexes() []ent.Index {
	return []ent.Index{index.Fields("member_id", "seq").Unique(), index.Fields("payment_id")}
}
