package data

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

const presaleColumns = "id, org, sku, location, owner, quota, used, arrives_us, open, version, created_by, created_us, updated_us"

// waits is the condition of reservations that wait for a presale: others hold what is there. r is the table's alias.
const waits = "r.presale <> '' AND r.replaces = ''"

// LockPresales locks presales in the order of their ids and takes them in.
func (s *Store) LockPresales(ctx context.Context, b *biz.Book, ids []string) error {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == "" })
	for chunk := range slices.Chunk(ids, lockChunk) {
		rows, err := s.presaleRows(ctx, "WHERE id IN ("+marks(len(chunk))+") ORDER BY id"+s.db.ForUpdate(), anys(chunk)...)
		if err != nil {
			return err
		}
		for _, r := range rows {
			p, err := biz.RestorePresale(r)
			if err != nil {
				return err
			}
			b.AddPresales(p)
		}
	}
	return nil
}

// lockNeededPresales locks those that are named, and those of the reservations that will change.
func (s *Store) lockNeededPresales(ctx context.Context, b *biz.Book, needs []biz.Need) error {
	var ids []string
	for _, n := range needs {
		ids = append(ids, n.Presales...)
		if n.Touches == nil {
			continue
		}
		for _, d := range n.Documents {
			for _, r := range b.Of(d.Document) {
				if r.Waits() && n.Touches(r, b.NowUS()) {
					ids = append(ids, r.Terms().Presale)
				}
			}
		}
	}
	return s.LockPresales(ctx, b, ids)
}

func (s *Store) updatePresales(ctx context.Context, c biz.Changes) error {
	rows := make([]changed, len(c.Presales))
	for i, r := range c.Presales {
		rows[i] = changed{r.ID, r.Version, []any{r.Quota, r.Used, r.ArrivesUS, r.Open}}
	}
	return s.guarded(ctx, "presales", []string{"quota", "used", "arrives_us", "open"}, []string{"org", "sku", "location", "owner", "created_us"}, rows, 1, c.NowUS)
}

// AddPresale stores a new presale.
func (s *Store) AddPresale(ctx context.Context, p *biz.Presale) error {
	r := p.Row()
	return s.insert(ctx, "presales", presaleColumns, [][]any{{r.ID, r.Org, r.Key.SKU, r.Key.Location, r.Key.Owner, r.Quota, r.Used, r.ArrivesUS, r.Open, r.Version, r.CreatedBy, r.CreatedUS, r.UpdatedUS}})
}

// OpenPresales returns those of the SKUs that have something left, the earliest arrival first.
func (s *Store) OpenPresales(ctx context.Context, skus []string, limit int) ([]biz.PresaleRow, error) {
	return s.presaleRows(ctx, "WHERE sku IN ("+marks(len(skus))+") AND open = ? AND used < quota ORDER BY arrives_us, id LIMIT ?", append(anys(skus), true, limit)...)
}

// WaitingFor returns documents that wait for these rows: paid ones first, then the oldest.
func (s *Store) WaitingFor(ctx context.Context, keys []biz.StockKey, limit int) ([]string, error) {
	var documents []string
	for chunk := range slices.Chunk(keys, lockChunk) {
		one := "(r.sku = ? AND r.location = ? AND r.owner = ? AND r.state IN (1, 2))"
		args := make([]any, 0, 3*len(chunk)+1)
		for _, k := range chunk {
			args = append(args, k.SKU, k.Location, k.Owner)
		}
		rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT r.document FROM reservations r WHERE ("+one+strings.Repeat(" OR "+one, len(chunk)-1)+") AND "+waits+
			" ORDER BY r.state DESC, r.created_us, r.id LIMIT ?", append(args, limit)...)
		if err != nil {
			return nil, fmt.Errorf("find who waits: %w", err)
		}
		for rows.Next() {
			var d string
			if err := rows.Scan(&d); err != nil {
				rows.Close()
				return nil, fmt.Errorf("find who waits: %w", err)
			}
			if !slices.Contains(documents, d) {
				documents = append(documents, d)
			}
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("find who waits: %w", err)
		}
	}
	return documents[:min(limit, len(documents))], nil
}

