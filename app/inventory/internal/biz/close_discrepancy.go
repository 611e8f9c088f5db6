package biz

import "context"

// Listed is a discrepancy as it stands in the list.
type Listed struct {
	ID string
	Discrepancy
	Open               int64 // what is left of its size
	OpenedUS, ClosedUS int64
}

// DiscrepancyBook keeps the list.
type DiscrepancyBook interface {
	// ListedDiscrepancy reads one that the caller may see; UnknownDiscrepancy if there is none.
	ListedDiscrepancy(ctx context.Context, id string) (Listed, error)
	// CloseDiscrepancy closes what is open of it.
	CloseDiscrepancy(ctx context.Context, id string) error
}

// CloseDiscrepancy takes note that a person has looked into a discrepancy. A shortfall is as large as what is missing in the
// books, so only the books close it.
type CloseDiscrepancy struct{ Book DiscrepancyBook }

// Decide closes it inside the transaction and returns it as it is then.
func (uc CloseDiscrepancy) Decide(ctx context.Context, by Caller, id string) (Listed, error) {
	listed, err := uc.Book.ListedDiscrepancy(ctx, id)
	if err != nil {
		return listed, err
	}
	if err := by.MayDecide(Location{Code: listed.Key.Location, Org: listed.Org}); err != nil {
		if _, hidden := err.(UnknownLocation); hidden {
			err = Forbidden{"manager of the location"}
		}
		return listed, err
	}
	if listed.Kind == KindShortfall {
		return listed, ClosesByItself{id}
	}
	if err := uc.Book.CloseDiscrepancy(ctx, id); err != nil {
		return listed, err
	}
	return uc.Book.ListedDiscrepancy(ctx, id)
}
