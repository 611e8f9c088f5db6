// Package miniprogram is the door of the mini-program mall (小程序商城): what a member does on the phone.
//
// Always true: everything acts for the member who signed in, never for one that a request names, except the cart of a guest, who
// is known by the token that was given out; exact stock of a location
// does not leave the platform here.
package miniprogram

import (
	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	"github.com/onepool/onepool/app/frontend/miniprogram/internal/service"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/server"
)

// Door opens the frontend in a process. It has no database: what it needs it asks of the centers.
func Door() process.Door {
	return process.Frontend("miniprogram", func(d process.Deps, r *server.Registrar) {
		s := service.New(d.Dial)
		miniprogramv1.RegisterMiniProgramServer(r.GRPC, s)
		returns := service.NewReturns(d.Dial)
		miniprogramv1.RegisterMiniProgramReturnsServer(r.GRPC, returns)
		invoices := service.NewInvoices(d.Dial)
		miniprogramv1.RegisterMiniProgramInvoicesServer(r.GRPC, invoices)
		carts := service.NewCarts(d.Dial)
		miniprogramv1.RegisterMiniProgramCartsServer(r.GRPC, carts)
		gifts := service.NewGifts(d.Dial)
		miniprogramv1.RegisterMiniProgramGiftsServer(r.GRPC, gifts)
		if r.HTTP != nil {
			miniprogramv1.RegisterMiniProgramCartsHTTPServer(r.HTTP, carts)
			miniprogramv1.RegisterMiniProgramHTTPServer(r.HTTP, s)
			miniprogramv1.RegisterMiniProgramReturnsHTTPServer(r.HTTP, returns)
			miniprogramv1.RegisterMiniProgramInvoicesHTTPServer(r.HTTP, invoices)
			miniprogramv1.RegisterMiniProgramGiftsHTTPServer(r.HTTP, gifts)
		}
		r.Open(miniprogramv1.MiniProgram_SendSignInCode_FullMethodName, miniprogramv1.MiniProgram_SignIn_FullMethodName,
			miniprogramv1.MiniProgram_ListProducts_FullMethodName, miniprogramv1.MiniProgram_GetProduct_FullMethodName,
			miniprogramv1.MiniProgramCarts_OpenGuestCart_FullMethodName, miniprogramv1.MiniProgramCarts_GetGuestCart_FullMethodName, miniprogramv1.MiniProgramCarts_SetGuestCartLine_FullMethodName)
	})
}
