package service

import (
	"context"

	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// callerOf says who asks.
func callerOf(ctx context.Context) (biz.Caller, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return biz.Caller{}, err
	}
	return biz.Caller{Name: p.Actor(), Formerly: p.Caller(), Service: p.Kind == tenancy.Service, Headquarters: p.Kind == tenancy.HQ, Org: p.Org, Store: p.Store, Roles: p.Roles}, nil
}

// asService puts the center that calls in the place of whoever it calls for: what it asks of this center is its own
// command, and a worker of it that repeats the command later must get the same answer.
func asService(ctx context.Context) (context.Context, error) {
	if name, ok := authn.Service(ctx); ok {
		return tenancy.WithService(ctx, name), nil
	}
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if p.Kind == tenancy.Service {
		return tenancy.WithService(ctx, p.ID), nil
	}
	return nil, fault.Forbidden("service")
}

// serviceCaller is asService, and who that is.
func serviceCaller(ctx context.Context) (context.Context, biz.Caller, error) {
	ctx, err := asService(ctx)
	if err != nil {
		return nil, biz.Caller{}, err
	}
	by, err := callerOf(ctx)
	return ctx, by, err
}

// scoped refuses those who see no shelves, whatever their scope: members, and the accounts of other platforms. What may be
// promised is all that they are told (GetAvailability).
func scoped(ctx context.Context) error {
	p, err := tenancy.FromContext(ctx)
	if err == nil && (p.Kind == tenancy.Member || p.Kind == tenancy.Channel) {
		err = fault.Forbidden("staff")
	}
	return err
}

// reader is the scope of a read about documents: all for a center that asks in its own name, for the order center always,
// since these are its documents; otherwise what the caller may see.
func reader(ctx context.Context) (context.Context, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if name, ok := authn.Service(ctx); ok && name == "order" {
		return tenancy.WithService(ctx, name), nil
	}
	if p.Kind == tenancy.Service {
		return tenancy.WithService(ctx, p.ID), nil
	}
	return ctx, scoped(ctx)
}

// staffOf says who asks, of those who work with shelves.
func staffOf(ctx context.Context) (biz.Caller, error) {
	if err := scoped(ctx); err != nil {
		return biz.Caller{}, err
	}
	return callerOf(ctx)
}
