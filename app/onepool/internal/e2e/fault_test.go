package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	kerrors "github.com/go-kratos/kratos/v2/errors"
	_ "github.com/go-sql-driver/mysql" // registers the driver "mysql"
	"github.com/stretchr/testify/require"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/onepool/internal/client"
	"github.com/onepool/onepool/app/onepool/internal/importer"
	"github.com/onepool/onepool/app/onepool/internal/split"
	"github.com/onepool/onepool/configs"
)

const (
	killingFor    = 15 * time.Second
	killEvery     = time.Second
	outage        = 3 * time.Second
	traders       = 4
	tradePause    = 50 * time.Millisecond // of a trader between two orders: a frontend, not a benchmark
	pointsOfTrade = 1
)

// sale is what one order has come to, as its buyer was told.
type sale struct {
	order         *orderv1.OrderInfo
	paid, shipped bool
	refused       error
	requested     int
}

// trader buys as one member, one order after the other, and repeats what has no answer.
type trader struct {
	client   *client.Client
	operator *client.Client
	id       string
	place    *commonv1.GeoPoint
	skus     []string

	mu    sync.Mutex
	sales []*sale
	odd   []error // answers that nobody may ever get
}

// newTraders signs members in who are at home in different places, with a guide and without.
func newTraders(t *testing.T, ctx context.Context, operator *client.Client) []*trader {
	t.Helper()
	guest, err := operator.As(ctx, "")
	require.NoError(t, err)
	point := &commonv1.GeoPoint{Lat: 30.2552, Lng: 120.1631}
	list, err := guest.MiniProgram().ListProducts(ctx, &miniprogramv1.ListProductsRequest{PageSize: 200, Lat: &point.Lat, Lng: &point.Lng})
	require.NoError(t, err)
	var skus []string
	for _, product := range list.Products {
		if product.Available > 500 && len(skus) < 4 {
			skus = append(skus, product.Sku)
		}
	}
	require.Len(t, skus, 4)
	all := make([]*trader, traders)
	for i, phone := range []string{"19900000101", "19900000107", "19900000120", "19900000106"} {
		code, err := guest.MiniProgram().SendSignInCode(ctx, &miniprogramv1.SendCodeRequest{Phone: phone})
		require.NoError(t, err)
		in, err := guest.MiniProgram().SignIn(ctx, &miniprogramv1.SignInRequest{Phone: phone, Code: code.SandboxCode})
		require.NoError(t, err)
		member, err := operator.As(ctx, in.AccessToken)
		require.NoError(t, err)
		all[i] = &trader{client: member, operator: operator, id: in.Member.Id, place: point, skus: skus}
	}
	return all
}

// insist repeats a request until somebody has decided it, and notes answers that no fault excuses.
func insist[T any](ctx context.Context, tr *trader, call func(context.Context) (T, error)) (T, error) {
	return retrying(ctx, killingFor+2*finalWithin, func(ctx context.Context) (T, error) {
		got, err := call(ctx)
		if k := kerrors.FromError(err); err != nil && k.Reason == "INTERNAL" {
			tr.mu.Lock()
			tr.odd = append(tr.odd, err)
			tr.mu.Unlock()
		}
		return got, err
	})
}

// trade buys until stop is closed: an order, mostly paid, mostly shipped.
func (tr *trader) trade(ctx context.Context, chance *rand.Rand, stop <-chan struct{}) error {
	for {
		select {
		case <-stop:
			return nil
		case <-time.After(tradePause):
		}
		if err := tr.buy(ctx, chance.IntN(len(tr.skus)), 1+chance.IntN(2), chance.IntN(10) < 8, chance.IntN(10) < 6); err != nil {
			return err
		}
	}
}

