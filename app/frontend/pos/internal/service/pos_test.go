package service

import (
	"context"
	"testing"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	posv1 "github.com/onepool/onepool/api/frontend/pos/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

const (
	barcode = "6901234567892"
	code    = "12345678"
)

var tea = &productv1.Sku{Code: "A", Title: map[string]string{"en": "tea"}, Barcode: barcode, ListPrice: &commonv1.Money{AmountMinor: 500, Currency: "CNY"}}

type products struct {
	productv1.ProductClient
	asked *productv1.GetSkusRequest
}

func (p *products) GetSkuByBarcode(_ context.Context, in *productv1.GetSkuByBarcodeRequest, _ ...grpc.CallOption) (*productv1.Sku, error) {
	if in.Barcode != barcode {
		return nil, fault.New(404, "SKU_UNKNOWN", "no")
	}
	return tea, nil
}

func (p *products) GetSkus(_ context.Context, in *productv1.GetSkusRequest, _ ...grpc.CallOption) (*productv1.GetSkusResponse, error) {
	p.asked = in
	return &productv1.GetSkusResponse{Skus: []*productv1.Sku{tea}}, nil
}

type prices struct {
	productv1.PriceListsClient
	asked *productv1.GetPricesRequest
}

func (p *prices) GetPrices(_ context.Context, in *productv1.GetPricesRequest, _ ...grpc.CallOption) (*productv1.GetPricesResponse, error) {
	p.asked = in
	return &productv1.GetPricesResponse{Skus: []*productv1.PricedSku{{Sku: tea, Price: &commonv1.Money{AmountMinor: 450, Currency: "CNY"}, List: "S1"}}}, nil
}

type stores struct {
	storev1.StoreClient
	point *commonv1.GeoPoint
}

func (s stores) GetStore(_ context.Context, in *storev1.GetStoreRequest, _ ...grpc.CallOption) (*storev1.StoreInfo, error) {
	return &storev1.StoreInfo{Code: in.Code, Point: s.point, Region: "330106"}, nil
}

type inventory struct{ inventoryv1.InventoryClient }

func (inventory) GetAvailability(_ context.Context, in *inventoryv1.GetAvailabilityRequest, _ ...grpc.CallOption) (*inventoryv1.GetAvailabilityResponse, error) {
	item := &inventoryv1.Availability{Sku: in.Skus[0]}
	if in.Location != "" {
		item.Near = []*inventoryv1.LocationAvailability{{Location: in.Location, Level: "yes", AtTheTill: proto.Int64(9), Online: proto.Int64(7)}}
	} else if in.GetLat() == 31 && in.GetLng() == 121 {
		for _, code := range []string{"S1", "S2", "S3", "S4", "S5", "S6"} {
			item.Near = append(item.Near, &inventoryv1.LocationAvailability{Location: code, Name: "Store " + code, DistanceM: 5, Level: "few", AtTheTill: proto.Int64(3)})
		}
	}
	return &inventoryv1.GetAvailabilityResponse{Items: []*inventoryv1.Availability{item}}, nil
}

type members struct {
	memberv1.MemberClient
	redeemed *memberv1.RedeemMemberCodeRequest
}

func (m *members) RedeemMemberCode(_ context.Context, in *memberv1.RedeemMemberCodeRequest, _ ...grpc.CallOption) (*memberv1.MemberInfo, error) {
	m.redeemed = in
	if in.Code != code || in.MemberId != "" && in.MemberId != "mbr_1" {
		return nil, fault.New(409, "MEMBER_CODE_INVALID", "no")
	}
	return &memberv1.MemberInfo{Id: "mbr_1"}, nil
}

func (*members) FindByPhone(_ context.Context, in *memberv1.FindByPhoneRequest, _ ...grpc.CallOption) (*memberv1.MemberInfo, error) {
	id, known := map[string]string{"13812345678": "mbr_1", "13712345678": "mbr_2"}[in.Phone]
	if !known {
		return nil, fault.NotFound("member")
	}
	return &memberv1.MemberInfo{Id: id}, nil
}

func (*members) GetPoints(_ context.Context, in *memberv1.GetPointsRequest, _ ...grpc.CallOption) (*memberv1.Points, error) {
	return &memberv1.Points{Balance: 50, Frozen: 8, Spendable: 42}, nil
}

type orders struct {
	orderv1.OrderClient
	sold       *orderv1.SellAtTillRequest
	calculated *orderv1.CalculateRequest
}

func (o *orders) SellAtTill(_ context.Context, in *orderv1.SellAtTillRequest, _ ...grpc.CallOption) (*orderv1.OrderInfo, error) {
	o.sold = in
	return &orderv1.OrderInfo{Id: "ord_1"}, nil
}

func (o *orders) Calculate(_ context.Context, in *orderv1.CalculateRequest, _ ...grpc.CallOption) (*orderv1.Calculation, error) {
	o.calculated = in
	return &orderv1.Calculation{}, nil
}

func (o *orders) GetOrder(_ context.Context, in *orderv1.GetOrderRequest, _ ...grpc.CallOption) (*orderv1.OrderInfo, error) {
	return &orderv1.OrderInfo{Id: in.OrderId, ShopStoreCode: in.OrderId}, nil // its id says whose it is
}

func service() (*Pos, *orders, *products) {
	o, p := &orders{}, &products{}
	return &Pos{Products: p, Prices: &prices{}, Stores: stores{point: &commonv1.GeoPoint{Lat: 31, Lng: 121}}, Inventory: inventory{}, Members: &members{}, Orders: o}, o, p
}

func device(t *testing.T) context.Context {
	return tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Device, ID: "dev_1", Org: "F1", Store: "S1"}.WithScope())
}

