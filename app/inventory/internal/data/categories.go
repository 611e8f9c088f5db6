package data

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	productv1 "github.com/onepool/onepool/api/product/v1"
)

const (
	// categoryAge is how old the category of a SKU may be: it changes when a product is imported anew.
	categoryAge = time.Minute
	// maxCategories bounds the memory; beyond it all is asked for again.
	maxCategories = 500_000
	// skusAsked bounds one question to the product center.
	skusAsked = 200
)

// Categories asks the product center for the categories of SKUs, and remembers them. Only policies that name a category
// need it.
type Categories struct {
	client productv1.ProductClient

	mu   sync.Mutex
	of   map[string]category
	when func() time.Time
}

type category struct {
	name  string
	asked time.Time
}

// NewCategories remembers nothing yet.
func NewCategories(client productv1.ProductClient) *Categories {
	return &Categories{client: client, of: map[string]category{}, when: time.Now}
}

// Categories returns the category of each code; empty for what is no SKU. While the product center does not answer, what is
// remembered is good enough, however old; an error means that some were never asked for.
func (c *Categories) Categories(ctx context.Context, skus []string) (map[string]string, error) {
	known, old := c.remembered(skus)
	for chunk := range slices.Chunk(old, skusAsked) {
		reply, err := c.client.GetSkus(ctx, &productv1.GetSkusRequest{Codes: chunk})
		if err != nil {
			for _, sku := range chunk {
				if _, remembered := known[sku]; !remembered {
					return nil, fmt.Errorf("categories of SKUs: %w", err)
				}
			}
			continue
		}
		for _, sku := range chunk {
			known[sku] = "" // until the answer says otherwise
		}
		for _, sku := range reply.GetSkus() {
			known[sku.GetCode()] = sku.GetCategory()
		}
		c.remember(chunk, known)
	}
	return known, nil
}

// remembered returns what is known, and which of the codes must be asked for.
func (c *Categories) remembered(skus []string) (known map[string]string, old []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known = make(map[string]string, len(skus))
	now := c.when()
	for _, sku := range skus {
		is, asked := c.of[sku]
		if asked {
			known[sku] = is.name
		}
		if !asked || now.Sub(is.asked) >= categoryAge {
			old = append(old, sku)
		}
	}
	return known, old
}

func (c *Categories) remember(skus []string, known map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.of)+len(skus) > maxCategories {
		clear(c.of)
	}
	now := c.when()
	for _, sku := range skus {
		c.of[sku] = category{known[sku], now}
	}
}

// HasCategory says whether any SKU is of this category.
func (c *Categories) HasCategory(ctx context.Context, name string) (bool, error) {
	reply, err := c.client.ListSkus(ctx, &productv1.ListSkusRequest{Category: name, PageSize: 1})
	if err != nil {
		return false, fmt.Errorf("SKUs of a category: %w", err)
	}
	return len(reply.GetSkus()) > 0, nil
}
