package biz

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/onepool/onepool/app/internal/money"
)

// Bounds of a kit, and of a demand after its kits were taken apart.
const (
	maxKitParts   = 20
	maxKitPieces  = 1000
	maxKitWeight  = 1_000_000_000
	maxTakenApart = 600
)

// KitPart is a stock SKU in a kit. Weight is the share of the kit's price that one piece bears, relative to the others'; all
// 0: every piece bears the same.
type KitPart struct {
	SKU    string `json:"sku"`
	Pieces int64  `json:"pieces"`
	Weight int64  `json:"weight,omitempty"`
}

// Kit is a sold SKU that consists of several stock SKUs. It has no stock of its own.
type Kit struct{ row KitRow }

// KitRow is a kit as it is stored.
type KitRow struct {
	SKU       string
	Parts     []KitPart
	Active    bool
	Version   int64
	ChangedBy string
	UpdatedUS int64
}

// NewKit makes a kit, on sale at once.
func NewKit(sku string, parts []KitPart, by string, nowUS int64) (*Kit, error) {
	k := &Kit{KitRow{SKU: sku}}
	return k, k.put(parts, by, nowUS)
}

// RestoreKit takes over a stored row.
func RestoreKit(r KitRow) (*Kit, error) {
	if err := r.validate(); err != nil {
		return nil, broken("kit %s: %v", r.SKU, err)
	}
	return &Kit{r}, nil
}

// Row is the stored form.
func (k *Kit) Row() KitRow { return k.row }

// Change replaces the parts; a retired kit is on sale again. expected is the version that the caller has read.
func (k *Kit) Change(parts []KitPart, expected int64, by string, nowUS int64) error {
	if expected != k.row.Version {
		return Changed{"kit", k.row.Version}
	}
	return k.put(parts, by, nowUS)
}

// Retire takes the kit out of sale.
func (k *Kit) Retire(expected int64, by string, nowUS int64) error {
	if expected != k.row.Version {
		return Changed{"kit", k.row.Version}
	}
	k.row.Active, k.row.ChangedBy, k.row.UpdatedUS = false, by, nowUS
	k.row.Version++
	return nil
}

func (k *Kit) put(parts []KitPart, by string, nowUS int64) error {
	r := KitRow{SKU: k.row.SKU, Parts: parts, Active: true, Version: k.row.Version + 1, ChangedBy: by, UpdatedUS: nowUS}
	if err := r.validate(); err != nil {
		return err
	}
	k.row = r
	return nil
}

func (r KitRow) validate() error {
	if r.SKU == "" || len(r.SKU) > maxSKU {
		return Invalid{"sku", "must have 1 to 64 characters"}
	}
	if len(r.Parts) == 0 || len(r.Parts) > maxKitParts {
		return Invalid{"parts", "must be 1 to 20"}
	}
	seen := map[string]bool{}
	var weight, pieces int64
	for _, p := range r.Parts {
		switch {
		case p.SKU == "" || len(p.SKU) > maxSKU:
			return Invalid{"parts.sku", "must have 1 to 64 characters"}
		case p.SKU == r.SKU:
			return KitNested{p.SKU}
		case seen[p.SKU]:
			return Invalid{"parts.sku", "occurs twice: " + p.SKU}
		case p.Pieces < 1 || p.Pieces > maxKitPieces:
			return Invalid{"parts.pieces", "must be between 1 and 1000"}
		case p.Weight < 0 || p.Weight > maxKitWeight:
			return Invalid{"parts.price_weight", "must be between 0 and 1000000000"}
		}
		seen[p.SKU] = true
		weight, pieces = weight+p.Weight, pieces+p.Pieces
	}
	if pieces < 2 {
		return Invalid{"parts", "must be at least two pieces: one piece is no kit"}
	}
	return nil
}

// Prices says what one piece of each part bears of the kit's list price. The price is first shared among the parts, to the
// minor unit, by weight x pieces (largest remainder); a part's share is then divided by its pieces, half up. So the pieces
// of one kit differ from its price by at most half a minor unit a piece.
func (r KitRow) Prices(listMinor int64) ([]int64, error) {
	weights := make([]int64, len(r.Parts))
	sum := int64(0)
	for i, p := range r.Parts {
		weights[i] = p.Weight * p.Pieces
		sum += weights[i]
	}
	if sum == 0 {
		for i, p := range r.Parts {
			weights[i] = p.Pieces
		}
	}
	shares, err := money.Allocate(listMinor, weights)
	if err != nil {
		return nil, err
	}
	for i, p := range r.Parts {
		if shares[i], err = money.MulDiv(shares[i], 1, p.Pieces); err != nil {
			return nil, err
		}
	}
	return shares, nil
}

// Left is how many kits the pieces at one place make.
func (r KitRow) Left(has func(sku string) int64) int64 {
	kits := has(r.Parts[0].SKU) / r.Parts[0].Pieces
	for _, p := range r.Parts[1:] {
		kits = min(kits, has(p.SKU)/p.Pieces)
	}
	return max(0, kits)
}

