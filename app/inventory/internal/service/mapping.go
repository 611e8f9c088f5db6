package service

import (
	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/batch"
	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// all maps the rows of a list.
func all[R, M any](rows []R, to func(R) M) []M {
	out := make([]M, len(rows))
	for i, r := range rows {
		out[i] = to(r)
	}
	return out
}

func fromPoint(p *commonv1.GeoPoint) *geo.Point {
	if p == nil {
		return nil
	}
	return &geo.Point{Lat: p.GetLat(), Lng: p.GetLng()}
}

func toPoint(p *geo.Point) *commonv1.GeoPoint {
	if p == nil {
		return nil
	}
	return &commonv1.GeoPoint{Lat: p.Lat, Lng: p.Lng}
}

func fromHold(in *inventoryv1.HoldRequest) biz.HoldInput {
	demand := biz.Demand{Document: in.GetDocument(), Channel: in.GetChannel(), Seller: in.GetSellerOrg(), Way: biz.Way(in.GetWay()),
		Destination: fromPoint(in.GetDestination()), Location: in.GetLocation(), MaxParcels: int(in.GetMaxParcels()),
		Region: in.GetRegion(), HomeStore: in.GetHomeStore(), PromisedUS: in.GetPromisedUs()}
	for _, l := range in.GetLines() {
		demand.Lines = append(demand.Lines, biz.DemandLine{ID: l.GetLineId(), SKU: l.GetSku(), Quantity: l.GetQuantity(), ListPriceMinor: l.GetListPriceMinor(),
			WeightG: l.GetWeightG(), Category: l.GetCategory(), Group: l.GetGroup()})
	}
	return biz.HoldInput{Demand: demand, GID: in.GetGid(), ExpiresAtUS: in.GetExpiresAtUs(), AllowPresale: in.GetAllowPresale(), Partial: in.GetPartial(),
		Wait: in.GetWaitForStock(), Priority: int64(in.GetPriority()), ShipByUS: in.GetShipByUs()}
}

func toReservation(r biz.ReservationRow) *inventoryv1.Reservation {
	return &inventoryv1.Reservation{
		Id: r.ID, Document: r.Document, LineId: r.LineID, Sku: r.Key.SKU, Location: r.Key.Location, LocationName: r.LocationName, LocationOrg: r.LocationOrg,
		Owner: r.Key.Owner, Quantity: r.Quantity, Open: r.Open, Shipped: r.Shipped, State: inventoryv1.ReservationState(r.State), ExpiresAtUs: deadline(r),
		SettlementPriceMinor: r.SettlementPriceMinor, FulfilmentFeeMinor: r.FulfilmentFeeMinor, DistanceM: r.DistanceM,
		KitSku: r.KitSKU, Presale: r.Presale, Replaces: r.Replaces, Batch: r.Batch,
	}
}

// deadline is when a reservation frees itself; one that is confirmed or resolved has none.
func deadline(r biz.ReservationRow) int64 {
	if r.State != biz.Held {
		return 0
	}
	return r.ExpiresAtUS
}

func toReservations(rows []biz.ReservationRow) []*inventoryv1.Reservation {
	return all(rows, toReservation)
}

func toStock(s *biz.Stock) *inventoryv1.Stock {
	r := s.Row()
	return &inventoryv1.Stock{Location: r.Key.Location, Sku: r.Key.SKU, Owner: r.Key.Owner, OnHand: r.OnHand, Reserved: r.Reserved, SafetyStock: r.SafetyStock,
		Online: s.Promise(), AtTheTill: s.AtTheTill(), InTransit: r.InTransit, Damaged: r.Damaged, Blocked: r.Blocked, InLots: r.Batched, Frozen: s.Frozen()}
}

func toStocks(rows []*biz.Stock) []*inventoryv1.Stock { return all(rows, toStock) }

func toMovement(m biz.Movement) *inventoryv1.Movement {
	return &inventoryv1.Movement{Id: m.ID, Location: m.Key.Location, Sku: m.Key.SKU, Owner: m.Key.Owner, Reason: string(m.Reason), Document: m.Document,
		Actor: m.Actor, Quantity: m.Quantity, Before: m.Before, After: m.After, AtUs: m.AtUS, Note: m.Note,
		Bucket: toBucket(m.Bucket), Batch: m.Batch, RequestId: m.Request}
}

// onHand is what the API calls the bucket that has no name in the ledger.
const onHand = "ON_HAND"

func toBucket(bucket string) string {
	if bucket == "" {
		return onHand
	}
	return bucket
}

func toLocation(l biz.Location) *inventoryv1.Location {
	out := &inventoryv1.Location{Code: l.Code, Name: l.Name, Org: l.Org, Kind: inventoryv1.LocationKind(l.Kind), Point: toPoint(l.Point), Active: l.Active, Shared: l.Shared}
	for _, w := range l.Ways.List() {
		out.Ways = append(out.Ways, inventoryv1.DeliveryWay(w))
	}
	return out
}

func fromLocationFacts(in *inventoryv1.LocationFacts) biz.Location {
	ways := make([]biz.Way, 0, len(in.GetWays()))
	for _, w := range in.GetWays() {
		if w >= inventoryv1.DeliveryWay_PARCEL && w <= inventoryv1.DeliveryWay_CARRY_OUT {
			ways = append(ways, biz.Way(w))
		}
	}
	return biz.Location{Code: in.GetCode(), Name: in.GetName(), Org: in.GetOrg(), Kind: biz.LocationKind(in.GetKind()), Point: fromPoint(in.GetPoint()),
		Active: in.GetActive(), Ways: biz.WaysOf(ways...), Shared: in.GetShared(), SettlementRateBP: in.GetSettlementRateBp(),
		FulfilmentFeeMinor: in.GetFulfilmentFeeMinor(), Version: in.GetVersion()}
}

func toAvailability(a biz.Availability) *inventoryv1.Availability {
	out := &inventoryv1.Availability{Sku: a.SKU, Online: a.Online}
	for _, n := range a.Near {
		la := &inventoryv1.LocationAvailability{Location: n.Location.Code, Name: n.Location.Name, DistanceM: n.DistanceM, Level: n.Level}
		if n.Exact {
			la.Online, la.AtTheTill = &n.Online, &n.AtTheTill
		}
		out.Near = append(out.Near, la)
	}
	return out
}

func toAllocation(e biz.Explanation, text string) *inventoryv1.Allocation {
	out := &inventoryv1.Allocation{Document: e.Document, Text: text, Strategy: e.Strategy, TookUs: e.TookUS, DecidedAtUs: e.DecidedAtUS}
	for _, c := range e.Candidates {
		out.Candidates = append(out.Candidates, &inventoryv1.AllocationCandidate{Location: c.Location, Name: c.Name, DistanceM: c.DistanceM, Chosen: c.Chosen, Reason: c.Reason})
	}
	return out
}

func toImportResult(r batch.Result) *commonv1.ImportResult {
	out := &commonv1.ImportResult{Created: r.Created, Updated: r.Updated, Unchanged: r.Unchanged}
	for _, e := range r.Errors {
		out.Errors = append(out.Errors, &commonv1.RowError{Line: e.Line, Reason: e.Reason, Field: e.Field, Message: e.Message})
	}
	return out
}
