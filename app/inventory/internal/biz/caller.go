package biz

import (
	"slices"
	"strings"
)

// Caller is who asks, as far as the rules of this center care.
type Caller struct {
	Name         string // for the ledger
	Formerly     string // what older entries call the same caller
	Service      bool
	Headquarters bool
	Org          string
	Store        string // the one it works in, if it is bound to one
	Roles        []string
	Blind        Blind // whose figures are not for the caller now
}

// Is says whether a name in a ledger is the caller's.
func (c Caller) Is(name string) bool { return name != "" && (name == c.Name || name == c.Formerly) }

// MayBook says whether the caller may book stock in, or correct it, at a location: headquarters' operators anywhere, a
// store's own manager and clerks in their store, those of no store at their organisation's. To all others the location is
// not there.
func (c Caller) MayBook(l Location) error { return c.mayAt(l, "manager", "clerk") }

// mayAt lets headquarters' operators, and the location's own staff in one of these roles.
func (c Caller) mayAt(l Location, roles ...string) error {
	switch {
	case c.Headquarters:
		if !c.any("operator", "admin") {
			return Forbidden{"operator or admin"}
		}
	case c.Service || c.Org == "" || c.Org != l.Org || c.Store != "" && c.Store != l.Code:
		return UnknownLocation{l.Code}
	case !c.any(roles...):
		return Forbidden{strings.Join(roles, " or ")}
	}
	return nil
}

// MayDecide says whether the caller may decide what becomes of goods at a location: headquarters' operators anywhere, a
// store's manager in it.
func (c Caller) MayDecide(l Location) error {
	if err := c.MayBook(l); err != nil {
		return err
	}
	if !c.any("manager", "operator", "admin") {
		return Forbidden{"manager, operator or admin"}
	}
	return nil
}

// MayName says whether the caller may book goods of this owner there: others' goods are headquarters' to book.
func (c Caller) MayName(owner string, l Location) error {
	if owner != l.Org && !c.Headquarters {
		return Forbidden{"headquarters, for goods of another owner"}
	}
	return nil
}

// MayShare says whether the caller may set or end a policy of this scope. l is the location that the scope names, nil when
// it names none. A location's policies are its organisation's to set, by a manager, because the goods there are its own: in
// a direct store by the store's own. Headquarters sets them everywhere. To all others the location is not there.
func (c Caller) MayShare(scope SharingScope, l *Location) error {
	switch {
	case c.Headquarters:
		if !c.any("operator", "admin") {
			return Forbidden{"operator or admin"}
		}
		if scope.PlaceKind == AtLocation && l == nil {
			return UnknownLocation{scope.Place}
		}
		return nil
	case scope.PlaceKind != AtLocation || c.Service || c.Org == "":
		return Forbidden{"headquarters"}
	case l == nil:
		return UnknownLocation{scope.Place}
	}
	return c.mayAt(*l, "manager")
}

// MayAnswer says whether the caller may answer for a location: the order center, which knows who asks it, and those who may
// book its stock. To all others nothing was given to it.
func (c Caller) MayAnswer(document string, l Location) error {
	if c.Service {
		return nil
	}
	err := c.MayBook(l)
	if _, unknown := err.(UnknownLocation); unknown {
		return UnknownAssignment{document, l.Code}
	}
	return err
}

// MayResolve says whether the caller may decide about documents that no rule can bring further.
func (c Caller) MayResolve() error {
	if c.Service || c.Headquarters && c.any("operator", "admin") {
		return nil
	}
	return Forbidden{"operator or admin"}
}

// MayHold says whether the caller may hold stock: only other centers do, for their documents.
func (c Caller) MayHold() error {
	if !c.Service {
		return Forbidden{"a service"}
	}
	return nil
}

// SeesExactly says whether exact figures of a location are for this caller.
func (c Caller) SeesExactly(l Location) bool {
	return c.Service || c.Headquarters || c.Org != "" && c.Org == l.Org
}

func (c Caller) any(roles ...string) bool {
	return slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(c.Roles, r) })
}
