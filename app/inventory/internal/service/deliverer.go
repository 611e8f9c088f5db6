package service

import (
	"context"

	"github.com/onepool/onepool/app/internal/webhook"
	"github.com/onepool/onepool/app/internal/webhook/hooks"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// NewDeliverer tells the receivers of webhooks what the channel may promise now. note counts what became of deliveries, report
// gets errors of ours.
func NewDeliverer(store *data.Store, inventory *Inventory, c FeedConfig, note func(outcome string), report func(context.Context, error)) *hooks.Deliverer {
	notices := biz.Notices{Log: store, Kits: store, Promises: promises{inventory, store}}
	return hooks.NewDeliverer(store.Hooks(), hooks.Config{Key: c.Key, Loopback: c.Loopback, Hit: c.Hit, Note: note, Report: report},
		func(ctx context.Context, to webhook.Row) (webhook.Batch, error) {
			return notices.Gather(hooks.AsAccount(ctx, to), to)
		})
}
