// Package migrate applies versioned SQL files to a center's database.
//
// A center embeds a directory with the subdirectories "sqlite" and "mysql"; each holds files <version>_<name>.sql. The
// files are made from the ent schema by the command in migrate/gen and are committed; they are never edited once released.
//
// Always true:
//   - The platform's own files come first, then the center's, each in the order of their versions.
//   - A file that was applied has the content it had then (checksum), and no applied file is missing: a database that is
//     newer than the binary, or was made by other files, is refused.
//   - One process at a time: on SQLite the write lock, on MySQL a named lock.
//   - SQLite applies a whole file in one transaction, with foreign keys off before BEGIN and foreign_key_check before
//     COMMIT: rebuilding a table with cascades on would delete its children. MySQL commits each DDL statement by itself, so
//     progress is kept per statement and an interrupted file is resumed after its last finished statement; the statement
//     that may or may not have happened is allowed to find its work done.
package migrate

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	atlas "ariga.io/atlas/sql/migrate"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/platform"
)

const (
	lockWait_s = 120
	// The sources keep the platform's versions and a center's apart.
	sourcePlatform = "platform"
	sourceCenter   = "center"
)

var (
	// ErrChanged means that an applied file is not what it was.
	ErrChanged = errors.New("migrate: an applied file has changed")
	// ErrNewer means that the database has versions that this binary does not know.
	ErrNewer = errors.New("migrate: the database is newer than this program")
	// ErrForeignKeys means that a SQLite file left rows that point nowhere.
	ErrForeignKeys = errors.New("migrate: foreign keys are broken")
)

// file is one versioned file of a source.
type file struct {
	source, version, checksum string
	statements                []string
}

// Apply brings the database up to the newest version of the platform's files and of the center's (nil for none).
func Apply(ctx context.Context, db *database.DB, center fs.FS) error {
	files, err := read(platform.Files, sourcePlatform, db.Engine())
	if err != nil {
		return err
	}
	if center != nil {
		own, err := read(center, sourceCenter, db.Engine())
		if err != nil {
			return err
		}
		files = append(files, own...)
	}
	return db.Exclusive(ctx, func(conn *sql.Conn) error {
		if db.Engine() == database.MySQL {
			return applyMySQL(ctx, conn, db.Name(), files)
		}
		return applySQLite(ctx, conn, files)
	})
}

// read returns the files of one engine in the order of their versions.
func read(dir fs.FS, source, engine string) ([]file, error) {
	names, err := fs.Glob(dir, engine+"/*.sql")
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", source, err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("migrate %s: no file in directory %q", source, engine)
	}
	slices.Sort(names)
	files := make([]file, 0, len(names))
	for _, name := range names {
		body, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("migrate %s: %w", source, err)
		}
		stmts, err := atlas.Stmts(string(body))
		if err != nil {
			return nil, fmt.Errorf("migrate %s: %s: %w", source, name, err)
		}
		f := file{source: source, version: strings.TrimSuffix(path.Base(name), ".sql")}
		for _, s := range stmts {
			if text := strings.TrimSpace(s.Text); text != "" {
				f.statements = append(f.statements, text)
			}
		}
		sum := sha256.Sum256(body)
		f.checksum = hex.EncodeToString(sum[:])
		files = append(files, f)
	}
	return files, nil
}

// progress is a row of schema_versions: how many statements of a file are done.
type progress struct {
	checksum    string
	done, total int
}

type key struct{ source, version string }

type execQuerier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// applied reads schema_versions and checks it against the files.
func applied(ctx context.Context, q execQuerier, files []file) (map[key]progress, error) {
	rows, err := q.QueryContext(ctx, "SELECT source, version, checksum, done, total FROM schema_versions")
	if err != nil {
		return nil, fmt.Errorf("migrate: read versions: %w", err)
	}
	defer rows.Close()
	have := map[key]progress{}
	for rows.Next() {
		var k key
		var p progress
		if err := rows.Scan(&k.source, &k.version, &p.checksum, &p.done, &p.total); err != nil {
			return nil, fmt.Errorf("migrate: read versions: %w", err)
		}
		have[k] = p
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("migrate: read versions: %w", err)
	}
	return have, check(have, files)
}

func check(have map[key]progress, files []file) error {
	known := map[key]bool{}
	sources := map[string]bool{}
	pending := map[string]string{}
	for _, f := range files {
		k := key{f.source, f.version}
		known[k], sources[f.source] = true, true
		p, ok := have[k]
		switch {
		case ok && p.checksum != f.checksum:
			return fmt.Errorf("%w: %s %s", ErrChanged, f.source, f.version)
		case !ok && pending[f.source] == "":
			pending[f.source] = f.version
		case ok && pending[f.source] != "":
			return fmt.Errorf("migrate: %s %s was never applied, but the later %s was", f.source, pending[f.source], f.version)
		}
	}
	for k := range have {
		if sources[k.source] && !known[k] {
			return fmt.Errorf("%w: %s %s", ErrNewer, k.source, k.version)
		}
	}
	return nil
}

func record(ctx context.Context, q execQuerier, f file, done int, insert bool) error {
	var err error
	if insert {
		_, err = q.ExecContext(ctx, "INSERT INTO schema_versions (source, version, checksum, done, total, applied_us) VALUES (?, ?, ?, ?, ?, ?)",
			f.source, f.version, f.checksum, done, len(f.statements), time.Now().UnixMicro())
	} else {
		_, err = q.ExecContext(ctx, "UPDATE schema_versions SET done = ?, applied_us = ? WHERE source = ? AND version = ?",
			done, time.Now().UnixMicro(), f.source, f.version)
	}
	if err != nil {
		return fmt.Errorf("migrate %s %s: record: %w", f.source, f.version, err)
	}
	return nil
}

// Pending returns the names of the files that Apply would run. It changes nothing, and needs the table of versions.
func Pending(ctx context.Context, db *database.DB, center fs.FS) ([]string, error) {
	files, err := read(platform.Files, sourcePlatform, db.Engine())
	if err != nil {
		return nil, err
	}
	if center != nil {
		own, err := read(center, sourceCenter, db.Engine())
		if err != nil {
			return nil, err
		}
		files = append(files, own...)
	}
	have, err := applied(ctx, db.Conn(ctx), files)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range files {
		if p, ok := have[key{f.source, f.version}]; !ok || p.done < p.total {
			names = append(names, f.source+"/"+f.version)
		}
	}
	return names, nil
}
