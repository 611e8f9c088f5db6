package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"
	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/entgen"
	"github.com/onepool/onepool/app/internal/migrate"
	"github.com/onepool/onepool/app/internal/testkit"
)

const kinds = "testdata/kinds/entschema"

func tables(t *testing.T, dir string) []*schema.Table {
	t.Helper()
	all, err := entgen.Tables(dir)
	require.NoError(t, err)
	return all
}

// files returns how many migrations a directory holds.
func files(t *testing.T, dir string) int {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.sql"))
	require.NoError(t, err)
	return len(all)
}

func TestTheSamplesMigrationsLeadToItsSchema(t *testing.T) {
	sample := tables(t, "../../entsample/entschema")
	for _, engine := range testkit.AllEngines {
		require.NoError(t, diff(t.Context(), engine, "../../entsample/migrations/"+engine, "x", sample, true))
	}
	sample[0].AddColumn(&schema.Column{Name: "more", Type: field.TypeInt64, Nullable: true})
	for _, engine := range testkit.AllEngines {
		require.ErrorIs(t, diff(t.Context(), engine, "../../entsample/migrations/"+engine, "x", sample, true), errStale)
	}
}

// A second version of a schema is applied to a database with rows: nothing is lost, and nothing is left to do.
func TestAChangeIsAppliedToAFilledDatabase(t *testing.T) {
	root := t.TempDir()
	for _, engine := range testkit.AllEngines {
		t.Run(engine, func(t *testing.T) {
			ctx, dir := t.Context(), filepath.Join(root, engine)
			require.NoError(t, diff(ctx, engine, dir, "v1", tables(t, kinds), false))
			require.Equal(t, 1, files(t, dir))
			require.NoError(t, diff(ctx, engine, dir, "v1", tables(t, kinds), false))
			require.Equal(t, 1, files(t, dir), "no difference, no file")

			db := testkit.Migrated(t, testkit.Config(t, engine), os.DirFS(root))
			require.NoError(t, db.InTx(ctx, func(ctx context.Context) error {
				for _, id := range []string{"a", "b"} {
					_, err := db.Conn(ctx).ExecContext(ctx, "INSERT INTO kinds (id, org, titles, lat, n) VALUES (?, 'o', '{\"en\":\"Tea\"}', 1.5, 7)", id)
					if err != nil {
						return err
					}
				}
				return nil
			}))

			v2 := tables(t, kinds)
			change(t, v2[0])
			require.NoError(t, diff(ctx, engine, dir, "v2", v2, false))
			require.Equal(t, 2, files(t, dir))
			require.NoError(t, diff(ctx, engine, dir, "v2", v2, true))
			require.NoError(t, migrate.Apply(ctx, db, os.DirFS(root)))
			requireRows(t, db)
		})
	}
}

// change adds a column with a default, drops one, and adds an index.
func change(t *testing.T, k *schema.Table) {
	t.Helper()
	var kept []*schema.Column
	for _, c := range k.Columns {
		if c.Name != "note" {
			kept = append(kept, c)
		}
	}
	require.Len(t, kept, len(k.Columns)-1)
	k.Columns = kept
	city := &schema.Column{Name: "city", Type: field.TypeString, Size: 40, Default: "Hangzhou"}
	k.AddColumn(city)
	org, ok := k.Column("org")
	require.True(t, ok)
	k.Indexes = append(k.Indexes, &schema.Index{Name: "kind_org_city", Columns: []*schema.Column{org, city}})
}

func requireRows(t *testing.T, db *database.DB) {
	t.Helper()
	var n int
	require.NoError(t, db.Conn(t.Context()).QueryRowContext(t.Context(),
		"SELECT COUNT(*) FROM kinds WHERE city = 'Hangzhou' AND n = 7 AND titles = '{\"en\":\"Tea\"}' AND state = 'open'").Scan(&n))
	require.Equal(t, 2, n)
	require.Error(t, db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT note FROM kinds").Err())
}
