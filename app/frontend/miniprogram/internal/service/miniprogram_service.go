// Package service serves the mini-program: guests look, members shop.
package service

import (
	"context"
	"net/http"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

const channel = "miniprogram"

// MiniProgram is the service.
type MiniProgram struct {
	miniprogramv1.UnimplementedMiniProgramServer
	Products  productv1.ProductClient
	Prices    productv1.PriceListsClient
	Inventory inventoryv1.InventoryClient
	Members   memberv1.MemberClient
	Orders    orderv1.OrderClient
}

// New makes the service.
func New(dial func(center string) grpc.ClientConnInterface) *MiniProgram {
	return &MiniProgram{
		Products: productv1.NewProductClient(dial("product")), Prices: productv1.NewPriceListsClient(dial("product")), Inventory: inventoryv1.NewInventoryClient(dial("inventory")),
		Members: memberv1.NewMemberClient(dial("member")), Orders: orderv1.NewOrderClient(dial("order")),
	}
}

// member is the id of the member who signed in.
func member(ctx context.Context) (string, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return "", err
	}
	if p.Kind != tenancy.Member || p.Member == "" {
		return "", fault.Forbidden("member")
	}
	return p.Member, nil
}

// SendSignInCode sends a one-time code to a phone.
func (s *MiniProgram) SendSignInCode(ctx context.Context, in *miniprogramv1.SendCodeRequest) (*miniprogramv1.SendCodeResponse, error) {
	sent, err := s.Members.SendSignInCode(ctx, &memberv1.SendSignInCodeRequest{Phone: in.GetPhone()})
	if err != nil {
		return nil, err
	}
	return &miniprogramv1.SendCodeResponse{ExpiresAtUs: sent.GetExpiresAtUs(), SandboxCode: sent.GetSandboxCode()}, nil
}

// SignIn uses the code up.
func (s *MiniProgram) SignIn(ctx context.Context, in *miniprogramv1.SignInRequest) (*memberv1.SignInResponse, error) {
	return s.Members.SignIn(ctx, &memberv1.SignInRequest{Phone: in.GetPhone(), Code: in.GetCode(), Channel: channel})
}

// ListProducts pages through the catalogue with what is available.
func (s *MiniProgram) ListProducts(ctx context.Context, in *miniprogramv1.ListProductsRequest) (*miniprogramv1.ListProductsResponse, error) {
	if err := checkPoint(in.Lat, in.Lng); err != nil {
		return nil, err
	}
	list, err := s.Products.ListSkus(ctx, &productv1.ListSkusRequest{PageSize: in.GetPageSize(), PageToken: in.GetPageToken(), Category: in.GetCategory(), Text: in.GetText()})
	if err != nil {
		return nil, err
	}
	out := &miniprogramv1.ListProductsResponse{NextPageToken: list.GetNextPageToken()}
	var codes []string
	for _, sku := range list.GetSkus() {
		if sku.GetActive() {
			codes = append(codes, sku.GetCode())
		}
	}
	if len(codes) == 0 {
		return out, nil
	}
	var available map[string]*inventoryv1.Availability
	var prices map[string]*productv1.PricedSku
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		available, err = s.available(ctx, codes, in.Lat, in.Lng, in.GetRadiusM())
		return err
	})
	group.Go(func() (err error) {
		prices, err = s.prices(ctx, codes)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, code := range codes {
		if priced := prices[code]; priced.GetSku().GetActive() {
			out.Products = append(out.Products, toProduct(priced, available[code]))
		}
	}
	return out, nil
}

// GetProduct reads one product and where some of it is, nearest first.
func (s *MiniProgram) GetProduct(ctx context.Context, in *miniprogramv1.GetProductRequest) (*miniprogramv1.Product, error) {
	if err := checkPoint(in.Lat, in.Lng); err != nil {
		return nil, err
	}
	var found map[string]*productv1.PricedSku
	var available map[string]*inventoryv1.Availability
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		found, err = s.prices(ctx, []string{in.GetSku()})
		return err
	})
	group.Go(func() (err error) {
		available, err = s.available(ctx, []string{in.GetSku()}, in.Lat, in.Lng, in.GetRadiusM())
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if !found[in.GetSku()].GetSku().GetActive() {
		return nil, fault.New(http.StatusNotFound, productv1.ProductErrorReason_SKU_UNKNOWN.String(), "there is no such product: check the code", "sku", in.GetSku())
	}
	return toProduct(found[in.GetSku()], available[in.GetSku()]), nil
}

// prices are what SKUs cost in this channel; unknown ones are absent.
func (s *MiniProgram) prices(ctx context.Context, codes []string) (map[string]*productv1.PricedSku, error) {
	got, err := s.Prices.GetPrices(ctx, &productv1.GetPricesRequest{Codes: codes, Channel: channel})
	if err != nil {
		return nil, err
	}
	bySKU := make(map[string]*productv1.PricedSku, len(got.GetSkus()))
	for _, p := range got.GetSkus() {
		bySKU[p.GetSku().GetCode()] = p
	}
	return bySKU, nil
}

// checkPoint takes both coordinates or none.
func checkPoint(lat, lng *float64) error {
	if (lat == nil) != (lng == nil) {
		return fault.GeoInvalid("lat", "latitude and longitude come together")
	}
	return nil
}

func (s *MiniProgram) available(ctx context.Context, skus []string, lat, lng *float64, radiusM int64) (map[string]*inventoryv1.Availability, error) {
	got, err := s.Inventory.GetAvailability(ctx, &inventoryv1.GetAvailabilityRequest{Skus: skus, Channel: channel, Lat: lat, Lng: lng, RadiusM: radiusM})
	if err != nil {
		return nil, err
	}
	bySKU := make(map[string]*inventoryv1.Availability, len(got.GetItems()))
	for _, item := range got.GetItems() {
		bySKU[item.GetSku()] = item
	}
	return bySKU, nil
}

func toProduct(priced *productv1.PricedSku, available *inventoryv1.Availability) *miniprogramv1.Product {
	sku := priced.GetSku()
	out := &miniprogramv1.Product{
		Sku: sku.GetCode(), Title: sku.GetTitle(), Category: sku.GetCategory(), Price: priced.GetPrice(), Returnable: sku.GetReturnable(),
		Available: available.GetOnline(),
	}
	for _, at := range available.GetNear() {
		// A service may see figures of each location; shoppers may not, whoever they are.
		out.Near = append(out.Near, &inventoryv1.LocationAvailability{Location: at.GetLocation(), Name: at.GetName(), DistanceM: at.GetDistanceM(), Level: at.GetLevel()})
	}
	return out
}

// GetMe reads the member and its points.
func (s *MiniProgram) GetMe(ctx context.Context, _ *miniprogramv1.GetMeRequest) (*miniprogramv1.Me, error) {
	id, err := member(ctx)
	if err != nil {
		return nil, err
	}
	me := &miniprogramv1.Me{}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		me.Member, err = s.Members.GetMember(ctx, &memberv1.GetMemberRequest{MemberId: id})
		return err
	})
	group.Go(func() (err error) {
		me.Points, err = s.Members.GetPoints(ctx, &memberv1.GetPointsRequest{MemberId: id})
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return me, nil
}

// IssueMemberCode makes the code that the member shows at a till.
func (s *MiniProgram) IssueMemberCode(ctx context.Context, _ *miniprogramv1.IssueMyCodeRequest) (*memberv1.IssueMemberCodeResponse, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.Members.IssueMemberCode(ctx, &memberv1.IssueMemberCodeRequest{})
}
