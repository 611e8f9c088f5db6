package service

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/product/internal/data"
	"github.com/onepool/onepool/app/product/internal/data/migrations"
)

func hq(ctx context.Context, roles ...string) context.Context {
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: tenancy.HQ, ID: "boss", Org: "HQ", Roles: roles}.WithScope())
}

func guest(ctx context.Context) context.Context {
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: tenancy.Service, ID: "miniprogram"})
}

func contract(t *testing.T, suite func(t *testing.T, db *database.DB, s *Product)) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(migrations.Files)
		suite(t, db, New(db, data.NewCatalogue(db), []byte("0123456789abcdef0123456789abcdef")))
	})
}

func row(line int, sku, barcode string) *productv1.ImportProductRow {
	return &productv1.ImportProductRow{Line: int64(line), Sku: sku, Spu: "SPU", Barcode: barcode, TitleZh: "明前龙井 " + sku, TitleEn: "Longjing " + sku,
		Category: "green", ListPriceMinor: 12800, Currency: "CNY", WeightG: 250, TaxClass: "food", Returnable: true, Brand: "QY"}
}

var requests int

func send(ctx context.Context, s *Product, rows ...*productv1.ImportProductRow) (*commonv1.ImportResult, error) {
	requests++
	return s.ImportProducts(hq(ctx, "operator"), &productv1.ImportProductsRequest{RequestId: fmt.Sprintf("import-%016d", requests), Rows: rows})
}

func TestImportKeepsGoodRowsAndReportsBadOnes(t *testing.T) {
	contract(t, func(t *testing.T, _ *database.DB, s *Product) {
		ctx := t.Context()
		got, err := send(ctx, s, row(2, "A", "6901234567892"), row(3, "B", "6901234567893"), row(4, "C", ""), row(5, "D", "06901234567892"))
		require.NoError(t, err)
		require.Equal(t, int64(2), got.Created)
		require.Len(t, got.Errors, 2)
		require.Equal(t, []string{"BARCODE_INVALID", "DUPLICATE"}, []string{got.Errors[0].Reason, got.Errors[1].Reason})

		again, err := send(ctx, s, row(2, "A", "6901234567892"), row(4, "C", ""))
		require.NoError(t, err)
		require.Equal(t, int64(2), again.Unchanged)

		changed := row(4, "C", "4006381333931")
		changed.TitleEn = "Changed ' OR 1=1 --"
		got, err = send(ctx, s, changed, row(6, "E", "6901234567892"))
		require.NoError(t, err)
		require.Equal(t, int64(1), got.Updated)
		require.Equal(t, "DUPLICATE", got.Errors[0].Reason, "the barcode is another SKU's in the database")
	})
}

func TestABarcodeMovesInOneBatch(t *testing.T) {
	contract(t, func(t *testing.T, _ *database.DB, s *Product) {
		ctx := t.Context()
		_, err := send(ctx, s, row(2, "A", "6901234567892"))
		require.NoError(t, err)
		got, err := send(ctx, s, row(2, "A", ""), row(3, "B", "6901234567892"))
		require.NoError(t, err)
		require.Empty(t, got.Errors)
		found, err := s.GetSkuByBarcode(guest(ctx), &productv1.GetSkuByBarcodeRequest{Barcode: "6901234567892"})
		require.NoError(t, err)
		require.Equal(t, "B", found.Code)
	})
}

// Two imports at once that want one barcode, or make one SKU: one is first, the other is told, nobody fails.
func TestImportsAtOnceAreDecidedOneAfterTheOther(t *testing.T) {
	contract(t, func(t *testing.T, _ *database.DB, s *Product) {
		var created, duplicate, unchanged atomic.Int64
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				got, err := s.ImportProducts(hq(t.Context(), "operator"), &productv1.ImportProductsRequest{RequestId: fmt.Sprintf("at-once-%016d", i),
					Rows: []*productv1.ImportProductRow{row(2, fmt.Sprint("SKU-", i), "6901234567892"), row(3, "SAME", "")}})
				if !assert.NoError(t, err) {
					return
				}
				created.Add(got.Created)
				unchanged.Add(got.Unchanged)
				duplicate.Add(int64(len(got.Errors)))
			})
		}
		all.Wait()
		require.Equal(t, []int64{2, 7, 7}, []int64{created.Load(), unchanged.Load(), duplicate.Load()})
	})
}

