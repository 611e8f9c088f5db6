package e2e

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	ecommercev1 "github.com/onepool/onepool/api/frontend/ecommerce/v1"
	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	posv1 "github.com/onepool/onepool/api/frontend/pos/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/secret"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

// The roles that every method is called as. F1 and F2 are franchisees; D-EAST is the dealer above F1, D-NORTH above F2.
const (
	nobody        = "nobody"
	memberA       = "memberA"   // whose objects are asked for
	memberB       = "memberB"   // another member
	f1manager     = "f1manager" // of the store whose objects are asked for
	f1guide       = "f1guide"   // of the same store
	f1other       = "f1other"   // manager of another store of the same franchisee
	f2manager     = "f2manager"
	f2clerk       = "f2clerk"
	dealer        = "dealer"  // above F1
	dealer2       = "dealer2" // above F2
	direct        = "direct"  // manager of a direct store
	clerk         = "clerk"   // of a direct store
	device        = "device"  // of F1's store
	device2       = "device2" // of F2's store
	channel       = "channel" // headquarters' account
	channel2      = "channel2"
	operator      = "operator"
	finance       = "finance"
	administrator = "admin"
)

var roles = []string{nobody, memberA, memberB, f1manager, f1guide, f1other, f2manager, f2clerk, dealer, dealer2, direct, clerk, device, device2,
	channel, channel2, operator, finance, administrator}

const (
	f1Store, f1Org    = "S-NJ-02", "F-WU"
	f2Store           = "S-BJ-05"
	directStore       = "S-HZ-01"
	phoneA, phoneB    = "19900000119", "19900000110"
	guideLogin        = "s-nj-02-g1"
	spareLogin        = "s-nj-02-spare" // of a person of F1's store who signs in nowhere: another password ends tokens
	guideCode         = "S-NJ-02-G1"
	password          = "a password of the test"
	messagesArriveIn  = 30 * time.Second
	betweenTwoLookups = 100 * time.Millisecond
)

// objects are what requests name: those of member A, F1 and headquarters' channel, or, in the same words, nothing at all.
type objects struct {
	Member, Store, Org, Login, Guide, Device string
	// Orders that F1 sold to A: one is cancelled, one is paid, the third is there for its fulfilment, the last for returns.
	Unpaid, ToPay, Paid, Received string
	Payment, Fulfilment, Line     string
	Returns                       [2]string
	// HQOrder was sold to A by headquarters and is shipped by F1's store, in a parcel.
	HQOrder, HQFulfilment, Parcel string
	// Collect was sold to A by headquarters and is collected at a direct store.
	Collect, CollectFulfilment string
	Till, External             string
	// Webhook is of headquarters' channel account, and so are those that are there to be deleted.
	Webhook string
	Doomed  [8]string
	// Transfer takes goods from F1's store to its other store, Stocktake counts them in F1's store, and Discrepancy says that
	// some never arrived there.
	Transfer, Stocktake, Discrepancy string
	// Presale promises what will arrive at F1's store.
	Presale string
	// The same for both: there are no secrets in them.
	SKU, Barcode, Period string
	PriceMinor           int64
}

// absent are ids of the same shape that nobody has.
func absent(o objects) objects {
	no := func(prefix string) string { return prefix + "_" + strings.Repeat("a", 26) }
	o.Member, o.Store, o.Org, o.Login, o.Guide, o.Device = no("mbr"), "S-XX-99", "F-XX", "nobody", "S-XX-99-G1", no("dev")
	o.Unpaid, o.ToPay, o.Paid, o.Received, o.HQOrder, o.Till, o.Collect = no("ord"), no("ord"), no("ord"), no("ord"), no("ord"), no("ord"), no("ord")
	o.Payment, o.Fulfilment, o.HQFulfilment, o.CollectFulfilment, o.Line, o.External = no("pay"), no("ful"), no("ful"), no("ful"), no("oln"), "TM-NONE"
	o.Parcel = no("pcl")
	o.Returns = [2]string{no("ret"), no("ret")}
	o.Webhook = no("whk")
	for i := range o.Doomed {
		o.Doomed[i] = no("whk")
	}
	o.Transfer, o.Stocktake, o.Discrepancy, o.Presale = no("trf"), no("stk"), no("dsc"), no("psl")
	return o
}

