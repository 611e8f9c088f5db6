package entschema

import (
	"entgo.io/ent"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// AddressChange is what has become of an order's receiver; an order whose receiver was never changed has none.
type AddressChange struct{ ent.Schema }

// Mixin keeps it to the order's seller.
func (AddressChange) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a change. The id is the order's.
func (AddressChange) Fields() []ent.Field {
	return []ent.Field{
		key("id"),
		// How often the receiver was changed, and the gid of the change that is under way: nothing leaves meanwhile.
		number("changes"), column.Text("under", column.IDLen),
	}
}
