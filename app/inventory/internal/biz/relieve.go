package biz

import "context"

const (
	relieveBatch  = 200 // shelves a look
	relieveLooks  = 50  // looks a run; what is left goes with the next
	relievesActor = "service:inventory-relief"
)

// ShortFinder finds shelves where more is reserved than is on hand. It reads without locks.
type ShortFinder interface {
	// ShortAfter returns shelves with an open shortfall, by SKU and location, after one of them, at most limit.
	ShortAfter(ctx context.Context, after Shelf, limit int) ([]Shelf, error)
}

// Relieve tries again to move what a till sale, or goods that left without a reservation, has eaten into, and could not move
// then: stock has come elsewhere since. What came to the shelf itself has closed the gap by itself.
type Relieve struct {
	Short ShortFinder
	Sale  TillSale
	// Together runs a decision on a Book, in a transaction that may be shared with others.
	Together func(ctx context.Context, need Need, fn func(*Book) error) error
	// Hit counts that a run has left some for the next.
	Hit func(bound string)
}

// Run moves what can be moved now, and says how many pieces that were. rose names the SKUs of which stock has come; nil: any
// may have. One shelf that fails does not keep the others; it is tried again.
func (uc Relieve) Run(ctx context.Context, rose map[string]bool) (moved int64, failed error) {
	var after Shelf
	for range relieveLooks {
		short, err := uc.Short.ShortAfter(ctx, after, relieveBatch)
		if err != nil {
			return moved, err
		}
		for _, shelf := range short {
			if rose != nil && !rose[shelf.SKU] {
				continue
			}
			n, err := uc.one(ctx, shelf)
			if err != nil {
				failed = err
			}
			moved += n
			if ctx.Err() != nil {
				return moved, ctx.Err()
			}
		}
		if len(short) < relieveBatch {
			return moved, failed
		}
		after = short[len(short)-1]
	}
	uc.Hit("relieve_looks")
	return moved, failed
}

func (uc Relieve) one(ctx context.Context, shelf Shelf) (int64, error) {
	in := TillSaleInput{Location: shelf.Location, Lines: []TillSaleLine{{ID: shelf.SKU, SKU: shelf.SKU}}}
	facts, err := uc.Sale.LookAgain(ctx, in)
	if err != nil || len(facts.places(shelf.SKU)) == 0 {
		return 0, err
	}
	need := uc.Sale.Need(in, facts)
	need.Open, need.Entries = nil, nil // nothing is sold
	moved := int64(0)
	err = uc.Together(ctx, need, func(book *Book) (err error) {
		moved, err = uc.Sale.relieve(book, shelf, facts)
		return err
	})
	return moved, err
}

// relieve moves what a shelf has promised and does not have.
func (uc TillSale) relieve(book *Book, shelf Shelf, facts TillFacts) (int64, error) {
	book.As(relievesActor)
	total := int64(0)
	for _, s := range book.Shelf(shelf) {
		short := s.Shortfall()
		if short == 0 {
			continue
		}
		_, left, err := uc.move(book, s.key, short, facts)
		if err != nil {
			return 0, err
		}
		total += short - left
	}
	return total, nil
}
