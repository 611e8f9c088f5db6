package biz

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// noticeMost is how many SKUs one message holds.
	noticeMost = 500
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

// Notice is one message to a receiver: what has changed in the commits after From, up to To.
type Notice struct {
	Webhook, Channel string
	From, To         int64
	Part, Parts      int
	AtUS             int64
	Reset            bool
	Changes          []FeedItem // totals
}

// WebhookQueue hands out what is due, to one replica at a time, by the database's clock.
type WebhookQueue interface {
	// ClaimWebhook leases one that is due to owner; false when it is not, or somebody else has it.
	ClaimWebhook(ctx context.Context, id, owner string, lease time.Duration) (row WebhookRow, nowUS int64, got bool, err error)
	// ExtendWebhook renews the lease; false when it is lost.
	ExtendWebhook(ctx context.Context, id, owner string, lease time.Duration) (nowUS int64, held bool, err error)
	// SettleWebhook ends the lease and stores what change makes of the row; false when the lease was lost, and nothing changes.
	SettleWebhook(ctx context.Context, id, owner string, change func(nowUS int64) WebhookRow) (held bool, err error)
}

// NoticeReceiver is the other side. The text of its error is shown to the webhook's owner.
type NoticeReceiver interface {
	Tell(ctx context.Context, to WebhookRow, n Notice, nowUS int64) error
}

// Deliver tells a receiver what has changed since it was told last.
//
// Always true: the position moves on only after the receiver has taken everything up to it, so what is lost in between comes
// again; and no transaction is open while the receiver is called.
type Deliver struct {
	Queue    WebhookQueue
	Log      ChangeLog
	Kits     KitFollower
	Promises Promises
	Receiver NoticeReceiver
	// As makes the context one of the channel's own account: it is told what that account would be.
	As        func(ctx context.Context, to WebhookRow) context.Context
	NewOwner  func() string
	Jitter    func(int64) int64
	ElapsedUS func() func() int64
	// Note counts what became of a delivery.
	Note func(outcome string)
}

// One delivers what is due to one webhook. Its error is ours; what the receiver did wrong is noted on the webhook.
func (uc Deliver) One(ctx context.Context, id string) error {
	owner := uc.NewOwner()
	row, nowUS, got, err := uc.Queue.ClaimWebhook(ctx, id, owner, deliverLease)
	if err != nil || !got {
		return err
	}
	elapsed := uc.ElapsedUS()
	notices, more, err := uc.notices(ctx, row)
	if err == nil && len(notices) > 0 {
		refused, told := uc.tell(ctx, row, owner, notices, nowUS)
		if errors.Is(told, errLeaseLost) {
			uc.Note(LeaseOff)
			return nil
		}
		if told == nil {
			return uc.settle(ctx, row, owner, refused, notices[0].To, elapsed()/int64(len(notices)), more)
		}
		err = told
	}
	// Nothing became of it: somebody else may try at once.
	_, released := uc.Queue.SettleWebhook(context.WithoutCancel(ctx), id, owner, func(int64) WebhookRow { return row })
	if err = errors.Join(err, released); err != nil {
		return fmt.Errorf("webhook %s: %w", id, err)
	}
	return nil
}

var errLeaseLost = errors.New("inventory: the lease of a webhook was lost")

// settle notes what the receiver did. It outlives a stop: what was taken shall not come again.
func (uc Deliver) settle(ctx context.Context, row WebhookRow, owner string, refused error, to, tookUS int64, more bool) error {
	hook := RestoreWebhook(row)
	held, err := uc.Queue.SettleWebhook(context.WithoutCancel(ctx), row.ID, owner, func(nowUS int64) WebhookRow {
		hook = RestoreWebhook(row) // the transaction may run again
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

// notices are what the receiver is to be told, in parts if one commit alone is more than a message holds. more says that
// there is even more to tell.
func (uc Deliver) notices(ctx context.Context, row WebhookRow) (all []Notice, more bool, err error) {
	ctx, over := context.WithTimeout(uc.As(ctx, row), readTime)
	defer over()
	key := FeedQuery{}.keyFor(FeedReader{Totals: true})
	got, err := gatherer{log: uc.Log, kits: uc.Kits, key: key, limit: noticeMost, whole: true}.after(ctx, FeedPlace{Position: row.Position})
	if errors.Is(err, FeedExpired{}) {
		// Away for too long: it has to read all, and is told from here on.
		got = &gathered{reset: true}
		_, got.to.Position, err = uc.Log.ChangeEnds(ctx)
	}
	if err != nil || got.to.Position == row.Position {
		return nil, false, err
	}
	items, err := promised(ctx, uc.Promises, row.Channel, got.keys)
	if err != nil {
		return nil, false, err
	}
	parts := max(1, (len(items)+noticeMost-1)/noticeMost)
	for i := range parts {
		all = append(all, Notice{Webhook: row.ID, Channel: row.Channel, From: row.Position, To: got.to.Position, Part: i + 1, Parts: parts,
			AtUS: got.atUS, Reset: got.reset, Changes: items[i*noticeMost : min(len(items), (i+1)*noticeMost)]})
	}
	return all, got.full, nil
}

// tell sends the parts. refused is the receiver's failure; an error is ours.
func (uc Deliver) tell(ctx context.Context, row WebhookRow, owner string, notices []Notice, nowUS int64) (refused, err error) {
	for i, n := range notices {
		if i > 0 {
			var held bool
			if nowUS, held, err = uc.Queue.ExtendWebhook(ctx, row.ID, owner, deliverLease); err != nil {
				return nil, err
			}
			if !held {
				return nil, errLeaseLost
			}
		}
		one, over := context.WithTimeout(ctx, deliverTime)
		refused = uc.Receiver.Tell(one, row, n, nowUS)
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
