package service

import (
	"context"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// ChoosePickup says what becomes of a pickup whose store has declined it, or that was not collected.
//
// Another store and delivery are written down first, and then carried out: inventory lets go of what a store still keeps, and
// finds the goods anew; the order follows what is held then. Each step may be made again. What inventory refuses changes
// nothing but the wish: the buyer chooses again.
func (s *OrderChanges) ChoosePickup(ctx context.Context, in *orderv1.ChoosePickupRequest) (*orderv1.OrderInfo, error) {
	o := s.order
	var after func(o *biz.Order) error
	return decide(ctx, o, orderv1.OrderChanges_ChoosePickup_FullMethodName, in,
		func(ctx context.Context) error {
			p, r, err := o.orderOwner(ctx, in.GetOrderId())
			if err == nil && p.Kind == tenancy.Channel {
				err = biz.Forbidden("member")
			}
			if err != nil {
				return err
			}
			switch choice := in.GetChoice().(type) {
			case *orderv1.ChoosePickupRequest_Refund:
				after = func(o *biz.Order) error { return o.RefundChoice("the buyer's choice") }
				return nil
			case *orderv1.ChoosePickupRequest_CollectLater:
				after = (*biz.Order).KeepWaiting
				return nil
			case *orderv1.ChoosePickupRequest_StoreCode:
				after = (*biz.Order).RequireRouted
				return o.reroute(ctx, in, r, biz.WayPickup, choice.StoreCode, nil)
			case *orderv1.ChoosePickupRequest_Delivery:
				after = (*biz.Order).RequireRouted
				var receiver *biz.Receiver
				if choice.Delivery.GetReceiver() != nil {
					to := fromReceiver(choice.Delivery.GetReceiver())
					receiver = &to
				}
				return o.reroute(ctx, in, r, biz.Way(choice.Delivery.GetWay().String()), "", receiver)
			}
			return biz.Invalid("choice", "is needed")
		},
		func(ctx context.Context) (*orderv1.OrderInfo, error) {
			r, err := o.change(ctx, in.GetOrderId(), after)
			if err != nil {
				return nil, err
			}
			return o.info(ctx, r)
		})
}

// reroute writes a choice down and carries it out, outside of any transaction of the caller's.
func (s *Order) reroute(ctx context.Context, in *orderv1.ChoosePickupRequest, r biz.Record, way biz.Way, store string, receiver *biz.Receiver) error {
	switch {
	case r.NeedsChoice():
		if err := s.inTx(ctx, r.ID, func(o *biz.Order) error { return o.Reroute(way, store, receiver) }); err != nil {
			return err
		}
	case r.Way != way || r.PickupStore != store: // else it was carried out, and the answer got lost
		return biz.Overtaken("there is nothing to choose")
	}
	id := func(step, part string) string { return ids.Derived(step, caller(ctx), in.GetRequestId(), part) }
	for _, f := range r.UncollectedParts() {
		lines, err := f.Missing(nil)
		if err != nil {
			return err
		}
		err = s.Answers.Decline(ctx, biz.Decline{RequestID: id("dcl", f.ID), Document: r.ID, Location: f.Location, Reservations: f.Reservations(), Actor: actor(ctx), Lines: lines,
			Reason: "OTHER_REASON", Effect: "NO_STOCK_EFFECT", Text: "not collected"})
		if err != nil {
			return err
		}
	}
	if r.NeedsChoice() {
		choice := biz.Choice{RequestID: id("chs", ""), Document: r.ID, Actor: actor(ctx), Way: way, Store: store, To: r.Receiver.Point}
		if receiver != nil && receiver.Point != nil {
			choice.To = receiver.Point
		}
		if way == biz.WayPickup {
			choice.To = nil
		}
		if refused := s.Answers.Choose(ctx, choice); refused != nil {
			if err := s.follow(ctx, r.ID); err != nil { // a store may have let go all the same
				return err
			}
			return refused
		}
	}
	return s.follow(ctx, r.ID)
}
