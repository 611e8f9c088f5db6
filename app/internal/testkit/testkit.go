// Package testkit gives tests real databases: a fresh SQLite file or a fresh database of a private MariaDB, so that one
// contract suite runs on both engines.
//
// Always true:
//   - Each test gets a database of its own; nothing is shared but the server.
//   - One MariaDB a test process, started at its first use and ended with the process however that ends: a shell that
//     holds a pipe from the process kills exactly that server and removes its directory.
//   - No engine is skipped silently: without MariaDB a test fails when CI=true or ONEPOOL_REQUIRE_MARIADB=1, and says so
//     loudly otherwise.
package testkit

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/migrate"
)

// AllEngines are the engines that a contract suite runs on.
var AllEngines = []string{database.SQLite, database.MySQL}

const openTimeout = 60 * time.Second

// Engines runs a contract suite once for each engine. open makes a fresh database with the platform's tables and, if
// center is not nil, with that center's; a second call makes another one.
func Engines(t *testing.T, suite func(t *testing.T, open func(center fs.FS) *database.DB)) {
	t.Helper()
	for _, engine := range AllEngines {
		t.Run(engine, func(t *testing.T) {
			if engine == database.MySQL {
				server(t) // start, or skip loudly, before the suite does anything
			}
			suite(t, func(center fs.FS) *database.DB {
				t.Helper()
				return Migrated(t, Config(t, engine), center)
			})
		})
	}
}

// SQLite returns a fresh migrated database.
func SQLite(t testing.TB, center fs.FS) *database.DB {
	t.Helper()
	return Migrated(t, Config(t, database.SQLite), center)
}

// MariaDB returns a fresh migrated database.
func MariaDB(t testing.TB, center fs.FS) *database.DB {
	t.Helper()
	return Migrated(t, Config(t, database.MySQL), center)
}

var databases atomic.Int64

func schemaName() string { return fmt.Sprintf("t_%d_%d", os.Getpid(), databases.Add(1)) }

// Config returns the configuration of a fresh, empty database, which is removed when the test ends. A process that the
// test starts may open it too.
func Config(t testing.TB, engine string) database.Config {
	t.Helper()
	name := "test"
	if engine == database.SQLite {
		return database.Config{Name: name, Engine: engine, Path: filepath.Join(t.TempDir(), "test.db")}
	}
	s := server(t)
	schema := schemaName()
	if err := s.exec("CREATE DATABASE " + schema + " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"); err != nil {
		t.Fatalf("testkit: create database: %v", err)
	}
	t.Cleanup(func() {
		if err := s.exec("DROP DATABASE " + schema); err != nil {
			t.Errorf("testkit: drop database: %v", err)
		}
	})
	return database.Config{Name: name, Engine: engine, DSN: s.dsn(schema), MaxOpen: 40}
}

// Open opens a database and closes it when the test ends.
func Open(t testing.TB, c database.Config) *database.DB {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	db, err := database.Open(ctx, c)
	if err != nil {
		t.Fatalf("testkit: open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("testkit: close: %v", err)
		}
	})
	return db
}

// Migrated is Open with the platform's and the center's tables.
func Migrated(t testing.TB, c database.Config, center fs.FS) *database.DB {
	t.Helper()
	db := Open(t, c)
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	if err := migrate.Apply(ctx, db, center); err != nil {
		t.Fatalf("testkit: migrate: %v", err)
	}
	return db
}
