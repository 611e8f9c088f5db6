package service

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// staffRoles may work on orders.
var staffRoles = []string{"admin", "operator", "manager", "clerk", "guide"}

// approverRoles may say that goods come back for money.
var approverRoles = []string{"admin", "operator", "manager"}

func isStaff(p tenancy.Principal) bool {
	switch p.Kind {
	case tenancy.HQ, tenancy.Dealer, tenancy.Franchisee:
		return slices.ContainsFunc(p.Roles, func(role string) bool { return slices.Contains(staffRoles, role) })
	case tenancy.Device:
		return p.Store != ""
	}
	return false
}

// maxMemberID is longer than any member's id.
const maxMemberID = 40

// forMember refuses a caller who is neither the member nor somebody who may act for members.
func forMember(ctx context.Context, memberID string) error {
	p, err := tenancy.FromContext(ctx)
	switch {
	case err != nil:
		return err
	case len(memberID) > maxMemberID:
		return biz.NotFound("member")
	case p.Kind == tenancy.Member && p.Member == memberID && memberID != "", p.Kind == tenancy.HQ && isStaff(p):
		return nil
	case p.Kind == tenancy.Member:
		return biz.NotFound("member")
	}
	return biz.Forbidden("member")
}

// orderFor loads an order that the caller may see; with parts, at least these of it.
func (s *Order) orderFor(ctx context.Context, orderID string, parts ...data.Part) (tenancy.Principal, biz.Record, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return p, biz.Record{}, err
	}
	if p.Store != "" {
		parts = nil // whether an order reaches a store is in its fulfilments
	}
	r, err := s.Orders.LoadVisible(ctx, orderID, parts...)
	if err == nil && !reaches(p, r) {
		err = biz.OrderUnknown()
	}
	return p, r, err
}

// reaches narrows the organisation's orders to those of the caller's own till, channel or store.
func reaches(p tenancy.Principal, r biz.Record) bool {
	switch p.Kind {
	case tenancy.Device:
		return r.Kind == biz.KindTill && r.ShopStore == p.Store
	case tenancy.Channel:
		return r.Kind == biz.KindChannel && r.Channel == p.Channel
	case tenancy.HQ, tenancy.Franchisee: // people of a store, also of a direct one, work for their store only
		return p.Store == "" || r.ShopStore == p.Store || slices.ContainsFunc(r.Fulfilments, func(f biz.Fulfilment) bool { return f.Location == p.Store })
	}
	return true
}

// orderStaff loads an order that the caller may work on as the seller's staff.
func (s *Order) orderStaff(ctx context.Context, orderID string) (biz.Record, error) {
	p, r, err := s.orderFor(ctx, orderID)
	if err == nil && !isStaff(p) {
		err = biz.Forbidden(strings.Join(staffRoles, " or "))
	}
	return r, err
}

// orderOwner loads an order that the caller may change as its member or the seller's staff; with parts, at least these of it.
func (s *Order) orderOwner(ctx context.Context, orderID string, parts ...data.Part) (p tenancy.Principal, r biz.Record, err error) {
	p, r, err = s.orderFor(ctx, orderID, parts...)
	if err == nil && p.Kind != tenancy.Member && !isStaff(p) && p.Kind != tenancy.Channel {
		err = biz.Forbidden(strings.Join(staffRoles, " or "))
	}
	return p, r, err
}

// fulfilmentFor loads the order of a fulfilment that the caller may see.
func (s *Order) fulfilmentFor(ctx context.Context, id string) (tenancy.Principal, biz.Record, biz.Fulfilment, error) {
	var none biz.Fulfilment
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return p, biz.Record{}, none, err
	}
	visible, err := s.Orders.VisibleFulfilment(ctx, id)
	if err != nil {
		return p, biz.Record{}, none, err
	}
	if !visible {
		return p, biz.Record{}, none, biz.NotFound("fulfilment")
	}
	orderID, err := s.Orders.OrderOfFulfilment(ctx, id)
	if err != nil {
		return p, biz.Record{}, none, err
	}
	r, err := s.Orders.Load(ctx, orderID)
	if err != nil {
		return p, biz.Record{}, none, err
	}
	at := slices.IndexFunc(r.Fulfilments, func(f biz.Fulfilment) bool { return f.ID == id })
	if at < 0 || p.Store != "" && p.Store != r.Fulfilments[at].Location || p.Kind == tenancy.Channel && (p.Channel != r.Channel || p.Org != r.Org) {
		return p, biz.Record{}, none, biz.NotFound("fulfilment")
	}
	return p, r, r.Fulfilments[at], nil
}

