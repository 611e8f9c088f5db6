//go:build failpoint

package service

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/coordinator"
	"github.com/onepool/onepool/app/internal/coordinator/coordinatortest"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
	"github.com/onepool/onepool/app/order/internal/data/migrations"
	"github.com/onepool/onepool/app/order/internal/data/walletpay"
)

// finalWithin is what is promised after a restart.
const finalWithin = 30 * time.Second

// served are the fake centers as a process of their own would offer them: they outlive the order center.
type (
	servedProduct struct {
		productv1.UnimplementedProductServer
		f fakeProduct
	}
	servedStore struct {
		storev1.UnimplementedStoreServer
		f fakeStore
	}
	servedMember struct {
		memberv1.UnimplementedMemberServer
		f fakeMember
	}
	servedInventory struct {
		inventoryv1.UnimplementedInventoryServer
		f fakeInventory
	}
)

func (s servedProduct) GetSkus(ctx context.Context, in *productv1.GetSkusRequest) (*productv1.GetSkusResponse, error) {
	return s.f.GetSkus(ctx, in)
}
func (s servedStore) GetSellerFacts(ctx context.Context, in *storev1.GetSellerFactsRequest) (*storev1.SellerFacts, error) {
	return s.f.GetSellerFacts(ctx, in)
}
func (s servedMember) GetOrderFacts(ctx context.Context, in *memberv1.GetOrderFactsRequest) (*memberv1.OrderFacts, error) {
	return s.f.GetOrderFacts(ctx, in)
}
func (s servedMember) FreezePoints(ctx context.Context, in *memberv1.FreezePointsRequest) (*memberv1.FreezePointsResponse, error) {
	return s.f.FreezePoints(ctx, in)
}
func (s servedMember) UnfreezePoints(ctx context.Context, in *memberv1.UnfreezePointsRequest) (*memberv1.UnfreezePointsResponse, error) {
	return s.f.UnfreezePoints(ctx, in)
}
func (s servedInventory) Hold(ctx context.Context, in *inventoryv1.HoldRequest) (*inventoryv1.HoldResponse, error) {
	return s.f.Hold(ctx, in)
}
func (s servedInventory) GetAvailability(ctx context.Context, in *inventoryv1.GetAvailabilityRequest) (*inventoryv1.GetAvailabilityResponse, error) {
	return s.f.GetAvailability(ctx, in)
}
func (s servedInventory) ReleaseHold(ctx context.Context, in *inventoryv1.ReleaseHoldRequest) (*inventoryv1.ReleaseHoldResponse, error) {
	return s.f.ReleaseHold(ctx, in)
}

type servedWallets struct {
	memberv1.UnimplementedWalletsServer
	p *purse
}

func (s servedWallets) PayFromWallet(ctx context.Context, in *memberv1.PayFromWalletRequest) (*memberv1.WalletPayment, error) {
	return s.p.PayFromWallet(ctx, in)
}
func (s servedWallets) CloseWalletPayment(ctx context.Context, in *memberv1.CloseWalletPaymentRequest) (*memberv1.WalletPayment, error) {
	return s.p.CloseWalletPayment(ctx, in)
}
func (s servedWallets) RefundToWallet(ctx context.Context, in *memberv1.RefundToWalletRequest) (*memberv1.WalletRefund, error) {
	return s.p.RefundToWallet(ctx, in)
}

type servedPrices struct {
	productv1.UnimplementedPriceListsServer
	f fakePrices
}

func (s servedPrices) GetPrices(ctx context.Context, in *productv1.GetPricesRequest) (*productv1.GetPricesResponse, error) {
	return s.f.GetPrices(ctx, in)
}

func (w *world) serve(t *testing.T, p *purse) string {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := grpc.NewServer()
	productv1.RegisterProductServer(g, servedProduct{f: fakeProduct{w: w}})
	productv1.RegisterPriceListsServer(g, servedPrices{f: fakePrices{w: w}})
	storev1.RegisterStoreServer(g, servedStore{f: fakeStore{w: w}})
	memberv1.RegisterMemberServer(g, servedMember{f: fakeMember{w: w}})
	memberv1.RegisterWalletsServer(g, servedWallets{p: p})
	inventoryv1.RegisterInventoryServer(g, servedInventory{f: fakeInventory{w: w}})
	go func() { _ = g.Serve(lis) }()
	t.Cleanup(g.Stop)
	return lis.Addr().String()
}

