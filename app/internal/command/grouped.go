package command

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/onepool/onepool/app/internal/barrier"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
)

// Grouped is a Local that is decided in the transaction of a group.
type Grouped[W Work, N, F any, R proto.Message] struct {
	Method  string // the full name of the RPC
	Request Request
	// Step is the step of a distributed transaction that the command makes; nil: none.
	Step *barrier.Step
	// Facts asks and searches, outside any transaction, for each round; a later round asks for what the one before lacked.
	// Its error is not recorded.
	Facts func(ctx context.Context, round int) (F, error)
	// Need says what is to be locked for these facts.
	Need func(facts F) N
	// Decide decides on what is locked, in memory. An error with Again() true asks for another round of facts.
	Decide func(w W, facts F) (R, error)
	// Repeated answers when the step was made before; nil: with an empty message.
	Repeated func(w W) (R, error)
	// Last is the command as its own transaction, for one that no round of facts is enough for; nil: 503.
	Last func(ctx context.Context) (R, error)
	// Public maps an error of the domain to a refusal (a Kratos error); nil: fault.Public does.
	Public func(error) error
}

// Run executes the command in a transaction of the group, or gives the answer that it has already.
func (c Grouped[W, N, F, R]) Run(ctx context.Context, g *Group[W, N]) (answer R, err error) {
	if database.InTransaction(ctx) {
		return answer, fmt.Errorf("command %s: %w", c.Method, database.ErrNested)
	}
	id, err := identify(ctx, c.Method, c.Request)
	if err != nil {
		return answer, err
	}
	public := c.Public
	if public == nil {
		public = fault.Public
	}
	for round := range maxRounds {
		facts, err := c.Facts(ctx, round)
		if err != nil {
			// A repeat gets its answer also when the facts are not to be had any more.
			if stored, found, broken := id.find(ctx, g.conf.DB); broken == nil && found {
				return reply[R](id, stored)
			}
			return answer, public(err)
		}
		r := g.submit(&member[W, N]{ctx: ctx, id: &id, step: c.Step, need: c.Need(facts), public: public,
			decide: func(w W, again bool) (proto.Message, error) { return c.decide(w, facts, again) }})
		switch {
		case r.stored != nil:
			return reply[R](id, *r.stored)
		case errors.Is(r.err, errAgain):
			g.metrics.again.Inc()
			continue
		case r.err != nil:
			return answer, r.err
		}
		return r.answer.(R), nil
	}
	if c.Last == nil {
		return answer, fault.Unavailable()
	}
	g.metrics.last.Inc()
	return c.Last(ctx)
}

func (c Grouped[W, N, F, R]) decide(w W, facts F, again bool) (proto.Message, error) {
	if !again {
		return c.Decide(w, facts)
	}
	if c.Repeated != nil {
		return c.Repeated(w)
	}
	var none R
	return none.ProtoReflect().Type().New().Interface(), nil
}

// Do runs a decision without a request id in a transaction of the group: a call of the coordinator, or work of the
// center's own. step sees repeats; nil: fn does.
func (g *Group[W, N]) Do(ctx context.Context, step *barrier.Step, need N, fn func(w W) error) error {
	if database.InTransaction(ctx) {
		return fmt.Errorf("command: %w", database.ErrNested)
	}
	return g.submit(&member[W, N]{ctx: ctx, step: step, need: need, public: func(err error) error { return err },
		decide: func(w W, again bool) (proto.Message, error) {
			if again {
				return nil, nil
			}
			return nil, fn(w)
		}}).err
}
