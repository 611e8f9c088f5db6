// Package biz decides about parties, stores, people and their credentials.
//
// Always true:
//   - There is one headquarters; every other organisation has a parent, and following parents ends at headquarters
//     within MaxDepth steps.
//   - A direct store belongs to headquarters, a franchise store to a franchisee or dealer; a store never changes its
//     organisation: it closes, and another one opens.
//   - A store has a position on earth and an IANA time zone; it closes after it opens.
//   - Headquarters' people without a store are operators, finance or administrators; everybody else works in one store.
//   - An import is a function of its arguments; importing the same rows twice changes nothing the second time.
package biz

import (
	"slices"

	"github.com/onepool/onepool/app/internal/batch"
)

// Kind is what sort of party an organisation is.
type Kind string

// The kinds of organisations.
const (
	Headquarters Kind = "headquarters"
	Dealer       Kind = "dealer"
	Franchisee   Kind = "franchisee"
)

// MaxDepth bounds the way from an organisation up to headquarters.
const MaxDepth = 8

const (
	maxCode     = 64
	maxOrgCode  = 40 // it is part of keys of every center
	maxName     = 200
	maxTaxpayer = 32
	maxFee      = 1_000_000_000
	basisPoints = 10_000
)

// Organisation is a party of the business: who owns stock, sells, and is settled with.
type Organisation struct {
	Code, Name       string
	Kind             Kind
	Parent           string
	SettlementRateBP int64 // of the list price, when another sells its stock
	FulfilmentFee    int64 // minor units
	ShareStock       bool  // contract in force that lets others sell its stock
	MerchantAccount  string
	Taxpayer         string // what kind: tax rates go by it
	UpdatedUS        int64
}

// SharesStock says whether other sellers' channels may sell its stock: headquarters' always, another's by contract.
func (o Organisation) SharesStock() bool { return o.Kind == Headquarters || o.ShareStock }

// termsDiffer says whether the inventory center has to hear about it.
func (o Organisation) termsDiffer(n Organisation) bool {
	return o.SharesStock() != n.SharesStock() || o.SettlementRateBP != n.SettlementRateBP || o.FulfilmentFee != n.FulfilmentFee
}

// same compares everything but when it was changed.
func (o Organisation) same(n Organisation) bool {
	o.UpdatedUS, n.UpdatedUS = 0, 0
	return o == n
}

// OrganisationRow is a line of a file of organisations.
type OrganisationRow struct {
	Line                            int64
	Code, Name, Kind, ParentCode    string
	SettlementRateBP, FulfilmentFee int64
	ShareStock                      bool
	Taxpayer                        string
}

// nobodys are codes that stand where rows of no organisation name one: members are the brand's, carts their members'.
// A party of that name would see them all.
var nobodys = []string{"brand", "member"}

// ParseOrganisation turns a row into an organisation, or says what is wrong with it.
func ParseOrganisation(row OrganisationRow) (o Organisation, refusal *batch.Refusal) {
	o = Organisation{SettlementRateBP: row.SettlementRateBP, FulfilmentFee: row.FulfilmentFee, ShareStock: row.ShareStock}
	if o.Code, refusal = batch.Code("code", row.Code, maxOrgCode); refusal != nil {
		return o, refusal
	}
	if slices.Contains(nobodys, o.Code) {
		return o, batch.Refuse(batch.ReasonValidator, "code", "is taken by the platform itself: choose another one")
	}
	if o.Name, refusal = batch.Text("name", row.Name, 1, maxName); refusal != nil {
		return o, refusal
	}
	switch o.Kind = Kind(fold(row.Kind)); o.Kind {
	case Headquarters, Dealer, Franchisee:
	default:
		return o, batch.Refuse(batch.ReasonValidator, "kind", "must be headquarters, dealer or franchisee")
	}
	if o.Kind == Headquarters {
		if row.ParentCode != "" {
			return o, batch.Refuse(batch.ReasonValidator, "parent_code", "headquarters has no parent")
		}
	} else if o.Parent, refusal = batch.Code("parent_code", row.ParentCode, maxOrgCode); refusal != nil {
		return o, refusal
	}
	if o.SettlementRateBP < 0 || o.SettlementRateBP > basisPoints {
		return o, batch.Refuse(batch.ReasonAmountInvalid, "settlement_rate_bp", "must be 0 to %d basis points", basisPoints)
	}
	if o.FulfilmentFee < 0 || o.FulfilmentFee > maxFee {
		return o, batch.Refuse(batch.ReasonAmountInvalid, "fulfilment_fee_minor", "must be 0 to %d", maxFee)
	}
	if row.Taxpayer != "" {
		if o.Taxpayer, refusal = batch.Code("taxpayer", row.Taxpayer, maxTaxpayer); refusal != nil {
			return o, refusal
		}
	}
	o.MerchantAccount = "M-" + o.Code
	return o, nil
}
