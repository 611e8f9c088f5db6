package service

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	"github.com/onepool/onepool/app/internal/database"
)

// nowhere begins the codes that are no SKUs; all others are.
const nowhere = "NO-"

// categoryOf is what a code begins with, if that is a category here.
func categoryOf(code string) string {
	if begin, _, found := strings.Cut(code, "-"); found && strings.Contains("green black", begin) {
		return begin
	}
	return ""
}

// products is the product center.
type products struct {
	productv1.ProductClient
	down  atomic.Bool
	asked atomic.Int64
}

func (p *products) GetSkus(ctx context.Context, in *productv1.GetSkusRequest, _ ...grpc.CallOption) (*productv1.GetSkusResponse, error) {
	p.asked.Add(1)
	switch {
	case database.InTransaction(ctx):
		return nil, status.Error(codes.Internal, "asked inside a transaction")
	case len(in.Codes) == 0 || len(in.Codes) > 200:
		return nil, status.Error(codes.InvalidArgument, "1 to 200 codes")
	case p.down.Load():
		return nil, status.Error(codes.Unavailable, "nobody listens")
	}
	out := &productv1.GetSkusResponse{}
	for _, code := range in.Codes {
		if !strings.HasPrefix(code, nowhere) {
			out.Skus = append(out.Skus, &productv1.Sku{Code: code, Category: categoryOf(code), ListPrice: &commonv1.Money{AmountMinor: 9990, Currency: "CNY"}})
		}
	}
	return out, nil
}

func (p *products) ListSkus(ctx context.Context, in *productv1.ListSkusRequest, _ ...grpc.CallOption) (*productv1.ListSkusResponse, error) {
	switch {
	case database.InTransaction(ctx):
		return nil, status.Error(codes.Internal, "asked inside a transaction")
	case p.down.Load():
		return nil, status.Error(codes.Unavailable, "nobody listens")
	}
	out := &productv1.ListSkusResponse{}
	if in.Category == categoryOf(in.Category+"-1") {
		out.Skus = append(out.Skus, &productv1.Sku{Code: in.Category + "-1", Category: in.Category})
	}
	return out, nil
}

func received(lines ...*inventoryv1.StockLine) *inventoryv1.ReceiveStockRequest {
	return &inventoryv1.ReceiveStockRequest{RequestId: requestID(), Document: "note", Lines: lines}
}

func corrected(sku string, delta int64) *inventoryv1.AdjustStockRequest {
	return &inventoryv1.AdjustStockRequest{RequestId: requestID(), Document: "count", Reason: "found", Location: "S-01", Sku: sku, Delta: delta}
}

func (r *rig) stockRows(t testing.TB) (n int) {
	t.Helper()
	require.NoError(t, r.db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM stock").Scan(&n))
	return n
}

func TestNoStockIsBookedOfWhatIsNotInTheCatalogue(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		ctx := hq(t.Context(), "operator")
		_, err := r.ReceiveStock(ctx, received(&inventoryv1.StockLine{Location: "S-01", Sku: "LJ", Quantity: 1}, &inventoryv1.StockLine{Location: "S-01", Sku: "NO-TEA", Quantity: 1}))
		require.Equal(t, "SKU_UNKNOWN", reasonOf(err))
		require.Equal(t, "NO-TEA", metadataOf(err)["sku"])
		for _, delta := range []int64{1, -1} {
			_, err = r.AdjustStock(ctx, corrected("NO-TEA", delta))
			require.Equal(t, "SKU_UNKNOWN", reasonOf(err))
		}
		for _, sku := range []string{" LJ", "L J"} { // no SKU can have such a code
			_, err = r.ReceiveStock(ctx, received(&inventoryv1.StockLine{Location: "S-01", Sku: sku, Quantity: 1}))
			require.Equal(t, "SKU_UNKNOWN", reasonOf(err), sku)
		}
		require.Zero(t, r.stockRows(t), "all lines or none, and no empty rows either")

		got, err := r.ImportStock(ctx, importRows(counted("S-01", "NO-TEA", 5, 0), counted("S-01", "LJ", 10, 2), counted("S-99", "NO-TEA", 5, 0), counted("S-01", " LJ", 3, 0)))
		require.NoError(t, err)
		require.Equal(t, int64(1), got.Created, "the good row is kept")
		require.Len(t, got.Errors, 3)
		require.Equal(t, []any{int64(2), "SKU_UNKNOWN", "sku"}, []any{got.Errors[0].Line, got.Errors[0].Reason, got.Errors[0].Field})
		require.Equal(t, []any{int64(4), "LOCATION_UNKNOWN"}, []any{got.Errors[1].Line, got.Errors[1].Reason})
		require.Equal(t, []any{int64(5), "SKU_UNKNOWN"}, []any{got.Errors[2].Line, got.Errors[2].Reason})
		require.Equal(t, 1, r.stockRows(t))
		_, err = r.AdjustStock(ctx, corrected("TG", 3))
		require.NoError(t, err)
		require.Equal(t, int64(3), r.rows(t, "S-01", "TG").OnHand)
		r.audit(t)
	})
}

func TestNothingNewIsBookedWhileNobodyKnowsTheCatalogue(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 5)
		ctx := hq(t.Context(), "operator")
		receive, count, file := received(&inventoryv1.StockLine{Location: "S-01", Sku: "TG", Quantity: 1}), corrected("TG", 1), importRows(counted("S-01", "TG", 7, 0))
		book := func() (errs []error) {
			_, one := r.ReceiveStock(ctx, receive)
			_, two := r.AdjustStock(ctx, count)
			_, three := r.ImportStock(ctx, file)
			return []error{one, two, three}
		}
		r.shop.down.Store(true)
		for _, err := range book() {
			require.Equal(t, "UNAVAILABLE", reasonOf(err))
		}
		require.Equal(t, 1, r.stockRows(t))
		asked := r.shop.asked.Load()
		_, err := r.AdjustStock(ctx, corrected("LJ", 1))
		require.NoError(t, err, "what the location has had is known here")
		require.Equal(t, asked, r.shop.asked.Load())
		r.shop.down.Store(false)
		for _, err := range book() {
			require.NoError(t, err, "the same requests, later")
		}
		r.shop.down.Store(true)
		for _, err := range book() {
			require.NoError(t, err, "an answer that there is needs nobody")
		}
		require.Equal(t, int64(7), r.rows(t, "S-01", "TG").OnHand)
		r.audit(t)
	})
}
