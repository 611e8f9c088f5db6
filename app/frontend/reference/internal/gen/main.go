// Command gen completes the generated OpenAPI document: gen IN OUT.
package main

import (
	"fmt"
	"os"

	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/onepool/onepool/api/frontend/console/v1"
	_ "github.com/onepool/onepool/api/frontend/ecommerce/v1"
	_ "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	_ "github.com/onepool/onepool/api/frontend/pos/v1"
	_ "github.com/onepool/onepool/api/inventory/v1"
	_ "github.com/onepool/onepool/api/member/v1"
	_ "github.com/onepool/onepool/api/order/v1"
	_ "github.com/onepool/onepool/api/product/v1"
	_ "github.com/onepool/onepool/api/rebate/v1"
	_ "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/frontend/reference/internal/complete"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: gen IN OUT")
	}
	in, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	out, err := complete.Document(in, protoregistry.GlobalFiles, complete.Platform)
	if err != nil {
		return err
	}
	return os.WriteFile(args[1], out, 0o644)
}
