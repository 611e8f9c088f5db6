package split

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	_ "github.com/go-sql-driver/mysql" // registers the driver "mysql"
)

// createDatabases makes the databases that are not there yet.
func createDatabases(ctx context.Context, m MySQL, names []string) error {
	db, err := sql.Open("mysql", strings.TrimSuffix(m.dsn(), m.prefix()+"{center}"))
	if err != nil {
		return fmt.Errorf("database server: %w", err)
	}
	defer db.Close()
	for _, name := range names {
		if _, err := db.ExecContext(ctx, "CREATE DATABASE IF NOT EXISTS `"+m.prefix()+name+"` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"); err != nil {
			return fmt.Errorf("database of %s: %w", name, err)
		}
	}
	return nil
}
