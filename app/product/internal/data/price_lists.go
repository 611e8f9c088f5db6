package data

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/product/internal/biz"
	"github.com/onepool/onepool/app/product/internal/data/ent"
	"github.com/onepool/onepool/app/product/internal/data/ent/predicate"
	"github.com/onepool/onepool/app/product/internal/data/ent/priceentry"
	"github.com/onepool/onepool/app/product/internal/data/ent/pricelist"
	"github.com/onepool/onepool/app/product/internal/data/ent/sku"
)

const topicLists = "product.price_lists"

// PriceLists are the price lists of one database.
type PriceLists struct {
	db     *database.DB
	ent    *ent.Client
	now    func() time.Time
	recent *database.Recent[[]biz.PriceList] // all that are not over
}

// NewPriceLists uses a migrated database; now tells how old what is kept in memory is.
func NewPriceLists(db *database.DB, now func() time.Time) *PriceLists {
	return &PriceLists{db: db, ent: ent.NewClient(ent.Driver(db.EntDriver())), now: now, recent: database.NewRecent[[]biz.PriceList](db, topicLists)}
}

// Price prices the SKUs with these codes; unknown ones are absent.
func (p *PriceLists) Price(ctx context.Context, codes []string, a biz.PriceAsk) ([]biz.Priced, error) {
	skus, err := all(ctx, p.ent.Sku.Query().Where(sku.IDIn(codes...)).Order(ent.Asc(sku.FieldID)))
	if err != nil {
		return nil, err
	}
	lists, err := p.current(ctx)
	if err != nil {
		return nil, err
	}
	var asked []biz.PriceList
	var names []string
	for _, l := range lists {
		if l.Applies(a, false) || l.Applies(a, true) {
			asked, names = append(asked, l), append(names, l.Code)
		}
	}
	var entries []biz.PriceEntry
	if len(names) > 0 {
		entries, err = p.entries(ctx, priceentry.SkuIn(codes...), priceentry.PriceListIn(names...), priceentry.FromUsLTE(a.AtUS))
	}
	return biz.PriceAll(skus, asked, entries, a), err
}

// Until is the next moment at which a price of these SKUs may change in such a sale; 0: none is known.
func (p *PriceLists) Until(ctx context.Context, codes []string, a biz.PriceAsk) (int64, error) {
	lists, err := p.current(ctx)
	if err != nil {
		return 0, err
	}
	var names []string
	until := int64(0)
	for _, l := range lists {
		if l.For(a, false) || l.For(a, true) {
			names = append(names, l.Code)
			until = biz.Next(a.AtUS, until, l.FromUS, l.UntilUS)
		}
	}
	if len(names) == 0 {
		return until, nil
	}
	first, err := p.ent.PriceEntry.Query().Where(priceentry.SkuIn(codes...), priceentry.PriceListIn(names...), priceentry.FromUsGT(a.AtUS)).
		Order(ent.Asc(priceentry.FieldFromUs)).First(ctx)
	if ent.IsNotFound(err) {
		return until, nil
	}
	if err != nil {
		return 0, fmt.Errorf("prices to come: %w", err)
	}
	return biz.Next(a.AtUS, until, first.FromUs), nil
}

// current are all lists, at most a second old.
func (p *PriceLists) current(ctx context.Context) ([]biz.PriceList, error) {
	return p.recent.Get(p.now().UnixMicro(), func([]biz.PriceList) ([]biz.PriceList, error) {
		rows, err := p.ent.PriceList.Query().All(ctx)
		if err != nil {
			return nil, fmt.Errorf("price lists: %w", err)
		}
		return fromLists(rows), nil
	})
}

func (p *PriceLists) entries(ctx context.Context, where ...predicate.PriceEntry) ([]biz.PriceEntry, error) {
	rows, err := p.ent.PriceEntry.Query().Where(where...).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("prices: %w", err)
	}
	return fromEntries(rows), nil
}

