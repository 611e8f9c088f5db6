// Command store runs the store center in a process of its own.
package main

import (
	"os"

	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/store"
)

func main() { os.Exit(process.Main("store", nil, store.Door())) }
