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
// It answers from memory, at most a second behind; a feed's figures must not be behind its cursor, so that the memory is
// brought up to date before.
type promises struct {
	inventory *Inventory
	pool      biz.PoolKeeper
}

func (p promises) ask(ctx context.Context, in *inventoryv1.GetAvailabilityRequest) (*inventoryv1.GetAvailabilityResponse, error) {
	if _, err := p.pool.PoolNow(ctx); err != nil {
		return nil, err
	}
	return p.inventory.GetAvailability(ctx, in)
}

// Totals asks for all locations together.
func (p promises) Totals(ctx context.Context, channel string, skus []string) (map[string]int64, error) {
	got, err := p.ask(ctx, &inventoryv1.GetAvailabilityRequest{Skus: skus, Channel: channel})
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
	at := &inventoryv1.GetAvailabilityRequest{Skus: skus, Channel: channel, Location: location}
	got, err := p.ask(ctx, at)
	if errors.As(err, &biz.UnknownLocation{}) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(newLocationWait):
		}
		got, err = p.ask(ctx, at)
	}
	if errors.As(err, &biz.UnknownLocation{}) {
		return nil, nil // nobody can promise anything there
	}
	if err != nil {
		return nil, err
	}
	figures := make(map[string]biz.Promised, len(skus))
	for _, item := range got.GetItems() {
		for _, near := range item.GetNear() {
			figures[item.GetSku()] = biz.Promised{Online: near.GetOnline(), AtTheTill: near.GetAtTheTill(), Hidden: near.Online == nil}
		}
	}
	return figures, nil
}
