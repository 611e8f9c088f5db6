// Package data is the store of package unbatched.
package data

import (
	"strings"

	"github.com/onepool/onepool/app/internal/database"
)

// Store is the center's database.
type Store struct {
	db        *database.DB
	directory directoryCache
}

// New takes an open database.
func New(db *database.DB) *Store { return &Store{db: db} }

// marks is n parameters for a list.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// anys turns strings into parameters.
func anys[T any](list []T) []any {
	args := make([]any, len(list))
	for i, v := range list {
		args[i] = v
	}
	return args
}

// orIgnore ends an INSERT that leaves an existing row as it is.
func (s *Store) orIgnore(key string) string {
	if s.db.Engine() == database.MySQL {
		return " ON DUPLICATE KEY UPDATE " + key + " = " + key
	}
	return " ON CONFLICT DO NOTHING"
}