// fulfilmentStaff is fulfilmentFor those who ship.
func (s *Order) fulfilmentStaff(ctx context.Context, id string) (orderID string, err error) {
	p, r, _, err := s.fulfilmentFor(ctx, id)
	if err == nil && !isStaff(p) {
		err = biz.Forbidden(strings.Join(staffRoles, " or "))
	}
	return r.ID, err
}

// returnFor loads the order of a return for those who see the order, and for those of a location that had shipped the goods.
func (s *Order) returnFor(ctx context.Context, returnID string) (tenancy.Principal, biz.Record, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return p, biz.Record{}, err
	}
	orderID, err := s.Orders.OrderOfReturn(ctx, returnID)
	if err != nil {
		return p, biz.Record{}, err
	}
	if orderID == "" {
		return p, biz.Record{}, biz.NotFound("return")
	}
	r, err := s.Orders.Load(ctx, orderID)
	if err != nil {
		return p, biz.Record{}, err
	}
	visible, err := s.Orders.Visible(ctx, orderID)
	if err == nil && !(visible && reaches(p, r)) && !shipped(p, r, returnID) {
		err = biz.NotFound("return")
	}
	return p, r, err
}

// returnStaff finds the order of a return for those who may take the goods back: the seller's staff, or that of a location
// that had shipped them.
func (s *Order) returnStaff(ctx context.Context, returnID string) (string, error) {
	p, r, err := s.returnFor(ctx, returnID)
	if err == nil && !isStaff(p) {
		err = biz.Forbidden(strings.Join(staffRoles, " or "))
	}
	return r.ID, err
}

// returnSeller finds the order of a return for those who may approve it. A return is the seller's money: whoever merely
// shipped the goods, stands above the seller, or runs the platform does not decide about it.
func (s *Order) returnSeller(ctx context.Context, returnID string) (string, error) {
	p, r, err := s.returnFor(ctx, returnID)
	if err == nil {
		err = approves(p, r)
	}
	return r.ID, err
}

// hidden says of a part whose order is not the caller's to see that the part is not there.
func hidden(err error, kind string) error {
	if refusal, ok := errors.AsType[biz.Refusal](err); ok && refusal.Code == http.StatusNotFound {
		return biz.NotFound(kind)
	}
	return err
}

// approves refuses who does not decide about the money of an order's seller.
func approves(p tenancy.Principal, r biz.Record) error {
	switch {
	case !isStaff(p) || !slices.ContainsFunc(p.Roles, func(role string) bool { return slices.Contains(approverRoles, role) }):
		return biz.Forbidden(strings.Join(approverRoles, " or "))
	case p.Org != r.Org:
		return biz.Forbidden("the seller's organisation")
	}
	return nil
}

// shipped says whether all goods of a return were shipped by locations of the caller's.
func shipped(p tenancy.Principal, r biz.Record, returnID string) bool {
	for _, ret := range r.Returns {
		if ret.ID != returnID {
			continue
		}
		return !slices.ContainsFunc(ret.Lines, func(piece biz.ReturnLine) bool {
			return !slices.ContainsFunc(r.Fulfilments, func(f biz.Fulfilment) bool {
				return p.Scope.Covers(f.Org) && (p.Store == "" || p.Store == f.Location) &&
					slices.ContainsFunc(f.Lines, func(l biz.FulfilmentLine) bool { return l.ID == piece.FulfilmentLineID })
			})
		})
	}
	return false
}

// shelf refuses a place where the caller keeps nothing: one that is not there, or another party's.
func (s *Order) shelf(ctx context.Context, location string) error {
	if location == "" {
		return nil // where the goods came from
	}
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return err
	}
	facts, err := s.Seeker.Sellers.Seller(ctx, biz.SellerQuery{Stores: []string{location}})
	if err != nil {
		return err
	}
	at, known := facts.Stores[location]
	if !known || !p.Scope.Covers(at.Org) || p.Store != "" && p.Store != location {
		return biz.NotFound("location")
	}
	return nil
}

// mayPriceFor lets a member price for itself, and staff and tills for members.
func (s *Order) mayPriceFor(ctx context.Context, memberID string) error {
	p, err := tenancy.FromContext(ctx)
	if err == nil && isStaff(p) {
		return nil
	}
	return forMember(ctx, memberID)
}
