package data

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/internal/sequence"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data/migrations"
)

// replicas runs a suite on each engine with two stores on one database.
func replicas(t *testing.T, suite func(ctx context.Context, t *testing.T, one, two *Store)) {
	for _, engine := range testkit.AllEngines {
		t.Run(engine, func(t *testing.T) {
			config := testkit.Config(t, engine)
			one := New(testkit.Migrated(t, config, migrations.Files), nil)
			suite(tenancy.WithService(t.Context(), "test"), t, one, New(testkit.Open(t, config), nil))
		})
	}
}

// receive books pieces in, in one commit.
func receive(ctx context.Context, s *Store, ref string, keys ...biz.StockKey) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		book, err := s.Open(ctx, "test")
		if err != nil {
			return err
		}
		org := map[string]string{}
		for _, k := range keys {
			org[k.Location] = "HQ"
		}
		if err := s.LockStock(ctx, book, keys, org); err != nil {
			return err
		}
		for _, k := range keys {
			if err := book.Receive(k, 1, biz.Movement{Reason: biz.ReasonReceive, Document: "d", Ref: ref}); err != nil {
				return err
			}
		}
		return s.Write(ctx, book.Changes())
	})
}

// work runs a worker until the test ends.
func work(ctx context.Context, t *testing.T, run func(context.Context)) {
	ctx, stop := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() { run(ctx) })
	t.Cleanup(func() {
		stop()
		ended.Wait()
	})
}

func noReport(context.Context, error) {}

// pieces is what the pool has of a SKU at a location.
func pieces(ctx context.Context, t *testing.T, s *Store, sku, location string) int64 {
	t.Helper()
	p, err := s.Pool(ctx)
	require.NoError(t, err)
	return p.Stock.Shelf(sku).At(p.Stock.Number(location), p.NowUS).Online
}

func TestACommitIsInEveryReplicasPoolWithinASecond(t *testing.T) {
	replicas(t, func(ctx context.Context, t *testing.T, one, two *Store) {
		key := biz.StockKey{SKU: "LJ", Location: "S-01", Owner: "HQ"}
		require.NoError(t, receive(ctx, one, "0", key))
		for _, s := range []*Store{one, two} {
			work(ctx, t, func(ctx context.Context) { s.Sequence(ctx, noReport) })
			work(ctx, t, func(ctx context.Context) { s.FollowStock(ctx, noReport) })
			require.Eventually(t, func() bool { return s.PoolReady() == nil }, 10*time.Second, time.Millisecond)
		}
		for i := range int64(5) {
			require.NoError(t, receive(ctx, one, fmt.Sprint("r", i), key))
			require.Equal(t, i+2, one.pool.index.Shelf("LJ").At(one.pool.index.Number("S-01"), 0).Online, "its own commit at once")
			// The index itself, which nobody asks to catch up: the follower alone has to be quick.
			require.Eventually(t, func() bool { return two.pool.index.Shelf("LJ").At(two.pool.index.Number("S-01"), 0).Online == i+2 }, time.Second, time.Millisecond)
		}
		require.Less(t, two.PoolAge(), 1.0)
	})
}

func TestWhoeverAsksCatchesUpWhereNobodyFollows(t *testing.T) {
	replicas(t, func(ctx context.Context, t *testing.T, one, two *Store) {
		key := biz.StockKey{SKU: "LJ", Location: "S-01", Owner: "HQ"}
		require.NoError(t, receive(ctx, one, "0", key))
		require.EqualValues(t, 1, pieces(ctx, t, two, "LJ", "S-01"))
		require.NoError(t, receive(ctx, one, "1", key))
		_, err := two.PoolNow(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 2, pieces(ctx, t, two, "LJ", "S-01"), "also what has no position yet")
		require.NoError(t, receive(ctx, one, "2", key))
		require.Eventually(t, func() bool { return pieces(ctx, t, two, "LJ", "S-01") == 3 }, time.Second, time.Millisecond)
	})
}

