// Package service serves tills. Who calls was found out by the device key.
package service

import (
	"context"
	"net/http"
	"strconv"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	posv1 "github.com/onepool/onepool/api/frontend/pos/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/gtin"
	"github.com/onepool/onepool/app/internal/tenancy"
)

const (
	channel = "pos"
	// nearby is how many other locations a scan names.
	nearby = 5
)

// Pos is the service.
type Pos struct {
	posv1.UnimplementedPosServer
	Products  productv1.ProductClient
	Prices    productv1.PriceListsClient
	Stores    storev1.StoreClient
	Inventory inventoryv1.InventoryClient
	Members   memberv1.MemberClient
	Orders    orderv1.OrderClient
	Pickups   orderv1.PickupsClient
	Tills     orderv1.TillsClient
}

// New makes the service.
func New(dial func(center string) grpc.ClientConnInterface) *Pos {
	return &Pos{
		Products: productv1.NewProductClient(dial("product")), Prices: productv1.NewPriceListsClient(dial("product")), Stores: storev1.NewStoreClient(dial("store")),
		Inventory: inventoryv1.NewInventoryClient(dial("inventory")), Members: memberv1.NewMemberClient(dial("member")),
		Orders: orderv1.NewOrderClient(dial("order")), Pickups: orderv1.NewPickupsClient(dial("order")),
		Tills: orderv1.NewTillsClient(dial("order")),
	}
}

// till is the device that calls.
func till(ctx context.Context) (tenancy.Principal, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return p, err
	}
	if p.Kind != tenancy.Device || p.Store == "" {
		return p, fault.Forbidden("device")
	}
	return p, nil
}

