package data

import (
	"context"
	"fmt"
	"slices"

	"github.com/onepool/onepool/app/inventory/internal/biz"
)

const (
	// sharingKept names the generation of the sharing policies.
	sharingKept = "sharing_policies"
	// maxPolicies bounds what is in memory and looked through when one is added.
	maxPolicies    = 20_000
	sharingColumns = "id, channel, place_kind, place, product_kind, product, mode, value, from_us, until_us, created_by, created_us, ended_us"
)

// Sharing returns the policies that are not over, at most a second behind the rows. It must not be called inside a
// transaction.
func (s *Store) Sharing(ctx context.Context) (*biz.SharingSet, error) {
	return s.sharing.get(ctx, s, func(ctx context.Context) (*biz.SharingSet, error) {
		now, err := s.db.Now(ctx)
		if err != nil {
			return nil, err
		}
		live, err := s.livePolicies(ctx, now)
		if err != nil {
			return nil, err
		}
		return biz.NewSharingSet(live), nil
	})
}

func (s *Store) livePolicies(ctx context.Context, nowUS int64) ([]*biz.SharingPolicy, error) {
	return s.policies(ctx, "WHERE ended_us = 0 AND (until_us = 0 OR until_us > ?) ORDER BY created_us, id LIMIT ?", nowUS, maxPolicies+1)
}

// LockSharing lets one change policies at a time: an equal one cannot come in between.
func (s *Store) LockSharing(ctx context.Context) (int64, []*biz.SharingPolicy, error) {
	if err := s.lockGeneration(ctx, sharingKept); err != nil {
		return 0, nil, fmt.Errorf("lock sharing policies: %w", err)
	}
	now, err := s.db.Now(ctx)
	if err != nil {
		return 0, nil, err
	}
	live, err := s.livePolicies(ctx, now)
	if err == nil && len(live) >= maxPolicies {
		err = biz.TooManyPolicies{Most: maxPolicies}
	}
	return now, live, err
}

// SharingPolicy reads one; nil when there is none.
func (s *Store) SharingPolicy(ctx context.Context, id string) (*biz.SharingPolicy, error) {
	found, err := s.policies(ctx, "WHERE id = ?", id)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// AddSharing stores a new policy. Its live key is the last line of defence: two equal ones that begin together, or that
// both have no end, cannot be stored.
func (s *Store) AddSharing(ctx context.Context, p *biz.SharingPolicy) error {
	r := p.Row()
	key := r.SharingScope.String()
	if r.UntilUS != 0 {
		key = fmt.Sprintf("%s|%d", key, r.FromUS)
	}
	err := s.insert(ctx, "sharing_policies", sharingColumns+", live_key", [][]any{{r.ID, r.Channel, int8(r.PlaceKind), r.Place, int8(r.ProductKind), r.Product,
		int8(r.Mode), r.Value, r.FromUS, r.UntilUS, r.CreatedBy, r.CreatedAtUS, r.EndedUS, key}})
	if err != nil {
		return err
	}
	var moments []biz.Moment
	for _, at := range []int64{r.FromUS, r.UntilUS} {
		if at > r.CreatedAtUS {
			moments = append(moments, biz.Moment{AtUS: at})
		}
	}
	if err := s.addMoments(ctx, moments); err != nil {
		return err
	}
	return s.sharingChanged(ctx, r.CreatedAtUS)
}

// sharingChanged tells replicas that there are other policies, and followers of the log that any figure may be another.
func (s *Store) sharingChanged(ctx context.Context, nowUS int64) error {
	if err := s.logEverything(ctx, nowUS); err != nil {
		return err
	}
	return s.sharing.changed(ctx, s)
}

// EndSharing stores the end of a policy.
func (s *Store) EndSharing(ctx context.Context, p *biz.SharingPolicy) error {
	r := p.Row()
	res, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE sharing_policies SET ended_us = ?, live_key = NULL WHERE id = ? AND ended_us = 0", r.EndedUS, r.ID)
	if err != nil {
		return fmt.Errorf("end sharing policy: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("end sharing policy %s: %w (%v)", r.ID, errGuard, err)
	}
	return s.sharingChanged(ctx, r.EndedUS)
}

func (s *Store) policies(ctx context.Context, rest string, args ...any) ([]*biz.SharingPolicy, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT "+sharingColumns+" FROM sharing_policies "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read sharing policies: %w", err)
	}
	defer rows.Close()
	var all []*biz.SharingPolicy
	for rows.Next() {
		var r biz.SharingRow
		if err := rows.Scan(&r.ID, &r.Channel, &r.PlaceKind, &r.Place, &r.ProductKind, &r.Product, &r.Mode, &r.Value, &r.FromUS, &r.UntilUS, &r.CreatedBy, &r.CreatedAtUS, &r.EndedUS); err != nil {
			return nil, fmt.Errorf("read sharing policies: %w", err)
		}
		p, err := biz.RestoreSharingPolicy(r)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// QuotasUsed reads what is drawn from quotas, without locks.
func (s *Store) QuotasUsed(ctx context.Context, skus, locations []string) (biz.QuotasUsed, error) {
	used := biz.QuotasUsed{}
	if len(skus) == 0 {
		return used, nil
	}
	per := min(maxParameters-len(skus), max(1, maxRanges/len(skus)))
	for chunk := range slices.Chunk(locations, per) {
		rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT policy, sku, location, used FROM quotas WHERE sku IN ("+marks(len(skus))+") AND location IN ("+marks(len(chunk))+")",
			append(anys(skus), anys(chunk)...)...)
		if err != nil {
			return nil, fmt.Errorf("read quotas: %w", err)
		}
		for rows.Next() {
			var k biz.QuotaKey
			var n int64
			if err := rows.Scan(&k.Policy, &k.SKU, &k.Location, &n); err != nil {
				rows.Close()
				return nil, fmt.Errorf("read quotas: %w", err)
			}
			used[k] = n
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("read quotas: %w", err)
		}
	}
	return used, nil
}
