package biz

import "context"

const (
	waitingBatch = 200 // documents a look
	waitingLooks = 100 // looks a run; what is left goes with the next
)

// AllocateWaiting gives documents that wait their stock.
//
// They get it in one order: higher priority, earlier ship-by time, older. A document that cannot be filled lets later ones of
// other SKUs pass, but keeps its place for every SKU that it waits for: no later document of the same seller gets one of
// them before it. (Another seller draws on other shelves.) A document that no location may deliver keeps no place, because
// it does not wait for stock.
//
// One replica works at a time, for the order; that each document is allocated once is decided by its lock.
type AllocateWaiting struct {
	Work       WorkFinder
	Reallocate Reallocate
	Writer     StockWriter
	// InTx runs one decision in a transaction of its own.
	InTx func(ctx context.Context, fn func(ctx context.Context) error) error
	// Hit counts that a run has left some for the next.
	Hit func(bound string)
}

// queue is whose stock a SKU waits for.
type queue struct{ seller, sku string }

// Run allocates what can be, and says how many documents that were. rose names the SKUs of which stock has come; nil: any
// may have. One that fails does not keep the others, but its place.
func (uc AllocateWaiting) Run(ctx context.Context, rose map[string]bool) (allocated int, failed error) {
	kept := map[queue]bool{}
	err := uc.each(ctx, func(s Standing) error {
		done, err := uc.next(ctx, s, rose, kept)
		if err != nil {
			failed = err
		}
		if done {
			allocated++
		}
		return ctx.Err()
	})
	if err != nil {
		return allocated, err
	}
	return allocated, failed
}

// each visits documents that wait, in the order in which they get their stock.
func (uc AllocateWaiting) each(ctx context.Context, visit func(Standing) error) error {
	var after *DocumentRow
	for range waitingLooks {
		rows, err := uc.Work.WaitingAfter(ctx, after, waitingBatch)
		if err != nil || len(rows) == 0 {
			return err
		}
		documents := make([]string, len(rows))
		for i, r := range rows {
			documents[i] = r.ID
		}
		standings, err := uc.Work.Standing(ctx, documents)
		if err != nil {
			return err
		}
		for _, id := range documents {
			if err := visit(standings[id]); err != nil {
				return err
			}
		}
		if len(rows) < waitingBatch {
			return nil
		}
		after = &rows[len(rows)-1]
	}
	uc.Hit("waiting_looks")
	return nil
}

// next allocates the next document, unless an earlier one waits for the same or nothing of it has come.
func (uc AllocateWaiting) next(ctx context.Context, s Standing, rose map[string]bool, kept map[queue]bool) (bool, error) {
	asked, known := s.asked()
	if !known {
		return false, nil
	}
	lines := asked.lacks(s.Reservations)
	come, free := rose == nil, true
	for _, l := range lines {
		come = come || rose[l.SKU]
		free = free && !kept[queue{asked.Seller, l.SKU}]
	}
	var err error
	if come && free {
		var done bool
		if done, err = uc.one(ctx, s, lines); done {
			return true, nil
		}
		if _, nowhere := err.(NoLocation); nowhere {
			return false, nil
		}
		if unfilled(err) {
			err = nil
		}
	}
	for _, l := range lines {
		kept[queue{asked.Seller, l.SKU}] = true
	}
	return false, err
}

// one allocates a document that waits still, all of what it lacks or nothing. It refuses with Short or NoLocation.
func (uc AllocateWaiting) one(ctx context.Context, s Standing, lines []DemandLine) (done bool, err error) {
	facts, err := uc.Reallocate.Look(ctx, s, lines, nil, nil)
	if err != nil {
		return false, err
	}
	// The rows were read just now: what they refuse needs no locks.
	if _, err := facts.plan(s, lines); err != nil {
		return false, err
	}
	err = uc.InTx(ctx, func(ctx context.Context) (err error) {
		done, err = uc.decide(ctx, s.Document.id, facts)
		return err
	})
	return done, err
}

// plan allocates by what was read, without locks.
func (f HoldFacts) plan(s Standing, lines []DemandLine) (Plan, error) {
	asked, known := s.asked()
	if !known || len(lines) == 0 {
		return Plan{}, nil
	}
	d := asked.Demand
	d.Lines, d.Facts = lines, f.known
	plan, _, err := Allocate(d, f.candidates, f.strategy)
	return plan, err
}

func (uc AllocateWaiting) decide(ctx context.Context, document string, facts HoldFacts) (bool, error) {
	book, err := openWork(ctx, uc.Writer, "service:inventory-waiting", []string{document})
	if err != nil {
		return false, err
	}
	d := book.Document(document)
	if d == nil || d.state != Waiting || d.asked == nil {
		return false, nil // cancelled, or allocated by another
	}
	book.tried(d)
	if lines := d.lacks(book); len(lines) > 0 {
		lack := Lack{Lines: lines}
		if _, err := uc.Reallocate.attempt(ctx, book, d, lines, lack, facts, false); err != nil {
			return false, err
		}
	}
	if err := book.enter(d, Settled); err != nil {
		return false, err
	}
	if err := giveOut(book, document); err != nil {
		return false, err
	}
	book.announce(document)
	return true, uc.Writer.Write(ctx, book.Changes())
}
