// Package entschema is the order center's tables.
//
// Always true:
//   - An order and what belongs to it carry the seller's organisation; a fulfilment and its lines that of its location,
//     which may see them and nothing else of the order.
//   - Times are UTC microseconds, 0 for not yet; money is minor units of the order's currency.
//   - order_events is append-only.
package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"

	"github.com/onepool/onepool/app/internal/column"
)

func key(name string) ent.Field { return column.Key(name, column.IDLen) }

func ref(name string) ent.Field { return column.Fixed(name, column.IDLen) }

func number(name string) ent.Field { return field.Int64(name).Default(0) }

func constant(name string) ent.Field { return field.Int64(name).Default(0).Immutable() }

// short is a text that a table gets later: absent in older rows, which reads as empty.
func short(name string, size int) ent.Field {
	return field.String(name).Optional().MaxRuneLen(size).Annotations(entsql.Annotation{Size: int64(size)})
}

func titles() ent.Field { return field.JSON("title", map[string]string{}).Optional().Immutable() }
