// Package migrations holds the rebate center's versioned SQL files, made by migrate/gen.
package migrations

import "embed"

// Files has the directories "sqlite" and "mysql".
//
//go:embed sqlite/*.sql mysql/*.sql
var Files embed.FS
