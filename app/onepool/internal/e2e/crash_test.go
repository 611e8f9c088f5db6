package e2e

import (
	"context"

	"testing"
	"time"

	kerrors "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/onepool/internal/client"
	"github.com/onepool/onepool/app/onepool/internal/importer"
	"github.com/onepool/onepool/app/onepool/internal/split"
	"github.com/onepool/onepool/configs"
)

// finalWithin is how soon after the restart an order must be placed or refused.
const finalWithin = 30 * time.Second

// crashPoint is a process that dies in the middle of a checkout. point is armed in it before; without one it is killed
// before the checkout begins.
type crashPoint struct {
	name, victim, point string
}

var crashPoints = []crashPoint{
	{"the order center after it has written down what it is about to do", "order", "command.intent.commit.after"},
	{"the order center with stock held and nothing decided", "order", "order.place.final.before"},
	{"the order center between its decision and its reply", "order", "order.place.final.after"},
	{"the inventory center before it holds", "inventory", "command.group.tx.before"},
	{"the inventory center after it held, before its reply", "inventory", "command.group.reply.before"},
	{"the member center after it froze points, before its reply", "member", "command.local.reply.before"},
	{"the product center", "product", ""},
	{"the store center", "store", ""},
	{"the coordinator", split.Coordinator, ""},
}

func TestACrashDuringCheckoutEndsInPlacedOrRefused(t *testing.T) {
	if testing.Short() {
		t.Skip("starts every center as a process")
	}
	p := startSplit(t, "e2e_crash_", "")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	operator := admin(t, p.HTTP, p.Data())
	_, err := importer.Brand(ctx, operator, configs.Demo, "demo")
	require.NoError(t, err)
	s := newShopper(t, ctx, operator)

	for _, crash := range crashPoints {
		t.Run(crash.name, func(t *testing.T) {
			s.fillCart(t, ctx)
			before := s.points(t, ctx)
			require.NoError(t, p.Kill(crash.victim))
			if crash.point != "" {
				require.NoError(t, p.Start(ctx, crash.victim, "FAILPOINT="+crash.point))
			}
			req := s.checkout()
			_, err := retrying(ctx, 2*time.Second, func(ctx context.Context) (*orderv1.OrderInfo, error) {
				return s.client.MiniProgram().Checkout(ctx, req)
			})
			require.Error(t, err, "the checkout must meet the crash")
			require.True(t, unknown(err), "an outcome that is not known must not look like a refusal: %v", err)
			if crash.point != "" {
				require.Eventually(t, func() bool { return p.Gone(crash.victim) }, 10*time.Second, 20*time.Millisecond, "%s was not reached", crash.point)
				require.NoError(t, p.Kill(crash.victim))
			}

			require.NoError(t, p.Start(ctx, crash.victim))
			order, err := retrying(ctx, finalWithin, func(ctx context.Context) (*orderv1.OrderInfo, error) {
				return s.client.MiniProgram().Checkout(ctx, req)
			})
			require.False(t, err != nil && unknown(err), "still not known after %s: %v", finalWithin, err)
			if err != nil {
				s.nothingHeld(t, ctx, before, err)
				return
			}
			s.agrees(t, ctx, operator, order, before)
		})
	}
	auditClean(t, operator)
}

// retrying repeats a request with its request id while its outcome is not known, as a frontend does.
func retrying[T any](ctx context.Context, limit time.Duration, call func(context.Context) (T, error)) (T, error) {
	deadline := time.Now().Add(limit)
	for {
		one, cancel := context.WithTimeout(ctx, 5*time.Second)
		got, err := call(one)
		cancel()
		if err == nil || !unknown(err) || time.Now().After(deadline) {
			return got, err
		}
		time.Sleep(100 * time.Millisecond) // a frontend's pause between two tries
	}
}

// unknown tells "nobody knows yet" from a decision: lost connections, time-outs, 5xx and overload.
func unknown(err error) bool {
	code := kerrors.Code(err)
	return code >= 500 || code == 429 || code == 408 || code == 499
}

type shopping struct {
	client *client.Client
	place  *commonv1.GeoPoint
	skus   []string
}

const pointsAtStake = 50

