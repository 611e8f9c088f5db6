package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// ReaddressWorkflow is the name under which the coordinator calls a change of address back.
const ReaddressWorkflow = "order.readdress"

// AddressChanges serves those who want an order to go to somebody else, or to another place.
type AddressChanges struct {
	orderv1.UnimplementedAddressChangesServer
	order *Order
}

// NewAddressChanges shares the order center's work.
func NewAddressChanges(order *Order) *AddressChanges { return &AddressChanges{order: order} }

// newAddress is what the intent of a change keeps.
type newAddress struct {
	Sealed    []byte // the receiver
	Region    string `json:",omitempty"`
	Elsewhere bool   `json:",omitempty"` // it is another place
}

// ChangeAddress changes the receiver of an order of which nothing has left.
func (s *AddressChanges) ChangeAddress(ctx context.Context, in *orderv1.ChangeAddressRequest) (*orderv1.OrderInfo, error) {
	o := s.order
	method := orderv1.AddressChanges_ChangeAddress_FullMethodName
	spec := command.Spec{Method: method, Request: in, BusinessID: in.GetOrderId(), GID: func(id string, attempt int) string { return ids.GID("ad", id, attempt) }}
	known, err := command.Find(ctx, o.DB, method, in)
	if err != nil {
		return nil, err
	}
	if known == nil {
		if spec.Payload, err = o.newAddress(ctx, in); err != nil {
			return nil, err
		}
		spec.New = true
	}
	answer, err := command.Distributed[*orderv1.OrderInfo]{Spec: spec, Execute: o.execute}.Run(ctx, o.DB)
	return o.addressed(ctx, answer, err)
}

// newAddress says whether the caller may ask for the change, and keeps what is asked for.
func (s *Order) newAddress(ctx context.Context, in *orderv1.ChangeAddressRequest) ([]byte, error) {
	p, r, err := s.orderOwner(ctx, in.GetOrderId())
	if err != nil {
		return nil, err
	}
	if r.Receiver.Ciphertext && p.Kind != tenancy.Channel {
		return nil, biz.Forbidden("account of the channel")
	}
	to := fromReceiver(in.GetReceiver())
	if err := r.MayReaddress(to); err != nil {
		return nil, err
	}
	kept := newAddress{Region: in.GetDestinationRegion(), Elsewhere: r.Elsewhere(to)}
	if kept.Elsewhere {
		if err := s.checkFreight(ctx, r, kept.Region); err != nil {
			return nil, err
		}
	}
	if kept.Sealed, err = s.Orders.Seal(to, r.ID); err != nil {
		return nil, err
	}
	return json.Marshal(kept)
}

// checkFreight compares what a delivery to a region costs with what was paid.
func (s *Order) checkFreight(ctx context.Context, r biz.Record, region string) error {
	terms, err := s.Seeker.Terms.Terms(ctx, 0)
	if err != nil {
		return err
	}
	codes := make([]string, 0, len(r.Lines))
	seen := map[string]bool{}
	for _, l := range r.Lines {
		if !seen[l.SKU] {
			seen[l.SKU] = true
			codes = append(codes, l.SKU)
		}
	}
	skus, err := s.Seeker.Catalog.SKUs(ctx, codes)
	if err != nil {
		return err
	}
	return r.CheckFreight(terms, region, skus, s.settings.FreightMinor)
}

// readdress runs the workflow of a change, for the first time or again.
func (s *Order) readdress(ctx context.Context, in *command.Intent) error {
	ctx = tenancy.NewContext(ctx, in.Principal)
	var kept newAddress
	if err := json.Unmarshal(in.Payload, &kept); err != nil {
		return fmt.Errorf("change of address of %s cannot be read: %w", in.BusinessID, err)
	}
	to, err := s.Orders.Open(kept.Sealed, in.BusinessID)
	if err != nil {
		return err
	}
	change := &readdressing{order: s, in: in, to: to, kept: kept}
	w := saga.Workflow{
		GID:     in.GID,
		Resume:  saga.Call{Center: "order", Method: ReaddressWorkflow},
		Steps:   []saga.Step{{Name: "begin", Do: change.begin, Undo: change.end}},
		Final:   change.final,
		Abandon: change.abandon,
		Decided: func(ctx context.Context) (bool, error) { return decided(ctx, in) },
	}
	if kept.Elsewhere {
		w.Steps = append(w.Steps, saga.Step{Name: "redirect", Do: change.redirect}, saga.Step{Name: "follow", Do: change.follow})
	}
	return s.Saga.Run(ctx, w)
}

// readdressing is one run of a change. What inventory has sent to the new place needs no undoing: the change is refused after
// that only because the order is over, and its stock goes back.
type readdressing struct {
	order *Order
	in    *command.Intent
	to    biz.Receiver
	kept  newAddress
}

