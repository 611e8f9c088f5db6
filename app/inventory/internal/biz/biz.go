// Package biz decides about stock: what may be sold, who holds it, which locations ship.
//
// Always true, in every method that returns without error:
//   - 0 <= reserved <= on hand for a stock row, unless goods left that the books did not have: then an open discrepancy of
//     exactly that size exists.
//   - A reservation leaves the states Held and Confirmed for good exactly once, and open + shipped + released + expired is
//     its quantity at any time.
//   - Every change of on hand, of what is in transit and of what is damaged is one movement with the next number of its stock
//     row: each of the three is the sum of its movements.
//   - What is in transit to a location is what open transfers have sent it and nobody has received, missed or sent back. The
//     owner of goods does not change because they travel.
//   - What a channel holds online is within its sharing policy; an exclusive quota is never overdrawn, and nobody else holds
//     what it still keeps.
//   - Allocate is a function of its arguments: no clock, no map order, no randomness.
//   - What is decided under a lock was read under that lock; everything read before is a hint.
package biz

import "fmt"

// MaxQuantity is the most pieces of one line; MaxOnHand is the most that a stock row may hold, far from overflow.
const (
	MaxQuantity int64 = 1_000_000
	MaxOnHand   int64 = 1_000_000_000_000
)

// Broken is a defect: rows that cannot be, or a caller that breaks a rule of this package. It is never shown to a client.
type Broken struct{ What string }

// Error says what is broken.
func (b Broken) Error() string { return "inventory: " + b.What }

func broken(format string, args ...any) error { return Broken{fmt.Sprintf(format, args...)} }
