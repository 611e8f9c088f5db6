// Package platform defines the tables that every center has beside its own: commands, intents, outbox, barriers,
// audit_log with audit_head, leases, sequences. They are written once here, per engine, and applied before a center's own
// migrations (package migrate).
//
// Always true:
//   - No center reads or writes these tables itself; packages command, outbox, barrier, lease, sequence and this one do.
//   - Times are UTC microseconds; keys are compared byte by byte (utf8mb4_bin).
//   - audit_log is append-only and gapless; each entry's hash covers the entry and the hash before it.
package platform

import "embed"

// Files holds the migrations in the directories "sqlite" and "mysql".
//
//go:embed sqlite/*.sql mysql/*.sql
var Files embed.FS

// Tables are the names of all tables of this package, for tests and reports.
var Tables = [...]string{"commands", "intents", "outbox", "barriers", "audit_head", "audit_log", "leases", "sequences"}
