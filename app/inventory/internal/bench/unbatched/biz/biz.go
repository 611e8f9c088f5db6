// Package biz decides for package unbatched.
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