// Scan says what a barcode is, and how many are left here and in the next places.
func (s *Pos) Scan(ctx context.Context, in *posv1.ScanRequest) (*posv1.ScanResponse, error) {
	p, err := till(ctx)
	if err != nil {
		return nil, err
	}
	var sku *productv1.Sku
	var here *storev1.StoreInfo
	facts, asking := errgroup.WithContext(ctx)
	facts.Go(func() (err error) {
		sku, err = s.Products.GetSkuByBarcode(asking, &productv1.GetSkuByBarcodeRequest{Barcode: in.GetBarcode()})
		return err
	})
	facts.Go(func() (err error) {
		here, err = s.Stores.GetStore(asking, &storev1.GetStoreRequest{Code: p.Store})
		return err
	})
	if err := facts.Wait(); err != nil {
		return nil, err
	}
	out := &posv1.ScanResponse{Sku: sku.GetCode(), Title: sku.GetTitle()}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		got, err := s.Prices.GetPrices(ctx, &productv1.GetPricesRequest{Codes: []string{sku.GetCode()}, Channel: channel, StoreCode: p.Store, Region: here.GetRegion()})
		for _, priced := range got.GetSkus() {
			out.Price = priced.GetPrice()
		}
		return err
	})
	group.Go(func() error {
		got, err := s.Inventory.GetAvailability(ctx, &inventoryv1.GetAvailabilityRequest{Skus: []string{sku.GetCode()}, Channel: channel, Location: p.Store})
		for _, at := range first(got).GetNear() {
			out.AtTheTill = at.GetAtTheTill()
		}
		return err
	})
	group.Go(func() error {
		point := here.GetPoint()
		if point == nil {
			return nil // nobody knows what is near
		}
		got, err := s.Inventory.GetAvailability(ctx, &inventoryv1.GetAvailabilityRequest{
			Skus: []string{sku.GetCode()}, Channel: channel, Lat: &point.Lat, Lng: &point.Lng, Locations: nearby + 1, // one of them may be this store
		})
		for _, at := range first(got).GetNear() {
			if at.GetLocation() != p.Store && len(out.Nearby) < nearby {
				out.Nearby = append(out.Nearby, &posv1.NearbyStock{Location: at.GetLocation(), Name: at.GetName(), DistanceM: at.GetDistanceM(), Level: at.GetLevel()})
			}
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return out, nil
}

// first is the only item of an answer about one SKU.
func first(got *inventoryv1.GetAvailabilityResponse) *inventoryv1.Availability {
	if items := got.GetItems(); len(items) == 1 {
		return items[0]
	}
	return nil
}

// FindMember finds a member by phone.
func (s *Pos) FindMember(ctx context.Context, in *posv1.FindMemberRequest) (*posv1.FindMemberResponse, error) {
	if _, err := till(ctx); err != nil {
		return nil, err
	}
	member, err := s.Members.FindByPhone(ctx, &memberv1.FindByPhoneRequest{Phone: in.GetPhone()})
	if err != nil {
		return nil, err
	}
	points, err := s.Members.GetPoints(ctx, &memberv1.GetPointsRequest{MemberId: member.GetId()})
	if err != nil {
		return nil, err
	}
	return &posv1.FindMemberResponse{Member: member, SpendablePoints: points.GetSpendable()}, nil
}

// Quote says what a sale will cost.
func (s *Pos) Quote(ctx context.Context, in *posv1.QuoteRequest) (*orderv1.Calculation, error) {
	p, err := till(ctx)
	if err != nil {
		return nil, err
	}
	lines, member, err := s.resolve(ctx, in.GetLines(), in.GetMemberPhone())
	if err != nil {
		return nil, err
	}
	return s.Orders.Calculate(ctx, &orderv1.CalculateRequest{Channel: channel, ShopStoreCode: p.Store, Lines: lines, MemberId: member, Points: in.GetPoints()})
}

// Sell books a sale. The receipt number makes it one sale, however often it is sent; with a member's code, which is used up
// by the first time, it is to be sent again with the same request id.
func (s *Pos) Sell(ctx context.Context, in *posv1.SellRequest) (*orderv1.OrderInfo, error) {
	p, err := till(ctx)
	if err != nil {
		return nil, err
	}
	if (in.GetPoints() > 0 || in.GetWalletMinor() > 0) && in.GetMemberCode() == "" {
		return nil, fault.New(http.StatusBadRequest, memberv1.MemberErrorReason_MEMBER_CODE_REQUIRED.String(),
			"points and stored value are spent by the code that the member's mini-program shows, not by a phone number", "field", "member_code")
	}
	lines, member, err := s.resolve(ctx, in.GetLines(), in.GetMemberPhone())
	if err != nil {
		return nil, err
	}
	if in.GetMemberCode() != "" {
		// The sale's own request id: a repeat uses the same answer, not another code.
		shown, err := s.Members.RedeemMemberCode(ctx, &memberv1.RedeemMemberCodeRequest{RequestId: in.GetRequestId(), Code: in.GetMemberCode(), MemberId: member})
		if err != nil {
			return nil, err
		}
		member = shown.GetId()
	}
	return s.Orders.SellAtTill(ctx, &orderv1.SellAtTillRequest{
		RequestId: in.GetRequestId(), StoreCode: p.Store, DeviceId: p.ID, ReceiptNo: in.GetReceiptNo(), Lines: lines, MemberId: member,
		Points: in.GetPoints(), CashMinor: in.GetCashMinor(), Clerk: in.GetClerk(), Cards: in.GetCards(), WalletMinor: in.GetWalletMinor(),
	})
}

// CollectPickup hands over what a member collects at this store.
func (s *Pos) CollectPickup(ctx context.Context, in *posv1.CollectPickupRequest) (*orderv1.Fulfilment, error) {
	p, err := till(ctx)
	if err != nil {
		return nil, err
	}
	return s.Pickups.CollectPickup(ctx, &orderv1.CollectPickupRequest{RequestId: in.GetRequestId(), Code: in.GetCode(), StoreCode: p.Store})
}

// GetTerms reads what this store's till prices by offline.
func (s *Pos) GetTerms(ctx context.Context, in *posv1.GetTermsRequest) (*orderv1.TillTerms, error) {
	p, err := till(ctx)
	if err != nil {
		return nil, err
	}
	return s.Tills.GetTillTerms(ctx, &orderv1.GetTillTermsRequest{StoreCode: p.Store, Tiers: in.GetTiers()})
}

// GetSale reads a sale of this store; another store's looks like none.
func (s *Pos) GetSale(ctx context.Context, in *posv1.GetSaleRequest) (*orderv1.OrderInfo, error) {
	p, err := till(ctx)
	if err != nil {
		return nil, err
	}
	order, err := s.Orders.GetOrder(ctx, &orderv1.GetOrderRequest{OrderId: in.GetOrderId()})
	if err != nil {
		return nil, err
	}
	if order.GetShopStoreCode() != p.Store {
		return nil, fault.NotFound("order")
	}
	return order, nil
}

// resolve finds the SKUs behind barcodes and the member behind a phone, both at once.
func (s *Pos) resolve(ctx context.Context, in []*posv1.SaleLine, phone string) (lines []*orderv1.OrderLineInput, member string, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		lines, err = s.lines(ctx, in)
		return err
	})
	if phone != "" {
		group.Go(func() error {
			found, err := s.Members.FindByPhone(ctx, &memberv1.FindByPhoneRequest{Phone: phone})
			member = found.GetId()
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, "", err
	}
	return lines, member, nil
}

func (s *Pos) lines(ctx context.Context, in []*posv1.SaleLine) ([]*orderv1.OrderLineInput, error) {
	ask := &productv1.GetSkusRequest{}
	for i, line := range in {
		if (line.GetBarcode() == "") == (line.GetSku() == "") {
			return nil, fault.Validator("lines["+strconv.Itoa(i)+"]", "a barcode or a SKU code is needed, not both")
		}
		if line.GetBarcode() != "" {
			if _, err := gtin.Normalize(line.GetBarcode()); err != nil {
				return nil, fault.Validator("lines["+strconv.Itoa(i)+"].barcode", err.Error())
			}
			ask.Barcodes = append(ask.Barcodes, line.GetBarcode())
		}
	}
	byGTIN := map[string]string{}
	if len(ask.Barcodes) > 0 { // the order center checks SKU codes itself
		got, err := s.Products.GetSkus(ctx, ask)
		if err != nil {
			return nil, err
		}
		for _, sku := range got.GetSkus() {
			if normal, err := gtin.Normalize(sku.GetBarcode()); err == nil {
				byGTIN[normal] = sku.GetCode()
			}
		}
	}
	lines := make([]*orderv1.OrderLineInput, len(in))
	for i, line := range in {
		code := line.GetSku()
		if line.GetBarcode() != "" {
			normal, _ := gtin.Normalize(line.GetBarcode()) // checked above
			if code = byGTIN[normal]; code == "" {
				return nil, fault.New(http.StatusNotFound, productv1.ProductErrorReason_SKU_UNKNOWN.String(),
					"no product has this barcode: check the label", "barcode", line.GetBarcode())
			}
		}
		lines[i] = &orderv1.OrderLineInput{Sku: code, Quantity: line.GetQuantity(), UnitPriceMinor: line.GetUnitPriceMinor()}
	}
	return lines, nil
}
