package migrate_test

import (
	"context"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/migrate"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/internal/testkit"
)

// files makes the same migrations for both engines.
func files(pairs ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		for _, engine := range testkit.AllEngines {
			m[engine+"/"+pairs[i]+".sql"] = &fstest.MapFile{Data: []byte(pairs[i+1])}
		}
	}
	return m
}

func exec(t *testing.T, db *database.DB, query string, args ...any) {
	t.Helper()
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
		_, err := db.Conn(ctx).ExecContext(ctx, query, args...)
		return err
	}))
}

func count(t *testing.T, db *database.DB, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, db.Conn(t.Context()).QueryRowContext(t.Context(), query, args...).Scan(&n))
	return n
}

func TestEachFileIsAppliedOnceAndKeepsTheRows(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		v1 := files("1_shop", "CREATE TABLE shop (id VARCHAR(8) PRIMARY KEY);\nINSERT INTO shop VALUES ('a;b'), ('c');")
		db := open(v1)
		require.Equal(t, 2, count(t, db, "SELECT COUNT(*) FROM shop"))
		require.NoError(t, migrate.Apply(t.Context(), db, v1))
		require.Equal(t, 2, count(t, db, "SELECT COUNT(*) FROM shop"))

		v2 := files("1_shop", string(v1["sqlite/1_shop.sql"].Data), "2_city", "ALTER TABLE shop ADD COLUMN city VARCHAR(8) NOT NULL DEFAULT 'x'")
		pending, err := migrate.Pending(t.Context(), db, v2)
		require.NoError(t, err)
		require.Equal(t, []string{"center/2_city"}, pending)
		require.NoError(t, migrate.Apply(t.Context(), db, v2))
		require.Equal(t, 2, count(t, db, "SELECT COUNT(*) FROM shop WHERE city = 'x'"))
	})
}

func TestPlatformTablesAreThere(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(nil)
		for _, table := range platform.Tables {
			count(t, db, "SELECT COUNT(*) FROM "+table)
		}
	})
}

func TestAnEditedOrMissingFileIsRefused(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(files("1_a", "CREATE TABLE a (id INT)", "2_b", "CREATE TABLE b (id INT)"))
		require.ErrorIs(t, migrate.Apply(t.Context(), db, files("1_a", "CREATE TABLE a (id BIGINT)", "2_b", "CREATE TABLE b (id INT)")), migrate.ErrChanged)
		require.ErrorIs(t, migrate.Apply(t.Context(), db, files("1_a", "CREATE TABLE a (id INT)")), migrate.ErrNewer)
		require.ErrorContains(t, migrate.Apply(t.Context(), db, files("1_a", "CREATE TABLE a (id INT)", "1_z", "CREATE TABLE z (id INT)", "2_b", "CREATE TABLE b (id INT)")), "never applied")
	})
}

func TestAFailedFileIsResumed(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(nil)
		exec(t, db, "CREATE TABLE blocker (id INT)")
		own := files("1_a", "CREATE TABLE a (id INT); INSERT INTO a VALUES (7); CREATE TABLE blocker (id INT); CREATE TABLE b (id INT);")
		require.Error(t, migrate.Apply(t.Context(), db, own))
		if db.Engine() == database.MySQL {
			// As after a crash between the statement and its record: the third statement is there already, and is passed.
			require.Equal(t, 2, count(t, db, "SELECT done FROM schema_versions WHERE version = '1_a'"))
		} else {
			exec(t, db, "DROP TABLE blocker")
		}
		require.NoError(t, migrate.Apply(t.Context(), db, own))
		require.Equal(t, 1, count(t, db, "SELECT COUNT(*) FROM a"), "no statement ran twice")
		count(t, db, "SELECT COUNT(*) FROM b")
	})
}

func TestProcessesThatStartTogetherApplyOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(nil)
		own := files("1_a", "CREATE TABLE a (id INT); INSERT INTO a VALUES (7);")
		errs := make(chan error, 8)
		for range cap(errs) {
			go func() { errs <- migrate.Apply(t.Context(), db, own) }()
		}
		for range cap(errs) {
			require.NoError(t, <-errs)
		}
		require.Equal(t, 1, count(t, db, "SELECT COUNT(*) FROM a"))
	})
}

func TestRebuildingAParentKeepsItsChildrenOnSQLite(t *testing.T) {
	v1 := "CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent (id) ON DELETE CASCADE); INSERT INTO parent VALUES (1); INSERT INTO child VALUES (10, 1);"
	db := testkit.SQLite(t, files("1_a", v1))
	rebuild := "CREATE TABLE new_parent (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO new_parent (id) SELECT id FROM parent; DROP TABLE parent; ALTER TABLE new_parent RENAME TO parent;"
	require.NoError(t, migrate.Apply(t.Context(), db, files("1_a", v1, "2_b", rebuild)))
	require.Equal(t, 1, count(t, db, "SELECT COUNT(*) FROM child"))
	err := migrate.Apply(t.Context(), db, files("1_a", v1, "2_b", rebuild, "3_c", "DELETE FROM parent;"))
	require.ErrorIs(t, err, migrate.ErrForeignKeys)
	require.Equal(t, 1, count(t, db, "SELECT COUNT(*) FROM parent"), "the file was undone")
	require.Equal(t, 1, count(t, db, "PRAGMA foreign_keys"))
}
