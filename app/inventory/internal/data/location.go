package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

const (
	// directoryAge is how old the directory may be before its generation is looked at again: with the time of a read it
	// stays below the second that is promised.
	directoryAge = 500 * time.Millisecond
	maxLocations = 500_000
	generationOf = "locations"
)

// directoryCache holds the locations in memory. They are hints, so replicas need not agree at every moment.
type directoryCache struct {
	mu      sync.Mutex // one loads, the others wait
	current atomic.Pointer[loadedDirectory]
	stale   atomic.Bool // this process has just changed them
}

type loadedDirectory struct {
	*biz.Directory
	generation int64
	checked    time.Time
}

// Directory returns all locations, at most a second behind the rows. It must not be called inside a transaction.
func (s *Store) Directory(ctx context.Context) (*biz.Directory, error) {
	c := &s.directory
	if l := c.current.Load(); l != nil && !c.stale.Load() && time.Since(l.checked) < directoryAge {
		return l.Directory, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.current.Load()
	if l != nil && !c.stale.Load() && time.Since(l.checked) < directoryAge {
		return l.Directory, nil
	}
	checked := time.Now()
	c.stale.Store(false)
	generation, err := s.generation(ctx)
	if err == nil && l != nil && l.generation == generation {
		c.current.Store(&loadedDirectory{l.Directory, generation, checked})
		return l.Directory, nil
	}
	if err == nil {
		l, err = s.loadDirectory(ctx, checked)
	}
	if err != nil {
		c.stale.Store(true)
		return nil, err
	}
	c.current.Store(l)
	return l.Directory, nil
}

func (s *Store) generation(ctx context.Context) (number int64, err error) {
	err = s.db.Conn(ctx).QueryRowContext(ctx, "SELECT number FROM generations WHERE id = ?", generationOf).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return number, err
}

func (s *Store) loadDirectory(ctx context.Context, checked time.Time) (*loadedDirectory, error) {
	l := &loadedDirectory{checked: checked}
	err := s.db.InSnapshot(ctx, func(ctx context.Context) (err error) {
		if l.generation, err = s.generation(ctx); err != nil {
			return err
		}
		locations, err := s.locations(ctx, "ORDER BY id LIMIT ?", maxLocations+1)
		if err != nil {
			return err
		}
		if len(locations) > maxLocations {
			return fmt.Errorf("more than %d locations", maxLocations)
		}
		l.Directory, err = biz.NewDirectory(locations)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load locations: %w", err)
	}
	return l, nil
}

// Fresh reads the rows of these locations.
func (s *Store) Fresh(ctx context.Context, codes []string) ([]biz.Location, error) {
	var all []biz.Location
	for chunk := range slices.Chunk(codes, maxParameters) {
		some, err := s.locations(ctx, "WHERE id IN ("+marks(len(chunk))+")", anys(chunk)...)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

const locationColumns = "id, name, org, kind, lat, lng, active, ways, shared, settlement_rate_bp, fulfilment_fee_minor, version"

func (s *Store) locations(ctx context.Context, rest string, args ...any) ([]biz.Location, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT "+locationColumns+" FROM locations "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read locations: %w", err)
	}
	defer rows.Close()
	var all []biz.Location
	for rows.Next() {
		var l biz.Location
		var lat, lng sql.NullFloat64
		if err := rows.Scan(&l.Code, &l.Name, &l.Org, &l.Kind, &lat, &lng, &l.Active, &l.Ways, &l.Shared, &l.SettlementRateBP, &l.FulfilmentFeeMinor, &l.Version); err != nil {
			return nil, fmt.Errorf("read locations: %w", err)
		}
		if lat.Valid && lng.Valid {
			l.Point = &geo.Point{Lat: lat.Float64, Lng: lng.Float64}
		}
		all = append(all, l)
	}
	return all, rows.Err()
}

// Put stores the locations that are newer than what is there. The generation's row is the lock: one at a time, and
// replicas see that something has changed.
func (s *Store) Put(ctx context.Context, locations []biz.Location) (int, error) {
	q := s.db.Conn(ctx)
	if _, err := q.ExecContext(ctx, "INSERT INTO generations (id, number) VALUES (?, 0)"+s.orIgnore("id"), generationOf); err != nil {
		return 0, fmt.Errorf("put locations: %w", err)
	}
	var number int64
	if err := q.QueryRowContext(ctx, "SELECT number FROM generations WHERE id = ?"+s.db.ForUpdate(), generationOf).Scan(&number); err != nil {
		return 0, fmt.Errorf("put locations: %w", err)
	}
	now, err := s.db.Now(ctx)
	if err != nil {
		return 0, err
	}
	known := map[string]biz.Location{}
	codes := make([]string, len(locations))
	for i, l := range locations {
		codes[i] = l.Code
	}
	before, err := s.Fresh(ctx, codes)
	if err != nil {
		return 0, err
	}
	for _, l := range before {
		known[l.Code] = l
	}
	put, opened := 0, false
	for _, l := range locations {
		was, exists := known[l.Code]
		if exists && was.Version >= l.Version {
			continue
		}
		if err := s.putOne(ctx, l, exists, now); err != nil {
			return 0, err
		}
		opened = opened || exists && (was.Active != l.Active || was.Shared != l.Shared || was.Org != l.Org)
		known[l.Code] = l
		put++
	}
	if put == 0 {
		return 0, nil
	}
	if _, err := q.ExecContext(ctx, "UPDATE generations SET number = number + 1 WHERE id = ?", generationOf); err != nil {
		return 0, fmt.Errorf("put locations: %w", err)
	}
	if opened { // or closed: its whole stock may be promised now, or cannot be any more
		if err := s.logEverything(ctx, now); err != nil {
			return 0, err
		}
	}
	return put, s.db.AfterCommit(ctx, func() { s.directory.stale.Store(true) })
}

func (s *Store) putOne(ctx context.Context, l biz.Location, exists bool, now int64) error {
	var lat, lng any
	if l.Point != nil {
		lat, lng = l.Point.Lat, l.Point.Lng
	}
	args := []any{l.Name, l.Org, l.Kind, lat, lng, l.Active, int64(l.Ways), l.Shared, l.SettlementRateBP, l.FulfilmentFeeMinor, l.Version, now, l.Code}
	statement := "INSERT INTO locations (name, org, kind, lat, lng, active, ways, shared, settlement_rate_bp, fulfilment_fee_minor, version, updated_us, id) VALUES (" + marks(len(args)) + ")"
	if exists {
		statement = "UPDATE locations SET " + strings.Join([]string{"name", "org", "kind", "lat", "lng", "active", "ways", "shared",
			"settlement_rate_bp", "fulfilment_fee_minor", "version", "updated_us"}, " = ?, ") + " = ? WHERE id = ? AND version < ?"
		args = append(args, l.Version)
	}
	if _, err := s.db.Conn(ctx).ExecContext(ctx, statement, args...); err != nil {
		return fmt.Errorf("put location %s: %w", l.Code, err)
	}
	return nil
}
