package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/onepool/onepool/"

var centers = []string{"product", "store", "inventory", "order", "member", "rebate"}

// pure are the packages that decide nothing about technique: biz may use them.
var pure = []string{"batch", "clock", "failpoint", "geo", "gtin", "ids", "mask", "money", "page", "phone", "printed", "webhook"}

// pricing is the price calculation: as pure as a biz, and any center's or program's to use.
const pricing = "app/order/pricing"

// testOnly never reach a binary.
var testOnly = []string{
	"testing", "github.com/stretchr/testify", "pgregory.net/rapid", "github.com/anishathalye/porcupine",
	"github.com/Shopify/toxiproxy",
}

// file is a Go file as the rules see it.
type file struct {
	path      string // slash-separated, below the module's root
	dir       string
	test      bool
	generated bool
	imports   []string
}

// rule returns why a file may not import what it imports, or "".
type rule func(f file, imported string) string

var rules = map[string]rule{
	"centers": func(f file, imported string) string {
		center := centerOf(f.dir)
		target, inside := strings.CutPrefix(imported, module)
		if center == "" || !inside || within(target, "app/"+center) || within(target, "api") || within(target, "app/internal") {
			return ""
		}
		if f.test && target == "configs" {
			return "" // a test may start the center as its program does
		}
		return "a center knows others by their api only"
	},
	"frontends": func(f file, imported string) string {
		frontend := frontendOf(f.dir)
		target, inside := strings.CutPrefix(imported, module)
		if frontend == "app/frontend/cmd" && target == "app/frontend" {
			return "" // the program of all frontends opens their doors
		}
		if frontend == "" || !inside || within(target, frontend) || within(target, "api") || within(target, "app/internal") {
			return ""
		}
		return "a frontend is an adapter of api calls"
	},
	"biz": func(f file, imported string) string {
		room, found := cutRoom(f.dir, "biz")
		if within(f.dir, pricing) {
			room, found = pricing, true
		}
		if !found {
			return ""
		}
		if target, inside := strings.CutPrefix(imported, module); inside {
			name, shared := strings.CutPrefix(target, "app/internal/")
			if shared && slices.Contains(pure, name) || within(target, room) || within(target, pricing) {
				return ""
			}
			return "biz decides: the standard library and pure packages only"
		}
		if f.test && isAny(imported, testOnly) {
			return ""
		}
		if !standard(imported) || within(imported, "database") || imported == "os" || imported == "log" {
			return "biz decides: the standard library and pure packages only"
		}
		return ""
	},
	"data knows no service": func(f file, imported string) string {
		room, found := cutRoom(f.dir, "data")
		if target := strings.TrimPrefix(imported, module); found && within(target, strings.TrimSuffix(room, "data")+"service") {
			return "service -> biz <- data"
		}
		return ""
	},
	"doors": func(f file, imported string) string {
		target, inside := strings.CutPrefix(imported, module)
		if !inside {
			return ""
		}
		house, _, found := strings.Cut(target, "/internal")
		if !found || !within(target, house+"/internal") || within(f.dir, house) {
			return ""
		}
		return "what is internal to " + house + " is reached through its door"
	},
	"shared packages know no center": func(f file, imported string) string {
		target, inside := strings.CutPrefix(imported, module)
		if !within(f.dir, "app/internal") || !inside || within(target, "app/internal") || within(target, "api/common") {
			return ""
		}
		if within(target, "api") && f.test {
			return "" // a test may need any message
		}
		if f.dir == "app/internal/process" && (target == "api/store/v1" || target == "configs") {
			return "" // it assembles processes: keys are resolved by their owner, defaults are embedded
		}
		return "app/internal stands below the centers"
	},
	"api": func(f file, imported string) string {
		if within(f.dir, "api") && within(strings.TrimPrefix(imported, module), "app") {
			return "api is what everybody may import: it imports none of us"
		}
		return ""
	},
	"coordinator": func(f file, imported string) string {
		switch {
		case within(imported, "github.com/dtm-labs/dtm"):
			return "the coordinator's server and client register the same messages: the server lives in third_party/dtm"
		case within(imported, "github.com/dtm-labs") && !within(f.dir, "app/internal/saga") && !within(f.dir, "app/internal/testkit") &&
			!(f.test && within(f.dir, "app/internal/server")): // its tests call a branch listener as the coordinator does
			return "one package speaks to the coordinator: app/internal/saga"
		}
		return ""
	},
	"raw SQL": func(f file, imported string) string {
		switch {
		case within(f.dir, "app/internal") || f.generated:
			return ""
		case imported == "database/sql" && measuring(f.dir):
			return "" // it fills tables, and keeps what measurements compare with as it was
		case f.dir == "app/onepool/internal/split":
			return "" // it creates the centers' databases, before there is one to open
		case f.test && f.dir == "app/onepool/internal/e2e":
			return "" // it looks at a running platform's databases from outside
		case imported == "database/sql" && !within(f.dir, "app/inventory/internal/data"):
			return "raw SQL lives in app/internal and in inventory's data"
		case within(imported, "modernc.org/sqlite") || within(imported, "github.com/go-sql-driver/mysql"):
			return "app/internal/database opens databases"
		}
		return ""
	},
	"test tools": func(f file, imported string) string {
		tool := isAny(imported, testOnly) || strings.HasPrefix(imported, module) && testPackage(imported)
		if f.test || !tool || testPackage(f.dir) || path.Base(f.dir) == "gen" || measuring(f.dir) {
			return "" // a generator and a measurement are run by developers only
		}
		return "a binary carries no test tools"
	},
}