// KnownLists reads, and locks until the transaction ends, the lists that rows name.
func (p *PriceLists) KnownLists(ctx context.Context, rows []biz.ListRow) (map[string]biz.PriceList, error) {
	codes := map[string]bool{}
	for _, row := range rows {
		if l, refusal := biz.ParseList(row); refusal == nil {
			codes[l.Code] = true
		}
	}
	found, err := p.ent.PriceList.Query().Where(pricelist.IDIn(sorted(codes)...)).Order(ent.Asc(pricelist.FieldID)).ForUpdate().All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read price lists of an import: %w", err)
	}
	known := make(map[string]biz.PriceList, len(found))
	for _, l := range fromLists(found) {
		known[l.Code] = l
	}
	return known, nil
}

// ApplyLists writes a plan.
func (p *PriceLists) ApplyLists(ctx context.Context, plan biz.ListPlan) error {
	if err := p.db.AfterCommit(ctx, func() { p.db.Signal(topicLists) }); err != nil {
		return err
	}
	for _, l := range plan.Update {
		n, err := p.ent.PriceList.Update().Where(pricelist.ID(l.Code), pricelist.Version(l.Version-1)).SetName(l.Name).SetFromUs(l.FromUS).
			SetUntilUs(l.UntilUS).SetVersion(l.Version).SetChangedBy(l.ChangedBy).SetChangedUs(l.ChangedUS).Save(ctx)
		if err != nil {
			return fmt.Errorf("update price list %s: %w", l.Code, err)
		}
		if n != 1 {
			return fmt.Errorf("update price list %s: %d rows changed: somebody else changed it", l.Code, n)
		}
	}
	rows := make([]*ent.PriceListCreate, len(plan.Create))
	for i, l := range plan.Create {
		rows[i] = p.ent.PriceList.Create().SetID(l.Code).SetName(l.Name).SetChannel(l.Channel).SetStore(l.Store).SetRegion(l.Region).SetTier(l.Tier).
			SetCurrency(l.Currency).SetFromUs(l.FromUS).SetUntilUs(l.UntilUS).SetVersion(l.Version).SetChangedBy(l.ChangedBy).SetChangedUs(l.ChangedUS)
	}
	if len(rows) == 0 {
		return nil
	}
	if err := p.ent.PriceList.CreateBulk(rows...).Exec(ctx); err != nil {
		return fmt.Errorf("create %d price lists: %w", len(rows), err)
	}
	return nil
}

// KnownPrices reads what an import of prices needs to know.
func (p *PriceLists) KnownPrices(ctx context.Context, rows []biz.PriceRow) (biz.KnownPrices, error) {
	lists, skus := map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		lists[row.List], skus[row.SKU] = true, true
	}
	known := biz.KnownPrices{Lists: map[string]bool{}, SKUs: map[string]bool{}}
	// The lists' rows are the lock of their prices.
	found, err := p.ent.PriceList.Query().Where(pricelist.IDIn(sorted(lists)...)).Order(ent.Asc(pricelist.FieldID)).ForUpdate().All(ctx)
	if err != nil {
		return known, fmt.Errorf("read price lists of an import: %w", err)
	}
	for _, l := range found {
		known.Lists[l.ID] = true
	}
	codes, err := p.ent.Sku.Query().Where(sku.IDIn(sorted(skus)...)).IDs(ctx)
	if err != nil {
		return known, fmt.Errorf("read SKUs of an import: %w", err)
	}
	for _, code := range codes {
		known.SKUs[code] = true
	}
	known.Entries, err = p.entries(ctx, priceentry.SkuIn(codes...), priceentry.PriceListIn(sorted(known.Lists)...))
	return known, err
}

// ApplyPrices writes a plan.
func (p *PriceLists) ApplyPrices(ctx context.Context, plan biz.PricePlan) error {
	rows := make([]*ent.PriceEntryCreate, len(plan.Create))
	for i, e := range plan.Create {
		rows[i] = p.ent.PriceEntry.Create().SetID(ids.New("prc")).SetPriceList(e.List).SetSku(e.SKU).SetFromUs(e.FromUS).SetVersion(e.Version).
			SetPriceMinor(e.PriceMinor).SetWithdrawn(e.Withdrawn).SetChangedBy(e.ChangedBy).SetChangedUs(e.ChangedUS)
	}
	if len(rows) == 0 {
		return nil
	}
	if err := p.ent.PriceEntry.CreateBulk(rows...).Exec(ctx); err != nil {
		return fmt.Errorf("create %d prices: %w", len(rows), err)
	}
	return nil
}