// same compares an index with the table.
func same(ctx context.Context, t *testing.T, s *Store) int {
	t.Helper()
	rows, err := s.stock(ctx, "ORDER BY id")
	require.NoError(t, err)
	for _, r := range rows {
		k, row := r.Key(), r.Row()
		n := s.pool.index.Number(k.Location)
		found := int64(-1)
		for _, o := range s.pool.index.Shelf(k.SKU).Owners(n) {
			if o.Owner == k.Owner || o.Owner == "" && k.Owner == row.Org {
				found = o.Online
				if uint32(row.Version) != uint32(o.Version) {
					t.Fatalf("%s has version %d, the pool knows %d", k, row.Version, o.Version)
				}
			}
		}
		if want := row.Hint(n).Online; want != found {
			t.Fatalf("%s may promise %d, the pool says %d", k, want, found)
		}
	}
	return len(rows)
}

// Stores load while two others write: whatever is committed before, during and after the scan must be in each pool, by the
// scan or by its position in the log. Nothing unnumbered is read here.
func TestNoCommitIsLostBetweenTheScanAndTheLog(t *testing.T) {
	replicas(t, func(ctx context.Context, t *testing.T, one, two *Store) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		randomShop(rand.New(rand.NewPCG(seed, 99)), 300, 60).open(ctx, t, one) // so that a scan takes its time
		writing, stop := context.WithCancel(ctx)
		var writers sync.WaitGroup
		for w, s := range []*Store{one, two, one, two} {
			writers.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(w)))
				for i := 0; writing.Err() == nil; i++ {
					var keys []biz.StockKey
					for range 1 + r.IntN(4) {
						keys = append(keys, biz.StockKey{SKU: fmt.Sprint("sku", r.IntN(5)), Location: fmt.Sprintf("S-%02d", r.IntN(20)), Owner: []string{"HQ", "BRAND"}[r.IntN(2)]})
					}
					slices.SortFunc(keys, biz.StockKey.Compare)
					if err := receive(ctx, s, fmt.Sprintf("w%d-%d", w, i), slices.Compact(keys)...); err != nil && ctx.Err() == nil {
						t.Errorf("write: %v", err)
						return
					}
				}
			})
		}
		work(ctx, t, func(ctx context.Context) { one.Sequence(ctx, noReport) })
		work(ctx, t, func(ctx context.Context) { two.Sequence(ctx, noReport) })
		var followers []*Store
		numbered := int64(0)
		for range 12 {
			require.Eventually(t, func() bool { // the writers are at it
				_, last, err := one.ChangeEnds(ctx)
				before := numbered
				numbered = max(numbered, last)
				return err == nil && last > before
			}, 10*time.Second, time.Millisecond)
			f := New(one.db, nil)
			require.NoError(t, f.loadPool(ctx))
			followers = append(followers, f)
			require.NoError(t, f.advance(ctx))
		}
		stop()
		writers.Wait()
		require.Eventually(t, func() bool {
			n, err := sequence.Assign(ctx, one.db, ChangeFeed())
			return err == nil && n == 0
		}, 10*time.Second, time.Millisecond)
		for _, f := range followers {
			require.NoError(t, f.advance(ctx))
			require.EqualValues(t, 1, f.PoolLoads())
			same(ctx, t, f)
		}
	})
}

func TestAPoolThatMissedWhatWasPurgedIsLoadedAgain(t *testing.T) {
	replicas(t, func(ctx context.Context, t *testing.T, one, two *Store) {
		key := func(n int) biz.StockKey { return biz.StockKey{SKU: "LJ", Location: fmt.Sprint("S-", n), Owner: "HQ"} }
		require.NoError(t, receive(ctx, one, "0", key(0)))
		_, err := two.PoolNow(ctx)
		require.NoError(t, err)
		for i := range 5 {
			require.NoError(t, receive(ctx, one, "1", key(i)))
		}
		_, err = sequence.Assign(ctx, one.db, ChangeFeed())
		require.NoError(t, err)
		_, last, err := one.ChangeEnds(ctx)
		require.NoError(t, err)
		require.NoError(t, one.db.InTx(ctx, func(ctx context.Context) error {
			_, err := one.db.Conn(ctx).ExecContext(ctx, "DELETE FROM stock_changes WHERE position < ?", last)
			return err
		}))
		_, err = two.ChangesSince(ctx, 1, 10)
		require.ErrorIs(t, err, ErrChangesPurged)
		_, err = two.PoolNow(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 2, two.PoolLoads())
		require.Equal(t, 5, same(ctx, t, two))
		require.NoError(t, receive(ctx, one, "2", key(1)))
		_, err = two.PoolNow(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 2, two.PoolLoads(), "from there on the log goes on")
		require.Equal(t, 5, same(ctx, t, two))
	})
}