func TestTheHouseKeepsItsRules(t *testing.T) {
	files := parse(t, root(t))
	require.Greater(t, len(files), 20, "the files were not found")
	for _, broken := range check(files) {
		t.Error(broken)
	}
}

// Each file in the fixture breaks the rules that its golden line names; a rule without a line would be untested.
func TestBrokenRulesAreSeen(t *testing.T) {
	got := check(parse(t, filepath.Join("testdata", "broken")))
	require.Equal(t, []string{
		`api/order/v1/order.go imports github.com/onepool/onepool/app/order [api]: api is what everybody may import: it imports none of us`,
		`app/frontend/pos/internal/till.go imports github.com/onepool/onepool/app/frontend/console [frontends]: a frontend is an adapter of api calls`,
		`app/frontend/pos/internal/till.go imports github.com/onepool/onepool/app/order [frontends]: a frontend is an adapter of api calls`,
		`app/internal/money/money.go imports github.com/onepool/onepool/api/order/v1 [shared packages know no center]: app/internal stands below the centers`,
		`app/internal/money/money.go imports github.com/stretchr/testify/require [test tools]: a binary carries no test tools`,
		`app/inventory/internal/data/ent/client.go imports github.com/go-sql-driver/mysql [raw SQL]: app/internal/database opens databases`,
		`app/onepool/cmd/onepool/main.go imports github.com/dtm-labs/dtm/dtmsvr/entry [coordinator]: the coordinator's server and client register the same messages: the server lives in third_party/dtm`,
		`app/onepool/cmd/onepool/main.go imports github.com/onepool/onepool/app/order/internal/biz [doors]: what is internal to app/order is reached through its door`,
		`app/order/internal/biz/order.go imports database/sql [biz]: biz decides: the standard library and pure packages only`,
		`app/order/internal/biz/order.go imports database/sql [raw SQL]: raw SQL lives in app/internal and in inventory's data`,
		`app/order/internal/biz/order.go imports github.com/go-kratos/kratos/v2/errors [biz]: biz decides: the standard library and pure packages only`,
		`app/order/internal/biz/order.go imports github.com/onepool/onepool/api/order/v1 [biz]: biz decides: the standard library and pure packages only`,
		`app/order/internal/biz/order.go imports github.com/onepool/onepool/app/internal/database [biz]: biz decides: the standard library and pure packages only`,
		`app/order/internal/biz/order.go imports github.com/onepool/onepool/app/order/internal/data [biz]: biz decides: the standard library and pure packages only`,
		`app/order/internal/biz/order_test.go imports github.com/onepool/onepool/app/inventory [biz]: biz decides: the standard library and pure packages only`,
		`app/order/internal/biz/order_test.go imports github.com/onepool/onepool/app/inventory [centers]: a center knows others by their api only`,
		`app/order/internal/data/repo.go imports github.com/dtm-labs/client/dtmcli [coordinator]: one package speaks to the coordinator: app/internal/saga`,
		`app/order/internal/data/repo.go imports github.com/onepool/onepool/app/order/internal/service [data knows no service]: service -> biz <- data`,
		`app/order/pricing/calculate.go imports github.com/onepool/onepool/app/internal/database [biz]: biz decides: the standard library and pure packages only`,
	}, got)
	for name := range rules {
		require.True(t, slices.ContainsFunc(got, func(line string) bool { return strings.Contains(line, "["+name+"]") }), "rule %q has no fixture", name)
	}
}

