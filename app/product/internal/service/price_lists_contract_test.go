package service

import (
	"context"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"time"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/product/internal/data"
	"github.com/onepool/onepool/app/product/internal/data/migrations"
)

// prices is the product center with price lists, on one engine.
type prices struct {
	*PriceLists
	t       *testing.T
	db      *database.DB
	catalog *Product
	now     time.Time // of what is kept in memory
}

func priceContract(t *testing.T, suite func(t *testing.T, p *prices)) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(migrations.Files)
		secret := []byte("0123456789abcdef0123456789abcdef")
		p := &prices{t: t, db: db, catalog: New(db, data.NewCatalogue(db), secret), now: time.Unix(1, 0)}
		p.PriceLists = NewPriceLists(db, data.NewPriceLists(db, func() time.Time { return p.now }), secret)
		_, err := send(t.Context(), p.catalog, row(2, "A", ""), row(3, "B", ""))
		require.NoError(t, err)
		suite(t, p)
	})
}

func (p *prices) lists(rows ...*productv1.ImportPriceListRow) *commonv1.ImportResult {
	p.t.Helper()
	requests++
	got, err := p.ImportPriceLists(hq(p.t.Context(), "operator"), &productv1.ImportPriceListsRequest{RequestId: fmt.Sprintf("lists-%016d", requests), Rows: rows})
	require.NoError(p.t, err)
	return got
}

func list(code string, change ...func(r *productv1.ImportPriceListRow)) *productv1.ImportPriceListRow {
	r := &productv1.ImportPriceListRow{Line: 2, Code: code, Name: "List " + code, Currency: "CNY"}
	for _, c := range change {
		c(r)
	}
	return r
}

func (p *prices) prices(rows ...*productv1.ImportPriceRow) *commonv1.ImportResult {
	p.t.Helper()
	requests++
	got, err := p.ImportPrices(hq(p.t.Context(), "operator"), &productv1.ImportPricesRequest{RequestId: fmt.Sprintf("prices-%016d", requests), Rows: rows})
	require.NoError(p.t, err)
	return got
}

func priceOf(list, sku string, minor, fromUS int64) *productv1.ImportPriceRow {
	return &productv1.ImportPriceRow{Line: 2, List: list, Sku: sku, PriceMinor: proto.Int64(minor), FromUs: fromUS}
}

// costs is what A costs in a sale: the price, and the list that says so.
func (p *prices) costs(in *productv1.GetPricesRequest) string {
	p.t.Helper()
	in.Codes = []string{"A"}
	got, err := p.GetPrices(hq(p.t.Context(), "clerk"), in)
	require.NoError(p.t, err)
	if len(got.Skus) == 0 {
		return "none"
	}
	s := got.Skus[0]
	out := fmt.Sprint(s.Price.AmountMinor, " ", s.Price.Currency, " ", s.List)
	if s.TierPrice != nil {
		out += fmt.Sprint(", ", s.TierPrice.AmountMinor, " ", s.TierList)
	}
	return out
}

