package service

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/server"
)

// world is the other five centers, as simple as can be: what they promise in their protos, in memory.
type world struct {
	mu      sync.Mutex
	final   map[string]bool  // SKUs that cannot be returned
	damaged map[string]int64 // pieces by location/SKU
	prices  map[string]int64
	// stock by location and SKU; locations are tried in the order of their names.
	stock  map[string]map[string]int64
	kits   map[string]map[string]int64 // pieces of each part, by the sold SKU
	owners map[string]string           // of SKUs whose owner is not their location's organisation
	orgs   map[string]string           // of locations
	zones  map[string]string           // of stores, and of the brand
	points map[string]int64
	answer map[string]proto.Message
	shut   map[string]bool // gids that were released

	holds              map[string][]*inventoryv1.Reservation // by document
	frozen             map[string]int64
	refuse             error  // the next hold fails with it
	asked              func() // called when reservations are asked for
	holdings           int
	patient            bool            // documents may wait
	waiting            map[string]bool // documents that do
	quiet              map[string]bool // documents whose locations are not to answer, and as of which version
	hushed             map[string]int64
	asks               int               // how often reservations were asked for
	brands, categories map[string]string // of SKUs
	regions            map[string]string // of stores
	tier               string            // everybody's
	segments           []string
	classes, taxpayers map[string]string // tax classes of SKUs, kinds of taxpayers of organisations
	weights            map[string]int64  // of SKUs, in grams
	listed             map[string]int64  // prices by channel, store or tier, and SKU
	until              map[string]int64  // when prices change next, by tier
	priced             []*productv1.GetPricesRequest
	promises           int // how often it was asked what may be promised
	behind             map[string]int64
	answers            []string                                    // what locations said
	booked             map[string]*inventoryv1.BookTillSaleRequest // offline sales, by request
	pickups            map[string]bool                             // documents that are never moved
	lacking            map[string][]*inventoryv1.Reservation       // of documents that wait for their buyer's choice
	near               map[string]bool                             // locations that serve the south only
	redirected         []*inventoryv1.RedirectRequest
	coming             map[string]int64         // pieces that are promised to arrive in S1, by SKU
	wanted             *inventoryv1.HoldRequest // the last one

	documents map[string]*memberv1.DocumentPoints
	accruals  []*rebatev1.Accrual
	supplies  []*rebatev1.SupplyEntry
}

func newWorld() *world {
	return &world{
		prices: map[string]int64{"tea": 19900, "cup": 1500, "pot": 8900}, answer: map[string]proto.Message{}, shut: map[string]bool{},
		stock:  map[string]map[string]int64{"S1": {"tea": 5, "cup": 4, "pot": 0}, "S2": {"tea": 5, "cup": 100, "pot": 9}},
		orgs:   map[string]string{"S1": "hq", "S2": "fra"},
		points: map[string]int64{"mbr_ann": 1000}, damaged: map[string]int64{}, waiting: map[string]bool{}, pickups: map[string]bool{}, lacking: map[string][]*inventoryv1.Reservation{}, holds: map[string][]*inventoryv1.Reservation{}, frozen: map[string]int64{},
		documents: map[string]*memberv1.DocumentPoints{}, quiet: map[string]bool{}, hushed: map[string]int64{},
	}
}

func outside(ctx context.Context) error {
	if database.InTransaction(ctx) {
		return server.ErrInTransaction
	}
	return ctx.Err()
}

type fakeProduct struct {
	productv1.ProductClient
	w *world
}

func (f fakeProduct) GetSkus(ctx context.Context, in *productv1.GetSkusRequest, _ ...grpc.CallOption) (*productv1.GetSkusResponse, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	out := &productv1.GetSkusResponse{}
	for _, code := range in.Codes {
		if price, known := f.w.prices[code]; known {
			out.Skus = append(out.Skus, &productv1.Sku{
				Code: code, Title: map[string]string{"en": code}, ListPrice: &commonv1.Money{AmountMinor: price, Currency: "CNY"}, Returnable: !f.w.final[code], Active: true, Brand: f.w.brands[code], Category: f.w.categories[code],
				TaxClass: f.w.classes[code], Barcode: "69" + code, WeightG: cmp.Or(f.w.weights[code], int64(len(code))*100),
			})
		}
	}
	return out, outside(ctx)
}

