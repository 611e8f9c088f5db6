package data

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/migrations"
)

// many are orders of two sellers, some of them placed in the same microsecond, with SKUs and locations that come twice in
// an order, and a few rare ones.
func many(n int, r *rand.Rand) []biz.Record {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	all := make([]biz.Record, n)
	for i := range all {
		o := anOrder(i, biz.Receiver{Name: "N", Phone: fmt.Sprintf("1380000%04d", r.IntN(n/3))})
		o.Org, o.MemberID, o.Channel, o.ShopStore = pick("hq", "fra"), fmt.Sprintf("mbr_%d", r.IntN(n/4)), pick("miniprogram", "tmall", "jd"), fmt.Sprintf("S%d", r.IntN(20))
		o.State, o.Kind = biz.State(pick(string(biz.OrderUnpaid), string(biz.OrderPaid), string(biz.OrderCompleted), string(biz.OrderCompleted))), biz.KindChannel
		o.SourceNo, o.PlacedAtUS, o.Unallocated = fmt.Sprintf("X%d", r.IntN(n/2)), int64(1000+r.IntN(n/2)), r.IntN(9) == 0
		if r.IntN(5) == 0 {
			o.Kind, o.SourceNo = biz.KindTill, o.ShopStore+"/"+o.SourceNo
		}
		o.SourceNo += fmt.Sprintf("-%d", i/(n/2)) // few have the same number, none in the same channel of a seller
		o.SourceNo = strings.TrimSuffix(o.SourceNo, "-0")
		for no := range 1 + r.IntN(3) {
			sku := fmt.Sprintf("sku%d", r.IntN(4))
			if r.IntN(40) == 0 {
				sku = "rare"
			}
			o.Lines = append(o.Lines, biz.Line{ID: fmt.Sprintf("%s_l%d", o.ID, no), No: int64(no), SKU: sku, Quantity: 1})
		}
		for no := range r.IntN(4) {
			at := fmt.Sprintf("W%d", r.IntN(8))
			o.Fulfilments = append(o.Fulfilments, biz.Fulfilment{ID: fmt.Sprintf("%s_f%d", o.ID, no), Org: pick("hq", "fra", "oth"), Location: at,
				State: biz.State(pick(string(biz.FulfilmentAssigned), string(biz.FulfilmentAccepted), string(biz.FulfilmentClosed))), CreatedAtUS: o.PlacedAtUS + int64(r.IntN(50)), DueUS: int64(r.IntN(2) * r.IntN(40)),
				Lines: []biz.FulfilmentLine{
					{ID: fmt.Sprintf("%s_p%d", o.ID, no), LineID: o.Lines[0].ID, SKU: o.Lines[0].SKU, Quantity: 1},
					{ID: fmt.Sprintf("%s_q%d", o.ID, no), LineID: o.Lines[0].ID, SKU: o.Lines[len(o.Lines)-1].SKU, Quantity: 1}, // often the same SKU
				}})
		}
		all[i] = o
	}
	// The unique key of an order: its number in its channel of its seller.
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(o biz.Record) bool {
		key := o.Org + "/" + o.Channel + "/" + o.SourceNo
		defer func() { seen[key] = true }()
		return seen[key]
	})
}

func fill(t testing.TB, db *database.DB, s *Orders, all []biz.Record) {
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
		for _, r := range all {
			if err := s.Create(ctx, biz.Restore(r, biz.Terms{}, r.PlacedAtUS, "test")); err != nil {
				return err
			}
		}
		return nil
	}))
}

