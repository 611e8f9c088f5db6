package database

import "sync"

// recentUS is how old a Recent value may be.
const recentUS = 1_000_000

// Recent keeps in memory what is read for each request and seldom written: what this process writes, and then signals with the
// topic, is seen by the next Get, what another replica writes after a second.
type Recent[T any] struct {
	db    *DB
	topic string

	mu      sync.Mutex
	read    bool
	atUS    int64
	written uint64
	value   T
}

// NewRecent keeps nothing yet.
func NewRecent[T any](db *DB, topic string) *Recent[T] { return &Recent[T]{db: db, topic: topic} }

// Get returns the value, by load if it is not recent at atUS, the caller's time in microseconds; before is the value that was
// read last. Several callers may load at once, none under the lock: who waits for a connection must not keep those who have
// one, and want to commit with it.
func (r *Recent[T]) Get(atUS int64, load func(before T) (T, error)) (T, error) {
	written := r.db.Signaled(r.topic) // before it is read
	r.mu.Lock()
	value, age := r.value, atUS-r.atUS
	fresh := r.read && written == r.written && age >= 0 && age < recentUS
	r.mu.Unlock()
	if fresh {
		return value, nil
	}
	value, err := load(value)
	if err != nil {
		return value, err
	}
	r.mu.Lock()
	r.value, r.atUS, r.written, r.read = value, atUS, written, true
	r.mu.Unlock()
	return value, nil
}

// Last is the value that was read last, however old; the zero value before the first.
func (r *Recent[T]) Last() T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.value
}
