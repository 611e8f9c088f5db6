package biz

import (
	"context"
	"errors"
)

// EndSharingPolicy takes a policy out of force now. An exclusive quota is given back: what its channel holds stays held.
type EndSharingPolicy struct {
	Locations LocationFinder
	Book      SharingBook
}

// Decide stores the end inside the transaction. A policy that the caller may not see is not there for him.
func (uc EndSharingPolicy) Decide(ctx context.Context, by Caller, id string) (*SharingPolicy, error) {
	now, _, err := uc.Book.LockSharing(ctx)
	if err != nil && !errors.As(err, new(TooManyPolicies)) { // ending one is the way out of too many
		return nil, err
	}
	p, err := uc.permitted(ctx, by, id)
	if err != nil {
		return nil, err
	}
	if err := p.End(now); err != nil {
		return nil, err
	}
	return p, uc.Book.EndSharing(ctx, p)
}

func (uc EndSharingPolicy) permitted(ctx context.Context, by Caller, id string) (*SharingPolicy, error) {
	p, err := uc.Book.SharingPolicy(ctx, id)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, absentPolicy(by, id)
	}
	l, err := mayShare(ctx, uc.Locations, by, p.row.SharingScope)
	own := l != nil && by.Org == l.Org && (by.Store == "" || by.Store == l.Code)
	if err != nil && !own {
		return nil, absentPolicy(by, id)
	}
	return p, err
}

// absentPolicy answers the same for what does not exist and for what is not the caller's. Who may end no policy at all is
// told so in both cases.
func absentPolicy(by Caller, id string) error {
	switch {
	case by.Headquarters && !by.any("operator", "admin"):
		return Forbidden{"operator or admin"}
	case by.Service || by.Org == "":
		return Forbidden{"headquarters"}
	}
	return UnknownPolicy{id}
}
