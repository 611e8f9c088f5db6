// Package database owns the connections of one center and the only way to change its rows: a transaction that travels
// in the context.
//
// Always true:
//   - Nothing is written outside InTx. Conn and the ent driver refuse statements that are no reads there.
//   - Transactions never nest: InTx inside any transaction, of this or of another database, is an error. A remote call
//     inside one can be detected, and refused, with InTransaction.
//   - A transaction that the engine has rolled back by itself (deadlock) is doomed: each further statement in it fails,
//     so nothing can slip into autocommit.
//   - The function given to InTx may run up to 1 + MaxRetries times; what it did in an attempt that failed is undone.
//   - Functions given to AfterCommit run only when the commit is certain, in their order, never twice.
//   - A commit whose outcome is unknown (connection lost) is never tried again: the caller repeats with its request id.
//
// Engines. SQLite: one file, one write connection (BEGIN IMMEDIATE), a read pool with query_only, WAL,
// synchronous=FULL. MySQL protocol (MySQL 8, MariaDB 10.11, TiDB): READ COMMITTED, set once a connection; strict mode;
// session time zone UTC; interpolateParams, because database/sql otherwise prepares, executes and closes each statement
// (three round trips), and clientFoundRows, so that a guarded update reports matched rows on each engine alike. No
// statement of ours uses RETURNING.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
)

// The engines.
const (
	SQLite = "sqlite"
	MySQL  = "mysql"
)

const (
	defaultLockWait_s  = 3
	defaultMaxOpen     = 16
	connMaxLifetime    = 30 * time.Minute
	sqliteBusy_ms      = 5000
	mysqlIDCollation   = "utf8mb4_bin"
	mysqlDialTimeout   = 5 * time.Second
	mysqlMaxPacketByte = 64 << 20
)

// Clock tells the time in microseconds since 1970 UTC. Package clock's implementations satisfy it.
type Clock interface {
	NowUS(ctx context.Context) (int64, error)
}

// Config says where a center's rows are.
type Config struct {
	Name    string // of the center, for metrics and locks
	Engine  string // "sqlite" or "mysql"
	Path    string // sqlite: the file
	DSN     string // mysql: as github.com/go-sql-driver/mysql reads it
	MaxOpen int    // connections: all of them on mysql, the read pool on sqlite; default 16
	// LockWait bounds the wait for a row lock on mysql, in whole seconds; default 3 s.
	LockWait time.Duration
	// Clock replaces the database's clock in tests.
	Clock Clock
}

// DB is an open database of one center.
type DB struct {
	name    string
	engine  string
	write   *sql.DB
	read    *sql.DB // the same as write on mysql
	clock   Clock
	metrics *metrics
	line    line // for the write connection of SQLite

	mu      sync.Mutex
	signals map[string]*signal
}

// Open opens the database and checks that it answers. It creates no tables: see package migrate.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Name == "" {
		c.Name = "onepool"
	}
	if c.MaxOpen <= 0 {
		c.MaxOpen = defaultMaxOpen
	}
	db := &DB{name: c.Name, engine: c.Engine, clock: c.Clock, metrics: newMetrics(c.Name), signals: map[string]*signal{}, line: line{share: shareFor}}
	var err error
	switch c.Engine {
	case SQLite:
		err = db.openSQLite(c)
	case MySQL:
		err = db.openMySQL(c)
	default:
		return nil, fmt.Errorf("database %s: engine %q is none of %q, %q", c.Name, c.Engine, SQLite, MySQL)
	}
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", c.Name, err)
	}
	// The writer first: it creates the file and switches the journal to WAL, which readers cannot.
	for _, pool := range []*sql.DB{db.write, db.read} {
		if err := pool.PingContext(ctx); err != nil {
			_ = db.Close()
			return nil, fmt.Errorf("database %s: first contact: %w", c.Name, err)
		}
	}
	return db, nil
}

func (db *DB) openSQLite(c Config) error {
	if c.Path == "" {
		return errors.New("sqlite needs a path")
	}
	if strings.Contains(c.Path, ":memory:") {
		return errors.New("sqlite in memory has no read pool: give a file")
	}
	common := url.Values{"_pragma": {
		"busy_timeout(" + strconv.Itoa(sqliteBusy_ms) + ")",
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(1)",
		"temp_store(MEMORY)", // what savepoints undo with: not worth a file
	}}
	// The one writer's pages are never stale, so they are kept (32 MiB); and a page that is written again soon is copied from the
	// log into the file once.
	writer := url.Values{"_pragma": append(append([]string{}, common["_pragma"]...), "cache_size(-32768)", "wal_autocheckpoint(4000)"), "_txlock": {"immediate"}}
	reader := url.Values{"_pragma": append(append([]string{}, common["_pragma"]...), "query_only(1)")}
	file := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: c.Path}).EscapedPath()}).String()
	writing, err := keepingConnector(file + "?" + writer.Encode())
	if err != nil {
		return err
	}
	reading, err := keepingConnector(file + "?" + reader.Encode())
	if err != nil {
		return err
	}
	db.write, db.read = sql.OpenDB(writing), sql.OpenDB(reading)
	db.write.SetMaxOpenConns(1)
	db.read.SetMaxOpenConns(c.MaxOpen)
	db.read.SetMaxIdleConns(c.MaxOpen) // a new one knows no statements
	db.read.SetConnMaxIdleTime(connMaxLifetime)
	return nil
}

