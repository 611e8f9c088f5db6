package data

import (
	"context"
	"fmt"
	"strconv"

	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// rulesKept names the generation of the rulesets.
const rulesKept = "rulesets"

const rulesetColumns = "kind, name, version, state, body, revision, created_by, activated_by, created_us, updated_us"

// Rules returns the active rulesets as they were less than a second ago. It must not be called inside a transaction.
func (s *Store) Rules(ctx context.Context) (*biz.Rules, error) {
	return s.rules.get(ctx, s, func(ctx context.Context) (*biz.Rules, error) {
		active, err := s.ActiveRulesets(ctx)
		if err != nil {
			return nil, err
		}
		return biz.NewRules(active)
	})
}

// LockRulesets lets one change rulesets at a time, until the transaction ends.
func (s *Store) LockRulesets(ctx context.Context) error { return s.lockGeneration(ctx, rulesKept) }

// Ruleset returns a version.
func (s *Store) Ruleset(ctx context.Context, key biz.RulesetKey) (biz.Ruleset, bool, error) {
	found, err := s.rulesets(ctx, "WHERE kind = ? AND name = ? AND version = ?", key.Kind.String(), key.Name, key.Version)
	if err != nil || len(found) == 0 {
		return biz.Ruleset{}, false, err
	}
	return found[0], true, nil
}

// ActiveRulesets returns those that count, by kind and name.
func (s *Store) ActiveRulesets(ctx context.Context) ([]biz.Ruleset, error) {
	return s.rulesets(ctx, "WHERE active_key IS NOT NULL ORDER BY kind, name")
}

// LastVersion is the highest version of a name.
func (s *Store) LastVersion(ctx context.Context, kind biz.RulesetKind, name string) (last int64, err error) {
	err = s.db.Conn(ctx).QueryRowContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM rulesets WHERE kind = ? AND name = ?", kind.String(), name).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("last version of %s: %w", name, err)
	}
	return last, nil
}

// AddRuleset stores a new version.
func (s *Store) AddRuleset(ctx context.Context, r biz.Ruleset) (biz.Ruleset, error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return r, err
	}
	r.CreatedUS, r.UpdatedUS = now, now
	_, err = s.db.Conn(ctx).ExecContext(ctx, "INSERT INTO rulesets ("+rulesetColumns+") VALUES ("+marks(10)+")",
		r.Kind.String(), r.Name, r.Version, int8(r.State), r.Body, r.Revision, r.CreatedBy, r.ActivatedBy, r.CreatedUS, r.UpdatedUS)
	if err != nil {
		return r, fmt.Errorf("add ruleset %s: %w", r.Name, err)
	}
	return r, nil
}

// ChangeRuleset stores a version. One that is active has its name's key: the database lets no other have it.
func (s *Store) ChangeRuleset(ctx context.Context, r biz.Ruleset) (biz.Ruleset, error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return r, err
	}
	var active any
	if r.State == biz.Active {
		active = r.Kind.String() + ":" + r.Name
	}
	r.UpdatedUS = now
	res, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE rulesets SET state = ?, body = ?, active_key = ?, revision = ?, activated_by = ?, updated_us = ? WHERE kind = ? AND name = ? AND version = ?",
		int8(r.State), r.Body, active, r.Revision, r.ActivatedBy, now, r.Kind.String(), r.Name, r.Version)
	if err != nil {
		return r, fmt.Errorf("change ruleset %s: %w", r.Name, err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return r, fmt.Errorf("change ruleset %s: %d rows: %w (%v)", r.Name, n, errGuard, err)
	}
	return r, s.rules.changed(ctx, s)
}

// ListRulesets lists by kind, name, version, without bodies. It is headquarters' list.
func (s *Store) ListRulesets(ctx context.Context, kind biz.RulesetKind, state biz.RulesetState, p Page) ([]biz.Ruleset, string, error) {
	l, err := s.open(ctx, p, 3, "rulesets", strconv.Itoa(int(kind)), strconv.Itoa(int(state)))
	if err != nil {
		return nil, "", err
	}
	where, args := "WHERE 1 = 1", []any{}
	if kind != 0 {
		where, args = where+" AND kind = ?", append(args, kind.String())
	}
	if state != 0 {
		where, args = where+" AND state = ?", append(args, int8(state))
	}
	if len(l.after) > 0 {
		version, err := strconv.ParseInt(l.after[2], 10, 64)
		if err != nil {
			return nil, "", page.ErrToken
		}
		where += " AND (kind > ? OR kind = ? AND (name > ? OR name = ? AND version > ?))"
		args = append(args, l.after[0], l.after[0], l.after[1], l.after[1], version)
	}
	rows, err := s.rulesets(ctx, where+" ORDER BY kind, name, version LIMIT ?", append(args, l.size+1)...)
	if err != nil {
		return nil, "", err
	}
	rows, next := cut(l, rows, func(r biz.Ruleset) []string {
		return []string{r.Kind.String(), r.Name, strconv.FormatInt(r.Version, 10)}
	})
	for i := range rows {
		rows[i].Body = nil
	}
	return rows, next, nil
}

func (s *Store) rulesets(ctx context.Context, rest string, args ...any) ([]biz.Ruleset, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT "+rulesetColumns+" FROM rulesets "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read rulesets: %w", err)
	}
	defer rows.Close()
	var all []biz.Ruleset
	for rows.Next() {
		var r biz.Ruleset
		var kind string
		if err := rows.Scan(&kind, &r.Name, &r.Version, &r.State, &r.Body, &r.Revision, &r.CreatedBy, &r.ActivatedBy, &r.CreatedUS, &r.UpdatedUS); err != nil {
			return nil, fmt.Errorf("read rulesets: %w", err)
		}
		r.Kind = biz.StrategyRules
		if kind == biz.FreightRules.String() {
			r.Kind = biz.FreightRules
		}
		all = append(all, r)
	}
	return all, rows.Err()
}
