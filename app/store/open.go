package store

import (
	"context"
	"path/filepath"
	"time"

	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/secret"
)

// AdminKeyFile is the name of the file in the data folder where the first start writes the administrator's key.
const AdminKeyFile = "admin.key"

// Door opens the center in a process, by its configuration.
func Door() process.Door {
	return process.Door{Name: name, Center: true, Open: func(ctx context.Context, d process.Deps) (process.Module, error) {
		return New(ctx, Config{
			DB:            process.Database(d.Config, name),
			StaffTokenTTL: time.Duration(d.Config.Security.StaffTokenS) * time.Second,
			Timezone:      d.Config.Trade.Timezone,
			AdminKeyFile:  filepath.Join(d.Config.Storage.Dir, AdminKeyFile),
		}, Deps{
			Observe: d.Observe, Tokens: d.Tokens, PageSecret: d.Keys.Key(secret.Pages), CredentialSecret: d.Keys.Key(secret.Devices),
			Outbox: d.Saga.Outbox(),
		})
	}}
}
