package service

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	// refundFirst and refundMost bound the pause between two attempts to refund.
	refundFirst = 2 * time.Second
	refundMost  = 10 * time.Minute
)

// due is one kind of timer: what is due, and what to do about it.
type due struct {
	name string
	find func(ctx context.Context, nowUS int64, limit int) ([]data.Due, error)
	do   func(ctx context.Context, d data.Due) error
	// first works on all that is due at once, and returns what is left for do; nil: all is.
	first func(ctx context.Context, found []data.Due) ([]data.Due, error)
}

func (s *Order) timers() []due {
	return []due{
		{name: "expire", find: s.Orders.UnpaidDue, do: func(ctx context.Context, d data.Due) error { return s.inTx(ctx, d.OrderID, (*biz.Order).Expire) }},
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
		{name: "refund", find: s.Orders.RefundsDue, do: func(ctx context.Context, d data.Due) error { return s.refund(ctx, d.OrderID, d.PartID) }},
		{name: "allocate", find: s.Orders.AllocationsDue, first: s.followWaiting, do: func(ctx context.Context, d data.Due) error { return s.allocate(ctx, d.OrderID) }},
	}
}

// Tick does what is due now. A failure of one does not keep the others.
func (s *Order) Tick(ctx context.Context) error {
	ctx = data.AsService(ctx)
	var failures []error
	for _, t := range s.timers() {
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
			for _, d := range left {
				if err := t.do(ctx, d); err != nil && !overtaken(err) {
					failed++
					failures = append(failures, fmt.Errorf("%s of %s: %w", t.name, d.OrderID, err))
				}
				if ctx.Err() != nil {
					return ctx.Err()
				}
			}
			if len(found) < batch || failed > 0 {
				break
			}
		}
	}
	return errors.Join(failures...)
}

// overtaken says whether somebody else was faster: a payment, a cancel, another replica.
func overtaken(err error) bool {
	r, ok := errors.AsType[biz.Refusal](err)
	return ok && r.Code == 409
}

// ResumeOrphans brings placements to an end that nobody works on.
func (s *Order) ResumeOrphans(ctx context.Context) error {
	found, err := command.Orphans(ctx, s.DB, batch, orphanGrace, orderv1.Order_PlaceOrder_FullMethodName, orderv1.Order_SellAtTill_FullMethodName)
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

// refund asks the provider to pay back. The refund's id makes a repeat the same refund.
func (s *Order) refund(ctx context.Context, orderID, refundID string) error {
	r, err := s.Orders.Load(ctx, orderID)
	if err != nil {
		return err
	}
	for _, f := range r.Refunds {
		if f.ID != refundID || f.State != biz.RefundPending {
			continue
		}
		for _, c := range r.Captures {
			if c.ID != f.CaptureID {
				continue
			}
			reference, failure := s.payBack(ctx, f, c)
			if failure == nil {
				return s.inTx(ctx, orderID, func(o *biz.Order) error { return o.RefundPaid(refundID, reference) })
			}
			now, err := s.DB.Now(ctx)
			if err != nil {
				return errors.Join(failure, err)
			}
			pause := min(refundFirst<<min(f.Attempts, 10), refundMost)
			return errors.Join(failure, s.inTx(ctx, orderID, func(o *biz.Order) error {
				o.RefundLater(refundID, now+pause.Microseconds())
				return nil
			}))
		}
	}
	return nil
}

var errNoProvider = errors.New("payment provider is not switched on")

func (s *Order) payBack(ctx context.Context, f biz.Refund, c biz.Capture) (string, error) {
	provider, known := s.providers[c.Provider]
	if !known {
		return "", fmt.Errorf("%s: %w", c.Provider, errNoProvider)
	}
	return provider.Refund(ctx, biz.RefundOrder{ID: f.ID, TransactionNo: c.TransactionNo, AmountMinor: f.AmountMinor, Currency: c.Currency})
}
