// Command gen writes the migrations that lead from a center's committed files to its ent schema, for both engines:
//
//	go run ./app/internal/migrate/gen -center order -name add_gift_card
//
// It replays the committed files on an empty database of each engine (a temporary SQLite file, a private MariaDB), compares
// the result with the schema, and writes the difference as one new file for each engine, or nothing if there is none. With
// -check it writes nothing and fails if there is a difference.
//
// Foreign keys are not made: nothing cascades. Columns and indexes that left the schema are dropped; tables are not.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	atlas "ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/entgen"
	"github.com/onepool/onepool/app/internal/testkit"
)

var nameRule = regexp.MustCompile(`^[a-z0-9_]{1,60}$`)

// errStale means that the committed files do not lead to the schema.
var errStale = errors.New("the migrations are behind the schema: run gen without -check and commit")

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "migrate/gen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	center := flag.String("center", "", "the center; sets the two directories to app/<center>/internal/data/{entschema,migrations}")
	source := flag.String("schema", "", "directory of the schema")
	target := flag.String("target", "", "directory of the migrations")
	name := flag.String("name", "changes", "what changes, for the file name")
	check := flag.Bool("check", false, "write nothing, fail if a file would be written")
	flag.Parse()
	if *center != "" {
		data := filepath.Join("app", *center, "internal", "data")
		*source, *target = filepath.Join(data, "entschema"), filepath.Join(data, "migrations")
	}
	if *source == "" || *target == "" {
		return errors.New("give -center, or -schema and -target")
	}
	if !nameRule.MatchString(*name) {
		return fmt.Errorf("-name %q: use a-z, 0-9 and _, at most 60", *name)
	}
	tables, err := entgen.Tables(*source)
	if err != nil {
		return err
	}
	for _, engine := range testkit.AllEngines {
		if err := diff(ctx, engine, filepath.Join(*target, engine), *name, tables, *check); err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
	}
	return nil
}

// diff writes the difference for one engine.
func diff(ctx context.Context, engine, target, name string, tables []*schema.Table, check bool) error {
	if check {
		scratch, err := os.MkdirTemp("", "onepool-gen-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(scratch)
		if err := os.CopyFS(scratch, os.DirFS(target)); err != nil {
			return err
		}
		target = scratch
	}
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	before, err := filepath.Glob(filepath.Join(target, "*.sql"))
	if err != nil {
		return err
	}
	if err := write(ctx, engine, target, name, tables); err != nil {
		return err
	}
	after, err := filepath.Glob(filepath.Join(target, "*.sql"))
	if err != nil {
		return err
	}
	if check && len(after) != len(before) {
		return errStale
	}
	return nil
}

func write(ctx context.Context, engine, target, name string, tables []*schema.Table) error {
	dir, err := atlas.NewLocalDir(target)
	if err != nil {
		return err
	}
	conn, entDialect, err := devDatabase(engine)
	if err != nil {
		return err
	}
	defer conn.Close()
	m, err := schema.NewMigrate(entsql.OpenDB(entDialect, conn),
		schema.WithDir(dir),
		schema.WithFormatter(atlas.DefaultFormatter),
		schema.WithMigrationMode(schema.ModeReplay),
		schema.WithForeignKeys(false),
		schema.WithDropColumn(true),
		schema.WithDropIndex(true),
	)
	if err != nil {
		return err
	}
	return m.NamedDiff(ctx, name, tables...)
}

// devDatabase opens an empty database to replay on.
func devDatabase(engine string) (*sql.DB, string, error) {
	if engine == database.MySQL {
		dsn, err := testkit.PrivateMariaDB()
		if err != nil {
			return nil, "", err
		}
		conn, err := sql.Open("mysql", dsn)
		return conn, dialect.MySQL, err
	}
	// A name of its own in memory, shared by the connections of this pool only.
	conn, err := sql.Open("sqlite", "file:migrate_gen?mode=memory&cache=shared&_pragma=foreign_keys(1)")
	return conn, dialect.SQLite, err
}
