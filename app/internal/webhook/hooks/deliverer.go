// Package hooks keeps webhooks in a center's database and calls their receivers.
package hooks

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/onepool/onepool/app/internal/clock"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/webhook"
)

const (
	// deliverEvery is how soon a change that any replica has made is found.
	deliverEvery = 200 * time.Millisecond
	// deliveries is how many receivers are called at once; those that failed before have fewer places, and none of the others'.
	deliveries        = 32
	failingDeliveries = 8
	turnPause         = time.Second // after an error of ours
)

// Deliverer tells the receivers of webhooks. Any number of replicas may run one.
type Deliverer struct {
	// One delivers to one receiver.
	One     webhook.Deliver
	store   Store
	healthy chan struct{}
	failing chan struct{}
	report  func(context.Context, error)
	hit     func(bound string)
}

// Config says how receivers are called.
type Config struct {
	// Key makes the secrets.
	Key []byte
	// Loopback allows receivers on this machine.
	Loopback bool
	// Hit counts bounds that were hit.
	Hit func(bound string)
	// Note counts what became of deliveries, Report gets errors of ours.
	Note   func(outcome string)
	Report func(context.Context, error)
}

// NewDeliverer makes one; gather reads what a receiver has not taken yet.
func NewDeliverer(store Store, c Config, gather func(ctx context.Context, to webhook.Row) (webhook.Batch, error)) *Deliverer {
	return &Deliverer{
		store: store, report: c.Report, hit: c.Hit, healthy: make(chan struct{}, deliveries), failing: make(chan struct{}, failingDeliveries),
		One: webhook.Deliver{Queue: store, Gather: gather, Receiver: NewSender(c.Key, c.Loopback),
			NewOwner: func() string { return ids.New("dlv") }, Jitter: func(n int64) int64 { return rand.N(max(n, 1)) }, ElapsedUS: clock.Stopwatch, Note: c.Note},
	}
}

// subscriber is a principal as webhooks see it. A member's channel is the one it came through, not one that it speaks for.
func subscriber(p tenancy.Principal) webhook.Subscriber {
	s := webhook.Subscriber{Org: p.Org, Headquarters: p.Kind == tenancy.HQ, Operator: p.HasRole("operator") || p.HasRole("admin")}
	if p.Kind == tenancy.Channel {
		s.Account = p.Channel
	}
	return s
}

// AsAccount is the context of the channel's own account: it is told what that account would be.
func AsAccount(ctx context.Context, to webhook.Row) context.Context {
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: tenancy.Channel, ID: to.ID, Org: to.Org, Channel: to.Channel}.WithScope())
}

// Run delivers until ctx ends, and then waits for what is under way.
func (d *Deliverer) Run(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	for ctx.Err() == nil {
		pause := deliverEvery
		if _, err := d.Start(ctx, &under); err != nil && ctx.Err() == nil {
			d.report(ctx, err)
			pause = turnPause
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// Turn delivers what is due now, and returns to how many receivers.
func (d *Deliverer) Turn(ctx context.Context) (int, error) {
	var under sync.WaitGroup
	n, err := d.Start(ctx, &under)
	under.Wait()
	return n, err
}

// Start begins a delivery for each webhook that is due, as far as there are places; the others keep their turn.
func (d *Deliverer) Start(ctx context.Context, under *sync.WaitGroup) (n int, err error) {
	for _, kind := range []struct {
		failing bool
		places  chan struct{}
	}{{false, d.healthy}, {true, d.failing}} {
		free := cap(kind.places) - len(kind.places)
		if free == 0 {
			d.hit("webhook_deliveries")
			continue
		}
		due, err := d.store.Due(ctx, kind.failing, free)
		if err != nil {
			return n, err
		}
		for _, id := range due {
			kind.places <- struct{}{} // only this goroutine takes places, and it takes no more than were free
			n++
			under.Go(func() {
				defer func() { <-kind.places }()
				if err := d.One.One(ctx, id); err != nil && ctx.Err() == nil {
					d.report(ctx, err)
				}
			})
		}
	}
	return n, nil
}
