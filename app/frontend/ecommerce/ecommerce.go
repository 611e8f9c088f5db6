// Package ecommerce is the door of what connectors of e-commerce platforms (Tmall, JD, Douyin) call.
//
// Always true: everything acts for the channel account whose secret signed the request; the same external number is the
// same order.
package ecommerce

import (
	ecommercev1 "github.com/onepool/onepool/api/frontend/ecommerce/v1"
	"github.com/onepool/onepool/app/frontend/ecommerce/internal/service"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/server"
)

// Door opens the frontend in a process. It has no database: what it needs it asks of the centers.
func Door() process.Door {
	return process.Frontend("ecommerce", func(d process.Deps, r *server.Registrar) {
		s := service.New(d.Dial)
		ecommercev1.RegisterEcommerceServer(r.GRPC, s)
		if r.HTTP != nil {
			ecommercev1.RegisterEcommerceHTTPServer(r.HTTP, s)
		}
	})
}