func TestPricesByChannelStoreRegionTierAndDate(t *testing.T) {
	priceContract(t, func(t *testing.T, p *prices) {
		p.lists(list("ALL"), list("POS", func(r *productv1.ImportPriceListRow) { r.Channel = "pos" }),
			list("ZJ", func(r *productv1.ImportPriceListRow) { r.Region = "33" }), list("HZ", func(r *productv1.ImportPriceListRow) { r.Region = "3301" }),
			list("S1", func(r *productv1.ImportPriceListRow) { r.StoreCode = "S1" }), list("GOLD", func(r *productv1.ImportPriceListRow) { r.Tier = "gold" }),
			list("EUR", func(r *productv1.ImportPriceListRow) { r.Currency, r.StoreCode = "EUR", "S9" }),
			list("SALE", func(r *productv1.ImportPriceListRow) { r.FromUs, r.UntilUs = 2000, 3000 }))
		at := int64(1000)
		require.Equal(t, "12800 CNY ", p.costs(&productv1.GetPricesRequest{AtUs: at}), "the catalogue's")
		p.prices(priceOf("ALL", "A", 12000, 1), priceOf("POS", "A", 11900, 1), priceOf("ZJ", "A", 11800, 1), priceOf("HZ", "A", 11700, 1), priceOf("S1", "A", 11600, 1),
			priceOf("GOLD", "A", 9000, 1), priceOf("EUR", "A", 1500, 1), priceOf("SALE", "A", 10000, 1), priceOf("ALL", "A", 12500, 1500))
		for _, c := range []struct {
			ask  *productv1.GetPricesRequest
			want string
		}{
			{&productv1.GetPricesRequest{}, "12000 CNY ALL"},
			{&productv1.GetPricesRequest{Channel: "pos"}, "11900 CNY POS"},
			{&productv1.GetPricesRequest{Channel: "pos", Region: "330206"}, "11800 CNY ZJ"},
			{&productv1.GetPricesRequest{Channel: "pos", Region: "330106"}, "11700 CNY HZ"},
			{&productv1.GetPricesRequest{Channel: "pos", Region: "330106", StoreCode: "S1"}, "11600 CNY S1"},
			{&productv1.GetPricesRequest{Tier: "gold"}, "12000 CNY ALL, 9000 GOLD"},
			{&productv1.GetPricesRequest{Tier: "gold", StoreCode: "S1"}, "11600 CNY S1, 9000 GOLD"},
			{&productv1.GetPricesRequest{StoreCode: "S9", Tier: "gold"}, "1500 EUR EUR"},
			{&productv1.GetPricesRequest{StoreCode: "S9", Currency: "EUR"}, "1500 EUR EUR"},
			{&productv1.GetPricesRequest{StoreCode: "S9", Currency: "CNY", Tier: "gold"}, "12000 CNY ALL, 9000 GOLD"},
			{&productv1.GetPricesRequest{Currency: "USD"}, "none"},
			{&productv1.GetPricesRequest{AtUs: 1500}, "12500 CNY ALL"},
			{&productv1.GetPricesRequest{AtUs: 2999}, "10000 CNY SALE"},
			{&productv1.GetPricesRequest{AtUs: 3000}, "12500 CNY ALL"},
		} {
			if c.ask.AtUs == 0 {
				c.ask.AtUs = at
			}
			require.Equal(t, c.want, p.costs(c.ask), "%v", c.ask)
		}
		for _, c := range []struct {
			ask   *productv1.GetPricesRequest
			until int64
		}{
			{&productv1.GetPricesRequest{AtUs: 1000, Codes: []string{"A"}}, 1500}, // of ALL
			{&productv1.GetPricesRequest{AtUs: 1500, Codes: []string{"A"}}, 2000}, // SALE begins
			{&productv1.GetPricesRequest{AtUs: 1000, Codes: []string{"B"}}, 2000},
			{&productv1.GetPricesRequest{AtUs: 2000, Codes: []string{"A"}}, 3000},
			{&productv1.GetPricesRequest{AtUs: 3000, Codes: []string{"A"}}, 0},
		} {
			c.ask.WantUntil = true
			got, err := p.GetPrices(hq(t.Context(), "clerk"), c.ask)
			require.NoError(t, err)
			require.Equal(t, c.until, got.UntilUs, "%v", c.ask)
		}
		got, err := p.GetPrices(hq(t.Context(), "clerk"), &productv1.GetPricesRequest{Codes: []string{"B", "A", "nobody"}, AtUs: at})
		require.NoError(t, err)
		require.Len(t, got.Skus, 2)
		require.Equal(t, []string{"A", "B"}, []string{got.Skus[0].Sku.Code, got.Skus[1].Sku.Code})
		require.Empty(t, got.Skus[1].List)
		p.clean()
	})
}

func (p *prices) clean() {
	p.t.Helper()
	got, err := p.catalog.CheckInvariants(hq(p.t.Context(), "admin"), &commonv1.CheckInvariantsRequest{})
	require.NoError(p.t, err)
	for _, r := range got.Results {
		require.Zero(p.t, r.Violations, "%s %v", r.Id, r.Examples)
	}
}

