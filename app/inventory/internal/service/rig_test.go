package service

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/clock"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/outbox"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
	"github.com/onepool/onepool/app/inventory/internal/data/migrations"
)

var pageSecret = []byte("0123456789abcdef0123456789abcdef")

// rig is a center without its listeners.
type rig struct {
	*Inventory
	*Reservations
	*Stockroom
	*Transfers
	*Stocktakes
	*Kits
	*Presales
	*Assignments
	workers Workers
	branch  *Branch
	shares  *Sharing
	till    *TillSales
	db      *database.DB
	store   *data.Store
	shop    *products
	clock   *clock.Manual // the database's
	told    *told
}

// told is the coordinator: it knows which orders' allocations have changed.
type told struct {
	mu        sync.Mutex
	documents map[string]int
}

func (c *told) SubmitMessage(_ context.Context, _ string, calls []outbox.Call) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, call := range calls {
		var in orderv1.ReallocatedCall
		if err := proto.Unmarshal(call.Payload, &in); err != nil {
			return err
		}
		c.documents[in.Document]++
	}
	return nil
}

// deliver hands all messages on, and says how many there were of each document so far.
func (r *rig) deliver(t testing.TB) map[string]int {
	t.Helper()
	relay := outbox.NewRelay(r.db, r.told, func(_ context.Context, err error) { t.Error(err) })
	for {
		n, err := relay.Once(t.Context())
		require.NoError(t, err)
		if n == 0 {
			r.told.mu.Lock()
			defer r.told.mu.Unlock()
			return maps.Clone(r.told.documents)
		}
	}
}

func newRig(db *database.DB) *rig {
	store := data.New(db, pageSecret)
	shop := &products{}
	known := data.Catalogue{Client: shop}
	categories := data.NewCategories(shop)
	r := &rig{shop: shop, Reservations: NewReservations(db, store, categories), Stockroom: NewStockroom(db, store, func(string) {}), Transfers: NewTransfers(db, store, data.Catalogue{Client: shop}), Kits: NewKits(db, store, known), Presales: NewPresales(db, store, known), Stocktakes: NewStocktakes(db, store, data.Catalogue{Client: shop}), Inventory: New(db, store, data.Catalogue{Client: shop}, biz.NearThenSplit(), categories, func(string) {}), branch: NewBranch(db, store, slog.New(slog.DiscardHandler)), db: db, store: store, told: &told{documents: map[string]int{}}}
	r.till = NewTillSales(db, store, data.Catalogue{Client: shop}, categories, biz.NearThenSplit())
	r.shares = NewSharing(db, store, data.Catalogue{Client: shop}, categories)
	r.Assignments, r.workers = NewAssignments(r.Inventory), NewWorkers(r.Inventory, r.till)
	r.branch.branchOf = func(ctx context.Context) (saga.Branch, bool) {
		b, ok := ctx.Value(branchKey{}).(saga.Branch)
		return b, ok
	}
	return r
}

// contract runs a suite on each engine.
func contract(t *testing.T, suite func(t *testing.T, r *rig)) {
	for _, engine := range testkit.AllEngines {
		t.Run(engine, func(t *testing.T) {
			config := testkit.Config(t, engine)
			hands := clock.NewManual(time.Now().UnixMicro())
			config.Clock = hands
			r := newRig(testkit.Migrated(t, config, migrations.Files))
			r.clock = hands
			suite(t, r)
		})
	}
}

type branchKey struct{}

// called is a context of the coordinator: another branch each time.
func called(ctx context.Context) context.Context {
	return sameCall(ctx, saga.Branch{GID: ids.GID("tt", ids.New("tst"), 1), ID: "01", Op: "action"})
}

func sameCall(ctx context.Context, b saga.Branch) context.Context {
	return context.WithValue(ctx, branchKey{}, b)
}

func hq(ctx context.Context, roles ...string) context.Context {
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: tenancy.HQ, ID: "boss", Org: "HQ", Roles: roles}.WithScope())
}

func franchisee(ctx context.Context, org string, roles ...string) context.Context {
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: tenancy.Franchisee, ID: "u-" + org, Org: org, Roles: roles}.WithScope())
}

func member(ctx context.Context) context.Context {
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: tenancy.Member, ID: "mbr_1", Member: "mbr_1"}.WithScope())
}

func order(ctx context.Context) context.Context {
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: tenancy.Service, ID: "order"})
}

