// Package data keeps the inventory center's rows: on SQLite and on the MySQL protocol, by the same statements.
//
// Always true:
//   - Rows are locked in one order: documents by name, then stock rows by SKU, location, owner, in as few rounds as can be.
//   - A row is changed only if it is still the version that was decided on (guard), inside the context's transaction.
//   - The ledgers (movements, reservation_changes) are only inserted into.
//   - Reads for callers go through ent and its tenancy rules. The raw statements here serve decisions, which look at all
//     organisations' stock by their nature; what a caller may see of the result is decided in biz.
package data

import (
	"strings"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data/ent"
	_ "github.com/onepool/onepool/app/inventory/internal/data/ent/runtime" // binds the tenancy rules
)

// Store is the center's database.
type Store struct {
	db  *database.DB
	ent *ent.Client
	// pageSecret signs page tokens.
	pageSecret []byte
	directory  kept[*biz.Directory]
	rules      kept[*biz.Rules]
	sharing    kept[*biz.SharingSet]
	served     servedCounts
	kits       kept[kitTable]
	parts      []part
	group      *Group
	pool       poolKeeper
	tail       changeTail
	quotas     *quotaCounts
}

// New takes an open database.
func New(db *database.DB, pageSecret []byte) *Store {
	s := &Store{db: db, ent: ent.NewClient(ent.Driver(db.EntDriver())), pageSecret: pageSecret, pool: newPoolKeeper(), quotas: newQuotaCounts()}
	s.directory.of = locationsKept
	s.rules.of = rulesKept
	s.sharing.of = sharingKept
	s.kits.of = kitsKept
	s.parts, s.group = s.bookParts(), s.newGroup()
	return s
}

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
