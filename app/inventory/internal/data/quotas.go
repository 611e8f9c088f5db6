package data

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// anyGeneration takes what is in memory, however old: for decisions that hold no stock.
const anyGeneration = -1

// addSharing takes the policies that are in force into a Book, inside a transaction: from memory if that is this generation,
// else from the rows.
func (s *Store) addSharing(ctx context.Context, b *biz.Book, generation int64) error {
	if known := s.sharing.current.Load(); known != nil && (generation == anyGeneration || generation == known.generation) {
		b.AddSharing(known.value.At(b.NowUS()))
		return nil
	}
	live, err := s.livePolicies(ctx, b.NowUS())
	if err != nil {
		return err
	}
	b.AddSharing(biz.NewSharing(live, b.NowUS()))
	return nil
}

// LockShares takes the policies into a Book as they are now, and locks the counts of quotas that one command depends on.
func (s *Store) LockShares(ctx context.Context, b *biz.Book, n biz.Need) error {
	generation, err := s.generation(ctx, sharingKept)
	if err != nil {
		return fmt.Errorf("generation of policies: %w", err)
	}
	if err := s.addSharing(ctx, b, generation); err != nil {
		return err
	}
	return s.lockNeededQuotas(ctx, b, []biz.Need{n})
}

// lockNeededQuotas locks the counts of exclusive quotas: those that new holds depend on, and those that reservations which
// will change draw on. While no quota is in force, or drawn on, it asks nothing.
func (s *Store) lockNeededQuotas(ctx context.Context, b *biz.Book, needs []biz.Need) error {
	var keys []biz.QuotaKey
	drawn := map[biz.QuotaKey]bool{}
	for _, n := range needs {
		b.AddCategories(n.Categories)
		for _, r := range touched(b, n) {
			if t := r.Terms(); t.Quota != "" {
				keys = append(keys, biz.QuotaKey{Policy: t.Quota, SKU: t.Key.SKU, Location: t.Key.Location})
			}
		}
		for _, channel := range n.Channels {
			for _, at := range shelvesOf(n) {
				counts, own := b.Counts(channel, at)
				if keys = append(keys, counts...); own.Policy != "" {
					drawn[own] = true
				}
			}
		}
	}
	return s.lockQuotas(ctx, b, keys, drawn)
}

func shelvesOf(n biz.Need) []biz.Shelf {
	shelves := slices.Clone(n.Shelves)
	for _, k := range n.Keys {
		shelves = append(shelves, k.Shelf())
	}
	return shelves
}

// lockQuotas locks counts in their one order, after the stock rows. Those that will be drawn on are opened.
func (s *Store) lockQuotas(ctx context.Context, b *biz.Book, keys []biz.QuotaKey, drawn map[biz.QuotaKey]bool) error {
	slices.SortFunc(keys, func(x, y biz.QuotaKey) int {
		return cmp.Or(cmp.Compare(x.SKU, y.SKU), cmp.Compare(x.Location, y.Location), cmp.Compare(x.Policy, y.Policy))
	})
	for chunk := range slices.Chunk(slices.Compact(keys), lockChunk) {
		found, err := s.lockQuotaRows(ctx, chunk)
		if err != nil {
			return err
		}
		b.AddQuotas(found...)
		absent := slices.DeleteFunc(slices.Clone(chunk), func(k biz.QuotaKey) bool {
			return !drawn[k] || slices.ContainsFunc(found, func(q biz.QuotaRow) bool { return q.QuotaKey == k })
		})
		if len(absent) == 0 {
			continue
		}
		var args []any
		for _, k := range absent {
			args = append(args, k.Policy, k.SKU, k.Location)
		}
		_, err = s.db.Conn(ctx).ExecContext(ctx, "INSERT INTO quotas (policy, sku, location) VALUES (?, ?, ?)"+strings.Repeat(", (?, ?, ?)", len(absent)-1)+s.orIgnore("version"), args...)
		if err != nil {
			return fmt.Errorf("open quotas: %w", err)
		}
		if found, err = s.lockQuotaRows(ctx, absent); err != nil {
			return err
		}
		b.AddQuotas(found...)
	}
	return nil
}

func (s *Store) lockQuotaRows(ctx context.Context, keys []biz.QuotaKey) ([]biz.QuotaRow, error) {
	var args []any
	for _, k := range keys {
		args = append(args, k.SKU, k.Location, k.Policy)
	}
	one := "(sku = ? AND location = ? AND policy = ?)"
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT id, policy, sku, location, used, version FROM quotas"+s.db.ByIndex("quota_sku_location_policy")+" WHERE "+one+strings.Repeat(" OR "+one, len(keys)-1)+
		" ORDER BY sku, location, policy"+s.db.ForUpdate(), args...)
	if err != nil {
		return nil, fmt.Errorf("lock quotas: %w", err)
	}
	defer rows.Close()
	var all []biz.QuotaRow
	for rows.Next() {
		var q biz.QuotaRow
		if err := rows.Scan(&q.ID, &q.Policy, &q.SKU, &q.Location, &q.Used, &q.Version); err != nil {
			return nil, fmt.Errorf("lock quotas: %w", err)
		}
		all = append(all, q)
	}
	return all, rows.Err()
}

// updateQuotas stores the counts that have changed.
func (s *Store) updateQuotas(ctx context.Context, c biz.Changes) error {
	rows := make([]changed, len(c.Quotas))
	for i, q := range c.Quotas {
		rows[i] = changed{q.ID, q.Version, []any{q.Used}}
	}
	return s.guarded(ctx, "quotas", []string{"used"}, []string{"policy", "sku", "location"}, rows, 1, c.NowUS)
}