func (db *DB) openMySQL(c Config) error {
	m, err := mysql.ParseDSN(c.DSN)
	if err != nil {
		return fmt.Errorf("dsn: %w", err)
	}
	wait_s := int(c.LockWait / time.Second)
	if wait_s <= 0 {
		wait_s = defaultLockWait_s
	}
	m.InterpolateParams = true
	m.ClientFoundRows = true
	m.ParseTime = false
	m.MultiStatements = false
	m.Collation = mysqlIDCollation
	m.MaxAllowedPacket = mysqlMaxPacketByte
	if m.Timeout == 0 {
		m.Timeout = mysqlDialTimeout
	}
	if m.Params == nil {
		m.Params = map[string]string{}
	}
	// NO_BACKSLASH_ESCAPES must not be there: client side interpolation relies on the usual escapes.
	m.Params["sql_mode"] = "'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
	m.Params["time_zone"] = "'+00:00'"
	m.Params["innodb_lock_wait_timeout"] = strconv.Itoa(wait_s)
	connector, err := mysql.NewConnector(m)
	if err != nil {
		return fmt.Errorf("dsn: %w", err)
	}
	db.write = sql.OpenDB(readCommitted{connector})
	db.write.SetMaxOpenConns(c.MaxOpen)
	db.write.SetMaxIdleConns(c.MaxOpen)
	db.write.SetConnMaxLifetime(connMaxLifetime)
	db.read = db.write
	return nil
}

// Name returns the name given in the configuration.
func (db *DB) Name() string { return db.name }

// Engine returns "sqlite" or "mysql".
func (db *DB) Engine() string { return db.engine }

// ForUpdate is the suffix of a SELECT that locks its rows: empty on sqlite, where the one writer needs none.
func (db *DB) ForUpdate() string {
	if db.engine == MySQL {
		return " FOR UPDATE"
	}
	return ""
}

// ByIndex is the part of a SELECT after its table that has a long list of keys looked up by this index: a list of more than
// 200 would be estimated by the table's statistics, which for a table that was small a moment ago say that reading, and
// locking, all of it costs less. Empty on sqlite.
func (db *DB) ByIndex(name string) string {
	if db.engine == MySQL {
		return " FORCE INDEX (" + name + ") "
	}
	return ""
}

// SkipLocked is the suffix of a SELECT that locks the rows that nobody else has locked.
func (db *DB) SkipLocked() string {
	if db.engine == MySQL {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}

// Ping says whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.read.PingContext(ctx) }

// Close closes all connections.
func (db *DB) Close() error {
	err := db.write.Close()
	if db.read != db.write {
		err = errors.Join(err, db.read.Close())
	}
	return err
}

// Exclusive runs fn on one write connection outside a transaction. It is for migrations only.
func (db *DB) Exclusive(ctx context.Context, fn func(conn *sql.Conn) error) error {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("database %s: connection: %w", db.name, err)
	}
	defer conn.Close()
	return fn(conn)
}

// signal is one topic's: who waits, and how often it was given.
type signal struct {
	wake  chan struct{}
	given atomic.Uint64
}

// Signal wakes the one who waits on Signals(topic). Signals that nobody took are one.
func (db *DB) Signal(topic string) {
	s := db.signal(topic)
	s.given.Add(1)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Signals returns the channel that Signal(topic) writes to. A signal is a hint in this process only: poll as well.
func (db *DB) Signals(topic string) <-chan struct{} { return db.signal(topic).wake }

// Signaled says how often Signal(topic) was called. Who keeps what it has read asks before it reads, and reads again when
// the number has changed.
func (db *DB) Signaled(topic string) uint64 { return db.signal(topic).given.Load() }

func (db *DB) signal(topic string) *signal {
	db.mu.Lock()
	defer db.mu.Unlock()
	s, ok := db.signals[topic]
	if !ok {
		s = &signal{wake: make(chan struct{}, 1)}
		db.signals[topic] = s
	}
	return s
}