// pairs are the old and the new of a replacer that makes an answer about o look like one about other.
func (o objects) pairs(other objects) []string {
	return []string{o.Member, other.Member, o.Store, other.Store, o.Login, other.Login, o.Guide, other.Guide, o.Device, other.Device,
		o.Unpaid, other.Unpaid, o.ToPay, other.ToPay, o.Paid, other.Paid, o.Received, other.Received, o.Payment, other.Payment,
		o.Fulfilment, other.Fulfilment, o.HQFulfilment, other.HQFulfilment, o.Parcel, other.Parcel, o.Line, other.Line, o.Returns[0], other.Returns[0],
		o.Returns[1], other.Returns[1], o.HQOrder, other.HQOrder, o.Collect, other.Collect, o.CollectFulfilment, other.CollectFulfilment, o.Till, other.Till, o.External, other.External, o.Webhook, other.Webhook,
		o.Transfer, other.Transfer, o.Stocktake, other.Stocktake, o.Discrepancy, other.Discrepancy, o.Presale, other.Presale}
}

// world is a platform with somebody in every role, and objects that belong to somebody.
type world struct {
	t       *testing.T
	ctx     context.Context
	admin   *client.Client
	grpc    *grpc.ClientConn
	callers map[string]credential
	wrong   map[string]credential
	objects objects
}