// change changes the order, and what is kept of its address, inside a transaction; then, if it is not nil, is done with the result.
func (c *readdressing) change(ctx context.Context, fn func(o *biz.Order, a biz.AddressState) (biz.AddressState, error), then func(r biz.Record) error) error {
	r, err := c.order.change(ctx, c.in.BusinessID, func(o *biz.Order) error {
		was, err := c.order.Orders.AddressOf(ctx, c.in.BusinessID)
		if err != nil {
			return err
		}
		now, err := fn(o, was)
		if err != nil || now == was {
			return err
		}
		return c.order.Orders.SaveAddress(ctx, o.Record().Header, now)
	})
	if err != nil || then == nil {
		return err
	}
	return then(r)
}

// begin keeps the order's goods from leaving.
func (c *readdressing) begin(ctx context.Context) error {
	if err := failpoint.Hit("order.readdress.begin.before"); err != nil {
		return err
	}
	err := c.order.DB.InTx(ctx, func(ctx context.Context) error {
		err := c.change(ctx, func(o *biz.Order, a biz.AddressState) (biz.AddressState, error) {
			return o.BeginReaddress(a, c.in.GID, c.to)
		}, nil)
		if err != nil {
			return err
		}
		return c.in.Hold(ctx) // a run that is late must not keep them for ever
	})
	if err := c.decided(ctx, err); err != nil {
		return err
	}
	return failpoint.Hit("order.readdress.begin.after")
}

// decided is how the change has ended, where another run was faster.
func (c *readdressing) decided(ctx context.Context, err error) error {
	if !errors.Is(err, command.ErrFinished) {
		return err
	}
	committed, refusal := decided(ctx, c.in)
	if committed {
		return nil
	}
	return refusal
}

// end lets them leave again.
func (c *readdressing) end(ctx context.Context) error {
	if err := failpoint.Hit("order.readdress.end.before"); err != nil {
		return err
	}
	err := c.order.DB.InTx(ctx, func(ctx context.Context) error {
		return c.change(ctx, func(_ *biz.Order, a biz.AddressState) (biz.AddressState, error) { return a.Ended(c.in.GID), nil }, nil)
	})
	if err != nil {
		return err
	}
	return failpoint.Hit("order.readdress.end.after")
}

// redirect asks inventory for the new place.
func (c *readdressing) redirect(ctx context.Context) error {
	if err := failpoint.Hit("order.readdress.redirect.before"); err != nil {
		return err
	}
	err := c.order.Router.Redirect(ctx, biz.Redirect{
		RequestID: c.in.GID + "-redir", Document: c.in.BusinessID, Actor: c.in.Principal.Actor(), To: *c.to.Point, Region: c.kept.Region,
	})
	if err != nil {
		return err
	}
	return failpoint.Hit("order.readdress.redirect.after")
}

// follow gives what is held to the locations that hold it now.
func (c *readdressing) follow(ctx context.Context) error {
	if err := failpoint.Hit("order.readdress.follow.before"); err != nil {
		return err
	}
	if err := c.order.follow(ctx, c.in.BusinessID); err != nil {
		return err
	}
	return failpoint.Hit("order.readdress.follow.after")
}

// final is the one local transaction: the new receiver, and the answer.
func (c *readdressing) final(ctx context.Context) error {
	if err := failpoint.Hit("order.readdress.final.before"); err != nil {
		return err
	}
	err := c.order.DB.InTx(ctx, func(ctx context.Context) error {
		return c.change(ctx, func(o *biz.Order, a biz.AddressState) (biz.AddressState, error) {
			return o.Readdressed(a, c.in.GID, c.to)
		}, func(r biz.Record) error {
			answer, err := c.order.kept(ctx, r)
			if err != nil {
				return err
			}
			return c.in.Finish(ctx, answer, nil)
		})
	})
	if err := c.decided(ctx, err); err != nil {
		return err
	}
	return failpoint.Hit("order.readdress.final.after")
}

// abandon records a refusal, unless the change has ended already.
func (c *readdressing) abandon(ctx context.Context, refusal error) error {
	if err := failpoint.Hit("order.readdress.abandon.before"); err != nil {
		return err
	}
	err := c.order.DB.InTx(ctx, func(ctx context.Context) error { return c.in.Finish(ctx, nil, fault.Public(refusal)) })
	if err == nil {
		return failpoint.Hit("order.readdress.abandon.after")
	}
	if !errors.Is(err, command.ErrFinished) {
		return err
	}
	committed, recorded := decided(ctx, c.in)
	if committed {
		return saga.ErrCommitted
	}
	return recorded
}
