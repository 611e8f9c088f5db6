package biz

import "github.com/onepool/onepool/app/internal/money"

// WantedLine is a line as the buyer sent it.
type WantedLine struct {
	SKU      string
	Quantity int64
	// SeenUnitMinor is the price that the buyer was shown; 0 is not compared.
	SeenUnitMinor int64
}

// SKU is what the product center says about a SKU.
type SKU struct {
	Code       string
	Title      map[string]string
	PriceMinor int64
	Currency   string
	TaxClass   string
	Returnable bool
	Active     bool
}

// PriceInput is all that a price depends on.
type PriceInput struct {
	Lines []WantedLine
	SKUs  map[string]SKU
	// FreightMinor is charged once; neither discounts nor points touch it.
	FreightMinor int64
	// Points that the buyer would spend, and what one is worth.
	Points          int64
	PointValueMinor int64
}

// PricedLine is a line with all its shares. Payable = Gross - Discount; PointsAmount is the part of Payable that points pay.
type PricedLine struct {
	SKU               string
	Title             map[string]string
	TaxClass          string
	Returnable        bool
	Quantity          int64
	UnitMinor         int64
	GrossMinor        int64
	DiscountMinor     int64
	PayableMinor      int64
	PointsAmountMinor int64
	Points            int64
}

// Price is the result of the one price calculation.
type Price struct {
	Currency          string
	Lines             []PricedLine
	GoodsMinor        int64 // sum of the lines' payables
	DiscountMinor     int64 // sum of the lines' discounts
	FreightMinor      int64
	TotalMinor        int64 // goods + freight
	Points            int64 // that are spent
	PointsAmountMinor int64
}

// ToPayMinor is what money has to pay.
func (p Price) ToPayMinor() int64 { return p.TotalMinor - p.PointsAmountMinor }

// Calculate prices lines at list prices. It is the only price calculation: a function of its argument, for every channel,
// with or without an order. It refuses a SKU that is not for sale, and a price that is not the one the buyer was shown.
func Calculate(in PriceInput) (Price, error) {
	p := Price{FreightMinor: in.FreightMinor, Lines: make([]PricedLine, len(in.Lines))}
	payables := make([]int64, len(in.Lines))
	for i, want := range in.Lines {
		sku, known := in.SKUs[want.SKU]
		if !known || !sku.Active {
			return Price{}, NotForSale(want.SKU)
		}
		if p.Currency == "" {
			p.Currency = sku.Currency
		}
		if sku.Currency != p.Currency {
			return Price{}, amountInvalid("lines")
		}
		if want.SeenUnitMinor != 0 && want.SeenUnitMinor != sku.PriceMinor {
			return Price{}, priceChanged(want.SKU, want.SeenUnitMinor, sku.PriceMinor, p.Currency)
		}
		gross, err := money.Mul(sku.PriceMinor, want.Quantity)
		if err != nil {
			return Price{}, amountInvalid("lines")
		}
		p.Lines[i] = PricedLine{
			SKU: sku.Code, Title: sku.Title, TaxClass: sku.TaxClass, Returnable: sku.Returnable,
			Quantity: want.Quantity, UnitMinor: sku.PriceMinor, GrossMinor: gross, PayableMinor: gross,
		}
		payables[i] = gross
		if p.GoodsMinor, err = money.Add(p.GoodsMinor, gross); err != nil {
			return Price{}, amountInvalid("lines")
		}
	}
	var err error
	if p.TotalMinor, err = money.Add(p.GoodsMinor, p.FreightMinor); err != nil {
		return Price{}, amountInvalid("freight")
	}
	return p, p.spendPoints(in.Points, in.PointValueMinor, payables)
}

// spendPoints takes whole points only, at most the goods' worth, and splits them to the lines.
func (p *Price) spendPoints(points, valueMinor int64, payables []int64) error {
	if points <= 0 || valueMinor <= 0 || p.GoodsMinor <= 0 {
		return nil
	}
	p.Points = min(points, p.GoodsMinor/valueMinor)
	if p.Points == 0 {
		return nil
	}
	p.PointsAmountMinor = p.Points * valueMinor // at most goods: cannot overflow
	amounts, err := money.Allocate(p.PointsAmountMinor, payables)
	if err != nil {
		return amountInvalid("points")
	}
	pieces, err := money.Allocate(p.Points, amounts)
	if err != nil {
		return amountInvalid("points")
	}
	for i := range p.Lines {
		p.Lines[i].PointsAmountMinor, p.Lines[i].Points = amounts[i], pieces[i]
	}
	return nil
}