func TestAScanShowsThisStoreExactlyAndOthersAsLevels(t *testing.T) {
	s, _, _ := service()
	got, err := s.Scan(device(t), &posv1.ScanRequest{Barcode: barcode})
	require.NoError(t, err)
	require.Equal(t, []any{"A", "tea", int64(450), int64(9)}, []any{got.Sku, got.Title["en"], got.Price.AmountMinor, got.AtTheTill})
	require.Equal(t, (&productv1.GetPricesRequest{Codes: []string{"A"}, Channel: "pos", StoreCode: "S1", Region: "330106"}).String(), s.Prices.(*prices).asked.String())
	require.Len(t, got.Nearby, 5, "without this store")
	require.Equal(t, (&posv1.NearbyStock{Location: "S2", Name: "Store S2", DistanceM: 5, Level: "few"}).String(), got.Nearby[0].String())
	_, err = s.Scan(device(t), &posv1.ScanRequest{Barcode: "4006381333931"})
	require.Equal(t, "SKU_UNKNOWN", kratos.Reason(err))
}

func TestASaleIsOfTheDevicesStore(t *testing.T) {
	s, o, p := service()
	in := &posv1.SellRequest{RequestId: "request-0000000001", ReceiptNo: "R1", MemberPhone: "13812345678", MemberCode: code, Points: 5, CashMinor: 995, WalletMinor: 3, Clerk: "C1", Cards: []*orderv1.CardTender{{AmountMinor: 7, Reference: "T1"}},
		Lines: []*posv1.SaleLine{{Barcode: "06901234567892", Quantity: 2, UnitPriceMinor: 500}, {Sku: "B", Quantity: 1}}}
	got, err := s.Sell(device(t), in)
	require.NoError(t, err)
	require.Equal(t, "ord_1", got.Id)
	require.Equal(t, []string{"06901234567892"}, p.asked.Barcodes)
	require.Equal(t, (&orderv1.SellAtTillRequest{RequestId: "request-0000000001", StoreCode: "S1", DeviceId: "dev_1", ReceiptNo: "R1", MemberId: "mbr_1",
		Points: 5, CashMinor: 995, WalletMinor: 3, Clerk: "C1", Cards: []*orderv1.CardTender{{AmountMinor: 7, Reference: "T1"}}, Lines: []*orderv1.OrderLineInput{{Sku: "A", Quantity: 2, UnitPriceMinor: 500}, {Sku: "B", Quantity: 1}}}).String(), o.sold.String())

	_, err = s.Quote(device(t), &posv1.QuoteRequest{Lines: in.Lines, MemberPhone: in.MemberPhone, Points: 5})
	require.NoError(t, err)
	require.Equal(t, []any{"pos", "S1", "mbr_1", int64(5)}, []any{o.calculated.Channel, o.calculated.ShopStoreCode, o.calculated.MemberId, o.calculated.Points})

	in.MemberPhone, in.MemberCode, in.Points, in.WalletMinor = "", "", 0, 0
	_, err = s.Sell(device(t), in)
	require.NoError(t, err)
	require.Empty(t, o.sold.MemberId)
	in.MemberPhone = "13900000000"
	o.sold = nil
	_, err = s.Sell(device(t), in)
	require.Equal(t, fault.ReasonNotFound, kratos.Reason(err))
	require.Nil(t, o.sold, "not sold without the member")
}

