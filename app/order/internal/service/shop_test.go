package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/clock"
	"github.com/onepool/onepool/app/internal/coordinator"
	"github.com/onepool/onepool/app/internal/coordinator/coordinatortest"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/outbox"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
	"github.com/onepool/onepool/app/order/internal/data/migrations"
	"github.com/onepool/onepool/app/order/internal/data/sandboxpay"
)

const (
	second = int64(1_000_000)
	start  = int64(1_800_000_000) * second
)

var (
	secretKey = []byte("0123456789abcdef0123456789abcdef")
	testTerms = biz.Terms{PayWindowUS: 600 * second, HoldGraceUS: 300 * second, ReturnWindowUS: 3600 * second, AutoReceiveUS: 7200 * second}

	ann    = tenancy.Principal{Kind: tenancy.Member, ID: "mbr_ann", Member: "mbr_ann"}.WithScope()
	bob    = tenancy.Principal{Kind: tenancy.Member, ID: "mbr_bob", Member: "mbr_bob"}.WithScope()
	boss   = tenancy.Principal{Kind: tenancy.HQ, ID: "boss", Org: "hq", Roles: []string{"admin"}}.WithScope()
	keeper = tenancy.Principal{Kind: tenancy.Franchisee, ID: "u_fra", Org: "fra", Store: "S2", Roles: []string{"manager"}}.WithScope()
	other  = tenancy.Principal{Kind: tenancy.Franchisee, ID: "u_oth", Org: "oth", Roles: []string{"manager"}}.WithScope()
	till   = tenancy.Principal{Kind: tenancy.Device, ID: "dev_1", Org: "fra", Store: "S2"}.WithScope()
	tmall  = tenancy.Principal{Kind: tenancy.Channel, ID: "acc_1", Org: "hq", Channel: "tmall"}.WithScope()
)

// shop is the order center on one engine with a real coordinator, among fake centers.
type shop struct {
	*Order
	t     *testing.T
	world *world
	clock *clock.Manual
	sent  *sent
	relay *outbox.Relay
	child *coordinator.Child

	config database.Config
}

// sent records what leaves by the outbox: a message that comes again is the same one, as for the coordinator.
type sent struct {
	mu    sync.Mutex
	calls []outbox.Call
	times map[string]int // by gid
}

// SubmitMessage takes a message once, as the coordinator does, which knows it by its gid.
func (s *sent) SubmitMessage(_ context.Context, gid string, calls []outbox.Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.times[gid]++; s.times[gid] == 1 {
		s.calls = append(s.calls, calls...)
	}
	return nil
}

func eachEngine(t *testing.T, test func(t *testing.T, s *shop)) {
	for _, engine := range testkit.AllEngines {
		t.Run(engine, func(t *testing.T) { test(t, openShop(t, testkit.Config(t, engine), newWorld())) })
	}
}

func openShop(t *testing.T, c database.Config, w *world) *shop {
	manual := clock.NewManual(start)
	c.Clock = manual
	db := testkit.Migrated(t, c, migrations.Files)
	child := coordinatortest.Start(t, coordinator.Config{})
	sagas, err := saga.New(saga.Config{Target: child.Addr(), Secret: secretKey})
	require.NoError(t, err)
	t.Cleanup(func() { _ = sagas.Close() })
	s := &shop{t: t, world: w, clock: manual, sent: &sent{times: map[string]int{}}, child: child, config: c}
	var public *httptest.Server
	sandbox, err := sandboxpay.New(secretKey, func() string { return public.URL }, data.NewSandboxBooks(db))
	require.NoError(t, err)
	s.Order = New(parts(t, db, w, sagas, sandbox), Settings{Terms: testTerms, Limits: Limits{200, 1_000_000}, FreightMinor: 1000, PageSecret: secretKey})
	public = httptest.NewServer(edge(s.Notified(sandbox)))
	t.Cleanup(public.Close)
	s.relay = outbox.NewRelay(db, s.sent, func(_ context.Context, err error) { t.Error(err) })
	serveBranch(t, s.Order, sagas, child)
	return s
}

func receivers(t testing.TB) *data.Receivers {
	r, err := data.NewReceivers(secretKey, []byte("fedcba9876543210fedcba9876543210"), "86")
	require.NoError(t, err)
	return r
}

