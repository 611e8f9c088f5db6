package webhook

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// readTime and deliverTime bound what goes before a message, and the message; the lease outlasts both.
	readTime     = 10 * time.Second
	deliverTime  = 10 * time.Second
	deliverLease = 30 * time.Second
)

// What became of a delivery, for the metrics.
const (
	Told     = "told"
	Untaken  = "failed"
	GivenUp  = "parked"
	LeaseOff = "lost" // another replica, or its owner, was faster
)

// Batch is what a receiver is to be told now: messages, which become JSON, up to a position. None: what there is up to then is
// not for this receiver. More says that there is even more to tell.
type Batch struct {
	Messages []any
	To       int64
	More     bool
}

// Queue hands out what is due, to one replica at a time, by the database's clock.
type Queue interface {
	// Claim leases one that is due to owner; false when it is not, or somebody else has it.
	Claim(ctx context.Context, id, owner string, lease time.Duration) (row Row, nowUS int64, got bool, err error)
	// Extend renews the lease; false when it is lost.
	Extend(ctx context.Context, id, owner string, lease time.Duration) (nowUS int64, held bool, err error)
	// Settle ends the lease and stores what change makes of the row; false when the lease was lost, and nothing changes.
	Settle(ctx context.Context, id, owner string, change func(nowUS int64) Row) (held bool, err error)
}

// Receiver is the other side. The text of its error is shown to the webhook's owner.
type Receiver interface {
	Tell(ctx context.Context, to Row, message any, nowUS int64) error
}

// Deliver tells a receiver what has changed since it was told last.
//
// Always true: the position moves on only after the receiver has taken everything up to it, so what is lost in between comes
// again; and no transaction is open while the receiver is called.
type Deliver struct {
	Queue Queue
	// Gather reads what the receiver has not taken yet, as the channel's own account would see it.
	Gather    func(ctx context.Context, to Row) (Batch, error)
	Receiver  Receiver
	NewOwner  func() string
	Jitter    func(int64) int64
	ElapsedUS func() func() int64
	// Note counts what became of a delivery.
	Note func(outcome string)
}

// One delivers what is due to one webhook. Its error is ours; what the receiver did wrong is noted on the webhook.
func (uc Deliver) One(ctx context.Context, id string) error {
	owner := uc.NewOwner()
	row, nowUS, got, err := uc.Queue.Claim(ctx, id, owner, deliverLease)
	if err != nil || !got {
		return err
	}
	elapsed := uc.ElapsedUS()
	batch, err := uc.gather(ctx, row)
	if err == nil && len(batch.Messages) > 0 {
		refused, told := uc.tell(ctx, row, owner, batch.Messages, nowUS)
		if errors.Is(told, errLeaseLost) {
			uc.Note(LeaseOff)
			return nil
		}
		if told == nil {
			return uc.settle(ctx, row, owner, refused, batch.To, elapsed()/int64(len(batch.Messages)), batch.More)
		}
		err = told
	}
	if err == nil && batch.To > row.Position { // nothing of that is for the receiver
		return uc.skip(ctx, row, owner, batch)
	}
	// Nothing became of it: somebody else may try at once.
	_, released := uc.Queue.Settle(context.WithoutCancel(ctx), id, owner, func(int64) Row { return row })
	if err = errors.Join(err, released); err != nil {
		return fmt.Errorf("webhook %s: %w", id, err)
	}
	return nil
}

var errLeaseLost = errors.New("the lease of a webhook was lost")

// skip moves on over what a receiver need not be told.
func (uc Deliver) skip(ctx context.Context, row Row, owner string, batch Batch) error {
	_, err := uc.Queue.Settle(context.WithoutCancel(ctx), row.ID, owner, func(nowUS int64) Row {
		row := row
		row.Position, row.NextUS, row.UpdatedUS = batch.To, nowUS, nowUS
		return row
	})
	if err != nil {
		return fmt.Errorf("webhook %s: %w", row.ID, err)
	}
	return nil
}

// settle notes what the receiver did. It outlives a stop: what was taken shall not come again.
func (uc Deliver) settle(ctx context.Context, row Row, owner string, refused error, to, tookUS int64, more bool) error {
	hook := Restore(row)
	held, err := uc.Queue.Settle(context.WithoutCancel(ctx), row.ID, owner, func(nowUS int64) Row {
		hook = Restore(row) // the transaction may run again
		if refused != nil {
			hook.Failed(refused.Error(), nowUS, uc.Jitter)
		} else {
			hook.Delivered(to, nowUS, tookUS, more)
		}
		return hook.Row()
	})
	switch {
	case err != nil:
		return fmt.Errorf("webhook %s: %w", row.ID, err)
	case !held:
		uc.Note(LeaseOff)
	case hook.Parked():
		uc.Note(GivenUp)
	case refused != nil:
		uc.Note(Untaken)
	default:
		uc.Note(Told)
	}
	return nil
}

func (uc Deliver) gather(ctx context.Context, row Row) (Batch, error) {
	ctx, over := context.WithTimeout(ctx, readTime)
	defer over()
	return uc.Gather(ctx, row)
}

// tell sends the parts. refused is the receiver's failure; an error is ours.
func (uc Deliver) tell(ctx context.Context, row Row, owner string, messages []any, nowUS int64) (refused, err error) {
	for i, m := range messages {
		if i > 0 {
			var held bool
			if nowUS, held, err = uc.Queue.Extend(ctx, row.ID, owner, deliverLease); err != nil {
				return nil, err
			}
			if !held {
				return nil, errLeaseLost
			}
		}
		one, over := context.WithTimeout(ctx, deliverTime)
		refused = uc.Receiver.Tell(one, row, m, nowUS)
		over()
		if ctx.Err() != nil && refused != nil {
			return nil, ctx.Err() // we are stopping: nobody knows what the receiver made of it
		}
		if refused != nil {
			return refused, nil
		}
	}
	return nil, nil
}
