// Command inventory-bench measures the inventory center. See -help.
package main

import (
	"os"

	"github.com/onepool/onepool/app/internal/bench"
	inventory "github.com/onepool/onepool/app/inventory/internal/bench"
	"github.com/onepool/onepool/app/inventory/internal/poolbench"
)

func main() { os.Exit(bench.Main(inventory.Cases(), poolbench.Cases())) }
