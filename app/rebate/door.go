package rebate

import (
	"context"

	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/secret"
)

// Door opens the center as its process configures it.
func Door() process.Door {
	return process.Door{Name: name, Center: true, Open: func(ctx context.Context, d process.Deps) (process.Module, error) {
		return New(ctx, Config{DB: process.Database(d.Config, name), Timezone: d.Config.Trade.Timezone},
			Deps{Observe: d.Observe, PageSecret: d.Keys.Key(secret.Pages)})
	}}
}
