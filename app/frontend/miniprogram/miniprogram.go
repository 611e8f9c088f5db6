// Package miniprogram is the door of the mini-program mall (小程序商城): what a member does on the phone.
//
// Always true: everything acts for the member who signed in, never for one that a request names; exact stock of a location
// does not leave the platform here.
package miniprogram

import (
	"context"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	"github.com/onepool/onepool/app/frontend/miniprogram/internal/service"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/server"
)

// Frontend is the miniprogram frontend of one process. It has no database: what it needs it asks of the centers.
type Frontend struct{ service *service.MiniProgram }

// Door opens the frontend in a process.
func Door() process.Door {
	return process.Door{Name: "miniprogram", Open: func(_ context.Context, d process.Deps) (process.Module, error) {
		return &Frontend{service: service.New(d.Dial)}, nil
	}}
}

// Migrate has nothing to do.
func (*Frontend) Migrate(context.Context) error { return nil }

// Register puts the service on the process's servers.
func (f *Frontend) Register(r *server.Registrar) {
	miniprogramv1.RegisterMiniProgramServer(r.GRPC, f.service)
	if r.HTTP != nil {
		miniprogramv1.RegisterMiniProgramHTTPServer(r.HTTP, f.service)
	}
	r.Open(miniprogramv1.MiniProgram_SendSignInCode_FullMethodName, miniprogramv1.MiniProgram_SignIn_FullMethodName,
		miniprogramv1.MiniProgram_ListProducts_FullMethodName, miniprogramv1.MiniProgram_GetProduct_FullMethodName)
}

// Workers are none.
func (*Frontend) Workers() []func(context.Context) error { return nil }

// Close has nothing to close.
func (*Frontend) Close() error { return nil }