func newWorld(t *testing.T, ctx context.Context, p *one) *world {
	t.Helper()
	conn, err := grpc.NewClient(p.ready.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	w := &world{t: t, ctx: ctx, admin: admin(t, p.ready.HTTP, p.data), grpc: conn, callers: map[string]credential{nobody: {}}}
	w.people(p)
	w.machines()
	w.sales()
	w.wrongCredentials(p)
	return w
}

// as is a client in a role.
func (w *world) as(role string) *client.Client {
	token := strings.TrimPrefix(w.callers[role].headers["authorization"], "Bearer ")
	c, err := w.admin.As(w.ctx, token)
	require.NoError(w.t, err)
	return c
}

func (w *world) people(p *one) {
	t, stores := w.t, w.admin.Store()
	key, err := client.Credential("", filepath.Join(p.data, "admin.key"))
	require.NoError(t, err)
	w.callers[administrator] = bearer(key)

	point := 31.0
	taken, err := stores.ImportStores(w.ctx, &storev1.ImportStoresRequest{RequestId: client.RequestID(), Rows: []*storev1.ImportStoreRow{
		{Line: 1, Code: "S-DE-01", Name: "dealer's own", Ownership: "franchise", OrgCode: "D-EAST", City: "Suzhou", Country: "CN", Timezone: "Asia/Shanghai", Lat: &point, Lng: &point, Opens: "09:00", Closes: "21:00", Capabilities: "parcel"},
		{Line: 2, Code: "S-DN-01", Name: "dealer's own", Ownership: "franchise", OrgCode: "D-NORTH", City: "Tianjin", Country: "CN", Timezone: "Asia/Shanghai", Lat: &point, Lng: &point, Opens: "09:00", Closes: "21:00", Capabilities: "parcel"},
	}})
	require.NoError(t, err)
	require.Empty(t, taken.Errors)
	hired, err := stores.ImportStaff(w.ctx, &storev1.ImportStaffRequest{RequestId: client.RequestID(), Rows: []*storev1.ImportStaffRow{
		{Line: 1, Code: "HQ-O", Name: "operator", Role: "operator", Login: "hq-o"},
		{Line: 2, Code: "HQ-F", Name: "finance", Role: "finance", Login: "hq-f"},
		{Line: 3, Code: "S-DE-01-M", Name: "dealer", StoreCode: "S-DE-01", Role: "manager", Login: "de-m"},
		{Line: 4, Code: "S-DN-01-M", Name: "dealer", StoreCode: "S-DN-01", Role: "manager", Login: "dn-m"},
		{Line: 5, Code: "S-NJ-02-SPARE", Name: "spare", StoreCode: f1Store, Role: "clerk", Login: spareLogin},
	}})
	require.NoError(t, err)
	require.Empty(t, hired.Errors)
	for role, login := range map[string]string{f1manager: "s-nj-02-m1", f1guide: guideLogin, f1other: "s-nj-03-m1", f2manager: "s-bj-05-m1", f2clerk: "s-bj-05-c1",
		dealer: "de-m", dealer2: "dn-m", direct: "s-hz-01-m1", clerk: "s-hz-01-c1", operator: "hq-o", finance: "hq-f"} {
		_, err := stores.SetStaffPassword(w.ctx, &storev1.SetStaffPasswordRequest{RequestId: client.RequestID(), Login: login, Password: password})
		require.NoError(t, err, login)
		in, err := stores.SignInStaff(w.ctx, &storev1.SignInStaffRequest{Login: login, Password: password})
		require.NoError(t, err, login)
		w.callers[role] = bearer(in.AccessToken)
	}
	guest, err := w.admin.As(w.ctx, "")
	require.NoError(t, err)
	for role, phone := range map[string]string{memberA: phoneA, memberB: phoneB} {
		code, err := guest.MiniProgram().SendSignInCode(w.ctx, &miniprogramv1.SendCodeRequest{Phone: phone})
		require.NoError(t, err)
		in, err := guest.MiniProgram().SignIn(w.ctx, &miniprogramv1.SignInRequest{Phone: phone, Code: code.SandboxCode})
		require.NoError(t, err)
		w.callers[role] = bearer(in.AccessToken)
		if role == memberA {
			w.objects.Member = in.Member.Id
		}
	}
}

func (w *world) machines() {
	t, stores := w.t, w.admin.Store()
	for role, store := range map[string]string{device: f1Store, device2: f2Store, "": f1Store} {
		d, err := stores.RegisterDevice(w.ctx, &storev1.RegisterDeviceRequest{RequestId: client.RequestID(), StoreCode: store, Name: "till"})
		require.NoError(t, err)
		if w.callers[role] = bearer(d.Key); role == "" {
			w.objects.Device = d.DeviceId // one that nobody works with
		}
	}
	delete(w.callers, "")
	for role, org := range map[string]string{channel: "HQ", channel2: "F-YAN"} {
		a, err := stores.RegisterChannelAccount(w.ctx, &storev1.RegisterChannelAccountRequest{RequestId: client.RequestID(), Channel: "tmall", Name: role, OrgCode: org})
		require.NoError(t, err)
		w.callers[role] = credential{keyID: a.KeyId, secret: a.Secret}
	}
}

// sales makes the objects.
func (w *world) sales() {
	t := w.t
	w.goods()
	o := &w.objects
	o.Store, o.Org, o.Login, o.Guide = f1Store, f1Org, spareLogin, guideCode
	o.Period = time.Now().In(time.FixedZone("CST", 8*3600)).Format("2006-01")

	shop := func(req *orderv1.PlaceOrderRequest) *orderv1.OrderInfo {
		req.RequestId, req.Channel, req.MemberId = client.RequestID(), "miniprogram", o.Member
		req.Lines = []*orderv1.OrderLineInput{{Sku: o.SKU, Quantity: 2}}
		req.Receiver = &orderv1.Receiver{Name: "A", Phone: phoneA, Address: "beside the shop", Point: &commonv1.GeoPoint{Lat: 32.0214, Lng: 118.7887}}
		order, err := w.as(memberA).Order().PlaceOrder(w.ctx, req)
		require.NoError(t, err)
		return order
	}
	f1 := func() *orderv1.OrderInfo {
		return shop(&orderv1.PlaceOrderRequest{ShopStoreCode: f1Store, Way: inventoryv1.DeliveryWay_PICKUP, PickupStoreCode: f1Store})
	}
	o.Unpaid, o.ToPay = f1().Id, f1().Id
	payment, err := w.as(memberA).Order().CreatePayment(w.ctx, &orderv1.CreatePaymentRequest{RequestId: client.RequestID(), OrderId: f1().Id, Provider: "sandbox"})
	require.NoError(t, err)
	o.Payment = payment.Id

	o.Paid = f1().Id
	o.Fulfilment = w.pay(o.Paid).Fulfilments[0].Id
	o.Received = f1().Id
	w.ship(w.pay(o.Received).Fulfilments[0].Id)
	back, err := w.admin.Order().GetOrder(w.ctx, &orderv1.GetOrderRequest{OrderId: o.Received})
	require.NoError(t, err)
	o.Line = back.Lines[0].LineId
	for i := range o.Returns {
		returned, err := w.as(memberA).Order().CreateReturn(w.ctx, &orderv1.CreateReturnRequest{RequestId: client.RequestID(), OrderId: o.Received, Reason: "torn",
			Lines: []*orderv1.ReturnLineInput{{LineId: o.Line, Quantity: 1}}})
		require.NoError(t, err)
		o.Returns[i] = returned.Id
	}
	_, err = w.as(f1manager).Order().ApproveReturn(w.ctx, &orderv1.ApproveReturnRequest{RequestId: client.RequestID(), ReturnId: o.Returns[1]})
	require.NoError(t, err)

	hq := shop(&orderv1.PlaceOrderRequest{Way: inventoryv1.DeliveryWay_PARCEL})
	o.HQOrder, o.HQFulfilment = hq.Id, w.pay(hq.Id).Fulfilments[0].Id
	collect := shop(&orderv1.PlaceOrderRequest{Way: inventoryv1.DeliveryWay_PICKUP, PickupStoreCode: directStore})
	o.Collect, o.CollectFulfilment = collect.Id, w.pay(collect.Id).Fulfilments[0].Id
	o.Parcel = w.shipPart(o.HQFulfilment)
	w.machineSales()
	w.moves()
	w.settled()
}

// goods finds a SKU and puts plenty of it into F1's store.
func (w *world) goods() {
	t, o := w.t, &w.objects
	list, err := w.admin.Product().ListSkus(w.ctx, &productv1.ListSkusRequest{PageSize: 200})
	require.NoError(t, err)
	for _, sku := range list.Skus {
		if sku.Returnable && sku.Barcode != "" {
			o.SKU, o.Barcode, o.PriceMinor = sku.Code, sku.Barcode, sku.ListPrice.AmountMinor
		}
	}
	require.NotEmpty(t, o.SKU)
	_, err = w.admin.Inventory().ReceiveStock(w.ctx, &inventoryv1.ReceiveStockRequest{RequestId: client.RequestID(), Document: "PO-1",
		Lines: []*inventoryv1.StockLine{{Location: f1Store, Sku: o.SKU, Quantity: 500}, {Location: directStore, Sku: o.SKU, Quantity: 500}}})
	require.NoError(t, err)
}

func (w *world) pay(order string) *orderv1.OrderInfo {
	a := w.as(memberA).Order()
	payment, err := a.CreatePayment(w.ctx, &orderv1.CreatePaymentRequest{RequestId: client.RequestID(), OrderId: order, Provider: "sandbox"})
	require.NoError(w.t, err)
	_, err = a.PayInSandbox(w.ctx, &orderv1.PayInSandboxRequest{PaymentId: payment.Id})
	require.NoError(w.t, err)
	paid, err := a.GetOrder(w.ctx, &orderv1.GetOrderRequest{OrderId: order})
	require.NoError(w.t, err)
	require.Equal(w.t, orderv1.OrderState_PAID, paid.State)
	require.Len(w.t, paid.Fulfilments, 1)
	return paid
}

func (w *world) ship(fulfilment string) {
	store := w.as(f1manager).Order()
	_, err := store.AcceptFulfilment(w.ctx, &orderv1.AcceptFulfilmentRequest{RequestId: client.RequestID(), FulfilmentId: fulfilment})
	require.NoError(w.t, err)
	_, err = store.ShipFulfilment(w.ctx, &orderv1.ShipFulfilmentRequest{RequestId: client.RequestID(), FulfilmentId: fulfilment, Carrier: "SF", TrackingNo: "SF1"})
	require.NoError(w.t, err)
	_, err = w.as(memberA).Order().ConfirmReceipt(w.ctx, &orderv1.ConfirmReceiptRequest{RequestId: client.RequestID(), FulfilmentId: fulfilment})
	require.NoError(w.t, err)
}

// shipPart ships all of a fulfilment in one parcel.
func (w *world) shipPart(fulfilment string) string {
	accepted, err := w.as(f1manager).Order().AcceptFulfilment(w.ctx, &orderv1.AcceptFulfilmentRequest{RequestId: client.RequestID(), FulfilmentId: fulfilment})
	require.NoError(w.t, err)
	shipped, err := orderv1.NewParcelsClient(w.grpc).ShipPart(w.as(f1manager).GRPC(w.ctx), &orderv1.ShipPartRequest{
		RequestId: client.RequestID(), FulfilmentId: fulfilment, Carrier: "SF", TrackingNo: "SF1",
		Lines: []*orderv1.ParcelContent{{LineId: accepted.Lines[0].LineId, Quantity: accepted.Lines[0].Quantity}},
	})
	require.NoError(w.t, err)
	_, err = w.as(memberA).Order().ConfirmReceipt(w.ctx, &orderv1.ConfirmReceiptRequest{RequestId: client.RequestID(), FulfilmentId: fulfilment})
	require.NoError(w.t, err)
	return shipped.Parcels[0].Id
}

// machineSales are a sale at the till and an order of a marketplace.
func (w *world) machineSales() {
	t, o := w.t, &w.objects
	sold, err := posv1.NewPosClient(w.grpc).Sell(w.as(device).GRPC(w.ctx), &posv1.SellRequest{RequestId: client.RequestID(), ReceiptNo: "R-1", CashMinor: o.PriceMinor,
		Lines: []*posv1.SaleLine{{Sku: o.SKU, Quantity: 1}}})
	require.NoError(t, err)
	o.Till, o.External = sold.Id, "TM-1"
	body, err := protojson.Marshal(channelOrder(*o))
	require.NoError(t, err)
	taken, err := w.http().send(w.ctx, "POST", "/channel/v1/orders", w.callers[channel], body)
	require.NoError(t, err)
	require.Equal(t, 200, taken.code, taken)
	w.webhooks()
}

func (w *world) webhooks() {
	feed := inventoryv1.NewStockFeedClient(w.grpc)
	for i := range 1 + len(w.objects.Doomed) {
		hook, err := feed.PutWebhook(w.admin.GRPC(w.ctx), &inventoryv1.PutWebhookRequest{RequestId: client.RequestID(), Channel: "tmall", Org: "HQ", Url: "https://shop.example/stock"})
		require.NoError(w.t, err)
		if w.objects.Webhook = hook.Id; i < len(w.objects.Doomed) {
			w.objects.Doomed[i] = hook.Id
		}
	}
}

func channelOrder(o objects) *ecommercev1.PostOrderRequest {
	return &ecommercev1.PostOrderRequest{ExternalNo: o.External, Currency: "CNY", PaidAtUs: 1_700_000_000_000_000, PaidMinor: o.PriceMinor,
		Receiver: &orderv1.Receiver{Name: "x", Phone: "x", Address: "x", Ciphertext: true},
		Lines:    []*orderv1.ChannelLine{{Sku: o.SKU, Quantity: 1, PaidMinor: o.PriceMinor}}}
}

// settled waits for what follows the sales by message: the books of F1 must have something in them to be seen.
func (w *world) settled() {
	deadline := time.Now().Add(messagesArriveIn)
	for {
		accruals, err := w.admin.Rebate().ListAccruals(w.ctx, &rebatev1.ListAccrualsRequest{OrderId: w.objects.Paid})
		require.NoError(w.t, err)
		statements, err := w.admin.Rebate().ListStatements(w.ctx, &rebatev1.ListStatementsRequest{Period: w.objects.Period})
		require.NoError(w.t, err)
		supplies, err := w.admin.Rebate().ListSupplyEntries(w.ctx, &rebatev1.ListSupplyEntriesRequest{OrderId: w.objects.HQOrder})
		require.NoError(w.t, err)
		if len(accruals.Accruals) == 3 && len(supplies.Entries) == 1 && len(statements.Statements) >= 3 {
			return
		}
		require.True(w.t, time.Now().Before(deadline), "accruals: %v, supplies: %v, statements: %v", accruals, supplies, statements)
		time.Sleep(betweenTwoLookups) // until the messages have arrived
	}
}

// wrongCredentials are those that must never be taken, whatever is asked.
func (w *world) wrongCredentials(p *one) {
	t := w.t
	keys, err := secret.Load(filepath.Join(p.data, "secret.key"))
	require.NoError(t, err)
	boss := tenancy.Principal{Kind: tenancy.HQ, ID: "HQ-O", Org: "HQ", Roles: []string{"admin", "operator", "finance"}}.WithScope()
	tokens := func(key []byte, now func() time.Time) *authn.Tokens {
		made, err := authn.NewTokens(key, now)
		require.NoError(t, err)
		return made
	}
	operators := jwt.MapClaims{}
	_, _, err = jwt.NewParser().ParseUnverified(strings.TrimPrefix(w.callers[operator].headers["authorization"], "Bearer "), operators)
	require.NoError(t, err)
	login, ok := operators["login"].(string)
	require.True(t, ok, "a token of staff names the version of its login")
	issue := func(by *authn.Tokens) string {
		token, _, err := by.IssueStaff(boss, login, time.Hour)
		require.NoError(t, err)
		return token
	}
	ours := keys.Key(secret.Tokens)
	inside, err := tokens(ours, nil).IssueInternal("order", boss)
	require.NoError(t, err)
	sign := func(method jwt.SigningMethod, key any, change func(jwt.MapClaims)) string {
		claims := jwt.MapClaims{}
		_, _, err := jwt.NewParser().ParseUnverified(issue(tokens(ours, nil)), claims)
		require.NoError(t, err)
		change(claims)
		token, err := jwt.NewWithClaims(method, claims).SignedString(key)
		require.NoError(t, err)
		return token
	}
	same := func(jwt.MapClaims) {}
	good := issue(tokens(ours, nil))
	revoked, err := w.admin.Store().RegisterDevice(w.ctx, &storev1.RegisterDeviceRequest{RequestId: client.RequestID(), StoreCode: f1Store, Name: "lost"})
	require.NoError(t, err)
	_, err = w.admin.Store().RevokeCredential(w.ctx, &storev1.RevokeCredentialRequest{RequestId: client.RequestID(), Id: revoked.DeviceId})
	require.NoError(t, err)
	adminKey := w.callers[administrator].headers["authorization"]
	w.wrong = map[string]credential{
		"nonsense":               bearer("nonsense"),
		"empty":                  {headers: map[string]string{"authorization": "Bearer "}},
		"basic":                  {headers: map[string]string{"authorization": "Basic aHE6aHE="}},
		"unsigned":               bearer(sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same)),
		"another algorithm":      bearer(sign(jwt.SigningMethodHS512, ours, same)),
		"another secret":         bearer(issue(tokens([]byte(strings.Repeat("x", 32)), nil))),
		"expired":                bearer(issue(tokens(ours, func() time.Time { return time.Now().Add(-2 * time.Hour) }))),
		"never expires":          bearer(sign(jwt.SigningMethodHS256, ours, func(c jwt.MapClaims) { delete(c, "exp") })),
		"foreign audience":       bearer(sign(jwt.SigningMethodHS256, ours, func(c jwt.MapClaims) { c["aud"] = "another platform" })),
		"foreign issuer":         bearer(sign(jwt.SigningMethodHS256, ours, func(c jwt.MapClaims) { c["iss"] = "another platform" })),
		"of no login":            bearer(sign(jwt.SigningMethodHS256, ours, func(c jwt.MapClaims) { delete(c, "login") })),
		"of an older login":      bearer(sign(jwt.SigningMethodHS256, ours, func(c jwt.MapClaims) { c["login"] = strings.Repeat("0", 64) })),
		"a center's token":       bearer(inside),
		"a person as a center":   {headers: map[string]string{authn.HeaderInternal: "Bearer " + good}},
		"a key as a center":      {headers: map[string]string{authn.HeaderInternal: adminKey}},
		"two callers":            {headers: map[string]string{"authorization": adminKey, authn.HeaderInternal: "Bearer " + inside}},
		"a made-up key":          bearer("opk_admin_" + strings.Repeat("0", 64)),
		"a revoked key":          bearer(revoked.Key),
		"a key and more":         {headers: map[string]string{"authorization": adminKey + "0"}},
		"a signature of nothing": {headers: map[string]string{authn.HeaderKeyID: w.callers[channel].keyID, authn.HeaderSignature: strings.Repeat("0", 64)}},
		"another's signature":    {keyID: w.callers[channel].keyID, secret: w.callers[channel2].secret},
	}
	// The proof that the instrument works: the same token without a fault is taken.
	taken, err := w.http().send(w.ctx, "GET", "/v1/store/staff", bearer(good), nil)
	require.NoError(t, err)
	require.Equal(t, 200, taken.code, taken)
}
