package database

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// keptOf are the statements that the writer keeps.
func keptOf(t *testing.T, db *DB) (kept map[string]*keptStmt) {
	t.Helper()
	conn, err := db.write.Conn(t.Context())
	require.NoError(t, err)
	require.NoError(t, conn.Raw(func(c any) error {
		kept = c.(*keepingConn).kept
		return nil
	}))
	require.NoError(t, conn.Close())
	return kept
}

func TestSQLiteKeepsItsStatements(t *testing.T) {
	db, err := Open(t.Context(), Config{Name: "kept", Engine: SQLite, Path: filepath.Join(t.TempDir(), "kept.db")})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	run := func(ctx context.Context, query string, args ...any) {
		_, err := db.Conn(ctx).ExecContext(ctx, query, args...)
		require.NoError(t, err)
	}
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
		run(ctx, "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
		for n := range 5 {
			run(ctx, "INSERT INTO things (id, name) VALUES (?, ?)", n, fmt.Sprint("thing ", n))
		}
		return nil
	}))
	require.Contains(t, keptOf(t, db), "INSERT INTO things (id, name) VALUES (?, ?)")

	const list = "SELECT id, name FROM things WHERE id >= ? ORDER BY id"
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
		outer, err := db.Conn(ctx).QueryContext(ctx, list, 0)
		require.NoError(t, err)
		defer outer.Close()
		for n := range 5 {
			require.True(t, outer.Next())
			// The same text while its rows are read: each has its own place in them.
			inner, err := db.Conn(ctx).QueryContext(ctx, list, n)
			require.NoError(t, err)
			var first, id int
			var name string
			require.True(t, inner.Next())
			require.NoError(t, inner.Scan(&first, &name))
			require.NoError(t, inner.Close())
			require.NoError(t, outer.Scan(&id, &name))
			require.Equal(t, []int{n, n}, []int{id, first})
		}
		require.False(t, outer.Next())
		return outer.Err()
	}))
	require.False(t, keptOf(t, db)[list].read)

	// A statement that was prepared before the table changed sees the table as it is.
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
		run(ctx, "ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 7")
		rows, err := db.Conn(ctx).QueryContext(ctx, "SELECT * FROM things WHERE id = ?", 1)
		require.NoError(t, err)
		defer rows.Close()
		columns, err := rows.Columns()
		require.Equal(t, []string{"id", "name", "size"}, columns)
		return err
	}))
	for n := range maxKept + 50 {
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			run(ctx, fmt.Sprintf("UPDATE things SET size = %d WHERE id = ?", n), 1)
			return nil
		}))
	}
	require.LessOrEqual(t, len(keptOf(t, db)), maxKept)
}