// matches is the slow model of a search.
func matches(t testing.TB, s *Orders, f OrderFilter, r biz.Record) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	phone, err := s.PhoneKey(r.Receiver.Phone)
	require.NoError(t, err)
	return is(f.ID, r.ID) && is(f.ExternalNo, r.ExternalNo()) && is(f.PhoneKey, phone) && is(f.MemberID, r.MemberID) && is(f.Channel, r.Channel) &&
		is(f.ShopStore, r.ShopStore) && is(string(f.State), string(r.State)) && is(string(f.Kind), string(r.Kind)) && (!f.Unallocated || r.Unallocated) &&
		(f.FromUS == 0 || r.PlacedAtUS >= f.FromUS) && (f.UntilUS == 0 || r.PlacedAtUS < f.UntilUS) &&
		(f.SKU == "" || slices.ContainsFunc(r.Lines, func(l biz.Line) bool { return l.SKU == f.SKU })) &&
		(f.Location == "" || slices.ContainsFunc(r.Fulfilments, func(p biz.Fulfilment) bool { return p.Location == f.Location }))
}

// newest is how lists go.
func newest(a, b biz.Record) int {
	if a.PlacedAtUS != b.PlacedAtUS {
		return int(b.PlacedAtUS - a.PlacedAtUS)
	}
	return strings.Compare(b.ID, a.ID)
}

var (
	inHQ  = tenancy.Principal{Kind: tenancy.HQ, ID: "boss", Org: "hq"}.WithScope()
	inFra = tenancy.Principal{Kind: tenancy.Franchisee, ID: "u_fra", Org: "fra"}.WithScope()
	inOth = tenancy.Principal{Kind: tenancy.Franchisee, ID: "u_oth", Org: "oth"}.WithScope()
)

// Every filter and mix of filters finds what the model finds, page by page, each order once, in the caller's scope only.
func TestASearchFindsWhatTheModelFinds(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 1))
		db := open(migrations.Files)
		s := NewOrders(db, receivers(t))
		all := many(240, r)
		fill(t, db, s, all)
		slices.SortFunc(all, newest)

		for turn := range 112 {
			like, f := all[r.IntN(len(all))], OrderFilter{}
			phone, err := s.PhoneKey(like.Receiver.Phone)
			require.NoError(t, err)
			some := []func(){
				func() { f.ID = like.ID }, func() { f.ExternalNo = like.ExternalNo() }, func() { f.PhoneKey = phone }, func() { f.MemberID = like.MemberID },
				func() { f.Channel = like.Channel }, func() { f.ShopStore = like.ShopStore }, func() { f.State = like.State }, func() { f.Kind = like.Kind },
				func() { f.Unallocated = true }, func() { f.FromUS = like.PlacedAtUS }, func() { f.UntilUS = like.PlacedAtUS + 1 },
				func() { f.SKU = like.Lines[0].SKU }, func() { f.SKU = "rare" },
				func() { f.Location = fmt.Sprintf("W%d", r.IntN(8)) },
			}
			some[turn%len(some)]() // each alone, and with others
			for range turn / len(some) % 4 {
				some[r.IntN(len(some))]()
			}
			for who, p := range map[string]tenancy.Principal{"hq": inHQ, "fra": inFra, "oth": inOth} {
				var want, got []string
				for _, o := range all {
					if p.Scope.Covers(o.Org) && matches(t, s, f, o) {
						want = append(want, o.ID)
					}
				}
				size := 8 + r.IntN(20)
				for after := (After{}); ; {
					page, err := s.List(tenancy.NewContext(t.Context(), p), f, after, size)
					require.NoError(t, err)
					for _, o := range page {
						got = append(got, o.ID)
					}
					if len(page) < size {
						break
					}
					after = After{page[size-1].PlacedAtUS, page[size-1].ID}
				}
				require.Equal(t, want, got, "%s: %+v", who, f)
			}
		}
	})
}