// ListSkus pages by two.
func (f fakeProduct) ListSkus(ctx context.Context, in *productv1.ListSkusRequest, _ ...grpc.CallOption) (*productv1.ListSkusResponse, error) {
	f.w.mu.Lock()
	codes := slices.Sorted(maps.Keys(f.w.prices))
	f.w.mu.Unlock()
	at, _ := slices.BinarySearch(codes, in.PageToken)
	codes = codes[at:]
	out := &productv1.ListSkusResponse{}
	if len(codes) > 2 {
		out.NextPageToken = codes[2]
		codes = codes[:2]
	}
	got, err := f.GetSkus(ctx, &productv1.GetSkusRequest{Codes: codes})
	out.Skus = got.GetSkus()
	return out, err
}

type fakePrices struct {
	productv1.PriceListsClient
	w *world
}

// GetPrices knows prices of a channel, of a store, which go before them, and of a tier.
func (f fakePrices) GetPrices(ctx context.Context, in *productv1.GetPricesRequest, _ ...grpc.CallOption) (*productv1.GetPricesResponse, error) {
	got, err := fakeProduct{w: f.w}.GetSkus(ctx, &productv1.GetSkusRequest{Codes: in.Codes})
	if err != nil {
		return nil, err
	}
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	f.w.priced = append(f.w.priced, in)
	out := &productv1.GetPricesResponse{}
	if in.WantUntil {
		out.UntilUs = f.w.until[in.Tier]
	}
	for _, s := range got.Skus {
		p := &productv1.PricedSku{Sku: s, Price: s.ListPrice}
		for _, list := range []string{in.Channel, in.StoreCode} {
			if minor, has := f.w.listed[list+"/"+s.Code]; has {
				p.Price, p.List = &commonv1.Money{AmountMinor: minor, Currency: "CNY"}, list
			}
		}
		if minor, has := f.w.listed[in.Tier+"/"+s.Code]; has {
			p.TierPrice, p.TierList = &commonv1.Money{AmountMinor: minor, Currency: "CNY"}, in.Tier
		}
		out.Skus = append(out.Skus, p)
	}
	return out, nil
}

type fakeStore struct {
	storev1.StoreClient
	w *world
}

func (f fakeStore) GetSellerFacts(ctx context.Context, in *storev1.GetSellerFactsRequest, _ ...grpc.CallOption) (*storev1.SellerFacts, error) {
	out := &storev1.SellerFacts{SellerOrg: "hq", MerchantAccount: "acct-hq", HeadquartersOrg: "hq", Timezone: "Asia/Shanghai"}
	if zone := f.w.zones[""]; zone != "" {
		out.Timezone = zone
	}
	if in.OrgCode != "" {
		out.SellerOrg = in.OrgCode
	}
	out.Region = f.w.regions[in.StoreCode]
	if org := f.w.orgs[in.StoreCode]; org != "" {
		out.SellerOrg, out.MerchantAccount = org, "acct-"+org
	}
	out.Taxpayer = f.w.taxpayers[out.SellerOrg]
	for _, s := range in.Stores {
		out.Stores = append(out.Stores, &storev1.StoreStanding{StoreCode: s, OrgCode: f.w.orgs[s], DealerOrg: "deal", Timezone: f.w.zones[s]})
	}
	return out, outside(ctx)
}

func (f fakeStore) GetStore(ctx context.Context, in *storev1.GetStoreRequest, _ ...grpc.CallOption) (*storev1.StoreInfo, error) {
	return &storev1.StoreInfo{
		Code: in.Code, Name: "Store " + in.Code, Address: "Huaihai Rd 9", City: "Shanghai", Province: "Shanghai", Country: "CN", Postcode: "200020", OrgCode: f.w.orgs[in.Code],
	}, outside(ctx)
}

type fakeMember struct {
	memberv1.MemberClient
	w *world
}

