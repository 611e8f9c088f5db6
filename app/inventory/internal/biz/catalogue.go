package biz

import (
	"context"
	"slices"

	"github.com/onepool/onepool/app/internal/batch"
)

// maxSKU is the longest code of a SKU.
const maxSKU = 64

// SKUs are codes that exist. A SKU is never taken out of the catalogue, so that what is in here stays true. One that is in as
// false exists, but is a kit: it has no stock of its own.
type SKUs map[string]bool

// refusal of a code that is not in as true.
func (s SKUs) refusal(code string) error {
	if _, exists := s[code]; exists {
		return KitHasStock{code}
	}
	return UnknownSKU{code}
}

// Stockable is a catalogue for those who book stock in: kits are told from what has stock.
type Stockable struct {
	Catalogue
	Kits KitFinder
}

// Existing returns those of the codes that are SKUs, kits as false.
func (c Stockable) Existing(ctx context.Context, codes []string) (SKUs, error) {
	kits, err := c.Kits.Kits(ctx)
	if err != nil {
		return nil, err
	}
	known, err := c.Catalogue.Existing(ctx, codes)
	if err != nil {
		return nil, err
	}
	for code := range known {
		if _, is := kits[code]; is {
			known[code] = false
		}
	}
	return known, nil
}

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