// A list of fulfilments shows what the model shows, each once, in the caller's scope: that of the location, not of the seller.
func TestAListOfFulfilmentsShowsWhatTheModelShows(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 2))
		db := open(migrations.Files)
		s := NewOrders(db, receivers(t))
		all := many(120, r)
		fill(t, db, s, all)
		type part struct {
			biz.Fulfilment
			order biz.Record
		}
		var parts []part
		for _, o := range all {
			for _, f := range o.Fulfilments {
				parts = append(parts, part{f, o})
			}
		}
		dueFirst := func(a, b part) int {
			if a.DueUS != b.DueUS {
				return int(a.DueUS - b.DueUS)
			}
			return strings.Compare(a.ID, b.ID)
		}
		slices.SortFunc(parts, func(a, b part) int {
			if a.CreatedAtUS != b.CreatedAtUS {
				return int(b.CreatedAtUS - a.CreatedAtUS)
			}
			return strings.Compare(b.ID, a.ID)
		})
		for turn := range 100 {
			like, f := parts[r.IntN(len(parts))], FulfilmentFilter{}
			some := []func(){
				func() { f.Location = like.Location }, func() { f.OrderID = like.order.ID }, func() { f.Channel = like.order.Channel }, func() { f.SellerOrg = like.order.Org },
				func() { f.States = []biz.State{like.State} }, func() { f.States = []biz.State{biz.FulfilmentAssigned, biz.FulfilmentAccepted} },
				func() { f.SKU = like.Lines[1].SKU }, func() { f.SKU = "rare" }, func() { f.DueUntilUS = like.DueUS }, func() { f.DueUntilUS = 30 },
			}
			some[turn%len(some)]()
			for range turn / len(some) % 3 {
				some[r.IntN(len(some))]()
			}
			for who, p := range map[string]tenancy.Principal{"hq": inHQ, "fra": inFra, "oth": inOth} {
				var want, got []string
				ordered := parts
				if f.DueUntilUS > 0 {
					ordered = slices.SortedFunc(slices.Values(parts), dueFirst)
				}
				for _, l := range ordered {
					if p.Scope.Covers(l.Org) && (f.Location == "" || f.Location == l.Location) && (f.OrderID == "" || f.OrderID == l.order.ID) &&
						(f.Channel == "" || f.Channel == l.order.Channel) && (f.SellerOrg == "" || f.SellerOrg == l.order.Org) &&
						(f.DueUntilUS == 0 || l.DueUS > 0 && l.DueUS <= f.DueUntilUS) &&
						(len(f.States) == 0 || slices.Contains(f.States, l.State)) &&
						(f.SKU == "" || slices.ContainsFunc(l.Lines, func(x biz.FulfilmentLine) bool { return x.SKU == f.SKU })) {
						want = append(want, l.ID)
					}
				}
				size := 5 + r.IntN(20)
				for after := (After{}); ; {
					page, keys, err := s.VisibleFulfilments(tenancy.NewContext(t.Context(), p), f, after, size)
					require.NoError(t, err)
					for _, l := range page {
						got = append(got, l.PartID)
					}
					if len(page) < size {
						break
					}
					after = keys[size-1]
				}
				require.Equal(t, want, got, "%s: %+v", who, f)
			}
		}
	})
}

// An order that comes while somebody pages neither shifts the rest nor is shown twice.
func TestPagesStandWhileOrdersCome(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(migrations.Files)
		s := NewOrders(db, receivers(t))
		all := many(60, rand.New(rand.NewPCG(7, 7)))
		half := len(all) / 2
		fill(t, db, s, all[:half])
		want := slices.Clone(all[:half])
		slices.SortFunc(want, newest)
		var got []string
		ctx := tenancy.NewContext(t.Context(), inHQ)
		for after, next := (After{}), half; ; next++ {
			page, err := s.List(ctx, OrderFilter{}, after, 4)
			require.NoError(t, err)
			for _, o := range page {
				got = append(got, o.ID)
			}
			if len(page) < 4 {
				break
			}
			after = After{page[3].PlacedAtUS, page[3].ID}
			if next < len(all) {
				fill(t, db, s, all[next:next+1])
			}
		}
		old := slices.DeleteFunc(slices.Clone(got), func(id string) bool {
			return !slices.ContainsFunc(want, func(o biz.Record) bool { return o.ID == id })
		})
		ids := make([]string, len(want))
		for i, o := range want {
			ids[i] = o.ID
		}
		require.Equal(t, ids, old)
		slices.Sort(got)
		require.Len(t, slices.Compact(got), len(got), "none is shown twice")
	})
}

