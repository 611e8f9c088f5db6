package command

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/onepool/onepool/app/internal/barrier"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/fault"
)

const (
	// maxMembers of one transaction.
	maxMembers = 256
	// maxWaiting members of a queue; one more is refused.
	maxWaiting = 4096
	// maxWriters at work: while one writes and commits, the other looks for what its members were told before, and waits for
	// their locks. More would only wait for each other.
	maxWriters = 2
	// maxWeight of the members of one transaction together; one alone may have more.
	maxWeight = 8192
	// groupTimeout bounds one transaction of many, its retries included.
	groupTimeout = 30 * time.Second
	// maxRounds bounds how often a member asks for other facts before it goes its last way alone.
	maxRounds = 3
)

// Work is what the members of one transaction decide on together: it is opened with all that they need, and later members
// see what earlier ones have decided.
type Work interface {
	// Mark returns a function that undoes what was decided since.
	Mark() (undo func())
}

// GroupConfig says how a group works. N is what a member needs to be locked.
type GroupConfig[W Work, N any] struct {
	DB *database.DB
	// Open locks what the members need, in one order, and returns the work. It runs inside the transaction.
	Open func(ctx context.Context, needs []N) (W, error)
	// Write stores what was decided. It runs inside the transaction.
	Write func(ctx context.Context, w W) error
	// Weight is how much a member needs to be locked; nil: 1 each.
	Weight func(N) int
}

// Group commits many local commands in one transaction: whoever comes while a transaction runs waits for the next one,
// which takes all that wait, at most 256. There is no timer: a single command is committed at once. When more wait than one
// transaction takes, the next one begins, on the MySQL protocol, as soon as the one before it has its locks.
//
// All that package command promises holds for each member, and besides:
//   - Members decide one after the other, in the order of their arrival, in memory (those of the next transaction when the
//     rows that they share with this one are free). What is read for them is locked before
//     the first decides. A member that is refused, or fails, or panics, leaves nothing in the work.
//   - A transaction that fails as a whole is done again; if it fails again, each member runs alone, on its own goroutine,
//     so that one that cannot succeed harms nobody.
//   - A caller that goes away while its command waits takes it back; later the outcome is unknown to it, and a repeat with
//     the same request id finds it.
//   - The queue is bounded: what it has no place for is refused with 429 RATE_LIMITED, and nothing has happened.
//   - Two groups on one database, of two replicas, are kept apart by row locks and unique keys alone.
type Group[W Work, N any] struct {
	conf    GroupConfig[W, N]
	metrics *groupMetrics

	// turn is had by the writer that takes members and locks what they need.
	turn chan struct{}

	mu      sync.Mutex
	queue   []*member[W, N]
	writers int
	home    chan struct{} // closed when the last writer has gone home
	closed  bool
}

// NewGroup makes a group. It has nothing to be started: the first member of a queue starts a writer, which ends with the
// queue.
func NewGroup[W Work, N any](conf GroupConfig[W, N]) *Group[W, N] {
	return &Group[W, N]{conf: conf, metrics: newGroupMetrics(conf.DB.Name()), turn: make(chan struct{}, 1)}
}

// Collectors are the metrics of the group, to be registered once.
func (g *Group[W, N]) Collectors() []prometheus.Collector { return g.metrics.collectors() }

// Close refuses what comes from now on, and waits for what is in the queue to be answered.
func (g *Group[W, N]) Close(ctx context.Context) error {
	g.mu.Lock()
	g.closed = true
	writers, home := g.writers, g.home
	g.mu.Unlock()
	if writers == 0 {
		return nil
	}
	select {
	case <-home:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("command: group still at work: %w", ctx.Err())
	}
}

// member is one command on its way through a group.
type member[W Work, N any] struct {
	ctx  context.Context
	id   *identity // nil: it has no request id, and its repeats are seen by its step or by what it finds
	step *barrier.Step
	need N
	// decide is what the member decides, inside the transaction, on what is locked: no statements. again says that the step
	// was made before.
	decide func(w W, again bool) (proto.Message, error)
	public func(error) error
	done   chan result
}

