package biz

import (
	"errors"
	"strconv"

	"github.com/onepool/onepool/app/internal/money"
	"github.com/onepool/onepool/app/order/pricing"
)

// WantedLine is a line as the buyer sent it.
type WantedLine struct {
	SKU      string
	Quantity int64
	// SeenUnitMinor is the list price, or that of the buyer's tier, that the buyer was shown; 0 is not compared.
	SeenUnitMinor int64
}

// SKU is what the product center says about a SKU.
type SKU struct {
	Code       string
	Title      map[string]string
	PriceMinor int64
	Currency   string
	// TierMinor is what the buyer's tier pays, 0: no price of its own. List and TierList are the price lists that say so.
	TierMinor      int64
	List, TierList string
	Category       string
	Brand          string
	TaxClass       string
	Returnable     bool
	Active         bool
	WeightG        int64
	UntilUS        int64 // when its price changes; 0: not known
}

// PriceInput is all that a price depends on.
type PriceInput struct {
	Channel, Store, MemberID string
	Region                   string // of the store
	Tier                     string
	Segments                 []string
	Lines                    []WantedLine
	SKUs                     map[string]SKU
	// FreightMinor is what a delivery costs where Freight says nothing.
	FreightMinor int64
	Freight      *pricing.Freight
	Tax          Tax
	// Points that the buyer would spend, and what one is worth.
	Points          int64
	PointValueMinor int64
	Promotions      PromotionFacts
	// GiftsLeft are the pieces that may still be promised of gifts, by SKU; those that are not here are not known to be short.
	GiftsLeft map[string]int64
}

// PromotionFacts are the promotions that may apply, as they stand for one buyer.
type PromotionFacts struct {
	AtUS       int64
	Promotions []pricing.Promotion
	Left       map[string]pricing.Left
	FirstOrder bool
	// Coupons that the buyer would use.
	Coupons []Coupon
}

// opened are the promotions that the coupons open.
func (f PromotionFacts) opened() (codes []string) {
	for _, c := range f.Coupons {
		codes = append(codes, c.Promotion)
	}
	return codes
}

// gifts are the SKUs that promotions may give away.
func (f PromotionFacts) gifts() (codes []string) {
	for _, p := range f.Promotions {
		if p.GiftSKU != "" {
			codes = append(codes, p.GiftSKU)
		}
	}
	return codes
}

// Discount is what a promotion took off, and who bears it.
type Discount = pricing.Discount

// Earned is what earned a gift.
type Earned = pricing.Earned

// PromotionUse is what an order takes of a promotion.
type PromotionUse = pricing.Use

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
	Discounts         []Discount
	GiftOf            string
	// WhileStocksLast: a gift that is left out when there is none of it.
	WhileStocksLast bool
	// Earned is what earned a gift, by the keys of lines.
	Key    string
	Earned *Earned
	// TaxMinor is in Payable, at TaxBP basis points. Where prices are without tax, it is in Gross too.
	TaxBP, TaxMinor int64
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
	// TaxMinor is the sum of the lines'; TaxOnTop: their prices are without it.
	TaxMinor         int64
	TaxOnTop         bool
	FreightDiscounts []Discount
	Steps            []PriceStep
	// Uses of promotions with a budget, a quota or a limit for each member.
	Uses []PromotionUse
	// Coupons that take something off, and why the others do not, by id.
	Coupons     []CouponUse
	IdleCoupons map[string]string
}

// PriceStep is a step of the calculation, with the SKUs that it was about.
type PriceStep struct {
	pricing.Step
	SKUs []string
}

// ToPayMinor is what money has to pay.
func (p Price) ToPayMinor() int64 { return p.TotalMinor - p.PointsAmountMinor }

