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
)

const idLen = 40

func key(name string) ent.Field {
	return field.String(name).MaxLen(idLen).NotEmpty().Immutable().Annotations(entsql.Annotation{Size: idLen})
}

func ref(name string) ent.Field {
	return field.String(name).MaxLen(idLen).Default("").Immutable().Annotations(entsql.Annotation{Size: idLen})
}

// utf8Bytes is what one character takes at most: the API and the columns count characters, ent's validators bytes.
const utf8Bytes = 4

func text(name string, size int) ent.Field {
	return field.String(name).MaxLen(size * utf8Bytes).Default("").Annotations(entsql.Annotation{Size: int64(size)})
}

func fixed(name string, size int) ent.Field {
	return field.String(name).MaxLen(size * utf8Bytes).Default("").Immutable().Annotations(entsql.Annotation{Size: int64(size)})
}

func number(name string) ent.Field { return field.Int64(name).Default(0) }

func constant(name string) ent.Field { return field.Int64(name).Default(0).Immutable() }

func titles() ent.Field { return field.JSON("title", map[string]string{}).Optional().Immutable() }