func (f fakeMember) GetOrderFacts(ctx context.Context, in *memberv1.GetOrderFactsRequest, _ ...grpc.CallOption) (*memberv1.OrderFacts, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	return &memberv1.OrderFacts{
		MemberId: in.MemberId, HomeStoreCode: "S2", GuideCode: "G1", GuideStoreCode: "S2", GuideReason: "bound by wecom",
		SpendablePoints: f.w.points[in.MemberId], PointValueMinor: 1, Tier: f.w.tier, Segments: f.w.segments,
	}, outside(ctx)
}

func (f fakeMember) FreezePoints(ctx context.Context, in *memberv1.FreezePointsRequest, _ ...grpc.CallOption) (*memberv1.FreezePointsResponse, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if err := outside(ctx); err != nil {
		return nil, err
	}
	if stored, ok := f.w.answer[in.RequestId]; ok {
		return stored.(*memberv1.FreezePointsResponse), nil
	}
	if f.w.shut["points/"+in.Gid] {
		return nil, fault.New(409, "MEMBER_LATE_TRY", "too late")
	}
	if in.Points > f.w.points[in.MemberId] {
		return nil, fault.PointsInsufficient(in.Points, f.w.points[in.MemberId])
	}
	f.w.points[in.MemberId] -= in.Points
	f.w.frozen[in.Document] += in.Points
	f.w.answer[in.RequestId] = &memberv1.FreezePointsResponse{}
	return &memberv1.FreezePointsResponse{}, nil
}

func (f fakeMember) UnfreezePoints(ctx context.Context, in *memberv1.UnfreezePointsRequest, _ ...grpc.CallOption) (*memberv1.UnfreezePointsResponse, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	f.w.shut["points/"+in.Gid] = true
	f.w.points["mbr_ann"] += f.w.frozen[in.Document]
	delete(f.w.frozen, in.Document)
	return &memberv1.UnfreezePointsResponse{}, outside(ctx)
}

func (f fakeMember) GetDocumentPoints(ctx context.Context, in *memberv1.GetDocumentPointsRequest, _ ...grpc.CallOption) (*memberv1.GetDocumentPointsResponse, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	out := &memberv1.GetDocumentPointsResponse{}
	for _, d := range in.Documents {
		p := f.w.document(d)
		p.Frozen = f.w.frozen[d]
		out.Documents = append(out.Documents, p)
	}
	return out, outside(ctx)
}

type fakeInventory struct {
	inventoryv1.InventoryClient
	w *world
}

func (f fakeInventory) Hold(ctx context.Context, in *inventoryv1.HoldRequest, _ ...grpc.CallOption) (*inventoryv1.HoldResponse, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if err := outside(ctx); err != nil {
		return nil, err
	}
	if stored, ok := f.w.answer[in.RequestId]; ok {
		return stored.(*inventoryv1.HoldResponse), nil
	}
	if f.w.shut[in.Gid] {
		return nil, fault.New(409, fault.ReasonLateTry, "too late")
	}
	if err := f.w.refuse; err != nil {
		f.w.refuse = nil
		return nil, err
	}
	f.w.wanted = in
	out := &inventoryv1.HoldResponse{Document: in.Document}
	for _, l := range in.Lines {
		if parts := f.w.kits[l.Sku]; parts != nil {
			held, err := f.kit(in, l, parts)
			if err != nil {
				return nil, err
			}
			out.Reservations = append(out.Reservations, held...)
			continue
		}
		left := l.Quantity
		for _, location := range []string{"S1", "S2"} {
			if in.Location != "" && in.Location != location {
				continue
			}
			n := min(left, f.w.stock[location][l.Sku])
			if n <= 0 {
				continue
			}
			out.Reservations = append(out.Reservations, f.reserved(in, l, l.Sku, location, n))
			left -= n
		}
		if left > 0 && in.AllowPresale && f.w.coming[l.Sku] >= left {
			f.w.coming[l.Sku] -= left
			f.w.stock["S1"][l.Sku] += left // taken below
			out.Reservations = append(out.Reservations, f.reserved(in, l, l.Sku, "S1", left))
			left = 0
		}
		if left > 0 && f.w.patient && in.WaitForStock {
			f.w.waiting[in.Document] = true
			f.w.answer[in.RequestId] = &inventoryv1.HoldResponse{Document: in.Document, Waiting: true}
			return f.w.answer[in.RequestId].(*inventoryv1.HoldResponse), nil
		}
		if left > 0 {
			return nil, fault.StockInsufficient(l.Sku, l.Quantity, l.Quantity-left)
		}
	}
	for _, r := range out.Reservations {
		f.w.stock[r.Location][r.Sku] -= r.Quantity
	}
	f.w.holdings++
	f.w.pickups[in.Document] = in.Way == inventoryv1.DeliveryWay_PICKUP
	f.w.holds[in.Document] = out.Reservations
	f.w.answer[in.RequestId] = out
	return out, nil
}

