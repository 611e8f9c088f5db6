// Command order runs the order center in a process of its own.
package main

import (
	"os"

	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/order"
)

func main() { os.Exit(process.Main("order", nil, order.Door())) }
