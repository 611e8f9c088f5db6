// Package data keeps parties, stores, people and credentials, and tells the inventory center where stock can be.
//
// Always true:
//   - A change of a store, or of its organisation's contract, is committed together with the message about it.
//   - An import locks the organisations that its rows name before it reads anything else, so that a change of a contract
//     and a new store never miss each other.
//   - Secrets are not here: of keys there is a hash, the secret of a channel account is derived, passwords are bcrypt.
package data

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/store/internal/biz"
	"github.com/onepool/onepool/app/store/internal/data/ent"
	"github.com/onepool/onepool/app/store/internal/data/ent/organisation"
	_ "github.com/onepool/onepool/app/store/internal/data/ent/runtime" // binds the tenancy rules
	"github.com/onepool/onepool/app/store/internal/data/ent/store"
)

// Directory is the organisations, stores and staff of one database.
type Directory struct {
	db  *database.DB
	ent *ent.Client
}

// NewDirectory uses a migrated database.
func NewDirectory(db *database.DB) *Directory {
	return &Directory{db: db, ent: ent.NewClient(ent.Driver(db.EntDriver()))}
}

// KnownOrganisations reads and locks what an import of organisations needs to know.
func (d *Directory) KnownOrganisations(ctx context.Context, rows []biz.OrganisationRow) (biz.KnownOrganisations, error) {
	wanted := map[string]bool{}
	for _, row := range rows {
		if o, refusal := biz.ParseOrganisation(row); refusal == nil {
			wanted[o.Code] = true
			if o.Parent != "" {
				wanted[o.Parent] = true
			}
		}
	}
	byCode, err := d.organisations(ctx, wanted, true)
	if err != nil {
		return biz.KnownOrganisations{}, err
	}
	known := biz.KnownOrganisations{ByCode: byCode}
	known.Headquarters, err = d.Headquarters(ctx)
	return known, err
}

// organisations reads these and all their ancestors.
func (d *Directory) organisations(ctx context.Context, wanted map[string]bool, lock bool) (map[string]biz.Organisation, error) {
	byCode := map[string]biz.Organisation{}
	for range biz.MaxDepth + 2 { // the tree is no deeper
		var missing []string
		for _, code := range sorted(wanted) {
			if _, ok := byCode[code]; !ok {
				missing = append(missing, code)
			}
		}
		if len(missing) == 0 {
			break
		}
		q := d.ent.Organisation.Query().Where(organisation.IDIn(missing...)).Order(ent.Asc(organisation.FieldID))
		if lock {
			q.ForUpdate()
		}
		found, err := q.All(ctx)
		if err != nil {
			return nil, fmt.Errorf("read organisations: %w", err)
		}
		wanted = map[string]bool{}
		for _, row := range found {
			byCode[row.ID] = toOrganisation(row)
			if row.Parent != "" {
				wanted[row.Parent] = true
			}
		}
	}
	return byCode, nil
}

// Headquarters is the code of the one headquarters, empty before it was imported.
func (d *Directory) Headquarters(ctx context.Context) (string, error) {
	code, err := d.ent.Organisation.Query().Where(organisation.Kind(string(biz.Headquarters))).Limit(1).IDs(ctx)
	if err != nil {
		return "", fmt.Errorf("read headquarters: %w", err)
	}
	if len(code) == 0 {
		return "", nil
	}
	return code[0], nil
}

