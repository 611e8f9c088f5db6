// Command product runs the product center in a process of its own.
package main

import (
	"os"

	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/product"
)

func main() { os.Exit(process.Main("product", nil, product.Door())) }
