package biz

import "context"

// PutLocations takes over where stock can be, as the store center tells it. An older version never overwrites a newer one,
// so calls may come in any order.
type PutLocations struct{ Book LocationBook }

// Decide stores them inside the transaction. It never refuses: a location that cannot be is left out and named in bad, so
// that the others are not kept waiting for it.
func (uc PutLocations) Decide(ctx context.Context, locations []Location) (bad []error, err error) {
	good := make([]Location, 0, len(locations))
	for _, l := range locations {
		if err := l.Validate(); err != nil {
			bad = append(bad, broken("location %q is left out: %v", l.Code, err))
			continue
		}
		good = append(good, l)
	}
	_, err = uc.Book.Put(ctx, good)
	return bad, err
}
