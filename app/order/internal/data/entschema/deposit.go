package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/tenancy"
)

// Deposit is what an order of a presale asks for first; its id is the order's.
type Deposit struct{ ent.Schema }

// Mixin keeps a deposit to the order's seller.
func (Deposit) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a deposit.
func (Deposit) Fields() []ent.Field {
	return []ent.Field{
		key("id"), constant("amount_minor"), constant("balance_from_us"), constant("balance_until_us"), constant("forfeit_bp"),
		// payments: how many of the order's were for the deposit.
		number("paid_us"), number("payments"), number("forfeited_minor"),
		// When to remind of the balance, then its deadline; 0: neither.
		number("due_us"),
	}
}

// Indexes of a deposit: what is due.
func (Deposit) Indexes() []ent.Index { return []ent.Index{index.Fields("due_us")} }
