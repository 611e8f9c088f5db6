// Package data keeps the catalogue.
//
// Always true:
//   - A SKU's search text is made of its code, barcode and titles, in lower case, whenever the SKU is written.
//   - gtin is NULL exactly when there is no barcode.
package data

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/gtin"
	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/product/internal/biz"
	"github.com/onepool/onepool/app/product/internal/data/ent"
	_ "github.com/onepool/onepool/app/product/internal/data/ent/runtime" // binds the tenancy rules
	"github.com/onepool/onepool/app/product/internal/data/ent/sku"
)

// Catalogue is the SKUs of one database.
type Catalogue struct {
	db  *database.DB
	ent *ent.Client
}

// NewCatalogue uses a migrated database.
func NewCatalogue(db *database.DB) *Catalogue {
	return &Catalogue{db: db, ent: ent.NewClient(ent.Driver(db.EntDriver()))}
}

// Known reads, and locks until the transaction ends, what an import of these rows needs to know.
func (c *Catalogue) Known(ctx context.Context, rows []biz.Row) (biz.Known, error) {
	codes, gtins := map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		if s, refusal := biz.Parse(row); refusal == nil {
			codes[s.Code()] = true
			if s.GTIN() != "" {
				gtins[s.GTIN()] = true
			}
		}
	}
	known := biz.Known{ByCode: map[string]biz.SKU{}, ByGTIN: map[string]string{}}
	found, err := c.ent.Sku.Query().
		Where(sku.Or(sku.IDIn(sorted(codes)...), sku.GtinIn(sorted(gtins)...))).
		Order(ent.Asc(sku.FieldID)).ForUpdate().All(ctx)
	if err != nil {
		return known, fmt.Errorf("read SKUs of an import: %w", err)
	}
	for _, row := range found {
		s := fromRow(row)
		known.ByCode[row.ID] = s
		if s.GTIN() != "" {
			known.ByGTIN[s.GTIN()] = row.ID
		}
	}
	return known, nil
}

// Apply writes a plan: updates in their order, then creations, because a barcode may move from one to the other.
func (c *Catalogue) Apply(ctx context.Context, plan biz.Plan) error {
	for _, s := range plan.Update {
		st := s.State()
		change := c.ent.Sku.Update().Where(sku.ID(st.Code), sku.UpdatedUsLT(st.UpdatedUS)).
			SetSpu(st.SPU).SetBarcode(st.Barcode).SetTitle(st.Title).SetSearch(search(st)).
			SetCategory(st.Category).SetBrand(st.Brand).SetTaxClass(st.TaxClass).SetPriceMinor(st.PriceMinor).SetCurrency(st.Currency).
			SetWeightG(st.WeightG).SetReturnable(st.Returnable).SetActive(st.Active).SetUpdatedUs(st.UpdatedUS)
		if st.GTIN == "" {
			change.ClearGtin()
		} else {
			change.SetGtin(st.GTIN)
		}
		n, err := change.Save(ctx)
		if err != nil {
			return fmt.Errorf("update SKU %s: %w", st.Code, err)
		}
		if n != 1 {
			return fmt.Errorf("update SKU %s: %d rows changed: somebody else changed it", st.Code, n)
		}
	}
	if len(plan.Create) == 0 {
		return nil
	}
	rows := make([]*ent.SkuCreate, len(plan.Create))
	for i, s := range plan.Create {
		st := s.State()
		rows[i] = c.ent.Sku.Create().SetID(st.Code).SetSpu(st.SPU).SetBarcode(st.Barcode).SetNillableGtin(nullable(st.GTIN)).
			SetTitle(st.Title).SetSearch(search(st)).SetCategory(st.Category).SetBrand(st.Brand).SetTaxClass(st.TaxClass).SetPriceMinor(st.PriceMinor).
			SetCurrency(st.Currency).SetWeightG(st.WeightG).SetReturnable(st.Returnable).SetActive(st.Active).SetUpdatedUs(st.UpdatedUS)
	}
	if err := c.ent.Sku.CreateBulk(rows...).Exec(ctx); err != nil {
		return fmt.Errorf("create %d SKUs: %w", len(rows), err)
	}
	return nil
}

