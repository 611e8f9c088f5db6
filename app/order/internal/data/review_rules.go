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
	"github.com/onepool/onepool/app/order/internal/data/ent/reviewrule"
)

const topicReviewRules = "order.review_rules"

// ReviewRules keeps the rules by which orders are held.
type ReviewRules struct {
	db     *database.DB
	ent    *ent.Client
	recent *database.Recent[biz.ReviewRules]
}

// NewReviewRules opens the client.
func NewReviewRules(db *database.DB) *ReviewRules {
	return &ReviewRules{db: db, ent: ent.NewClient(ent.Driver(db.EntDriver())), recent: database.NewRecent[biz.ReviewRules](db, topicReviewRules)}
}

// Rules are all rules of all sellers, at most a second old.
func (s *ReviewRules) Rules(ctx context.Context, nowUS int64) (biz.ReviewRules, error) {
	if nowUS == 0 {
		now, err := s.db.Now(ctx)
		if err != nil {
			return nil, err
		}
		nowUS = now
	}
	return s.recent.Get(nowUS, func(biz.ReviewRules) (biz.ReviewRules, error) {
		rows, err := s.ent.ReviewRule.Query().All(AsService(ctx))
		if err != nil {
			return nil, fmt.Errorf("rules of review: %w", err)
		}
		all := make(biz.ReviewRules, len(rows))
		for i, row := range rows {
			if all[i], err = toReviewRule(row); err != nil {
				return nil, err
			}
		}
		return all, nil
	})
}

// Put stores the next version of a rule.
func (s *ReviewRules) Put(ctx context.Context, r biz.ReviewRule) (biz.ReviewRule, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return r, fmt.Errorf("rule of review: %w", err)
	}
	ctx = AsService(ctx)
	if err := s.db.AfterCommit(ctx, func() { s.db.Signal(topicReviewRules) }); err != nil {
		return r, err
	}
	err = s.db.Contend(ctx, func(ctx context.Context) error {
		last, err := s.ent.ReviewRule.Query().Where(reviewrule.Org(r.Org), reviewrule.Code(r.Code)).Order(reviewrule.ByVersion(sql.OrderDesc())).First(ctx)
		if err != nil && !ent.IsNotFound(err) {
			return fmt.Errorf("rule of review: %w", err)
		}
		r.Version = 1
		if last != nil {
			r.Version = last.Version + 1
		}
		return s.ent.ReviewRule.Create().SetID(ids.New("rvr")).SetOrg(r.Org).SetCode(r.Code).SetVersion(r.Version).SetFromUs(r.FromUS).SetTerms(raw).
			SetChangedBy(r.ChangedBy).SetChangedUs(r.ChangedUS).Exec(ctx)
	})
	return r, err
}

// RuleKey is a rule's place in their list.
type RuleKey struct {
	Code, Org string
	Version   int64
}

// List reads a page of the rules that the caller may see, by code, organisation and version; after is the last one before.
func (s *ReviewRules) List(ctx context.Context, after *RuleKey, limit int) ([]biz.ReviewRule, error) {
	q := s.ent.ReviewRule.Query()
	if after != nil {
		q = q.Where(func(q *sql.Selector) {
			q.Where(sql.CompositeGT([]string{q.C(reviewrule.FieldCode), q.C(reviewrule.FieldOrg), q.C(reviewrule.FieldVersion)}, after.Code, after.Org, after.Version))
		})
	}
	rows, err := q.Order(ent.Asc(reviewrule.FieldCode, reviewrule.FieldOrg, reviewrule.FieldVersion)).Limit(limit).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("rules of review: %w", err)
	}
	list := make([]biz.ReviewRule, len(rows))
	for i, row := range rows {
		if list[i], err = toReviewRule(row); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func toReviewRule(row *ent.ReviewRule) (r biz.ReviewRule, err error) {
	if err = json.Unmarshal(row.Terms, &r); err != nil {
		return r, fmt.Errorf("rule of review %s: %w", row.ID, err)
	}
	r.Org, r.Code = row.Org, row.Code
	r.Dated = biz.Dated{FromUS: row.FromUs, Version: row.Version, ChangedBy: row.ChangedBy, ChangedUS: row.ChangedUs}
	return r, nil
}
