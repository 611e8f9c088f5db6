package data

import (
	"context"
	"fmt"
	"strings"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/outbox"
	"github.com/onepool/onepool/app/store/internal/biz"
)

const (
	kindLocations = "pl"
	// maxLocations of one call; the receiver handles a call in one transaction.
	maxLocations = 200
	// maxPages bounds what a new contract sends again in one transaction: 100,000 stores of one organisation.
	maxPages = 500
)

// send tells the inventory center about stores, in the transaction of their change.
func send(ctx context.Context, stores []biz.Store, orgs map[string]biz.Organisation) error {
	for len(stores) > 0 {
		n := min(len(stores), maxLocations)
		call := &inventoryv1.PutLocationsCall{}
		for _, s := range stores[:n] {
			o, ok := orgs[s.Org]
			if !ok {
				return fmt.Errorf("location %s: organisation %s was not read", s.Code, s.Org)
			}
			call.Locations = append(call.Locations, location(s, o))
		}
		branch, err := outbox.NewCall("inventory", inventoryv1.InventoryBranch_PutLocations_FullMethodName, call)
		if err != nil {
			return err
		}
		if err := outbox.Emit(ctx, outbox.Message{Kind: kindLocations, Key: stores[0].Code, Calls: []outbox.Call{branch}}); err != nil {
			return err
		}
		stores = stores[n:]
	}
	return nil
}

// sendAllOf tells about all stores of an organisation whose contract has changed.
func (d *Directory) sendAllOf(ctx context.Context, o biz.Organisation) error {
	after := ""
	for range maxPages {
		page, err := d.ListStores(ctx, StoreFilter{Org: o.Code}, after, maxLocations)
		if err != nil {
			return err
		}
		if err := send(ctx, page, map[string]biz.Organisation{o.Code: o}); err != nil {
			return err
		}
		if len(page) < maxLocations {
			return nil
		}
		after = page[len(page)-1].Code
	}
	return fmt.Errorf("organisation %s has more than %d stores", o.Code, maxPages*maxLocations)
}

// location is a store as the inventory center sees it.
func location(s biz.Store, o biz.Organisation) *inventoryv1.LocationFacts {
	kind := map[biz.Ownership]inventoryv1.LocationKind{
		biz.Direct: inventoryv1.LocationKind_DIRECT_STORE, biz.Franchise: inventoryv1.LocationKind_FRANCHISE_STORE,
		biz.Warehouse: inventoryv1.LocationKind_WAREHOUSE,
	}[s.Ownership]
	way := map[string]inventoryv1.DeliveryWay{
		biz.Parcel: inventoryv1.DeliveryWay_PARCEL, biz.Pickup: inventoryv1.DeliveryWay_PICKUP,
		biz.LocalDelivery: inventoryv1.DeliveryWay_LOCAL_DELIVERY,
	}
	f := &inventoryv1.LocationFacts{
		Code: s.Code, Name: s.Name, Org: s.Org, Kind: kind, Point: &commonv1.GeoPoint{Lat: s.Point.Lat, Lng: s.Point.Lng}, Active: s.Active,
		Shared: o.SharesStock(), SettlementRateBp: o.SettlementRateBP, FulfilmentFeeMinor: o.FulfilmentFee, Version: biz.LocationVersion(s, o),
	}
	for _, c := range s.Capabilities {
		f.Ways = append(f.Ways, way[c])
	}
	if s.HasTill() {
		f.Ways = append(f.Ways, inventoryv1.DeliveryWay_CARRY_OUT)
	}
	return f
}

const between = "|"

func join(capabilities []string) string { return strings.Join(capabilities, between) }

func split(joined string) []string {
	if joined == "" {
		return nil
	}
	return strings.Split(joined, between)
}