// GetAvailability knows of what comes and goes a little later: behind is what it has not heard of yet.
func (f fakeInventory) GetAvailability(ctx context.Context, in *inventoryv1.GetAvailabilityRequest, _ ...grpc.CallOption) (*inventoryv1.GetAvailabilityResponse, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	f.w.promises++
	out := &inventoryv1.GetAvailabilityResponse{}
	for _, sku := range in.Skus {
		a := &inventoryv1.Availability{Sku: sku}
		for location, stock := range f.w.stock {
			if in.Location == "" || in.Location == location {
				n := stock[sku] + f.w.behind[sku]
				a.Online += n
				a.Near = append(a.Near, &inventoryv1.LocationAvailability{Location: location, AtTheTill: &n})
			}
		}
		out.Items = append(out.Items, a)
	}
	return out, outside(ctx)
}

func (f fakeInventory) reserved(in *inventoryv1.HoldRequest, l *inventoryv1.HoldLine, sku, location string, n int64) *inventoryv1.Reservation {
	r := &inventoryv1.Reservation{
		Id: ids.Derived("res", in.RequestId, l.LineId, sku, location), Document: in.Document, LineId: l.LineId, Sku: sku, Location: location,
		LocationName: location, LocationOrg: f.w.orgs[location], Owner: f.w.orgs[location], Quantity: n, Open: n, State: inventoryv1.ReservationState_HELD, ExpiresAtUs: in.ExpiresAtUs,
	}
	if owner := f.w.owners[sku]; owner != "" {
		r.Owner = owner
	}
	if r.Owner != in.SellerOrg {
		r.SettlementPriceMinor, r.FulfilmentFeeMinor = l.ListPriceMinor/2, 500
		if sku != l.Sku {
			r.SettlementPriceMinor = int64(len(sku)) // of a part: whatever inventory has frozen
		}
	}
	return r
}

// kit holds all parts of a kit at one location.
func (f fakeInventory) kit(in *inventoryv1.HoldRequest, l *inventoryv1.HoldLine, parts map[string]int64) ([]*inventoryv1.Reservation, error) {
	for _, location := range []string{"S1", "S2"} {
		enough := true
		var held []*inventoryv1.Reservation
		for _, sku := range slices.Sorted(maps.Keys(parts)) {
			enough = enough && f.w.stock[location][sku] >= l.Quantity*parts[sku]
			held = append(held, f.reserved(in, l, sku, location, l.Quantity*parts[sku]))
		}
		if enough {
			return held, nil
		}
	}
	return nil, fault.StockInsufficient(l.Sku, l.Quantity, 0)
}

func (f fakeInventory) ReleaseHold(ctx context.Context, in *inventoryv1.ReleaseHoldRequest, _ ...grpc.CallOption) (*inventoryv1.ReleaseHoldResponse, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	f.w.shut[in.Gid] = true
	for _, r := range f.w.holds[in.Document] {
		f.w.stock[r.Location][r.Sku] += r.Open
		r.Open, r.State = 0, inventoryv1.ReservationState_RELEASED
	}
	return &inventoryv1.ReleaseHoldResponse{}, outside(ctx)
}

