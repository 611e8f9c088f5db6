package biz

import "context"

const (
	expireBatch  = 100 // documents a decision
	expireRounds = 50  // decisions a run; what is left goes with the next
)

// Expire frees what was held past its deadline, by the database's clock. Several may run: the document's lock decides who
// frees it, and a reservation that has left the state Held is not due any more.
type Expire struct {
	Due DueFinder
	// Together decides on a Book, in a transaction that may be shared with others.
	Together func(ctx context.Context, need Need, fn func(*Book) error) error
	// NowUS is the database's time.
	NowUS func(ctx context.Context) (int64, error)
	// Hit counts that a run has left some for the next.
	Hit func(bound string)
}

// Run frees what is due, in bounded batches, and says how many reservations that were.
func (uc Expire) Run(ctx context.Context) (int, error) {
	total := 0
	for range expireRounds {
		now, err := uc.NowUS(ctx)
		if err != nil {
			return total, err
		}
		documents, err := uc.Due.DueDocuments(ctx, now, expireBatch)
		if err != nil || len(documents) == 0 {
			return total, err
		}
		freed := 0
		err = uc.Together(ctx, uc.Need(documents), func(book *Book) (err error) {
			freed, err = uc.Decide(book, documents)
			return err
		})
		if err != nil {
			return total, err
		}
		if total += freed; len(documents) < expireBatch {
			return total, nil
		}
	}
	uc.Hit("expire_rounds")
	return total, nil
}

// Need locks the documents and the rows of what is due.
func (Expire) Need(documents []string) Need {
	n := Need{Touches: (*Reservation).Due}
	for _, d := range documents {
		n.Documents = append(n.Documents, DocumentLock{Document: d})
	}
	return n
}

// Decide frees the due reservations of these documents on the Book.
func (Expire) Decide(book *Book, documents []string) (freed int, err error) {
	book.As("service:inventory-expiry")
	for _, d := range documents {
		for _, r := range book.Of(d) {
			if !r.Due(book.NowUS()) {
				continue
			}
			if err := book.Expire(r); err != nil {
				return 0, err
			}
			freed++
		}
	}
	return freed, nil
}