// remoteParts are a center whose others are behind one address.
func remoteParts(t *testing.T, db *database.DB, address string, sagas *saga.Coordinator) Parts {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	members, promotions := data.Members{Client: memberv1.NewMemberClient(conn)}, data.NewPromotions(db)
	return Parts{
		Promotions: promotions,
		DB:         db, Orders: data.NewOrders(db, receivers(t)), Stock: data.Stock{Client: inventoryv1.NewInventoryClient(conn)}, Points: members, Saga: sagas,
		Rebates: data.Rebates{Client: rebatev1.NewRebateClient(conn)}, Payer: walletpay.New(memberv1.NewWalletsClient(conn)),
		Seeker: biz.Seeker{
			Catalog: data.Catalog{Client: productv1.NewProductClient(conn), Lists: productv1.NewPriceListsClient(conn)}, Sellers: data.Sellers{Client: storev1.NewStoreClient(conn)}, Members: members, Promotions: promotions, Stock: data.Stock{Client: inventoryv1.NewInventoryClient(conn)}, Returns: data.NewReturnPolicies(db, testTerms), Terms: data.NewTradeTerms(db),
		},
		Report: func(_ context.Context, err error) { t.Log(err) },
	}
}

var killSettings = Settings{Terms: testTerms, Limits: Limits{200, 1_000_000}, FreightMinor: 1000, PageSecret: secretKey}

// killed is a placement whose center was killed at a point.
type killed struct {
	point   string
	refused bool
	req     *orderv1.PlaceOrderRequest
	sale    *orderv1.SellAtTillRequest // instead, for what only a till does
}

// method, caller and request of the placement.
func (k killed) asked(s *shop) (string, context.Context, command.Request) {
	if k.sale != nil {
		return orderv1.Order_SellAtTill_FullMethodName, s.served(till), k.sale
	}
	return orderv1.Order_PlaceOrder_FullMethodName, s.as(ann), k.req
}

// place places it, or asks for the answer.
func (k killed) place(o *Order, s *shop) (*orderv1.OrderInfo, error) {
	_, ctx, _ := k.asked(s)
	if k.sale != nil {
		return o.SellAtTill(ctx, k.sale)
	}
	return o.PlaceOrder(ctx, k.req)
}

// kills are all points of a placement, found from its steps: both sides of each step of one that succeeds, and of each undo of
// one that is refused.
func kills() []killed {
	all := []killed{{point: "command.intent.commit.after"}, {point: "order.place.final.before"}, {point: "order.place.final.after"},
		{point: "order.place.abandon.before", refused: true}, {point: "order.place.abandon.after", refused: true}}
	for _, step := range placementSteps() {
		for _, side := range []string{"before", "after"} {
			all = append(all, killed{point: "order.place." + step + "." + side}, killed{point: "order.place." + step + ".undo." + side, refused: true})
		}
	}
	return all
}

// placementSteps are the steps of a placement that has all that a placement may have.
func placementSteps() (names []string) {
	p := &biz.Placement{}
	whole(reflect.ValueOf(&p.Draft).Elem(), 0)
	for _, step := range p.Steps() {
		names = append(names, step.Name)
	}
	return names
}

// whole fills every field, so that no step is left out because there is nothing to do for it.
func whole(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			whole(v.Field(i), depth)
		}
	case reflect.Pointer:
		if depth < 4 {
			v.Set(reflect.New(v.Type().Elem()))
			whole(v.Elem(), depth+1)
		}
	case reflect.Slice:
		if depth < 4 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			whole(v.Index(0), depth+1)
		}
	case reflect.String:
		v.SetString("x")
	case reflect.Int64:
		v.SetInt(1)
	case reflect.Bool:
		v.SetBool(true)
	}
}

// The order center is killed at each point of a placement. After its restart each placement comes to the same end
// everywhere, be it by the center's worker or by the coordinator's call.
func TestAPlacementSurvivesEachKillPoint(t *testing.T) {
	for _, engine := range testkit.AllEngines {
		for _, by := range []string{"worker", "coordinator"} {
			t.Run(engine+" by "+by, func(t *testing.T) { surviveKills(t, testkit.Config(t, engine), by) })
		}
	}
}

