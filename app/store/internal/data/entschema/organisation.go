// Package entschema is the store center's tables.
package entschema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/onepool/onepool/app/internal/tenancy"
)

const (
	codeLen = 64 // business codes
	idLen   = 40 // ids that the platform makes
	nameLen = 200
)

func key(size int) ent.Field {
	return field.String("id").MaxRuneLen(size).NotEmpty().Immutable().Annotations(entsql.Annotation{Size: int64(size)})
}

// Organisation is a party: headquarters, a dealer, a franchisee. It is a row of itself: org equals id.
type Organisation struct{ ent.Schema }

// Mixin keeps a party to itself and those below.
func (Organisation) Mixin() []ent.Mixin { return []ent.Mixin{tenancy.Org()} }

// Fields of an organisation.
func (Organisation) Fields() []ent.Field {
	return []ent.Field{
		key(idLen),
		field.String("name").MaxRuneLen(nameLen),
		field.String("kind").MaxRuneLen(16).Immutable(),
		field.String("parent").MaxRuneLen(idLen),
		field.String("root").MaxRuneLen(4).Optional().Nillable().Immutable().Comment("'root' at headquarters: there is one"),
		field.Int64("settlement_rate_bp"),
		field.Int64("fulfilment_fee_minor"),
		field.Bool("share_stock"),
		field.String("merchant_account").MaxRuneLen(codeLen),
		field.String("taxpayer").MaxRuneLen(32).Default("").Comment("what kind; tax rates go by it"),
		field.Int64("updated_us"),
	}
}

// Indexes of an organisation.
func (Organisation) Indexes() []ent.Index {
	return []ent.Index{index.Fields("parent", "id"), index.Fields("kind", "id"), index.Fields("root").Unique()}
}
