package pricing

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// Terms are what a till needs to price where the platform cannot be asked: with them Calculate gives what the platform would
// give, step by step, from AtUS until before UntilUS. What is counted over all orders (budgets, quotas, limits of a member, first
// orders, coupons, points) is not in them: only the platform can promise it.
type Terms struct {
	AtUS     int64 `json:"at_us"`
	UntilUS  int64 `json:"until_us"`
	Channel  string
	Store    string
	Region   string `json:",omitempty"`
	TaxOnTop bool   `json:",omitempty"`
	// SKUs by code.
	SKUs []TermSKU
	// Promotions by id, of each the latest version first: the first whose start has come is in force.
	Promotions []Promotion
}

// TermSKU is a SKU as it is sold in the store.
type TermSKU struct {
	Line
	Currency string
	// Tiers are the prices of tiers that have one of their own.
	Tiers map[string]TermPrice `json:",omitempty"`
}

// TermPrice is a price and the list that says so.
type TermPrice struct {
	Minor int64
	List  string `json:",omitempty"`
}

// Want is what somebody buys.
type Want struct {
	SKU      string
	Quantity int64
}

// Offline says whether a promotion can be given without asking the platform.
func (p Promotion) Offline() bool {
	return p.BudgetMinor == 0 && p.Quota == 0 && p.PerBuyer == 0 && !p.Scope.FirstOrder && !p.Coupon
}

// Version is the same for terms that say the same, whenever they were made.
func (t Terms) Version() (string, error) {
	t.AtUS, t.UntilUS = 0, 0
	_, sum, err := t.Write()
	return sum, err
}

// Write gives the terms as they are handed out, and the checksum of that.
func (t Terms) Write() (raw []byte, checksum string, err error) {
	if raw, err = json.Marshal(t); err != nil {
		return nil, "", fmt.Errorf("terms: %w", err)
	}
	sum := sha256.Sum256(raw)
	return raw, hex.EncodeToString(sum[:]), nil
}

// ReadTerms reads terms that were handed out. Damaged ones are refused with Invalid.
func ReadTerms(raw []byte, checksum string) (t Terms, err error) {
	sum := sha256.Sum256(raw)
	if hex.EncodeToString(sum[:]) != checksum {
		return t, Invalid{"checksum", "is of other terms: get them again"}
	}
	if err := json.Unmarshal(raw, &t); err != nil {
		return t, fmt.Errorf("terms: %w", err)
	}
	return t, nil
}

// Input is what a sale is priced with. It refuses a moment for which the terms are not, and what they do not know, with Invalid.
func (t Terms) Input(b Buyer, wants []Want, atUS int64) (Input, error) {
	if atUS < t.AtUS || atUS >= t.UntilUS {
		return Input{}, Invalid{"at_us", "is not within the terms' time: get them again"}
	}
	in := Input{AtUS: atUS, Channel: t.Channel, Store: t.Store, Region: t.Region, Buyer: b, TaxOnTop: t.TaxOnTop, Gifts: map[string]Line{}, Promotions: t.inForce(atUS)}
	for i, w := range wants {
		sku, known := t.find(w.SKU)
		switch {
		case !known:
			return Input{}, Invalid{fmt.Sprintf("lines[%d].sku", i), "is not in the terms"}
		case i > 0 && sku.Currency != in.Currency:
			return Input{}, Invalid{fmt.Sprintf("lines[%d].sku", i), "has its price in another currency"}
		}
		line := sku.Line
		line.ID, line.Quantity, in.Currency = strconv.Itoa(i), w.Quantity, sku.Currency
		if tier, has := sku.Tiers[b.Tier]; has && b.Tier != "" {
			line.TierMinor, line.TierList = tier.Minor, tier.List
		}
		in.Lines = append(in.Lines, line)
	}
	for _, p := range in.Promotions {
		if gift, known := t.find(p.GiftSKU); known && gift.Currency == in.Currency {
			in.Gifts[p.GiftSKU] = gift.Line
		}
	}
	return in, nil
}

func (t Terms) find(code string) (TermSKU, bool) {
	i, known := slices.BinarySearchFunc(t.SKUs, code, func(s TermSKU, code string) int { return cmp.Compare(s.SKU, code) })
	if !known {
		return TermSKU{}, false
	}
	return t.SKUs[i], true
}

// inForce are the versions that sales are priced by: of each promotion the latest whose start has come, or its first.
func (t Terms) inForce(atUS int64) (list []Promotion) {
	for i := 0; i < len(t.Promotions); {
		at, begun := i, false
		for ; i < len(t.Promotions) && t.Promotions[i].ID == t.Promotions[at].ID; i++ {
			if !begun && (t.Promotions[i].FromUS <= atUS || i+1 == len(t.Promotions) || t.Promotions[i+1].ID != t.Promotions[i].ID) {
				at, begun = i, true
			}
		}
		list = append(list, t.Promotions[at])
	}
	return list
}