func parts(t testing.TB, db *database.DB, w *world, sagas *saga.Coordinator, sandbox *sandboxpay.Provider) Parts {
	members := data.Members{Client: fakeMember{w: w}}
	stock, promotions := data.Stock{Client: fakeInventory{w: w}}, data.NewPromotions(db)
	return Parts{
		Promotions: promotions, Levels: data.NewLevels(db), Packing: data.Packing{Products: fakeProduct{w: w}, Stores: fakeStore{w: w}},
		DB: db, Orders: data.NewOrders(db, receivers(t)), Stock: stock, Answers: data.Answers{Client: fakeAnswers{w: w}}, Router: data.Router{Client: fakeRedirects{w: w}}, Tills: data.TillSales{Client: fakeTills{w: w}}, Points: members, Rebates: data.Rebates{Client: fakeRebate{w: w}}, Saga: sagas, Sandbox: sandbox,
		Seeker: biz.Seeker{Catalog: data.Catalog{Client: fakeProduct{w: w}, Lists: fakePrices{w: w}}, Sellers: data.Sellers{Client: fakeStore{w: w}}, Members: members, Promotions: promotions, Stock: stock, Returns: data.NewReturnPolicies(db, testTerms), Terms: data.NewTradeTerms(db), Reviews: data.NewReviewRules(db)},
		Report: func(_ context.Context, err error) { t.Log(err) },
	}
}

// edge answers as the platform's server does: with the public face of an error.
func edge(h func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			http.Error(w, kratos.Reason(fault.Public(err)), kratos.Code(fault.Public(err)))
		}
	})
}

func serveBranch(t testing.TB, o *Order, sagas *saga.Coordinator, child *coordinator.Child) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := grpc.NewServer(grpc.UnaryInterceptor(sagas.VerifyBranch()))
	require.NoError(t, saga.RegisterExecutor(g, map[string]saga.Handler{PlacementWorkflow: o.ResumePlacement, ReaddressWorkflow: o.ResumePlacement}))
	go func() { _ = g.Serve(lis) }()
	t.Cleanup(g.Stop)
	require.NoError(t, child.SetBranches(map[string]string{"order": lis.Addr().String()}))
}

func (s *shop) as(p tenancy.Principal) context.Context { return tenancy.NewContext(s.t.Context(), p) }

var requests int

func requestID() string {
	requests++
	return fmt.Sprintf("request-%016d", requests)
}

func wish(lines ...*orderv1.OrderLineInput) *orderv1.PlaceOrderRequest {
	return &orderv1.PlaceOrderRequest{
		RequestId: requestID(), Channel: "miniprogram", MemberId: "mbr_ann", Way: inventoryv1.DeliveryWay_PARCEL, Lines: lines,
		Receiver: &orderv1.Receiver{Name: "Ann", Phone: "13812345678", Address: "Nanjing Rd 1", Point: &commonv1.GeoPoint{Lat: 31.2, Lng: 121.4}},
	}
}

func line(sku string, quantity int64) *orderv1.OrderLineInput {
	return &orderv1.OrderLineInput{Sku: sku, Quantity: quantity}
}

// placed is an order of a tea and six cups, of which two come from another organisation's store.
func (s *shop) placed(points int64) *orderv1.OrderInfo {
	req := wish(line("tea", 1), line("cup", 6))
	req.Points = points
	o, err := s.PlaceOrder(s.as(ann), req)
	require.NoError(s.t, err)
	return o
}

func (s *shop) payment(o *orderv1.OrderInfo) *orderv1.Payment {
	p, err := s.CreatePayment(s.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "sandbox"})
	require.NoError(s.t, err)
	return p
}

// pay pays in the sandbox and returns the status that the platform answered to the provider.
func (s *shop) pay(p *orderv1.Payment) int32 {
	paid, err := s.PayInSandbox(s.as(ann), &orderv1.PayInSandboxRequest{PaymentId: p.Id})
	require.NoError(s.t, err)
	return paid.NotificationStatus
}

func (s *shop) paid(points int64) *orderv1.OrderInfo {
	o := s.placed(points)
	require.Equal(s.t, int32(200), s.pay(s.payment(o)))
	return s.get(o.Id)
}

func (s *shop) get(id string) *orderv1.OrderInfo {
	o, err := s.GetOrder(s.as(boss), &orderv1.GetOrderRequest{OrderId: id})
	require.NoError(s.t, err)
	return o
}

