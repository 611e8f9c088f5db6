package authn

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// answerTTL is how long a revoked credential may still work.
	answerTTL = 5 * time.Second
	// askAgainAfter is the pause after a question that failed, while an older answer may still be used.
	askAgainAfter = time.Second
	// maxCachedKeys and maxCachedMisses bound the memory; when full, an arbitrary entry gives way.
	maxCachedKeys   = 10_000
	maxCachedMisses = 10_000
	resolveTimeout  = 3 * time.Second
)

// answers remembers what the store center said of credentials: one question at a time for each, answers for 5 s. When it
// cannot be asked, an answer that is at most grace old is used, and none that is older.
type answers[T any] struct {
	grace time.Duration
	now   func() time.Time
	// keep says whether an answer is worth remembering; nil: every one is.
	keep   func(T) bool
	flight singleflight.Group

	mu     sync.Mutex
	known  map[[sha256.Size]byte]answer[T]
	misses map[[sha256.Size]byte]answer[T]
}

type answer[T any] struct {
	value T
	found bool
	// due is when it is to be asked for again, until when it cannot be used any more. Both count from the question, not
	// from the answer: a revocation in between is not seen longer.
	due, until time.Time
}

func newAnswers[T any](grace time.Duration, now func() time.Time) *answers[T] {
	if now == nil {
		now = time.Now
	}
	return &answers[T]{grace: grace, now: now, known: map[[sha256.Size]byte]answer[T]{}, misses: map[[sha256.Size]byte]answer[T]{}}
}

// get answers from memory, or asks. What ask could not tell is an error, and never remembered.
func (a *answers[T]) get(ctx context.Context, sum [sha256.Size]byte, ask func(ctx context.Context) (T, bool, error)) (value T, found bool, err error) {
	if e, ok := a.lookup(sum); ok {
		return e.value, e.found, nil
	}
	// The question outlives the one who asked first: the others wait for the same answer.
	flight := a.flight.DoChan(string(sum[:]), func() (any, error) {
		// Whoever looked before the last answer came and got here after it finds it now.
		if e, ok := a.lookup(sum); ok {
			return e, nil
		}
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveTimeout)
		defer cancel()
		asked := a.now()
		value, found, err := ask(detached)
		if err != nil {
			if e, ok := a.postpone(sum); ok {
				return e, nil
			}
			return nil, err
		}
		e := answer[T]{value, found, asked.Add(answerTTL), asked.Add(max(answerTTL, a.grace))}
		if !found || a.keep == nil || a.keep(value) {
			a.remember(sum, e)
		}
		return e, nil
	})
	select {
	case <-ctx.Done():
		return value, false, ctx.Err()
	case r := <-flight:
		if r.Err != nil {
			return value, false, r.Err
		}
		e := r.Val.(answer[T])
		return e.value, e.found, nil
	}
}

func (a *answers[T]) lookup(sum [sha256.Size]byte) (answer[T], bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, ok := a.either(sum)
	return e, ok && a.now().Before(e.due)
}

func (a *answers[T]) either(sum [sha256.Size]byte) (answer[T], bool) {
	e, ok := a.known[sum]
	if !ok {
		e, ok = a.misses[sum]
	}
	return e, ok
}

// postpone is for a question that failed: the older answer counts a little longer, if it is not too old.
func (a *answers[T]) postpone(sum [sha256.Size]byte) (answer[T], bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, ok := a.either(sum)
	now := a.now()
	if !ok || !now.Before(e.until) {
		return answer[T]{}, false
	}
	if e.due = now.Add(askAgainAfter); e.until.Before(e.due) {
		e.due = e.until
	}
	a.put(sum, e)
	return e, true
}

func (a *answers[T]) remember(sum [sha256.Size]byte, e answer[T]) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.put(sum, e)
}

func (a *answers[T]) put(sum [sha256.Size]byte, e answer[T]) {
	delete(a.known, sum)
	delete(a.misses, sum)
	// Wrong credentials have a table of their own: guessing does not push the right ones out.
	table, limit := a.known, maxCachedKeys
	if !e.found {
		table, limit = a.misses, maxCachedMisses
	}
	if len(table) >= limit {
		a.evict(table)
	}
	table[sum] = e
}

// evict makes room: the first of a few that is of no use any more, otherwise any.
func (a *answers[T]) evict(table map[[sha256.Size]byte]answer[T]) {
	const look = 16
	seen, now := 0, a.now()
	var victim [sha256.Size]byte
	for sum, e := range table {
		victim = sum
		if seen++; seen >= look || !now.Before(e.until) {
			break
		}
	}
	delete(table, victim)
}
