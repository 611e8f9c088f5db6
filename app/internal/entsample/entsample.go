// Package entsample is a center without a purpose: a schema with each tenancy rule, its client and its migrations. The
// tests of the storage packages run on it, and it shows where a center's data layer has what.
package entsample

import (
	"embed"
	"io/fs"
)

//go:embed migrations/sqlite/*.sql migrations/mysql/*.sql
var files embed.FS

// Migrations returns the directories "sqlite" and "mysql".
func Migrations() fs.FS {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the directory is compiled in
	}
	return sub
}
