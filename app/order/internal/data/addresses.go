package data

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/addresschange"
)

// endsWithinUS is how soon a change of address is undone after it was refused.
const endsWithinUS = 60 * 1_000_000

// AddressOf is what has become of an order's receiver. Who goes by it in a change holds the order.
func (s *Orders) AddressOf(ctx context.Context, orderID string) (biz.AddressState, error) {
	row, err := s.ent.AddressChange.Query().Where(addresschange.ID(orderID)).Only(AsService(ctx))
	if ent.IsNotFound(err) {
		return biz.AddressState{}, nil
	}
	if err != nil {
		return biz.AddressState{}, fmt.Errorf("address of %s: %w", orderID, err)
	}
	return biz.AddressState{Changes: row.Changes, Under: row.Under}, nil
}

// SaveAddress keeps it, in the transaction that holds the order.
func (s *Orders) SaveAddress(ctx context.Context, h biz.Header, a biz.AddressState) error {
	ctx = AsService(ctx)
	n, err := s.ent.AddressChange.Update().Where(addresschange.ID(h.ID)).SetChanges(a.Changes).SetUnder(a.Under).Save(ctx)
	if err == nil && n == 0 && a != (biz.AddressState{}) {
		err = s.ent.AddressChange.Create().SetID(h.ID).SetOrg(h.Org).SetChanges(a.Changes).SetUnder(a.Under).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("address of %s: %w", h.ID, err)
	}
	return nil
}
