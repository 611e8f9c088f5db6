package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/inventory/internal/bench/unbatched/biz"
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
