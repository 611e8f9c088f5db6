// Command inventory runs the inventory center in a process of its own.
package main

import (
	"os"

	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/inventory"
)

func main() { os.Exit(process.Main("inventory", nil, inventory.Door())) }