func TestPricesAreKeptWithTheirVersions(t *testing.T) {
	priceContract(t, func(t *testing.T, p *prices) {
		p.lists(list("ALL"))
		require.EqualValues(t, 1, p.prices(priceOf("ALL", "A", 12000, 100)).Created)
		require.EqualValues(t, 1, p.prices(priceOf("ALL", "A", 12000, 100)).Unchanged)
		require.EqualValues(t, 1, p.prices(priceOf("ALL", "A", 11000, 100)).Updated)
		require.EqualValues(t, 1, p.prices(priceOf("ALL", "A", 11000, 0)).Unchanged, "it is the price already")
		require.EqualValues(t, 1, p.prices(priceOf("ALL", "A", 10500, 0)).Created, "from now on")
		require.Equal(t, "10500 CNY ALL", p.costs(&productv1.GetPricesRequest{}))
		require.EqualValues(t, 1, p.prices(&productv1.ImportPriceRow{Line: 2, List: "ALL", Sku: "A", Withdrawn: true, FromUs: 200}).Created)
		require.Equal(t, "11000 CNY ALL", p.costs(&productv1.GetPricesRequest{AtUs: 199}))
		require.Equal(t, "12800 CNY ", p.costs(&productv1.GetPricesRequest{AtUs: 200}), "the catalogue's again")
		require.EqualValues(t, 1, p.prices(&productv1.ImportPriceRow{Line: 2, List: "ALL", Sku: "B", Withdrawn: true}).Unchanged, "there is none")

		refused := p.prices(priceOf("NONE", "A", 1, 0), priceOf("ALL", "nobody", 1, 0), priceOf("ALL", "A", -1, 0), &productv1.ImportPriceRow{List: "ALL", Sku: "A"},
			&productv1.ImportPriceRow{List: "ALL", Sku: "A", PriceMinor: proto.Int64(0), Withdrawn: true}, priceOf("ALL", "A", 1, -1), priceOf("ALL", "B", 5, 7), priceOf("ALL", "B", 6, 7))
		var reasons []string
		for _, e := range refused.Errors {
			reasons = append(reasons, e.Reason)
		}
		require.Equal(t, []string{"PRICE_LIST_UNKNOWN", "SKU_UNKNOWN", "AMOUNT_INVALID", "VALIDATOR", "VALIDATOR", "TIME_INVALID"}, reasons)

		var seen []string
		token := ""
		for {
			got, err := p.ListPrices(hq(t.Context(), "clerk"), &productv1.ListPricesRequest{List: "ALL", PageSize: 2, PageToken: token})
			require.NoError(t, err)
			for _, e := range got.Prices {
				seen = append(seen, fmt.Sprint(e.Sku, " ", e.Price.AmountMinor, " v", e.Version, " ", e.Withdrawn, " ", e.ChangedBy))
			}
			if token = got.NextPageToken; token == "" {
				break
			}
		}
		require.Equal(t, []string{"A 12000 v1 false hq:boss", "A 11000 v2 false hq:boss", "A 0 v1 true hq:boss", "A 10500 v1 false hq:boss", "B 5 v1 false hq:boss", "B 6 v2 false hq:boss"}, seen)
		one, err := p.ListPrices(hq(t.Context(), "clerk"), &productv1.ListPricesRequest{List: "ALL", Sku: "B"})
		require.NoError(t, err)
		require.Len(t, one.Prices, 2)
		_, err = p.ListPrices(hq(t.Context(), "clerk"), &productv1.ListPricesRequest{List: "NONE"})
		require.Equal(t, "PRICE_LIST_UNKNOWN", kratos.Reason(err))
		require.EqualValues(t, 1, p.lists(list("ALL", func(r *productv1.ImportPriceListRow) { r.Name = "Other" })).Updated)
		shown, err := p.ListPriceLists(hq(t.Context(), "clerk"), &productv1.ListPriceListsRequest{})
		require.NoError(t, err)
		require.Equal(t, []any{"Other", int64(2), "hq:boss"}, []any{shown.Lists[0].Name, shown.Lists[0].Version, shown.Lists[0].ChangedBy})
		p.clean()
		require.NoError(t, p.db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := p.db.Conn(ctx).ExecContext(ctx, "DELETE FROM price_entries WHERE sku = 'B' AND version = 1")
			return err
		}))
		got, err := p.catalog.CheckInvariants(hq(t.Context(), "admin"), &commonv1.CheckInvariantsRequest{})
		require.NoError(t, err)
		for _, r := range got.Results {
			require.Equal(t, r.Id == "P3", r.Violations > 0, r.Id)
		}
	})
}

