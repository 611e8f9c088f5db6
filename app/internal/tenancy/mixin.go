package tenancy

import (
	"context"
	"fmt"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/mixin"

	"github.com/onepool/onepool/app/internal/database"
)

// OrgColumn is the column that names a row's organisation.
const OrgColumn = "org"

const orgMaxLen = 40

// rule decides about one table. Its zero value is the rule of Shared.
type rule struct {
	mixin.Schema
	org    string // column of the organisation; empty for shared tables
	member string // column of the member that may see the row as its own; empty for none
}

// Org is the mixin of a table whose rows belong to an organisation. It adds the column org, immutable, not empty. A
// principal whose scope has organisations reads and writes their rows; a member has no access.
func Org() ent.Mixin { return rule{org: OrgColumn} }

// OrgOrMember is Org for a table whose rows a member may also see and write as its own: those with its id in the column
// memberColumn, which the schema declares itself.
func OrgOrMember(memberColumn string) ent.Mixin { return rule{org: OrgColumn, member: memberColumn} }

// Shared is the mixin of a table that any principal may read and that only headquarters and services write.
func Shared() ent.Mixin { return rule{} }

// Fields adds the organisation.
func (r rule) Fields() []ent.Field {
	if r.org == "" {
		return nil
	}
	return []ent.Field{
		field.String(r.org).MaxLen(orgMaxLen).NotEmpty().Immutable().Annotations(entsql.Annotation{Size: orgMaxLen}),
	}
}

// Annotations make the server compare keys byte by byte.
func (rule) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Charset: "utf8mb4", Collation: "utf8mb4_bin"}}
}

// Hooks guard each write.
func (r rule) Hooks() []ent.Hook {
	return []ent.Hook{func(next ent.Mutator) ent.Mutator {
		return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
			p, err := FromContext(ctx)
			if err != nil {
				return nil, err
			}
			if r.org == "" {
				err = r.writeShared(p)
			} else if m.Op().Is(ent.OpCreate) {
				err = r.create(p, m)
				ctx = database.GuardUpserts(ctx, r.org)
			} else {
				err = r.change(p, m)
			}
			if err != nil {
				return nil, err
			}
			return next.Mutate(ctx, m)
		})
	}}
}

// Interceptors filter each read, also in traversals, eager loading, counts and existence checks.
func (r rule) Interceptors() []ent.Interceptor {
	return []ent.Interceptor{ent.TraverseFunc(func(ctx context.Context, q ent.Query) error {
		p, err := FromContext(ctx)
		if err != nil {
			return err
		}
		if r.org == "" || p.Scope.All {
			return nil
		}
		w, ok := q.(whereP)
		if !ok {
			return fmt.Errorf("%w: %T", ErrUnscoped, q)
		}
		w.WhereP(r.within(p.Scope))
		return nil
	})}
}

// whereP is what generated queries (with package entgen's template) and generated mutations have.
type whereP interface {
	WhereP(...func(*sql.Selector))
}

func (rule) writeShared(p Principal) error {
	if p.Kind == HQ || p.Kind == Service && p.Scope.All {
		return nil
	}
	return ErrForbidden
}

// create checks the organisation of a new row, and fills in the caller's own where none is given.
func (r rule) create(p Principal, m ent.Mutation) error {
	value, given := m.Field(r.org)
	if !given && p.Org != "" {
		if err := m.SetField(r.org, p.Org); err != nil {
			return fmt.Errorf("tenancy: set %s of %s: %w", r.org, m.Type(), err)
		}
		value = p.Org
	}
	org, _ := value.(string)
	switch {
	case p.Scope.Covers(org):
		return nil
	case r.member != "" && p.Scope.Member != "" && r.memberOf(m) == p.Scope.Member:
		return nil
	}
	return ErrForbidden
}

// change keeps an update or delete to the rows in scope. The organisation has no setter, but a mutation can be written
// to by name, so it is refused here as well.
func (r rule) change(p Principal, m ent.Mutation) error {
	if _, ok := m.Field(r.org); ok {
		return ErrForbidden
	}
	if p.Scope.All {
		return nil
	}
	if r.member != "" && len(p.Scope.Orgs) == 0 {
		// A member must not give its row away, nor make it nobody's.
		if _, set := m.Field(r.member); m.FieldCleared(r.member) || set && r.memberOf(m) != p.Scope.Member {
			return ErrForbidden
		}
	}
	w, ok := m.(whereP)
	if !ok {
		return fmt.Errorf("%w: %T", ErrUnscoped, m)
	}
	w.WhereP(r.within(p.Scope))
	return nil
}

func (r rule) memberOf(m ent.Mutation) string {
	value, _ := m.Field(r.member)
	switch v := value.(type) {
	case string:
		return v
	case *string:
		if v != nil {
			return *v
		}
	}
	return ""
}

// within is the predicate of a scope; an empty scope sees nothing.
func (r rule) within(s Scope) func(*sql.Selector) {
	return func(q *sql.Selector) {
		var ways []*sql.Predicate
		if len(s.Orgs) > 0 {
			orgs := make([]any, len(s.Orgs))
			for i, org := range s.Orgs {
				orgs[i] = org
			}
			ways = append(ways, sql.In(q.C(r.org), orgs...))
		}
		if r.member != "" && s.Member != "" {
			ways = append(ways, sql.EQ(q.C(r.member), s.Member))
		}
		if len(ways) == 0 {
			q.Where(sql.False())
			return
		}
		q.Where(sql.Or(ways...))
	}
}
