package biz

import "context"

// PutSharingPolicy brings a policy into force, now or later.
type PutSharingPolicy struct {
	Catalogue  Catalogue
	Categories CategoryFinder
	Locations  LocationFinder
	Book       SharingBook
	NewID      func(prefix string) string
}

// Gather asks, before the transaction, whether what the policy names exists. A location is looked at under the decision.
func (uc PutSharingPolicy) Gather(ctx context.Context, by Caller, row SharingRow) error {
	if err := row.SharingScope.validate(); err != nil {
		return err
	}
	if _, err := uc.permitted(ctx, by, row.SharingScope); err != nil {
		return err
	}
	if row.PlaceKind == InRegion {
		directory, err := uc.Locations.Directory(ctx)
		if err != nil {
			return err
		}
		if !directory.Any(func(l Location) bool { return Covers(row.Place, l.region()) }) {
			return UnknownRegion{row.Place}
		}
	}
	switch row.ProductKind {
	case OfSKU:
		known, err := existing(ctx, uc.Catalogue, []StockKey{{SKU: row.Product}})
		if err != nil {
			return err
		}
		if !known[row.Product] {
			return UnknownSKU{row.Product}
		}
	case OfCategory:
		known, err := uc.Categories.HasCategory(ctx, row.Product)
		if err != nil {
			return err
		}
		if !known {
			return UnknownCategory{row.Product}
		}
	}
	return nil
}

// Decide stores the policy inside the transaction. One that could tie with it is named in PolicyConflict.
func (uc PutSharingPolicy) Decide(ctx context.Context, by Caller, row SharingRow) (*SharingPolicy, error) {
	if _, err := uc.permitted(ctx, by, row.SharingScope); err != nil {
		return nil, err
	}
	now, live, err := uc.Book.LockSharing(ctx)
	if err != nil {
		return nil, err
	}
	row.ID, row.CreatedBy = uc.NewID("shp"), by.Name
	p, err := NewSharingPolicy(row, now)
	if err != nil {
		return nil, err
	}
	if other := p.Conflict(live); other != nil {
		return nil, PolicyConflict{other.row.ID}
	}
	return p, uc.Book.AddSharing(ctx, p)
}

func (uc PutSharingPolicy) permitted(ctx context.Context, by Caller, scope SharingScope) (*Location, error) {
	return mayShare(ctx, uc.Locations, by, scope)
}

// mayShare checks the caller against the scope's location, if it names one.
func mayShare(ctx context.Context, locations LocationFinder, by Caller, scope SharingScope) (*Location, error) {
	var l *Location
	if scope.PlaceKind == AtLocation {
		found, err := locations.Fresh(ctx, []string{scope.Place})
		if err != nil {
			return nil, err
		}
		if len(found) == 1 {
			l = &found[0]
		}
	}
	return l, by.MayShare(scope, l)
}
