package service

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/types/known/emptypb"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// DeclineFulfilment says that the location does not ship, or lacks some pieces.
//
// Inventory decides, in one transaction of its own: it takes the goods away, books what that means for the shelf, and finds
// another location. The order follows what is held then. Both steps may be made again: inventory knows the request, and
// following twice changes nothing. If this process dies between them, inventory's own message makes the order follow.
func (s *Order) DeclineFulfilment(ctx context.Context, req *orderv1.DeclineFulfilmentRequest) (*orderv1.Fulfilment, error) {
	decline := func(ctx context.Context, id string) (string, error) {
		orderID, err := s.fulfilmentStaff(ctx, id)
		if err != nil {
			return "", err
		}
		_, r, f, err := s.fulfilmentFor(ctx, id)
		if err != nil {
			return "", err
		}
		if err := s.declineAt(ctx, req, r, f); err != nil {
			return "", err
		}
		if err := failpoint.Hit("order.decline.follow.before"); err != nil {
			return "", err
		}
		if err := s.follow(ctx, orderID); err != nil {
			return "", err
		}
		return orderID, failpoint.Hit("order.decline.follow.after")
	}
	return s.fulfil(ctx, orderv1.Order_DeclineFulfilment_FullMethodName, req, req.GetFulfilmentId(), decline,
		func(o *biz.Order) error { return o.RequireDeclined(req.GetFulfilmentId()) })
}

// declineAt tells inventory, unless the fulfilment has ended already. One that is declined has nothing left there: what its
// location may hold of the order again is another fulfilment's.
func (s *Order) declineAt(ctx context.Context, req *orderv1.DeclineFulfilmentRequest, r biz.Record, f biz.Fulfilment) error {
	asked := make([]biz.MissingPieces, len(req.GetLines()))
	for i, l := range req.GetLines() {
		asked[i] = biz.MissingPieces{LineID: l.GetLineId(), SKU: l.GetSku(), Quantity: l.GetQuantity()}
	}
	d := biz.Decline{
		RequestID: ids.Derived("dcl", caller(ctx), req.GetRequestId()), Document: r.ID, Location: f.Location, Reservations: f.Reservations(), Actor: actor(ctx), Text: req.GetText(),
		Reason: req.GetReason().String(), Effect: req.GetEffect().String(), OutageUntilUS: req.GetOutageUntilUs(), OthersToo: req.GetOthersToo(),
	}
	var err error
	if d.Lines, err = f.Missing(asked); err != nil {
		return err
	}
	switch f.State {
	case biz.FulfilmentPlanned, biz.FulfilmentAssigned, biz.FulfilmentAccepted, biz.FulfilmentPicked, biz.FulfilmentPacked, biz.FulfilmentPartShipped:
		return s.Answers.Decline(ctx, d)
	}
	return nil // its state refuses
}

// followTries bounds how often an order is read again that others change at the same time.
const followTries = 5

var errBusy = errors.New("order: changed by others each time")

// follow brings an order's fulfilments in line with what inventory holds. What inventory says counts only if the order is
// still as it was before inventory was asked: so an older answer never overwrites a newer one.
func (s *Order) follow(ctx context.Context, orderID string) error {
	for range followTries {
		r, err := s.Orders.Load(ctx, orderID)
		if err != nil {
			return err
		}
		standings, err := s.Stock.Standings(data.AsService(ctx), []string{orderID})
		if err != nil {
			return err
		}
		err = s.inTx(ctx, orderID, func(o *biz.Order) error {
			if o.Record().Version != r.Version {
				return errOvertaken
			}
			return o.Follow(standings[orderID].Held, standings[orderID].Waiting)
		})
		if !errors.Is(err, errOvertaken) {
			return err
		}
	}
	return fmt.Errorf("follow %s: %w", orderID, errBusy)
}

// Branch is what the transaction coordinator calls: any number of times. It never refuses.
type Branch struct {
	orderv1.UnimplementedOrderBranchServer
	order    *Order
	branchOf func(context.Context) (saga.Branch, bool)
}

// Branch serves the coordinator.
func (s *Order) Branch() *Branch { return &Branch{order: s, branchOf: saga.BranchFromContext} }

// Reallocated makes an order follow what inventory holds for it now, whatever the message was about: so repeats and late
// messages do no harm.
func (b *Branch) Reallocated(ctx context.Context, in *orderv1.ReallocatedCall) (*emptypb.Empty, error) {
	if _, verified := b.branchOf(ctx); !verified {
		return nil, fault.Unauthenticated()
	}
	if err := failpoint.Hit("order.reallocated.before"); err != nil {
		return nil, fault.Branch(fault.Confirm, err)
	}
	err := b.order.follow(data.AsService(ctx), in.GetDocument())
	if refusal, refused := errors.AsType[biz.Refusal](err); refused && refusal.Code == 404 {
		err = nil // a document of somebody else's
	}
	if err == nil {
		err = failpoint.Hit("order.reallocated.after")
	}
	if err != nil {
		return nil, fault.Branch(fault.Confirm, err)
	}
	return &emptypb.Empty{}, nil
}
