package data

import (
	"context"
	"fmt"
	"time"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/fulfilment"
	"github.com/onepool/onepool/app/order/internal/data/ent/mergedparcel"
	"github.com/onepool/onepool/app/order/internal/data/ent/order"
)

const (
	// neighbourDays is how far back others to the same address are looked for, mostNeighbours how many of them.
	neighbourDays  = 30 * 24 * time.Hour
	mostNeighbours = 1000
)

// AddMergedParcel keeps what was put together.
func (s *Orders) AddMergedParcel(ctx context.Context, m biz.MergedParcel) error {
	err := s.ent.MergedParcel.Create().SetID(m.ID).SetOrg(m.Org).SetLocation(m.Location).SetMembers(m.Members).SetMergedBy(m.By).SetMergedUs(m.AtUS).Exec(AsService(ctx))
	if err != nil {
		return fmt.Errorf("merged parcel: %w", err)
	}
	return nil
}

// VisibleMergedParcel reads one that the caller's scope covers. Any other is unknown.
func (s *Orders) VisibleMergedParcel(ctx context.Context, id string) (biz.MergedParcel, error) {
	row, err := s.ent.MergedParcel.Query().Where(mergedparcel.ID(id)).Only(ctx)
	if ent.IsNotFound(err) {
		return biz.MergedParcel{}, biz.NotFound("merged parcel")
	}
	if err != nil {
		return biz.MergedParcel{}, fmt.Errorf("merged parcel: %w", err)
	}
	return biz.MergedParcel{ID: row.ID, Org: row.Org, Location: row.Location, Members: row.Members, By: row.MergedBy, AtUS: row.MergedUs}, nil
}

// ToMerge reads a page of the fulfilments at a location, as far as the caller may see them, that are accepted and travel alone so far:
// the oldest first.
func (s *Orders) ToMerge(ctx context.Context, location string, after After, limit int) ([]Due, []After, error) {
	rows, err := s.ent.Fulfilment.Query().Where(fulfilment.Location(location),
		fulfilment.StateIn(string(biz.FulfilmentAccepted), string(biz.FulfilmentPicked), string(biz.FulfilmentPacked)),
		fulfilment.WayIn(string(biz.WayParcel), string(biz.WayLocal)), fulfilment.Or(fulfilment.MergedIsNil(), fulfilment.Merged("")),
		after.after(fulfilment.FieldCreatedUs, fulfilment.FieldID)).Order(ent.Asc(fulfilment.FieldCreatedUs, fulfilment.FieldID)).Limit(limit).All(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("what could travel together: %w", err)
	}
	found, keys := make([]Due, len(rows)), make([]After, len(rows))
	for i, row := range rows {
		found[i], keys[i] = Due{row.OrderID, row.ID}, After{row.CreatedUs, row.ID}
	}
	return found, keys, nil
}

// Neighbours reads orders to the addresses of those that are named, these among them: paid ones of the last 30 days, the newest first.
// Whether the caller may see them is asked elsewhere.
func (s *Orders) Neighbours(ctx context.Context, orderIDs []string) ([]biz.Record, error) {
	ctx = AsService(ctx)
	now, err := s.db.Now(ctx)
	if err != nil {
		return nil, err
	}
	var places []string
	err = s.ent.Order.Query().Where(order.IDIn(orderIDs...), order.PlaceKeyNEQ("")).Select(order.FieldPlaceKey).Scan(ctx, &places)
	if err != nil || len(places) == 0 {
		return nil, wrapNeighbours(err)
	}
	found, err := s.ent.Order.Query().Where(order.PlaceKeyIn(places...), order.PlacedUsGTE(now-neighbourDays.Microseconds()), order.State(string(biz.OrderPaid))).
		Order(ent.Desc(order.FieldPlacedUs, order.FieldID)).Limit(mostNeighbours).IDs(ctx)
	if err != nil {
		return nil, wrapNeighbours(err)
	}
	return s.LoadAll(ctx, found)
}

func wrapNeighbours(err error) error {
	if err != nil {
		return fmt.Errorf("orders to the same address: %w", err)
	}
	return nil
}