func wallet(in *posv1.SellRequest) *posv1.SellRequest {
	in.WalletMinor = 1
	return in
}

func TestPointsAreSpentByTheMembersCodeOnly(t *testing.T) {
	in := func(phone, code string, points int64) *posv1.SellRequest {
		return &posv1.SellRequest{RequestId: "request-0000000001", ReceiptNo: "R1", MemberPhone: phone, MemberCode: code, Points: points,
			Lines: []*posv1.SaleLine{{Sku: "B", Quantity: 1}}}
	}
	for name, c := range map[string]struct {
		in       *posv1.SellRequest
		reason   string
		member   string
		redeemed string
	}{
		"a phone does not spend":                 {in: in("13812345678", "", 1), reason: "MEMBER_CODE_REQUIRED"},
		"nobody does not spend":                  {in: in("", "", 1), reason: "MEMBER_CODE_REQUIRED"},
		"a phone does not pay with stored value": {in: wallet(in("13812345678", "", 0)), reason: "MEMBER_CODE_REQUIRED"},
		"a code pays with stored value":          {in: wallet(in("", code, 0)), member: "mbr_1", redeemed: `request_id:"request-0000000001" code:"12345678"`},
		"a phone earns":                          {in: in("13812345678", "", 0), member: "mbr_1"},
		"a code spends":                          {in: in("", code, 1), member: "mbr_1", redeemed: `request_id:"request-0000000001" code:"12345678"`},
		"a code earns":                           {in: in("", code, 0), member: "mbr_1", redeemed: `request_id:"request-0000000001" code:"12345678"`},
		"a phone and a code of one":              {in: in("13812345678", code, 1), member: "mbr_1", redeemed: `request_id:"request-0000000001" code:"12345678" member_id:"mbr_1"`},
		"a phone and a code of two":              {in: in("13712345678", code, 1), reason: "MEMBER_CODE_INVALID", redeemed: `request_id:"request-0000000001" code:"12345678" member_id:"mbr_2"`},
		"a wrong code":                           {in: in("", "00000000", 1), reason: "MEMBER_CODE_INVALID", redeemed: `request_id:"request-0000000001" code:"00000000"`},
		"an unknown phone does not use the code": {in: in("13900000000", code, 1), reason: "NOT_FOUND"},
	} {
		t.Run(name, func(t *testing.T) {
			s, o, _ := service()
			_, err := s.Sell(device(t), c.in)
			require.Equal(t, c.reason, kratos.Reason(err))
			redeemed := s.Members.(*members).redeemed
			require.Equal(t, c.redeemed != "", redeemed != nil)
			if redeemed != nil {
				want := &memberv1.RedeemMemberCodeRequest{}
				require.NoError(t, prototext.Unmarshal([]byte(c.redeemed), want))
				require.Equal(t, want.String(), redeemed.String())
			}
			require.Equal(t, c.reason == "", o.sold != nil)
			require.Equal(t, c.member, o.sold.GetMemberId())
		})
	}
}

