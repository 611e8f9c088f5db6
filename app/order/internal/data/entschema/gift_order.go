package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// GiftOrder is what an order has beside when it is for somebody else; its id is the order's.
type GiftOrder struct{ ent.Schema }

// Mixin keeps a gift to the order's seller.
func (GiftOrder) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a gift. key_hash is of the key in its link, which is kept nowhere.
func (GiftOrder) Fields() []ent.Field {
	return []ent.Field{
		key("id"), column.Fixed("message", 800), constant("open_us"), number("until_us"), column.Text("key_hash", 64),
		number("taken_us"), column.Text("taken_by", column.IDLen),
		// When it lapses; 0: it does not.
		number("due_us"),
	}
}

// Indexes of a gift: its link, what is due.
func (GiftOrder) Indexes() []ent.Index {
	return []ent.Index{index.Fields("key_hash"), index.Fields("due_us")}
}
