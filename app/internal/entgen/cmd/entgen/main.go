// Command entgen makes a center's ent client: go run ./app/internal/entgen/cmd/entgen -center order
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/onepool/onepool/app/internal/entgen"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	center := flag.String("center", "", "the center; sets the three others to app/<center>/internal/data/{entschema,ent}")
	schema := flag.String("schema", "", "directory of the schema")
	target := flag.String("target", "", "directory of the client, which is replaced")
	pkg := flag.String("package", "", "import path of the client")
	flag.Parse()
	if *center != "" {
		data := "app/" + *center + "/internal/data/"
		*schema, *target, *pkg = "./"+data+"entschema", "./"+data+"ent", "github.com/onepool/onepool/"+data+"ent"
	}
	if *schema == "" || *target == "" || *pkg == "" {
		return fmt.Errorf("entgen: give -center, or -schema, -target and -package")
	}
	return entgen.Generate(*schema, *target, *pkg)
}