// Filter says which SKUs a list shows.
type Filter struct{ Category, Text string }

// List returns at most n SKUs after the code after, in the order of their codes.
func (c *Catalogue) List(ctx context.Context, f Filter, after string, n int) ([]biz.SKU, error) {
	q := c.ent.Sku.Query()
	if f.Category != "" {
		q.Where(sku.Category(f.Category))
	}
	if f.Text != "" {
		q.Where(sku.SearchContains(strings.ToLower(f.Text))) // ent escapes what LIKE would read
	}
	if after != "" {
		q.Where(sku.IDGT(after))
	}
	return all(ctx, q.Order(ent.Asc(sku.FieldID)).Limit(n))
}

// Get returns the SKUs with these codes or these barcodes in 14 digits; unknown ones are absent.
func (c *Catalogue) Get(ctx context.Context, codes, gtins []string) ([]biz.SKU, error) {
	return all(ctx, c.ent.Sku.Query().Where(sku.Or(sku.IDIn(codes...), sku.GtinIn(gtins...))).Order(ent.Asc(sku.FieldID)))
}

// ByGTIN returns the SKU with this barcode in 14 digits.
func (c *Catalogue) ByGTIN(ctx context.Context, gtin14 string) (biz.SKU, bool, error) {
	found, err := all(ctx, c.ent.Sku.Query().Where(sku.Gtin(gtin14)).Limit(1))
	if err != nil || len(found) == 0 {
		return biz.SKU{}, false, err
	}
	return found[0], true, nil
}

func all(ctx context.Context, q *ent.SkuQuery) ([]biz.SKU, error) {
	rows, err := q.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read SKUs: %w", err)
	}
	skus := make([]biz.SKU, len(rows))
	for i, row := range rows {
		skus[i] = fromRow(row)
	}
	return skus, nil
}

// Checks are the invariants of the catalogue.
func Checks() []invariant.Check {
	return []invariant.Check{
		invariant.OneAnswer(),
		{
			ID: "P1", Title: "a barcode has a right check digit and is kept in its one normal form",
			Scan: checkBarcodes,
		},
		{
			ID: "P2", Title: "a SKU has a list price in a known form and an SPU",
			Counted: "SELECT COUNT(*) FROM skus",
			Violations: "SELECT id, currency FROM skus WHERE price_minor < 0 OR LENGTH(currency) <> 3 OR spu = '' " +
				"OR (gtin IS NULL AND barcode <> '')",
		},
	}
}

func checkBarcodes(ctx context.Context, q database.Querier, violation func(subject, detail string)) (checked int64, err error) {
	rows, err := q.QueryContext(ctx, "SELECT id, barcode, gtin FROM skus WHERE gtin IS NOT NULL")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, barcode, stored string
		if err := rows.Scan(&id, &barcode, &stored); err != nil {
			return checked, err
		}
		checked++
		if normal, err := gtin.Normalize(barcode); err != nil || normal != stored {
			violation(id, "barcode "+barcode+" is kept as "+stored)
		}
	}
	return checked, rows.Err()
}

func fromRow(row *ent.Sku) biz.SKU {
	st := biz.State{
		Code: row.ID, SPU: row.Spu, Barcode: row.Barcode, Title: row.Title, Category: row.Category, Brand: row.Brand, TaxClass: row.TaxClass,
		PriceMinor: row.PriceMinor, Currency: row.Currency, WeightG: row.WeightG, Returnable: row.Returnable, Active: row.Active,
		UpdatedUS: row.UpdatedUs,
	}
	if row.Gtin != nil {
		st.GTIN = *row.Gtin
	}
	return biz.Restore(st)
}

// search is the text that a list's text filter looks into.
func search(st biz.State) string {
	words := []string{st.Code, st.Barcode}
	for _, locale := range slices.Sorted(maps.Keys(st.Title)) {
		words = append(words, st.Title[locale])
	}
	return strings.ToLower(strings.Join(words, "\n"))
}

func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
