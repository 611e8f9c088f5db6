package data

import (
	"context"
	"fmt"

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
