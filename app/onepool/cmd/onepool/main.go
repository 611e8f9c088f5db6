// Command onepool runs the whole platform in one process, and speaks to a running one.
package main

import (
	"os"

	"github.com/onepool/onepool/app/onepool/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) }