// A walk over all orders has a bounded part of them in memory: no statement answers more rows than a batch of orders has, and
// the next batch is asked for when the one before has been dealt with.
func TestAWalkReadsBatchByBatch(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(migrations.Files)
		s := NewOrders(db, receivers(t))
		all := many(130, rand.New(rand.NewPCG(3, 4)))
		fill(t, db, s, all)
		slices.SortFunc(all, newest)
		const size, partsOfAnOrder = 10, 6 // at most three lines, and three fulfilments of two
		watched := &seen{Driver: db.EntDriver()}
		s.ent = ent.NewClient(ent.Driver(watched))
		ctx := tenancy.NewContext(t.Context(), inHQ)
		for name, f := range map[string]OrderFilter{"all": {}, "of a SKU": {SKU: "sku1"}, "of a location": {Location: "W3"}} {
			var want, got []string
			for _, o := range all {
				if matches(t, s, f, o) {
					want = append(want, o.ID)
				}
			}
			n, err := s.Matching(ctx, f)
			require.NoError(t, err)
			require.Equal(t, len(want), n, name)
			watched.rows, watched.most, watched.searches = 0, 0, 0
			batches := 0
			require.NoError(t, s.Walk(ctx, f, size, func(batch []biz.Record) error {
				batches++
				require.LessOrEqual(t, len(batch), size)
				require.Equal(t, batches, watched.searches, "%s: the next batch is not asked for before this one is dealt with", name)
				for _, o := range batch {
					got = append(got, o.ID)
				}
				return nil
			}))
			require.Equal(t, want, got, name)
			require.Equal(t, (len(want)+size-1)/size, batches, name)
			require.Positive(t, watched.most, name)
			require.LessOrEqual(t, watched.most, size*partsOfAnOrder, "%s: rows of one statement", name)
		}
		failed := errors.New("the reader has left")
		require.ErrorIs(t, s.Walk(ctx, OrderFilter{}, size, func([]biz.Record) error { return failed }), failed)
	})
}

// seen keeps the statements that a client sends, and how many rows came back.
type seen struct {
	dialect.Driver
	query      string
	args       []any
	rows, most int // of the statement that is read, and of the one with the most
	searches   int // for ids
}

func (d *seen) Query(ctx context.Context, query string, args, v any) error {
	d.query, d.args, d.rows = query, args.([]any), 0
	if strings.HasPrefix(query, "SELECT `orders`.`id` FROM") {
		d.searches++
	}
	err := d.Driver.Query(ctx, query, args, v)
	if rows, ok := v.(*sql.Rows); ok && err == nil {
		rows.ColumnScanner = &readRows{rows.ColumnScanner, d}
	}
	return err
}

// readRows counts the rows that are read.
type readRows struct {
	sql.ColumnScanner
	by *seen
}

func (c *readRows) Next() bool {
	more := c.ColumnScanner.Next()
	if more {
		c.by.rows++
		c.by.most = max(c.by.most, c.by.rows)
	}
	return more
}