func (s *shop) ship(o *orderv1.OrderInfo) {
	for _, f := range o.Fulfilments {
		_, err := s.AcceptFulfilment(s.as(boss), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: f.Id})
		require.NoError(s.t, err)
		_, err = s.ShipFulfilment(s.as(boss), &orderv1.ShipFulfilmentRequest{RequestId: requestID(), FulfilmentId: f.Id, Carrier: "SF", TrackingNo: "SF1", AddressVersion: o.AddressVersion})
		require.NoError(s.t, err)
	}
}

func (s *shop) receive(o *orderv1.OrderInfo) {
	for _, f := range o.Fulfilments {
		_, err := s.ConfirmReceipt(s.as(ann), &orderv1.ConfirmReceiptRequest{RequestId: requestID(), FulfilmentId: f.Id})
		require.NoError(s.t, err)
	}
}

// later moves the clock and lets the timers do what is due.
func (s *shop) later(d time.Duration) {
	s.clock.Advance(d)
	require.NoError(s.t, errors.Join(s.Tick(s.t.Context()), s.TickPayments(s.t.Context())))
}

// leaving hands the outbox on and returns the methods of the calls that left, in their order.
func (s *shop) leaving() (methods []string) {
	for {
		n, err := s.relay.Once(s.t.Context())
		require.NoError(s.t, err)
		if n == 0 {
			break
		}
	}
	s.sent.mu.Lock()
	defer s.sent.mu.Unlock()
	for _, c := range s.sent.calls {
		s.world.apply(c)
		if c.Method == inventoryv1.InventoryBranch_ReleaseParts_FullMethodName { // inventory tells that it holds something else now
			defer s.told(read(c, &inventoryv1.ReleasePartsCall{}).Document)
		}
		methods = append(methods, c.Center+"."+c.Method[bytes.LastIndexByte([]byte(c.Method), '/')+1:])
	}
	s.sent.calls = nil
	return methods
}

// notify sends a notification as the provider would, signed at the time of the shop's clock.
func (s *shop) notify(raw string) int {
	now, _ := s.clock.NowUS(s.t.Context())
	at := strconv.FormatInt(now/second, 10)
	r := httptest.NewRequest(http.MethodPost, sandboxpay.Path, bytes.NewReader([]byte(raw)))
	r.Header.Set(sandboxpay.HeaderTimestamp, at)
	r.Header.Set(sandboxpay.HeaderSignature, sandboxpay.Sign(secretKey, at, []byte(raw)))
	w := httptest.NewRecorder()
	edge(s.Notified(s.Sandbox)).ServeHTTP(w, r)
	return w.Code
}

func requireReason(t *testing.T, reason string, err error) *kratos.Error {
	t.Helper()
	require.Error(t, err)
	e := kratos.FromError(fault.Public(err))
	require.Equal(t, reason, e.Reason, "%v", err)
	return e
}

// forged sends a notification with a signature that is not the provider's.
func (s *shop) forged(raw string) int {
	now, _ := s.clock.NowUS(s.t.Context())
	at := strconv.FormatInt(now/second, 10)
	r := httptest.NewRequest(http.MethodPost, sandboxpay.Path, bytes.NewReader([]byte(raw)))
	r.Header.Set(sandboxpay.HeaderTimestamp, at)
	r.Header.Set(sandboxpay.HeaderSignature, sandboxpay.Sign([]byte("another key of thirty-two bytes.."), at, []byte(raw)))
	w := httptest.NewRecorder()
	edge(s.Notified(s.Sandbox)).ServeHTTP(w, r)
	return w.Code
}

// audit is the center's own, two minutes after everything has been delivered. It returns what is violated.
func (s *shop) audit() map[string][]string {
	s.leaving()
	s.clock.Advance(2 * time.Minute)
	all, err := s.CheckInvariants(s.as(boss), &commonv1.CheckInvariantsRequest{})
	require.NoError(s.t, err)
	broken := map[string][]string{}
	for _, r := range all.Results {
		for _, e := range r.Examples {
			broken[r.Id] = append(broken[r.Id], e.Subject+": "+e.Detail)
		}
		require.Equal(s.t, r.Violations > 0, len(r.Examples) > 0)
	}
	return broken
}

func sqlite(t *testing.T) database.Config { return testkit.Config(t, database.SQLite) }

func reasonOf(err error) string { return kratos.Reason(err) }
func codeOf(err error) int      { return kratos.Code(err) }