func (f fakeInventory) ListReservations(ctx context.Context, in *inventoryv1.ListReservationsRequest, _ ...grpc.CallOption) (*inventoryv1.ListReservationsResponse, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	out := &inventoryv1.ListReservationsResponse{}
	f.w.asks++
	if f.w.asked != nil {
		defer f.w.asked() // with the answer on its way
	}
	for _, d := range in.Documents {
		out.Reservations = append(out.Reservations, f.w.holds[d]...)
		if f.w.waiting[d] {
			out.Waiting = append(out.Waiting, d)
		}
	}
	return out, outside(ctx)
}

type fakeTills struct {
	inventoryv1.TillSalesClient
	w *world
}

// BookTillSale takes what was sold, whether it is there or not.
func (f fakeTills) BookTillSale(ctx context.Context, in *inventoryv1.BookTillSaleRequest, _ ...grpc.CallOption) (*inventoryv1.BookTillSaleResponse, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if err := f.w.refuse; err != nil {
		f.w.refuse = nil
		return nil, err
	}
	if before, ok := f.w.booked[in.RequestId]; ok {
		if !proto.Equal(before, in) {
			return nil, fault.RequestIDReused()
		}
		return &inventoryv1.BookTillSaleResponse{}, outside(ctx)
	}
	if f.w.booked == nil {
		f.w.booked = map[string]*inventoryv1.BookTillSaleRequest{}
	}
	f.w.booked[in.RequestId] = in
	for _, l := range in.Lines {
		f.w.stock[in.Location][l.Sku] -= l.Quantity
	}
	return &inventoryv1.BookTillSaleResponse{}, outside(ctx)
}

type fakeRebate struct {
	rebatev1.RebateClient
	w *world
}

func (f fakeRebate) GetOrderAccruals(ctx context.Context, in *rebatev1.GetOrderAccrualsRequest, _ ...grpc.CallOption) (*rebatev1.GetOrderAccrualsResponse, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	out := &rebatev1.GetOrderAccrualsResponse{}
	for _, id := range in.OrderIds {
		for _, a := range f.w.accruals {
			if a.OrderId == id {
				out.Accruals = append(out.Accruals, a)
			}
		}
		for _, s := range f.w.supplies {
			if s.OrderId == id {
				out.SupplyEntries = append(out.SupplyEntries, s)
			}
		}
	}
	return out, outside(ctx)
}

type fakeAnswers struct {
	inventoryv1.AssignmentsClient
	w *world
}

func (f fakeAnswers) AcceptAssignment(ctx context.Context, in *inventoryv1.AcceptAssignmentRequest, _ ...grpc.CallOption) (*inventoryv1.Assignment, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if err := f.w.refuse; err != nil {
		f.w.refuse = nil
		return nil, err
	}
	f.w.answers = append(f.w.answers, "accept "+in.Document+" "+in.Location+" "+in.Actor)
	return &inventoryv1.Assignment{}, outside(ctx)
}

// DeclineAssignment moves what is missing to the other location; what that has not, waits.
func (f fakeAnswers) DeclineAssignment(ctx context.Context, in *inventoryv1.DeclineAssignmentRequest, _ ...grpc.CallOption) (*inventoryv1.DeclineAssignmentResponse, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if err := outside(ctx); err != nil {
		return nil, err
	}
	if stored, ok := f.w.answer[in.RequestId]; ok {
		return stored.(*inventoryv1.DeclineAssignmentResponse), nil
	}
	f.w.answers = append(f.w.answers, "decline "+in.Document+" "+in.Location+" "+in.Actor+" "+in.Reason.String())
	for _, l := range in.Lines {
		f.w.decline(in.Document, in.Location, in.ReservationIds, l)
	}
	f.w.answer[in.RequestId] = &inventoryv1.DeclineAssignmentResponse{}
	return &inventoryv1.DeclineAssignmentResponse{}, nil
}

