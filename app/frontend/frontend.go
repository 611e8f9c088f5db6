// Package frontend names the doors of all frontends, and of what the platform says of itself.
package frontend

import (
	"github.com/onepool/onepool/app/frontend/about"
	"github.com/onepool/onepool/app/frontend/console"
	"github.com/onepool/onepool/app/frontend/ecommerce"
	"github.com/onepool/onepool/app/frontend/miniprogram"
	"github.com/onepool/onepool/app/frontend/pos"
	"github.com/onepool/onepool/app/frontend/reference"
	"github.com/onepool/onepool/app/internal/process"
)

// Doors of the frontends.
func Doors() []process.Door {
	return []process.Door{miniprogram.Door(), pos.Door(), ecommerce.Door(), console.Door(), about.Door(), reference.Door()}
}
