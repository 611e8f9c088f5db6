// Package platform names the parts of the all-in-one platform. Each comes in through its door; nothing else of a center
// is known here.
package platform

import (
	"github.com/onepool/onepool/app/frontend"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/inventory"
	"github.com/onepool/onepool/app/member"
	"github.com/onepool/onepool/app/order"
	"github.com/onepool/onepool/app/product"
	"github.com/onepool/onepool/app/rebate"
	"github.com/onepool/onepool/app/store"
)

// AdminKeyFile is the name of the file, in the data folder, in which the first start writes the administrator's key.
const AdminKeyFile = store.AdminKeyFile

// Doors are the six centers and the frontends, in the order in which they start.
func Doors() []process.Door {
	return append([]process.Door{product.Door(), store.Door(), inventory.Door(), member.Door(), rebate.Door(), order.Door()}, frontend.Doors()...)
}
