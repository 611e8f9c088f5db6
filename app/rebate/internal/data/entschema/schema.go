// Package entschema declares the rebate center's tables.
//
// A row belongs to who is paid by it (accruals, entries, statements), who is debited or credited (postings), who owns the
// goods (supplies), or who sold (orders, journal entries). Ledgers are append-only: their hooks refuse the rest.
package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// RebatePolicy is one version of a rebate policy.
type RebatePolicy struct{ ent.Schema }

// Mixin: all may know the rules.
func (RebatePolicy) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Annotations name the table.
func (RebatePolicy) Annotations() []schema.Annotation { return column.Table("rebate_policies") }

// Fields of a policy.
func (RebatePolicy) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("code", column.CodeLen),
		field.Int("version").Immutable(),
		column.Key("name", 128),
		// JSON of the shares; channels joined by a comma, sorted.
		column.Fixed("shares", 1000),
		column.Fixed("channels", 2000),
		column.Key("content", column.CodeLen),
		field.Int64("in_force_from_us").Immutable(),
		// 0 for the latest version.
		field.Int64("in_force_until_us").Default(0),
	}
}

// Indexes of a policy.
func (RebatePolicy) Indexes() []ent.Index {
	return []ent.Index{index.Fields("code", "version").Unique()}
}

// PaidOrder notes that an order has accrued; its row is the lock of its accruals. The id is the order's.
type PaidOrder struct{ ent.Schema }

// Mixin keeps it to the seller.
func (PaidOrder) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Annotations name the table.
func (PaidOrder) Annotations() []schema.Annotation { return column.Table("rebate_orders") }

// Fields of a paid order.
func (PaidOrder) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.CodeLen),
		column.Fixed("channel", column.CodeLen),
		column.Fixed("currency", 3),
		field.Int64("paid_at_us").Immutable(),
		field.Int64("accrued_at_us").Immutable(),
	}
}

// Accrual is what a payee earns on an order line by one policy version.
type Accrual struct{ ent.Schema }

// Mixin keeps it to the payee's organisation.
func (Accrual) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Annotations name the table.
func (Accrual) Annotations() []schema.Annotation { return column.Table("rebate_accruals") }

// Fields of an accrual.
func (Accrual) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("order_id", column.CodeLen),
		column.Key("line_id", column.CodeLen),
		column.Fixed("channel", column.CodeLen),
		column.Key("policy_code", column.CodeLen),
		field.Int("policy_version").Immutable(),
		field.Int64("rate_bp").Immutable(),
		column.Key("role", 16),
		column.Key("payee", column.CodeLen),
		column.Fixed("reason", 255),
		column.Fixed("seller_org", column.IDLen),
		column.Fixed("currency", 3),
		field.Int64("base_minor").Immutable(),
		field.Int64("accrued_minor").Immutable(),
		field.Int64("clawed_back_minor").Default(0),
		field.Int64("settled_minor").Default(0),
		field.Int64("refunded_minor").Default(0),
		field.Bool("earned").Default(false),
		field.Int64("accrued_at_us").Immutable(),
		field.Int64("earned_at_us").Default(0),
	}
}

// Indexes of an accrual: one for each line, policy version, payee and role.
func (Accrual) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("order_id", "line_id", "policy_code", "policy_version", "payee", "role").Unique(),
		index.Fields("payee", "id"),
	}
}

// Entry is a line of the rebate ledger.
type Entry struct{ ent.Schema }

// Mixin keeps it to the payee's organisation.
func (Entry) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Hooks keep the ledger append-only.
func (Entry) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Annotations name the table.
func (Entry) Annotations() []schema.Annotation { return column.Table("rebate_entries") }

// Fields of an entry. Payee, role, currency, order and line are its accrual's.
func (Entry) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("accrual_id", column.IDLen),
		column.Key("kind", 16),
		column.Fixed("cause", column.CodeLen),
		column.Key("payee", column.CodeLen),
		column.Key("role", 16),
		column.Fixed("currency", 3),
		column.Key("order_id", column.CodeLen),
		column.Key("line_id", column.CodeLen),
		field.Int64("amount_minor").Immutable(),
		// What is owed more, or less, from now on.
		field.Int64("payable_minor").Immutable(),
		field.Int64("at_us").Immutable(),
	}
}

// Indexes of an entry: one of each kind and cause.
func (Entry) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("accrual_id", "kind", "cause").Unique(),
		index.Fields("at_us"),
	}
}

// Supply is goods that one organisation shipped for another one's sale.
type Supply struct{ ent.Schema }

// Mixin keeps it to the owner; the seller reads it through a query of its own.
func (Supply) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Hooks keep the ledger append-only.
func (Supply) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Annotations name the table.
func (Supply) Annotations() []schema.Annotation { return column.Table("supply_entries") }

