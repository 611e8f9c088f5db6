package data

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/taxprofile"
)

// lateUS is how much later than its time of writing a profile may be seen: longer than any transaction.
var lateUS = time.Minute.Microseconds()

// profiles are tax profiles by organisation and by id, and when the latest of them was written. They are replaced, never changed.
type profiles struct {
	newestUS int64
	byOrg    map[string][]biz.TaxProfile
	byID     map[string]biz.TaxProfile
}

// newProfiles are all tax profiles: those that are known, and what was written since.
func (t *TradeTerms) newProfiles(ctx context.Context, known profiles) (profiles, error) {
	rows, err := t.ent.TaxProfile.Query().Where(taxprofile.ChangedUsGTE(known.newestUS - lateUS)).All(AsService(ctx))
	if err != nil {
		return known, fmt.Errorf("tax profiles: %w", err)
	}
	all := known
	for _, row := range rows {
		if _, there := known.byID[row.ID]; there {
			continue
		}
		if len(all.byID) == len(known.byID) { // the first new one: readers keep what they have
			all.byOrg, all.byID = maps.Clone(known.byOrg), maps.Clone(known.byID)
			if all.byID == nil {
				all.byOrg, all.byID = map[string][]biz.TaxProfile{}, map[string]biz.TaxProfile{}
			}
		}
		p := toTaxProfile(row)
		all.byOrg[p.Org], all.byID[p.ID] = append(slices.Clip(all.byOrg[p.Org]), p), p
		all.newestUS = max(all.newestUS, p.ChangedUS)
	}
	return all, nil
}

// TaxProfile reads one by its id; the zero value: there is none.
func (t *TradeTerms) TaxProfile(ctx context.Context, id string) (biz.TaxProfile, error) {
	p, known := t.recent.Last().profiles.byID[id]
	if known || id == "" {
		return p, nil
	}
	row, err := t.ent.TaxProfile.Query().Where(taxprofile.ID(id)).Only(AsService(ctx))
	if ent.IsNotFound(err) {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("tax profile %s: %w", id, err)
	}
	return toTaxProfile(row), nil
}

// PutProfile stores the next tax profile of an organisation.
func (t *TradeTerms) PutProfile(ctx context.Context, p biz.TaxProfile, nowUS int64) (biz.TaxProfile, error) {
	ctx = AsService(ctx)
	if err := t.db.AfterCommit(ctx, func() { t.db.Signal(topicTerms) }); err != nil {
		return p, err
	}
	err := t.db.Contend(ctx, func(ctx context.Context) error {
		rows, err := t.ent.TaxProfile.Query().Where(taxprofile.Org(p.Org)).All(ctx)
		if err != nil {
			return fmt.Errorf("tax profiles: %w", err)
		}
		all := make([]biz.TaxProfile, len(rows))
		for i, row := range rows {
			all[i] = toTaxProfile(row)
		}
		if err := p.Follow(all, nowUS); err != nil {
			return err
		}
		p.ID = ids.New("txp")
		return t.ent.TaxProfile.Create().SetID(p.ID).SetOrg(p.Org).SetTaxpayer(p.Taxpayer).SetTaxNo(p.TaxNo).SetTitle(p.Title).SetInvoiceWhen(string(p.InvoiceWhen)).
			SetRequestDays(p.RequestDays).SetFromUs(p.FromUS).SetVersion(p.Version).SetWithdrawn(p.Withdrawn).SetChangedBy(p.ChangedBy).SetChangedUs(p.ChangedUS).Exec(ctx)
	})
	return p, err
}

// VisibleProfiles reads a page of the tax profiles that the caller may see, by organisation and time; after is the last one of the
// page before. An empty org is any.
func (t *TradeTerms) VisibleProfiles(ctx context.Context, org string, after *biz.TaxProfile, limit int) ([]biz.TaxProfile, error) {
	q := t.ent.TaxProfile.Query()
	if org != "" {
		q = q.Where(taxprofile.Org(org))
	}
	if after != nil {
		q = q.Where(func(s *sql.Selector) {
			s.Where(sql.CompositeGT([]string{s.C(taxprofile.FieldOrg), s.C(taxprofile.FieldFromUs), s.C(taxprofile.FieldVersion)}, after.Org, after.FromUS, after.Version))
		})
	}
	rows, err := q.Order(ent.Asc(taxprofile.FieldOrg, taxprofile.FieldFromUs, taxprofile.FieldVersion)).Limit(limit).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("tax profiles: %w", err)
	}
	out := make([]biz.TaxProfile, len(rows))
	for i, row := range rows {
		out[i] = toTaxProfile(row)
	}
	return out, nil
}

func toTaxProfile(row *ent.TaxProfile) biz.TaxProfile {
	return biz.TaxProfile{
		ID: row.ID, Org: row.Org, Taxpayer: row.Taxpayer, TaxNo: row.TaxNo, Title: row.Title, InvoiceWhen: biz.InvoiceMoment(row.InvoiceWhen), RequestDays: row.RequestDays,
		FromUS: row.FromUs, Version: row.Version, Withdrawn: row.Withdrawn, ChangedBy: row.ChangedBy, ChangedUS: row.ChangedUs,
	}
}