var requests atomic.Int64

func requestID() string { return fmt.Sprintf("request-%016d", requests.Add(1)) }

func location(code, org string, kind inventoryv1.LocationKind, lat, lng float64) *inventoryv1.LocationFacts {
	return &inventoryv1.LocationFacts{Code: code, Name: "Tea " + code, Org: org, Kind: kind, Point: &commonv1.GeoPoint{Lat: lat, Lng: lng}, Active: true, Shared: true,
		Ways:             []inventoryv1.DeliveryWay{inventoryv1.DeliveryWay_PARCEL, inventoryv1.DeliveryWay_PICKUP, inventoryv1.DeliveryWay_LOCAL_DELIVERY},
		SettlementRateBp: 6050, FulfilmentFeeMinor: 300, Version: 1}
}

func (r *rig) put(t testing.TB, locations ...*inventoryv1.LocationFacts) {
	t.Helper()
	_, err := r.branch.PutLocations(called(t.Context()), &inventoryv1.PutLocationsCall{Locations: locations})
	require.NoError(t, err)
}

// city puts a warehouse far away, two direct stores and a franchise store in town.
func (r *rig) city(t testing.TB) {
	t.Helper()
	r.put(t,
		location("W-01", "HQ", inventoryv1.LocationKind_WAREHOUSE, 31.40, 121.50),
		location("S-01", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2310, 121.4740),
		location("S-02", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2400, 121.4800),
		location("F-01", "FR1", inventoryv1.LocationKind_FRANCHISE_STORE, 31.2306, 121.4738),
	)
}

var square = &commonv1.GeoPoint{Lat: 31.2304, Lng: 121.4737}

func (r *rig) stock(t testing.TB, at, sku string, qty int64) {
	t.Helper()
	_, err := r.ReceiveStock(hq(t.Context(), "operator"), &inventoryv1.ReceiveStockRequest{RequestId: requestID(), Document: "opening",
		Lines: []*inventoryv1.StockLine{{Location: at, Sku: sku, Quantity: qty}}})
	require.NoError(t, err)
}

func line(id, sku string, qty int64) *inventoryv1.HoldLine {
	return &inventoryv1.HoldLine{LineId: id, Sku: sku, Quantity: qty, ListPriceMinor: 9990}
}

func parcel(document string, lines ...*inventoryv1.HoldLine) *inventoryv1.HoldRequest {
	return &inventoryv1.HoldRequest{RequestId: requestID(), Document: document, Channel: "miniprogram", SellerOrg: "HQ", Way: inventoryv1.DeliveryWay_PARCEL, Destination: square, Lines: lines}
}

func (r *rig) rows(t testing.TB, at, sku string) *inventoryv1.Stock {
	t.Helper()
	got, err := r.ListStock(hq(t.Context()), &inventoryv1.ListStockRequest{Location: at, Sku: sku})
	require.NoError(t, err)
	require.Len(t, got.Stock, 1)
	return got.Stock[0]
}

// audit fails when an invariant is broken.
func (r *rig) audit(t testing.TB) {
	t.Helper()
	r.deliver(t)
	got, err := r.CheckInvariants(hq(t.Context(), "admin"), &commonv1.CheckInvariantsRequest{})
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, result := range got.Results {
		seen[result.Id] = true
		require.Zero(t, result.Violations, "%s: %v", result.Id, result.Examples)
	}
	for _, id := range []string{"I1", "I2", "I3", "I3b", "I4", "I5", "I14", "I17", "I19", "I1a", "I1b", "I1c", "I1d"} {
		require.True(t, seen[id], "%s was not checked", id)
	}
}

func (r *rig) expire(t testing.TB) int {
	t.Helper()
	n, err := biz.Expire{Due: r.store, Together: r.store.Together, NowUS: r.db.Now, Hit: func(string) {}}.Run(tenancy.WithService(t.Context(), "expiry"))
	require.NoError(t, err)
	return n
}

func reasonOf(err error) string { return kratos.Reason(fault.Public(err)) }

func messageOf(err error) string { return kratos.FromError(fault.Public(err)).Message }

func metadataOf(err error) map[string]string { return kratos.FromError(fault.Public(err)).Metadata }

// nowUS is the database's time.
func (r *rig) nowUS(t testing.TB) int64 {
	t.Helper()
	now, err := r.db.Now(t.Context())
	require.NoError(t, err)
	return now
}
