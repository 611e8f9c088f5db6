// Command member runs the member center in a process of its own.
package main

import (
	"os"

	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/member"
)

func main() { os.Exit(process.Main("member", nil, member.Door())) }
