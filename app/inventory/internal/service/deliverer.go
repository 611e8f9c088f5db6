package service

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
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
	store   *data.Store
	one     biz.Deliver
	healthy chan struct{}
	failing chan struct{}
	report  func(context.Context, error)
	hit     func(bound string)
}

// NewDeliverer makes one. note counts what became of deliveries, report gets errors of ours.
func NewDeliverer(store *data.Store, inventory *Inventory, c FeedConfig, note func(outcome string), report func(context.Context, error)) *Deliverer {
	return &Deliverer{
		store: store, report: report, hit: c.Hit, healthy: make(chan struct{}, deliveries), failing: make(chan struct{}, failingDeliveries),
		one: biz.Deliver{Queue: store, Log: store, Kits: store, Promises: promises{inventory, store}, Receiver: data.NewReceiver(c.Key, c.Loopback), As: asAccount,
			NewOwner: func() string { return ids.New("dlv") }, Jitter: func(n int64) int64 { return rand.N(max(n, 1)) }, ElapsedUS: stopwatch, Note: note},
	}
}

// asAccount is the context of the channel's own account.
func asAccount(ctx context.Context, to biz.WebhookRow) context.Context {
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: tenancy.Channel, ID: to.ID, Org: to.Org, Channel: to.Channel}.WithScope())
}

// Run delivers until ctx ends, and then waits for what is under way.
func (d *Deliverer) Run(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	for ctx.Err() == nil {
		pause := deliverEvery
		if _, err := d.start(ctx, &under); err != nil && ctx.Err() == nil {
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
	n, err := d.start(ctx, &under)
	under.Wait()
	return n, err
}

// start begins a delivery for each webhook that is due, as far as there are places; the others keep their turn.
func (d *Deliverer) start(ctx context.Context, under *sync.WaitGroup) (n int, err error) {
	for _, kind := range []struct {
		failing bool
		places  chan struct{}
	}{{false, d.healthy}, {true, d.failing}} {
		free := cap(kind.places) - len(kind.places)
		if free == 0 {
			d.hit("webhook_deliveries")
			continue
		}
		due, err := d.store.DueWebhooks(ctx, kind.failing, free)
		if err != nil {
			return n, err
		}
		for _, id := range due {
			kind.places <- struct{}{} // only this goroutine takes places, and it takes no more than were free
			n++
			under.Go(func() {
				defer func() { <-kind.places }()
				if err := d.one.One(ctx, id); err != nil && ctx.Err() == nil {
					d.report(ctx, err)
				}
			})
		}
	}
	return n, nil
}