// result is what becomes of a member.
type result struct {
	answer proto.Message
	err    error
	stored *outcome // of an earlier command with this request id
	// alone: the transaction of all failed, nothing is known of this member.
	alone    bool
	panicked *panicValue
}

type panicValue struct{ value any }

// submit queues a member and waits for its result. A result that does not come in time is unknown.
func (g *Group[W, N]) submit(m *member[W, N]) result {
	m.done = make(chan result, 1)
	if err := g.enqueue(m); err != nil {
		return result{err: err}
	}
	select {
	case r := <-m.done:
		if r.alone {
			r = g.alone(m)
		}
		if r.panicked != nil {
			panic(r.panicked.value) // where it would have been without a group: the caller's recovery sees it
		}
		return r
	case <-m.ctx.Done():
		return result{err: m.ctx.Err()}
	}
}

func (g *Group[W, N]) enqueue(m *member[W, N]) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed:
		return fault.Unavailable()
	case len(g.queue) >= maxWaiting:
		g.metrics.full.Inc()
		return fault.RateLimited(1)
	}
	g.queue = append(g.queue, m)
	g.metrics.waiting.Set(float64(len(g.queue)))
	if g.writers == 0 || g.full() && g.writers < maxWriters && g.conf.DB.Engine() == database.MySQL {
		if g.writers++; g.writers == 1 {
			g.home = make(chan struct{})
		}
		go g.write()
	}
	return nil
}

// full says that a whole transaction waits.
func (g *Group[W, N]) full() bool { return len(g.queue) >= maxMembers }

// write commits until nobody waits.
func (g *Group[W, N]) write() {
	for {
		g.turn <- struct{}{}
		var once sync.Once
		locked := func() { once.Do(func() { <-g.turn }) }
		members := g.next()
		if members == nil {
			locked()
			return
		}
		g.metrics.members.Observe(float64(len(members)))
		results := g.commit(members, locked)
		locked()
		for i, r := range results {
			members[i].done <- r
		}
	}
}

// next takes the members of the next transaction from the queue. It answers nil, and the writer is gone, when there are
// none, or fewer than fill a transaction while another writer is at work, who will see to them.
func (g *Group[W, N]) next() []*member[W, N] {
	g.mu.Lock()
	defer g.mu.Unlock()
	var taken []*member[W, N]
	if g.writers == 1 || g.full() {
		taken = g.take()
	}
	g.metrics.waiting.Set(float64(len(g.queue)))
	if taken == nil {
		if g.writers--; g.writers == 0 {
			g.queue = nil
			close(g.home)
		}
	}
	return taken
}

// take cuts as many members from the queue as a transaction holds.
func (g *Group[W, N]) take() []*member[W, N] {
	var taken []*member[W, N]
	weight, seen := 0, 0
	for _, m := range g.queue {
		if m.ctx.Err() != nil { // taken back
			seen++
			continue
		}
		w := 1
		if g.conf.Weight != nil {
			w = g.conf.Weight(m.need)
		}
		if len(taken) == maxMembers || len(taken) > 0 && weight+w > maxWeight {
			break
		}
		taken, weight, seen = append(taken, m), weight+w, seen+1
	}
	clear(g.queue[:seen])
	g.queue = g.queue[seen:]
	return taken
}

// commit decides for the members in one transaction, and sends each its own way when that fails. locked is called when all
// that they need is.
func (g *Group[W, N]) commit(members []*member[W, N], locked func()) []result {
	ctx, cancel := context.WithTimeout(context.Background(), groupTimeout)
	defer cancel()
	results, err := g.together(ctx, members, locked)
	switch {
	case err == nil:
		return results
	case len(members) == 1 || gone(err):
		for i := range results {
			results[i] = result{err: err}
		}
		return results
	}
	g.metrics.split.Inc()
	for i := range results {
		results[i] = result{alone: true}
	}
	return results
}

// gone says that the database is: trying each member alone would only take longer.
func gone(err error) bool { return database.IsUnavailable(err) && !database.IsRetryable(err) }

// alone runs a member in a transaction of its own.
func (g *Group[W, N]) alone(m *member[W, N]) result {
	results, err := g.together(m.ctx, []*member[W, N]{m}, func() {})
	if err != nil {
		return result{err: err}
	}
	return results[0]
}