func (tr *trader) buy(ctx context.Context, first, lines int, pay, ship bool) error {
	req := &orderv1.PlaceOrderRequest{RequestId: client.RequestID(), Channel: "miniprogram", MemberId: tr.id, Way: inventoryv1.DeliveryWay_PARCEL,
		Points: pointsOfTrade, FinalSaleSkus: tr.skus, Receiver: &orderv1.Receiver{Name: "Lin", Phone: "19900000101", Address: "Hubin", Point: tr.place}}
	for i := range lines {
		req.Lines = append(req.Lines, &orderv1.OrderLineInput{Sku: tr.skus[(first+i)%len(tr.skus)], Quantity: 1})
	}
	s := &sale{requested: lines}
	var err error
	if s.order, err = insist(ctx, tr, func(ctx context.Context) (*orderv1.OrderInfo, error) { return tr.client.Order().PlaceOrder(ctx, req) }); err != nil {
		if unknown(err) {
			return fmt.Errorf("placement: %w", err)
		}
		s.refused = err
	}
	tr.mu.Lock()
	tr.sales = append(tr.sales, s)
	tr.mu.Unlock()
	if s.refused != nil || !pay {
		return nil
	}
	open := &orderv1.CreatePaymentRequest{RequestId: client.RequestID(), OrderId: s.order.Id, Provider: "sandbox"}
	payment, err := insist(ctx, tr, func(ctx context.Context) (*orderv1.Payment, error) { return tr.client.Order().CreatePayment(ctx, open) })
	if err != nil {
		return fmt.Errorf("payment of %s: %w", s.order.Id, err)
	}
	if _, err = insist(ctx, tr, func(ctx context.Context) (*orderv1.PayInSandboxResponse, error) {
		paid, err := tr.client.Order().PayInSandbox(ctx, &orderv1.PayInSandboxRequest{PaymentId: payment.Id})
		if err == nil && paid.NotificationStatus != 200 { // a provider notifies again
			err = kerrors.ServiceUnavailable("NOT_TAKEN", strconv.Itoa(int(paid.NotificationStatus)))
		}
		return paid, err
	}); err != nil {
		return fmt.Errorf("capture of %s: %w", s.order.Id, err)
	}
	s.paid = true
	if !ship {
		return nil
	}
	for _, f := range s.order.Fulfilments {
		accept := &orderv1.AcceptFulfilmentRequest{RequestId: client.RequestID(), FulfilmentId: f.Id}
		if _, err := insist(ctx, tr, func(ctx context.Context) (*orderv1.Fulfilment, error) {
			return tr.operator.Order().AcceptFulfilment(ctx, accept)
		}); err != nil {
			return fmt.Errorf("accept %s: %w", f.Id, err)
		}
		send := &orderv1.ShipFulfilmentRequest{RequestId: client.RequestID(), FulfilmentId: f.Id, Carrier: "SF", TrackingNo: f.Id}
		if _, err := insist(ctx, tr, func(ctx context.Context) (*orderv1.Fulfilment, error) {
			return tr.operator.Order().ShipFulfilment(ctx, send)
		}); err != nil {
			return fmt.Errorf("ship %s: %w", f.Id, err)
		}
	}
	s.shipped = true
	return nil
}

// crowd lets all traders trade until finish is called.
func crowd(ctx context.Context, all []*trader, seed uint64) (finish func(t *testing.T)) {
	stop := make(chan struct{})
	var running sync.WaitGroup
	errs := make([]error, len(all))
	for i, tr := range all {
		running.Go(func() { errs[i] = tr.trade(ctx, rand.New(rand.NewPCG(seed, uint64(i))), stop) })
	}
	return func(t *testing.T) {
		t.Helper()
		close(stop)
		start := time.Now()
		running.Wait()
		t.Logf("the last request is decided after %s", time.Since(start).Round(time.Millisecond))
		for i, err := range errs {
			require.NoError(t, err)
			require.Empty(t, all[i].odd, "an outage is no defect: 503, never INTERNAL")
		}
	}
}