func TestLinesNameOneThing(t *testing.T) {
	s, _, _ := service()
	for name, c := range map[string]struct {
		line   *posv1.SaleLine
		reason string
	}{
		"nothing":         {&posv1.SaleLine{Quantity: 1}, "VALIDATOR"},
		"both":            {&posv1.SaleLine{Sku: "A", Barcode: barcode, Quantity: 1}, "VALIDATOR"},
		"no barcode":      {&posv1.SaleLine{Barcode: "123", Quantity: 1}, "VALIDATOR"},
		"unknown barcode": {&posv1.SaleLine{Barcode: "4006381333931", Quantity: 1}, "SKU_UNKNOWN"},
	} {
		_, err := s.Quote(device(t), &posv1.QuoteRequest{Lines: []*posv1.SaleLine{c.line}})
		require.Equal(t, c.reason, kratos.Reason(err), name)
	}
}

func TestAMembersPointsAreWhatCanBeSpent(t *testing.T) {
	s, _, _ := service()
	got, err := s.FindMember(device(t), &posv1.FindMemberRequest{Phone: "13812345678"})
	require.NoError(t, err)
	require.Equal(t, []any{"mbr_1", int64(42)}, []any{got.Member.Id, got.SpendablePoints})
}

func TestAnotherStoresSaleLooksLikeNone(t *testing.T) {
	s, _, _ := service()
	_, err := s.GetSale(device(t), &posv1.GetSaleRequest{OrderId: "S1"})
	require.NoError(t, err)
	_, err = s.GetSale(device(t), &posv1.GetSaleRequest{OrderId: "S2"})
	require.Equal(t, fault.ReasonNotFound, kratos.Reason(err))
}

func TestOnlyDevicesCall(t *testing.T) {
	s, _, _ := service()
	calls := map[string]func(context.Context) error{
		"Scan": func(ctx context.Context) error {
			_, err := s.Scan(ctx, &posv1.ScanRequest{Barcode: barcode})
			return err
		},
		"FindMember": func(ctx context.Context) error {
			_, err := s.FindMember(ctx, &posv1.FindMemberRequest{Phone: "13812345678"})
			return err
		},
		"Quote": func(ctx context.Context) error { _, err := s.Quote(ctx, &posv1.QuoteRequest{}); return err },
		"Sell":  func(ctx context.Context) error { _, err := s.Sell(ctx, &posv1.SellRequest{}); return err },
		"CollectPickup": func(ctx context.Context) error {
			_, err := s.CollectPickup(ctx, &posv1.CollectPickupRequest{Code: "12345678"})
			return err
		},
		"SellBatch": func(ctx context.Context) error {
			_, err := s.SellBatch(ctx, &posv1.SellBatchRequest{})
			return err
		},
		"GetTerms": func(ctx context.Context) error { _, err := s.GetTerms(ctx, &posv1.GetTermsRequest{}); return err },
		"GetSale": func(ctx context.Context) error {
			_, err := s.GetSale(ctx, &posv1.GetSaleRequest{OrderId: "S1"})
			return err
		},
	}
	require.Len(t, calls, len(posv1.Pos_ServiceDesc.Methods))
	for name, call := range calls {
		for _, kind := range []tenancy.Kind{tenancy.HQ, tenancy.Dealer, tenancy.Franchisee, tenancy.Member, tenancy.Channel, tenancy.Service} {
			ctx := tenancy.NewContext(t.Context(), tenancy.Principal{Kind: kind, ID: "x", Org: "F1", Store: "S1", Roles: []string{"manager", "admin"}}.WithScope())
			require.Equal(t, fault.ReasonForbidden, kratos.Reason(call(ctx)), "%s by %s", name, kind)
		}
		require.Equal(t, fault.ReasonUnauthenticated, kratos.Reason(call(t.Context())), name)
	}
}

// counter hands over whatever it is asked for.
type counter struct {
	orderv1.PickupsClient
	asked *orderv1.CollectPickupRequest
}

func (c *counter) CollectPickup(_ context.Context, in *orderv1.CollectPickupRequest, _ ...grpc.CallOption) (*orderv1.Fulfilment, error) {
	c.asked = in
	return &orderv1.Fulfilment{Id: "ful_1"}, nil
}

