package biz

import "context"

// PutLocations takes over where stock can be, as the store center tells it. An older version never overwrites a newer one,
// so calls may come in any order.
type PutLocations struct{ Book LocationBook }

// Decide stores them inside the transaction. A location that cannot be is refused with the whole call: the store center
// checks before it tells, so that is a defect, and it must not pass unseen.
func (uc PutLocations) Decide(ctx context.Context, locations []Location) error {
	for _, l := range locations {
		if err := l.Validate(); err != nil {
			return err
		}
	}
	_, err := uc.Book.Put(ctx, locations)
	return err
}
