// Package biz decides what a SKU is and what an import does to the catalogue.
//
// Always true:
//   - A SKU has a code that is one ASCII word, at least one title, a list price above or at zero in a known currency, and
//     either no barcode or one with a right check digit.
//   - A barcode belongs to one SKU, in whatever of its forms (UPC-A, EAN-13, GTIN-14) it is written.
//   - Import is a function of its arguments; importing the same rows twice changes nothing the second time.
package biz

import (
	"maps"

	"github.com/onepool/onepool/app/internal/batch"
	"github.com/onepool/onepool/app/internal/gtin"
	"github.com/onepool/onepool/app/internal/money"
)

// Bounds of what a catalogue row may say.
const (
	maxCode      = 64
	maxTitle     = 200
	maxCategory  = 64
	maxBrand     = 64
	maxTaxClass  = 32
	maxWeightG   = 1_000_000_000
	maxPrice     = 1_000_000_000_000
	LocaleZH     = "zh-CN"
	LocaleEN     = "en"
	DefaultTax   = "standard"
	reasonBarcod = "BARCODE_INVALID"
)

// Row is a line of a catalogue file.
type Row struct {
	Line              int64
	SKU, SPU, Barcode string
	TitleZH, TitleEN  string
	Category          string
	ListPriceMinor    int64
	Currency          string
	WeightG           int64
	TaxClass          string
	Returnable        bool
	Brand             string
}

// SKU is a thing that can be sold, as every channel knows it.
type SKU struct {
	code, spu, barcode, gtin string
	title                    map[string]string
	category, brand          string
	taxClass                 string
	price                    money.Money
	weightG                  int64
	returnable, active       bool
	updatedUS                int64
}

// Parse turns a row into a SKU, or says what is wrong with it.
func Parse(row Row) (SKU, *batch.Refusal) {
	s := SKU{weightG: row.WeightG, returnable: row.Returnable, active: true, title: map[string]string{}}
	var refusal *batch.Refusal
	if s.code, refusal = batch.Code("sku", row.SKU, maxCode); refusal != nil {
		return SKU{}, refusal
	}
	if s.spu, refusal = batch.Text("spu", row.SPU, 0, maxCode); refusal != nil {
		return SKU{}, refusal
	}
	if s.spu == "" { // a product of one variety
		s.spu = s.code
	}
	if s.barcode, refusal = batch.Text("barcode", row.Barcode, 0, maxCode); refusal != nil {
		return SKU{}, refusal
	}
	if s.barcode != "" {
		normal, err := gtin.Normalize(s.barcode)
		if err != nil {
			return SKU{}, batch.Refuse(reasonBarcod, "barcode", "%v", err)
		}
		s.gtin = normal
	}
	for _, t := range []struct{ locale, field, text string }{{LocaleZH, "title_zh", row.TitleZH}, {LocaleEN, "title_en", row.TitleEN}} {
		text, refusal := batch.Text(t.field, t.text, 0, maxTitle)
		if refusal != nil {
			return SKU{}, refusal
		}
		if text != "" {
			s.title[t.locale] = text
		}
	}
	if len(s.title) == 0 {
		return SKU{}, batch.Refuse(batch.ReasonValidator, "title_zh", "a title in Chinese or English is needed")
	}
	if s.category, refusal = batch.Text("category", row.Category, 0, maxCategory); refusal != nil {
		return SKU{}, refusal
	}
	if s.brand, refusal = batch.Text("brand", row.Brand, 0, maxBrand); refusal != nil {
		return SKU{}, refusal
	}
	if s.taxClass, refusal = batch.Text("tax_class", row.TaxClass, 0, maxTaxClass); refusal != nil {
		return SKU{}, refusal
	}
	if s.taxClass == "" {
		s.taxClass = DefaultTax
	}
	if row.ListPriceMinor < 0 || row.ListPriceMinor > maxPrice {
		return SKU{}, batch.Refuse(batch.ReasonAmountInvalid, "list_price_minor", "must be 0 to %d", int64(maxPrice))
	}
	price, err := money.New(row.ListPriceMinor, row.Currency)
	if err != nil {
		return SKU{}, batch.Refuse(batch.ReasonAmountInvalid, "currency", "%v", err)
	}
	s.price = price
	if row.WeightG < 0 || row.WeightG > maxWeightG {
		return SKU{}, batch.Refuse(batch.ReasonValidator, "weight_g", "must be 0 to %d", maxWeightG)
	}
	return s, nil
}

// State is a SKU's stored form; Restore and State are inverse.
type State struct {
	Code, SPU, Barcode, GTIN string
	Title                    map[string]string
	Category, Brand          string
	TaxClass                 string
	PriceMinor               int64
	Currency                 string
	WeightG                  int64
	Returnable, Active       bool
	UpdatedUS                int64
}

// Restore makes a SKU of rows that Parse let in earlier.
func Restore(s State) SKU {
	return SKU{
		code: s.Code, spu: s.SPU, barcode: s.Barcode, gtin: s.GTIN, title: s.Title, category: s.Category, brand: s.Brand, taxClass: s.TaxClass,
		price: money.Money{Minor: s.PriceMinor, Currency: s.Currency}, weightG: s.WeightG, returnable: s.Returnable,
		active: s.Active, updatedUS: s.UpdatedUS,
	}
}

// State is what is stored.
func (s SKU) State() State {
	return State{
		Code: s.code, SPU: s.spu, Barcode: s.barcode, GTIN: s.gtin, Title: s.title, Category: s.category, Brand: s.brand, TaxClass: s.taxClass,
		PriceMinor: s.price.Minor, Currency: s.price.Currency, WeightG: s.weightG, Returnable: s.returnable,
		Active: s.active, UpdatedUS: s.updatedUS,
	}
}

// Code is the SKU's business code.
func (s SKU) Code() string { return s.code }

// GTIN is the barcode in its one normal form, empty without one.
func (s SKU) GTIN() string { return s.gtin }

// same compares everything but when it was changed.
func (s SKU) same(o SKU) bool {
	a, b := s.State(), o.State()
	equal := maps.Equal(a.Title, b.Title)
	a.Title, b.Title, a.UpdatedUS, b.UpdatedUS = nil, nil, 0, 0
	return equal && a.scalars() == b.scalars()
}

// scalars is a State without its map, so that it can be compared as a whole: a field that is added cannot be forgotten.
type scalars struct {
	Code, SPU, Barcode, GTIN, Category, Brand, TaxClass, Currency string
	PriceMinor, WeightG                                           int64
	Returnable, Active                                            bool
}

func (s State) scalars() scalars {
	return scalars{s.Code, s.SPU, s.Barcode, s.GTIN, s.Category, s.Brand, s.TaxClass, s.Currency, s.PriceMinor, s.WeightG, s.Returnable, s.Active}
}