func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv("ONEPOOL_SEED"); given != "" {
		var err error
		seed, err = strconv.ParseUint(given, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("seed: ONEPOOL_SEED=%d", seed)
	return seed
}

// undelivered counts messages and distributed commands that are not final, in all centers.
func undelivered(t *testing.T, address, user, prefix string) (n int) {
	t.Helper()
	db, err := sql.Open("mysql", user+"@tcp("+address+")/")
	require.NoError(t, err)
	defer db.Close()
	for _, center := range process.Centers {
		var open int
		name := "`" + prefix + center + "`"
		require.NoError(t, db.QueryRow("SELECT (SELECT COUNT(*) FROM "+name+".outbox WHERE done_us = 0) + (SELECT COUNT(*) FROM "+name+
			".intents WHERE answer IS NULL AND refusal IS NULL)").Scan(&open))
		n += open
	}
	return n
}

// converges waits until everything is final and as the buyers were told.
func converges(t *testing.T, ctx context.Context, operator *client.Client, all []*trader, model *model, left func() int) {
	t.Helper()
	deadline := time.Now().Add(finalWithin)
	for open := left(); open > 0; open = left() {
		require.True(t, time.Now().Before(deadline), "%d messages and commands are not final %s after the last fault", open, finalWithin)
		time.Sleep(100 * time.Millisecond) // they are delivered by others
	}
	orders, refused := 0, 0
	for _, tr := range all {
		for _, s := range tr.sales {
			if s.refused != nil {
				refused++
				t.Logf("refused: %v", s.refused)
				continue
			}
			orders++
			for err := model.check(ctx, operator, tr, s); err != nil; err = model.check(ctx, operator, tr, s) {
				require.True(t, time.Now().Before(deadline), "%s after the last fault: %v", finalWithin, err)
				time.Sleep(100 * time.Millisecond) // the coordinator delivers what it has taken
			}
		}
	}
	require.NotZero(t, orders)
	t.Logf("%d orders, %d refused, final %s after the last fault", orders, refused, (finalWithin - time.Until(deadline)).Round(time.Millisecond))
	auditClean(t, operator)
}

// TestFaultsUnderLoad starts the split platform once, on a database server of its own, and lets people shop meanwhile.
func TestFaultsUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("starts every center as a process")
	}
	const prefix = "e2e_faults_"
	seed := seedOf(t)
	server := testkit.StartOwnMariaDB(t)
	address, user := server.Address()
	p := startSplitOn(t, address, user, prefix, "")
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	operator := admin(t, p.HTTP, p.Data())
	_, err := importer.Brand(ctx, operator, configs.Demo, "demo")
	require.NoError(t, err)
	all := newTraders(t, ctx, operator)
	model := newModel(t, ctx, operator, all)
	left := func() int { return undelivered(t, address, user, prefix) }

	require.True(t, t.Run("the database is killed", func(t *testing.T) {
		finish := crowd(ctx, all, seed)
		time.Sleep(2 * time.Second) // of load
		server.Kill(t)
		unavailable(t, ctx, all[0].client)
		server.Restart(t)
		_, err = retrying(ctx, 10*time.Second, func(ctx context.Context) (*orderv1.Cart, error) {
			return all[0].client.MiniProgram().GetCart(ctx, &miniprogramv1.GetMyCartRequest{})
		})
		require.NoError(t, err, "normal within 10 s")
		for _, name := range append([]string{split.Coordinator, split.Edge}, process.Centers...) {
			require.False(t, p.Gone(name), "%s did not survive", name)
		}
		time.Sleep(time.Second) // of load
		finish(t)
		converges(t, ctx, operator, all, model, left)
	}))
	t.Run("processes are killed at random", func(t *testing.T) {
		finish := crowd(ctx, all, seed+1)
		chance := rand.New(rand.NewPCG(seed, 1<<32))
		victims := append([]string{split.Coordinator, split.Coordinator}, process.Centers...)
		kills := map[string]int{}
		for end := time.Now().Add(killingFor); time.Now().Before(end); {
			next := time.After(killEvery)
			victim := victims[chance.IntN(len(victims))]
			require.NoError(t, p.Kill(victim))
			require.NoError(t, p.Start(ctx, victim))
			kills[victim]++
			<-next
		}
		t.Logf("killed: %v", kills)
		finish(t)
		converges(t, ctx, operator, all, model, left)
	})
}

// unavailable asks during the whole outage: 503, soon, and nothing else.
func unavailable(t *testing.T, ctx context.Context, member *client.Client) {
	t.Helper()
	for end := time.Now().Add(outage); time.Now().Before(end); time.Sleep(tradePause) {
		one, cancel := context.WithTimeout(ctx, 10*time.Second)
		_, err := member.MiniProgram().GetCart(one, &miniprogramv1.GetMyCartRequest{})
		cancel()
		require.Equal(t, 503, kerrors.Code(err), "without its database: %v", err)
		require.Equal(t, "UNAVAILABLE", kerrors.Reason(err))
		status, _, err := member.Send(ctx, "GET", "/healthz", nil, nil)
		require.NoError(t, err)
		require.Equal(t, 200, status, "the process lives")
	}
}
