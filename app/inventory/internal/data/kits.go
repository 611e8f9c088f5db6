package data

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/onepool/onepool/app/inventory/internal/biz"
)

const (
	// kitsKept names the generation of the kits.
	kitsKept = "kits"
	maxKits  = 100_000
)

const kitColumns = "id, parts, active, version, changed_by, updated_us"

// kitTable is the kits that are on sale, and by their parts.
type kitTable struct {
	kits   biz.Kits
	around biz.KitsAround
}

// Kits returns the kits that are on sale, at most a second behind the rows. It must not be called inside a transaction.
func (s *Store) Kits(ctx context.Context) (biz.Kits, error) {
	table, err := s.kits.get(ctx, s, s.readKits)
	return table.kits, err
}

// KitsAroundNow returns which kits have a SKU in them: every commit before the call counts.
func (s *Store) KitsAroundNow(ctx context.Context) (biz.KitsAround, error) {
	s.kits.stale.Store(true)
	table, err := s.kits.get(ctx, s, s.readKits)
	return table.around, err
}

func (s *Store) readKits(ctx context.Context) (kitTable, error) {
	rows, err := s.kitRows(ctx, "WHERE active = ? ORDER BY id LIMIT ?", true, maxKits+1)
	if err != nil {
		return kitTable{}, err
	}
	if len(rows) > maxKits {
		return kitTable{}, fmt.Errorf("more than %d kits", maxKits)
	}
	kits := make(biz.Kits, len(rows))
	for _, r := range rows {
		kits[r.SKU] = r
	}
	return kitTable{kits, kits.Around()}, nil
}

// KitHints are the kits for those who look but take nothing: while the database does not answer they are as they were before.
type KitHints struct{ Store *Store }

// Kits is at most a second behind the rows.
func (h KitHints) Kits(ctx context.Context) (kits biz.Kits, err error) {
	known := h.Store.kits.current.Load()
	err = h.Store.goOn(ctx, func(ctx context.Context) (err error) {
		kits, err = h.Store.Kits(ctx)
		return err
	})
	if err == nil && kits == nil && known != nil {
		kits = known.value.kits
	}
	if err == nil && kits == nil {
		err = errors.New("the kits are not known yet")
	}
	return kits, err
}

// LockKits lets one change kits at a time.
func (s *Store) LockKits(ctx context.Context) error {
	if err := s.lockGeneration(ctx, kitsKept); err != nil {
		return fmt.Errorf("lock kits: %w", err)
	}
	return nil
}

// Kit reads a kit, whatever its state; nil when there is none.
func (s *Store) Kit(ctx context.Context, sku string) (*biz.Kit, error) {
	rows, err := s.kitRows(ctx, "WHERE id = ?", sku)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return biz.RestoreKit(rows[0])
}

// ActiveAmong returns those of the SKUs that are kits on sale.
func (s *Store) ActiveAmong(ctx context.Context, skus []string) ([]string, error) {
	rows, err := s.kitRows(ctx, "WHERE active = ? AND id IN ("+marks(len(skus))+") ORDER BY id", append([]any{true}, anys(skus)...)...)
	found := make([]string, len(rows))
	for i, r := range rows {
		found[i] = r.SKU
	}
	return found, err
}

// Inside returns a kit on sale that has this part, or nothing. The caller has locked the kits.
func (s *Store) Inside(ctx context.Context, part string) (string, error) {
	rows, err := s.kitRows(ctx, "WHERE active = ? ORDER BY id LIMIT ?", true, maxKits)
	if err != nil {
		return "", err
	}
	for _, r := range rows {
		if hasPart(r, part) {
			return r.SKU, nil
		}
	}
	return "", nil
}

func hasPart(r biz.KitRow, part string) bool {
	return slices.ContainsFunc(r.Parts, func(p biz.KitPart) bool { return p.SKU == part })
}

// HasStock says whether some of a SKU is, or is held, or will arrive, anywhere.
func (s *Store) HasStock(ctx context.Context, sku string) (bool, error) {
	var n int
	err := s.db.Conn(ctx).QueryRowContext(ctx, `SELECT COUNT(*) FROM stock WHERE sku = ? AND (on_hand <> 0 OR reserved <> 0 OR in_transit <> 0 OR damaged <> 0)`, sku).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("stock of %s: %w", sku, err)
	}
	if n == 0 {
		err = s.db.Conn(ctx).QueryRowContext(ctx, "SELECT COUNT(*) FROM presales WHERE sku = ? AND open = ?", sku, true).Scan(&n)
	}
	if err != nil {
		return false, fmt.Errorf("presales of %s: %w", sku, err)
	}
	return n > 0, nil
}

// PutKit stores a kit: the version before is the guard.
func (s *Store) PutKit(ctx context.Context, k *biz.Kit) error {
	r := k.Row()
	parts, err := json.Marshal(r.Parts)
	if err != nil {
		return fmt.Errorf("put kit %s: %w", r.SKU, err)
	}
	if r.Version == 1 {
		err = s.insert(ctx, "kits", kitColumns, [][]any{{r.SKU, parts, r.Active, r.Version, r.ChangedBy, r.UpdatedUS}})
	} else {
		err = s.guarded(ctx, "kits", []string{"parts", "active", "changed_by"}, nil, []changed{{r.SKU, r.Version - 1, []any{parts, r.Active, r.ChangedBy}}}, 1, r.UpdatedUS)
	}
	if err != nil {
		return fmt.Errorf("put kit %s: %w", r.SKU, err)
	}
	// How many of it there are has changed at every location that has its parts.
	if err := s.logEverything(ctx, r.UpdatedUS); err != nil {
		return fmt.Errorf("put kit %s: %w", r.SKU, err)
	}
	return s.kits.changed(ctx, s)
}

// ListKits lists by SKU: what is in a kit is for everybody who may see what is sold.
func (s *Store) ListKits(ctx context.Context, retired bool, part string, p Page) ([]biz.KitRow, string, error) {
	l, err := s.open(ctx, p, 1, "kits", strconv.FormatBool(retired), part)
	if err != nil {
		return nil, "", err
	}
	after := ""
	if len(l.after) > 0 {
		after = l.after[0]
	}
	var found []biz.KitRow
	for len(found) <= l.size {
		query, args := "WHERE id > ?", []any{after}
		if !retired {
			query, args = query+" AND active = ?", append(args, true)
		}
		rows, err := s.kitRows(ctx, query+" ORDER BY id LIMIT ?", append(args, l.size+1)...)
		if err != nil {
			return nil, "", err
		}
		for _, r := range rows {
			if part == "" || hasPart(r, part) {
				found = append(found, r)
			}
			after = r.SKU
		}
		if len(rows) <= l.size {
			break
		}
	}
	found, next := cut(l, found, func(r biz.KitRow) []string { return []string{r.SKU} })
	return found, next, nil
}

func (s *Store) kitRows(ctx context.Context, rest string, args ...any) ([]biz.KitRow, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT "+kitColumns+" FROM kits "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read kits: %w", err)
	}
	defer rows.Close()
	var all []biz.KitRow
	for rows.Next() {
		var r biz.KitRow
		var parts []byte
		if err := rows.Scan(&r.SKU, &parts, &r.Active, &r.Version, &r.ChangedBy, &r.UpdatedUS); err != nil {
			return nil, fmt.Errorf("read kits: %w", err)
		}
		if err := json.Unmarshal(parts, &r.Parts); err != nil {
			return nil, fmt.Errorf("read kit %s: %w", r.SKU, err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}
