package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"syscall"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrNested is returned by InTx inside a transaction.
	ErrNested = errors.New("database: transaction inside a transaction")
	// ErrNoTransaction is returned for a statement that needs a transaction where there is none.
	ErrNoTransaction = errors.New("database: statement outside a transaction")
	// ErrEnded is returned for a statement in a transaction that has ended: its context leaked.
	ErrEnded = errors.New("database: the context's transaction has ended")
	// ErrOvertaken ends a transaction that has found out that something it read before it had its locks is not so any more.
	// All of it is tried again, as after a deadlock.
	ErrOvertaken = errors.New("database: what was read has changed before the locks were had")
	// ErrForeign is returned when the context's transaction belongs to another database.
	ErrForeign = errors.New("database: the context's transaction belongs to another database")
)

const (
	mysqlDuplicateEntry       = 1062
	mysqlDuplicateWithKeyName = 1586
	mysqlDeadlock             = 1213
	mysqlLockWait             = 1205
	mysqlRecordChanged        = 1020 // MariaDB 11.6 and later
	tidbWriteConflict         = 9007
	tidbRetryable             = 8002
	tidbRetryCommit           = 8022
)

// IsUniqueViolation says whether err is a duplicate of a primary or unique key.
func IsUniqueViolation(err error) bool {
	if me, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return me.Number == mysqlDuplicateEntry || me.Number == mysqlDuplicateWithKeyName
	}
	if se, ok := errors.AsType[*sqlite.Error](err); ok {
		return se.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || se.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// IsLockTimeout says whether err is a wait for a lock that took too long. The statement is undone, the transaction not.
func IsLockTimeout(err error) bool {
	if me, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return me.Number == mysqlLockWait
	}
	return retryReason(err) == "busy"
}

// IsRetryable says whether InTx would run the whole transaction again after err. Whoever maps errors inside a transaction
// must hand such an error on as it is.
func IsRetryable(err error) bool { return retryReason(err) != "" }

// IsUnavailable says whether err comes from a database or a network that is down, full or too busy, or that all retries
// were used up: nothing that a change of the request would heal. The edge answers 503; the outcome of a commit that failed
// so is unknown, and a repeat finds it.
func IsUnavailable(err error) bool {
	if retryReason(err) != "" || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, mysql.ErrInvalidConn) ||
		errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) {
		return true
	}
	if me, ok := errors.AsType[*mysql.MySQLError](err); ok {
		switch me.Number {
		case 1213, 1205, 1020, 9007, 8002, 8022, // deadlock, lock wait, write conflicts
			1040, 1203, 1226, // too many connections
			1053, 1077, 1079, 1290, 1836, // shutting down, read only
			1021, 1114, 1030, 3024, 9001, 9002, 9003, 9005: // disk or table full, engine error, TiDB's stores
			return true
		}
		return false
	}
	if se, ok := errors.AsType[*sqlite.Error](err); ok {
		switch se.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
			return true
		}
		return false
	}
	_, isNet := errors.AsType[net.Error](err)
	return isNet
}

// retryReason names why the whole transaction may be tried again, or is empty.
func retryReason(err error) string {
	if errors.Is(err, ErrOvertaken) {
		return "overtaken"
	}
	if errors.Is(err, errSpoiled) {
		return "spoiled"
	}
	if me, ok := errors.AsType[*mysql.MySQLError](err); ok {
		switch me.Number {
		case mysqlDeadlock:
			return "deadlock"
		case mysqlLockWait:
			return "lock_timeout"
		case mysqlRecordChanged, tidbWriteConflict, tidbRetryable, tidbRetryCommit:
			return "write_conflict"
		}
		return ""
	}
	if se, ok := errors.AsType[*sqlite.Error](err); ok {
		switch se.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return "busy"
		}
	}
	return ""
}

// endsTransaction says whether the engine has rolled the whole transaction back with this error, or may have: SQLite does
// so when it interrupts a statement or runs out of disk or memory, and a MySQL connection does not survive its context.
func endsTransaction(err error) bool {
	switch retryReason(err) {
	case "deadlock", "write_conflict":
		return true
	}
	if se, ok := errors.AsType[*sqlite.Error](err); ok {
		switch se.Code() & 0xff {
		case sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM:
			return true
		}
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