// plan is how the engine would run the last statement.
func (d *seen) plan(t *testing.T, db *database.DB) string {
	verb := "EXPLAIN QUERY PLAN "
	if db.Engine() != database.SQLite {
		verb = "EXPLAIN "
	}
	rows, err := db.Conn(t.Context()).QueryContext(t.Context(), verb+d.query, d.args...)
	require.NoError(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var plan strings.Builder
	for rows.Next() {
		values, into := make([][]byte, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		require.NoError(t, rows.Scan(into...))
		for i, v := range values {
			fmt.Fprintf(&plan, "%s=%s ", columns[i], v)
		}
		plan.WriteByte('\n')
	}
	require.NoError(t, rows.Err())
	return plan.String()
}

// Each filter goes through its index, in the order of the list: nothing is sorted, however many orders there are.
func TestEachFilterHasItsIndex(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(migrations.Files)
		watched := &seen{Driver: db.EntDriver()}
		s := NewOrders(db, receivers(t))
		all := many(2000, rand.New(rand.NewPCG(1, 2)))
		fill(t, db, s, all)
		analyse, uses := "ANALYZE", "INDEX "
		if db.Engine() != database.SQLite {
			analyse, uses = "ANALYZE TABLE orders, order_lines, fulfilments, fulfilment_lines", " key="
		}
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := db.Conn(ctx).ExecContext(ctx, analyse)
			return err
		}))
		s.ent = ent.NewClient(ent.Driver(watched))
		like := all[len(all)/2]
		phone, err := s.PhoneKey(like.Receiver.Phone)
		require.NoError(t, err)
		orders := func(f OrderFilter) func(ctx context.Context, after After) error {
			return func(ctx context.Context, after After) error { _, err := s.search(ctx, f, after, 10); return err }
		}
		parts := func(f FulfilmentFilter) func(ctx context.Context, after After) error {
			return func(ctx context.Context, after After) error {
				_, _, err := s.VisibleFulfilments(ctx, f, after, 10)
				return err
			}
		}
		for index, c := range map[string]struct {
			who  tenancy.Principal
			list func(ctx context.Context, after After) error
		}{
			"order_external_no_placed_us_id":              {inHQ, orders(OrderFilter{ExternalNo: like.ExternalNo()})},
			"order_phone_key_placed_us_id":                {inHQ, orders(OrderFilter{PhoneKey: phone})},
			"order_member_id_placed_us_id":                {inHQ, orders(OrderFilter{MemberID: like.MemberID})},
			"order_shop_store_placed_us_id":               {inHQ, orders(OrderFilter{ShopStore: "S7"})},
			"order_channel_placed_us_id":                  {inHQ, orders(OrderFilter{Channel: "jd"})},
			"order_state_placed_us_id":                    {inHQ, orders(OrderFilter{State: biz.OrderUnpaid})},
			"order_placed_us_id":                          {inHQ, orders(OrderFilter{FromUS: 1100, UntilUS: 1200})},
			"order_org_placed_us_id":                      {inFra, orders(OrderFilter{})},
			"orderline_sku_placed_us_order_id":            {inHQ, orders(OrderFilter{SKU: "rare"})},
			"fulfilment_location_placed_us_order_id":      {inHQ, orders(OrderFilter{Location: "W3"})},
			"fulfilment_location_created_us_id":           {inHQ, parts(FulfilmentFilter{Location: "W3"})},
			"fulfilment_location_state_created_us_id":     {inHQ, parts(FulfilmentFilter{Location: "W3", States: []biz.State{biz.FulfilmentAccepted}})},
			"fulfilment_org_created_us_id":                {inFra, parts(FulfilmentFilter{})},
			"fulfilment_due_us_id":                        {inHQ, parts(FulfilmentFilter{DueUntilUS: 3})},
			"fulfilment_location_due_us_id":               {inHQ, parts(FulfilmentFilter{DueUntilUS: 9, Location: "W3"})},
			"fulfilment_created_us_id":                    {inHQ, parts(FulfilmentFilter{})},
			"fulfilmentline_sku_created_us_fulfilment_id": {inHQ, parts(FulfilmentFilter{SKU: "rare"})},
		} {
			next := After{1500, "ord_0700"}
			if strings.Contains(index, "_due_us_") {
				next.US = 2
			}
			for place, after := range map[string]After{"first": {}, "next": next} {
				require.NoError(t, c.list(tenancy.NewContext(t.Context(), c.who), after))
				plan := watched.plan(t, db)
				require.Contains(t, plan, uses+index+" ", "%s: %s\n%s", place, watched.query, plan)
				for _, sorted := range []string{"TEMP B-TREE", "filesort", "type=ALL", "SCAN orders\n", "SCAN fulfilments\n"} {
					require.NotContains(t, plan, sorted, "%s: %s\n%s", place, watched.query, plan)
				}
			}
		}
	})
}
