package biz

import (
	"fmt"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/money"
)

// Shipped is a line that left a location whose stock another organisation than the seller owns.
type Shipped struct {
	Line, SKU, Owner string
	// Quantity is negative when goods came back.
	Quantity             int64
	PriceMinor, FeeMinor int64
}

// Supply is goods that one organisation shipped for another one's sale, at the frozen settlement price.
type Supply struct {
	ID, Order, Line, Document, SKU string
	Owner, Seller, Currency        string
	Quantity, PriceMinor           int64
	AmountMinor, FeeMinor          int64
	AtUS                           int64
}

// NewSupply returns the supply of a shipped line; there is one for each (document, line, SKU, owner): of a kit's line, one a
// part.
func NewSupply(order, document, seller, currency string, s Shipped, atUS int64) (Supply, error) {
	amount, err := money.Mul(s.PriceMinor, s.Quantity)
	if err != nil {
		return Supply{}, fmt.Errorf("supply of line %s: %w", s.Line, err)
	}
	return Supply{ID: ids.Derived("sup", document, s.Line, s.SKU, s.Owner), Order: order, Line: s.Line, Document: document, SKU: s.SKU,
		Owner: s.Owner, Seller: seller, Currency: currency, Quantity: s.Quantity, PriceMinor: s.PriceMinor,
		AmountMinor: amount, FeeMinor: s.FeeMinor, AtUS: atUS}, nil
}
