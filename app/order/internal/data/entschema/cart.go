package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// CartLine is what a member, or a guest, thinks of buying in a shop.
type CartLine struct{ ent.Schema }

// Mixin keeps a cart to whose it is.
func (CartLine) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.OrgOrMember("member_id")} }

// Fields of a cart line. Of a guest, member_id is the guest's id.
func (CartLine) Fields() []ent.Field {
	return []ent.Field{
		key("id"), key("member_id"), column.Fixed("sku", 64), number("quantity"), number("updated_us"),
		// Store whose shop sells; empty: headquarters' mall.
		column.Fixed("shop_store", 64),
		// What one piece cost when it was last shown; 0: not kept.
		number("seen_minor"),
	}
}

// Indexes of a cart line: a SKU is once in each shop's cart.
func (CartLine) Indexes() []ent.Index {
	return []ent.Index{index.Fields("member_id", "shop_store", "sku").Unique()}
}

// GuestCart is a guest who has put something into a cart.
type GuestCart struct{ ent.Schema }

// Mixin keeps guests to the platform: nobody lists them.
func (GuestCart) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of a guest. The address is a keyed hash.
func (GuestCart) Fields() []ent.Field {
	return []ent.Field{key("id"), column.Fixed("address_key", 64), constant("opened_us"), number("touched_us")}
}

// Indexes of a guest: how many came from an address, who has not come back.
func (GuestCart) Indexes() []ent.Index {
	return []ent.Index{index.Fields("address_key", "opened_us"), index.Fields("touched_us")}
}
