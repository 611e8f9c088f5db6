package data

import (
	"context"
	"fmt"
	"slices"

	kratos "github.com/go-kratos/kratos/v2/errors"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Catalog reads the product center.
type Catalog struct {
	Client productv1.ProductClient
	Lists  productv1.PriceListsClient
}

// maxCodes is how many SKUs one call may name.
const maxCodes = 200

// Prices returns facts by code, with the prices of a sale.
func (c Catalog) Prices(ctx context.Context, codes []string, sale biz.Sale) (map[string]biz.SKU, error) {
	skus := make(map[string]biz.SKU, len(codes))
	for part := range slices.Chunk(codes, maxCodes) {
		reply, err := c.Lists.GetPrices(ctx, &productv1.GetPricesRequest{
			Codes: part, Channel: sale.Channel, StoreCode: sale.Store, Region: sale.Region, Tier: sale.Tier, AtUs: sale.AtUS, WantUntil: sale.WantUntil,
		})
		if err != nil {
			return nil, fmt.Errorf("prices of SKUs: %w", err)
		}
		for _, p := range reply.GetSkus() {
			s := toSKU(p.GetSku())
			s.PriceMinor, s.Currency, s.List = p.GetPrice().GetAmountMinor(), p.GetPrice().GetCurrency(), p.GetList()
			s.UntilUS = reply.GetUntilUs()
			s.TierMinor, s.TierList = p.GetTierPrice().GetAmountMinor(), p.GetTierList()
			skus[s.Code] = s
		}
	}
	return skus, nil
}

// Codes returns the codes of all that is sold, at most limit.
func (c Catalog) Codes(ctx context.Context, limit int) (codes []string, err error) {
	for token := ""; ; {
		page, err := c.Client.ListSkus(ctx, &productv1.ListSkusRequest{PageSize: maxCodes, PageToken: token})
		if err != nil {
			return nil, fmt.Errorf("all SKUs: %w", err)
		}
		for _, s := range page.GetSkus() {
			if s.GetActive() && len(codes) < limit {
				codes = append(codes, s.GetCode())
			}
		}
		if token = page.GetNextPageToken(); token == "" || len(codes) == limit {
			return codes, nil
		}
	}
}

func toSKU(s *productv1.Sku) biz.SKU {
	return biz.SKU{
		Code: s.GetCode(), Title: s.GetTitle(), PriceMinor: s.GetListPrice().GetAmountMinor(), Currency: s.GetListPrice().GetCurrency(),
		Category: s.GetCategory(), Brand: s.GetBrand(), TaxClass: s.GetTaxClass(), Returnable: s.GetReturnable(), Active: s.GetActive(), WeightG: s.GetWeightG(),
	}
}

// SKUs returns facts by code.
func (c Catalog) SKUs(ctx context.Context, codes []string) (map[string]biz.SKU, error) {
	if len(codes) == 0 {
		return map[string]biz.SKU{}, nil
	}
	reply, err := c.Client.GetSkus(ctx, &productv1.GetSkusRequest{Codes: codes})
	if err != nil {
		return nil, fmt.Errorf("facts of SKUs: %w", err)
	}
	skus := make(map[string]biz.SKU, len(reply.GetSkus()))
	for _, s := range reply.GetSkus() {
		skus[s.GetCode()] = toSKU(s)
	}
	return skus, nil
}

// Sellers reads the store center.
type Sellers struct{ Client storev1.StoreClient }

// Seller returns the seller of record.
func (s Sellers) Seller(ctx context.Context, q biz.SellerQuery) (biz.Seller, error) {
	facts, err := s.Client.GetSellerFacts(ctx, &storev1.GetSellerFactsRequest{StoreCode: q.Store, OrgCode: q.Org, Stores: q.Stores})
	if err != nil {
		return biz.Seller{}, fmt.Errorf("facts of the seller: %w", err)
	}
	out := biz.Seller{Org: facts.GetSellerOrg(), HeadquartersOrg: facts.GetHeadquartersOrg(), Region: facts.GetRegion(), Taxpayer: facts.GetTaxpayer(), MerchantAccount: facts.GetMerchantAccount(), Timezone: facts.GetTimezone(), Stores: map[string]biz.Standing{}}
	for _, at := range facts.GetStores() {
		out.Stores[at.GetStoreCode()] = biz.Standing{Org: at.GetOrgCode(), DealerOrg: at.GetDealerOrg(), Timezone: at.GetTimezone()}
	}
	return out, nil
}

// Members reads the member center.
type Members struct{ Client memberv1.MemberClient }

// OrderFacts returns what an order freezes of its member.
func (m Members) OrderFacts(ctx context.Context, memberID string) (biz.MemberFacts, error) {
	f, err := m.Client.GetOrderFacts(ctx, &memberv1.GetOrderFactsRequest{MemberId: memberID})
	if err != nil {
		return biz.MemberFacts{}, fmt.Errorf("facts of the member: %w", err)
	}
	return biz.MemberFacts{
		HomeStore: f.GetHomeStoreCode(), GuideCode: f.GetGuideCode(), GuideStore: f.GetGuideStoreCode(), GuideReason: f.GetGuideReason(),
		SpendablePoints: f.GetSpendablePoints(), PointValueMinor: f.GetPointValueMinor(), Tier: f.GetTier(), Segments: f.GetSegments(),
	}, nil
}

// Freeze freezes points for a document.
func (m Members) Freeze(ctx context.Context, requestID, memberID, document, gid string, points int64) error {
	_, err := m.Client.FreezePoints(ctx, &memberv1.FreezePointsRequest{RequestId: requestID, MemberId: memberID, Document: document, Gid: gid, Points: points})
	return err
}

// Unfreeze gives frozen points back.
func (m Members) Unfreeze(ctx context.Context, requestID, document, gid string) error {
	_, err := m.Client.UnfreezePoints(ctx, &memberv1.UnfreezePointsRequest{RequestId: requestID, Document: document, Gid: gid})
	return err
}

// DocumentPoints are points of documents as they stand.
func (m Members) DocumentPoints(ctx context.Context, documents []string) (map[string]biz.DocumentPoints, error) {
	reply, err := m.Client.GetDocumentPoints(ctx, &memberv1.GetDocumentPointsRequest{Documents: documents})
	if err != nil {
		return nil, fmt.Errorf("points of documents: %w", err)
	}
	out := make(map[string]biz.DocumentPoints, len(documents))
	for _, d := range reply.GetDocuments() {
		points := biz.DocumentPoints{Frozen: d.GetFrozen(), Spent: d.GetSpent(), GivenBack: d.GetGivenBack(), Lines: map[string]biz.LinePoints{}}
		for _, l := range d.GetLines() {
			points.Lines[l.GetLineId()] = biz.LinePoints{Accrued: l.GetAccrued(), Earned: l.GetEarned(), ClawedBack: l.GetClawedBack()}
		}
		out[d.GetDocument()] = points
	}
	return out, nil
}

// Stock holds stock in the inventory center.
type Stock struct{ Client inventoryv1.InventoryClient }

// Hold holds stock, all or nothing.
func (s Stock) Hold(ctx context.Context, h biz.Hold) ([]biz.Reservation, error) {
	req := &inventoryv1.HoldRequest{
		RequestId: h.RequestID, Document: h.Document, Gid: h.GID, Channel: h.Channel, SellerOrg: h.SellerOrg,
		Way: inventoryv1.DeliveryWay(inventoryv1.DeliveryWay_value[string(h.Way)]), Location: h.Location, ExpiresAtUs: h.ExpiresAtUS,
		WaitForStock: h.Wait, ShipByUs: h.ShipByUS, AllowPresale: h.Presale,
	}
	if h.Destination != nil {
		req.Destination = &commonv1.GeoPoint{Lat: h.Destination.Lat, Lng: h.Destination.Lng}
	}
	for _, l := range h.Lines {
		req.Lines = append(req.Lines, &inventoryv1.HoldLine{LineId: l.ID, Sku: l.SKU, Quantity: l.Quantity, ListPriceMinor: l.UnitMinor})
	}
	reply, err := s.Client.Hold(ctx, req)
	if inventoryv1.IsStockInsufficient(err) || inventoryv1.IsNoLocation(err) {
		return nil, biz.Unfilled{SKU: kratos.FromError(err).Metadata["sku"], Refusal: err}
	}
	if err != nil {
		return nil, err
	}
	held := make([]biz.Reservation, len(reply.GetReservations()))
	for i, r := range reply.GetReservations() {
		held[i] = toReservation(r)
	}
	return held, nil
}

// Promised are the pieces that may still be promised. Where nothing is known of a location, nothing may.
func (s Stock) Promised(ctx context.Context, channel, location string, skus []string) (map[string]int64, error) {
	reply, err := s.Client.GetAvailability(AsService(ctx), &inventoryv1.GetAvailabilityRequest{Skus: skus, Channel: channel, Location: location})
	left := make(map[string]int64, len(skus))
	if location != "" && inventoryv1.IsLocationUnknown(err) {
		for _, sku := range skus {
			left[sku] = 0
		}
		return left, nil
	}
	if err != nil {
		return nil, fmt.Errorf("what is left of gifts: %w", err)
	}
	for _, a := range reply.GetItems() {
		left[a.GetSku()] = a.GetOnline()
		if channel == biz.ChannelPOS && location != "" {
			for _, at := range a.GetNear() {
				left[a.GetSku()] = at.GetAtTheTill()
			}
		}
	}
	return left, nil
}

// ReleaseHold undoes a hold.
func (s Stock) ReleaseHold(ctx context.Context, requestID, document, gid string) error {
	_, err := s.Client.ReleaseHold(ctx, &inventoryv1.ReleaseHoldRequest{RequestId: requestID, Document: document, Gid: gid})
	return err
}

// Reservations are reservations of documents as they stand.
func (s Stock) Reservations(ctx context.Context, documents []string) (map[string][]biz.HeldStock, error) {
	standings, err := s.Standings(ctx, documents)
	out := make(map[string][]biz.HeldStock, len(standings))
	for document, at := range standings {
		out[document] = at.Held
	}
	return out, err
}

// Standings are reservations of documents as they stand, and whether a part of them waits.
func (s Stock) Standings(ctx context.Context, documents []string) (map[string]biz.StockStanding, error) {
	reply, err := s.Client.ListReservations(ctx, &inventoryv1.ListReservationsRequest{Documents: documents})
	if err != nil {
		return nil, fmt.Errorf("reservations of documents: %w", err)
	}
	out := make(map[string]biz.StockStanding, len(documents))
	for _, r := range reply.GetReservations() {
		at := out[r.GetDocument()]
		at.Held = append(at.Held, biz.HeldStock{
			Reservation: toReservation(r), Open: r.GetOpen(), Shipped: r.GetShipped(), State: r.GetState().String(), Replaces: r.GetReplaces(),
		})
		out[r.GetDocument()] = at
	}
	for _, document := range reply.GetWaiting() {
		at := out[document]
		at.Waiting = true
		out[document] = at
	}
	return out, nil
}

// TillSales books in the inventory center what tills have sold offline.
type TillSales struct{ Client inventoryv1.TillSalesClient }

// BookTillSale books an order's lines. Its request id is the order's: other lines under it are refused.
func (t TillSales) BookTillSale(ctx context.Context, requestID string, o biz.Record, soldAtUS int64) error {
	in := &inventoryv1.BookTillSaleRequest{RequestId: requestID, Document: o.ID, Location: o.ShopStore}
	for _, l := range o.Lines {
		in.Lines = append(in.Lines, &inventoryv1.TillSaleLine{LineId: l.ID, Sku: l.SKU, Quantity: l.Quantity, SoldAtUs: soldAtUS})
	}
	_, err := t.Client.BookTillSale(AsService(ctx), in)
	return err
}

// Answers tells the inventory center what locations say.
type Answers struct {
	Client inventoryv1.AssignmentsClient
}

// Accept says that a location will ship.
func (a Answers) Accept(ctx context.Context, requestID, document, location, actor string) error {
	_, err := a.Client.AcceptAssignment(AsService(ctx), &inventoryv1.AcceptAssignmentRequest{RequestId: requestID, Document: document, Location: location, Actor: actor})
	return err
}

// Decline says what a location does not ship.
func (a Answers) Decline(ctx context.Context, d biz.Decline) error {
	in := &inventoryv1.DeclineAssignmentRequest{
		RequestId: d.RequestID, Document: d.Document, Location: d.Location, Actor: d.Actor, Text: d.Text, OutageUntilUs: d.OutageUntilUS, OthersToo: d.OthersToo, ReservationIds: d.Reservations,
		Reason: inventoryv1.DeclineReason(inventoryv1.DeclineReason_value[d.Reason]), Effect: inventoryv1.StockEffect(inventoryv1.StockEffect_value[d.Effect]),
	}
	for _, l := range d.Lines {
		in.Lines = append(in.Lines, &inventoryv1.MissingLine{LineId: l.LineID, Sku: l.SKU, Quantity: l.Quantity})
	}
	_, err := a.Client.DeclineAssignment(AsService(ctx), in)
	return err
}

// Choose carries out what the buyer of a pickup has chosen.
func (a Answers) Choose(ctx context.Context, c biz.Choice) error {
	in := &inventoryv1.ResolveOpenWorkRequest{RequestId: c.RequestID, Document: c.Document, Location: c.Store, Actor: c.Actor,
		Way: inventoryv1.DeliveryWay(inventoryv1.DeliveryWay_value[string(c.Way)])}
	if c.To != nil {
		in.Destination = &commonv1.GeoPoint{Lat: c.To.Lat, Lng: c.To.Lng}
	}
	_, err := a.Client.ResolveOpenWork(AsService(ctx), in)
	return err
}

// Router sends in the inventory center what is held to another place.
type Router struct {
	Client inventoryv1.RedirectsClient
}

// Redirect asks for it.
func (r Router) Redirect(ctx context.Context, in biz.Redirect) error {
	_, err := r.Client.Redirect(AsService(ctx), &inventoryv1.RedirectRequest{
		RequestId: in.RequestID, Document: in.Document, Destination: &commonv1.GeoPoint{Lat: in.To.Lat, Lng: in.To.Lng}, Region: in.Region, Actor: in.Actor,
	})
	return err
}

func toReservation(r *inventoryv1.Reservation) biz.Reservation {
	return biz.Reservation{
		ID: r.GetId(), LineID: r.GetLineId(), SKU: r.GetSku(), Location: r.GetLocation(), LocationName: r.GetLocationName(),
		LocationOrg: r.GetLocationOrg(), Owner: r.GetOwner(), Quantity: r.GetQuantity(), SettlementMinor: r.GetSettlementPriceMinor(),
		FeeMinor: r.GetFulfilmentFeeMinor(),
	}
}

// Rebates reads the rebate center.
type Rebates struct{ Client rebatev1.RebateClient }

// Rebates are accruals and supplies of orders as they stand.
func (c Rebates) Rebates(ctx context.Context, orderIDs []string) (map[string]biz.OrderRebates, error) {
	reply, err := c.Client.GetOrderAccruals(ctx, &rebatev1.GetOrderAccrualsRequest{OrderIds: orderIDs})
	if err != nil {
		return nil, fmt.Errorf("rebates of orders: %w", err)
	}
	out := make(map[string]biz.OrderRebates, len(orderIDs))
	for _, a := range reply.GetAccruals() {
		o := out[a.GetOrderId()]
		o.Accruals = append(o.Accruals, biz.Accrual{
			ID: a.GetId(), LineID: a.GetLineId(), BaseMinor: a.GetBaseMinor(), AccruedMinor: a.GetAccruedMinor(), ClawedMinor: a.GetClawedBackMinor(),
		})
		out[a.GetOrderId()] = o
	}
	for _, s := range reply.GetSupplyEntries() {
		o := out[s.GetOrderId()]
		o.Supplies = append(o.Supplies, biz.Supply{
			ID: s.GetId(), LineID: s.GetLineId(), SKU: s.GetSku(), Document: s.GetFulfilmentId(), Owner: s.GetOwnerOrg(), Quantity: s.GetQuantity(), PriceMinor: s.GetPriceMinor(),
		})
		out[s.GetOrderId()] = o
	}
	return out, nil
}
