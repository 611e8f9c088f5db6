package biz

import (
	"context"
	"slices"

	"github.com/onepool/onepool/app/internal/batch"
)

// maxSKU is the longest code of a SKU.
const maxSKU = 64

// SKUs are codes that exist. A SKU is never taken out of the catalogue, so that what is in here stays true.
type SKUs map[string]bool

// existing asks which of the keys' SKUs exist. Codes that no SKU can have are not asked for.
func existing(ctx context.Context, catalogue Catalogue, keys []StockKey) (SKUs, error) {
	var codes []string
	for _, k := range keys {
		if code, why := batch.Code("sku", k.SKU, maxSKU); why == nil && code == k.SKU {
			codes = append(codes, code)
		}
	}
	if len(codes) == 0 {
		return SKUs{}, nil
	}
	slices.Sort(codes)
	return catalogue.Existing(ctx, slices.Compact(codes))
}