func surviveKills(t *testing.T, c database.Config, by string) {
	db := testkit.Migrated(t, c, migrations.Files)
	child := coordinatortest.Start(t, coordinator.Config{})
	sagas, err := saga.New(saga.Config{Target: child.Addr(), Secret: secretKey})
	require.NoError(t, err)
	t.Cleanup(func() { _ = sagas.Close() })
	w := newWorld()
	w.stock["S1"]["tea"], w.points["mbr_ann"] = 100, 10_000
	w.stock["S2"]["tea"] = 1000
	stored := &purse{balance: 100_000, entries: map[string]*memberv1.WalletPayment{}, refunds: map[string]*memberv1.WalletRefund{}}
	promoted := &shop{t: t, Order: New(Parts{DB: db, Promotions: data.NewPromotions(db)}, killSettings)}
	terms := off(1000)
	terms.BudgetMinor = 1_000_000
	promoted.put("BUDGET", 0, terms)
	promoted.put("COUPON", 0, couponed(500, 0, 0, 0))
	address, branch := w.serve(t, stored), freeAddress(t)
	require.NoError(t, child.SetBranches(map[string]string{"order": branch}))
	helper := func(mode string, env ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledOrderCenter$")
		cmd.Env = append(os.Environ(), append(env, "HELPER_MODE="+mode, "HELPER_WORLD="+address, "HELPER_DTM="+child.Addr(), "HELPER_BRANCH="+branch,
			"HELPER_ENGINE="+c.Engine, "HELPER_PATH="+c.Path, "HELPER_DSN="+c.DSN)...)
		return cmd
	}
	var all []killed
	for _, k := range kills() {
		if by == "coordinator" && k.point == "command.intent.commit.after" {
			continue // it has not heard of this one: the worker's
		}
		k.req = wish(line("tea", 2))
		k.req.CouponIds = []string{promoted.claim("COUPON").Id}
		k.req.Points = 300
		if k.refused {
			k.req.Points = 300_000
		}
		mode := "place"
		if strings.HasPrefix(k.point, "order.place.wallet.") {
			mode, k.sale = "sell", sale("R-"+k.point, 0, line("tea", 1))
			if k.sale.Points, k.sale.WalletMinor = 0, 19900-1000; k.refused {
				k.sale.Lines[0].Quantity, k.sale.WalletMinor = 50, 50*19900-1000
			}
		}
		_, _, req := k.asked(promoted)
		text, err := protojson.Marshal(req)
		require.NoError(t, err)
		out, err := helper(mode, "FAILPOINT="+k.point+"=kill", "HELPER_REQUEST="+string(text)).CombinedOutput()
		exit, ok := errors.AsType[*exec.ExitError](err)
		require.True(t, ok && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL, "%s: %v: %s", k.point, err, out)
		all = append(all, k)
	}

	restarted := helper(by)
	lifeline, err := restarted.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, restarted.Start())
	t.Cleanup(func() { _ = lifeline.Close(); _ = restarted.Process.Kill(); _ = restarted.Wait() })
	began, placed, sold := time.Now(), int64(0), int64(0)
	for _, k := range all {
		require.Eventually(t, func() bool {
			method, ctx, req := k.asked(promoted)
			in, err := command.Find(ctx, db, method, req)
			if err != nil || in == nil || !in.Done() {
				return false
			}
			status, err := sagas.Query(t.Context(), in.GID)
			return err == nil && (status == saga.Succeeded || status == saga.Failed || by == "worker")
		}, time.Until(began.Add(finalWithin)), 50*time.Millisecond, k.point)
		switch {
		case k.refused:
		case k.sale != nil:
			sold++
		default:
			placed++
		}
	}
	t.Logf("all final after %v", time.Since(began))

	o := New(remoteParts(t, db, address, sagas), killSettings)
	for _, k := range all {
		answer, err := k.place(o, promoted)
		if k.refused {
			requireReason(t, map[bool]string{false: "POINTS_INSUFFICIENT", true: "WALLET_INSUFFICIENT"}[k.sale != nil], err)
			continue
		}
		require.NoError(t, err, k.point)
		kept, err := o.GetOrder(promoted.as(ann), &orderv1.GetOrderRequest{OrderId: answer.Id})
		require.NoError(t, err)
		require.Equal(t, answer.String(), kept.String())
	}
	// What each step has done in all, and what it must have done: once for each order, and nothing for the refused. What is left
	// to undo, the coordinator's call does where the worker has nothing to resume.
	effects := map[string]func() (has, must int64){
		"hold": func() (int64, int64) { return 100 - w.stock["S1"]["tea"], 2 * placed },
		"wallet": func() (int64, int64) {
			stored.mu.Lock()
			defer stored.mu.Unlock()
			return 100_000 - stored.balance, 18_900 * sold
		},
		"points": func() (int64, int64) { return 10_000 - w.points["mbr_ann"], 300 * placed },
		"promotions": func() (int64, int64) {
			p, err := promoted.promotions().GetPromotion(promoted.as(promoting), &orderv1.GetPromotionRequest{Code: "BUDGET"})
			require.NoError(t, err)
			has, must := p.UsedMinor, 1000*(placed+sold)
			for _, k := range all {
				if k.sale != nil {
					continue
				}
				if state := promoted.coupon(k.req.CouponIds[0]).State; (state == orderv1.CouponState_COUPON_LOCKED) == k.refused {
					has++
				}
			}
			return has, must
		},
	}
	for _, step := range placementSteps() {
		effect := effects[step]
		require.NotNil(t, effect, "step %s: what must be there of it after a kill?", step)
		require.Eventually(t, func() bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			has, must := effect()
			return has == must || by == "worker" && has > must
		}, finalWithin, 50*time.Millisecond, step)
	}
}

