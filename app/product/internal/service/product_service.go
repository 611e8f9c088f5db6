// Package service serves the product center's API: it checks shape and roles, and maps.
package service

import (
	"context"
	"net/http"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/batch/wire"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/gtin"
	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/product/internal/biz"
	"github.com/onepool/onepool/app/product/internal/data"
)

const center = "product"

// Product is the service.
type Product struct {
	productv1.UnimplementedProductServer
	db        *database.DB
	catalogue *data.Catalogue
	pages     []byte
}

// New makes the service; pages is the key of page tokens.
func New(db *database.DB, catalogue *data.Catalogue, pages []byte) *Product {
	return &Product{db: db, catalogue: catalogue, pages: pages}
}

// requireEditor lets those through who keep the catalogue.
func requireEditor(ctx context.Context) error { return authn.RequireHQ(ctx, "admin", "operator") }

// ImportProducts keeps the good rows of a batch.
func (s *Product) ImportProducts(ctx context.Context, req *productv1.ImportProductsRequest) (*commonv1.ImportResult, error) {
	if err := requireEditor(ctx); err != nil {
		return nil, err
	}
	rows := toRows(req.GetRows())
	return command.Local[struct{}, *commonv1.ImportResult]{
		Method: productv1.Product_ImportProducts_FullMethodName, Request: req,
		Decide: func(ctx context.Context, _ struct{}) (result *commonv1.ImportResult, err error) {
			err = s.db.Contend(ctx, func(ctx context.Context) error {
				known, err := s.catalogue.Known(ctx, rows)
				if err != nil {
					return err
				}
				now, err := s.db.Now(ctx)
				if err != nil {
					return err
				}
				plan := biz.Import(known, rows, now)
				result = wire.ImportResult(plan.Result)
				return s.catalogue.Apply(ctx, plan)
			})
			return result, err
		},
	}.Run(ctx, s.db)
}

// ListSkus pages through the catalogue by code.
func (s *Product) ListSkus(ctx context.Context, req *productv1.ListSkusRequest) (*productv1.ListSkusResponse, error) {
	// The catalogue is the same for everybody, so the token is not bound to who asks.
	query := page.Query(productv1.Product_ListSkus_FullMethodName, req.GetCategory(), req.GetText())
	after, err := page.Decode(s.pages, req.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	last, size := "", page.Size(req.GetPageSize())
	if len(after) == 1 {
		last = after[0]
	}
	skus, err := s.catalogue.List(ctx, data.Filter{Category: req.GetCategory(), Text: req.GetText()}, last, size+1)
	if err != nil {
		return nil, err
	}
	out := &productv1.ListSkusResponse{}
	if len(skus) > size {
		skus = skus[:size]
		out.NextPageToken = page.Encode(s.pages, query, skus[size-1].Code())
	}
	out.Skus = toAPIs(skus)
	return out, nil
}

// GetSkus answers what is known of some codes and barcodes.
func (s *Product) GetSkus(ctx context.Context, req *productv1.GetSkusRequest) (*productv1.GetSkusResponse, error) {
	var gtins []string
	for _, barcode := range req.GetBarcodes() {
		if normal, err := gtin.Normalize(barcode); err == nil { // what is no barcode is nobody's
			gtins = append(gtins, normal)
		}
	}
	skus, err := s.catalogue.Get(ctx, req.GetCodes(), gtins)
	if err != nil {
		return nil, err
	}
	return &productv1.GetSkusResponse{Skus: toAPIs(skus)}, nil
}

// GetSkuByBarcode finds what a scanner has read, in whatever form it is printed.
func (s *Product) GetSkuByBarcode(ctx context.Context, req *productv1.GetSkuByBarcodeRequest) (*productv1.Sku, error) {
	normal, err := gtin.Normalize(req.GetBarcode())
	if err != nil {
		return nil, err
	}
	found, ok, err := s.catalogue.ByGTIN(ctx, normal)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault.New(http.StatusNotFound, productv1.ProductErrorReason_SKU_UNKNOWN.String(),
			"no product has this barcode: check the label", "barcode", req.GetBarcode())
	}
	return toAPI(found), nil
}

// CheckInvariants proves the catalogue.
func (s *Product) CheckInvariants(ctx context.Context, req *commonv1.CheckInvariantsRequest) (*commonv1.CheckInvariantsResponse, error) {
	if err := requireEditor(ctx); err != nil {
		return nil, err
	}
	return invariant.Run(ctx, s.db, center, req.GetLimit(), append(data.Checks(), data.PriceChecks()...))
}