// Two who price one SKU at once are one after the other: no price is lost, none counted twice.
func TestPricesAtOnceAreDecidedOneAfterTheOther(t *testing.T) {
	priceContract(t, func(t *testing.T, p *prices) {
		p.lists(list("ALL"))
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				_, err := p.ImportPrices(hq(t.Context(), "operator"), &productv1.ImportPricesRequest{RequestId: fmt.Sprintf("at-once-%016d", i), Rows: []*productv1.ImportPriceRow{priceOf("ALL", "A", int64(100+i), 5)}})
				assert.NoError(t, err)
			})
		}
		all.Wait()
		got, err := p.ListPrices(hq(t.Context(), "clerk"), &productv1.ListPricesRequest{List: "ALL"})
		require.NoError(t, err)
		require.Len(t, got.Prices, 8)
		p.clean()
	})
}

// A list that another replica makes is seen after a second; one of this process at once.
func TestListsAreReadOnceASecond(t *testing.T) {
	priceContract(t, func(t *testing.T, p *prices) {
		p.lists(list("ALL"))
		p.prices(priceOf("ALL", "A", 12000, 1))
		require.Equal(t, "12000 CNY ALL", p.costs(&productv1.GetPricesRequest{}))
		require.NoError(t, p.db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := p.db.Conn(ctx).ExecContext(ctx, "UPDATE price_lists SET until_us = 2")
			return err
		}))
		require.Equal(t, "12000 CNY ALL", p.costs(&productv1.GetPricesRequest{}))
		p.now = p.now.Add(time.Second)
		require.Equal(t, "12800 CNY ", p.costs(&productv1.GetPricesRequest{}))
	})
}

func TestPriceListsAreHeadquarters(t *testing.T) {
	db := testkit.SQLite(t, migrations.Files)
	s := NewPriceLists(db, data.NewPriceLists(db, time.Now), []byte("0123456789abcdef0123456789abcdef"))
	for name, ctx := range map[string]context.Context{
		"franchisee": tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Franchisee, ID: "m", Org: "F1", Roles: []string{"manager", "operator"}}.WithScope()),
		"member":     tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Member, ID: "m", Member: "m"}.WithScope()),
	} {
		_, err := s.ImportPriceLists(ctx, &productv1.ImportPriceListsRequest{RequestId: "0123456789abcdef", Rows: []*productv1.ImportPriceListRow{list("L")}})
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), name)
		_, err = s.ImportPrices(ctx, &productv1.ImportPricesRequest{RequestId: "0123456789abcdef", Rows: []*productv1.ImportPriceRow{priceOf("L", "A", 1, 1)}})
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), name)
		_, err = s.ListPriceLists(ctx, &productv1.ListPriceListsRequest{})
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), name)
		_, err = s.ListPrices(ctx, &productv1.ListPricesRequest{List: "L"})
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), name)
		_, err = s.GetPrices(ctx, &productv1.GetPricesRequest{Codes: []string{"A"}})
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), name)
	}
	_, err := s.ImportPrices(hq(t.Context(), "finance"), &productv1.ImportPricesRequest{RequestId: "0123456789abcdef"})
	require.Equal(t, fault.ReasonForbidden, kratos.Reason(err))
}
