package inventory

import (
	"context"

	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/secret"
)

// Door opens the center in a process, by its configuration.
func Door() process.Door {
	return process.Door{Name: name, Center: true, Open: func(ctx context.Context, d process.Deps) (process.Module, error) {
		return New(ctx, Config{DB: process.Database(d.Config, name), LoopbackWebhooks: d.Config.Sandbox.Webhooks},
			Deps{Observe: d.Observe, Saga: d.Saga, Dial: d.Dial, PageSecret: d.Keys.Key(secret.Pages), WebhookKey: d.Keys.Key(secret.Webhooks)})
	}}
}