func TestThePoolOutlivesItsDatabase(t *testing.T) {
	replicas(t, func(ctx context.Context, t *testing.T, one, two *Store) {
		require.NoError(t, one.db.InTx(ctx, func(ctx context.Context) error {
			_, err := one.Put(ctx, []biz.Location{{Code: "S-01", Org: "HQ", Kind: biz.DirectStore, Active: true, Shared: true, Version: 1}})
			return err
		}))
		require.NoError(t, receive(ctx, one, "0", biz.StockKey{SKU: "LJ", Location: "S-01", Owner: "HQ"}))
		require.EqualValues(t, 1, pieces(ctx, t, two, "LJ", "S-01"))
		require.NoError(t, two.db.Close())
		_, err := two.PoolNow(ctx)
		require.Error(t, err, "what must be up to date cannot be had")
		require.Eventually(t, func() bool { return two.PoolAge() > poolAge.Seconds() }, 5*time.Second, time.Millisecond)
		for range 3 {
			require.EqualValues(t, 1, pieces(ctx, t, two, "LJ", "S-01"))
		}
		require.Greater(t, two.PoolAge(), poolAge.Seconds(), "and says how old it is")
	})
}

// shop is what a test puts on a shelf, with everything that can be special about a row.
type shop struct {
	locations []biz.Location
	rows      []biz.StockRow
}

func randomShop(r *rand.Rand, locations, skus int) shop {
	var s shop
	for i := range locations {
		l := biz.Location{Code: fmt.Sprintf("S-%03d", i), Org: []string{"HQ", "FR1", "FR2"}[r.IntN(3)], Kind: biz.LocationKind(1 + r.IntN(3)), Active: r.IntN(6) > 0, Shared: r.IntN(4) > 0, Version: 1}
		if r.IntN(8) > 0 {
			l.Point = &geo.Point{Lat: 30 + 2*r.Float64(), Lng: 120 + 2*r.Float64()}
		}
		s.locations = append(s.locations, l)
		for k := range skus {
			for _, owner := range []string{l.Org, "BRAND"} {
				if r.IntN(4) > 0 || owner == "BRAND" && r.IntN(3) > 0 {
					continue
				}
				row := biz.StockRow{Key: biz.StockKey{SKU: fmt.Sprint("sku", k), Location: l.Code, Owner: owner}, Org: l.Org, OnHand: int64(r.IntN(12)), SafetyStock: int64(r.IntN(3)), Version: 1}
				row.Reserved = int64(r.IntN(int(row.OnHand) + 2)) // now and then more than there is
				if r.IntN(5) == 0 {
					row.Blocked = int64(r.IntN(int(row.OnHand) + 1))
				}
				if r.IntN(6) == 0 {
					row.OutageUntilUS = 1 << 60 * int64(r.IntN(2))
				}
				if r.IntN(30) == 0 {
					row.OnHand = 1 << 39
				}
				s.rows = append(s.rows, row)
			}
		}
	}
	return s
}

func (s shop) open(ctx context.Context, t *testing.T, store *Store) {
	t.Helper()
	require.NoError(t, store.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := store.Put(ctx, s.locations); err != nil {
			return err
		}
		var rows [][]any
		for _, r := range s.rows {
			rows = append(rows, []any{r.Org, r.Key.SKU, r.Key.Location, r.Key.Owner, r.OnHand, r.Reserved, r.SafetyStock, r.Blocked, r.OutageUntilUS, []byte{}, r.Version})
		}
		return store.insert(ctx, "stock", "org, sku, location, owner, on_hand, reserved, safety, blocked, outage_until_us, chain, version", rows)
	}))
}

