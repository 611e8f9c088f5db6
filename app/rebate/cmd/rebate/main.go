// Command rebate runs the rebate center in a process of its own.
package main

import (
	"os"

	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/rebate"
)

func main() { os.Exit(process.Main("rebate", nil, rebate.Door())) }