// List returns at most n lists after the code after.
func (p *PriceLists) List(ctx context.Context, after string, n int) ([]biz.PriceList, error) {
	rows, err := p.ent.PriceList.Query().Where(pricelist.IDGT(after)).Order(ent.Asc(pricelist.FieldID)).Limit(n).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("price lists: %w", err)
	}
	return fromLists(rows), nil
}

// Get returns a list.
func (p *PriceLists) Get(ctx context.Context, code string) (biz.PriceList, bool, error) {
	rows, err := p.ent.PriceList.Query().Where(pricelist.ID(code)).All(ctx)
	if err != nil || len(rows) == 0 {
		return biz.PriceList{}, false, err
	}
	return fromLists(rows)[0], true, nil
}

// Prices returns at most n entries of a list after one of them, by SKU and time; sku empty: of all SKUs.
func (p *PriceLists) Prices(ctx context.Context, list, code string, after *biz.PriceEntry, n int) ([]biz.PriceEntry, error) {
	q := p.ent.PriceEntry.Query().Where(priceentry.PriceList(list))
	if code != "" {
		q.Where(priceentry.Sku(code))
	}
	if after != nil {
		q.Where(func(s *sql.Selector) {
			s.Where(sql.CompositeGT([]string{s.C(priceentry.FieldSku), s.C(priceentry.FieldFromUs), s.C(priceentry.FieldVersion)}, after.SKU, after.FromUS, after.Version))
		})
	}
	rows, err := q.Order(ent.Asc(priceentry.FieldSku, priceentry.FieldFromUs, priceentry.FieldVersion)).Limit(n).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("prices of %s: %w", list, err)
	}
	return fromEntries(rows), nil
}

// PriceChecks are the invariants of price lists.
func PriceChecks() []invariant.Check {
	return []invariant.Check{{
		ID: "P3", Title: "a price is of a list and a SKU that are there, not below zero, and its versions have no gap",
		Counted: "SELECT COUNT(*) FROM price_entries",
		Violations: `SELECT e.id, 'list or SKU is not there, or the price is none' FROM price_entries e LEFT JOIN price_lists l ON l.id = e.price_list
			LEFT JOIN skus s ON s.id = e.sku WHERE l.id IS NULL OR s.id IS NULL OR e.price_minor < 0
		UNION ALL SELECT MIN(id), 'versions have a gap' FROM price_entries GROUP BY price_list, sku, from_us HAVING MAX(version) <> COUNT(*)`,
	}}
}

func fromLists(rows []*ent.PriceList) []biz.PriceList {
	lists := make([]biz.PriceList, len(rows))
	for i, row := range rows {
		lists[i] = biz.PriceList{
			Code: row.ID, Name: row.Name, PriceScope: biz.PriceScope{Channel: row.Channel, Store: row.Store, Region: row.Region, Tier: row.Tier, Currency: row.Currency},
			FromUS: row.FromUs, UntilUS: row.UntilUs, Version: row.Version, ChangedBy: row.ChangedBy, ChangedUS: row.ChangedUs,
		}
	}
	return lists
}

func fromEntries(rows []*ent.PriceEntry) []biz.PriceEntry {
	entries := make([]biz.PriceEntry, len(rows))
	for i, row := range rows {
		entries[i] = biz.PriceEntry{
			List: row.PriceList, SKU: row.Sku, FromUS: row.FromUs, Version: row.Version, PriceMinor: row.PriceMinor, Withdrawn: row.Withdrawn,
			ChangedBy: row.ChangedBy, ChangedUS: row.ChangedUs,
		}
	}
	return entries
}
