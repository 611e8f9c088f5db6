// Package demo carries the demo brand in the binary: the files that `onepool serve --demo` loads on first start.
//
// Always true: the files pass the same import that a customer's files do, and the test beside their generator proves that
// references resolve, barcodes check, and coordinates lie in their cities.
package demo

import "embed"

// Files holds organisations.csv, stores.csv, products.csv, stock.csv, members.csv, staff.csv and rebate_policy.json.
//
//go:embed *.csv *.json
var Files embed.FS