// ApplyOrganisations writes a plan and sends the locations of those with a new contract again.
func (d *Directory) ApplyOrganisations(ctx context.Context, plan biz.OrganisationPlan) error {
	for _, o := range plan.Update {
		n, err := d.ent.Organisation.Update().Where(organisation.ID(o.Code), organisation.UpdatedUsLT(o.UpdatedUS)).
			SetName(o.Name).SetParent(o.Parent).SetSettlementRateBp(o.SettlementRateBP).SetFulfilmentFeeMinor(o.FulfilmentFee).
			SetShareStock(o.ShareStock).SetMerchantAccount(o.MerchantAccount).SetTaxpayer(o.Taxpayer).SetUpdatedUs(o.UpdatedUS).Save(ctx)
		if err := changedOne("organisation", o.Code, n, err); err != nil {
			return err
		}
	}
	rows := make([]*ent.OrganisationCreate, len(plan.Create))
	for i, o := range plan.Create {
		rows[i] = d.ent.Organisation.Create().SetID(o.Code).SetOrg(o.Code).SetName(o.Name).SetKind(string(o.Kind)).SetParent(o.Parent).
			SetSettlementRateBp(o.SettlementRateBP).SetFulfilmentFeeMinor(o.FulfilmentFee).SetShareStock(o.ShareStock).
			SetMerchantAccount(o.MerchantAccount).SetTaxpayer(o.Taxpayer).SetUpdatedUs(o.UpdatedUS)
		if o.Kind == biz.Headquarters {
			rows[i].SetRoot("root")
		}
	}
	if len(rows) > 0 {
		if err := d.ent.Organisation.CreateBulk(rows...).Exec(ctx); err != nil {
			return fmt.Errorf("create %d organisations: %w", len(rows), err)
		}
	}
	for _, o := range plan.Update {
		if slices.Contains(plan.NewTerms, o.Code) {
			if err := d.sendAllOf(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// KnownStores reads and locks what an import of stores needs to know.
func (d *Directory) KnownStores(ctx context.Context, rows []biz.StoreRow) (biz.KnownStores, error) {
	codes, orgs, zones := map[string]bool{}, map[string]bool{}, biz.NewZones()
	for _, row := range rows {
		if s, refusal := biz.ParseStore(row, zones); refusal == nil {
			codes[s.Code], orgs[s.Org] = true, true
		}
	}
	known := biz.KnownStores{ByCode: map[string]biz.Store{}, Organisations: map[string]biz.Organisation{}}
	parties, err := d.ent.Organisation.Query().Where(organisation.IDIn(sorted(orgs)...)).Order(ent.Asc(organisation.FieldID)).ForUpdate().All(ctx)
	if err != nil {
		return known, fmt.Errorf("read organisations of an import: %w", err)
	}
	for _, row := range parties {
		known.Organisations[row.ID] = toOrganisation(row)
	}
	known.ByCode, err = d.stores(ctx, d.ent.Store.Query().Where(store.IDIn(sorted(codes)...)).Order(ent.Asc(store.FieldID)).ForUpdate())
	return known, err
}

// ApplyStores writes a plan with the message about it.
func (d *Directory) ApplyStores(ctx context.Context, plan biz.StorePlan, orgs map[string]biz.Organisation) error {
	for _, s := range plan.Update {
		if err := d.updateStore(ctx, s); err != nil {
			return err
		}
	}
	rows := make([]*ent.StoreCreate, len(plan.Create))
	for i, s := range plan.Create {
		rows[i] = d.ent.Store.Create().SetID(s.Code).SetOrg(s.Org).SetName(s.Name).SetOwnership(string(s.Ownership)).SetAddress(s.Address).
			SetCity(s.City).SetProvince(s.Province).SetCountry(s.Country).SetPostcode(s.Postcode).SetRegion(s.Region).SetTimezone(s.Timezone).
			SetLat(s.Point.Lat).SetLng(s.Point.Lng).SetOpens(s.Opens).SetCloses(s.Closes).SetCapabilities(join(s.Capabilities)).
			SetActive(s.Active).SetUpdatedUs(s.UpdatedUS)
	}
	if len(rows) > 0 {
		if err := d.ent.Store.CreateBulk(rows...).Exec(ctx); err != nil {
			return fmt.Errorf("create %d stores: %w", len(rows), err)
		}
	}
	return send(ctx, append(slices.Clone(plan.Create), plan.Update...), orgs)
}

func (d *Directory) updateStore(ctx context.Context, s biz.Store) error {
	n, err := d.ent.Store.Update().Where(store.ID(s.Code), store.UpdatedUsLT(s.UpdatedUS)).
		SetName(s.Name).SetOwnership(string(s.Ownership)).SetAddress(s.Address).SetCity(s.City).SetProvince(s.Province).
		SetCountry(s.Country).SetPostcode(s.Postcode).SetRegion(s.Region).SetTimezone(s.Timezone).SetLat(s.Point.Lat).SetLng(s.Point.Lng).
		SetOpens(s.Opens).SetCloses(s.Closes).SetCapabilities(join(s.Capabilities)).SetActive(s.Active).SetUpdatedUs(s.UpdatedUS).Save(ctx)
	return changedOne("store", s.Code, n, err)
}

// LockStore reads and locks a store with its organisation.
func (d *Directory) LockStore(ctx context.Context, code string) (biz.Store, biz.Organisation, bool, error) {
	s, ok, err := d.Store(ctx, code)
	if err != nil || !ok {
		return biz.Store{}, biz.Organisation{}, false, err
	}
	parties, err := d.ent.Organisation.Query().Where(organisation.ID(s.Org)).ForUpdate().All(ctx)
	if err != nil || len(parties) == 0 {
		return biz.Store{}, biz.Organisation{}, false, err
	}
	locked, err := d.stores(ctx, d.ent.Store.Query().Where(store.ID(code)).ForUpdate())
	return locked[code], toOrganisation(parties[0]), len(locked) == 1, err
}

// SaveStore writes one store with the message about it.
func (d *Directory) SaveStore(ctx context.Context, s biz.Store, o biz.Organisation) error {
	if err := d.updateStore(ctx, s); err != nil {
		return err
	}
	return send(ctx, []biz.Store{s}, map[string]biz.Organisation{o.Code: o})
}

// Store reads one store that the caller may see.
func (d *Directory) Store(ctx context.Context, code string) (biz.Store, bool, error) {
	found, err := d.stores(ctx, d.ent.Store.Query().Where(store.ID(code)))
	s, ok := found[code]
	return s, ok, err
}

// StoreFilter says which stores a list shows.
type StoreFilter struct{ Org, City string }

// ListStores returns at most n stores that the caller may see, after the code after, in the order of their codes.
func (d *Directory) ListStores(ctx context.Context, f StoreFilter, after string, n int) ([]biz.Store, error) {
	q := d.ent.Store.Query().Where(store.IDGT(after)).Order(ent.Asc(store.FieldID)).Limit(n)
	if f.Org != "" {
		q.Where(store.Org(f.Org))
	}
	if f.City != "" {
		q.Where(store.City(f.City))
	}
	rows, err := q.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list stores: %w", err)
	}
	list := make([]biz.Store, len(rows))
	for i, row := range rows {
		list[i] = toStore(row)
	}
	return list, nil
}

// ListOrganisations returns at most n organisations that the caller may see, after the code after.
func (d *Directory) ListOrganisations(ctx context.Context, after string, n int) ([]biz.Organisation, error) {
	rows, err := d.ent.Organisation.Query().Where(organisation.IDGT(after)).Order(ent.Asc(organisation.FieldID)).Limit(n).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list organisations: %w", err)
	}
	list := make([]biz.Organisation, len(rows))
	for i, row := range rows {
		list[i] = toOrganisation(row)
	}
	return list, nil
}

// Organisation reads one organisation that the caller may see.
func (d *Directory) Organisation(ctx context.Context, code string) (biz.Organisation, bool, error) {
	rows, err := d.ent.Organisation.Query().Where(organisation.ID(code)).All(ctx)
	if err != nil || len(rows) == 0 {
		return biz.Organisation{}, false, err
	}
	return toOrganisation(rows[0]), true, nil
}

// Below returns the organisations below one, at most most of them, in the order of their codes; more is an error.
func (d *Directory) Below(ctx context.Context, code string, most int) ([]string, error) {
	var below []string
	level := []string{code}
	for range biz.MaxDepth {
		next, err := d.ent.Organisation.Query().Where(organisation.ParentIn(level...)).Order(ent.Asc(organisation.FieldID)).Limit(most + 1).IDs(ctx)
		if err != nil {
			return nil, fmt.Errorf("read organisations below %s: %w", code, err)
		}
		if len(next) == 0 {
			break
		}
		if below = append(below, next...); len(below) > most {
			return nil, fmt.Errorf("more than %d organisations below %s", most, code)
		}
		level = next
	}
	slices.Sort(below)
	return below, nil
}

// Places reads where stores stand; unknown ones are absent.
func (d *Directory) Places(ctx context.Context, codes []string) ([]biz.StorePlace, error) {
	if len(codes) == 0 {
		return nil, nil
	}
	found, err := d.stores(ctx, d.ent.Store.Query().Where(store.IDIn(codes...)))
	if err != nil {
		return nil, err
	}
	orgs := map[string]bool{}
	for _, s := range found {
		orgs[s.Org] = true
	}
	byCode, err := d.organisations(ctx, orgs, false)
	if err != nil {
		return nil, err
	}
	var places []biz.StorePlace
	for _, code := range slices.Sorted(maps.Keys(found)) {
		if place, ok := biz.Place(found[code], byCode); ok {
			places = append(places, place)
		}
	}
	return places, nil
}

func (d *Directory) stores(ctx context.Context, q *ent.StoreQuery) (map[string]biz.Store, error) {
	rows, err := q.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read stores: %w", err)
	}
	byCode := make(map[string]biz.Store, len(rows))
	for _, row := range rows {
		byCode[row.ID] = toStore(row)
	}
	return byCode, nil
}

// changedOne is the guard of an update: a row that another changed meanwhile is not ours to change.
func changedOne(what, key string, n int, err error) error {
	if err != nil {
		return fmt.Errorf("update %s %s: %w", what, key, err)
	}
	if n != 1 {
		return fmt.Errorf("update %s %s: %d rows changed: somebody else changed it", what, key, n)
	}
	return nil
}

func toOrganisation(row *ent.Organisation) biz.Organisation {
	return biz.Organisation{
		Code: row.ID, Name: row.Name, Kind: biz.Kind(row.Kind), Parent: row.Parent, SettlementRateBP: row.SettlementRateBp,
		FulfilmentFee: row.FulfilmentFeeMinor, ShareStock: row.ShareStock, MerchantAccount: row.MerchantAccount, Taxpayer: row.Taxpayer, UpdatedUS: row.UpdatedUs,
	}
}

func toStore(row *ent.Store) biz.Store {
	return biz.Store{
		Code: row.ID, Name: row.Name, Ownership: biz.Ownership(row.Ownership), Org: row.Org, Address: row.Address, City: row.City,
		Province: row.Province, Country: row.Country, Postcode: row.Postcode, Region: row.Region, Timezone: row.Timezone,
		Point: geo.Point{Lat: row.Lat, Lng: row.Lng}, Opens: row.Opens, Closes: row.Closes, Capabilities: split(row.Capabilities),
		Active: row.Active, UpdatedUS: row.UpdatedUs,
	}
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