func TestARepeatedRequestGetsItsFirstAnswer(t *testing.T) {
	contract(t, func(t *testing.T, _ *database.DB, s *Product) {
		ctx := hq(t.Context(), "admin")
		req := &productv1.ImportProductsRequest{RequestId: "the-same-request-id", Rows: []*productv1.ImportProductRow{row(2, "A", "")}}
		first, err := s.ImportProducts(ctx, req)
		require.NoError(t, err)
		second, err := s.ImportProducts(ctx, req)
		require.NoError(t, err)
		require.Equal(t, first.String(), second.String())
		require.Equal(t, int64(1), second.Created)
		req.Rows[0].WeightG++
		_, err = s.ImportProducts(ctx, req)
		require.Equal(t, fault.ReasonRequestIDReused, kratos.Reason(err))
	})
}

func TestListPagesByCodeAndFilters(t *testing.T) {
	contract(t, func(t *testing.T, _ *database.DB, s *Product) {
		ctx := t.Context()
		var rows []*productv1.ImportProductRow
		for i := range 25 {
			r := row(i, fmt.Sprintf("SKU-%02d", i), "")
			if i%5 == 0 {
				r.Category, r.TitleEn = "black", "100%_Keemun"
			}
			rows = append(rows, r)
		}
		_, err := send(ctx, s, rows...)
		require.NoError(t, err)
		var codes []string
		token, pages := "", 0
		for {
			got, err := s.ListSkus(guest(ctx), &productv1.ListSkusRequest{PageSize: 10, PageToken: token})
			require.NoError(t, err)
			for _, sku := range got.Skus {
				codes = append(codes, sku.Code)
			}
			pages++
			if token = got.NextPageToken; token == "" {
				break
			}
		}
		require.Equal(t, 3, pages)
		require.Len(t, codes, 25)
		require.IsIncreasing(t, codes)

		black, err := s.ListSkus(guest(ctx), &productv1.ListSkusRequest{Category: "black", PageSize: 2})
		require.NoError(t, err)
		require.Len(t, black.Skus, 2)
		_, err = s.ListSkus(guest(ctx), &productv1.ListSkusRequest{Category: "green", PageToken: black.NextPageToken})
		require.Equal(t, fault.ReasonPageTokenInvalid, kratos.Reason(fault.Public(err)))

		for text, want := range map[string]int{"keemun": 5, "100%_": 5, "%": 5, "_": 5, "明前龙井": 25, "sku-07": 1, "0_K": 0, "' OR 1=1 --": 0, `\`: 0} {
			got, err := s.ListSkus(guest(ctx), &productv1.ListSkusRequest{Text: text})
			require.NoError(t, err, text)
			require.Len(t, got.Skus, want, text)
		}
	})
}

func TestAScannedCodeIsFoundInEachOfItsForms(t *testing.T) {
	contract(t, func(t *testing.T, _ *database.DB, s *Product) {
		ctx := t.Context()
		_, err := send(ctx, s, row(2, "A", "012345678905"))
		require.NoError(t, err)
		for _, form := range []string{"012345678905", "0012345678905", "00012345678905"} {
			got, err := s.GetSkuByBarcode(guest(ctx), &productv1.GetSkuByBarcodeRequest{Barcode: form})
			require.NoError(t, err, form)
			require.Equal(t, "A", got.Code)
			require.Equal(t, "012345678905", got.Barcode, "as printed")
			require.Equal(t, "明前龙井 A", got.Title["zh-CN"])
			require.Equal(t, int64(12800), got.ListPrice.AmountMinor)
			require.True(t, got.Returnable && got.Active)
		}
		_, err = s.GetSkuByBarcode(guest(ctx), &productv1.GetSkuByBarcodeRequest{Barcode: "4006381333931"})
		require.Equal(t, "SKU_UNKNOWN", kratos.Reason(err))
		_, err = s.GetSkuByBarcode(guest(ctx), &productv1.GetSkuByBarcodeRequest{Barcode: "123"})
		require.Equal(t, fault.ReasonValidator, kratos.Reason(fault.Public(err)))
		batch, err := s.GetSkus(guest(ctx), &productv1.GetSkusRequest{Codes: []string{"A", "nobody"}})
		require.NoError(t, err)
		require.Len(t, batch.Skus, 1)
		_, err = send(ctx, s, row(2, "B", ""))
		require.NoError(t, err)
		batch, err = s.GetSkus(guest(ctx), &productv1.GetSkusRequest{Codes: []string{"B"}, Barcodes: []string{"0012345678905", "4006381333931", "no barcode"}})
		require.NoError(t, err)
		require.Len(t, batch.Skus, 2)
		batch, err = s.GetSkus(guest(ctx), &productv1.GetSkusRequest{Barcodes: []string{"no barcode"}})
		require.NoError(t, err)
		require.Empty(t, batch.Skus, "nothing asked is nothing, not everything")
	})
}

func TestOnlyHeadquartersEditorsWrite(t *testing.T) {
	db := testkit.SQLite(t, migrations.Files)
	s := New(db, data.NewCatalogue(db), []byte("0123456789abcdef0123456789abcdef"))
	req := &productv1.ImportProductsRequest{RequestId: "0123456789abcdef", Rows: []*productv1.ImportProductRow{row(2, "A", "")}}
	for name, ctx := range map[string]context.Context{
		"guest":      guest(t.Context()),
		"finance":    hq(t.Context(), "finance"),
		"franchisee": tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Franchisee, ID: "m", Org: "F1", Roles: []string{"manager", "operator"}}.WithScope()),
		"member":     tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Member, ID: "m", Member: "m"}.WithScope()),
		"device":     tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Device, ID: "d", Org: "HQ"}.WithScope()),
	} {
		_, err := s.ImportProducts(ctx, req)
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), name)
		_, err = s.CheckInvariants(ctx, &commonv1.CheckInvariantsRequest{})
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), name)
	}
	_, err := s.ImportProducts(t.Context(), req)
	require.Equal(t, fault.ReasonUnauthenticated, kratos.Reason(err))
}

func TestTheAuditSeesWhatIsBroken(t *testing.T) {
	contract(t, func(t *testing.T, db *database.DB, s *Product) {
		ctx := hq(t.Context(), "admin")
		_, err := send(t.Context(), s, row(2, "A", "6901234567892"), row(3, "B", "4006381333931"), row(4, "C", ""))
		require.NoError(t, err)
		check := func() map[string]*commonv1.InvariantResult {
			got, err := s.CheckInvariants(ctx, &commonv1.CheckInvariantsRequest{})
			require.NoError(t, err)
			by := map[string]*commonv1.InvariantResult{}
			for _, r := range got.Results {
				by[r.Id] = r
			}
			return by
		}
		for id, r := range check() {
			require.Zero(t, r.Violations, id)
		}
		require.Equal(t, int64(2), check()["P1"].Checked)
		for id, broken := range map[string]string{
			"P1":  "UPDATE skus SET barcode = '6901234567893' WHERE id = 'A'",
			"P2":  "UPDATE skus SET price_minor = -1 WHERE id = 'B'",
			"I17": "UPDATE commands SET answer = NULL",
		} {
			require.NoError(t, db.InTx(ctx, func(ctx context.Context) error {
				_, err := db.Conn(ctx).ExecContext(ctx, broken)
				return err
			}))
			require.Equal(t, int64(1), check()[id].Violations, id)
			require.NotEmpty(t, check()[id].Examples[0].Subject, id)
		}
	})
}

func TestTextsAreBoundedByCharacters(t *testing.T) {
	contract(t, func(t *testing.T, _ *database.DB, s *Product) {
		r := row(2, "A", "")
		r.TitleZh, r.TitleEn, r.Category = strings.Repeat("𠮷", 200), strings.Repeat("茶", 200), strings.Repeat("茶", 64)
		got, err := send(t.Context(), s, r)
		require.NoError(t, err)
		require.Equal(t, int64(1), got.Created, "%v", got.Errors)
	})
}
