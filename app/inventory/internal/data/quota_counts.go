package data

import (
	"context"
	"fmt"
	"sync"

	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// quotaCounts is what is drawn from exclusive quotas, in memory beside the pool and told in the same ways: by the table when
// the pool is loaded, by the change log, and by this process's own commits. Of each count the highest version is the latest.
type quotaCounts struct {
	mu       sync.RWMutex
	counts   map[biz.QuotaKey]quotaCount
	editions map[string]uint64 // of SKUs
}

type quotaCount struct{ used, version int64 }

func newQuotaCounts() *quotaCounts {
	return &quotaCounts{counts: map[biz.QuotaKey]quotaCount{}, editions: map[string]uint64{}}
}

// Used is what is drawn from a quota.
func (c *quotaCounts) Used(k biz.QuotaKey) int64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.counts[k].used
}

// Edition grows when what is drawn of a SKU has changed.
func (c *quotaCounts) Edition(sku string) uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.editions[sku]
}

// tell takes counts in as they are after a commit.
func (c *quotaCounts) tell(rows []biz.QuotaRow) {
	if len(rows) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, q := range rows {
		if known, told := c.counts[q.QuotaKey]; told && known.version >= q.Version {
			continue
		}
		c.counts[q.QuotaKey] = quotaCount{q.Used, q.Version}
		c.editions[q.SKU]++
	}
}

// tellCommitted takes in what this process has committed.
func (c *quotaCounts) tellCommitted(rows []biz.QuotaRow) {
	after := make([]biz.QuotaRow, len(rows))
	for i, q := range rows {
		q.Version++
		after[i] = q
	}
	c.tell(after)
}

// loadQuotas tells the counts of quotas that nobody has ended.
func (s *Store) loadQuotas(ctx context.Context) error {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT q.policy, q.sku, q.location, q.used, q.version FROM quotas q JOIN sharing_policies p ON p.id = q.policy WHERE p.ended_us = 0")
	if err != nil {
		return fmt.Errorf("read quotas: %w", err)
	}
	defer rows.Close()
	var all []biz.QuotaRow
	for rows.Next() {
		var q biz.QuotaRow
		if err := rows.Scan(&q.Policy, &q.SKU, &q.Location, &q.Used, &q.Version); err != nil {
			return fmt.Errorf("read quotas: %w", err)
		}
		all = append(all, q)
	}
	s.quotas.tell(all)
	return rows.Err()
}

// QuotaHints knows what is drawn from the quotas.
func (s *Store) QuotaHints() biz.QuotaHints { return s.quotas }

// SharingHint is Sharing for questions that go on without the database, with what was known last.
func (s *Store) SharingHint(ctx context.Context) (*biz.SharingSet, error) {
	var set *biz.SharingSet
	err := s.goOn(ctx, func(ctx context.Context) (err error) {
		set, err = s.Sharing(ctx)
		return err
	})
	if known := s.sharing.current.Load(); err == nil && set == nil && known != nil {
		set = known.value
	}
	if err == nil && set == nil {
		err = fmt.Errorf("the sharing policies are not known yet")
	}
	return set, err
}
