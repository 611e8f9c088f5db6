package data

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// Group decides many commands on one Book.
type Group = command.Group[*biz.Book, biz.Need]

// part is something that a Book knows, in the tables that belong to it.
type part struct {
	name string
	// lock takes into the Book what the needs of all members ask of this part. Parts lock in their order, each its rows in
	// one order; nil: it locks nothing.
	lock func(ctx context.Context, b *biz.Book, needs []biz.Need) error
	// write stores what the Book has decided about this part; nil: it writes nothing.
	write func(ctx context.Context, c biz.Changes) error
}

// bookParts are the parts in the order in which they are locked and written. Whatever is locked with a stock row or a document
// comes after it here, and registers its changes with the Book, so that they can be undone.
func (s *Store) bookParts() []part {
	return []part{
		{"documents", s.lockNeededDocuments, s.writeDocuments},
		{"assignments", s.readNeededAssignments, s.writeAssignments},
		{"stock", s.lockNeededStock, s.updateStock},
		{"lots", s.readNeededLots, s.writeLots},
		{"loads", s.lockNeededLoads, s.writeLoads},
		{"presales", s.lockNeededPresales, s.updatePresales},
		{"locations", s.readNeededLocations, nil},
		{"quotas", s.lockNeededQuotas, s.updateQuotas},
		{"reservations", nil, s.writeReservations},
		{"ledger", s.readNeededEntries, s.insertMovements},
		{"discrepancies", nil, s.writeDiscrepancies},
		{"explanations", nil, s.insertExplanations},
		{"change log", nil, s.logChange},
		{"moments", nil, s.writeMoments},
		{"announcements", nil, s.announce},
	}
}

// Together runs a decision on a Book, in a transaction that may be shared with others.
func (s *Store) Together(ctx context.Context, need biz.Need, fn func(*biz.Book) error) error {
	return s.group.Do(ctx, nil, need, fn)
}

// Group is where commands are decided together.
func (s *Store) Group() *Group { return s.group }

func (s *Store) newGroup() *Group {
	return command.NewGroup(command.GroupConfig[*biz.Book, biz.Need]{
		DB:     s.db,
		Open:   s.openFor,
		Write:  func(ctx context.Context, b *biz.Book) error { return s.Write(ctx, b.Changes()) },
		Weight: biz.Need.Weight,
	})
}

// openFor opens a Book with all that the members need.
func (s *Store) openFor(ctx context.Context, needs []biz.Need) (*biz.Book, error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return nil, err
	}
	book := biz.NewBook(now, "", ids.New)
	for _, p := range s.parts {
		if p.lock == nil {
			continue
		}
		if err := p.lock(ctx, book, needs); err != nil {
			return nil, fmt.Errorf("lock %s: %w", p.name, err)
		}
	}
	return book, nil
}

// Write stores the changes of a Book: each table with as few statements as can be.
func (s *Store) Write(ctx context.Context, c biz.Changes) error {
	for _, p := range s.parts {
		if p.write == nil {
			continue
		}
		if err := p.write(ctx, c); err != nil {
			return fmt.Errorf("write %s: %w", p.name, err)
		}
	}
	return nil
}
