package biz

import "context"

const (
	silentBatch  = 50 // assignments a look
	silentRounds = 20 // looks a run; what is left goes with the next
)

// TimeOut turns silence into a decline, by the database's clock. Several replicas may run: the document's lock decides who
// does it, and an assignment that was answered meanwhile is not silent any more.
type TimeOut struct {
	Decline Decline
	// InTx runs one decision in a transaction of its own.
	InTx func(ctx context.Context, fn func(ctx context.Context) error) error
	// NowUS is the database's time.
	NowUS func(ctx context.Context) (int64, error)
	// Hit counts that a run has left some for the next.
	Hit func(bound string)
}

// Run declines for all that have been silent for too long, and says how many documents were allocated anew. One that fails
// does not keep the others; it is tried again at the next run.
func (uc TimeOut) Run(ctx context.Context) (declined int, failed error) {
	for range silentRounds {
		now, err := uc.NowUS(ctx)
		if err != nil {
			return declined, err
		}
		silent, err := uc.Decline.Work.Silent(ctx, now, silentBatch)
		if err != nil || len(silent) == 0 {
			return declined, err
		}
		for _, a := range silent {
			done, err := uc.one(ctx, a)
			if err != nil {
				failed = err
			}
			if done {
				declined++
			}
		}
		if len(silent) < silentBatch || failed != nil {
			return declined, failed
		}
	}
	uc.Hit("silent_rounds")
	return declined, nil
}

func (uc TimeOut) one(ctx context.Context, a AssignmentRow) (done bool, err error) {
	in := DeclineInput{Document: a.Document, Location: a.Location, Reason: OtherReason, Text: "no answer in time"}
	facts, err := uc.Decline.Gather(ctx, in)
	if err != nil {
		return false, err
	}
	err = uc.InTx(ctx, func(ctx context.Context) (err error) {
		done, err = uc.decide(ctx, in, facts)
		return err
	})
	return done, err
}

// decide declines for a location that is silent still. Where nothing is open any more there was nothing to answer.
func (uc TimeOut) decide(ctx context.Context, in DeclineInput, facts DeclineFacts) (bool, error) {
	book, err := openWork(ctx, uc.Decline.Writer, "service:inventory-timeout", []string{in.Document})
	if err != nil {
		return false, err
	}
	a := book.live(in.Document, in.Location)
	if a == nil || !a.silent(book.nowUS) {
		return false, nil
	}
	parts := openAt(book.Of(in.Document), in.Location, nil)
	if len(parts) == 0 {
		if err := book.answer(a, Lapsed, ""); err != nil {
			return false, err
		}
		return false, uc.Decline.Writer.Write(ctx, book.Changes())
	}
	d := decline{uc: uc.Decline, book: book, in: in, at: Location{Code: in.Location, Org: a.r.Org}, state: TimedOut, why: in.Text, look: facts.look}
	d.add(in.Document, parts)
	if err := d.run(ctx, skusOf(parts)); err != nil {
		return false, err
	}
	return true, uc.Decline.Writer.Write(ctx, book.Changes())
}
