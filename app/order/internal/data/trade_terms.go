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
			err = addTerm(&all.Taxes, row)
		case termFreight:
			err = addTerm(&all.Freights, row)
		case termPay:
			err = addTerm(&all.Pays, row)
		case termDeposit:
			err = addTerm(&all.Deposits, row)
		}
		if err != nil {
			return readTerms{}, err
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

// PutPay stores the next version of pay terms for their moment.
func (t *TradeTerms) PutPay(ctx context.Context, p biz.PayTerms) (biz.PayTerms, error) {
	version, err := t.put(ctx, termPay, p.Scope(), p.Dated, p)
	p.Version = version
	return p, err
}

// PutDeposit stores the next version of deposit terms for their moment.
func (t *TradeTerms) PutDeposit(ctx context.Context, d biz.DepositTerms) (biz.DepositTerms, error) {
	version, err := t.put(ctx, termDeposit, d.Scope(), d.Dated, d)
	d.Version = version
	return d, err
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

// TermKey is where a page of terms ends.
type TermKey struct {
	Scope           string
	FromUS, Version int64
}

// Taxes reads all rates that were ever put, by scope and time; after is the last one of the page before.
func (t *TradeTerms) Taxes(ctx context.Context, after *TermKey, limit int) ([]biz.TaxRates, error) {
	return pageOf[biz.TaxRates](ctx, t.of(termTax), after, limit)
}

// Freights is Taxes for freight terms.
func (t *TradeTerms) Freights(ctx context.Context, after *TermKey, limit int) ([]biz.FreightTerms, error) {
	return pageOf[biz.FreightTerms](ctx, t.of(termFreight), after, limit)
}

// Pays is Taxes for pay terms.
func (t *TradeTerms) Pays(ctx context.Context, after *TermKey, limit int) ([]biz.PayTerms, error) {
	return pageOf[biz.PayTerms](ctx, t.of(termPay), after, limit)
}

// Deposits is Taxes for the deposit terms of every seller, or for those that count for one (empty: of all).
func (t *TradeTerms) Deposits(ctx context.Context, seller string, after *TermKey, limit int) ([]biz.DepositTerms, error) {
	q := t.of(termDeposit)
	if seller != "" {
		q = q.Where(tradeterm.Or(tradeterm.ScopeHasPrefix("/"), tradeterm.ScopeHasPrefix(seller+"/")))
	}
	return pageOf[biz.DepositTerms](ctx, q, after, limit)
}

func (t *TradeTerms) of(kind string) *ent.TradeTermQuery {
	return t.ent.TradeTerm.Query().Where(tradeterm.Kind(kind))
}

func pageOf[T any, P begins[T]](ctx context.Context, q *ent.TradeTermQuery, after *TermKey, limit int) ([]T, error) {
	if after != nil {
		q = q.Where(func(s *sql.Selector) {
			s.Where(sql.CompositeGT([]string{s.C(tradeterm.FieldScope), s.C(tradeterm.FieldFromUs), s.C(tradeterm.FieldVersion)}, after.Scope, after.FromUS, after.Version))
		})
	}
	rows, err := q.Order(ent.Asc(tradeterm.FieldScope, tradeterm.FieldFromUs, tradeterm.FieldVersion)).Limit(limit).All(AsService(ctx))
	if err != nil {
		return nil, fmt.Errorf("terms of trade: %w", err)
	}
	out := make([]T, 0, len(rows))
	for _, row := range rows {
		if err := addTerm[T, P](&out, row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// begins are terms of any kind.
type begins[T any] interface {
	*T
	Begin(at biz.Dated)
}

func addTerm[T any, P begins[T]](list *[]T, row *ent.TradeTerm) error {
	var terms T
	if err := json.Unmarshal(row.Terms, &terms); err != nil {
		return fmt.Errorf("%s terms %s: %w", row.Kind, row.ID, err)
	}
	P(&terms).Begin(biz.Dated{FromUS: row.FromUs, Version: row.Version, ChangedBy: row.ChangedBy, ChangedUS: row.ChangedUs})
	*list = append(*list, terms)
	return nil
}