// Kits are the kits that are on sale, by their sold SKU. They never change: others take their place.
type Kits map[string]KitRow

// Kits are KitFinder when they stay as they are.
func (k Kits) Kits(context.Context) (Kits, error) { return k, nil }

// WithParts adds the parts of the kits among some SKUs.
func (k Kits) WithParts(skus []string) []string {
	all := skus[:len(skus):len(skus)]
	for _, sku := range skus {
		for _, p := range k[sku].Parts {
			all = append(all, p.SKU)
		}
	}
	return all
}

// Around is the other way round: for each part the kits that it is in, by their SKUs.
func (k Kits) Around() KitsAround {
	around := KitsAround{}
	for _, kit := range slices.Sorted(maps.Keys(k)) {
		for _, p := range k[kit].Parts {
			around[p.SKU] = append(around[p.SKU], kit)
		}
	}
	return around
}

// KitsAround are the kits on sale that each part is in. They never change.
type KitsAround map[string][]string

// KitFollower knows which kits change with their parts.
type KitFollower interface {
	// KitsAroundNow knows every commit before the call.
	KitsAroundNow(ctx context.Context) (KitsAround, error)
}

// KitFinder knows which sold SKUs are kits.
type KitFinder interface {
	// Kits is at most a second behind the rows. What was decided in that second stands: a kit is held as it was a moment ago.
	Kits(ctx context.Context) (Kits, error)
}

// TakeApart puts the parts of each kit in the place of its line: a group that must not be split, all of it from one location.
// The order line's id stays on each part.
func (k Kits) TakeApart(d Demand) (Demand, error) {
	lines := make([]DemandLine, 0, len(d.Lines))
	for _, l := range d.Lines {
		kit, is := k[l.SKU]
		if !is {
			lines = append(lines, l)
			continue
		}
		prices, err := kit.Prices(l.ListPriceMinor)
		if err != nil {
			return Demand{}, err
		}
		for i, p := range kit.Parts {
			part := DemandLine{ID: l.ID, SKU: p.SKU, Quantity: l.Quantity * p.Pieces, ListPriceMinor: prices[i], Group: cmp.Or(l.Group, l.ID), KitSKU: l.SKU, PerKit: p.Pieces}
			if part.Quantity > MaxQuantity {
				return Demand{}, Invalid{"lines.quantity", "the parts of " + l.SKU + " are more than 1000000 pieces"}
			}
			lines = append(lines, part)
		}
	}
	if len(lines) > maxTakenApart {
		return Demand{}, Invalid{"lines", "are more than 600 with the parts of their kits"}
	}
	d.Lines = lines
	return d, nil
}

// KitNested refuses a kit inside a kit.
type KitNested struct{ SKU string }

// Error names the SKU.
func (k KitNested) Error() string { return k.SKU + ": a kit inside a kit" }

// Fault is the public face.
func (k KitNested) Fault() (int, string, string, map[string]string) {
	return 409, "KIT_NESTED", "a kit cannot be in a kit: name its parts instead", map[string]string{"sku": k.SKU}
}

// KitHasStock refuses stock of a kit's own.
type KitHasStock struct{ SKU string }

// Error names the SKU.
func (k KitHasStock) Error() string { return k.SKU + ": a kit has no stock of its own" }

// Fault is the public face.
func (k KitHasStock) Fault() (int, string, string, map[string]string) {
	return 409, "KIT_HAS_STOCK", "a kit has no stock of its own: book its parts", map[string]string{"sku": k.SKU}
}

// StockedSKU refuses to make a kit of a SKU that is, or was, on the shelves itself.
type StockedSKU struct{ SKU string }

// Error names the SKU.
func (s StockedSKU) Error() string { return s.SKU + ": has stock of its own, so it is no kit" }

// Fault is the public face.
func (s StockedSKU) Fault() (int, string, string, map[string]string) {
	return 409, "KIT_HAS_STOCK", "this SKU has stock of its own and cannot become a kit: make a new SKU for the kit", map[string]string{"sku": s.SKU}
}

// UnknownKit says that there is no such kit.
type UnknownKit struct{ SKU string }

// Error names the SKU.
func (u UnknownKit) Error() string { return "kit " + u.SKU + " is not known" }

// Fault is the public face.
func (u UnknownKit) Fault() (int, string, string, map[string]string) {
	return 404, "KIT_UNKNOWN", "there is no such kit: check its SKU", map[string]string{"sku": u.SKU}
}

// Changed refuses a change of what somebody else has changed meanwhile.
type Changed struct {
	What    string
	Version int64
}

// Error says what has changed.
func (c Changed) Error() string { return c.What + " has version " + strconv.FormatInt(c.Version, 10) }

// Fault is the public face.
func (c Changed) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "the " + c.What + " has been changed meanwhile: read it again", map[string]string{
		"state": "CHANGED", "version": strconv.FormatInt(c.Version, 10)}
}