// Calculate prices lines with package pricing: a function of its argument, for every channel, with or without an order. It
// refuses a SKU that is not for sale, and a list price that is not the one the buyer was shown.
func Calculate(in PriceInput) (Price, error) {
	p := Price{}
	ask := pricing.Input{
		AtUS: in.Promotions.AtUS, Channel: in.Channel, Store: in.Store, Region: in.Region, FreightMinor: in.FreightMinor, Points: in.Points, PointValueMinor: in.PointValueMinor,
		Buyer:      pricing.Buyer{Member: in.MemberID, Tier: in.Tier, Segments: in.Segments, FirstOrder: in.Promotions.FirstOrder, Coupons: in.Promotions.opened()},
		Promotions: in.Promotions.Promotions, Left: in.Promotions.Left, Gifts: map[string]pricing.Line{}, GiftsLeft: in.GiftsLeft,
		Freight: in.Freight, TaxOnTop: in.Tax.OnTop,
	}
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
		if want.SeenUnitMinor != 0 && want.SeenUnitMinor != sku.PriceMinor && (sku.TierMinor == 0 || want.SeenUnitMinor != sku.TierMinor) {
			return Price{}, priceChanged(want.SKU, want.SeenUnitMinor, sku.PriceMinor, p.Currency)
		}
		line := sku.line(in.Tax)
		line.ID, line.Quantity = strconv.Itoa(i), want.Quantity
		ask.Lines = append(ask.Lines, line)
	}
	for _, code := range in.Promotions.gifts() {
		if sku, known := in.SKUs[code]; known && sku.Active && sku.Currency == p.Currency {
			ask.Gifts[code] = sku.line(in.Tax)
		}
	}
	ask.Currency = p.Currency
	got, err := pricing.Calculate(ask)
	if errors.Is(err, money.ErrAmount) {
		return Price{}, amountInvalid("lines")
	}
	if err != nil {
		return Price{}, err
	}
	p.take(got, in)
	return p, nil
}

// line is what a price asks of a SKU.
func (s SKU) line(t Tax) pricing.Line {
	return pricing.Line{SKU: s.Code, Category: s.Category, Brand: s.Brand, ListMinor: s.PriceMinor, TierMinor: s.TierMinor, List: s.List, TierList: s.TierList, WeightG: s.WeightG, TaxBP: t.BP(s.TaxClass)}
}

// take puts the result in.
func (p *Price) take(r pricing.Result, in PriceInput) {
	p.GoodsMinor, p.DiscountMinor, p.FreightMinor, p.TotalMinor = r.GoodsMinor, r.DiscountMinor, r.FreightMinor, r.TotalMinor
	p.Points, p.PointsAmountMinor, p.FreightDiscounts = r.Points, r.PointsAmountMinor, r.FreightDiscounts
	p.TaxMinor, p.TaxOnTop = r.TaxMinor, in.Tax.OnTop
	skus, optional := map[string]string{}, map[string]bool{}
	for _, t := range in.Promotions.Promotions {
		optional[t.ID] = t.Kind == pricing.Gift && !t.GiftRequired && !t.Coupon // who uses a coupon wants what it is for
	}
	for _, l := range r.Lines {
		sku := in.SKUs[l.SKU]
		skus[l.ID] = l.SKU
		p.Lines = append(p.Lines, PricedLine{
			SKU: sku.Code, Title: sku.Title, TaxClass: sku.TaxClass, Returnable: sku.Returnable, Quantity: l.Quantity, UnitMinor: l.UnitMinor,
			GrossMinor: l.GrossMinor, DiscountMinor: l.DiscountMinor, PayableMinor: l.PayableMinor, PointsAmountMinor: l.PointsAmountMinor, Points: l.Points,
			Discounts: l.Discounts, GiftOf: l.Gift, WhileStocksLast: optional[l.Gift], Key: l.ID, Earned: l.Earned,
			TaxBP: l.TaxBP, TaxMinor: l.TaxMinor,
		})
		if in.Tax.OnTop { // what the buyer pays for a line is with its tax, so that all of it comes back with the line
			last := &p.Lines[len(p.Lines)-1]
			last.GrossMinor, last.PayableMinor = last.GrossMinor+l.TaxMinor, last.PayableMinor+l.TaxMinor
			p.GoodsMinor += l.TaxMinor // within the total
		}
	}
	for _, s := range r.Steps {
		step := PriceStep{Step: s}
		for _, id := range s.Lines {
			step.SKUs = append(step.SKUs, skus[id])
		}
		p.Steps = append(p.Steps, step)
	}
	p.Coupons, p.IdleCoupons = couponUses(in.Promotions.Coupons, r.Steps)
	limited := map[string]bool{}
	for _, t := range in.Promotions.Promotions {
		limited[t.ID] = t.BudgetMinor > 0 || t.Quota > 0 || t.PerBuyer > 0 || t.Scope.FirstOrder
	}
	for _, u := range r.Uses {
		if limited[u.Promotion] {
			p.Uses = append(p.Uses, u)
		}
	}
}