func newShopper(t *testing.T, ctx context.Context, operator *client.Client) *shopping {
	t.Helper()
	guest, err := operator.As(ctx, "")
	require.NoError(t, err)
	code, err := guest.MiniProgram().SendSignInCode(ctx, &miniprogramv1.SendCodeRequest{Phone: "19900000102"})
	require.NoError(t, err)
	in, err := guest.MiniProgram().SignIn(ctx, &miniprogramv1.SignInRequest{Phone: "19900000102", Code: code.SandboxCode})
	require.NoError(t, err)
	member, err := operator.As(ctx, in.AccessToken)
	require.NoError(t, err)
	s := &shopping{client: member, place: &commonv1.GeoPoint{Lat: 30.2552, Lng: 120.1631}}
	list, err := guest.MiniProgram().ListProducts(ctx, &miniprogramv1.ListProductsRequest{PageSize: 200, Lat: &s.place.Lat, Lng: &s.place.Lng})
	require.NoError(t, err)
	for _, product := range list.Products {
		if product.Available > 100 && len(s.skus) < 3 {
			s.skus = append(s.skus, product.Sku)
		}
	}
	require.Len(t, s.skus, 3)
	return s
}

func (s *shopping) fillCart(t *testing.T, ctx context.Context) {
	t.Helper()
	for _, sku := range s.skus {
		_, err := retrying(ctx, 10*time.Second, func(ctx context.Context) (*orderv1.Cart, error) {
			return s.client.MiniProgram().SetCartLine(ctx, &miniprogramv1.SetMyCartLineRequest{RequestId: client.RequestID(), Sku: sku, Quantity: 1})
		})
		require.NoError(t, err)
	}
}

func (s *shopping) checkout() *miniprogramv1.CheckoutRequest {
	return &miniprogramv1.CheckoutRequest{RequestId: client.RequestID(), Way: inventoryv1.DeliveryWay_PARCEL, Points: pointsAtStake, FinalSaleSkus: s.skus,
		Receiver: &orderv1.Receiver{Name: "Lin", Phone: "19900000102", Address: "Hubin", Point: s.place}}
}

func (s *shopping) points(t *testing.T, ctx context.Context) int64 {
	t.Helper()
	me, err := retrying(ctx, 10*time.Second, func(ctx context.Context) (*miniprogramv1.Me, error) {
		return s.client.MiniProgram().GetMe(ctx, &miniprogramv1.GetMeRequest{})
	})
	require.NoError(t, err)
	return me.Points.Frozen
}

// agrees holds a placed order against the other centers: each line is held in full, the points are frozen once.
func (s *shopping) agrees(t *testing.T, ctx context.Context, operator *client.Client, order *orderv1.OrderInfo, frozenBefore int64) {
	t.Helper()
	require.Equal(t, orderv1.OrderState_UNPAID, order.State)
	held, err := operator.Inventory().ListReservations(ctx, &inventoryv1.ListReservationsRequest{Documents: []string{order.Id}})
	require.NoError(t, err)
	byLine := map[string]int64{}
	for _, h := range held.Reservations {
		require.Equal(t, inventoryv1.ReservationState_HELD, h.State)
		byLine[h.LineId] += h.Open
	}
	require.Len(t, order.Lines, len(s.skus))
	for _, line := range order.Lines {
		require.Equal(t, line.Quantity, byLine[line.LineId], "line %s", line.LineId)
	}
	require.Equal(t, frozenBefore+pointsAtStake, s.points(t, ctx))
	again, err := s.client.MiniProgram().GetOrder(ctx, &miniprogramv1.GetMyOrderRequest{OrderId: order.Id})
	require.NoError(t, err, "an acknowledged order is lost")
	require.Equal(t, order.Id, again.Id)
}

// nothingHeld: a refused order leaves no points frozen. That no stock is held without an order is what the audit says.
func (s *shopping) nothingHeld(t *testing.T, ctx context.Context, frozenBefore int64, refusal error) {
	t.Helper()
	deadline := time.Now().Add(finalWithin)
	for s.points(t, ctx) != frozenBefore {
		require.True(t, time.Now().Before(deadline), "refused (%v), and points are still frozen", refusal)
		time.Sleep(200 * time.Millisecond) // until the compensation has arrived
	}
	t.Logf("refused: %v", refusal)
}
