package service

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

const (
	// batch bounds what a timer does in one go; what is left is due at its next turn.
	batch = 100
	// rounds bounds how many full batches a timer works off before others get their turn.
	rounds = 20
	// orphanGrace leaves a young placement to the call that made it.
	orphanGrace = 3 * time.Second
)

// due is one kind of timer: what is due, and what to do about it.
type due struct {
	name string
	find func(ctx context.Context, nowUS int64, limit int) ([]data.Due, error)
	do   func(ctx context.Context, d data.Due) error
	// first works on all that is due at once, and returns what is left for do; nil: all is.
	first func(ctx context.Context, found []data.Due) ([]data.Due, error)
	// wide is how many are done at a time, for those that wait for somebody outside; 0: one.
	wide int
}

// wideAsks bounds how many questions to payment providers are under way at a time: they take their time to answer.
const wideAsks = 8

func (s *Order) timers() []due {
	return []due{
		{name: "expire", wide: wideAsks, find: s.Orders.UnpaidDue, do: func(ctx context.Context, d data.Due) error { return s.expire(ctx, d.OrderID) }},
		{name: "balance", wide: wideAsks, find: s.Orders.BalancesDue, do: func(ctx context.Context, d data.Due) error { return s.balance(ctx, d.OrderID) }},
		{name: "gift", find: s.Orders.GiftsDue, do: func(ctx context.Context, d data.Due) error { return s.inTx(ctx, d.OrderID, (*biz.Order).LapseGift) }},
		{name: "auto receive", find: s.Orders.ReceiptsDue, do: func(ctx context.Context, d data.Due) error {
			return s.inTx(ctx, d.OrderID, func(o *biz.Order) error { return o.AutoReceive(d.PartID) })
		}},
		{name: "end window", find: s.Orders.WindowsDue, do: func(ctx context.Context, d data.Due) error {
			return s.inTx(ctx, d.OrderID, func(o *biz.Order) error { return o.EndWindow(d.PartID) })
		}},
		{name: "collect", find: s.Orders.CollectionsDue, do: func(ctx context.Context, d data.Due) error {
			return s.inTx(ctx, d.OrderID, func(o *biz.Order) error { return o.Uncollected(d.PartID) })
		}},
		{name: "choose", find: s.Orders.ChoicesDue, do: func(ctx context.Context, d data.Due) error {
			return s.inTx(ctx, d.OrderID, (*biz.Order).NoAnswer)
		}},
		{name: "overdue", find: s.Orders.OverdueDue, do: func(ctx context.Context, d data.Due) error {
			return s.inTx(ctx, d.OrderID, func(o *biz.Order) error { return o.Overdue(d.PartID) })
		}},
		{name: "review", find: s.Orders.ReviewsDue, do: func(ctx context.Context, d data.Due) error { return s.inTx(ctx, d.OrderID, (*biz.Order).Silent) }},
		{name: "allocate", find: s.Orders.AllocationsDue, first: s.followWaiting, do: func(ctx context.Context, d data.Due) error { return s.allocate(ctx, d.OrderID) }},
	}
}

// Tick does what is due now. A failure of one does not keep the others.
func (s *Order) Tick(ctx context.Context) error { return s.work(ctx, s.timers()) }

// TickPayments asks payment providers what is due to be asked. They are slow at times: they keep no other timer.
func (s *Order) TickPayments(ctx context.Context) error { return s.work(ctx, s.paymentTimers()) }

func (s *Order) work(ctx context.Context, timers []due) error {
	ctx = data.AsService(ctx)
	var failures []error
	for _, t := range timers {
		for range rounds {
			now, err := s.DB.Now(ctx)
			if err != nil {
				return err
			}
			found, err := t.find(ctx, now, batch)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			failed, left := 0, found
			if t.first != nil && len(found) > 0 {
				if left, err = t.first(ctx, found); err != nil {
					failed++
					failures = append(failures, fmt.Errorf("%s: %w", t.name, err))
				}
			}
			errs := t.each(ctx, left)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			failures = append(failures, errs...)
			failed += len(errs)
			if len(found) < batch || failed > 0 {
				break
			}
		}
	}
	return errors.Join(failures...)
}

// HideReceivers encrypts a bounded number of receivers that an older version kept in clear.
func (s *Order) HideReceivers(ctx context.Context) error {
	for range rounds {
		n, err := s.Orders.HideOld(ctx, batch)
		if err != nil || n < batch {
			return err
		}
	}
	return nil
}

// each does what is due, and returns what has failed; overtaken ones have not.
func (t due) each(ctx context.Context, all []data.Due) (failures []error) {
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(max(1, t.wide))
	for _, d := range all {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			if err := t.do(ctx, d); err != nil && !overtaken(err) {
				mu.Lock()
				defer mu.Unlock()
				failures = append(failures, fmt.Errorf("%s of %s: %w", t.name, d.OrderID, err))
			}
			return nil
		})
	}
	_ = group.Wait() // its functions keep their errors for themselves
	return failures
}

// overtaken says whether somebody else was faster: a payment, a cancel, another replica.
func overtaken(err error) bool {
	r, ok := errors.AsType[biz.Refusal](err)
	return ok && r.Code == 409
}

// ResumeOrphans brings placements and changes of address to an end that nobody works on.
func (s *Order) ResumeOrphans(ctx context.Context) error {
	found, err := command.Orphans(ctx, s.DB, batch, orphanGrace, orderv1.Order_PlaceOrder_FullMethodName, orderv1.Order_SellAtTill_FullMethodName,
		orderv1.Exchanges_ApproveExchange_FullMethodName, orderv1.AddressChanges_ChangeAddress_FullMethodName, orderv1.GiftOrders_PlaceGift_FullMethodName)
	if err != nil {
		return err
	}
	var failures []error
	for _, in := range found {
		if err := s.resume(ctx, in); err != nil && !saga.IsRefusal(err) && !errors.Is(err, saga.ErrRunning) {
			failures = append(failures, fmt.Errorf("resume %s: %w", in.GID, err))
		}
	}
	return errors.Join(failures...)
}

// inTx changes an order as the service does.
func (s *Order) inTx(ctx context.Context, orderID string, fn func(o *biz.Order) error) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		_, err := s.change(ctx, orderID, fn)
		return err
	})
}
