package service

import (
	"context"
	"errors"
	"time"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// newLocationWait is longer than the directory may be behind the rows.
const newLocationWait = 600 * time.Millisecond

// promises asks where channels ask: GetAvailability decides what a channel may promise, here too, by whatever rules it has.
type promises struct{ inventory *Inventory }

// Totals asks for all locations together.
func (p promises) Totals(ctx context.Context, channel string, skus []string) (map[string]int64, error) {
	got, err := p.inventory.GetAvailability(ctx, &inventoryv1.GetAvailabilityRequest{Skus: skus, Channel: channel})
	if err != nil {
		return nil, err
	}
	totals := make(map[string]int64, len(skus))
	for _, item := range got.GetItems() {
		totals[item.GetSku()] = item.GetOnline()
	}
	return totals, nil
}

// At asks for one location. One that is newer than this replica's directory is waited for.
func (p promises) At(ctx context.Context, channel, location string, skus []string) (map[string]biz.Promised, error) {
	ask := &inventoryv1.GetAvailabilityRequest{Skus: skus, Channel: channel, Location: location}
	got, err := p.inventory.GetAvailability(ctx, ask)
	if errors.As(err, &biz.UnknownLocation{}) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(newLocationWait):
		}
		got, err = p.inventory.GetAvailability(ctx, ask)
	}
	if errors.As(err, &biz.UnknownLocation{}) {
		return nil, nil // nobody can promise anything there
	}
	if err != nil {
		return nil, err
	}
	at := make(map[string]biz.Promised, len(skus))
	for _, item := range got.GetItems() {
		for _, near := range item.GetNear() {
			at[item.GetSku()] = biz.Promised{Online: near.GetOnline(), AtTheTill: near.GetAtTheTill()}
		}
	}
	return at, nil
}