// Fields of a supply.
func (Supply) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("order_id", column.CodeLen),
		column.Key("line_id", column.CodeLen),
		column.Key("document", column.CodeLen),
		column.Fixed("sku", column.CodeLen),
		column.Key("seller_org", column.IDLen),
		field.Int64("quantity").Immutable(),
		field.Int64("price_minor").Immutable(),
		field.Int64("amount_minor").Immutable(),
		field.Int64("fee_minor").Immutable(),
		column.Fixed("currency", 3),
		field.Int64("at_us").Immutable(),
	}
}

// Indexes of a supply: one for each document, line, SKU (the parts of a kit are supplied each by itself) and owner.
func (Supply) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("document", "line_id", "sku", "org").Unique(),
		index.Fields("order_id"),
	}
}

// JournalEntry books one source: a rebate entry or a supply.
type JournalEntry struct{ ent.Schema }

// Mixin keeps it to the seller.
func (JournalEntry) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Hooks keep the journal append-only.
func (JournalEntry) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Annotations name the table.
func (JournalEntry) Annotations() []schema.Annotation { return column.Table("journal_entries") }

// Fields of a journal entry.
func (JournalEntry) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("kind", 16),
		column.Key("source", column.IDLen),
		column.Key("order_id", column.CodeLen),
		column.Fixed("currency", 3),
		field.Int64("at_us").Immutable(),
	}
}

// Indexes of a journal entry: one for each source.
func (JournalEntry) Indexes() []ent.Index {
	return []ent.Index{index.Fields("source").Unique(), index.Fields("order_id")}
}

// Posting is one side of a journal entry: a debit is positive, a credit negative.
type Posting struct{ ent.Schema }

// Mixin keeps it to whose account it is.
func (Posting) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Hooks keep the journal append-only.
func (Posting) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Annotations name the table.
func (Posting) Annotations() []schema.Annotation { return column.Table("journal_postings") }

// Fields of a posting.
func (Posting) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("journal_id", column.IDLen),
		column.Key("account", 40),
		column.Fixed("currency", 3),
		field.Int64("amount_minor").Immutable(),
	}
}

// Indexes of a posting: an account and organisation once an entry.
func (Posting) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("journal_id", "account", "org").Unique(),
		index.Fields("account", "org", "currency"),
	}
}

// Period is a closed month of the brand. The id is its name, YYYY-MM.
type Period struct{ ent.Schema }

// Mixin: all may know what is closed.
func (Period) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Hooks: closed is closed.
func (Period) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Annotations name the table.
func (Period) Annotations() []schema.Annotation { return column.Table("rebate_periods") }

// Fields of a period: [start, end).
func (Period) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", 7),
		field.Int64("start_us").Immutable(),
		field.Int64("end_us").Immutable(),
		field.Int64("closed_at_us").Immutable(),
	}
}

// Indexes of a period.
func (Period) Indexes() []ent.Index {
	return []ent.Index{index.Fields("start_us").Unique(), index.Fields("end_us").Unique()}
}

// Statement is a closed one; an open one is computed from the ledger.
type Statement struct{ ent.Schema }

// Mixin keeps it to the payee's organisation.
func (Statement) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Hooks: closed is closed.
func (Statement) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Annotations name the table.
func (Statement) Annotations() []schema.Annotation { return column.Table("rebate_statements") }

// Fields of a statement.
func (Statement) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("period", 7),
		column.Key("payee", column.CodeLen),
		column.Key("role", 16),
		column.Key("currency", 3),
		field.Int64("earned_minor").Immutable(),
		field.Int64("clawed_back_minor").Immutable(),
		field.Int64("carried_minor").Immutable(),
		field.Int64("total_minor").Immutable(),
		field.Int64("closed_at_us").Immutable(),
	}
}

// Indexes of a statement: one for each payee and month.
func (Statement) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("period", "org", "payee", "role", "currency").Unique(),
		index.Fields("org", "payee", "role", "currency"),
	}
}

// StatementLine puts an entry into a statement. The id is the entry's: it cannot be in two.
type StatementLine struct{ ent.Schema }

// Mixin keeps it to the payee's organisation.
func (StatementLine) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Hooks: closed is closed.
func (StatementLine) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Annotations name the table.
func (StatementLine) Annotations() []schema.Annotation { return column.Table("rebate_statement_lines") }

// Fields of a statement's line.
func (StatementLine) Fields() []ent.Field {
	return []ent.Field{
		column.Key("id", column.IDLen),
		column.Key("statement_id", column.IDLen),
		column.Key("period", 7),
	}
}

// Indexes of a statement's line.
func (StatementLine) Indexes() []ent.Index {
	return []ent.Index{index.Fields("statement_id"), index.Fields("period")}
}
