package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// ServiceLevel is how soon a channel wants its goods; its id is the channel, "*" for all that have none of their own.
type ServiceLevel struct{ ent.Schema }

// Mixin lets headquarters and services write service levels.
func (ServiceLevel) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Shared()} }

// Fields of a service level.
func (ServiceLevel) Fields() []ent.Field {
	return []ent.Field{key("id"), number("accept_us"), field.Int64("pick_us").Optional(), number("ship_us"), number("collect_us"), number("answer_us"), number("version"), column.Text("changed_by", 128), number("changed_us")}
}