func TestATillHandsOverAtItsOwnStore(t *testing.T) {
	c := &counter{}
	s := &Pos{Pickups: c}
	got, err := s.CollectPickup(device(t), &posv1.CollectPickupRequest{RequestId: "r", Code: "12345678"})
	require.NoError(t, err)
	require.Equal(t, "ful_1", got.Id)
	require.Equal(t, []string{"r", "12345678", "S1"}, []string{c.asked.RequestId, c.asked.Code, c.asked.StoreCode})
	_, err = s.CollectPickup(t.Context(), &posv1.CollectPickupRequest{})
	require.Error(t, err, "nobody calls")
}

// A till sends what it sold offline: each sale is booked or refused by itself.
func TestABatchIsBookedSaleBySale(t *testing.T) {
	s, _, _ := service()
	booker := &tills{}
	s.Tills = booker
	sale := func(receipt, phone string, lines ...*posv1.OfflineSaleLine) *posv1.OfflineSale {
		return &posv1.OfflineSale{ReceiptNo: receipt, SoldAtUs: 7, CashMinor: 500, MemberPhone: phone, Clerk: "C1", TermsVersion: "v", Lines: lines}
	}
	got, err := s.SellBatch(device(t), &posv1.SellBatchRequest{Sales: []*posv1.OfflineSale{
		sale("R1", "13812345678", &posv1.OfflineSaleLine{Barcode: barcode, Quantity: 2, PaidMinor: 400}, &posv1.OfflineSaleLine{Sku: "B", Quantity: 1, PaidMinor: 100}),
		sale("R2", "", &posv1.OfflineSaleLine{Barcode: "4006381333931", Quantity: 1}),
		sale("R3", "13900000000", &posv1.OfflineSaleLine{Sku: "B", Quantity: 1, PaidMinor: 500}),
		sale("TAKEN", "", &posv1.OfflineSaleLine{Sku: "B", Quantity: 1, PaidMinor: 500}),
	}})
	require.NoError(t, err)
	var said []string
	for _, b := range got.Sales {
		said = append(said, b.ReceiptNo+" "+b.OrderId+" "+b.Reason)
	}
	require.Equal(t, []string{"R1 ord_R1 ", "R2  SKU_UNKNOWN", "R3 ord_R3 ", "TAKEN  STATE_CONFLICT"}, said)
	first := booker.asked[0]
	require.Equal(t, (&orderv1.BookOfflineSaleRequest{RequestId: first.RequestId, StoreCode: "S1", DeviceId: "dev_1", ReceiptNo: "R1", SoldAtUs: 7, CashMinor: 500, MemberId: "mbr_1", Clerk: "C1", TermsVersion: "v",
		Lines: []*orderv1.OfflineLine{{Sku: "A", Quantity: 2, PaidMinor: 400}, {Sku: "B", Quantity: 1, PaidMinor: 100}}}).String(), first.String())
	require.Empty(t, booker.asked[1].MemberId, "a phone that nobody has earns nothing")
	_, err = s.SellBatch(device(t), &posv1.SellBatchRequest{Sales: []*posv1.OfflineSale{sale("R1", "13812345678", &posv1.OfflineSaleLine{Barcode: barcode, Quantity: 2, PaidMinor: 400}, &posv1.OfflineSaleLine{Sku: "B", Quantity: 1, PaidMinor: 100})}})
	require.NoError(t, err)
	require.Equal(t, first.String(), booker.asked[3].String(), "sent again it is the same request")
}

type tills struct {
	orderv1.TillsClient
	asked []*orderv1.BookOfflineSaleRequest
}

func (b *tills) BookOfflineSale(_ context.Context, in *orderv1.BookOfflineSaleRequest, _ ...grpc.CallOption) (*orderv1.OrderInfo, error) {
	b.asked = append(b.asked, in)
	if in.ReceiptNo == "TAKEN" {
		return nil, fault.StateConflict("taken", "no")
	}
	return &orderv1.OrderInfo{Id: "ord_" + in.ReceiptNo}, nil
}
