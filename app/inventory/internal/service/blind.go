package service

import (
	"context"
	"errors"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// looking says who asks for figures, with what is counted blind where he counts.
func looking(ctx context.Context, store *data.Store) (biz.Caller, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return by, err
	}
	p, err := tenancy.FromContext(ctx)
	if err != nil || p.Kind != tenancy.Franchisee && p.Kind != tenancy.Dealer || p.HasRole("manager") {
		return by, err
	}
	by.Blind, err = store.CountedBlind(ctx)
	return by, err
}

// shelfOf is the key of what is hidden of a row.
func shelfOf(row interface {
	GetSku() string
	GetLocation() string
}) biz.Shelf {
	return biz.Shelf{SKU: row.GetSku(), Location: row.GetLocation()}
}

// hideStock takes the figures out of the rows that are counted blind.
func hideStock(blind biz.Blind, rows ...*inventoryv1.Stock) {
	for _, r := range rows {
		if blind[shelfOf(r)] {
			location, sku, owner, frozen := r.Location, r.Sku, r.Owner, r.Frozen
			r.Reset()
			r.Location, r.Sku, r.Owner, r.Frozen, r.CountedBlind = location, sku, owner, frozen, true
		}
	}
}

// hideMovements takes the pieces out of the ledger: their sum is what is on hand.
func hideMovements(blind biz.Blind, rows []*inventoryv1.Movement) {
	for _, m := range rows {
		if blind[shelfOf(m)] {
			m.Quantity, m.Before, m.After, m.CountedBlind = 0, 0, 0, true
		}
	}
}

// hideLots takes the pieces out of lots.
func hideLots(blind biz.Blind, rows []*inventoryv1.Lot) {
	for _, l := range rows {
		if blind[shelfOf(l)] {
			l.OnHand, l.Reserved, l.CountedBlind = 0, 0, true
		}
	}
}

// hideRefusal takes the figures out of a refusal to book on a shelf.
func hideRefusal(blind biz.Blind, shelf biz.Shelf, err error) error {
	var below biz.BelowReserved
	if blind[shelf] && (errors.As(err, &below) || errors.As(err, new(biz.LotShort))) {
		return biz.BelowReserved{Key: below.Key, Hidden: true}
	}
	return err
}
