package process

import (
	"context"

	"github.com/onepool/onepool/app/internal/server"
)

// Frontend is the door of a module without a database and without workers: what it needs it asks of the centers.
func Frontend(name string, register func(d Deps, r *server.Registrar)) Door {
	return Door{Name: name, Open: func(_ context.Context, d Deps) (Module, error) { return frontend{d, register}, nil }}
}

type frontend struct {
	deps     Deps
	register func(d Deps, r *server.Registrar)
}

func (f frontend) Register(r *server.Registrar) { f.register(f.deps, r) }

func (frontend) Migrate(context.Context) error          { return nil }
func (frontend) Ready(context.Context) error            { return nil }
func (frontend) Workers() []func(context.Context) error { return nil }
func (frontend) Close() error                           { return nil }
