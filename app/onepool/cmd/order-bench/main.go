// Command order-bench measures what an order costs, from the mini-program's call to the last row. See -help.
package main

import (
	"os"

	"github.com/onepool/onepool/app/internal/bench"
	order "github.com/onepool/onepool/app/onepool/internal/bench"
)

func main() { os.Exit(bench.Main(order.Cases())) }
