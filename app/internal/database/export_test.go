package database

import "time"

// ShareFor sets how long a commit is shared with more.
func (db *DB) ShareFor(d time.Duration) { db.line.share = d }

// InLine is how many transactions wait for their turn.
func (db *DB) InLine() int {
	db.line.mu.Lock()
	defer db.line.mu.Unlock()
	return len(db.line.waiting)
}