// Servable returns stock rows that have something nobody holds and for which somebody waits. Presales are few: they lead to
// the reservations of their rows.
func (s *Store) Servable(ctx context.Context, limit int) ([]biz.StockKey, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, `SELECT DISTINCT s.sku, s.location, s.owner FROM presales p
		JOIN stock s ON s.sku = p.sku AND s.location = p.location AND s.owner = p.owner
		WHERE p.used > 0 AND s.on_hand > s.reserved AND EXISTS (SELECT 1 FROM reservations r WHERE r.sku = s.sku AND r.location = s.location AND r.owner = s.owner
			AND r.state IN (1, 2) AND `+waits+`) ORDER BY s.sku, s.location, s.owner LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("find what arrived: %w", err)
	}
	defer rows.Close()
	var keys []biz.StockKey
	for rows.Next() {
		var k biz.StockKey
		if err := rows.Scan(&k.SKU, &k.Location, &k.Owner); err != nil {
			return nil, fmt.Errorf("find what arrived: %w", err)
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}

// The filters of a list of presales.
const (
	PresalesOpen          = 1
	PresalesLate          = 2
	PresalesClosedWaiting = 3
)

// PresaleQuery says which presales.
type PresaleQuery struct {
	SKU, Location string
	Filter        int32
}

// Listed is a presale with what waits for it, and whether its date is past.
type Listed struct {
	biz.PresaleRow
	Waiting int64
	Late    bool
}

const waitingOf = "(SELECT COALESCE(SUM(r.open), 0) FROM reservations r WHERE r.sku = p.sku AND r.location = p.location AND r.owner = p.owner AND r.state IN (1, 2) AND r.presale = p.id AND r.replaces = '')"

// ListPresales lists the newest first, within the caller's organisations.
func (s *Store) ListPresales(ctx context.Context, q PresaleQuery, p Page) ([]Listed, string, error) {
	l, err := s.open(ctx, p, 2, "presales", q.SKU, q.Location, strconv.Itoa(int(q.Filter)))
	if err != nil {
		return nil, "", err
	}
	where, args, err := tenancy.SQL(ctx, "p.org")
	if err != nil {
		return nil, "", err
	}
	now, err := s.db.Now(ctx)
	if err != nil {
		return nil, "", err
	}
	and := func(condition string, more ...any) { where, args = where+" AND "+condition, append(args, more...) }
	if q.SKU != "" {
		and("p.sku = ?", q.SKU)
	}
	if q.Location != "" {
		and("p.location = ?", q.Location)
	}
	switch q.Filter {
	case PresalesOpen:
		and("p.open = ?", true)
	case PresalesLate:
		and("p.arrives_us < ? AND p.used > 0 AND "+waitingOf+" > 0", now)
	case PresalesClosedWaiting:
		and("p.open = ? AND p.used > 0 AND "+waitingOf+" > 0", false)
	}
	if len(l.after) > 0 {
		older, more, err := l.older("p.")
		if err != nil {
			return nil, "", err
		}
		and(older, more...)
	}
	all, err := s.listed(ctx, now, "WHERE "+where+" ORDER BY p.created_us DESC, p.id DESC LIMIT ?", append(args, l.size+1)...)
	if err != nil {
		return nil, "", err
	}
	all, next := cut(l, all, func(r Listed) []string { return []string{strconv.FormatInt(r.CreatedUS, 10), r.ID} })
	return all, next, nil
}

// Presale reads one presale as it is listed. The caller may see it.
func (s *Store) Presale(ctx context.Context, id string) (Listed, error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return Listed{}, err
	}
	all, err := s.listed(ctx, now, "WHERE p.id = ?", id)
	if err != nil || len(all) == 0 {
		return Listed{}, err
	}
	return all[0], nil
}

func (s *Store) listed(ctx context.Context, now int64, rest string, args ...any) ([]Listed, error) {
	columns := "p." + strings.ReplaceAll(presaleColumns, ", ", ", p.")
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT "+columns+", "+waitingOf+" FROM presales p "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("list presales: %w", err)
	}
	defer rows.Close()
	var all []Listed
	for rows.Next() {
		var r Listed
		if err := rows.Scan(append(presaleInto(&r.PresaleRow), &r.Waiting)...); err != nil {
			return nil, fmt.Errorf("list presales: %w", err)
		}
		r.Late = r.Waiting > 0 && r.ArrivesUS < now
		all = append(all, r)
	}
	return all, rows.Err()
}

// ArrivalOf says when what these presales promise will arrive, by their ids.
func (s *Store) ArrivalOf(ctx context.Context, ids []string) (map[string]int64, error) {
	arrives := map[string]int64{}
	for chunk := range slices.Chunk(ids, maxParameters) {
		rows, err := s.presaleRows(ctx, "WHERE id IN ("+marks(len(chunk))+")", anys(chunk)...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			arrives[r.ID] = r.ArrivesUS
		}
	}
	return arrives, nil
}

func presaleInto(r *biz.PresaleRow) []any {
	return []any{&r.ID, &r.Org, &r.Key.SKU, &r.Key.Location, &r.Key.Owner, &r.Quota, &r.Used, &r.ArrivesUS, &r.Open, &r.Version, &r.CreatedBy, &r.CreatedUS, &r.UpdatedUS}
}

// presaleRows reads raw rows: decisions need them of all organisations.
func (s *Store) presaleRows(ctx context.Context, rest string, args ...any) ([]biz.PresaleRow, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT "+presaleColumns+" FROM presales "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read presales: %w", err)
	}
	defer rows.Close()
	var all []biz.PresaleRow
	for rows.Next() {
		var r biz.PresaleRow
		if err := rows.Scan(presaleInto(&r)...); err != nil {
			return nil, fmt.Errorf("read presales: %w", err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}
