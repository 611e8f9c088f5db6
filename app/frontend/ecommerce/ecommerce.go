// Package ecommerce is the door of what connectors of e-commerce platforms (Tmall, JD, Douyin) call.
//
// Always true: everything acts for the channel account whose secret signed the request; the same external number is the
// same order.
package ecommerce

import (
	"context"

	ecommercev1 "github.com/onepool/onepool/api/frontend/ecommerce/v1"
	"github.com/onepool/onepool/app/frontend/ecommerce/internal/service"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/server"
)

// Frontend is the ecommerce frontend of one process. It has no database: what it needs it asks of the centers.
type Frontend struct{ service *service.Ecommerce }

// Door opens the frontend in a process.
func Door() process.Door {
	return process.Door{Name: "ecommerce", Open: func(_ context.Context, d process.Deps) (process.Module, error) {
		return &Frontend{service: service.New(d.Dial)}, nil
	}}
}

// Migrate has nothing to do.
func (*Frontend) Migrate(context.Context) error { return nil }

// Register puts the service on the process's servers.
func (f *Frontend) Register(r *server.Registrar) {
	ecommercev1.RegisterEcommerceServer(r.GRPC, f.service)
	if r.HTTP != nil {
		ecommercev1.RegisterEcommerceHTTPServer(r.HTTP, f.service)
	}
}

// Workers are none.
func (*Frontend) Workers() []func(context.Context) error { return nil }

// Close has nothing to close.
func (*Frontend) Close() error { return nil }
