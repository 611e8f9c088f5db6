// Package pricing is the one price calculation of the platform: what an order, a cart or a sale at a till costs, and who bears
// which discount.
//
// Always true:
//   - Calculate is a function of its Input and nothing else: no clock, no database, no randomness, no map order. A till that
//     has the same input offline gets the same price, step by step.
//   - Amounts are whole minor units of one currency. Of each line, gross - discounts = payable >= 0, and of each discount the
//     shares of its bearers sum to it. Of the whole, the lines' sums are the totals.
//   - A discount is split to its lines in proportion to what was still to pay for them, by the largest remainder; ties go to
//     the earlier line. The same for the bearers of a discount: first the whole by their shares, then each bearer's part to the
//     lines.
//   - A promotion is applied as a whole or not at all, and an applied one never makes a price lower than nothing.
//
// The order of the calculation is: unit prices (list, member tier), flash sales, the promotions of lines (money, percent, Nth
// item, bundle), those of thresholds (money or percent off, gifts), coupons, freight, points, tax; within each by priority, the
// highest first, then by id. Each sees what the ones before it have left to pay.
package pricing

// Input is all that a price depends on.
type Input struct {
	// AtUS is the moment for which the price is asked: microseconds since 1970 UTC.
	AtUS     int64
	Currency string
	Channel  string
	// Store is the shop's store, Region its administrative region's code; empty: none.
	Store, Region string
	Buyer         Buyer
	Lines         []Line
	// Gifts are the SKUs that promotions give away, by code; GiftsLeft the pieces that there are of them, bought ones too: those
	// that are not here are not known to be short.
	Gifts     map[string]Line
	GiftsLeft map[string]int64
	// Promotions that may apply; those out of their window or scope are passed over, and the steps say so.
	Promotions []Promotion
	// Left says what is left of promotions with a budget or a quota, by id; one that is not here has none of either used.
	Left         map[string]Left
	FreightMinor int64
	// Freight by weight, instead of FreightMinor; nil: that amount.
	Freight *Freight
	// Points that the buyer would spend, and what one is worth.
	Points, PointValueMinor int64
	// TaxOnTop: prices have no tax in them, and it is added; otherwise it is a part of the price and only shown.
	TaxOnTop bool
}

// Buyer is what promotions ask of who buys. The zero value is a guest.
type Buyer struct {
	Member     string
	Tier       string
	Segments   []string
	FirstOrder bool
	// Coupons that the buyer would use: the promotions that they open, by id.
	Coupons []string
}

// Line is one SKU of an order.
type Line struct {
	ID       string
	SKU      string
	Category string // a path: "tea/green"; a scope of "tea" has it
	Brand    string
	Quantity int64
	// ListMinor is the price of a piece; TierMinor what the buyer's tier pays, 0: no price of its own.
	ListMinor, TierMinor int64
	// List and TierList are the price lists that say so; empty: the catalogue.
	List, TierList string
	// TaxBP is the rate of its tax class in basis points.
	TaxBP int64
	// WeightG is that of a piece, for the freight.
	WeightG int64
	// NoDiscount keeps all promotions off the line.
	NoDiscount bool
}

// Left is what is left of a promotion.
type Left struct {
	// BudgetMinor of discounts, Quantity of pieces at the flash price, ForBuyer of them this buyer may still have; -1: without
	// limit.
	BudgetMinor, Quantity, ForBuyer int64
}

// Unlimited is what is left of a promotion without limits.
var Unlimited = Left{-1, -1, -1}

// Result is a price with all its steps.
type Result struct {
	Lines []PricedLine
	// GoodsMinor is the sum of the lines' payables, DiscountMinor of their discounts.
	GoodsMinor, DiscountMinor int64
	// FreightMinor is after its discounts.
	FreightMinor, FreightDiscountMinor int64
	FreightDiscounts                   []Discount
	// TaxMinor is in the price, or on top of it.
	TaxMinor int64
	// TotalMinor is goods and freight, and tax where it is on top.
	TotalMinor int64
	// Points that are spent, and what of the goods they pay.
	Points, PointsAmountMinor int64
	// Bearers are what each has to bear in all, the freight's discounts too.
	Bearers []Borne
	// Uses are what has to be taken from budgets and quotas before the price may be promised.
	Uses  []Use
	Steps []Step
}

// ToPayMinor is what money has to pay.
func (r Result) ToPayMinor() int64 { return r.TotalMinor - r.PointsAmountMinor }

// PricedLine is a line with all its shares.
type PricedLine struct {
	Line
	// Gift says which promotion gives the line away; empty: it is bought.
	Gift string
	// Earned is what earned it.
	Earned *Earned
	// UnitMinor is the price of a piece at the buyer's tier, GrossMinor of all of them.
	UnitMinor, GrossMinor, DiscountMinor, PayableMinor int64
	Discounts                                          []Discount
	PointsAmountMinor, Points                          int64
	TaxMinor                                           int64
}

// Discount is what one promotion takes off a line.
type Discount struct {
	Promotion   string  `json:"promotion"`
	Version     int64   `json:"version"`
	Coupon      bool    `json:"coupon,omitempty"`
	AmountMinor int64   `json:"amount_minor"`
	Bearers     []Borne `json:"bearers"`
}

// Borne is what one party bears.
type Borne struct {
	Party
	AmountMinor int64 `json:"amount_minor"`
}

// Use is what a price takes of a promotion.
type Use struct {
	Promotion   string
	Version     int64
	Coupon      bool
	AmountMinor int64
	Quantity    int64 // pieces at the flash price
}

// The kinds of steps. The applied ones lead from nothing to what is to pay, but for gifts: a gift's step takes its price off,
// which no step puts on.
const (
	StepList    = "LIST"
	StepTier    = "TIER"
	StepFlash   = "FLASH"
	StepLine    = "LINE"
	StepOrder   = "ORDER"
	StepCoupon  = "COUPON"
	StepGift    = "GIFT"
	StepFreight = "FREIGHT"
	StepPoints  = "POINTS"
	StepTax     = "TAX"
)

// Step is one step of the calculation: what it was about, and what it did.
type Step struct {
	Kind      string
	Promotion string
	Name      string
	// List is the price list of a step of list or tier prices; empty: the catalogue.
	List string
	// AmountMinor is what the step changed: below zero for a discount.
	AmountMinor int64
	// Applied is false for a promotion that was looked at in vain; Reason says why.
	Applied bool
	Reason  string
	// Lines are the lines that it was about.
	Lines []string
}

// The reasons for which a promotion does not apply. They are stable: frontends translate them.
const (
	NotYet         = "NOT_YET"
	Over           = "OVER"
	OutOfScope     = "OUT_OF_SCOPE"
	NotTheBuyers   = "NOT_THE_BUYERS"
	NoLine         = "NO_LINE"
	BelowThreshold = "BELOW_THRESHOLD"
	NotTogether    = "NOT_TOGETHER"
	BetterInGroup  = "BETTER_IN_GROUP"
	BudgetUsedUp   = "BUDGET_USED_UP"
	QuotaUsedUp    = "QUOTA_USED_UP"
	LimitOfBuyer   = "LIMIT_OF_BUYER"
	NothingOff     = "NOTHING_OFF"
	GiftUnknown    = "GIFT_UNKNOWN"
	GiftOutOfStock = "GIFT_OUT_OF_STOCK"
	// FreeFrom: the goods cost enough for a delivery that costs nothing.
	FreeFrom = "FREE_FROM"
)