// together runs one transaction, again when another has taken a request id, a step or a document of it meanwhile: by then
// the other's row is there to be read.
func (g *Group[W, N]) together(ctx context.Context, members []*member[W, N], locked func()) ([]result, error) {
	results := make([]result, len(members))
	if err := failpoint.Hit("command.group.tx.before"); err != nil {
		return results, err
	}
	for attempt := 0; ; attempt++ {
		err := g.conf.DB.InTx(ctx, func(ctx context.Context) error {
			err := g.once(ctx, members, results, locked)
			if len(members) > 1 && database.IsLockTimeout(err) && g.conf.DB.Engine() == database.MySQL {
				return fmt.Errorf("%w: %v", errWaited, err) // one of them waits for another's lock: the others need not wait again
			}
			return err
		})
		if err == nil {
			return results, failpoint.Hit("command.group.reply.before")
		}
		if !database.IsUniqueViolation(err) || attempt == database.MaxRetries {
			return results, err
		}
		g.metrics.retries.Inc()
	}
}

// errWaited ends a transaction of many that waited too long for a lock.
var errWaited = errors.New("command: a lock of the group was not to be had")

// once is one attempt inside the transaction.
func (g *Group[W, N]) once(ctx context.Context, members []*member[W, N], results []result, locked func()) error {
	clear(results)
	stored, err := g.stored(ctx, members)
	if err != nil {
		return err
	}
	steps, err := g.steps(ctx, members)
	if err != nil {
		return err
	}
	var needs []N
	for _, m := range members {
		if _, known := stored[m.key()]; !known || m.id == nil {
			needs = append(needs, m.need)
		}
	}
	if len(needs) == 0 {
		for i, m := range members {
			known := stored[m.key()]
			results[i] = result{stored: &known}
		}
		return nil
	}
	work, err := g.conf.Open(ctx, needs)
	if err != nil {
		return err
	}
	locked()
	var answers []answered
	for i, m := range members {
		results[i] = g.decide(m, work, steps, stored, &answers)
	}
	if err := g.conf.Write(ctx, work); err != nil {
		return err
	}
	if err := steps.Write(ctx, g.conf.DB); err != nil {
		return err
	}
	return record(ctx, g.conf.DB, answers)
}

// decide lets one member decide. Nothing of it stays in the work unless it succeeds.
func (g *Group[W, N]) decide(m *member[W, N], work W, steps *barrier.Ledger, stored map[key]outcome, answers *[]answered) (r result) {
	if m.id != nil {
		if known, found := stored[m.key()]; found {
			return result{stored: &known}
		}
	}
	undo, forget := work.Mark(), steps.Mark()
	defer func() {
		if v := recover(); v != nil {
			undo()
			forget()
			r = result{panicked: &panicValue{v}}
		}
	}()
	answer, err := m.enter(work, steps)
	if err != nil {
		undo()
		forget()
		if errors.Is(err, errAgain) {
			return result{err: err}
		}
		err = m.public(err)
	}
	if m.id == nil {
		return result{answer: answer, err: err}
	}
	o, recorded, err := settle(*m.id, answer, err)
	if recorded {
		stored[m.key()] = o
		*answers = append(*answers, answered{*m.id, o})
	}
	return result{answer: answer, err: err}
}

// enter asks the barrier and decides.
func (m *member[W, N]) enter(work W, steps *barrier.Ledger) (proto.Message, error) {
	again := false
	if m.step != nil {
		run, err := steps.Enter(*m.step)
		if err != nil {
			return nil, err
		}
		again = !run
	}
	answer, err := m.decide(work, again)
	if asks, ok := errors.AsType[interface {
		error
		Again() bool
	}](err); ok && asks.Again() {
		return nil, fmt.Errorf("%w: %w", errAgain, err)
	}
	return answer, err
}

// errAgain marks a member that needs other facts before it can decide.
var errAgain = errors.New("command: the facts were not enough")

func (g *Group[W, N]) steps(ctx context.Context, members []*member[W, N]) (*barrier.Ledger, error) {
	var steps []barrier.Step
	for _, m := range members {
		if m.step != nil {
			steps = append(steps, *m.step)
		}
	}
	return barrier.Read(ctx, g.conf.DB, steps)
}
