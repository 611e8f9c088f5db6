package data

import (
	"context"
	"encoding/json"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/tradeterm"
)

const (
	termTax     = "tax"
	termFreight = "freight"
	termPay     = "pay"
	termDeposit = "deposit"

	topicTerms = "order.trade_terms"
)

// TradeTerms keeps the terms that orders are priced by.
type TradeTerms struct {
	db     *database.DB
	ent    *ent.Client
	recent *database.Recent[readTerms]
}

// readTerms are all terms, with what is needed to read what is new.
type readTerms struct {
	biz.TradeTerms
	profiles profiles
}

// NewTradeTerms opens the client.
func NewTradeTerms(db *database.DB) *TradeTerms {
	return &TradeTerms{db: db, ent: ent.NewClient(ent.Driver(db.EntDriver())), recent: database.NewRecent[readTerms](db, topicTerms)}
}

// Terms are all terms, at most a second old.
func (t *TradeTerms) Terms(ctx context.Context, nowUS int64) (biz.TradeTerms, error) {
	if nowUS == 0 {
		now, err := t.db.Now(ctx)
		if err != nil {
			return biz.TradeTerms{}, err
		}
		nowUS = now
	}
	got, err := t.recent.Get(nowUS, func(before readTerms) (readTerms, error) { return t.readAll(ctx, before) })
	return got.TradeTerms, err
}

func (t *TradeTerms) readAll(ctx context.Context, before readTerms) (readTerms, error) {
	rows, err := t.ent.TradeTerm.Query().All(AsService(ctx))
	if err != nil {
		return readTerms{}, fmt.Errorf("terms of trade: %w", err)
	}
	all := before
	if all.profiles, err = t.newProfiles(ctx, before.profiles); err != nil {
		return readTerms{}, err
	}
	all.TradeTerms = biz.TradeTerms{Profiles: all.profiles.byOrg}
	for _, row := range rows {
		switch row.Kind {
		case termTax:
			r, err := toTaxRates(row)
			if err != nil {
				return readTerms{}, err
			}
			all.Taxes = append(all.Taxes, r)
		case termFreight:
			f, err := toFreight(row)
			if err != nil {
				return readTerms{}, err
			}
			all.Freights = append(all.Freights, f)
		case termPay:
			p, err := toPay(row)
			if err != nil {
				return readTerms{}, err
			}
			all.Pays = append(all.Pays, p)
		case termDeposit:
			d, err := toDepositTerms(row)
			if err != nil {
				return readTerms{}, err
			}
			all.Deposits = append(all.Deposits, d)
		}
	}
	return all, nil
}

// PutTax stores the next version of rates for their moment.
func (t *TradeTerms) PutTax(ctx context.Context, r biz.TaxRates) (biz.TaxRates, error) {
	version, err := t.put(ctx, termTax, r.Scope(), r.Dated, r)
	r.Version = version
	return r, err
}

// PutFreight stores the next version of freight terms for their moment.
func (t *TradeTerms) PutFreight(ctx context.Context, f biz.FreightTerms) (biz.FreightTerms, error) {
	version, err := t.put(ctx, termFreight, f.Scope(), f.Dated, f)
	f.Version = version
	return f, err
}

func (t *TradeTerms) put(ctx context.Context, kind, scope string, d biz.Dated, terms any) (version int64, err error) {
	raw, err := json.Marshal(terms)
	if err != nil {
		return 0, fmt.Errorf("terms of trade: %w", err)
	}
	ctx = AsService(ctx)
	if err := t.db.AfterCommit(ctx, func() { t.db.Signal(topicTerms) }); err != nil {
		return 0, err
	}
	err = t.db.Contend(ctx, func(ctx context.Context) error {
		last, err := t.ent.TradeTerm.Query().Where(tradeterm.Kind(kind), tradeterm.Scope(scope), tradeterm.FromUs(d.FromUS)).Order(tradeterm.ByVersion(sql.OrderDesc())).First(ctx)
		if err != nil && !ent.IsNotFound(err) {
			return fmt.Errorf("terms of trade: %w", err)
		}
		version = 1
		if last != nil {
			version = last.Version + 1
		}
		return t.ent.TradeTerm.Create().SetID(ids.New("trm")).SetKind(kind).SetScope(scope).SetFromUs(d.FromUS).SetVersion(version).SetTerms(raw).
			SetChangedBy(d.ChangedBy).SetChangedUs(d.ChangedUS).Exec(ctx)
	})
	return version, err
}

// Taxes reads all rates that were ever put, by scope and time; after is the last one of the page before.
func (t *TradeTerms) Taxes(ctx context.Context, after *biz.TaxRates, limit int) ([]biz.TaxRates, error) {
	var key *termKey
	if after != nil {
		key = &termKey{after.Scope(), after.Dated}
	}
	rows, err := t.page(ctx, termTax, key, limit)
	if err != nil {
		return nil, err
	}
	out := make([]biz.TaxRates, len(rows))
	for i, row := range rows {
		if out[i], err = toTaxRates(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Freights reads all freight terms that were ever put, by scope and time; after is the last one of the page before.
func (t *TradeTerms) Freights(ctx context.Context, after *biz.FreightTerms, limit int) ([]biz.FreightTerms, error) {
	var key *termKey
	if after != nil {
		key = &termKey{after.Scope(), after.Dated}
	}
	rows, err := t.page(ctx, termFreight, key, limit)
	if err != nil {
		return nil, err
	}
	out := make([]biz.FreightTerms, len(rows))
	for i, row := range rows {
		if out[i], err = toFreight(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type termKey struct {
	scope string
	biz.Dated
}

func (t *TradeTerms) page(ctx context.Context, kind string, after *termKey, limit int) ([]*ent.TradeTerm, error) {
	q := t.ent.TradeTerm.Query().Where(tradeterm.Kind(kind))
	if after != nil {
		q = q.Where(func(s *sql.Selector) {
			s.Where(sql.CompositeGT([]string{s.C(tradeterm.FieldScope), s.C(tradeterm.FieldFromUs), s.C(tradeterm.FieldVersion)}, after.scope, after.FromUS, after.Version))
		})
	}
	rows, err := q.Order(ent.Asc(tradeterm.FieldScope, tradeterm.FieldFromUs, tradeterm.FieldVersion)).Limit(limit).All(AsService(ctx))
	if err != nil {
		return nil, fmt.Errorf("terms of trade: %w", err)
	}
	return rows, nil
}

func dated(row *ent.TradeTerm) biz.Dated {
	return biz.Dated{FromUS: row.FromUs, Version: row.Version, ChangedBy: row.ChangedBy, ChangedUS: row.ChangedUs}
}

func toTaxRates(row *ent.TradeTerm) (r biz.TaxRates, err error) {
	if err = json.Unmarshal(row.Terms, &r); err != nil {
		return r, fmt.Errorf("tax rates %s: %w", row.ID, err)
	}
	r.Dated = dated(row)
	return r, nil
}

func toFreight(row *ent.TradeTerm) (f biz.FreightTerms, err error) {
	if err = json.Unmarshal(row.Terms, &f); err != nil {
		return f, fmt.Errorf("freight terms %s: %w", row.ID, err)
	}
	f.Dated = dated(row)
	return f, nil
}
