// Package frontend names the doors of all frontends, and of what the platform says of itself.
package frontend

import (
	"github.com/onepool/onepool/app/frontend/about"
	"github.com/onepool/onepool/app/frontend/reference"
	"github.com/onepool/onepool/app/internal/process"
)

// Doors of the frontends.
func Doors() []process.Door {
	return []process.Door{about.Door(), reference.Door()}
}
