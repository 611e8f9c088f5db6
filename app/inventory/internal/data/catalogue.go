package data

import (
	"context"
	"fmt"
	"slices"

	productv1 "github.com/onepool/onepool/api/product/v1"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// Catalogue asks the product center.
type Catalogue struct{ Client productv1.ProductClient }

// Existing returns those of the codes that are SKUs, as they are spelt there.
func (c Catalogue) Existing(ctx context.Context, codes []string) (biz.SKUs, error) {
	reply, err := c.Client.GetSkus(ctx, &productv1.GetSkusRequest{Codes: codes})
	if err != nil {
		return nil, fmt.Errorf("facts of SKUs: %w", err)
	}
	known := make(biz.SKUs, len(reply.GetSkus()))
	for _, sku := range reply.GetSkus() {
		known[sku.GetCode()] = true
	}
	return known, nil
}

// ListPrices returns the price of one piece of each SKU, as it is now.
func (c Catalogue) ListPrices(ctx context.Context, skus []string) (map[string]int64, error) {
	prices := make(map[string]int64, len(skus))
	for chunk := range slices.Chunk(skus, skusAsked) {
		reply, err := c.Client.GetSkus(ctx, &productv1.GetSkusRequest{Codes: chunk})
		if err != nil {
			return nil, fmt.Errorf("prices of SKUs: %w", err)
		}
		for _, sku := range reply.GetSkus() {
			prices[sku.GetCode()] = sku.GetListPrice().GetAmountMinor()
		}
	}
	return prices, nil
}
