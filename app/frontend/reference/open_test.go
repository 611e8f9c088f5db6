package reference

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/frontend/reference/internal/complete"
)

// opened finds what the doors register as open: arguments of calls to Open that are constants of generated gRPC code,
// e.g. storev1.Store_SignInStaff_FullMethodName, as "Store/SignInStaff".
func opened(t *testing.T) (all []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "ent" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if fn, ok := call.Fun.(*ast.SelectorExpr); !ok || fn.Sel.Name != "Open" {
				return true
			}
			for _, arg := range call.Args {
				if c, ok := arg.(*ast.SelectorExpr); ok && strings.HasSuffix(c.Sel.Name, "_FullMethodName") {
					service, method, _ := strings.Cut(strings.TrimSuffix(c.Sel.Name, "_FullMethodName"), "_")
					all = append(all, service+"/"+method)
				}
			}
			return true
		})
		return nil
	}))
	slices.Sort(all)
	return slices.Compact(all)
}

// What the reference shows as open is what the servers leave open.
func TestOpenOperationsAreTheDoorsOwn(t *testing.T) {
	registered := opened(t)
	var documented []string
	for _, operation := range complete.Platform.Open {
		pkg, method, ok := strings.Cut(strings.TrimPrefix(operation, "/"), "/")
		require.True(t, ok, operation)
		parts := strings.Split(pkg, ".") // onepool, [frontend,] center, v1, Service
		dir := filepath.Join(append([]string{"../.."}, parts[1:len(parts)-2]...)...)
		if _, err := os.Stat(dir); err != nil {
			t.Logf("%s: no door at %s", operation, dir)
			continue
		}
		documented = append(documented, parts[len(parts)-1]+"/"+method)
	}
	slices.Sort(documented)
	require.Equal(t, documented, registered, "complete.Platform.Open against the doors")
}
