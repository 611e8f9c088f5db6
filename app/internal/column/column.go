// Package column is how the centers' ent schemas declare what they have in common.
//
// Always true:
//   - The size of a string is counted in characters: by the API, by the validator, and by the database.
//   - A row behind AppendOnly is neither changed nor removed through ent: a correction is a new row.
package column

import (
	"context"
	"errors"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
)

const (
	// IDLen holds an id that the platform makes.
	IDLen = 40
	// CodeLen holds a business code.
	CodeLen = 64
)

// ErrAppendOnly refuses to change or remove a ledger's row: a correction is a new entry.
var ErrAppendOnly = errors.New("the ledger is append-only")

// Key names a row or what it belongs to: never empty, never changed.
func Key(name string, size int) ent.Field {
	return field.String(name).MaxRuneLen(size).NotEmpty().Immutable().Annotations(sized(size))
}

// Text may be empty and may change.
func Text(name string, size int) ent.Field {
	return field.String(name).MaxRuneLen(size).Default("").Annotations(sized(size))
}

// Fixed may be empty and never changes.
func Fixed(name string, size int) ent.Field {
	return field.String(name).MaxRuneLen(size).Default("").Immutable().Annotations(sized(size))
}

func sized(size int) schema.Annotation { return entsql.Annotation{Size: int64(size)} }

// Table names a schema's table.
func Table(name string) []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: name}}
}

// RawName is the annotation of tables that only SQL of the data layer reads and writes.
const RawName = "OnepoolRaw"

type raw struct{}

// Name of the annotation.
func (raw) Name() string { return RawName }

// Raw names the table of a schema that gets migrations but no generated client: what is written in bulk or read by
// decisions goes through SQL, which takes the caller's scope as a parameter.
func Raw(name string) []schema.Annotation { return append(Table(name), raw{}) }

// AppendOnly is the hook of a ledger.
func AppendOnly(next ent.Mutator) ent.Mutator {
	return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
		if !m.Op().Is(ent.OpCreate) {
			return nil, ErrAppendOnly
		}
		return next.Mutate(ctx, m)
	})
}
