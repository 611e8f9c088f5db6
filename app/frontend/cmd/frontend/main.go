// Command frontend is the edge of a platform in several processes: the frontends, the reference, and the way to all centers
// under one address.
package main

import (
	"os"

	"github.com/onepool/onepool/app/frontend"
	"github.com/onepool/onepool/app/internal/process"
)

func main() { os.Exit(process.Main("frontend", process.Centers, frontend.Doors()...)) }
