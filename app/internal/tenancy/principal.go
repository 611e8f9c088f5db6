// Package tenancy says who is calling, and keeps each caller to the rows it may see.
//
// Always true:
//   - Without a principal in the context nothing is read or written: the mixins deny.
//   - A row belongs to one organisation (Org, OrgOrMember); that column is set when the row is made, must be within the
//     writer's scope, and never changes. An upsert cannot reach another organisation's row, whatever key it hits.
//   - Rules are applied in the ent mixins only. Raw SQL takes its condition from SQL.
//   - Services see all, but only through WithService, which names who: the rules are never switched off.
//   - Another organisation's row looks like no row at all: queries do not find it, updates and deletes change nothing.
package tenancy

import (
	"context"
	"errors"
	"slices"

	kratos "github.com/go-kratos/kratos/v2/errors"
)

// Kind says what sort of caller a principal is.
type Kind string

// The kinds of callers.
const (
	HQ         Kind = "hq"
	Dealer     Kind = "dealer"
	Franchisee Kind = "franchisee"
	Member     Kind = "member"
	Device     Kind = "device"
	Channel    Kind = "channel"
	Service    Kind = "service"
)

var (
	// ErrNoPrincipal denies a call whose context names nobody.
	ErrNoPrincipal = kratos.Unauthorized("UNAUTHENTICATED", "no caller is known: send a valid token")
	// ErrForbidden denies what the caller's scope does not cover. Reads never return it for a foreign row.
	ErrForbidden = kratos.Forbidden("FORBIDDEN", "the caller may not write this")
	// ErrUnscoped means that an organisation-bound query has no way to be filtered: a mistake in the code.
	ErrUnscoped = errors.New("tenancy: query type without WhereP: generate it with package entgen")
)

// Scope is the set of rows that a principal may see.
type Scope struct {
	All    bool     `json:"all,omitempty"`
	Orgs   []string `json:"orgs,omitempty"`   // the organisations whose rows it may see and write
	Member string   `json:"member,omitempty"` // the member whose own rows it may see and write
}

// Empty says whether the scope covers nothing.
func (s Scope) Empty() bool { return !s.All && len(s.Orgs) == 0 && s.Member == "" }

// Covers says whether rows of org are in the scope.
func (s Scope) Covers(org string) bool { return s.All || slices.Contains(s.Orgs, org) }

// Principal is an authenticated caller. Its JSON form travels between centers in the internal token.
type Principal struct {
	Kind    Kind     `json:"kind"`
	ID      string   `json:"id"`
	Org     string   `json:"org,omitempty"`     // the organisation it belongs to
	Store   string   `json:"store,omitempty"`   // the store it works in, if it is bound to one
	Member  string   `json:"member,omitempty"`  // the member it is, if any
	Channel string   `json:"channel,omitempty"` // the channel it calls through, if any
	Roles   []string `json:"roles,omitempty"`
	// Direct says that it works in a store of headquarters' own: the organisation's rows are in its scope, its books are not.
	Direct bool  `json:"direct,omitempty"`
	Scope  Scope `json:"scope"`
}

// Caller names the principal in request ids and page tokens. Such a name never changes: what was answered to it is found by it.
func (p Principal) Caller() string { return string(p.Kind) + ":" + p.ID }

// Actor names the principal in ledgers, histories and audit entries. Staff of headquarters' own stores have the rights of a
// franchisee's, but are none: entries from before they had a name of their own call them by Caller.
func (p Principal) Actor() string {
	if p.Direct {
		return "direct:" + p.ID
	}
	return p.Caller()
}

// HasRole says whether the principal has the role.
func (p Principal) HasRole(role string) bool { return slices.Contains(p.Roles, role) }

// WithScope returns the principal with the scope that its kind has: headquarters sees all; a dealer its organisation and
// those below, which the caller of this function knows; a member only its own rows; a service nothing, because only
// WithService makes those; everyone else its own organisation.
func (p Principal) WithScope(below ...string) Principal {
	switch {
	case p.Kind == HQ:
		p.Scope = Scope{All: true}
	case p.Kind == Member:
		p.Scope = Scope{Member: p.Member}
	case p.Kind == Service || p.Org == "":
		p.Scope = Scope{}
	case p.Kind == Dealer:
		orgs := append([]string{p.Org}, below...)
		slices.Sort(orgs)
		p.Scope = Scope{Orgs: slices.Compact(orgs)}
	default:
		p.Scope = Scope{Orgs: []string{p.Org}}
	}
	return p
}

type principalKey struct{}

// NewContext returns a context that names the caller.
func NewContext(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// FromContext returns the caller, or ErrNoPrincipal.
func FromContext(ctx context.Context) (Principal, error) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	if !ok || p.Kind == "" || p.ID == "" {
		return Principal{}, ErrNoPrincipal
	}
	return p, nil
}

// WithService returns a context in which the named service acts, with all organisations in scope. Workers use it, and
// use cases that must touch rows which the caller may not see by itself. The caller is no longer in the context.
func WithService(ctx context.Context, name string) context.Context {
	return NewContext(ctx, Principal{Kind: Service, ID: name, Scope: Scope{All: true}})
}

// SQL returns the condition that keeps a raw statement to the caller's organisations, with its parameters. The condition
// is never empty. column is written by the programmer, never by a caller.
func SQL(ctx context.Context, column string) (cond string, args []any, err error) {
	p, err := FromContext(ctx)
	if err != nil {
		return "", nil, err
	}
	switch {
	case p.Scope.All:
		return "1 = 1", nil, nil
	case len(p.Scope.Orgs) == 0:
		return "1 = 0", nil, nil
	}
	cond = column + " IN (?"
	args = append(args, p.Scope.Orgs[0])
	for _, org := range p.Scope.Orgs[1:] {
		cond += ", ?"
		args = append(args, org)
	}
	return cond + ")", args, nil
}