// decline takes the pieces of a line away from the reservations that are named, or from what has taken their place there.
func (w *world) decline(document, location string, reservations []string, l *inventoryv1.MissingLine) {
	byID := map[string]*inventoryv1.Reservation{}
	for _, r := range w.holds[document] {
		byID[r.Id] = r
	}
	named := func(r *inventoryv1.Reservation) bool {
		for ; r != nil && r.Location == location; r = byID[r.Replaces] {
			if slices.Contains(reservations, r.Id) {
				return true
			}
		}
		return false
	}
	left := l.Quantity
	for _, r := range w.holds[document] {
		if n := min(left, r.Open); named(r) && r.LineId == l.LineId && (l.Sku == "" || r.Sku == l.Sku) && n > 0 {
			r.Open -= n
			left -= n
			if r.Open == 0 {
				r.State = inventoryv1.ReservationState_RELEASED
			}
			w.moveTo(document, r, n)
		}
	}
}

// moveTo holds pieces in the other store, in place of a reservation.
func (w *world) moveTo(document string, r *inventoryv1.Reservation, n int64) {
	other := map[string]string{"S1": "S2", "S2": "S1"}[r.Location]
	if w.pickups[document] {
		lacking := proto.Clone(r).(*inventoryv1.Reservation)
		lacking.Quantity = n
		w.lacking[document] = append(w.lacking[document], lacking)
		w.stock[r.Location][r.Sku] += n
	}
	if w.stock[other][r.Sku] < n || w.pickups[document] {
		w.waiting[document] = true
		return
	}
	w.stock[other][r.Sku] -= n
	w.holds[document] = append(w.holds[document], &inventoryv1.Reservation{
		Id: ids.Derived("res", r.Id, other, fmt.Sprint(len(w.holds[document]))), Document: document, LineId: r.LineId, Sku: r.Sku, Location: other, LocationName: other, LocationOrg: w.orgs[other],
		Owner: w.orgs[other], Quantity: n, Open: n, State: inventoryv1.ReservationState_CONFIRMED, Replaces: r.Id,
	})
}

// ResolveOpenWork holds what a document lacks where its buyer has chosen; for a delivery, in whatever store has all of it.
func (f fakeAnswers) ResolveOpenWork(ctx context.Context, in *inventoryv1.ResolveOpenWorkRequest, _ ...grpc.CallOption) (*inventoryv1.ResolveOpenWorkResponse, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if err := outside(ctx); err != nil {
		return nil, err
	}
	if stored, ok := f.w.answer[in.RequestId]; ok {
		return stored.(*inventoryv1.ResolveOpenWorkResponse), nil
	}
	if !f.w.waiting[in.Document] {
		return nil, fault.New(409, "STATE_CONFLICT", "it is settled")
	}
	locations := []string{"S1", "S2"}
	if in.Location != "" {
		locations = []string{in.Location}
	}
	for _, location := range locations {
		if !slices.ContainsFunc(f.w.lacking[in.Document], func(r *inventoryv1.Reservation) bool { return f.w.stock[location][r.Sku] < r.Quantity }) {
			for i, r := range f.w.lacking[in.Document] {
				f.w.stock[location][r.Sku] -= r.Quantity
				f.w.holds[in.Document] = append(f.w.holds[in.Document], &inventoryv1.Reservation{
					Id: ids.Derived("res", in.RequestId, fmt.Sprint(i)), Document: in.Document, LineId: r.LineId, Sku: r.Sku, Location: location, LocationName: location,
					LocationOrg: f.w.orgs[location], Owner: f.w.orgs[location], Quantity: r.Quantity, Open: r.Quantity, State: inventoryv1.ReservationState_CONFIRMED, Replaces: r.Id,
				})
			}
			delete(f.w.lacking, in.Document)
			delete(f.w.waiting, in.Document)
			f.w.pickups[in.Document] = in.Way == inventoryv1.DeliveryWay_PICKUP || in.Way == 0
			f.w.answer[in.RequestId] = &inventoryv1.ResolveOpenWorkResponse{}
			return &inventoryv1.ResolveOpenWorkResponse{}, nil
		}
	}
	return nil, fault.StockInsufficient(f.w.lacking[in.Document][0].Sku, f.w.lacking[in.Document][0].Quantity, 0)
}
