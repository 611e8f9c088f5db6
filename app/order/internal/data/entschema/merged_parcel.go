package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// MergedParcel is what was put together to travel in one parcel. A fulfilment is in it as long as it says so itself.
type MergedParcel struct{ ent.Schema }

// Mixin keeps a merged parcel to the location's organisation.
func (MergedParcel) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Hooks keep what was merged as it was.
func (MergedParcel) Hooks() []ent.Hook { return []ent.Hook{column.AppendOnly} }

// Fields of a merged parcel.
func (MergedParcel) Fields() []ent.Field {
	return []ent.Field{
		key("id"), column.Key("location", column.CodeLen), field.JSON("members", []biz.MergedMember{}).Immutable(), column.Fixed("merged_by", 128), constant("merged_us"),
	}
}