func check(files []file) []string {
	var broken []string
	for _, f := range files {
		for _, imported := range f.imports {
			for name, r := range rules {
				if why := r(f, imported); why != "" {
					broken = append(broken, f.path+" imports "+imported+" ["+name+"]: "+why)
				}
			}
		}
	}
	slices.Sort(broken)
	return broken
}

// root climbs to the folder of go.mod.
func root(t *testing.T) string {
	folder, err := filepath.Abs(filepath.Join("..", "..", ".."))
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(folder, "go.mod"))
	return folder
}

// parse reads the import lines below folder: not of modules of their own, fixtures, or what was built.
func parse(t *testing.T, folder string) []file {
	var files []file
	err := filepath.WalkDir(folder, func(at string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		below, err := filepath.Rel(folder, at)
		require.NoError(t, err)
		below = filepath.ToSlash(below)
		if entry.IsDir() {
			if below != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || slices.Contains([]string{"bin", "data", "tools", "third_party"}, below)) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(below) != ".go" {
			return nil
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), at, nil, parser.ImportsOnly|parser.ParseComments)
		require.NoError(t, err)
		f := file{path: below, dir: path.Dir(below), test: strings.HasSuffix(below, "_test.go")}
		for _, group := range syntax.Comments {
			for _, line := range group.List {
				f.generated = f.generated || strings.HasPrefix(line.Text, "// Code generated ") && strings.HasSuffix(line.Text, " DO NOT EDIT.")
			}
		}
		for _, spec := range syntax.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			f.imports = append(f.imports, imported)
		}
		files = append(files, f)
		return nil
	})
	require.NoError(t, err)
	return files
}

func within(name, folder string) bool {
	return folder != "" && (name == folder || strings.HasPrefix(name, folder+"/"))
}

func centerOf(dir string) string {
	for _, center := range centers {
		if within(dir, "app/"+center) {
			return center
		}
	}
	return ""
}

// frontendOf returns "app/frontend/<name>".
func frontendOf(dir string) string {
	parts := strings.SplitN(dir, "/", 4)
	if len(parts) < 3 || parts[0] != "app" || parts[1] != "frontend" {
		return ""
	}
	return strings.Join(parts[:3], "/")
}

// cutRoom cuts ".../internal/<room>/..." after the room.
func cutRoom(dir, room string) (folder string, found bool) {
	house, _, found := strings.Cut(dir+"/", "/internal/"+room+"/")
	return house + "/internal/" + room, found
}

// standard says whether a package is of the standard library: the first element of any other path has a dot.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

// testPackage says whether a package is for tests by its name, such as httptest.
func testPackage(name string) bool {
	return strings.HasSuffix(path.Base(name), "test") || within(strings.TrimPrefix(name, module), "app/internal/testkit") || measuring(name)
}

// measuring says whether a package is part of the programs that measure, app/<center>/cmd/<center>-bench: a folder of its
// path is named so.
func measuring(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(folder string) bool { return strings.HasSuffix(folder, "bench") })
}

func isAny(imported string, of []string) bool {
	return slices.ContainsFunc(of, func(name string) bool { return within(imported, name) })
}
