// Command statedoc draws the state machines of all centers into the documentation.
//
//	go run ./app/onepool/internal/statedoc [FILE]     FILE: docs/STATES.md by default
package main

import (
	"fmt"
	"os"

	"github.com/onepool/onepool/app/internal/states"
	"github.com/onepool/onepool/app/inventory"
	"github.com/onepool/onepool/app/member"
	"github.com/onepool/onepool/app/order"
)

//go:generate go run . ../../../../docs/STATES.md

func main() {
	file := "docs/STATES.md"
	if len(os.Args) > 1 {
		file = os.Args[1]
	}
	if err := os.WriteFile(file, []byte(document()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "statedoc:", err)
		os.Exit(1)
	}
}

func document() string {
	return states.Draw([]states.Center{{Name: "Order", Machines: order.States()}, {Name: "Inventory", Machines: inventory.States()}, {Name: "Member", Machines: member.States()}})
}