func freeAddress(t *testing.T) string {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer lis.Close()
	return lis.Addr().String()
}

// TestKilledOrderCenter is the process that is killed, or started again; in an ordinary run it does nothing.
func TestKilledOrderCenter(t *testing.T) {
	mode := os.Getenv("HELPER_MODE")
	if mode == "" {
		t.Skip("runs as a process of its own")
	}
	db := testkit.Open(t, database.Config{Name: "test", Engine: os.Getenv("HELPER_ENGINE"), Path: os.Getenv("HELPER_PATH"), DSN: os.Getenv("HELPER_DSN")})
	sagas, err := saga.New(saga.Config{Target: os.Getenv("HELPER_DTM"), Secret: secretKey})
	require.NoError(t, err)
	o := New(remoteParts(t, db, os.Getenv("HELPER_WORLD"), sagas), killSettings)
	if mode != "worker" {
		lis, err := net.Listen("tcp", os.Getenv("HELPER_BRANCH"))
		require.NoError(t, err)
		g := grpc.NewServer(grpc.UnaryInterceptor(sagas.VerifyBranch()))
		require.NoError(t, saga.RegisterExecutor(g, map[string]saga.Handler{PlacementWorkflow: o.ResumePlacement, ReaddressWorkflow: o.ResumePlacement}))
		go func() { _ = g.Serve(lis) }()
	}
	switch mode {
	case "place":
		req := &orderv1.PlaceOrderRequest{}
		require.NoError(t, protojson.Unmarshal([]byte(os.Getenv("HELPER_REQUEST")), req))
		placed, err := o.PlaceOrder((&shop{t: t}).as(ann), req)
		t.Fatal("still alive", placed, err)
	case "sell":
		req := &orderv1.SellAtTillRequest{}
		require.NoError(t, protojson.Unmarshal([]byte(os.Getenv("HELPER_REQUEST")), req))
		sold, err := o.SellAtTill((&shop{t: t}).served(till), req)
		t.Fatal("still alive", sold, err)
	case "worker":
		go func() {
			for {
				_ = o.ResumeOrphans(t.Context())
				time.Sleep(500 * time.Millisecond)
			}
		}()
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent ends
}

// The coordinator is killed in the middle of a placement: the order is placed, or the repeat says so.
func TestAPlacementSurvivesTheCoordinatorsDeath(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		disarm, err := failpoint.Arm("order.place.hold.after=sleep:300")
		require.NoError(t, err)
		defer disarm()
		req := wish(line("tea", 2))
		go func() {
			time.Sleep(100 * time.Millisecond)
			_ = syscall.Kill(s.child.PID(), syscall.SIGKILL)
		}()
		require.Eventually(t, func() bool {
			_, err := s.PlaceOrder(s.as(ann), req)
			if err != nil {
				require.Equal(t, fault.ReasonInProgress, kratos.Reason(fault.Public(err)))
			}
			return err == nil
		}, finalWithin, 100*time.Millisecond)
		require.Equal(t, 1, s.world.holdings)
		require.Empty(t, s.audit())
	})
}