func TestAvailabilityEqualsSumsOfTheTables(t *testing.T) {
	contract(t, func(ctx context.Context, t *testing.T, db *database.DB, s *Store) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 0))
		const skus = 12
		shop := randomShop(r, 120, skus)
		shop.open(ctx, t, s)
		uc := biz.GetAvailability{Pool: s, Shares: biz.SharesAll{}, Kits: biz.Kits{}}
		ask := []string{"never heard of"}
		for k := range skus {
			ask = append(ask, fmt.Sprint("sku", k))
		}
		const online = "CASE WHEN s.outage_until_us > ? OR s.on_hand - s.reserved - s.safety - s.blocked < 0 THEN 0 ELSE s.on_hand - s.reserved - s.safety - s.blocked END"
		for _, by := range []biz.Caller{{Service: true}, {Headquarters: true, Org: "HQ"}, {Org: "FR1"}, {Org: "FR2"}, {}} {
			now, err := db.Now(ctx)
			require.NoError(t, err)
			sum := func(where string, args ...any) map[string]int64 {
				rows, err := db.Conn(ctx).QueryContext(ctx, "SELECT s.sku, SUM("+online+") FROM stock s JOIN locations l ON l.id = s.location WHERE l.active = ? AND "+where+" GROUP BY s.sku",
					append([]any{now, true}, args...)...)
				require.NoError(t, err)
				defer rows.Close()
				sums := map[string]int64{}
				for rows.Next() {
					var sku string
					var pieces int64
					require.NoError(t, rows.Scan(&sku, &pieces))
					sums[sku] = pieces
				}
				require.NoError(t, rows.Err())
				return sums
			}
			visible := "(l.shared = ? OR l.org = ?)"
			total, err := uc.Get(ctx, by, biz.AvailabilityQuery{SKUs: ask})
			require.NoError(t, err)
			want := sum(visible, true, by.Org)
			for i, item := range total {
				require.Equal(t, ask[i], item.SKU)
				require.Equal(t, want[item.SKU], item.Online, "%s in total", item.SKU)
			}
			for _, l := range shop.locations[:40] {
				one, err := uc.Get(ctx, by, biz.AvailabilityQuery{SKUs: ask, Location: l.Code})
				require.NoError(t, err)
				want := sum("s.location = ?", l.Code)
				for _, item := range one {
					got := item.Near[0]
					require.Equal(t, level(want[item.SKU]), got.Level)
					if got.Exact {
						require.Equal(t, want[item.SKU], got.Online, "%s at %s", item.SKU, l.Code)
					}
				}
			}
			for range 6 {
				center := geo.Point{Lat: 30 + 2*r.Float64(), Lng: 120 + 2*r.Float64()}
				radius := int64(1 + r.IntN(200_000))
				within := map[string]bool{}
				var byDistance []biz.Location
				for _, l := range shop.locations {
					if l.Point != nil && l.Active && (l.Shared || l.Org == by.Org) {
						byDistance = append(byDistance, l)
						within[l.Code] = geo.Haversine(center, *l.Point)*1000 < float64(radius)+0.5
					}
				}
				slices.SortFunc(byDistance, func(a, b biz.Location) int {
					return int(1e6*geo.Haversine(center, *a.Point)) - int(1e6*geo.Haversine(center, *b.Point))
				})
				atEach := map[string]map[string]int64{}
				for _, l := range byDistance {
					atEach[l.Code] = sum("s.location = ?", l.Code)
				}
				near, err := uc.Get(ctx, by, biz.AvailabilityQuery{SKUs: ask, Near: &center, RadiusM: radius, Locations: 7})
				require.NoError(t, err)
				for _, item := range near {
					pieces := int64(0)
					for _, l := range byDistance {
						if has := atEach[l.Code][item.SKU]; within[l.Code] && by.SeesExactly(l) {
							pieces += has
						} else if within[l.Code] {
							pieces += map[string]int64{"yes": 5, "few": 1}[level(has)]
						}
					}
					require.Equal(t, pieces, item.Online, "%s within %d m of %v", item.SKU, radius, center)
				}
				anywhere, err := uc.Get(ctx, by, biz.AvailabilityQuery{SKUs: ask, Near: &center, Locations: 7})
				require.NoError(t, err)
				for i, item := range anywhere {
					require.Equal(t, total[i].Online, item.Online)
					named := []string{}
					for _, n := range item.Near {
						named = append(named, n.Location.Code)
						require.Equal(t, level(atEach[n.Location.Code][item.SKU]), n.Level)
					}
					at := map[string]bool{}
					for _, row := range shop.rows {
						at[row.Key.Location] = at[row.Key.Location] || row.Key.SKU == item.SKU && row.OnHand-row.Reserved-row.Blocked > 0
					}
					nearest := []string{}
					for _, l := range byDistance {
						if at[l.Code] && len(nearest) < 7 {
							nearest = append(nearest, l.Code)
						}
					}
					require.Equal(t, nearest, named)
				}
			}
		}
	})
}

func level(online int64) string {
	switch {
	case online >= 5:
		return "yes"
	case online > 0:
		return "few"
	}
	return "no"
}
